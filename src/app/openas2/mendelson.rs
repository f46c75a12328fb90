//! What mendelson AS2 exports: its configuration as XML, with its local stations and its partners.
//!
//! The elements are those that its `ConfigurationExport`, `Partner`, `PartnerEventInformation` and `HTTPAuthentication` write,
//! the numbers of algorithms those of its `AS2Message`, `EncryptionConstantsAS2` and `SignatureConstantsAS2`. Certificates are
//! named by their alias in its keystore, `certificates.p12`. A message is made by the partner's entry alone, and the receipt
//! that comes later goes to the local station's `mdnurl`.

use std::collections::BTreeMap;

use roxmltree::Node;
use zeroize::Zeroizing;

use super::MovedFrom;
use super::partnerships::{MOST_TEXT, Partner, Partnership, document, too_much_text};
use super::settings::Settings;
use crate::app::AppError;
use crate::domain::algorithm::{Encryption, KeyTransport, SignatureScheme, Signing};

/// The most pairs of a local station and a partner that are taken from one file.
const MOST: usize = 10_000;

/// An export. Not to be shown: it holds passwords.
pub(super) struct Export {
    pub(super) partnerships: Vec<Partnership>,
    /// Of its keystore.
    pub(super) password: Option<Zeroizing<String>>,
}

/// Whether a text is an export of mendelson, as far as its beginning says.
pub(super) fn is_export(text: &str) -> bool {
    document(text).is_ok_and(|document| document.root_element().has_tag_name("configuration"))
}

/// The text of an element inside another, where it is there and not empty.
fn text<'d>(node: Node<'d, '_>, name: &str) -> Option<&'d str> {
    let found = node.children().find(|child| child.has_tag_name(name))?;
    found.text().map(str::trim).filter(|text| !text.is_empty())
}

