//! Connections taken over from OpenAS2, by its own files: a keystore that Java's keytool has made, and the `config.xml` and
//! `partnerships.xml` of its form.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::app::{App, Clock, OpenAs2Files};
use countersign::domain::algorithm::{Compression, Encryption, Signing};
use countersign::domain::connection::{MdnMode, TransferEncoding};
use zeroize::Zeroizing;

use crate::exchange::app_on;

/// A folder with the files of another program, and a workspace beside them.
pub(crate) struct Moving {
    folder: tempfile::TempDir,
    pub(crate) app: App,
    partnerships: &'static str,
}

impl Moving {
    fn new() -> Self {
        let files = [
            ("openas2/partnerships.xml", "partnerships.xml"),
            ("openas2/config.xml", "config.xml"),
            ("openas2/as2_certs.p12", "as2_certs.p12"),
        ];
        Self::of(&files, "partnerships.xml")
    }

    /// With these fixtures under these names, one of which says who the partners are.
    pub(crate) fn of(files: &[(&str, &str)], partnerships: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        for (fixture, name) in files {
            fs::copy(from.join(fixture), folder.path().join(name)).unwrap();
        }
        let app = app_on(&folder.path().join("workspace"), Clock::System);
        Self { folder, app, partnerships }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn files(&self) -> OpenAs2Files {
        OpenAs2Files { partnerships: self.path(self.partnerships), ..OpenAs2Files::default() }
    }

    pub(crate) fn rewrite(&self, name: &str, change: impl FnOnce(&str) -> String) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        fs::write(self.path(name), change(&text)).unwrap();
    }

    async fn refusal(&self, files: &OpenAs2Files) -> (String, String) {
        let error = self.app.import_openas2(files).await.map(|_| ()).unwrap_err();
        assert!(self.app.connections().await.unwrap().is_empty(), "nothing is kept: {error}");
        assert!(self.app.identities().await.unwrap().is_empty(), "nothing is kept: {error}");
        (error.to_string(), error.what_to_do().unwrap_or_default().to_owned())
    }
}

#[tokio::test]
async fn partnerships_become_connections_with_their_certificates_and_our_key() {
    let moving = Moving::new();
    let plan = moving.app.plan_openas2(&moving.files()).await.unwrap();
    assert!(moving.app.connections().await.unwrap().is_empty(), "a plan changes nothing");
    assert_eq!(moving.app.import_openas2(&moving.files()).await.unwrap(), plan);

    let connections = moving.app.connections().await.unwrap();
    let ids: Vec<&str> = connections.iter().map(|each| each.id.as_str()).collect();
    assert_eq!(ids, ["contoso", "northwind-traders"]);
    let northwind = connections[1].production.as_ref().unwrap();
    assert_eq!((northwind.our_as2_id.as_str(), northwind.partner_as2_id.as_str()), ("ACME", "NORTHWIND-AS2"));
    assert_eq!(northwind.url.as_str(), "https://as2.northwind.example:8443/as2");
    assert_eq!((northwind.encryption, northwind.signing), (Encryption::Aes256Cbc, Signing::Sha256));
    assert_eq!((northwind.compression, northwind.mdn), (Compression::BeforeSigning, MdnMode::SyncSigned));
    assert_eq!((northwind.retries, northwind.http_user.as_deref()), (5, Some("acme")));
    assert!(!northwind.quirks.cms_algorithm_protection);
    assert_eq!(northwind.mdn_mic, None, "it follows the signature, as $attribute.sign$ said");
    assert_eq!(northwind.partner_certificates.len(), 1);
    assert_eq!(connections[1].contact.as_deref(), Some("as2@northwind.example"));

    let contoso = connections[0].production.as_ref().unwrap();
    assert_eq!(contoso.partner_as2_id.as_str(), "Contoso Ltd");
    assert_eq!((contoso.encryption, contoso.signing), (Encryption::TripleDesCbc, Signing::Sha1));
    assert_eq!((contoso.mdn, contoso.transfer_encoding), (MdnMode::AsyncSigned, TransferEncoding::Base64));
    assert_eq!(contoso.mdn_url.as_ref().unwrap().as_str(), "http://as2.acme.example:10081/mdn");
    assert_eq!(contoso.mdn_mic.map(|digest| digest.as_str()), Some("sha256"), "another than it signs with");
    assert_eq!((contoso.content_type.as_str(), contoso.subject.as_deref()), ("application/EDIFACT", Some("From Acme")));

    let identities = moving.app.identities().await.unwrap();
    assert_eq!(identities.len(), 1);
    assert_eq!((identities[0].name.as_str(), identities[0].used.len()), ("acme", 2));
    assert_eq!(plan.passed_over.len(), 1);
    assert_eq!(plan.passed_over[0].partnership, "Acme-to-Fabrikam");
    assert_eq!(plan.passed_over[0].why, "it encrypts with CAST5, which is not spoken here");

    // What is there already is told, and nothing comes twice.
    let again = moving.app.plan_openas2(&moving.files()).await.unwrap();
    assert!(again.connections.is_empty());
    assert_eq!(again.passed_over[0].why, "the connection northwind-traders has these two AS2 identifiers already");
    let refused = moving.app.import_openas2(&moving.files()).await.map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("no connection in it"), "{refused}");
}

