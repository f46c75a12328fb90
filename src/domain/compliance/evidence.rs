//! What is known of a profile: its settings' values, and the certificates in use at an instant.

use std::borrow::Cow;
use std::cell::OnceCell;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::Known;
use crate::domain::algorithm::Signing;
use crate::domain::certificate::{CertificateFacts, Fingerprint, KeyAlgorithm};
use crate::domain::connection::{InboundSecurity, MdnMode, Profile};
use crate::domain::identifier::{Address, IdentityName};
use crate::domain::policy::{CERTIFICATE_SCHEMES, CertificateRole, Setting};
use crate::domain::timeline::{self, CertificateUse};

/// A profile at an instant, and where its certificates are looked up.
pub(super) struct Evidence<'p, 'a> {
    pub(super) profile: &'p Profile,
    pub(super) known: &'p Known<'a>,
    at: Timestamp,
    // What nearly every rule asks for is looked up once.
    partner: OnceCell<Held<'a>>,
    own: OnceCell<Held<'a>>,
    activation: OnceCell<Option<(&'p CertificateUse, Timestamp)>>,
    /// Judged in the place of the partner's certificate in use: one that only verifies.
    verifying: Option<&'a CertificateFacts>,
}

/// What follows a certificate in its role.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Successor<'p> {
    /// Another certificate of the partner.
    Partner(Fingerprint),
    /// Another identity of ours.
    Own(&'p IdentityName),
}

impl Successor<'_> {
    /// What it is called in a sentence.
    pub(super) fn named(self) -> String {
        match self {
            Self::Partner(fingerprint) => fingerprint.short(),
            Self::Own(name) => name.to_string(),
        }
    }
}

