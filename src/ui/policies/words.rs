//! What policies, their kinds and their rules are called on the screen.

use egui::{Response, Ui};

use crate::app::PolicyOrigin;
use crate::app::engine::PolicyState;
use crate::domain::policy::{AppliesTo, CertificateRole, PolicyKind, Rule, Setting, Severity};
use crate::domain::transmission::Direction;
use crate::ui::icon::Icon;
use crate::ui::moment::Moment;
use crate::ui::widgets::{Badge, ToneName};

/// The word for a kind.
#[must_use]
pub(in crate::ui) const fn kind_word(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::Official => "Official",
        PolicyKind::Secondary => "Secondary",
        PolicyKind::Draft => "Draft",
        PolicyKind::Template => "Template",
        PolicyKind::Own => "Own",
    }
}

const fn kind_icon(kind: PolicyKind) -> Icon {
    match kind {
        PolicyKind::Official => Icon::BadgeCheck,
        PolicyKind::Secondary => Icon::MessageSquareQuote,
        PolicyKind::Draft => Icon::FilePen,
        PolicyKind::Template => Icon::SquareDashed,
        PolicyKind::Own => Icon::UserRound,
    }
}

const fn kind_tone(kind: PolicyKind) -> ToneName {
    match kind {
        PolicyKind::Official => ToneName::Ok,
        PolicyKind::Secondary | PolicyKind::Template => ToneName::Info,
        PolicyKind::Draft => ToneName::Warn,
        PolicyKind::Own => ToneName::Accent,
    }
}

/// A kind with its icon and its colour.
pub(super) fn kind_badge(ui: &mut Ui, kind: PolicyKind) -> Response {
    Badge::new(kind_tone(kind), kind_word(kind)).icon(kind_icon(kind)).about("Kind").show(ui)
}

/// What a kind means to who relies on it.
#[must_use]
pub(super) const fn kind_meaning(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::Official => "Said by the partner, or by the body that makes the rules",
        PolicyKind::Secondary => "Passed on by somebody else than the partner; read the source before you rely on it",
        PolicyKind::Draft => "From a standard that is not finished, so it may still change",
        PolicyKind::Template => "No rules of this partner are public; what it tells you makes the policy",
        PolicyKind::Own => "Your own rules",
    }
}

/// What is to be said of where a policy is kept; nothing where its kind says it.
#[must_use]
pub(super) fn kept(state: &PolicyState) -> Option<&'static str> {
    match (state.origin, state.kind) {
        (PolicyOrigin::Instead, _) => Some("In this workspace, in the place of the one that comes with Countersign"),
        (PolicyOrigin::Workspace, kind) if kind != PolicyKind::Own => {
            Some("In this workspace; its file says of itself where it comes from")
        }
        _ => None,
    }
}

/// The name of a setting as a head: `Encryption`, `Partner certificate, signature`.
#[must_use]
pub(super) const fn setting_label(setting: Setting) -> &'static str {
    match setting {
        Setting::Encryption => "Encryption",
        Setting::EncryptionOrTls => "Encryption or TLS",
        Setting::KeyTransport => "Key transport",
        Setting::Signing => "Signing",
        Setting::SignatureScheme => "Signature scheme",
        Setting::Compression => "Compression",
        Setting::Mdn => "Receipt (MDN)",
        Setting::MdnUrl => "Receipt address",
        Setting::MdnUrlPort => "Receipt address, port",
        Setting::MdnMic => "Receipt MIC",
        Setting::ReceiptDeadlineMinutes => "Receipt deadline",
        Setting::ContentType => "Content type",
        Setting::TransferEncoding => "Transfer encoding",
        Setting::Subject => "Subject",
        Setting::Filename => "File name",
        Setting::HttpUser => "HTTP user",
        Setting::TlsTrust => "TLS trust",
        Setting::TlsIdentity => "TLS identity",
        Setting::Require => "Accepted inbound",
        Setting::RequireStrength => "Inbound strength",
        Setting::TimeoutSeconds => "Timeout",
        Setting::Retries => "Retries",
        Setting::OurAs2Id => "Our AS2 identifier",
        Setting::PartnerAs2Id => "Partner AS2 identifier",
        Setting::Url => "URL",
        Setting::UrlPort => "URL, port",
        Setting::Identity => "Identity",
        Setting::MicalgStyle => "MIC algorithm spelling",
        Setting::CmsAlgorithmProtection => "CMS algorithm protection",
        Setting::SignerCertificates => "Certificates in the signature",
        Setting::RecipientIdentifier => "Recipient identifier",
        Setting::SignatureOid => "Signature algorithm identifier",
        Setting::GcmContent => "AES-GCM structure",
        Setting::CanonicaliseMic => "MIC over canonical text",
        Setting::NewMessageIdOnRetry => "New Message-ID on retry",
        Setting::QuoteAs2Ids => "Quotes around AS2 identifiers",
        Setting::Chunked => "Chunked body",
        Setting::ReceiptHosts => "Hosts for receipts",
        Setting::PartnerSignatureHash => "Partner certificate, signature",
        Setting::PartnerKeyAlgorithm => "Partner certificate, kind of key",
        Setting::PartnerSignatureScheme => "Partner certificate, signature scheme",
        Setting::PartnerNamesComplete => "Partner certificate, names",
        Setting::PartnerTlsUse => "Partner certificate, use for TLS",
        Setting::PartnerRsaBits => "Partner certificate, RSA key",
        Setting::PartnerEcBits => "Partner certificate, EC key",
        Setting::PartnerSelfSigned => "Partner certificate, self-signed",
        Setting::PartnerValidityDays => "Partner certificate, validity",
        Setting::IdentitySignatureHash => "Own certificate, signature",
        Setting::IdentityKeyAlgorithm => "Own certificate, kind of key",
        Setting::IdentitySignatureScheme => "Own certificate, signature scheme",
        Setting::IdentityNamesComplete => "Own certificate, names",
        Setting::IdentityTlsUse => "Own certificate, use for TLS",
        Setting::IdentityRsaBits => "Own certificate, RSA key",
        Setting::IdentityEcBits => "Own certificate, EC key",
        Setting::IdentitySelfSigned => "Own certificate, self-signed",
        Setting::IdentityValidityDays => "Own certificate, validity",
        Setting::Tls => "Transport (TLS)",
    }
}

