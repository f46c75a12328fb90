//! What is still to be sent again, one after the other to each profile, and few at a time.

use std::collections::VecDeque;

use crate::app::SendRequest;

/// So many are begun in one frame: the engine takes only so many commands at a time, and others have some for it, too.
const AT_ONCE: usize = 4;

/// What is still to be sent.
#[derive(Debug, Default)]
pub(super) struct Again(VecDeque<SendRequest>);

impl Again {
    /// Adds to the end.
    pub(super) fn add(&mut self, requests: impl IntoIterator<Item = SendRequest>) {
        self.0.extend(requests);
    }

    /// How many there are.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Gives up what has not begun.
    pub(super) fn stop(&mut self) {
        self.0.clear();
    }

    /// Begins what can be begun now. `send` gives back what was not taken, and says whether that was because another is
    /// under way to the same profile; else nothing more is taken at present.
    pub(super) fn begin(&mut self, mut send: impl FnMut(SendRequest) -> Result<(), NotTaken>) {
        let mut begun = 0;
        let mut waiting = VecDeque::new();
        while begun < AT_ONCE
            && let Some(request) = self.0.pop_front()
        {
            match send(request) {
                Ok(()) => begun += 1,
                // Two at once to one profile could not be told apart.
                Err(NotTaken::Running(request)) => waiting.push_back(request),
                Err(NotTaken::Full(request)) => {
                    self.0.push_front(request);
                    break;
                }
            }
        }
        // Back to where they were: the partner is to have them in the order in which they were sent first.
        waiting.append(&mut self.0);
        self.0 = waiting;
    }
}

/// What was not taken, and why.
#[derive(Debug)]
pub(in crate::ui) enum NotTaken {
    /// Another is under way to the same profile.
    Running(SendRequest),
    /// The engine takes no more at present.
    Full(SendRequest),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Payload;
    use crate::domain::identifier::ProfileKind;

    fn request(connection: &str) -> SendRequest {
        let connection = connection.parse().unwrap();
        SendRequest { connection, profile: ProfileKind::Test, payload: Payload::TestDocument }
    }

    fn names(again: &Again) -> Vec<&str> {
        again.0.iter().map(|request| request.connection.as_str()).collect()
    }

    #[test]
    fn what_is_not_taken_stays_in_its_place() {
        let mut again = Again::default();
        again.add(["a", "b", "c"].map(request));
        let mut taken = Vec::new();
        again.begin(|request| {
            if request.connection.as_str() == "b" {
                return Err(NotTaken::Full(request));
            }
            taken.push(request.connection.to_string());
            Ok(())
        });
        assert_eq!((taken, names(&again)), (vec!["a".to_owned()], vec!["b", "c"]));
        again.begin(|request| match request.connection.as_str() {
            "b" => Err(NotTaken::Running(request)),
            _ => Ok(()),
        });
        assert_eq!(names(&again), ["b"], "the other profile is not kept waiting");
        again.stop();
        assert_eq!(again.len(), 0);
    }

    #[test]
    fn the_order_of_what_waits_stays() {
        let mut again = Again::default();
        again.add(["a", "a2", "b", "c", "d", "e", "a3"].map(request));
        again.begin(|request| {
            if request.connection.as_str().starts_with('a') { Err(NotTaken::Running(request)) } else { Ok(()) }
        });
        assert_eq!(names(&again), ["a", "a2", "a3"]);
    }

    #[test]
    fn few_are_begun_at_once_and_none_is_lost() {
        let mut again = Again::default();
        again.add((0..100).map(|number| request(&format!("c{number}"))));
        let (mut begun, mut frames) = (0, 0);
        while again.len() > 0 {
            again.begin(|_| {
                begun += 1;
                Ok(())
            });
            frames += 1;
        }
        assert_eq!((begun, frames), (100, 100_usize.div_ceil(AT_ONCE)));
    }
}
