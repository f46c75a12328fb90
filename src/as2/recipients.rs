//! The recipients of a received envelope (RFC 5652 section 6.2), and the content key of the one that is us.

use zeroize::Zeroizing;

use super::enveloped::DecryptionKey;
use super::error::OpenError;
use super::key_agreement::Agreement;
use super::key_transport::{read_wrapping, transport_name, unwrap_with};
use super::named::NamedCertificate;
use crate::certificate::ber::Tlv;
use crate::certificate::encode::SEQUENCE;
use crate::domain::algorithm::KeyTransport;
use crate::domain::certificate::Fingerprint;

/// The most recipients of one message.
const MOST_RECIPIENTS: usize = 64;

/// The most recipients that are told of.
const MOST_TOLD: usize = 10;

/// A KeyAgreeRecipientInfo.
const KEY_AGREEMENT: u8 = 0xa1;

/// What was found among the recipients.
pub(super) struct Unwrapped {
    /// The content key; nothing where it cannot be unwrapped.
    pub(super) key: Option<Zeroizing<Vec<u8>>>,
    /// How it was wrapped; nothing where it was agreed on.
    pub(super) key_transport: Option<KeyTransport>,
    /// Which of our certificates it was encrypted for.
    pub(super) recipient: Fingerprint,
    /// The certificates that the message names, up to a handful.
    pub(super) named: Vec<NamedCertificate>,
}

/// Finds the recipients that are ours, and unwraps the content key with the first of our keys that can.
pub(super) fn unwrap_key(recipients: &[u8], keys: &[DecryptionKey<'_>]) -> Result<Unwrapped, OpenError> {
    let (set, _) = Tlv::first(recipients)?;
    let infos = set.children()?;
    let mut search = Search::default();
    for info in infos {
        match info.tag {
            SEQUENCE => {
                let fields = info.children()?;
                let [_version, identifier, transport, wrapped, ..] = fields.as_slice() else {
                    return Err(OpenError::Malformed("a recipient is incomplete".to_owned()));
                };
                let mut tried = Vec::new();
                for candidate in search.ours(NamedCertificate::read(identifier), keys)? {
                    match read_wrapping(transport)? {
                        Some(known) => {
                            let key = unwrap_with(candidate.key, known, wrapped.value);
                            tried.push((candidate, Some(known.transport), key));
                        }
                        None => search.unsupported = Some(transport_name(transport)?),
                    }
                }
                search.settle(tried);
            }
            KEY_AGREEMENT => {
                let mut agreement = Agreement::read(&info)?;
                for (identifier, wrapped) in std::mem::take(&mut agreement.recipients) {
                    let mut tried = Vec::new();
                    for candidate in search.ours(identifier, keys)? {
                        match agreement.obstacle() {
                            None => tried.push((candidate, None, agreement.unwrap(candidate.key, wrapped))),
                            obstacle => search.unsupported = obstacle,
                        }
                    }
                    search.settle(tried);
                }
            }
            // Keys and passwords that both sides share, and what else there may be.
            _ => drop(search.ours(NamedCertificate::Unnamed, keys)?),
        }
    }
    search.outcome()
}

/// A recipient as an envelope names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRecipient {
    /// Its certificate.
    pub certificate: NamedCertificate,
    /// How the content key was wrapped for it, where that is known here; nothing where it was agreed on, or is not.
    pub key_transport: Option<KeyTransport>,
    /// The same in words.
    pub how: String,
}

