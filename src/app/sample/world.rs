//! The sample's workspace: four connections, the partners behind them, and the files that a portal would have offered.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::SampleFault;
use super::partners::{Counterpart, PartnerKey, RunningPartner, start};
use crate::app::{App, AppError, Clock, NewIdentity};
use crate::certificate::{Certificate, KeyKind, create_sha1_identity, create_valid_identity};
use crate::domain::certificate::Fingerprint;
use crate::domain::identifier::IdentityName;
use crate::store::{Location, Unlock};

/// Connection files, with addresses to be filled in.
const CONNECTIONS: [(&str, &str); 4] = [
    ("amazon-us.toml", include_str!("../../../assets/samples/amazon-us.toml")),
    ("amazon-de.toml", include_str!("../../../assets/samples/amazon-de.toml")),
    ("northwind.toml", include_str!("../../../assets/samples/northwind.toml")),
    ("harbor.toml", include_str!("../../../assets/samples/harbor.toml")),
];

/// Under which the workspace remembers that it is a sample.
const MARK: &str = "sample";

/// Everything the sample plays in.
pub(super) struct World {
    pub(super) app: App,
    pub(super) partners: Vec<RunningPartner>,
    /// The renewed certificate of the Amazon-like partner, as downloaded.
    pub(super) renewed: PathBuf,
    /// Its fingerprint as the partner's portal shows it.
    pub(super) renewed_fingerprint: Fingerprint,
    pub(super) old_fingerprint: Fingerprint,
    /// The renewed certificate of the partner who has switched already.
    pub(super) northwind_renewed: PathBuf,
    pub(super) northwind_fingerprint: Fingerprint,
}

/// Where the sample lies where nothing else is said.
///
/// # Errors
/// Where the user has no home folder.
pub fn usual_folder() -> Result<PathBuf, AppError> {
    let user = Location::of_user().map_err(|error| AppError::new(error.to_string()))?;
    Ok(user.path().with_file_name("countersign-sample"))
}

/// Makes the folder ready for a fresh sample: what an earlier one left is removed; anything else is refused.
async fn cleared(folder: &Path) -> Result<(), AppError> {
    let cannot = |error: std::io::Error| AppError::new(format!("cannot use {}: {error}", folder.display()));
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(cannot(error)),
    };
    if entries.next().is_none() {
        return Ok(());
    }
    let refused = || {
        AppError::new(format!("{} is neither empty nor a sample workspace", folder.display()))
            .hint("name an empty folder with --workspace; the sample never touches a workspace of yours")
    };
    let app = App::new(Location::Dir(folder.to_owned()), Unlock::none(), Clock::System);
    let Ok(Some(workspace)) = app.existing().await else { return Err(refused()) };
    if workspace.meta(MARK).await?.is_none() {
        return Err(refused());
    }
    app.close().await;
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // Only what a sample makes.
        if ["archive", "partners", "downloads"].contains(&name.as_str()) {
            fs::remove_dir_all(&path).map_err(cannot)?;
        } else if name.starts_with("countersign.sqlite") || name == "workspace.key" || name == "serving" {
            fs::remove_file(&path).map_err(cannot)?;
        }
    }
    Ok(())
}

fn days(now: Timestamp, days: i64) -> Result<Timestamp, AppError> {
    // An hour more, so that so many days are left while the sample is looked at.
    Timestamp::from_second(now.as_second() + days * 86_400 + 3600)
        .map_err(|error| AppError::new(format!("the system's clock makes no sense: {error}")))
}

async fn partner_key(
    name: &'static str,
    subject: &'static str,
    from: Timestamp,
    until: Timestamp,
    sha1: bool,
) -> Result<PartnerKey, AppError> {
    let made = tokio::task::spawn_blocking(move || {
        if sha1 {
            create_sha1_identity(subject, from, until)
        } else {
            create_valid_identity(subject, KeyKind::Rsa2048, from, until)
        }
    });
    let (key, certificate) = made
        .await
        .map_err(|error| AppError::new(format!("making a key was interrupted: {error}")))?
        .map_err(|error| AppError::new(error.to_string()))?;
    Ok(PartnerKey { name, key, certificate })
}

