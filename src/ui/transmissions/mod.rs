//! The journal: what was sent and received, and one transmission in depth.

mod detail;
mod filters;
mod list;
mod page;
mod rows;
mod table;

pub(super) use page::TransmissionsPage;
