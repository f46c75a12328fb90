//! Where the keyboard is: from one part of the window to the next, into a dialog that opens, and back to where it was.

use egui::{Context, Id, LayerId, Rect, WidgetRect};

use super::spoken::is_handle;
use super::widgets::table_entry;

/// A part of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The pages.
    Navigation,
    /// The page itself.
    Work,
    /// What is open beside it.
    Inspector,
}

/// Where the parts are, as they were last drawn.
#[derive(Clone, Copy, Default)]
struct Places([Option<(Rect, u64)>; 3]);

/// The part that is to be given the keyboard, until which frame.
#[derive(Clone, Copy)]
struct Wanted(Part, u64);

/// The dialog on top: its layer, and where its content and its foot begin.
#[derive(Clone, Copy)]
struct Top {
    layer: LayerId,
    content: f32,
    foot: f32,
}

/// What a dialog does not begin with, with the frame in which it was drawn.
#[derive(Clone, Copy)]
struct Avoided(Id, u64);

/// What opens with the keyboard's help may take so many frames.
const PATIENCE: u64 = 8;

/// Tells where a part was drawn.
pub(super) fn place(ctx: &Context, part: Part, rect: Rect) {
    let frame = ctx.cumulative_frame_nr();
    ctx.data_mut(|data| data.get_temp_mut_or_default::<Places>(Id::NULL).0[part as usize] = Some((rect, frame)));
}

/// Gives a part the keyboard as soon as it is there.
pub(super) fn ask(ctx: &Context, part: Part) {
    let until = ctx.cumulative_frame_nr() + PATIENCE;
    ctx.data_mut(|data| data.insert_temp(Id::NULL, Wanted(part, until)));
    ctx.request_repaint();
}

/// Gives the next part the keyboard.
pub(super) fn next(ctx: &Context) {
    let order = [Part::Navigation, Part::Work, Part::Inspector];
    let here = ctx.memory(egui::Memory::focused).and_then(|id| ctx.read_response(id)).and_then(|focused| {
        order.into_iter().find(|part| seen(ctx, *part).is_some_and(|rect| rect.contains(focused.rect.center())))
    });
    let begin = here.map_or(1, |here| here as usize + 1);
    let parts = (begin..begin + order.len()).map(|place| order[place % order.len()]);
    if let Some(part) = parts.into_iter().find(|part| seen(ctx, *part).is_some()) {
        ask(ctx, part);
    }
}

/// Where a part is, if it was drawn just now or in the frame before.
fn seen(ctx: &Context, part: Part) -> Option<Rect> {
    let places: Places = ctx.data(|data| data.get_temp(Id::NULL))?;
    let frame = ctx.cumulative_frame_nr();
    places.0[part as usize].filter(|(_, drawn)| drawn + 1 >= frame).map(|(rect, _)| rect)
}

/// Whether the keyboard can stop at it.
fn is_stop(widget: &WidgetRect) -> bool {
    widget.sense.is_focusable() && widget.enabled && widget.visible && !is_handle(widget)
}

/// Does what was asked. To be called once a frame, when all has been drawn.
pub(super) fn follow(ctx: &Context) {
    let Some(Wanted(part, until)) = ctx.data(|data| data.get_temp(Id::NULL)) else { return };
    let frame = ctx.cumulative_frame_nr();
    let found = seen(ctx, part).and_then(|rect| {
        let first = ctx.viewport(|viewport| {
            let widgets = &viewport.this_pass.widgets;
            let inside = |widget: &&WidgetRect| rect.contains(widget.rect.center()) && is_stop(widget);
            let stops = || widgets.get_layer(LayerId::background()).filter(inside);
            // What is on the right of its head closes it: nobody begins with that.
            stops()
                .find(|widget| widget.rect.left() < rect.center().x)
                .or_else(|| stops().next())
                .map(|widget| widget.id)
        });
        if part == Part::Work { table_entry(ctx).or(first) } else { first }
    });
    if let Some(id) = found {
        ctx.memory_mut(|memory| memory.request_focus(id));
    }
    if found.is_some() || frame > until {
        ctx.data_mut(|data| data.remove::<Wanted>(Id::NULL));
    } else {
        ctx.request_repaint();
    }
}