impl World {
    /// Makes workspace and partners anew and starts the partners.
    pub(super) async fn create(folder: &Path, fault: Option<SampleFault>) -> Result<Self, AppError> {
        cleared(folder).await?;
        let app = App::new(Location::Dir(folder.to_owned()), Unlock::none(), Clock::System);
        app.workspace().await?.set_meta(MARK, "1").await?;
        let now = app.now();
        let downloads = folder.join("downloads");
        fs::create_dir_all(&downloads)
            .map_err(|error| AppError::new(format!("cannot make {}: {error}", downloads.display())))?;

        let ours: IdentityName = "acme-2026".parse()?;
        app.create_identity(NewIdentity {
            name: ours.clone(),
            key: KeyKind::Rsa2048,
            days: 731,
            subject: Some("CN=Acme Supply, O=Acme Supply, C=US".to_owned()),
        })
        .await?;
        let our_pem = app.export_identity(&ours).await?;
        let our_certificate = super::super::certificates::read_certificates(our_pem.as_bytes(), "our own certificate")?
            .into_iter()
            .next()
            .ok_or_else(|| AppError::new("our own certificate is missing"))?;

        let (years_ago, recently, two_years) = (days(now, -1075)?, days(now, -4)?, days(now, 731)?);
        let old =
            partner_key("amazon-old", "CN=amazonedi, O=Example Marketplace, C=US", years_ago, days(now, 21)?, true)
                .await?;
        let new =
            partner_key("amazon-2026", "CN=amazonedi, O=Example Marketplace, C=US", recently, two_years, false).await?;
        let germany = partner_key(
            "amazon-de",
            "CN=amazonedi-de, O=Example Marketplace, C=DE",
            days(now, -300)?,
            days(now, 430)?,
            false,
        )
        .await?;
        let northwind_old =
            partner_key("northwind-old", "CN=NWR-PROD, O=Northwind Retail", days(now, -692)?, days(now, 38)?, false)
                .await?;
        let northwind_new =
            partner_key("northwind-new", "CN=NWR-PROD, O=Northwind Retail", recently, two_years, false).await?;
        let harbor =
            partner_key("harbor", "CN=HARBOR_AS2, O=Harbor Grocers", days(now, -10)?, days(now, 720)?, false).await?;

        for (name, key) in
            [("amazon-us-old", &old), ("amazon-de", &germany), ("northwind-old", &northwind_old), ("harbor", &harbor)]
        {
            write(&downloads.join(format!("{name}.pem")), key.certificate.to_pem().as_bytes())?;
        }
        let renewed = downloads.join("amazon-renewed.cer");
        let offered: &Certificate =
            if fault == Some(SampleFault::CertificateSwapped) { &germany.certificate } else { &new.certificate };
        write(&renewed, offered.der())?;
        let northwind_renewed = downloads.join("northwind-renewed.pem");
        write(&northwind_renewed, northwind_new.certificate.to_pem().as_bytes())?;

        let place = |name: &str| folder.join("partners").join(name);
        let pair = |theirs, ours| Counterpart { theirs, ours };
        let us_runs = fault != Some(SampleFault::PartnerStopped);
        let production = [pair("AMAZONEDI", "ACMEVC")];
        let test = [pair("AMAZONEDITEST", "ACMEVCTEST")];
        let de = [pair("AMAZONEDI", "ACMEVCDE"), pair("AMAZONEDI", "ACMEVCDETEST")];
        let northwind = [pair("NWR-PROD", "ACME"), pair("NWR-TEST", "ACME")];
        let harbors = [pair("HARBOR_AS2", "ACME"), pair("HARBOR \"TEST\" [AS2]", "ACME TEST")];
        let ours = &our_certificate;
        let named = [
            (
                "{amazon-us-production}",
                start(&place("amazon-us-production"), &[&old, &new], &production, ours, us_runs).await?,
            ),
            ("{amazon-us-test}", start(&place("amazon-us-test"), &[&new, &old], &test, ours, us_runs).await?),
            ("{amazon-de}", start(&place("amazon-de"), &[&germany], &de, ours, true).await?),
            // It has switched already: the old key is gone.
            ("{northwind}", start(&place("northwind"), &[&northwind_new], &northwind, ours, true).await?),
            ("{harbor}", start(&place("harbor"), &[&harbor], &harbors, ours, true).await?),
        ];
        for (name, template) in CONNECTIONS {
            let mut text = template.to_owned();
            for (placeholder, partner) in &named {
                text = text.replace(placeholder, &partner.url);
            }
            let file = downloads.join(name);
            write(&file, text.as_bytes())?;
            app.add_connection(&file, false).await?;
        }
        Ok(Self {
            app,
            partners: named.into_iter().map(|(_, partner)| partner).collect(),
            renewed,
            renewed_fingerprint: new.certificate.facts().fingerprint_sha256,
            old_fingerprint: old.certificate.facts().fingerprint_sha256,
            northwind_renewed,
            northwind_fingerprint: northwind_new.certificate.facts().fingerprint_sha256,
        })
    }

    /// Stops the partners and closes the workspace.
    pub(super) async fn close(self) {
        for partner in self.partners {
            partner.stop().await;
        }
        self.app.close().await;
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), AppError> {
    fs::write(path, bytes).map_err(|error| AppError::new(format!("cannot write {}: {error}", path.display())))
}
