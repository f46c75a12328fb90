//! The journal: what was sent and received, and one transmission in depth.

mod actions;
mod bar;
mod detail;
mod filters;
mod kept;
mod list;
mod page;
mod rows;
mod selection;
mod table;

pub(super) use page::TransmissionsPage;
