//! Settings, values and demands in the words of people.

use super::rule::{Requirement, Rule, Severity};
use super::setting::{Setting, SettingValue};
use crate::domain::algorithm::{Digest, Encryption, Signing};
use crate::domain::connection::MdnMode;
use crate::domain::identifier::without_secrets;

impl Setting {
    /// What it is, within a sentence: `encryption`, `the receipt (MDN)`, `our key`.
    #[must_use]
    pub const fn topic(self) -> &'static str {
        match self {
            Self::Encryption => "encryption",
            Self::KeyTransport => "key transport",
            Self::Signing => "signing",
            Self::SignatureScheme => "the signature scheme",
            Self::Compression => "compression",
            Self::Mdn => "the receipt (MDN)",
            Self::MdnMic => "the receipt's MIC",
            Self::Require => "what is accepted inbound",
            Self::RequireStrength => "how strong what is accepted inbound is",
            Self::EncryptionOrTls => "messages on their way",
            Self::UrlPort => "the port of the address",
            Self::MdnUrlPort => "the port of the receipts' address",
            Self::PartnerSignatureHash | Self::PartnerSignatureScheme => "the signature on the partner certificate",
            Self::PartnerKeyAlgorithm | Self::PartnerRsaBits | Self::PartnerEcBits => "the partner's key",
            Self::PartnerSelfSigned | Self::PartnerTlsUse => "the partner certificate",
            Self::PartnerNamesComplete => "the names in the partner certificate",
            Self::PartnerValidityDays => "the partner certificate's validity",
            Self::IdentitySignatureHash | Self::IdentitySignatureScheme => "the signature on our certificate",
            Self::IdentityKeyAlgorithm | Self::IdentityRsaBits | Self::IdentityEcBits => "our key",
            Self::IdentitySelfSigned | Self::IdentityTlsUse => "our certificate",
            Self::IdentityNamesComplete => "the names in our certificate",
            Self::IdentityValidityDays => "our certificate's validity",
            Self::Tls => "the transport",
            _ => self.as_str(),
        }
    }

    /// A value in the words people use: `3DES`, `SHA-256`, `RSA 2048`. What may be secret in an address is left out:
    /// findings are told to others.
    #[must_use]
    pub fn label(self, value: &SettingValue) -> String {
        match (self, value) {
            (Self::Url | Self::MdnUrl, SettingValue::Word(address)) => without_secrets(address),
            (_, SettingValue::Word(word)) => self.word_label(word),
            (Self::PartnerRsaBits | Self::IdentityRsaBits, SettingValue::Number(bits)) => format!("RSA {bits}"),
            (Self::PartnerEcBits | Self::IdentityEcBits, SettingValue::Number(bits)) => format!("EC P-{bits}"),
            (Self::PartnerValidityDays | Self::IdentityValidityDays, SettingValue::Number(days)) => {
                format!("{days} {}", if *days == 1 { "day" } else { "days" })
            }
            (Self::ReceiptDeadlineMinutes, SettingValue::Number(minutes)) => format!("{minutes} min"),
            (Self::TimeoutSeconds, SettingValue::Number(seconds)) => format!("{seconds} s"),
            (Self::UrlPort | Self::MdnUrlPort, SettingValue::Number(port)) => format!("port {port}"),
            (_, SettingValue::Number(number)) => number.to_string(),
            (Self::PartnerSelfSigned | Self::IdentitySelfSigned, SettingValue::Flag(flag)) => {
                if *flag { "self-signed" } else { "not self-signed" }.to_owned()
            }
            (Self::PartnerNamesComplete | Self::IdentityNamesComplete, SettingValue::Flag(flag)) => {
                if *flag { "every part filled" } else { "an empty part" }.to_owned()
            }
            (Self::PartnerTlsUse, SettingValue::Flag(flag)) => {
                if *flag { "made for TLS" } else { "not made for TLS" }.to_owned()
            }
            (Self::IdentityTlsUse, SettingValue::Flag(flag)) => {
                if *flag { "used for TLS" } else { "not used for TLS" }.to_owned()
            }
            (Self::EncryptionOrTls, SettingValue::Flag(flag)) => {
                if *flag { "encrypted or over https" } else { "neither encrypted nor over https" }.to_owned()
            }
            (_, SettingValue::Flag(flag)) => if *flag { "on" } else { "off" }.to_owned(),
        }
    }

    fn word_label(self, word: &str) -> String {
        let known = match self {
            Self::Encryption => word.parse().ok().map(Encryption::label),
            Self::Signing => word.parse().ok().map(Signing::label),
            Self::Mdn => word.parse().ok().map(MdnMode::label),
            Self::MdnMic | Self::PartnerSignatureHash | Self::IdentitySignatureHash => {
                word.parse().ok().map(Digest::label)
            }
            Self::KeyTransport
            | Self::SignatureScheme
            | Self::PartnerSignatureScheme
            | Self::IdentitySignatureScheme => match word {
                "ecdsa" => Some("ECDSA"),
                "rsa-pkcs1" => Some("RSA PKCS #1 v1.5"),
                "rsa-oaep-sha1" => Some("RSA-OAEP SHA-1"),
                "rsa-oaep-sha256" => Some("RSA-OAEP SHA-256"),
                "rsa-oaep-sha384" => Some("RSA-OAEP SHA-384"),
                "rsa-oaep-sha512" => Some("RSA-OAEP SHA-512"),
                "rsa-pss" => Some("RSA-PSS"),
                _ => None,
            },
            Self::PartnerKeyAlgorithm | Self::IdentityKeyAlgorithm => match word {
                "rsa" => Some("RSA"),
                "ec" => Some("EC"),
                "ed" => Some("Edwards curve"),
                "other" => Some("another kind"),
                _ => None,
            },
            Self::Compression | Self::Require => match word {
                "none" => Some("None"),
                "before-signing" => Some("Before signing"),
                "after-signing" => Some("After signing"),
                "signed" => Some("Signed"),
                "encrypted" => Some("Encrypted"),
                "signed-encrypted" => Some("Signed and encrypted"),
                _ => None,
            },
            Self::RequireStrength => match word {
                "any" => Some("Any strength"),
                "as-sent" => Some("As strong as what is sent"),
                _ => None,
            },
            Self::Tls => match word {
                "tls-1.2" => Some("TLS 1.2"),
                "tls-1.3" => Some("TLS 1.3"),
                _ => None,
            },
            _ => None,
        };
        known.map_or_else(|| word.to_owned(), str::to_owned)
    }
}

