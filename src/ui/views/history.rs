//! Back and forward: the pages that were seen, each with what was open on it.

use std::mem::discriminant;

use egui::Context;

use super::Views;
use crate::domain::certificate::Fingerprint;
use crate::domain::identifier::{ConnectionId, PolicyId};
use crate::ui::desk::Desk;
use crate::ui::inspector::Inspector;
use crate::ui::intent::{Intent, Page};
use crate::ui::policies::PolicyIntent;

/// So many places are kept.
const MOST: usize = 100;

/// What is open on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Connection(ConnectionId),
    Certificate(Fingerprint),
    Policy(PolicyId),
}

/// A page with what is open on it.
type Place = (Page, Open);

/// The places before and after the one that is seen.
#[derive(Default)]
pub(super) struct History {
    back: Vec<Place>,
    forward: Vec<Place>,
    here: Option<Place>,
    /// The frame in which another place was led to: what is seen in it is still the one before.
    led: Option<u64>,
}

impl History {
    /// Notes what is seen. Returns whether that is another page than before.
    fn note(&mut self, place: Place) -> bool {
        if self.here.as_ref() == Some(&place) {
            return false;
        }
        // One of the policies is always shown: that it is chosen by itself is no step of the user's.
        if let Some(here) = self.here.as_mut().filter(|here| here.0 == place.0 && here.1 == Open::Nothing)
            && matches!(place.1, Open::Policy(_))
        {
            *here = place;
            return false;
        }
        let other = self.here.as_ref().is_some_and(|here| discriminant(&here.0) != discriminant(&place.0));
        if let Some(before) = self.here.replace(place) {
            self.back.push(before);
            self.forward.clear();
        }
        if self.back.len() > MOST {
            self.back.remove(0);
        }
        other
    }

    /// Leads to the place before or after, where there is one.
    fn travel(&mut self, forward: bool) -> Option<Place> {
        let (from, to) =
            if forward { (&mut self.forward, &mut self.back) } else { (&mut self.back, &mut self.forward) };
        let place = from.pop()?;
        to.extend(self.here.replace(place.clone()));
        Some(place)
    }
}

impl Views {
    /// Notes where the user is. The keyboard does not stay behind on a page that was left.
    pub(super) fn note_place(&mut self, ctx: &Context) {
        let open = match &self.page {
            Page::Connections => {
                self.inspector.as_ref().map(|open: &Inspector| Open::Connection(open.connection().clone()))
            }
            Page::Certificates => self.certificates.shown().map(Open::Certificate),
            Page::Policies => self.policies.shown().cloned().map(Open::Policy),
            Page::TestSend(_) | Page::Transmissions | Page::Rollovers | Page::Settings(_) | Page::Notices => None,
        };
        if self.history.led.is_some_and(|led| led == ctx.cumulative_frame_nr()) {
            return;
        }
        if self.history.note((self.page.clone(), open.unwrap_or(Open::Nothing))) {
            let_go(ctx);
        }
    }

    /// Goes back, or forward again.
    pub(super) fn travel(&mut self, forward: bool, desk: &mut Desk<'_>, ctx: &Context) {
        let Some((page, open)) = self.history.travel(forward) else { return };
        self.history.led = Some(ctx.cumulative_frame_nr());
        if page != self.page {
            let_go(ctx);
        }
        match open {
            Open::Connection(connection) => desk.intend(Intent::Inspect { connection, profile: None, tab: None }),
            Open::Certificate(print) => desk.intend(Intent::ShowCertificate(print)),
            Open::Policy(policy) => desk.intend(Intent::Policies(PolicyIntent::Show(policy))),
            Open::Nothing => {
                match page {
                    Page::Connections => desk.intend(Intent::CloseInspector),
                    Page::Certificates => self.certificates.close_detail(),
                    _ => {}
                }
                desk.intend(Intent::Go(page));
            }
        }
    }
}

/// Takes the keyboard from what has it.
fn let_go(ctx: &Context) {
    ctx.memory_mut(|memory| {
        if let Some(focused) = memory.focused() {
            memory.surrender_focus(focused);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_back_and_forward_and_a_new_way_ends_the_old_one() {
        let place = |page: Page| (page, Open::Nothing);
        let mut history = History::default();
        assert!(!history.note(place(Page::Connections)));
        assert!(history.note(place(Page::Certificates)));
        let open = |id: &str| (Page::Connections, Open::Connection(id.parse().unwrap()));
        assert!(history.note(open("a")));
        assert!(!history.note(open("b")), "the page is the same");
        assert_eq!(history.travel(false), Some(open("a")));
        assert_eq!(history.travel(false), Some(place(Page::Certificates)));
        assert!(!history.note(place(Page::Certificates)), "where one has been led is no new place");
        assert_eq!(history.travel(true), Some(open("a")));
        history.note(place(Page::Notices));
        assert_eq!(history.travel(true), None);
        assert_eq!(history.travel(false), Some(open("a")));
    }
}
