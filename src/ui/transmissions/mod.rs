//! The journal: what was sent and received, and one transmission in depth.

mod actions;
mod again;
mod bar;
mod batch;
mod chart;
mod detail;
mod filters;
mod kept;
mod list;
mod page;
mod rows;
mod selection;
mod table;

pub(super) use again::NotTaken;
pub(super) use page::TransmissionsPage;