#[tokio::test]
async fn what_is_wrong_with_the_files_is_told_and_nothing_is_kept() {
    let moving = Moving::new();
    let wrong = OpenAs2Files { password: Some(Zeroizing::new("other".to_owned())), ..moving.files() };
    assert!(moving.refusal(&wrong).await.0.ends_with("as2_certs.p12: the password is wrong"));

    fs::remove_file(moving.path("config.xml")).unwrap();
    let (said, hint) = moving.refusal(&moving.files()).await;
    assert!(said.contains("the password of") && said.ends_with("is not known"), "{said}");
    assert!(hint.contains("--password-stdin"), "{hint}");

    let with_password = OpenAs2Files { password: Some(Zeroizing::new("secret".to_owned())), ..moving.files() };
    let plan = moving.app.plan_openas2(&with_password).await.unwrap();
    let contoso = plan.connections.iter().find(|each| each.connection.id.as_str() == "contoso").unwrap();
    assert_eq!(contoso.connection.production.as_ref().unwrap().mdn, MdnMode::SyncSigned);
    assert!(contoso.remarks[0].contains("$properties.as2_async_mdn_url$"), "{:?}", contoso.remarks);

    let elsewhere = OpenAs2Files { keystore: Some(moving.path("none.p12")), ..with_password.clone() };
    assert!(moving.refusal(&elsewhere).await.1.contains("--keystore"));
    let stranger = OpenAs2Files { ours: Some("Nobody".to_owned()), ..with_password.clone() };
    assert!(moving.refusal(&stranger).await.0.contains("no partnership has `Nobody`"));

    moving.rewrite("partnerships.xml", |text| text.replace("</partnership>", ""));
    let (said, _) = moving.refusal(&with_password).await;
    assert!(said.contains("partnerships.xml: it is no XML"), "{said}");
}

#[tokio::test]
async fn what_could_not_be_saved_is_passed_over_and_its_certificate_with_it() {
    let moving = Moving::new();
    moving.rewrite("partnerships.xml", |text| {
        text.replace("value=\"From Acme\"", &format!("value=\"{}\"", "x".repeat(300)))
    });
    let plan = moving.app.import_openas2(&moving.files()).await.unwrap();
    let why: Vec<&str> = plan.passed_over.iter().map(|each| each.why.as_str()).collect();
    assert!(why[0].contains("`subject`"), "{why:?}");
    assert_eq!(plan.connections.len(), 1);
    assert_eq!(moving.app.certificates().await.unwrap().len(), 1, "Northwind's alone");
}

#[tokio::test]
async fn a_password_in_an_address_becomes_a_setting_and_is_not_shown() {
    let moving = Moving::new();
    moving.rewrite("partnerships.xml", |text| text.replace("http://as2.contoso", "http://user:hush-hush@as2.contoso"));
    let plan = moving.app.import_openas2(&moving.files()).await.unwrap();
    assert!(!serde_json::to_string(&plan).unwrap().contains("hush"), "{plan:?}");
    let contoso = moving.app.connection(&"contoso".parse().unwrap()).await.unwrap().production.unwrap();
    assert_eq!(
        (contoso.url.as_str(), contoso.http_user.as_deref()),
        ("http://as2.contoso.example:10080/", Some("user"))
    );
}

#[test]
fn on_the_command_line_it_begins_a_workspace() {
    let moving = Moving::new();
    let run = |more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_countersign"))
            .arg("--workspace")
            .arg(moving.path("elsewhere"))
            .args(["connection", "import"])
            .arg(moving.path("partnerships.xml"))
            .args(more)
            .output()
            .unwrap()
    };
    // Named from beside the folder, where config.xml names its keystore by %home%.
    let folder = moving.path("partnerships.xml").parent().unwrap().to_owned();
    let beside = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .current_dir(folder.parent().unwrap())
        .arg("--workspace")
        .arg(moving.path("beside"))
        .args(["connection", "import", "--dry-run"])
        .arg(Path::new(folder.file_name().unwrap()).join("partnerships.xml"))
        .output()
        .unwrap();
    assert!(beside.status.success(), "{beside:?}");
    for (more, last) in [
        (&["--dry-run"][..], "2 connections would be taken over; nothing has changed"),
        (&[], "2 connections taken over; `countersign check` says how they stand"),
    ] {
        let output = run(more);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.trim_end().ends_with(last), "{said}{output:?}");
        assert!(said.contains("Acme-to-Fabrikam was passed over: it encrypts with CAST5"), "{said}");
    }
}

#[tokio::test]
async fn who_we_are_is_told_by_the_key_and_asked_where_there_are_two() {
    let moving = Moving::new();
    // A partner's entry that sends to us, as where both sides are tried on one machine.
    moving.rewrite("partnerships.xml", |text| {
        text.replace(
            "<sender name=\"Northwind Traders\"/>\n        <receiver name=\"Acme\"/>",
            "<sender name=\"Northwind Traders\"/>\n        <receiver name=\"Acme\"/>\n        <attribute name=\"as2_url\" value=\"http://localhost:1/\"/>",
        )
    });
    let plan = moving.app.plan_openas2(&moving.files()).await.unwrap();
    assert_eq!(plan.connections.len(), 2, "the partner's key is not in the keystore");
    // Now both have the same entry, which has a key.
    moving.rewrite("partnerships.xml", |text| {
        text.replace("x509_alias=\"Northwind\"", "x509_alias=\"acme\"").replace("<pollerConfig enabled=\"true\"/>", "")
    });
    let (said, hint) = moving.refusal(&moving.files()).await;
    assert!(said.contains("`Acme` and `Northwind Traders`"), "{said}");
    assert!(hint.contains("--ours"), "{hint}");
    let told = OpenAs2Files { ours: Some("Acme".to_owned()), ..moving.files() };
    assert_eq!(moving.app.plan_openas2(&told).await.unwrap().connections.len(), 2);
}
