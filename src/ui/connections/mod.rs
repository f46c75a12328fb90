//! The connections: a matrix of profiles and settings, tiles that count what is there, and what an empty workspace offers.

mod bulk_edit;
mod day;
mod due;
mod duplicate;
mod facets;
mod file_errands;
mod filter_bar;
mod lines;
mod made;
mod matrix;
mod naming;
mod new;
mod openas2;
mod page;
mod put_back;
mod rows;
mod selection;
mod sighted;
mod subject;
mod welcome;

pub(super) use duplicate::{Duplicate, remove};
pub(super) use file_errands::FileErrands;
pub(super) use new::NewConnection;
pub(super) use openas2::ImportOpenAs2;
pub(super) use page::ConnectionsPage;
pub(super) use put_back::PutBack;
pub(super) use sighted::tell_sightings;