/// The certificate that plays a role at an instant.
#[derive(Clone)]
pub(super) enum Held<'a> {
    /// It is known.
    Known(&'a CertificateFacts),
    /// It is needed and not to be had.
    Missing {
        /// In two words.
        word: &'static str,
        /// In a sentence.
        reason: String,
    },
    /// The profile does without.
    NotNeeded(&'static str),
}

/// The value of a setting at an instant.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Actual<'p> {
    /// It is this word or text.
    Word(&'p str),
    /// It is this number.
    Number(u32),
    /// It is on or off.
    Flag(bool),
    /// It is optional and not set.
    NotSet,
    /// It cannot be told.
    Unknown {
        /// In a word or two.
        word: Cow<'static, str>,
        /// In a sentence.
        reason: String,
    },
    /// It plays no part.
    NotApplicable {
        /// In a word or two.
        word: Cow<'static, str>,
        /// In a sentence.
        reason: &'static str,
    },
}

impl<'p> Actual<'p> {
    fn optional(text: Option<&'p str>) -> Self {
        text.map_or(Self::NotSet, Self::Word)
    }

    pub(super) fn idle(word: impl Into<Cow<'static, str>>, reason: &'static str) -> Self {
        Self::NotApplicable { word: word.into(), reason }
    }

    fn unknown(word: impl Into<Cow<'static, str>>, reason: String) -> Self {
        Self::Unknown { word: word.into(), reason }
    }

    fn port(url: &Address) -> Self {
        Self::Number(u32::from(url.port()))
    }
}

impl<'p, 'a> Evidence<'p, 'a> {
    pub(super) const fn new(profile: &'p Profile, known: &'p Known<'a>, at: Timestamp) -> Self {
        Self {
            profile,
            known,
            at,
            partner: OnceCell::new(),
            own: OnceCell::new(),
            activation: OnceCell::new(),
            verifying: None,
        }
    }

    /// The same with a certificate that only verifies in the place of the one in use.
    pub(super) fn of_verifying(&self, certificate: &'a CertificateFacts) -> Self {
        Self { verifying: Some(certificate), ..Self::new(self.profile, self.known, self.at) }
    }

    /// The partner's certificates that only verify, beside the one that is judged as the one in use.
    pub(super) fn verifying(&self) -> Vec<Fingerprint> {
        if !self.expects_signatures() {
            return Vec::new();
        }
        let mut found = timeline::only_verifying(&self.profile.partner_certificates, self.at);
        if !found.is_empty()
            && let Held::Known(judged) = self.held(CertificateRole::Partner, self.at)
        {
            found.retain(|print| *print != judged.fingerprint_sha256);
        }
        found
    }

    /// The certificate in a role at an instant.
    pub(super) fn held(&self, role: CertificateRole, at: Timestamp) -> Held<'a> {
        let kept = match role {
            CertificateRole::Partner => &self.partner,
            CertificateRole::Identity => &self.own,
        };
        if at == self.at { kept.get_or_init(|| self.look_up(role, at)).clone() } else { self.look_up(role, at) }
    }

    fn look_up(&self, role: CertificateRole, at: Timestamp) -> Held<'a> {
        match role {
            CertificateRole::Partner => self.verifying.map_or_else(|| self.partner(at), Held::Known),
            CertificateRole::Identity => match (self.known.identities)(self.profile.identity.at(at)) {
                Some(facts) => Held::Known(facts),
                None => Held::Missing {
                    word: "Not in workspace",
                    reason: format!("The identity `{}` is not in the workspace", self.profile.identity.at(at)),
                },
            },
        }
    }

    fn partner(&self, at: Timestamp) -> Held<'a> {
        let uses = &self.profile.partner_certificates;
        let chosen = if self.encrypts() {
            timeline::used_now(uses, at).map(|entry| entry.fingerprint)
        } else if self.expects_signatures() {
            timeline::acceptable_now(uses, at).first().copied()
        } else {
            return Held::NotNeeded("Nothing is encrypted for the partner and no signature of theirs is expected");
        };
        let purpose = if self.encrypts() { "messages are encrypted" } else { "the partner's signatures are expected" };
        match chosen {
            Some(fingerprint) => (self.known.certificates)(&fingerprint).map_or_else(
                || Held::Missing {
                    word: "Not in workspace",
                    reason: format!("The partner's certificate {} is not in the workspace", fingerprint.short()),
                },
                Held::Known,
            ),
            None if uses.is_empty() => Held::Missing {
                word: "None imported",
                reason: format!("No certificate of the partner has been imported, although {purpose}"),
            },
            None => Held::Missing {
                word: "None in use",
                reason: format!("None of the partner's certificates is in use, although {purpose}"),
            },
        }
    }

    /// Whether a certificate is that of an identity of ours which the profile signs with, before, now or later, or shows to
    /// servers.
    pub(super) fn is_ours(&self, facts: &CertificateFacts) -> bool {
        let signing = self.profile.identity.uses().iter().map(|entry| &entry.name);
        signing.chain(&self.profile.tls_identity).filter_map(|name| (self.known.identities)(name)).any(|ours| {
            let same_key = !ours.spki_sha256.is_empty() && ours.spki_sha256 == facts.spki_sha256;
            same_key || ours.fingerprint_sha256 == facts.fingerprint_sha256
        })
    }

    /// Whether messages are encrypted for the partner.
    pub(super) fn encrypts(&self) -> bool {
        self.profile.encrypts()
    }

    /// Whether anything the partner sends, messages or receipts, is to be signed.
    pub(super) fn expects_signatures(&self) -> bool {
        self.profile.mdn.is_signed()
            || matches!(self.profile.inbound_security(), InboundSecurity::Signed | InboundSecurity::SignedEncrypted)
    }

    /// The partner's next certificate and when it goes active, after an instant.
    pub(super) fn activation(&self, at: Timestamp) -> Option<(&'p CertificateUse, Timestamp)> {
        if self.verifying.is_some() {
            return None;
        }
        let next = || timeline::next_activation(&self.profile.partner_certificates, at);
        if at == self.at { *self.activation.get_or_init(next) } else { next() }
    }

    /// What follows in a role after an instant, when, and in which zone that was stated.
    pub(super) fn successor(
        &self,
        role: CertificateRole,
        at: Timestamp,
    ) -> Option<(Successor<'p>, Timestamp, Option<&'p str>)> {
        match role {
            CertificateRole::Partner => self
                .activation(at)
                .map(|(entry, when)| (Successor::Partner(entry.fingerprint), when, entry.zone.as_deref())),
            CertificateRole::Identity => self
                .profile
                .identity
                .next(at)
                .map(|(entry, when)| (Successor::Own(&entry.name), when, entry.zone.as_deref())),
        }
    }

    /// The value of a setting at an instant.
    pub(super) fn actual(&self, setting: Setting, at: Timestamp) -> Actual<'p> {
        if let Some(role) = setting.certificate() {
            return match self.held(role, at) {
                Held::Known(facts) if setting == Setting::IdentityTlsUse => self.own_tls_use(facts),
                Held::Known(facts) => property(setting, facts),
                Held::Missing { word, reason } => Actual::unknown(word, reason),
                Held::NotNeeded(reason) => Actual::idle("Not needed", reason),
            };
        }
        let profile = self.profile;
        let key_is_ec =
            |role| matches!(self.held(role, at), Held::Known(facts) if facts.key.algorithm == KeyAlgorithm::Ec);
        let no_receipt_later = || Actual::idle("Not needed", "No asynchronous receipt is asked for");
        match setting {
            Setting::Encryption => Actual::Word(profile.encryption.as_str()),
            Setting::EncryptionOrTls if profile.url.is_loopback() && !self.encrypts() => {
                Actual::idle("Not encrypted", "The address is on this machine: nothing leaves it")
            }
            Setting::EncryptionOrTls => Actual::Flag(self.encrypts() || profile.url.is_tls()),
            Setting::MdnUrlPort if !profile.mdn.is_async() => no_receipt_later(),
            Setting::MdnUrlPort => profile.mdn_url.as_ref().map_or(Actual::NotSet, Actual::port),
            Setting::UrlPort => Actual::port(&profile.url),
            Setting::Signing => Actual::Word(profile.signing.as_str()),
            Setting::Compression => Actual::Word(profile.compression.as_str()),
            Setting::Mdn => Actual::Word(profile.mdn.as_str()),
            Setting::Require => Actual::Word(profile.inbound_security().as_str()),
            Setting::RequireStrength => Actual::Word(profile.require_strength.as_str()),
            Setting::TransferEncoding => Actual::Word(profile.transfer_encoding.as_str()),
            Setting::Filename => Actual::Word(profile.filename.as_str()),
            Setting::KeyTransport if !self.encrypts() => Actual::idle("Not encrypted", "Messages are not encrypted"),
            Setting::KeyTransport if key_is_ec(CertificateRole::Partner) => {
                Actual::idle("ECDH", "The partner's key is an elliptic curve's, which implies ECDH")
            }
            Setting::KeyTransport => Actual::Word(profile.key_transport.as_str()),
            Setting::SignatureScheme if profile.signing == Signing::None => {
                Actual::idle("Not signed", "Messages are not signed")
            }
            Setting::SignatureScheme if key_is_ec(CertificateRole::Identity) => {
                Actual::idle("ECDSA", "Our key is an elliptic curve's, which implies ECDSA")
            }
            Setting::SignatureScheme => Actual::Word(profile.signature_scheme.as_str()),
            Setting::MdnMic if profile.mdn == MdnMode::None => Actual::idle("No receipt", "No receipt is asked for"),
            Setting::MdnMic => Actual::Word(profile.receipt_digest().as_str()),
            Setting::MdnUrl if !profile.mdn.is_async() => no_receipt_later(),
            Setting::MdnUrl => Actual::optional(profile.mdn_url.as_ref().map(Address::as_str)),
            Setting::ReceiptDeadlineMinutes if !profile.mdn.is_async() => no_receipt_later(),
            Setting::ReceiptDeadlineMinutes => Actual::Number(profile.receipt_deadline_minutes),
            Setting::ContentType => Actual::Word(profile.content_type.as_str()),
            Setting::Subject => Actual::optional(profile.subject.as_deref()),
            Setting::HttpUser => Actual::optional(profile.http_user.as_deref()),
            Setting::TlsTrust | Setting::TlsIdentity if !profile.url.is_tls() => {
                Actual::idle("http", "The address is not https")
            }
            Setting::TlsTrust => Actual::Word(profile.tls_trust.as_str()),
            Setting::TlsIdentity => Actual::optional(profile.tls_identity.as_ref().map(IdentityName::as_str)),
            Setting::TimeoutSeconds => Actual::Number(profile.timeout_seconds),
            Setting::Retries => Actual::Number(profile.retries),
            Setting::OurAs2Id => Actual::Word(profile.our_as2_id.as_str()),
            Setting::PartnerAs2Id => Actual::Word(profile.partner_as2_id.as_str()),
            Setting::Url => Actual::Word(profile.url.as_str()),
            Setting::Identity => Actual::Word(profile.identity.at(at).as_str()),
            Setting::Tls if profile.url.is_loopback() => {
                Actual::idle(self.scheme(), "The address is on this machine: nothing leaves it")
            }
            Setting::Tls => Actual::Word(self.scheme()),
            _ => quirk(setting, profile),
        }
    }

    /// Whether our certificate is shown to the partner's server too, or made for TLS servers alone.
    fn own_tls_use(&self, facts: &CertificateFacts) -> Actual<'p> {
        let shown = match &self.profile.tls_identity {
            None => false,
            Some(name) => match (self.known.identities)(name) {
                Some(shown) => shown.spki_sha256 == facts.spki_sha256,
                None => {
                    let reason = format!("The identity `{name}` is not in the workspace");
                    return Actual::unknown("Not in workspace", reason);
                }
            },
        };
        Actual::Flag(shown || facts.looks_like_tls_server())
    }

    fn scheme(&self) -> &'static str {
        if self.profile.url.is_tls() { "https" } else { "http" }
    }
}

