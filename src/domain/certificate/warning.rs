//! What speaks against a certificate: in itself, where it is brought in, and over the time for which it is to be used.

use jiff::Timestamp;

use super::{CertificateFacts, Fingerprint, KeyAlgorithm};
use crate::domain::algorithm::Digest;
use crate::domain::identifier::ProfileKind;
use crate::domain::spelling::spelled;

/// A certificate that ends within so many days after it goes active hardly lasts until the next one is agreed on. As many as
/// those within which an end is due.
const SHORT_DAYS: i64 = 45;

spelled! {
    /// What speaks against taking a certificate. None of these refuses it.
    pub enum CertificateWarning {
        /// It belongs to one of our own identities.
        Own = "own",
        /// It is a certification authority's.
        Ca = "ca",
        /// It is a TLS server's.
        TlsServer = "tls-server",
        /// It is the one in use already.
        AlreadyInstalled = "already-installed",
        /// It has ended.
        Expired = "expired",
        /// It is not valid yet.
        NotYetValid = "not-yet-valid",
        /// It is signed with SHA-1 or MD5.
        Sha1 = "sha1",
        /// Its key is shorter than RSA 2048 or P-256.
        ShortKey = "short-key",
        /// It has the key of the one it replaces.
        SameKey = "same-key",
        /// It names another subject than the one it replaces.
        OtherSubject = "other-subject",
        /// It names another subject than the one it replaces, and another connection's has that.
        SubjectOfAnother = "subject-of-another",
        /// It begins no later than the one it replaces: perhaps the old file again.
        NotNewer = "not-newer",
        /// It was used here before, and was replaced.
        OldAgain = "old-again",
        /// It has the key of the one that test uses, and is for production.
        KeyOfTest = "key-of-test",
        /// It has the key of the one that production uses, and is for test.
        KeyOfProduction = "key-of-production",
        /// It has the subject of the one that test uses, and is for production alone.
        SubjectOfTest = "subject-of-test",
        /// It has the subject of the one that production uses, and is for test alone.
        SubjectOfProduction = "subject-of-production",
        /// Its key is shorter than the partner's policy wants.
        ShortForPolicy = "short-for-policy",
        /// Its key is longer than the partner's policy allows.
        LongForPolicy = "long-for-policy",
        /// It is self-signed and nobody has confirmed its fingerprint.
        Unconfirmed = "unconfirmed",
        /// The new one goes active only after the old one has ended.
        Gap = "gap",
        /// It goes active in less than a day.
        Soon = "soon",
        /// It ends before the one it replaces.
        EndsEarlier = "ends-earlier",
        /// It ends soon after it goes active.
        EndsSoon = "ends-soon",
        /// Its key usage does not allow encrypting for it.
        NotForEncrypting = "not-for-encrypting",
        /// Its key usage does not allow verifying by it.
        NotForVerifying = "not-for-verifying",
        /// It verifies from now on, though a later time was named.
        VerifiesAtOnce = "verifies-at-once",
        /// Its key is of a kind that AS2 does not use.
        UnsupportedKey = "unsupported-key",
        /// The file holds others beside it that do not belong to its chain.
        Several = "several",
        /// An activation of another certificate was scheduled and is cancelled by this one.
        ScheduleCancelled = "schedule-cancelled",
    }
}

/// What is wrong with a key's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySize {
    /// It is too short.
    Short,
    /// It is too long.
    Long,
}

/// What a certificate is looked at against.
#[derive(Clone, Debug, Default)]
pub struct ImportContext<'a> {
    /// Certificates of our own identities.
    pub own: Vec<&'a CertificateFacts>,
    /// The one it would replace.
    pub replaces: Option<&'a CertificateFacts>,
    /// Whether another connection uses a certificate of its subject, and the one that it would replace has another.
    pub subject_elsewhere: bool,
    /// All fingerprints that the profiles in question use already.
    pub installed: Vec<Fingerprint>,
    /// Those that they used before and that were replaced.
    pub used_before: Vec<Fingerprint>,
    /// The connection's other profile and the certificate that it uses, where the two do not share one.
    pub other_environment: Option<(ProfileKind, &'a CertificateFacts)>,
    /// Whether it is brought in for that other profile as well: then that it is named as theirs is no mistake.
    pub for_both: bool,
    /// What is wrong with its key's size for the policy.
    pub key_size: Option<KeySize>,
    /// Whether its fingerprint has been confirmed.
    pub confirmed: bool,
    /// Whether messages are to be encrypted for it.
    pub encrypts: bool,
    /// Whether signatures are to be verified by it.
    pub verifies: bool,
}