/// The recipients that an envelope names, up to a handful; what cannot be read of them is left out.
pub(super) fn named(recipients: &[u8]) -> Vec<NamedRecipient> {
    let infos = Tlv::first(recipients).and_then(|(set, _)| set.children()).unwrap_or_default();
    let mut found = Vec::new();
    for info in infos.iter().take(MOST_RECIPIENTS) {
        match info.tag {
            SEQUENCE => {
                let fields = info.children().unwrap_or_default();
                let [_version, identifier, transport, ..] = fields.as_slice() else { continue };
                let wrapping = read_wrapping(transport).ok().flatten();
                let how = match wrapping {
                    Some(known) => known.to_string(),
                    None => transport_name(transport)
                        .unwrap_or_else(|_unreadable| "an algorithm that cannot be read".to_owned()),
                };
                let key_transport = wrapping.map(|known| known.transport);
                found.push(NamedRecipient { certificate: NamedCertificate::read(identifier), key_transport, how });
            }
            KEY_AGREEMENT => {
                let Ok(agreement) = Agreement::read(info) else { continue };
                let how = agreement.obstacle().unwrap_or_else(|| "ECDH".to_owned());
                found.extend(agreement.recipients.into_iter().map(|(certificate, _)| NamedRecipient {
                    certificate,
                    key_transport: None,
                    how: how.clone(),
                }));
            }
            _ => found.push(NamedRecipient {
                certificate: NamedCertificate::Unnamed,
                key_transport: None,
                how: "a key or password that both sides share".to_owned(),
            }),
        }
    }
    found.truncate(MOST_TOLD);
    found
}

/// A key of ours, how the content key was wrapped for it, and the content key where it could be unwrapped.
type Tried<'k> = (&'k DecryptionKey<'k>, Option<KeyTransport>, Option<Zeroizing<Vec<u8>>>);

#[derive(Default)]
struct Search {
    count: usize,
    named: Vec<NamedCertificate>,
    best: Option<Unwrapped>,
    unsupported: Option<String>,
    /// Every recipient that is ours is unwrapped, and one that cannot be spoils the message: whoever writes two of them
    /// must not learn from the answer which was well-formed (RFC 3218).
    spoilt: bool,
}

impl Search {
    /// Our keys that a recipient names.
    fn ours<'k>(
        &mut self,
        recipient: NamedCertificate,
        keys: &'k [DecryptionKey<'k>],
    ) -> Result<Vec<&'k DecryptionKey<'k>>, OpenError> {
        self.count += 1;
        if self.count > MOST_RECIPIENTS {
            return Err(OpenError::Malformed(format!("it is encrypted for more than {MOST_RECIPIENTS} recipients")));
        }
        let ours: Vec<_> = keys.iter().filter(|candidate| recipient.names(candidate.certificate)).collect();
        if self.named.len() < MOST_TOLD {
            self.named.push(recipient);
        }
        Ok(ours)
    }

    /// One recipient, with all of our keys that were tried for it: several of our certificates may bear the name it
    /// gives, and one of their keys fits.
    fn settle(&mut self, tried: Vec<Tried<'_>>) {
        let fits = tried.iter().position(|(_, _, key)| key.is_some()).unwrap_or_default();
        if let Some((candidate, transport, key)) = tried.into_iter().nth(fits) {
            self.found(candidate, transport, key);
        }
    }

    fn found(
        &mut self,
        candidate: &DecryptionKey<'_>,
        transport: Option<KeyTransport>,
        key: Option<Zeroizing<Vec<u8>>>,
    ) {
        self.spoilt |= key.is_none();
        let recipient = candidate.certificate.facts().fingerprint_sha256;
        self.best.get_or_insert(Unwrapped { key, key_transport: transport, recipient, named: Vec::new() });
    }

    fn outcome(self) -> Result<Unwrapped, OpenError> {
        match (self.best, self.unsupported) {
            (Some(found), _) => {
                let key = found.key.filter(|_| !self.spoilt);
                Ok(Unwrapped { key, named: self.named, ..found })
            }
            (None, Some(how)) => Err(OpenError::UnknownEncryption(format!(
                "the message is encrypted for us, but its key is encrypted with {how}, which is not supported"
            ))),
            (None, None) => Err(OpenError::NotForUs { recipients: self.named }),
        }
    }
}