/// What findings call a setting, for people: the key of the connection file, `partner_certificate`, `tls`, `policy`.
#[must_use]
pub(in crate::ui) fn head_label(setting: &str, aspect: Option<&str>) -> String {
    let wanted = |known: &&Setting| known.head() == setting && known.aspect() == aspect;
    if let Some(known) = Setting::ALL.iter().find(wanted) {
        return setting_label(*known).to_owned();
    }
    match Setting::ALL.iter().find(|known| known.head() == setting).and_then(|known| known.certificate()) {
        Some(CertificateRole::Partner) => "Partner certificate".to_owned(),
        Some(CertificateRole::Identity) => "Own certificate".to_owned(),
        None => crate::domain::sentence::sentence(setting),
    }
}

/// The values that a rule about a number is written in; nothing for others.
#[must_use]
pub(super) const fn unit(setting: Setting) -> Option<&'static str> {
    match setting {
        Setting::PartnerRsaBits | Setting::PartnerEcBits | Setting::IdentityRsaBits | Setting::IdentityEcBits => {
            Some("bits")
        }
        Setting::PartnerValidityDays | Setting::IdentityValidityDays => Some("days"),
        Setting::ReceiptDeadlineMinutes => Some("minutes"),
        Setting::TimeoutSeconds => Some("seconds"),
        Setting::Retries => Some("times"),
        _ => None,
    }
}

/// The word for a weight.
#[must_use]
pub(super) const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Required => "Required",
        Severity::Recommended => "Recommended",
        Severity::Reported => "Reported",
    }
}

/// A weight with its icon and its colour.
pub(super) fn severity_badge(ui: &mut Ui, severity: Severity) -> Response {
    let (tone, icon) = match severity {
        Severity::Required => (ToneName::Bad, Icon::OctagonAlert),
        Severity::Recommended => (ToneName::Warn, Icon::ThumbsUp),
        Severity::Reported => (ToneName::Info, Icon::MessageSquareQuote),
    };
    Badge::new(tone, severity_word(severity)).icon(icon).about("Weight").show(ui)
}

/// Whom a rule binds: `Production and test`, `Test only, messages we receive`.
#[must_use]
pub(super) fn applies(applies_to: AppliesTo, direction: Option<Direction>) -> String {
    let profiles = match applies_to {
        AppliesTo::Both => "Production and test",
        AppliesTo::Production => "Production only",
        AppliesTo::Test => "Test only",
    };
    match direction {
        None => profiles.to_owned(),
        Some(Direction::Outbound) => format!("{profiles}, messages we send"),
        Some(Direction::Inbound) => format!("{profiles}, messages we receive"),
    }
}

/// When a rule holds, seen from now: `since 15 Oct 2019`, `from 1 Mar 2027, in 95 days`, `ended on …`.
#[must_use]
pub(super) fn in_force(rule: &Rule, moment: &Moment) -> String {
    let until = rule.until.map(|until| until.in_words());
    if rule.ended(moment.now) {
        return format!("ended on {}", until.unwrap_or_default());
    }
    let ending = until.map(|until| format!(" until {until}")).unwrap_or_default();
    let starts = rule.from.instant();
    if starts <= moment.now {
        format!("since {}{ending}", rule.from.in_words())
    } else {
        format!("from {}, {}{ending}", rule.from.in_words(), moment.until(starts))
    }
}

/// The address in a source, where it begins with one that a browser opens.
#[must_use]
pub(super) fn address(source: &str) -> Option<&str> {
    let first = source.split_whitespace().next()?;
    (first.starts_with("https://") || first.starts_with("http://")).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_opened() {
        assert_eq!(address("https://a.example/x section 9.1"), Some("https://a.example/x"));
        assert_eq!(address("file:///etc/passwd"), None);
        assert_eq!(address("letter of 3 May"), None);
        assert_eq!(address(""), None);
    }

    #[test]
    fn what_findings_name_has_a_name_for_people() {
        assert_eq!(head_label("encryption", None), "Encryption");
        assert_eq!(head_label("partner_certificate", Some("validity")), "Partner certificate");
        assert_eq!(head_label("identity_certificate", Some("rsa_bits")), "Own certificate, RSA key");
        assert_eq!(head_label("policy", None), "Policy");
    }

    #[test]
    fn no_two_settings_have_the_same_name() {
        let mut labels: Vec<&str> = Setting::ALL.iter().map(|setting| setting_label(*setting)).collect();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), Setting::ALL.len());
    }
}