/// What speaks against a certificate in itself, at an instant.
#[must_use]
pub fn warnings(facts: &CertificateFacts, at: Timestamp) -> Vec<CertificateWarning> {
    let mut found = Vec::new();
    if facts.is_authority() {
        found.push(CertificateWarning::Ca);
    }
    if facts.looks_like_tls_server() {
        found.push(CertificateWarning::TlsServer);
    }
    if at > facts.not_after {
        found.push(CertificateWarning::Expired);
    }
    if at < facts.not_before {
        found.push(CertificateWarning::NotYetValid);
    }
    if facts.signature.hash.is_some_and(|hash| hash <= Digest::Sha1) {
        found.push(CertificateWarning::Sha1);
    }
    match facts.key.algorithm {
        _ if facts.key.is_of_no_use() => found.push(CertificateWarning::UnsupportedKey),
        KeyAlgorithm::Rsa if facts.key.bits < 2048 => found.push(CertificateWarning::ShortKey),
        KeyAlgorithm::Ec if facts.key.bits < 256 => found.push(CertificateWarning::ShortKey),
        KeyAlgorithm::Rsa | KeyAlgorithm::Ec => {}
        KeyAlgorithm::Ed | KeyAlgorithm::Other => found.push(CertificateWarning::UnsupportedKey),
    }
    found
}

/// What speaks against importing a certificate for a partner, at an instant.
#[must_use]
pub fn import_warnings(
    facts: &CertificateFacts,
    at: Timestamp,
    context: &ImportContext<'_>,
) -> Vec<CertificateWarning> {
    let mut found = Vec::new();
    if context
        .own
        .iter()
        .any(|own| own.fingerprint_sha256 == facts.fingerprint_sha256 || own.spki_sha256 == facts.spki_sha256)
    {
        found.push(CertificateWarning::Own);
    }
    found.extend(warnings(facts, at));
    match context.key_size {
        // Said already where it is short by any measure.
        Some(KeySize::Short) if !found.contains(&CertificateWarning::ShortKey) => {
            found.push(CertificateWarning::ShortForPolicy);
        }
        Some(KeySize::Long) => found.push(CertificateWarning::LongForPolicy),
        Some(KeySize::Short) | None => {}
    }
    let old_again = context.used_before.contains(&facts.fingerprint_sha256);
    if old_again {
        found.push(CertificateWarning::OldAgain);
    }
    if context.installed.contains(&facts.fingerprint_sha256) {
        found.push(CertificateWarning::AlreadyInstalled);
    }
    if let Some(old) = context.replaces.filter(|old| old.fingerprint_sha256 != facts.fingerprint_sha256) {
        if old.spki_sha256 == facts.spki_sha256 {
            found.push(CertificateWarning::SameKey);
        }
        if let Some(swapped) = swapped(facts, old, context) {
            found.push(swapped);
        } else if context.subject_elsewhere {
            found.push(CertificateWarning::SubjectOfAnother);
        } else if old.subject != facts.subject {
            found.push(CertificateWarning::OtherSubject);
        }
        if facts.not_before <= old.not_before && !old_again {
            found.push(CertificateWarning::NotNewer);
        }
    }
    // That an authority's or a server's is neither is said by that.
    if !facts.is_authority() && !facts.looks_like_tls_server() {
        if context.encrypts && !facts.allows_encrypting() {
            found.push(CertificateWarning::NotForEncrypting);
        }
        if context.verifies && !facts.allows_verifying() {
            found.push(CertificateWarning::NotForVerifying);
        }
    }
    if facts.self_signed && !context.confirmed {
        found.push(CertificateWarning::Unconfirmed);
    }
    found
}

/// That test's is brought in for production, or the reverse.
fn swapped(
    facts: &CertificateFacts,
    old: &CertificateFacts,
    context: &ImportContext<'_>,
) -> Option<CertificateWarning> {
    let (kind, theirs) = context.other_environment?;
    let same_key = theirs.fingerprint_sha256 == facts.fingerprint_sha256 || theirs.spki_sha256 == facts.spki_sha256;
    let same_subject = !context.for_both && theirs.subject == facts.subject && old.subject != facts.subject;
    match kind {
        ProfileKind::Test if same_key => Some(CertificateWarning::KeyOfTest),
        ProfileKind::Production if same_key => Some(CertificateWarning::KeyOfProduction),
        ProfileKind::Test if same_subject => Some(CertificateWarning::SubjectOfTest),
        ProfileKind::Production if same_subject => Some(CertificateWarning::SubjectOfProduction),
        ProfileKind::Test | ProfileKind::Production => None,
    }
}

