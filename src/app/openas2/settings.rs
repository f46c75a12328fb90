//! A partnership of OpenAS2 as settings of a profile, by the keys of the connection file.
//!
//! The names of algorithms are those of its `ICryptoHelper`, the attributes those of its `Partnership` (version 4).

use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use super::partnerships::Partnership;
use super::{MovedFrom, mendelson};
use crate::domain::algorithm::{Digest, Encryption, Signing};

/// The settings of a profile, and what is to be said of them.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) keys: Map<String, Value>,
    pub(super) remarks: Vec<String>,
    pub(super) http_password: Option<Zeroizing<String>>,
}

/// The settings of a partnership with which we send; or why there cannot be a profile for it.
pub(super) fn settings(partnership: &Partnership) -> Result<Settings, String> {
    if partnership.from == MovedFrom::Mendelson {
        return mendelson::settings(partnership);
    }
    let mut settings = Settings::default();
    let url = partnership.attribute("as2_url").ok_or("it has no as2_url to send to")?;
    settings.set("our_as2_id", &partnership.sender.as2_id);
    settings.set("partner_as2_id", &partnership.receiver.as2_id);
    settings.address(url);
    let encryption = match partnership.attribute("encrypt") {
        None => Encryption::None,
        Some(name) => cipher(name).ok_or_else(|| format!("it encrypts with {name}, which is not spoken here"))?,
    };
    settings.set("encryption", encryption.as_str());
    let signing = match partnership.attribute("sign") {
        None => Signing::None,
        Some(name) => Digest::from_micalg(name)
            .and_then(signing)
            .ok_or_else(|| format!("it signs over a digest by {name}, which is not spoken here"))?,
    };
    settings.set("signing", signing.as_str());
    settings.compression(partnership);
    settings.receipt(partnership, signing);
    settings.payload(partnership);
    settings.transport(partnership);
    Ok(settings)
}

impl Settings {
    pub(super) fn set(&mut self, key: &str, value: &str) {
        self.keys.insert(key.to_owned(), Value::from(value));
    }

    pub(super) fn quirk(&mut self, key: &str, value: impl Into<Value>) {
        let quirks = self.keys.entry("quirks").or_insert_with(|| Value::Object(Map::new()));
        if let Some(quirks) = quirks.as_object_mut() {
            quirks.insert(key.to_owned(), value.into());
        }
    }

    /// The address, and who we are at that server where it says so: that belongs into settings of its own.
    pub(super) fn address(&mut self, written: &str) {
        if let Ok(mut url) = Url::parse(written)
            && !url.username().is_empty()
        {
            self.set("http_user", url.username());
            self.http_password = url.password().map(|password| Zeroizing::new(password.to_owned()));
            // Neither fails for an address with a host, which it has where it has a user.
            if url.set_username("").is_ok() && url.set_password(None).is_ok() {
                return self.set("url", url.as_str());
            }
        }
        self.set("url", written);
    }

    fn compression(&mut self, partnership: &Partnership) {
        let is_compressed = match partnership.attribute("compression_type") {
            None => false,
            Some(name) if name.eq_ignore_ascii_case("none") => false,
            Some(name) => {
                if !name.eq_ignore_ascii_case("zlib") {
                    self.remarks
                        .push(format!("It compresses with {name}; here it is ZLIB, the one that RFC 5402 knows"));
                }
                true
            }
        };
        if is_compressed {
            let after = partnership.attribute("compression_mode").is_some_and(|mode| mode == "compress-after-signing");
            self.set("compression", if after { "after-signing" } else { "before-signing" });
        }
    }

