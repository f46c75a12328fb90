//! Business documents: X12, EDIFACT and TRADACOMS by segments, what they acknowledge, and what is broken in them.

pub mod acknowledgement;
mod delimiters;
mod envelope;
pub mod names;
mod outline;
mod segments;
#[cfg(test)]
mod tests;

pub use delimiters::{Delimiters, Standard};
pub use envelope::{Interchange, Message};
pub use outline::{Outline, Problem};
pub use segments::{Segment, SegmentReader};
