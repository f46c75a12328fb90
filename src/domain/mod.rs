//! What things *are*. Pure: no input or output, no clock, no cryptography.

pub mod algorithm;
pub mod arrival;
pub mod certificate;
pub mod change;
pub mod compliance;
pub mod confirmation;
pub mod connection;
pub mod counted;
pub mod diagnosis;
pub mod disposition;
pub mod document;
pub mod document_facts;
pub mod due;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod formula;
pub mod identifier;
pub mod instant;
pub mod knowledge;
pub mod nearest_name;
pub mod notice;
pub mod own_clock;
pub mod own_rollover;
pub mod own_timeline;
pub mod policy;
pub mod policy_comparison;
pub mod renewal;
pub mod repetition;
pub mod retention;
pub mod rollover;
pub mod rule_text;
pub mod sent;
pub mod server_certificate;
pub mod sighting;
pub mod signing;
pub mod size;
pub(crate) mod spelling;
pub mod status_change;
pub mod summary;
pub mod test_document;
pub mod timeline;
pub mod transmission;
pub mod transmission_comparison;

pub use spelling::UnknownWord;