fn quirk(setting: Setting, profile: &Profile) -> Actual<'_> {
    let quirks = &profile.quirks;
    match setting {
        Setting::MicalgStyle => Actual::Word(quirks.micalg_style.as_str()),
        Setting::SignerCertificates => Actual::Word(quirks.signer_certificates.as_str()),
        Setting::RecipientIdentifier => Actual::Word(quirks.recipient_identifier.as_str()),
        Setting::SignatureOid => Actual::Word(quirks.signature_oid.as_str()),
        Setting::GcmContent => Actual::Word(quirks.gcm_content.as_str()),
        Setting::QuoteAs2Ids => Actual::Word(quirks.quote_as2_ids.as_str()),
        Setting::CmsAlgorithmProtection => Actual::Flag(quirks.cms_algorithm_protection),
        Setting::CanonicaliseMic => Actual::Flag(quirks.canonicalise_mic),
        Setting::NewMessageIdOnRetry => Actual::Flag(quirks.new_message_id_on_retry),
        Setting::Chunked => Actual::Flag(quirks.chunked),
        Setting::ReceiptHosts => {
            Actual::optional(Some(quirks.receipt_hosts.as_str()).filter(|hosts| !hosts.is_empty()))
        }
        _ => Actual::NotSet,
    }
}

fn property(setting: Setting, facts: &CertificateFacts) -> Actual<'_> {
    let key = |wanted: KeyAlgorithm| match facts.key.algorithm {
        found if found == wanted && facts.key.bits > 0 => Actual::Number(facts.key.bits),
        KeyAlgorithm::Rsa | KeyAlgorithm::Ec if facts.key.bits > 0 => {
            Actual::idle(facts.key.to_string(), "The certificate's key is of another kind")
        }
        // Of such a key nothing can be said, and neither kind's rule may make it look judged.
        KeyAlgorithm::Rsa | KeyAlgorithm::Ec | KeyAlgorithm::Ed | KeyAlgorithm::Other => {
            let reason = "The strength of the certificate's key cannot be told".to_owned();
            Actual::unknown(facts.key.to_string(), reason)
        }
    };
    match setting {
        Setting::PartnerSignatureHash | Setting::IdentitySignatureHash => facts.signature.hash.map_or_else(
            || {
                let algorithm = &facts.signature.algorithm;
                let reason = format!("The hash inside the certificate's signature ({algorithm}) is not known");
                Actual::unknown("Unknown hash", reason)
            },
            |hash| Actual::Word(hash.as_str()),
        ),
        Setting::PartnerKeyAlgorithm | Setting::IdentityKeyAlgorithm => Actual::Word(facts.key.algorithm.as_str()),
        Setting::PartnerRsaBits | Setting::IdentityRsaBits => key(KeyAlgorithm::Rsa),
        Setting::PartnerEcBits | Setting::IdentityEcBits => key(KeyAlgorithm::Ec),
        Setting::PartnerSelfSigned | Setting::IdentitySelfSigned => Actual::Flag(facts.self_signed),
        Setting::PartnerSignatureScheme | Setting::IdentitySignatureScheme
            if CERTIFICATE_SCHEMES.contains(&facts.signature.algorithm.as_str()) =>
        {
            Actual::Word(facts.signature.algorithm.as_str())
        }
        Setting::PartnerSignatureScheme | Setting::IdentitySignatureScheme => {
            let algorithm = &facts.signature.algorithm;
            let reason = format!("The scheme of the certificate's signature ({algorithm}) is not known");
            Actual::unknown("Unknown scheme", reason)
        }
        Setting::PartnerNamesComplete | Setting::IdentityNamesComplete => Actual::Flag(facts.names_complete()),
        Setting::PartnerTlsUse | Setting::IdentityTlsUse => Actual::Flag(facts.looks_like_tls_server()),
        _ => {
            // Both ends belong to the validity (RFC 5280 section 4.1.2.5).
            let days = (facts.not_after.as_second() - facts.not_before.as_second() + 1).div_euclid(86_400);
            Actual::Number(u32::try_from(days.max(0)).unwrap_or(u32::MAX))
        }
    }
}

