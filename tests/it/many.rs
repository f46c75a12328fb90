//! A workspace with many connections that use one certificate of a partner's, and the one that renews it. The bench of
//! rollovers measures on the same.

use std::path::{Path, PathBuf};

use countersign::app::{App, Clock, KeyKind, Location, NewIdentity, Unlock};
use countersign::certificate::Certificate;
use countersign::domain::connection::Connection;
use countersign::domain::identifier::ProfileKind;
use countersign::domain::rollover::ProfileKey;
use countersign::domain::timeline::{CertificateUse, plain_list};
use countersign::store::Workspace;
use jiff::Timestamp;

/// The workspace.
pub(crate) struct Many {
    pub(crate) workspace: PathBuf,
    pub(crate) app: App,
    pub(crate) old: Certificate,
    pub(crate) new: Certificate,
    /// The file with the renewed certificate.
    pub(crate) renewed: PathBuf,
    /// Keeps the folder; dropped last.
    pub(crate) folder: tempfile::TempDir,
}

/// How large a workspace is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Connections, each with both profiles.
    pub(crate) connections: usize,
    /// How many of them use the old certificate; the others use another.
    pub(crate) using: usize,
}

/// The instant at which these workspaces live, unless they live now: the fixtures' certificates are valid then.
pub(crate) fn then() -> Timestamp {
    "2026-11-23T22:30:00Z".parse().unwrap()
}

/// A file of the window's fixtures: `amazon-old.pem` is renewed by `amazon-renewed.pem`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/window").join(name)
}

pub(crate) fn read(path: &Path) -> Certificate {
    countersign::certificate::read(&std::fs::read(path).unwrap(), None).unwrap().certificates.remove(0)
}

/// The id of a connection by its number.
pub(crate) fn id(number: usize) -> String {
    format!("partner-{number:04}")
}

pub(crate) fn key(number: usize, kind: ProfileKind) -> ProfileKey {
    (id(number).parse().unwrap(), kind)
}

pub(crate) fn connection(number: usize, uses: &[CertificateUse]) -> Connection {
    let policy = ["as2-modern", "amazon-vendor-central"][number % 2];
    let profile = |kind: &str| {
        format!(
            "[{kind}]\nour_as2_id = \"ACME{number}\"\npartner_as2_id = \"PARTNER{number}\"\nidentity = \"acme\"\n\
             url = \"http://127.0.0.1:9/{kind}/{number}\"\n"
        )
    };
    let text = format!(
        "id = \"{}\"\nname = \"Partner {number:03}\"\npolicy = \"{policy}\"\n{}{}",
        id(number),
        profile("production"),
        profile("test")
    );
    let mut connection: Connection = toml::from_str(&text).unwrap();
    for kind in [ProfileKind::Production, ProfileKind::Test] {
        connection.profile_mut(kind).unwrap().partner_certificates = uses.to_vec();
    }
    connection
}

impl Many {
    /// A workspace of a size that lives at [`then`].
    pub(crate) async fn new(size: Size) -> Self {
        Self::at(size, Clock::Fixed(then()), fixture("amazon-old.pem"), fixture("amazon-renewed.pem")).await
    }

    /// The same with another clock and other certificates.
    pub(crate) async fn at(size: Size, clock: Clock, old: PathBuf, renewed: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("workspace");
        let location = || Location::Dir(place.clone());
        let app = App::new(location(), Unlock::none(), clock);
        let name = "acme".parse().unwrap();
        app.create_identity(NewIdentity { name, key: KeyKind::EcP256, days: 700, subject: None }).await.unwrap();
        let workspace = Workspace::open_or_create(&location(), &Unlock::none(), app.now()).await.unwrap();
        let other = read(&fixture("northwind.pem"));
        let (old, new) = (read(&old), read(&renewed));
        for certificate in [&old, &other] {
            workspace.put_certificate(certificate.der(), certificate.facts(), "fixture", app.now()).await.unwrap();
        }
        let uses = |certificate: &Certificate| plain_list(&[certificate.facts().fingerprint_sha256]);
        let (old_uses, other_uses) = (uses(&old), uses(&other));
        let connections: Vec<Connection> = (0..size.connections)
            .map(|number| connection(number, if number < size.using { &old_uses } else { &other_uses }))
            .collect();
        workspace.save_connections(&connections, app.now()).await.unwrap();
        workspace.close().await;
        Self { workspace: place, app, old, new, renewed, folder }
    }

    /// The workspace, to look at it or change it behind the program's back.
    pub(crate) async fn behind(&self) -> Workspace {
        let location = Location::Dir(self.workspace.clone());
        Workspace::open_existing(&location, &Unlock::none(), self.app.now()).await.unwrap().unwrap()
    }
}
