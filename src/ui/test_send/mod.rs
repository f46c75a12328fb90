//! The test send: both profiles of one connection beside each other.

mod asking;
mod card;
mod page;
mod plan;

pub(super) use page::TestSendPage;