fn is_on(node: Node<'_, '_>, name: &str) -> bool {
    text(node, name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// Reads an export: each of its local stations with each of its partners, because it does not say who speaks with whom.
pub(super) fn read(xml: &str) -> Result<Export, AppError> {
    let document = document(xml)?;
    let root = document.root_element();
    let entries: Vec<Node<'_, '_>> = root.children().filter(|node| node.has_tag_name("partner")).collect();
    let (ours, theirs): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| is_on(*entry, "localstation"));
    if ours.is_empty() {
        return Err(AppError::new("there is no local station in it, so it does not show who you are")
            .hint("export all of the configuration from mendelson, with its local station"));
    }
    if ours.len().saturating_mul(theirs.len()) > MOST {
        return Err(AppError::new(format!("it has more than {MOST} pairs of a local station and a partner")));
    }
    // Each is read once, however many there are on the other side.
    let ours: Vec<Local> = ours.into_iter().map(Local::read).collect::<Result<_, _>>()?;
    let theirs: Vec<Remote> = theirs.into_iter().map(Remote::read).collect::<Result<_, _>>()?;
    let length: usize = theirs.iter().flat_map(|remote| remote.attributes.values()).map(String::len).sum();
    if length.saturating_mul(ours.len()) > MOST_TEXT {
        return Err(too_much_text());
    }
    let pairs = ours.iter().flat_map(|local| theirs.iter().map(move |remote| partnership(local, remote)));
    let partnerships = pairs.collect();
    let password = text(root, "keystorepass").map(|password| Zeroizing::new(password.to_owned()));
    Ok(Export { partnerships, password })
}

fn partner(entry: Node<'_, '_>) -> Result<Partner, AppError> {
    let as2_id = text(entry, "as2ident").ok_or_else(|| {
        let line = entry.document().text_pos_at(entry.range().start).row;
        AppError::new(format!("line {line}: the partner has no as2ident"))
    })?;
    let owned = |name: &str| text(entry, name).map(str::to_owned);
    Ok(Partner {
        name: owned("name").unwrap_or_else(|| as2_id.to_owned()),
        as2_id: as2_id.to_owned(),
        alias: owned("cryptalias"),
        verifies_with: owned("signalias"),
        email: owned("commentcontact").or_else(|| owned("email").filter(|mail| mail != "sender@as2server.com")),
    })
}

/// A local station.
struct Local {
    partner: Partner,
    /// Where its receipts come to.
    receipts: Option<String>,
}

impl Local {
    fn read(entry: Node<'_, '_>) -> Result<Self, AppError> {
        Ok(Self { partner: partner(entry)?, receipts: text(entry, "mdnurl").map(str::to_owned) })
    }
}

/// A partner.
struct Remote {
    partner: Partner,
    /// What stands in the place of the local station's own aliases.
    signs: Option<String>,
    decrypts: Option<String>,
    attributes: BTreeMap<String, String>,
}

impl Remote {
    fn read(entry: Node<'_, '_>) -> Result<Self, AppError> {
        let mut attributes: BTreeMap<String, String> = entry
            .children()
            .filter(|child| child.is_element() && !child.children().any(|inner| inner.is_element()))
            .filter_map(|child| Some((child.tag_name().name().to_owned(), child.text()?.to_owned())))
            .collect();
        let mut note = |key: &str, value: &str| drop(attributes.insert(format!("our-{key}"), value.to_owned()));
        let own = is_on(entry, "overwritelocalstationsecurity");
        let overwritten = |name: &str| text(entry, name).filter(|_| own).map(str::to_owned);
        let (signs, decrypts) = (overwritten("signaliasoverwritelocal"), overwritten("cryptaliasoverwritelocal"));
        for auth in entry.children().filter(|child| child.has_tag_name("httpauthentication")) {
            let uses_password = is_on(auth, "enabled");
            match auth.attribute("type") {
                Some("standard") if uses_password => {
                    note("user", text(auth, "user").unwrap_or_default());
                    note("password", text(auth, "password").unwrap_or_default());
                }
                Some("standard") if text(auth, "authmode") == Some("3") => note("certificate", "yes"),
                Some("asyncmdn") if uses_password => note("receipt-login", "yes"),
                _ => {}
            }
        }
        if entry.descendants().any(|inner| inner.has_tag_name("httpheader")) {
            note("headers", "yes");
        }
        let runs = ["useonreceipt", "useonsenderror", "useonsendsuccess", "usecommandonreceipt"];
        let older = ["usecommandonsenderror", "usecommandonsendsuccess"];
        let is_run = |inner: Node<'_, '_>| {
            let name = inner.tag_name().name();
            (runs.contains(&name) || older.contains(&name)) && inner.text().is_some_and(|text| text.trim() == "true")
        };
        if entry.descendants().any(is_run) {
            note("commands", "yes");
        }
        Ok(Self { partner: partner(entry)?, signs, decrypts, attributes })
    }
}

fn partnership(local: &Local, remote: &Remote) -> Partnership {
    let (mut sender, receiver) = (local.partner.clone(), remote.partner.clone());
    let mut attributes = remote.attributes.clone();
    let mut note = |key: &str, value: &str| drop(attributes.insert(format!("our-{key}"), value.to_owned()));
    if let Some(url) = &local.receipts {
        note("mdnurl", url);
    }
    // What signs is what the partner knows; what it was encrypted for may be another key.
    let signs = remote.signs.clone().or(sender.verifies_with.take());
    let decrypts = remote.decrypts.clone().or(sender.alias.take());
    if let Some(other) = decrypts.as_ref().filter(|decrypts| signs.as_ref().is_some_and(|signs| signs != *decrypts)) {
        note("decrypts", other);
    }
    sender.alias = signs.or(decrypts);
    let name = receiver.name.clone();
    Partnership { name, sender, receiver, is_polled: false, from: MovedFrom::Mendelson, attributes }
}

/// The settings of a profile; or why there cannot be one.
pub(super) fn settings(partnership: &Partnership) -> Result<Settings, String> {
    let mut settings = Settings::default();
    let get = |name: &str| partnership.attribute(name);
    settings.set("our_as2_id", &partnership.sender.as2_id);
    settings.set("partner_as2_id", &partnership.receiver.as2_id);
    settings.address(get("url").ok_or("it has no url to send to")?);
    let (encryption, key_transport) = encryption(get("encryptiontype").unwrap_or_default())?;
    settings.set("encryption", encryption.as_str());
    if let Some(key_transport) = key_transport {
        settings.set("key_transport", key_transport.as_str());
    }
    if matches!(encryption, Encryption::Aes128Gcm | Encryption::Aes192Gcm | Encryption::Aes256Gcm) {
        // So it puts it on the wire, and so the partner has taken it.
        settings.quirk("gcm_content", "enveloped");
    }
    let (signing, scheme) = signing(get("signtype").unwrap_or_default())?;
    settings.set("signing", signing.as_str());
    if let Some(scheme) = scheme {
        settings.set("signature_scheme", scheme.as_str());
    }
    if get("compression") == Some("2") {
        // The part is compressed, and what comes of that is signed.
        settings.set("compression", "before-signing");
    }
    receipt(&mut settings, partnership);
    settings.set("content_type", get("contenttype").unwrap_or("application/octet-stream"));
    if get("transferencoding") == Some("2") {
        settings.set("transfer_encoding", "base64");
    }
    match get("subject") {
        Some(subject) if subject.contains("${") => settings
            .remarks
            .push(format!("Its subject `{subject}` is made from other values; the subject is left as it is made here")),
        Some(subject) => settings.set("subject", subject),
        None => {}
    }
    if get("algorithmidentifierprotectionattribute").is_some_and(|on| on.eq_ignore_ascii_case("false")) {
        settings.quirk("cms_algorithm_protection", false);
    }
    transport(&mut settings, partnership);
    Ok(settings)
}

fn receipt(settings: &mut Settings, partnership: &Partnership) {
    let signed = partnership.is_on("signedmdn");
    let later = partnership.attribute("syncmdn").is_some_and(|sync| sync.eq_ignore_ascii_case("false"));
    match partnership.attribute("our-mdnurl").filter(|_| later) {
        Some(address) => {
            settings.set("mdn", if signed { "async-signed" } else { "async" });
            settings.set("mdn_url", address);
            settings.remarks.push(format!(
                "Its receipts come to {address}; they must come to this program once mendelson does not run any more"
            ));
        }
        None => {
            settings.set("mdn", if signed { "sync-signed" } else { "sync" });
            if later {
                settings.remarks.push(
                    "Its receipts come later to an address that the local station does not name; they are asked for in the \
                     answer instead"
                        .to_owned(),
                );
            }
        }
    }
}

/// What goes with a request, and what does not come along.
fn transport(settings: &mut Settings, partnership: &Partnership) {
    let get = |name: &str| partnership.attribute(name);
    if let Some(user) = get("our-user") {
        settings.set("http_user", user);
        settings.http_password = get("our-password").map(|password| Zeroizing::new(password.to_owned()));
    }
    let mut remark = |text: String| settings.remarks.push(text);
    if let Some(alias) = get("our-decrypts") {
        remark(format!(
            "Its messages are encrypted for `{alias}` and not for the key that signs; import that as an identity too"
        ));
    }
    if get("our-certificate").is_some() {
        remark(
            "It shows the server a certificate of its own; import that as an identity and set `tls_identity`"
                .to_owned(),
        );
    }
    if get("our-receipt-login").is_some() {
        remark("It logs in where it posts receipts that come later; there is no such login here".to_owned());
    }
    if get("our-headers").is_some() {
        remark("It adds headers of its own; these are not sent here".to_owned());
    }
    if get("our-commands").is_some() {
        remark("It runs commands of its own after a message; set yours with `command set`".to_owned());
    }
}

/// What it encrypts with, by its number.
fn encryption(number: &str) -> Result<(Encryption, Option<KeyTransport>), String> {
    // With OAEP both digests are SHA-256.
    let oaep = Some(KeyTransport::RsaOaepSha256);
    Ok(match number {
        "1" => (Encryption::None, None),
        "2" => (Encryption::TripleDesCbc, None),
        "8" => (Encryption::Aes128Cbc, None),
        "9" => (Encryption::Aes192Cbc, None),
        "10" => (Encryption::Aes256Cbc, None),
        "16" => (Encryption::Aes128Cbc, oaep),
        "17" => (Encryption::Aes192Cbc, oaep),
        "18" => (Encryption::Aes256Cbc, oaep),
        "19" => (Encryption::Aes128Gcm, None),
        "20" => (Encryption::Aes192Gcm, None),
        "21" => (Encryption::Aes256Gcm, None),
        "29" => (Encryption::Aes128Gcm, oaep),
        "30" => (Encryption::Aes192Gcm, oaep),
        "31" => (Encryption::Aes256Gcm, oaep),
        _ => {
            let name = match number {
                "3" | "4" | "5" | "6" | "7" => "RC2",
                "11" | "12" | "13" | "14" => "RC4",
                "15" => "DES",
                "22" | "23" | "24" => "AES in CCM mode",
                "25" => "ChaCha20-Poly1305",
                "26" | "27" | "28" => "Camellia",
                _ => return Err(format!("how it encrypts (encryptiontype `{number}`) is not known here")),
            };
            return Err(format!("it encrypts with {name}, which is not spoken here"));
        }
    })
}

/// What it signs with, by its number.
fn signing(number: &str) -> Result<(Signing, Option<SignatureScheme>), String> {
    let pss = Some(SignatureScheme::RsaPss);
    Ok(match number {
        "1" => (Signing::None, None),
        "2" => (Signing::Sha1, None),
        "5" => (Signing::Sha256, None),
        "6" => (Signing::Sha384, None),
        "7" => (Signing::Sha512, None),
        "10" => (Signing::Sha256, pss),
        "11" => (Signing::Sha384, pss),
        "12" => (Signing::Sha512, pss),
        _ => {
            let name = match number {
                "3" => "MD5",
                "4" | "9" => "SHA-224",
                "8" => "SHA-1 by RSASSA-PSS",
                "13" | "14" | "15" | "16" | "17" | "18" | "19" | "20" => "SHA-3",
                "21" => "SPHINCS+",
                "22" => "Dilithium",
                _ => return Err(format!("how it signs (signtype `{number}`) is not known here")),
            };
            return Err(format!("it signs with {name}, which is not spoken here"));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(partner: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<configuration>\n<product>mendelson AS2</product>\n\
             <keystorepass><![CDATA[test]]></keystorepass>\n<partner>\n<name><![CDATA[We]]></name>\
             <as2ident><![CDATA[WE]]></as2ident><signalias>key</signalias><cryptalias>key</cryptalias>\
             <mdnurl><![CDATA[http://we.example:8080/as2/HttpReceiver]]></mdnurl><localstation>true</localstation></partner>\n\
             <partner><name>They</name><as2ident>THEY</as2ident><url>http://they.example/</url>{partner}\
             <localstation>false</localstation></partner>\n</configuration>"
        )
    }

    fn of(partner: &str) -> Result<Settings, String> {
        settings(&read(&export(partner)).unwrap().partnerships[0])
    }

    #[test]
    fn what_one_partner_says_does_not_count_for_thousands_of_stations() {
        let station = "<partner><as2ident>WE</as2ident><localstation>true</localstation></partner>".repeat(9_000);
        let many = |remote: &str| {
            let remote = format!("<partner><as2ident>THEY</as2ident>{remote}</partner>");
            read(&format!("<configuration>{station}{remote}</configuration>"))
        };
        let begun = std::time::Instant::now();
        let elements = "<a/>".repeat(200_000);
        assert_eq!(many(&elements).map(|export| export.partnerships.len()).ok(), Some(9_000));
        let told = many(&format!("<comment>{}</comment>", "x".repeat(10_000))).map(|_| ()).unwrap_err();
        assert_eq!(told.to_string(), "its values grow beyond 64 MiB by what they refer to");
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
    }

    #[test]
    fn numbers_are_the_algorithms_that_they_stand_for() {
        let key =
            |settings: &Settings, key: &str| settings.keys.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        for (encrypts, signs, expected) in [
            ("10", "5", ["aes256-cbc", "", "sha256", ""]),
            ("17", "12", ["aes192-cbc", "rsa-oaep-sha256", "sha512", "rsa-pss"]),
            ("2", "2", ["3des-cbc", "", "sha1", ""]),
            ("29", "1", ["aes128-gcm", "rsa-oaep-sha256", "none", ""]),
        ] {
            let found =
                of(&format!("<encryptiontype>{encrypts}</encryptiontype><signtype>{signs}</signtype>")).unwrap();
            let keys = ["encryption", "key_transport", "signing", "signature_scheme"];
            assert_eq!(keys.map(|name| key(&found, name).unwrap_or_default()), expected, "{encrypts}, {signs}");
        }
        let refused = |encrypts: &str, signs: &str| {
            of(&format!("<encryptiontype>{encrypts}</encryptiontype><signtype>{signs}</signtype>")).err().unwrap()
        };
        assert!(refused("5", "5").contains("RC2") && refused("10", "3").contains("MD5"));
        assert!(refused("77", "5").contains("`77`") && refused("10", "x").contains("`x`"));
    }

    #[test]
    fn a_receipt_that_comes_later_comes_to_the_local_station() {
        let keys = "<encryptiontype>1</encryptiontype><signtype>1</signtype><signedmdn>true</signedmdn>";
        let sync = of(&format!("{keys}<syncmdn>true</syncmdn>")).unwrap();
        assert_eq!((sync.keys["mdn"].as_str(), sync.keys.contains_key("mdn_url")), (Some("sync-signed"), false));
        let later = of(&format!("{keys}<syncmdn>false</syncmdn>")).unwrap();
        assert_eq!(later.keys["mdn"], "async-signed");
        assert_eq!(later.keys["mdn_url"], "http://we.example:8080/as2/HttpReceiver");
    }

    #[test]
    fn what_is_no_export_is_told() {
        assert!(is_export(&export("")) && !is_export("<partnerships/>") && !is_export("<configuration>"));
        let told = |xml: &str| read(xml).map(|_| ()).unwrap_err().to_string();
        assert!(told("<configuration/>").contains("no local station"));
        let nameless =
            "<configuration>\n<partner><localstation>true</localstation></partner>\n<partner/></configuration>";
        assert_eq!(told(nameless), "line 2: the partner has no as2ident");
    }
}
