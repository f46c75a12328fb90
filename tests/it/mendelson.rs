//! Connections taken over from mendelson AS2: by a file of the form that its export has, with a keystore that Java's keytool
//! has made.

use countersign::app::{MovedFrom, OpenAs2Files};
use countersign::domain::algorithm::{Compression, Encryption, KeyTransport, SignatureScheme, Signing};
use countersign::domain::connection::{GcmContent, MdnMode, TransferEncoding};
use countersign::domain::timeline::CertificatePurpose;
use zeroize::Zeroizing;

use crate::openas2::Moving;

fn moving() -> Moving {
    let files = [("mendelson/export.xml", "export.xml"), ("openas2/as2_certs.p12", "certificates.p12")];
    Moving::of(&files, "export.xml")
}

#[tokio::test]
async fn partners_become_connections_with_their_certificates_and_our_key() {
    let moving = moving();
    let plan = moving.app.plan_openas2(&moving.files()).await.unwrap();
    assert!(moving.app.connections().await.unwrap().is_empty(), "a plan changes nothing");
    assert_eq!(plan.from, MovedFrom::Mendelson);
    assert_eq!(moving.app.import_openas2(&moving.files()).await.unwrap(), plan);

    let connections = moving.app.connections().await.unwrap();
    let ids: Vec<&str> = connections.iter().map(|each| each.id.as_str()).collect();
    assert_eq!(ids, ["contoso", "northwind-traders"]);
    let northwind = connections[1].production.as_ref().unwrap();
    assert_eq!((northwind.our_as2_id.as_str(), northwind.partner_as2_id.as_str()), ("ACME", "NORTHWIND-AS2"));
    assert_eq!(northwind.url.as_str(), "https://as2.northwind.example:8443/as2");
    assert_eq!((northwind.encryption, northwind.signing), (Encryption::Aes256Gcm, Signing::Sha256));
    assert_eq!(
        (northwind.key_transport, northwind.signature_scheme),
        (KeyTransport::RsaOaepSha256, SignatureScheme::RsaPss)
    );
    assert_eq!(northwind.quirks.gcm_content, GcmContent::Enveloped, "as it puts it on the wire");
    assert_eq!((northwind.compression, northwind.mdn), (Compression::BeforeSigning, MdnMode::SyncSigned));
    assert!(!northwind.quirks.cms_algorithm_protection);
    assert_eq!(northwind.http_user.as_deref(), Some("acme"));
    // One certificate encrypts, another verifies.
    let purposes: Vec<&[CertificatePurpose]> =
        northwind.partner_certificates.iter().map(|entry| entry.purposes.as_slice()).collect();
    assert_eq!(purposes, [&[CertificatePurpose::Encrypt][..], &[CertificatePurpose::Verify]]);
    assert_eq!(connections[1].contact.as_deref(), Some("Jo Doe, +1 555 0100"));
    assert_eq!(connections[1].notes.as_deref(), Some("Taken over from mendelson AS2\nSince 2019"));

    let contoso = connections[0].production.as_ref().unwrap();
    assert_eq!((contoso.encryption, contoso.signing), (Encryption::TripleDesCbc, Signing::Sha1));
    assert_eq!((contoso.mdn, contoso.transfer_encoding), (MdnMode::Async, TransferEncoding::Base64));
    assert_eq!(contoso.mdn_url.as_ref().unwrap().as_str(), "http://as2.acme.example:8080/as2/HttpReceiver");
    assert_eq!(
        (contoso.content_type.as_str(), contoso.subject.as_deref()),
        ("application/EDIFACT", Some("AS2 message"))
    );
    assert_eq!(contoso.partner_certificates[0].purposes, CertificatePurpose::ALL);

    let identities = moving.app.identities().await.unwrap();
    assert_eq!((identities.len(), identities[0].name.as_str(), identities[0].used.len()), (1, "acme", 2));
    let passed: Vec<(&str, &str)> =
        plan.passed_over.iter().map(|each| (each.partnership.as_str(), each.why.as_str())).collect();
    assert_eq!(passed, [("Fabrikam", "it encrypts with RC2, which is not spoken here")]);
    // What does not come along is said, and no password is.
    let remarks: Vec<String> = plan.connections.iter().flat_map(|each| each.remarks.clone()).collect();
    let told = |words: &str| remarks.iter().any(|remark| remark.contains(words));
    for words in ["headers of its own", "commands of its own", "must come to this program", "made from other values"] {
        assert!(told(words), "{words}: {remarks:#?}");
    }
    assert!(!serde_json::to_string(&plan).unwrap().contains("hush"), "{plan:?}");
}

#[tokio::test]
async fn what_is_not_known_is_asked_for_and_nothing_is_kept() {
    let moving = moving();
    moving.rewrite("export.xml", |text| text.replace("<![CDATA[secret]]>", "<![CDATA[other]]>"));
    let refusal =
        |error: countersign::app::AppError| (error.to_string(), error.what_to_do().unwrap_or_default().to_owned());
    let wrong = refusal(moving.app.import_openas2(&moving.files()).await.map(|_| ()).unwrap_err());
    assert!(wrong.0.ends_with("certificates.p12: the password is wrong"), "{wrong:?}");
    moving.rewrite("export.xml", |text| text.replace("<keystorepass><![CDATA[other]]></keystorepass>", ""));
    let unknown = refusal(moving.app.import_openas2(&moving.files()).await.map(|_| ()).unwrap_err());
    assert!(unknown.0.contains("is not known") && unknown.1.contains("mendelson"), "{unknown:?}");
    let with_password = OpenAs2Files { password: Some(Zeroizing::new("secret".to_owned())), ..moving.files() };
    assert_eq!(moving.app.plan_openas2(&with_password).await.unwrap().connections.len(), 2);

    // A second local station: the file does not say who of them speaks with whom.
    let second = "<partner><name>Second</name><as2ident>SECOND</as2ident><signalias>acme</signalias><cryptalias>acme</cryptalias>\
                  <localstation>true</localstation></partner></configuration>";
    moving.rewrite("export.xml", |text| text.replace("</configuration>", second));
    let several = refusal(moving.app.import_openas2(&with_password).await.map(|_| ()).unwrap_err());
    assert!(several.0.contains("`ACME` and `SECOND`") && several.1.contains("--ours"), "{several:?}");
    assert!(moving.app.connections().await.unwrap().is_empty() && moving.app.identities().await.unwrap().is_empty());
    let ours = OpenAs2Files { ours: Some("SECOND".to_owned()), ..with_password };
    let plan = moving.app.plan_openas2(&ours).await.unwrap();
    let own: Vec<&str> = plan
        .connections
        .iter()
        .flat_map(|each| each.connection.profiles().map(|(_, profile)| profile.our_as2_id.as_str()))
        .collect();
    assert_eq!(own, ["SECOND", "SECOND"]);
}