impl Requirement {
    /// The demand in a few words: `AES-128 or stronger`, `not 3DES`.
    #[must_use]
    pub fn label(&self, setting: Setting) -> String {
        match self {
            Self::AtLeast(least) => match (setting, least) {
                (Setting::Tls, SettingValue::Word(word)) if word.starts_with("tls-") => {
                    format!("{} or later", setting.label(least))
                }
                (Setting::Tls | Setting::Mdn | Setting::Require, _) => setting.label(least),
                (
                    Setting::PartnerRsaBits
                    | Setting::IdentityRsaBits
                    | Setting::PartnerEcBits
                    | Setting::IdentityEcBits,
                    _,
                )
                | (_, SettingValue::Word(_)) => format!("{} or stronger", setting.label(least)),
                _ => format!("{} or more", setting.label(least)),
            },
            Self::OneOf(allowed) => listed(setting, allowed),
            Self::Range(SettingValue::Number(0), high) => format!("at most {}", setting.label(high)),
            Self::Range(low, high) => format!("{} to {}", setting.label(low), setting.label(high)),
            Self::Never(refused) => format!("not {}", listed(setting, refused)),
        }
    }
}

impl Rule {
    /// What it does to its setting, after the name of whoever makes it: `requires AES-128 or stronger for encryption`,
    /// `forbids 3DES for encryption`.
    #[must_use]
    pub fn demand(&self) -> String {
        let (verb, what) = match (&self.requirement, self.severity) {
            (Requirement::Never(refused), Severity::Required) => ("forbids", listed(self.setting, refused)),
            (Requirement::Never(refused), Severity::Recommended) => ("advises against", listed(self.setting, refused)),
            (Requirement::Never(refused), Severity::Reported) => {
                ("is reported to refuse", listed(self.setting, refused))
            }
            (allowed, Severity::Required) => ("requires", allowed.label(self.setting)),
            (allowed, Severity::Recommended) => ("recommends", allowed.label(self.setting)),
            (allowed, Severity::Reported) => ("is reported to want", allowed.label(self.setting)),
        };
        format!("{verb} {what} for {}", self.setting.topic())
    }
}

/// Values as a sentence lists them: `RSA 1024, RSA 2048 or RSA 3072`. Numbers that follow one another are told by the
/// first and the last of them.
fn listed(setting: Setting, values: &[SettingValue]) -> String {
    let follows = |one: &SettingValue, next: &SettingValue| match (one, next) {
        (SettingValue::Number(one), SettingValue::Number(next)) => one.checked_add(1) == Some(*next),
        _ => false,
    };
    let labels: Vec<String> = values
        .chunk_by(follows)
        .flat_map(|run| match run {
            [first, _, .., last] => vec![format!("{} to {}", setting.label(first), setting.label(last))],
            few => few.iter().map(|value| setting.label(value)).collect(),
        })
        .collect();
    match labels.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => labels.concat(),
    }
}