    fn receipt(&mut self, partnership: &Partnership, signing: Signing) {
        if partnership.attribute("as2_mdn_to").is_none() {
            self.set("mdn", "none");
            return;
        }
        let options = partnership.attribute("as2_mdn_options").unwrap_or("none").to_ascii_lowercase();
        let is_signed = options.contains("pkcs7-signature");
        let later = partnership.attribute("as2_receipt_option");
        match later {
            None => self.set("mdn", if is_signed { "sync-signed" } else { "sync" }),
            Some(address) if address.contains('$') => {
                self.set("mdn", if is_signed { "sync-signed" } else { "sync" });
                self.remarks.push(format!(
                    "Its receipts come to {address}, which is not known here; they are asked for in the answer instead"
                ));
            }
            Some(address) => {
                self.set("mdn", if is_signed { "async-signed" } else { "async" });
                self.set("mdn_url", address);
                self.remarks.push(format!(
                    "Its receipts come to {address}; they must come to this program once OpenAS2 does not run any more"
                ));
            }
        }
        let asked = options
            .split(';')
            .filter_map(|parameter| parameter.split_once("signed-receipt-micalg"))
            .flat_map(|(_, values)| values.trim_start_matches([' ', '=']).split(','))
            .find_map(Digest::from_micalg);
        if let Some(asked) =
            asked.filter(|asked| is_signed && signing.digest() != Some(*asked) && *asked != Digest::Md5)
        {
            self.set("mdn_mic", asked.as_str());
        }
    }

    fn payload(&mut self, partnership: &Partnership) {
        if let Some(kind) = partnership.attribute("content_type") {
            self.set("content_type", kind);
        } else {
            // What OpenAS2 sends where nothing is said.
            self.set("content_type", "application/octet-stream");
        }
        let encoding = partnership.attribute("content_transfer_encoding");
        if encoding.is_some_and(|encoding| encoding.eq_ignore_ascii_case("base64")) {
            self.set("transfer_encoding", "base64");
        }
        match partnership.attribute("subject") {
            Some(subject) if subject.contains('$') => self.remarks.push(format!(
                "Its subject `{subject}` is made from other values; the subject is left as it is made here"
            )),
            Some(subject) => self.set("subject", subject),
            None => {}
        }
    }

    fn transport(&mut self, partnership: &Partnership) {
        if let Some(user) = partnership.attribute("http_user") {
            self.set("http_user", user);
            self.http_password =
                partnership.attribute("http_password").map(|password| Zeroizing::new(password.to_owned()));
        }
        if let Some(retries) = partnership.attribute("resend_max_retries").and_then(|text| text.parse::<u32>().ok()) {
            self.keys.insert("retries".to_owned(), Value::from(retries.min(20)));
        }
        if partnership.is_on("remove_cms_algorithm_protection_attrib") {
            self.quirk("cms_algorithm_protection", false);
        }
        if partnership.is_on("rename_digest_to_old_name") {
            self.quirk("micalg_style", "rfc3851");
        }
        if partnership.is_on("resend_requires_new_message_id") {
            self.quirk("new_message_id_on_retry", true);
        }
        if partnership.attribute("https_client_keystore").is_some() {
            self.remarks.push(
                "It shows the server a certificate of its own (https_client_keystore); import that as an identity and set `tls_identity`"
                    .to_owned(),
            );
        }
        if partnership.attribute("custom_mime_headers").is_some() {
            self.remarks.push("It adds headers of its own (custom_mime_headers); these are not sent here".to_owned());
        }
    }
}

fn cipher(name: &str) -> Option<Encryption> {
    let plain = name.to_ascii_lowercase().replace(['-', '_'], "");
    Some(match plain.as_str() {
        "3des" => Encryption::TripleDesCbc,
        "aes128" | "aes128cbc" => Encryption::Aes128Cbc,
        "aes192" | "aes192cbc" => Encryption::Aes192Cbc,
        "aes256" | "aes256cbc" => Encryption::Aes256Cbc,
        "aes128gcm" => Encryption::Aes128Gcm,
        "aes192gcm" => Encryption::Aes192Gcm,
        "aes256gcm" => Encryption::Aes256Gcm,
        "none" => Encryption::None,
        _ => return None,
    })
}

/// Signing over a digest, where that is done.
fn signing(digest: Digest) -> Option<Signing> {
    Signing::ALL.iter().copied().find(|signing| signing.digest() == Some(digest))
}
