//! What things *are*. Pure: no input or output, no clock, no cryptography.

pub mod algorithm;
pub mod arrival;
pub mod certificate;
pub mod change;
pub mod compliance;
pub mod confirmation;
pub mod connection;
pub mod diagnosis;
pub mod disposition;
pub mod identifier;
pub mod instant;
pub mod policy;
pub mod renewal;
pub mod sent;
pub mod sighting;
pub mod signing;
pub mod size;
pub(crate) mod spelling;
pub mod test_document;
pub mod timeline;
pub mod transmission;

pub use spelling::UnknownWord;
