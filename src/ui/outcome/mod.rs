//! How one transmission went: its stages, its lights, what it means, and the button that mends it. The test send and the
//! journal show the same.

mod again;
mod diagnosis;
mod lights;
mod mend;
mod stages;
mod words;

pub(super) use again::{
    ask_to_redeliver, ask_to_repeat, ask_to_send_as_new, may_be_redelivered, may_double, once_more, send_and_show,
};
pub(super) use diagnosis::diagnosis_notice;
pub(super) use lights::lights;
pub(super) use mend::{Mending, Target};
pub(super) use stages::{Progress, stages};
pub(super) use words::{direction_word, milliseconds, result_badge, result_of, result_word, verdict_word};