/// An instant for a sentence, in the zone it was stated in: `28 Nov 2026 09:00 Europe/Berlin`.
pub(super) fn instant_in_words(at: Timestamp, zone: Option<&str>) -> String {
    match zone.and_then(|name| Some((TimeZone::get(name).ok()?, name))) {
        Some((zone, name)) => format!("{} {name}", zone.to_datetime(at).strftime("%-d %b %Y %H:%M")),
        None => Offset::UTC.to_datetime(at).strftime("%-d %b %Y %H:%M UTC").to_string(),
    }
}

/// The day of an instant for a sentence, in UTC: `14 Dec 2026`. Told of every certificate of every profile, so it takes
/// no detour through a formatter.
pub(super) fn day_in_words(at: Timestamp) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = Offset::UTC.to_datetime(at).date();
    let month = usize::try_from(date.month() - 1).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or_default();
    format!("{} {month} {}", date.day(), date.year())
}

/// How many days the calendar counts from one instant to another, in UTC as the dates beside it: from a second before
/// midnight until midnight it is one.
pub(super) fn calendar_days(from: Timestamp, until: Timestamp) -> i64 {
    until.as_second().div_euclid(86_400) - from.as_second().div_euclid(86_400)
}

/// How far an instant is away, for a sentence: `in 21 days`. Whole days, rounded down as badges and notices count them, so
/// that no two of them stand beside each other with different numbers; what is less than a day away is told by the calendar.
pub(super) fn days_in_words(at: Timestamp, then: Timestamp) -> String {
    let seconds = then.as_second() - at.as_second();
    match (seconds.abs() / 86_400, calendar_days(at, then)) {
        (0, 0) => "today".to_owned(),
        (0, 1..) => "tomorrow".to_owned(),
        (0, _) => "yesterday".to_owned(),
        (1, _) if seconds > 0 => "in 1 day".to_owned(),
        (1, _) => "1 day ago".to_owned(),
        (days, _) if seconds > 0 => format!("in {days} days"),
        (days, _) => format!("{days} days ago"),
    }
}
