//! How messages may differ from what RFC 4130 wants, for partners that need it.

use serde::{Deserialize, Serialize};

use crate::domain::algorithm::MicalgStyle;
use crate::domain::spelling::spelled;

spelled! {
    /// Certificates that travel inside a signature.
    pub enum SignerCertificates {
        /// The signer's own.
        Own = "own",
        /// None.
        None = "none",
        /// The signer's own and its issuers.
        Chain = "chain",
    }
}

spelled! {
    /// How a recipient is named in an encrypted message.
    pub enum RecipientIdentifierStyle {
        /// By issuer and serial number.
        IssuerSerial = "issuer-serial",
        /// By subject key identifier.
        KeyIdentifier = "key-identifier",
    }
}

spelled! {
    /// The algorithm identifier written beside an RSA signature.
    pub enum SignatureOid {
        /// With its digest, such as sha256WithRSAEncryption.
        Combined = "combined",
        /// rsaEncryption alone (RFC 3370 section 3.2).
        Plain = "plain",
    }
}

spelled! {
    /// The CMS structure around AES-GCM content.
    pub enum GcmContent {
        /// AuthEnvelopedData (RFC 5083).
        AuthEnveloped = "auth-enveloped",
        /// EnvelopedData with the tag appended, as several AS2 products write it.
        Enveloped = "enveloped",
    }
}

/// Deviations that a partner needs; each defaults to what RFC 4130 wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quirks {
    /// Spelling of digest names.
    pub micalg_style: MicalgStyle,
    /// Whether the signature carries CMSAlgorithmProtection (RFC 6211).
    pub cms_algorithm_protection: bool,
    /// Certificates inside the signature.
    pub signer_certificates: SignerCertificates,
    /// How the recipient is named.
    pub recipient_identifier: RecipientIdentifierStyle,
    /// Algorithm identifier beside the signature.
    pub signature_oid: SignatureOid,
    /// CMS structure around AES-GCM content.
    pub gcm_content: GcmContent,
    /// Whether the MIC is computed over CRLF line ends, in both directions, and a signature that fits with other line ends
    /// than those that came is let pass.
    pub canonicalise_mic: bool,
    /// Whether a retry gets a new Message-ID.
    pub new_message_id_on_retry: bool,
    /// When AS2 identifiers stand in quotes.
    pub quote_as2_ids: QuoteAs2Ids,
    /// Whether the body is sent chunked instead of with Content-Length.
    pub chunked: bool,
    /// Hosts besides that of `url` to which asynchronous receipts are posted where nothing proves who sent the message.
    pub receipt_hosts: ReceiptHosts,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            micalg_style: MicalgStyle::Rfc5751,
            cms_algorithm_protection: true,
            signer_certificates: SignerCertificates::Own,
            recipient_identifier: RecipientIdentifierStyle::IssuerSerial,
            signature_oid: SignatureOid::Combined,
            gcm_content: GcmContent::AuthEnveloped,
            canonicalise_mic: false,
            new_message_id_on_retry: false,
            quote_as2_ids: QuoteAs2Ids::WhenNeeded,
            chunked: false,
            receipt_hosts: ReceiptHosts::default(),
        }
    }
}

/// Names of hosts. Written as a list, or with commas between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenHosts", into = "String")]
pub struct ReceiptHosts(String);

/// As a connection file has them.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenHosts {
    Text(String),
    List(Vec<String>),
}

/// Something that is no name of a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a host, such as mdn.partner.example")]
pub struct HostError(String);

impl ReceiptHosts {
    /// The names, with a comma and a space between them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a host is among them.
    #[must_use]
    pub fn contains(&self, host: &str) -> bool {
        self.0.split(", ").any(|known| !known.is_empty() && known.eq_ignore_ascii_case(host))
    }
}

impl TryFrom<WrittenHosts> for ReceiptHosts {
    type Error = HostError;

    fn try_from(written: WrittenHosts) -> Result<Self, HostError> {
        let text = match written {
            WrittenHosts::Text(text) => text,
            WrittenHosts::List(list) => list.join(","),
        };
        let is_named = |character: char| character.is_ascii_alphanumeric() || "-._:[]".contains(character);
        let mut hosts = Vec::new();
        for host in text.split([',', ' ']).filter(|host| !host.is_empty()) {
            let is_one = host.len() <= 253 && host.chars().all(is_named) && host.contains(char::is_alphanumeric);
            // A port belongs to no name, and only an address in brackets has colons.
            if !is_one || (host.contains(':') && !(host.starts_with('[') && host.ends_with(']'))) {
                return Err(HostError(host.chars().take(80).collect()));
            }
            hosts.push(host.to_ascii_lowercase());
        }
        Ok(Self(hosts.join(", ")))
    }
}

impl From<ReceiptHosts> for String {
    fn from(hosts: ReceiptHosts) -> Self {
        hosts.0
    }
}

spelled! {
    /// When AS2 identifiers stand in quotes (RFC 4130 section 6.2).
    pub enum QuoteAs2Ids {
        /// Only those that hold a space, a quote or a backslash.
        WhenNeeded = "when-needed",
        /// All.
        Always = "always",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_written_as_a_list_or_with_commas_and_addresses_are_none() {
        let read =
            |text: &str| toml::from_str::<Quirks>(&format!("receipt_hosts = {text}")).map(|read| read.receipt_hosts);
        let hosts = read("[\"MDN.partner.example\", \"[::1]\"]").unwrap();
        assert_eq!(
            (hosts.as_str(), &hosts),
            ("mdn.partner.example, [::1]", &read("\"mdn.partner.example,[::1]\"").unwrap())
        );
        assert!(hosts.contains("mdn.PARTNER.example") && !hosts.contains("partner.example") && !hosts.contains(""));
        assert!(!read("\"\"").unwrap().contains("") && read("\"\"").unwrap() == ReceiptHosts::default());
        for nonsense in ["https://mdn.partner.example/", "mdn.partner.example:8080", "*", "a/b"] {
            let error = read(&format!("{nonsense:?}")).unwrap_err().to_string();
            assert!(error.contains("not the name of a host"), "{nonsense}: {error}");
        }
    }
}
