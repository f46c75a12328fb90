//! The policies: every pack with its rules and their sources, what is judged by each, two of them compared, and one's own
//! made, edited, brought in and taken away. A change shows what it does to the connections before it is saved.

mod changes;
mod compare;
mod detail;
mod draft;
mod duplicate;
mod editor;
mod errands;
mod import;
mod list;
mod page;
mod remove;
mod rule_card;
mod rule_form;
mod rule_values;
mod words;

pub(super) use changes::in_a_sentence;
pub(super) use errands::PolicyErrands;
pub(super) use page::{PoliciesPage, PolicyIntent};
pub(super) use words::{head_label, kind_word};
