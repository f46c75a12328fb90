//! X.509 certificates and keys: reading any file, facts, identities, signatures.
//!
//! Whatever a partner sends is read by its content ([`read`]), never by its name, and kept byte for byte: a
//! [`Certificate`] is its DER with the facts computed once when it was parsed. Odd certificates are read all the same;
//! judging them is `domain`'s business. [`PrivateKey`] and [`verify`] do every asymmetric signature of the program.

pub(crate) mod ber;
mod candidates;
pub(crate) mod encode;
mod export;
mod facts;
mod file;
mod identity;
mod key_file;
mod keystore;
mod legacy_rsa;
mod mail_limits;
mod name;
mod parcel;
mod password_work;
mod private_key;
mod verification;
mod x509;

pub use candidates::Candidate;
pub use export::{ExportError, P12Form, to_p7b, to_p12, to_pem};
pub use file::{FileContents, Format, MAX_FILE, ReadError, most_of, read};
pub use identity::{
    IdentityError, KeyKind, certificate_request, certify_key, create_identity, create_key, create_sha1_identity,
    create_valid_identity,
};
pub use keystore::{Keystore, KeystoreEntry, read_keystore};
pub use name::{NameError, name_in_words};
pub use private_key::{KeyError, PrivateKey};
pub(crate) use verification::digest_algorithm;
pub use verification::{Scheme, is_checkable, verify, verify_digest};
pub use x509::{Certificate, CertificateError};
