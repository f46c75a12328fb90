//! The receipt that a message asks for (RFC 4130 section 7.3).

use crate::as2::headers::{MediaType, get};
use crate::domain::algorithm::{Digest, MicalgStyle};
use crate::domain::disposition::Disposition;
use crate::domain::identifier::Address;
use crate::domain::transmission::Headers;

/// What receipt a message asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReceiptWish {
    /// Whether one is asked for at all. The value of the header means nothing: its being there asks.
    pub(super) asked: bool,
    /// Whether a signature on it is asked for.
    pub(super) signed: bool,
    /// The digests asked for that are known here, in their order.
    pub(super) digests: Vec<Digest>,
    /// How the first of them is spelled. Some read no other spelling than their own: mendelson takes `sha-1` for another
    /// digest than `sha1`.
    pub(super) spelling: Option<MicalgStyle>,
    /// Where it is to be posted, or why it cannot be posted there; nothing where it belongs into the answer.
    pub(super) whither: Option<Result<Address, String>>,
    /// Why the message cannot be processed as it insists, where it cannot.
    pub(super) unmet: Option<Disposition>,
}

impl ReceiptWish {
    pub(super) fn of(headers: &Headers) -> Self {
        let options = get(headers, "Disposition-Notification-Options").unwrap_or_default();
        let protocol = Parameter::of(options, "signed-receipt-protocol");
        let micalg = Parameter::of(options, "signed-receipt-micalg");
        let digests: Vec<Digest> = micalg.values.iter().filter_map(|name| Digest::from_micalg(name)).collect();
        let spelling = micalg.values.iter().find_map(|name| {
            let digest = Digest::from_micalg(name).filter(|digest| *digest > Digest::Md5)?;
            [MicalgStyle::Rfc5751, MicalgStyle::Rfc3851]
                .into_iter()
                .find(|style| digest.micalg(*style).eq_ignore_ascii_case(name.trim_matches(['"', ' '])))
        });
        let signed = options.to_ascii_lowercase().contains("pkcs7-signature");
        // An unknown value of what is required must not be passed over, and neither may a parameter that nobody here knows
        // (RFC 4130 section 7.3, RFC 3798 section 2.2).
        let unmet = if (protocol.required && !signed) || requires_the_unknown(options) {
            Some(Disposition::failure("unsupported format"))
        } else if micalg.required && !micalg.values.is_empty() && usable(&digests).is_none() {
            Some(Disposition::failure("unsupported MIC-algorithms"))
        } else {
            None
        };
        let whither = get(headers, "Receipt-Delivery-Option").map(|address| {
            // Brackets are no part of an address, but are written (RFC 4130 section 7.3 has none).
            let address = address.trim().trim_start_matches('<').trim_end_matches('>');
            address.parse::<Address>().map_err(|error| error.to_string())
        });
        let asked = get(headers, "Disposition-Notification-To").is_some();
        Self { asked, signed, digests, spelling, whither, unmet: unmet.filter(|_| asked) }
    }

    /// The digests of which the first that can be computed is that of an unsigned message's MIC; of a signed one the
    /// signature decides. In an unsigned receipt for which none is asked it is SHA-1 (RFC 4130 section 7.4.3; only its
    /// successor has SHA-256).
    pub(super) fn mic_digests(&self) -> Vec<Digest> {
        if self.digests.is_empty() && !self.signed { vec![Digest::Sha1] } else { self.digests.clone() }
    }

    /// The digest that a signature on the receipt is made with, where one was asked for that is.
    pub(super) fn digest(&self) -> Option<Digest> {
        usable(&self.digests)
    }
}

/// MD5 is only read.
fn usable(digests: &[Digest]) -> Option<Digest> {
    digests.iter().copied().find(|digest| *digest > Digest::Md5)
}

/// Whether a parameter that is not known here is to be understood or the message not processed.
fn requires_the_unknown(options: &str) -> bool {
    let options = MediaType::parse(&format!(";{options}"));
    options.parameters.iter().any(|(name, value)| {
        let importance = value.split(',').next().unwrap_or_default().trim();
        importance.eq_ignore_ascii_case("required") && !KNOWN.contains(&name.as_str())
    })
}