/// Tells where the dialog on top has its content.
pub(super) fn dialog(ctx: &Context, layer: LayerId, content: f32, foot: f32) {
    ctx.data_mut(|data| data.insert_temp(Id::NULL, Top { layer, content, foot }));
}

/// Tells of what a dialog must not begin with: what takes something away for good, lest a key meant for something else
/// press it, and what comes and goes, lest it be chance where the keyboard is.
pub(super) fn avoid(ctx: &Context, id: Id) {
    let frame = ctx.cumulative_frame_nr();
    ctx.data_mut(|data| data.insert_temp(Id::NULL, Avoided(id, frame)));
}

/// What had the keyboard before each of the dialogs.
#[derive(Default)]
pub(super) struct Before {
    had: Vec<Option<Id>>,
    /// For so many frames more the dialog that has opened is given the keyboard.
    opening: u64,
    /// What is given the keyboard again, for so many frames more: below a dialog nothing keeps it.
    giving: Option<(Id, u64)>,
}

impl Before {
    /// Notes what has the keyboard while a dialog opens. To be called before the dialogs are drawn.
    pub(super) fn note(&mut self, ctx: &Context, dialogs: usize) {
        while self.had.len() < dialogs {
            self.had.push(ctx.memory(egui::Memory::focused));
            self.opening = PATIENCE;
        }
    }

    /// Gives the first field of a dialog the keyboard that has opened, and gives it back after one that was closed.
    pub(super) fn follow(&mut self, ctx: &Context, dialogs: usize) {
        let mut back = None;
        while self.had.len() > dialogs {
            back = self.had.pop().flatten();
            self.opening = 0;
        }
        if let Some(id) = back {
            self.giving = Some((id, 3));
        }
        if let Some((id, frames)) = self.giving.take_if(|_| self.opening == 0) {
            ctx.memory_mut(|memory| memory.request_focus(id));
            ctx.request_repaint();
            self.giving = (frames > 1).then_some((id, frames - 1));
        }
        if self.opening == 0 || dialogs == 0 {
            return;
        }
        self.opening -= 1;
        if let Some(id) = first_field(ctx) {
            self.opening = 0;
            if let Some(id) = id {
                ctx.memory_mut(|memory| memory.request_focus(id));
            }
        }
        ctx.request_repaint();
    }
}

/// What a dialog gives the keyboard to: the first field of its content, and in its foot what does nothing. Nothing where it
/// cannot be said yet, nothing within where something in it has the keyboard already.
fn first_field(ctx: &Context) -> Option<Option<Id>> {
    let Top { layer, content, foot } = ctx.data(|data| data.get_temp(Id::NULL))?;
    let focused = ctx.memory(egui::Memory::focused);
    let frame = ctx.cumulative_frame_nr();
    let avoided = ctx.data(|data| data.get_temp::<Avoided>(Id::NULL)).filter(|avoided| avoided.1 == frame);
    let avoided = avoided.map(|avoided| avoided.0);
    ctx.viewport(|viewport| {
        let widgets = &viewport.this_pass.widgets;
        if focused.and_then(|id| widgets.get(id)).is_some_and(|widget| widget.layer_id == layer) {
            return Some(None);
        }
        let below =
            |top: f32| widgets.get_layer(layer).filter(move |widget| widget.rect.top() >= top - 0.5 && is_stop(widget));
        let safe = |widget: &&WidgetRect| Some(widget.id) != avoided;
        let field = below(content).filter(safe).find(|widget| widget.rect.bottom() <= foot + 0.5);
        // The last of a row of buttons, which begins at the right, is the one that leaves everything as it is.
        field.or_else(|| below(foot).filter(safe).last()).map(|widget| Some(widget.id))
    })
}