/// What speaks against the time for which a certificate would be used: from an activation on, in the place of another. Of
/// one that has ended already [`warnings`] tell.
#[must_use]
pub fn time_warnings(
    new: &CertificateFacts,
    old: Option<&CertificateFacts>,
    activates: Timestamp,
    now: Timestamp,
) -> Vec<CertificateWarning> {
    let mut found = Vec::new();
    if new.not_after < now {
        return found;
    }
    if old.is_some_and(|old| new.not_after < old.not_after) {
        found.push(CertificateWarning::EndsEarlier);
    }
    if new.not_after.as_second().saturating_sub(activates.as_second()) <= SHORT_DAYS * 86_400 {
        found.push(CertificateWarning::EndsSoon);
    }
    found
}

impl CertificateWarning {
    /// The warning as a sentence about a certificate of our own.
    #[must_use]
    pub const fn sentence_about_ours(self) -> &'static str {
        match self {
            Self::Ca => "Its certificate is a certification authority's, which partners may refuse",
            Self::TlsServer => "Its certificate is made for a TLS server, which partners may refuse",
            Self::Expired => "Its certificate has ended",
            Self::NotYetValid => "Its certificate is not valid yet",
            Self::Sha1 => "Its certificate is signed with SHA-1 or MD5, which partners refuse by now",
            Self::ShortKey => "Its key is too short: partners refuse it, and it can be broken",
            Self::ScheduleCancelled => "The change to another identity that was scheduled is cancelled",
            Self::EndsSoon => {
                "Its certificate ends within 45 days after it begins to sign: make the next one already now"
            }
            other => other.sentence(),
        }
    }

    /// The warning as a sentence before anything is done.
    #[must_use]
    pub const fn sentence_beforehand(self) -> &'static str {
        match self {
            Self::ScheduleCancelled => "The activation that is scheduled for another certificate would be cancelled",
            other => other.sentence(),
        }
    }

    /// The warning where there is room for a few words.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Own => "our own certificate",
            Self::Ca => "a CA's certificate",
            Self::TlsServer => "a TLS server's",
            Self::AlreadyInstalled => "installed already",
            Self::Expired => "has ended",
            Self::NotYetValid => "not valid yet",
            Self::Sha1 => "signed with SHA-1",
            Self::ShortKey => "short key",
            Self::SameKey => "same key as before",
            Self::OtherSubject => "another subject",
            Self::SubjectOfAnother => "the subject of another connection's",
            Self::NotNewer => "not newer than the old one",
            Self::OldAgain => "used here before",
            Self::KeyOfTest => "the key of test's",
            Self::KeyOfProduction => "the key of production's",
            Self::SubjectOfTest => "the subject of test's",
            Self::SubjectOfProduction => "the subject of production's",
            Self::ShortForPolicy => "key too short for the policy",
            Self::LongForPolicy => "key too long for the policy",
            Self::Unconfirmed => "not confirmed",
            Self::Gap => "a gap before it",
            Self::Soon => "in less than a day",
            Self::EndsEarlier => "ends before the old one",
            Self::EndsSoon => "ends soon after",
            Self::NotForEncrypting => "not for encrypting",
            Self::NotForVerifying => "not for signing",
            Self::VerifiesAtOnce => "verifies at once",
            Self::UnsupportedKey => "unsupported key",
            Self::Several => "several in the file",
            Self::ScheduleCancelled => "another schedule is cancelled",
        }
    }

    /// The warning as a sentence for the person who looks at the certificate.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Own => "This is our own certificate, not the partner's",
            Self::Ca => "This is a certification authority's certificate; the partner's own is usually beside it",
            Self::TlsServer => "This looks like the certificate of a web server (TLS), not of AS2",
            Self::AlreadyInstalled => {
                "This certificate is installed already; perhaps the old file was downloaded again"
            }
            Self::Expired => "This certificate has ended",
            Self::NotYetValid => "This certificate is not valid yet",
            Self::Sha1 => "This certificate is signed with SHA-1 or weaker",
            Self::ShortKey => "Its key is shorter than RSA 2048 or P-256",
            Self::SameKey => "It has the same key as the certificate it replaces",
            Self::OtherSubject => "It names another subject than the certificate it replaces",
            Self::SubjectOfAnother => {
                "It names another subject than the certificate it replaces, and another connection uses one of that subject; perhaps it is meant for that"
            }
            Self::NotNewer => "It does not begin later than the certificate it replaces; perhaps it is an old one",
            Self::OldAgain => "It was used here before and was replaced; perhaps the old file was downloaded again",
            Self::KeyOfTest => {
                "For production: it has the key of the certificate that test uses; test and production seem to be swapped"
            }
            Self::KeyOfProduction => {
                "For test: it has the key of the certificate that production uses; test and production seem to be swapped"
            }
            Self::SubjectOfTest => {
                "For production: it has the subject of the certificate that test uses; perhaps test and production are swapped"
            }
            Self::SubjectOfProduction => {
                "For test: it has the subject of the certificate that production uses; perhaps test and production are swapped"
            }
            Self::ShortForPolicy => "Its key is shorter than the partner's policy wants",
            Self::LongForPolicy => "Its key is longer than the partner's policy allows",
            Self::Unconfirmed => {
                "It is self-signed: confirm its SHA-256 fingerprint with the partner, for example by telephone"
            }
            Self::Gap => {
                "It goes active only after the certificate it replaces has ended: messages in between may fail"
            }
            Self::Soon => "It goes active in less than a day; make sure that the partner switches at the same time",
            Self::EndsEarlier => {
                "It ends before the certificate it replaces does: it shortens the time instead of lengthening it"
            }
            Self::EndsSoon => {
                "It ends within 45 days after it goes active: ask already now for the one that follows it"
            }
            Self::NotForEncrypting => {
                "Its key usage is not for encrypting: the partner's program may refuse to decrypt; perhaps it is the one they sign with"
            }
            Self::NotForVerifying => {
                "Its key usage is not for signing: signatures made with it may be refused; perhaps it is the one to encrypt for"
            }
            Self::VerifiesAtOnce => {
                "It verifies from now on and not only from the time named: receiving may overlap, so nothing waits for it"
            }
            Self::UnsupportedKey => {
                "Its key is of a kind that cannot be used in AS2: ask for a certificate with an RSA key, or EC on P-256, P-384 or P-521"
            }
            Self::Several => "The file holds several certificates that do not belong together; say which one is meant",
            Self::ScheduleCancelled => "The activation that was scheduled for another certificate is cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{day, facts};

    fn used_for(usages: &[&str]) -> CertificateFacts {
        CertificateFacts { key_usage: usages.iter().map(|usage| (*usage).to_owned()).collect(), ..facts(1, 0, 400) }
    }

    #[test]
    fn a_self_signed_one_that_calls_itself_a_ca_is_used_as_it_is() {
        let mut facts = facts(1, 0, 400);
        facts.ca = true;
        let told = |facts: &CertificateFacts| warnings(facts, facts.not_before).contains(&CertificateWarning::Ca);
        assert!(!told(&facts), "as OpenSSL makes them");
        facts.key_usage.push("key-cert-sign".to_owned());
        assert!(told(&facts));
        (facts.key_usage, facts.self_signed) = (Vec::new(), false);
        assert!(told(&facts));
    }

    #[test]
    fn a_key_usage_that_does_not_fit_the_purpose_is_told() {
        use CertificateWarning::{NotForEncrypting, NotForVerifying};
        let said = |usages: &[&str], encrypts, verifies| {
            let context = ImportContext { confirmed: true, encrypts, verifies, ..ImportContext::default() };
            import_warnings(&used_for(usages), day(1), &context)
        };
        assert_eq!(said(&["digital-signature"], true, true), [NotForEncrypting]);
        assert_eq!(said(&["digital-signature", "email-protection"], true, false), [NotForEncrypting]);
        assert_eq!(said(&["digital-signature"], false, true), []);
        assert_eq!(said(&["key-encipherment"], true, true), [NotForVerifying]);
        assert_eq!(said(&["key-agreement"], false, true), [NotForVerifying]);
        assert_eq!(said(&["key-agreement"], true, false), []);
        assert_eq!(said(&["digital-signature", "key-encipherment"], true, true), []);
        assert_eq!(said(&["crl-sign"], true, true), [NotForEncrypting, NotForVerifying]);
        assert_eq!(said(&[], true, true), [], "none stated restricts nothing");
        assert_eq!(said(&["email-protection"], true, true), [], "an extended one is no key usage");
    }

    #[test]
    fn one_that_does_not_last_is_told_of() {
        use CertificateWarning::{EndsEarlier, EndsSoon};
        let said = |until, old: Option<i64>, activates| {
            let old = old.map(|until| facts(2, 0, until));
            time_warnings(&facts(1, 0, until), old.as_ref(), day(activates), day(1))
        };
        assert_eq!(said(100, Some(50), 20), []);
        assert_eq!(said(100, Some(100), 20), [], "as long as the other");
        assert_eq!(said(99, Some(100), 20), [EndsEarlier]);
        assert_eq!(said(65, Some(50), 20), [EndsSoon], "45 days");
        assert_eq!(said(66, Some(50), 20), []);
        assert_eq!(said(40, Some(50), 20), [EndsEarlier, EndsSoon]);
        assert_eq!(said(40, None, 20), [EndsSoon]);
        assert_eq!(said(0, Some(50), 20), [], "that it has ended is said already");
    }
}
