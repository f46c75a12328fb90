//! Every setting that can be changed here: its key in the connection file, its name, its control, and what it is for.

use crate::domain::identifier::ProfileKind;
use crate::domain::policy::{Setting, SettingValue, Shape};

/// Whose setting it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::ui) enum Scope {
    /// The connection's own.
    Own,
    /// A profile's.
    Profile(ProfileKind),
}

/// Where a setting stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Group {
    /// Always in sight, first.
    Security,
    /// Always in sight.
    Address,
    /// Folded.
    More,
    /// Folded: deviations from the standard.
    Quirks,
    /// Folded: of the connection itself.
    Connection,
}

/// What it is changed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Control {
    /// A list of the words that the setting takes, with the word for none where it may be left open.
    Words(Option<&'static str>),
    /// On or off.
    Flag,
    /// Text, with an example.
    Text(&'static str),
    /// An identifier or an address, with an example.
    Mono(&'static str),
    /// A whole number of something.
    Number(&'static str),
    /// One of our identities; may be left open where a word for that is given.
    Identity(Option<&'static str>),
    /// The partner's certificate, which is changed in its own dialog.
    PartnerCertificate,
    /// The HTTP password, a secret.
    Password,
    /// The system's trust, or a file.
    Trust,
    /// One of the workspace's policies.
    Policy,
    /// Several lines.
    Notes,
}

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Row {
    /// The key of the connection file.
    pub key: &'static str,
    /// What findings call it, where that is another word.
    pub finding: &'static str,
    /// Its name.
    pub label: &'static str,
    /// What it is for, in a line.
    pub about: &'static str,
    /// Where it stands.
    pub group: Group,
    /// What it is changed with.
    pub control: Control,
}

/// Not a key of the connection file: the password is a secret of the workspace.
pub(in crate::ui) const PASSWORD: &str = "http_password";

const fn row(group: Group, key: &'static str, label: &'static str, control: Control, about: &'static str) -> Row {
    Row { key, finding: key, label, about, group, control }
}

const WORDS: Control = Control::Words(None);

/// The settings of a profile, in their order.
static PROFILE: [Row; 38] = {
    use Control::{Flag, Identity, Mono, Number, PartnerCertificate, Password, Text, Trust, Words};
    use Group::{Address, More, Quirks, Security};
    [
        row(Security, "encryption", "Encryption", WORDS, "The cipher that hides what is sent"),
        row(Security, "signing", "Signing", WORDS, "The digest that is signed"),
        Row {
            finding: "partner_certificate",
            ..row(
                Security,
                "partner_certificate",
                "Partner certificate",
                PartnerCertificate,
                "Messages are encrypted for it, and the partner's signatures are verified with it",
            )
        },
        Row {
            finding: "identity_certificate",
            ..row(Security, "identity", "Own certificate", Identity(None), "The identity whose key signs and decrypts")
        },
        row(
            Security,
            "mdn",
            "Receipt (MDN)",
            WORDS,
            "The receipt that is asked for, and whether it comes at once or later",
        ),
        row(
            More,
            "mdn_url",
            "Receipt address",
            Mono("https://you.example/as2"),
            "Where the partner sends receipts that come later",
        ),
        row(
            More,
            "receipt_deadline_minutes",
            "Receipt deadline",
            Number("minutes"),
            "After so long without its receipt a transmission is uncertain",
        ),
        Row {
            finding: "tls",
            ..row(Address, "url", "URL", Mono("https://partner.example/as2"), "Where messages are posted")
        },
        row(Address, "our_as2_id", "Our AS2 ID", Mono("ACME"), "AS2-From of what we send; upper and lower case differ"),
        row(
            Address,
            "partner_as2_id",
            "Partner's AS2 ID",
            Mono("PARTNER"),
            "AS2-To of what we send; upper and lower case differ",
        ),
        row(More, "key_transport", "Key transport", WORDS, "How the content key is wrapped for an RSA certificate"),
        row(More, "signature_scheme", "Signature scheme", WORDS, "How an RSA key signs"),
        row(
            More,
            "compression",
            "Compression",
            WORDS,
            "Whether messages are compressed, and on which side of the signature",
        ),
        row(
            More,
            "mdn_mic",
            "Receipt's MIC",
            Words(Some("As for signing")),
            "The digest that the receipt is asked to confirm",
        ),
        row(More, "content_type", "Content type", Mono("application/edi-x12"), "The media type of the documents"),
        row(More, "transfer_encoding", "Transfer encoding", WORDS, "Binary, unless the partner cannot read it"),
        row(More, "subject", "Subject", Text("None"), "The Subject header of messages"),
        row(More, "filename", "File name", WORDS, "Whether the partner is told the name of the file"),
        row(
            More,
            "require",
            "Inbound security",
            Words(Some("As for sending")),
            "The least that an inbound message must have",
        ),
        row(
            More,
            "require_strength",
            "Inbound strength",
            Words(Some("Any, weaker is noted")),
            "What is signed or encrypted less strongly than we send is noted, or refused",
        ),
        row(More, "http_user", "HTTP user", Text("None"), "For servers that ask for a user name and a password"),
        row(More, PASSWORD, "HTTP password", Password, "Kept sealed in the workspace, never shown and never exported"),
        row(
            More,
            "tls_trust",
            "Server trust",
            Trust,
            "Which servers are trusted: those the system trusts, or only those of a PEM file",
        ),
        row(
            More,
            "tls_identity",
            "TLS identity",
            Identity(Some("None")),
            "The identity shown to a server that asks for one",
        ),
        row(
            More,
            "timeout_seconds",
            "Timeout",
            Number("seconds"),
            "After so long without progress a transmission is given up",
        ),
        row(
            More,
            "retire_unused_days",
            "Old certificate",
            Number("days unused"),
            "A replaced certificate is accepted until it was not seen for so long; 0 accepts it until its end",
        ),
        row(More, "retries", "Retries", Number("times"), "How often daily work is tried again; a test send never is"),
        row(
            Quirks,
            "quirks.micalg_style",
            "Digest names",
            WORDS,
            "For older products that know sha256 but not sha-256",
        ),
        row(
            Quirks,
            "quirks.cms_algorithm_protection",
            "Algorithm protection",
            Flag,
            "For products that refuse signatures with the CMSAlgorithmProtection attribute: off",
        ),
        row(
            Quirks,
            "quirks.signer_certificates",
            "Certificates sent",
            WORDS,
            "For partners who need our certificate's issuers in the signature, or nothing",
        ),
        row(
            Quirks,
            "quirks.recipient_identifier",
            "Recipient named",
            WORDS,
            "For products that look their key up by its identifier",
        ),
        row(Quirks, "quirks.signature_oid", "Signature name", WORDS, "For products that know rsaEncryption alone"),
        row(
            Quirks,
            "quirks.gcm_content",
            "GCM structure",
            WORDS,
            "For products that write AES-GCM without authenticated enveloping",
        ),
        row(
            Quirks,
            "quirks.canonicalise_mic",
            "Canonical MIC",
            Flag,
            "For partners who compute the MIC over CRLF line ends; lets pass what is signed with others",
        ),
        row(
            Quirks,
            "quirks.new_message_id_on_retry",
            "New ID on retry",
            Flag,
            "For partners who refuse a Message-ID they have seen; risks duplicates",
        ),
        row(
            Quirks,
            "quirks.quote_as2_ids",
            "Quoted AS2 IDs",
            WORDS,
            "For products that want identifiers in quotes always",
        ),
        row(
            Quirks,
            "quirks.chunked",
            "Chunked sending",
            Flag,
            "For servers that want chunks instead of a stated length",
        ),
        row(
            Quirks,
            "quirks.receipt_hosts",
            "Receipt hosts",
            Mono("mdn.partner.example"),
            "For partners who send unsigned messages and take asynchronous receipts on another host than that of the URL",
        ),
    ]
};

/// The settings of the connection itself.
static OWN: [Row; 6] = [
    row(Group::Connection, "name", "Name", Control::Text("Partner, country"), "What you call it"),
    row(Group::Connection, "policy", "Policy", Control::Policy, "The rules by which both profiles are judged"),
    row(
        Group::Connection,
        "customer",
        "Customer",
        Control::Text("None"),
        "For whom the connection is kept; the matrix is grouped and filtered by it",
    ),
    row(
        Group::Connection,
        "tags",
        "Tags",
        Control::Text("None; commas between them"),
        "Words of your own to find it by, with commas between them",
    ),
    row(Group::Connection, "contact", "Contact", Control::Text("Whom to call"), "Whom to call when something is wrong"),
    row(Group::Connection, "notes", "Notes", Control::Notes, "Anything worth remembering"),
];

/// All rows of a scope, in their order.
pub(in crate::ui) fn rows(scope: Scope) -> impl Iterator<Item = &'static Row> {
    let rows: &[Row] = match scope {
        Scope::Own => &OWN,
        Scope::Profile(_) => &PROFILE,
    };
    rows.iter()
}

/// The rows of a scope that are keys of the connection file.
pub(in crate::ui) fn settings_of(scope: Scope) -> impl Iterator<Item = &'static Row> {
    rows(scope).filter(|row| !matches!(row.control, Control::PartnerCertificate | Control::Password))
}

/// The row of a setting, by its key or by what findings call it.
#[must_use]
pub(in crate::ui) fn find(scope: Scope, key: &str) -> Option<&'static Row> {
    rows(scope).find(|row| row.key == key).or_else(|| rows(scope).find(|row| row.finding == key))
}

/// Whether a finding is about a row.
#[must_use]
pub(in crate::ui) fn is_about(row: &Row, setting: &str) -> bool {
    row.finding == setting || row.key == setting
}

/// The words a setting takes, each with its label; none where it takes no words.
#[must_use]
pub(in crate::ui) fn words(row: &Row) -> Vec<(String, String)> {
    let Ok(setting) = row.key.parse::<Setting>() else { return Vec::new() };
    let words = match setting.shape() {
        Shape::Ordered(words) | Shape::Words(words) => words,
        Shape::Flag => vec!["true", "false"],
        Shape::Number | Shape::Text => Vec::new(),
    };
    words
        .into_iter()
        // Only ever read, never asked for.
        .filter(|word| !(setting == Setting::MdnMic && *word == "md5"))
        // The same as saying nothing.
        .filter(|word| !(setting == Setting::RequireStrength && *word == "any"))
        .map(|word| (word.to_owned(), word_label(row, setting, word)))
        .collect()
}

fn word_label(row: &Row, setting: Setting, word: &str) -> String {
    let plain = match (row.key, word) {
        ("mdn", "sync") => "Unsigned, at once",
        ("mdn", "sync-signed") => "Signed, at once",
        ("mdn", "async") => "Unsigned, later",
        ("mdn", "async-signed") => "Signed, later",
        ("require_strength", "as-sent") => "As for sending",
        ("transfer_encoding", "binary") => "Binary",
        ("transfer_encoding", "base64") => "Base64",
        ("filename", "preserve") => "Sent",
        ("filename", "none") => "Not sent",
        ("quirks.micalg_style", "rfc5751") => "sha-256",
        ("quirks.micalg_style", "rfc3851") => "sha256",
        ("quirks.signer_certificates", "own") => "Ours",
        ("quirks.signer_certificates", "none") => "None",
        ("quirks.signer_certificates", "chain") => "Ours and its issuers",
        ("quirks.recipient_identifier", "issuer-serial") => "By issuer and serial number",
        ("quirks.recipient_identifier", "key-identifier") => "By key identifier",
        ("quirks.signature_oid", "combined") => "With its digest",
        ("quirks.signature_oid", "plain") => "rsaEncryption alone",
        ("quirks.gcm_content", "auth-enveloped") => "Authenticated (RFC 5083)",
        ("quirks.gcm_content", "enveloped") => "Enveloped data",
        ("quirks.quote_as2_ids", "when-needed") => "When needed",
        ("quirks.quote_as2_ids", "always") => "Always",
        (_, "true") => "On",
        (_, "false") => "Off",
        _ => return setting.label(&SettingValue::Word(word.to_owned())),
    };
    plain.to_owned()
}

/// A value in the words of its row.
#[must_use]
pub(in crate::ui) fn value_label(row: &Row, value: &str) -> String {
    if value.is_empty() {
        return match row.control {
            Control::Words(Some(open)) | Control::Identity(Some(open)) => open.to_owned(),
            _ => "nothing".to_owned(),
        };
    }
    if let Ok(setting) = row.key.parse::<Setting>()
        && !matches!(setting.shape(), Shape::Number | Shape::Text)
    {
        return word_label(row, setting, value);
    }
    match row.control {
        Control::Number(unit) => format!("{value} {unit}"),
        Control::Trust if value == "system" => "System".to_owned(),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_that_can_be_ruled_on_has_a_row() {
        let scope = Scope::Profile(ProfileKind::Production);
        for setting in Setting::ALL {
            assert!(find(scope, setting.head()).is_some(), "{}", setting.as_str());
        }
    }

    #[test]
    fn every_word_has_a_label_of_its_own() {
        for row in rows(Scope::Profile(ProfileKind::Production)) {
            for (word, label) in words(row) {
                assert!(label != word || word.chars().any(|c| c.is_ascii_digit()), "{}: {word}", row.key);
            }
        }
    }
}
