//! Rollovers: one renewed certificate brought to every profile that uses the old one.
//!
//! | if you look for | it is in |
//! |---|---|
//! | the page, what it reads and when | `page`, `loaded` |
//! | the list of rollovers | `list`, its bar in `bar` |
//! | the board of one: head, filters, bulk actions | `board`, done in `acts` |
//! | its rows written out, filtered and sorted | `lines` |
//! | its table | `table` |
//! | starting one | `start` |
//! | scheduling, activating, rolling back, undoing: the difference before it is applied | `step`, `difference` |
//! | noting that partners were told, keeping a note | `telling` |
//! | test sends | `testing` |

mod acts;
mod bar;
mod board;
mod difference;
mod lines;
mod list;
mod loaded;
mod page;
mod start;
mod step;
mod table;
mod telling;
mod testing;

pub(super) use page::RolloversPage;
pub(super) use start::StartDialog;

use crate::app::AppError;
use crate::domain::rollover::RolloverState;
use crate::ui::icon::Icon;
use crate::ui::widgets::{Badge, ToneName};

/// A failure in words: what happened, and what to do.
fn in_words(error: &AppError) -> (String, String) {
    let sentence = crate::domain::sentence::sentence;
    // What names a command helps nobody who sits before a window.
    let hint = error.what_to_do().filter(|hint| !hint.contains("`countersign ") && !hint.contains("`--"));
    (sentence(error.message()), hint.map(sentence).unwrap_or_default())
}

/// Tone and icon of a state; its word stands beside them.
const fn look(state: RolloverState) -> (ToneName, Icon) {
    match state {
        RolloverState::Problem => (ToneName::Bad, Icon::X),
        RolloverState::RolledBack => (ToneName::Warn, Icon::Undo2),
        RolloverState::NotTold => (ToneName::Info, Icon::CircleQuestionMark),
        RolloverState::Told => (ToneName::Info, Icon::Mail),
        RolloverState::Scheduled => (ToneName::Warn, Icon::Clock),
        RolloverState::Tested => (ToneName::Accent, Icon::FlaskConical),
        RolloverState::Active => (ToneName::Ok, Icon::Check),
        RolloverState::Confirmed => (ToneName::Ok, Icon::CheckCheck),
        RolloverState::LeftOut => (ToneName::Info, Icon::Ban),
    }
}

/// The badge of a state.
const fn badge(state: RolloverState) -> Badge<'static> {
    let (tone, icon) = look(state);
    Badge::new(tone, state.label()).icon(icon)
}