/// The parameters that are understood (RFC 4130 section 7.3).
const KNOWN: [&str; 2] = ["signed-receipt-protocol", "signed-receipt-micalg"];

/// `name=importance, value, value`.
#[derive(Default)]
struct Parameter {
    required: bool,
    values: Vec<String>,
}

impl Parameter {
    fn of(options: &str, name: &str) -> Self {
        let options = MediaType::parse(&format!(";{options}"));
        let mut found = Self::default();
        for (index, word) in options.parameter(name).unwrap_or_default().split(',').map(str::trim).enumerate() {
            match word.to_ascii_lowercase().as_str() {
                "required" if index == 0 => found.required = true,
                "optional" if index == 0 => {}
                "" => {}
                _ => found.values.push(word.to_owned()),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(options: &str) -> ReceiptWish {
        let headers = [("Disposition-Notification-To", "x"), ("Disposition-Notification-Options", options)];
        ReceiptWish::of(&headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }

    #[test]
    fn wishes_are_read_as_the_field_writes_them() {
        let usual = wish("signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha-256");
        assert!(usual.asked && usual.signed && usual.unmet.is_none() && usual.whither.is_none());
        assert_eq!(usual.digests, [Digest::Sha256]);
        let tight =
            wish("signed-receipt-protocol=required,pkcs7-signature;\tsigned-receipt-micalg=required,whirlpool,SHA1");
        assert_eq!((tight.digest(), tight.unmet), (Some(Digest::Sha1), None));
        assert!(!ReceiptWish::of(&Vec::new()).asked);
    }

    #[test]
    fn a_receipt_spells_digests_as_its_reader_does() {
        for (asked, spelling) in [
            ("optional, sha1", Some(MicalgStyle::Rfc3851)),
            ("optional, sha-1", Some(MicalgStyle::Rfc5751)),
            ("required, whirlpool, SHA256, sha-512", Some(MicalgStyle::Rfc3851)),
            ("optional, md5, SHA-384", Some(MicalgStyle::Rfc5751)),
            ("optional, sha2_256", None),
            ("optional, whirlpool", None),
        ] {
            assert_eq!(wish(&format!("signed-receipt-micalg={asked}")).spelling, spelling, "{asked}");
        }
    }

    #[test]
    fn what_is_required_and_not_known_is_a_failure_and_what_is_optional_is_not() {
        let failure = |text: &str| Some(Disposition::failure(text));
        for (options, unmet) in [
            ("signed-receipt-protocol=required, pgp-signature", failure("unsupported format")),
            ("signed-receipt-protocol=optional, pgp-signature", None),
            (
                "signed-receipt-protocol=required, pkcs7-signature; signed-receipt-micalg=required, md5, whirlpool",
                failure("unsupported MIC-algorithms"),
            ),
            ("signed-receipt-protocol=required, pkcs7-signature; signed-receipt-micalg=optional, whirlpool", None),
            ("foo=required, bar", failure("unsupported format")),
            ("signed-receipt-protocol=optional, pkcs7-signature;\tFoo = Required", failure("unsupported format")),
            ("foo=optional, bar; signed-receipt-protocol=optional, pkcs7-signature", None),
        ] {
            assert_eq!(wish(options).unmet, unmet, "{options}");
        }
    }

    #[test]
    fn a_receipt_goes_to_web_addresses_alone() {
        let whither = |address: &str| {
            ReceiptWish::of(&vec![("receipt-delivery-option".to_owned(), address.to_owned())]).whither.unwrap()
        };
        assert!(whither("https://partner.example/mdn?x=1&y=2").is_ok() && whither("<http://a.example/>").is_ok());
        for address in ["mailto:a@b.example", "file:///etc/passwd", "http://user:word@a.example/", "ftp://a/", ""] {
            assert!(whither(address).is_err(), "{address}");
        }
        assert!(whither(&format!("http://a.example/{}", "x".repeat(3000))).is_err());
    }
}
