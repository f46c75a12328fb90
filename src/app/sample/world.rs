//! The sample's workspace: four connections, the partners behind them, and the files that a portal would have offered.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::folder::{self, Claim};
use super::partners::{self, Counterpart, PARTNERS, PartnerKey, RunningPartner};
use super::{SampleFault, receipts};
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

/// The folder of the files that a portal would have offered.
pub(super) const DOWNLOADS: &str = "downloads";

/// The renewed certificate of the Amazon-like partner.
pub(super) const AMAZON_RENEWED: &str = "amazon-renewed.cer";

/// The renewed certificate of the partner who has switched already.
pub(super) const NORTHWIND_RENEWED: &str = "northwind-renewed.pem";

/// The sample as long as it is played in: its partners run, and nobody else may open it.
pub(super) struct Running {
    pub(super) app: App,
    pub(super) partners: Vec<RunningPartner>,
    pub(super) claim: Claim,
}

impl Running {
    /// Stops the partners and closes the workspace.
    pub(super) async fn close(self) {
        for partner in self.partners {
            partner.stop().await;
        }
        self.app.close().await;
        drop(self.claim);
    }
}

/// A fresh sample, with what the main job needs to know of it.
pub(super) struct World {
    pub(super) app: App,
    pub(super) running: Running,
    /// The renewed certificate of the Amazon-like partner, as downloaded.
    pub(super) renewed: PathBuf,
    /// Its fingerprint as the partner's portal shows it.
    pub(super) renewed_fingerprint: Fingerprint,
    pub(super) old_fingerprint: Fingerprint,
    /// The renewed certificate of the partner who has switched already.
    pub(super) northwind_renewed: PathBuf,
    pub(super) northwind_fingerprint: Fingerprint,
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
    pub(super) async fn create(claim: Claim, fault: Option<SampleFault>) -> Result<Self, AppError> {
        let folder = claim.path().to_owned();
        let app = App::new(Location::Dir(folder.clone()), Unlock::none(), Clock::System);
        let workspace = app.workspace().await?;
        folder::begin(&workspace).await?;
        let now = app.now();
        let downloads = folder.join(DOWNLOADS);
        fs::create_dir_all(&downloads)
            .map_err(|error| AppError::new(format!("cannot make {}: {error}", downloads.display())))?;

        let ours: IdentityName = "acme-2026".parse()?;
        let our_identity = async {
            app.create_identity(NewIdentity {
                name: ours.clone(),
                key: KeyKind::Rsa2048,
                days: 731,
                subject: Some("CN=Acme Supply, O=Acme Supply, C=US".to_owned()),
            })
            .await?;
            let pem = app.export_identity(&ours).await?;
            super::super::certificates::read_certificates(pem.as_bytes(), "our own certificate")?
                .into_iter()
                .next()
                .ok_or_else(|| AppError::new("our own certificate is missing"))
        };
        let (years_ago, recently, two_years) = (days(now, -1075)?, days(now, -4)?, days(now, 731)?);
        // Searching for primes takes longer than all the rest: on every processor at once.
        let (our_certificate, old, new, germany, northwind_old, northwind_new, harbor) = tokio::try_join!(
            our_identity,
            partner_key("amazon-old", "CN=amazonedi, O=Example Marketplace, C=US", years_ago, days(now, 21)?, true),
            partner_key("amazon-2026", "CN=amazonedi, O=Example Marketplace, C=US", recently, two_years, false),
            partner_key(
                "amazon-de",
                "CN=amazonedi-de, O=Example Marketplace, C=DE",
                days(now, -300)?,
                days(now, 430)?,
                false
            ),
            partner_key("northwind-old", "CN=NWR-PROD, O=Northwind Retail", days(now, -692)?, days(now, 38)?, false),
            partner_key("northwind-new", "CN=NWR-PROD, O=Northwind Retail", recently, two_years, false),
            partner_key("harbor", "CN=HARBOR_AS2, O=Harbor Grocers", days(now, -10)?, days(now, 720)?, false),
        )?;

        for (name, key) in
            [("amazon-us-old", &old), ("amazon-de", &germany), ("northwind-old", &northwind_old), ("harbor", &harbor)]
        {
            write(&downloads.join(format!("{name}.pem")), key.certificate.to_pem().as_bytes())?;
        }
        let renewed = downloads.join(AMAZON_RENEWED);
        let offered: &Certificate =
            if fault == Some(SampleFault::CertificateSwapped) { &germany.certificate } else { &new.certificate };
        write(&renewed, offered.der())?;
        let northwind_renewed = downloads.join(NORTHWIND_RENEWED);
        write(&northwind_renewed, northwind_new.certificate.to_pem().as_bytes())?;

        let pair = |theirs, ours| Counterpart { theirs, ours };
        let harbors = vec![pair("HARBOR_AS2", "ACME"), pair("HARBOR \"TEST\" [AS2]", "ACME TEST")];
        let partner = async |name: &'static str, keys: Vec<&PartnerKey>, counterparts: Vec<Counterpart>| {
            let place = place(&folder, name);
            let app = partners::make(&place, &keys, &counterparts, &our_certificate).await?;
            let runs = fault != Some(SampleFault::PartnerStopped) || !name.starts_with("amazon-us");
            partners::start(app, name, &place, None, runs).await
        };
        let [us_production, us_test, de, northwind, harbor_both] = PARTNERS;
        let (us_production, us_test, de, northwind, harbor_both) = tokio::try_join!(
            partner(us_production, vec![&old, &new], vec![pair("AMAZONEDI", "ACMEVC")]),
            partner(us_test, vec![&new, &old], vec![pair("AMAZONEDITEST", "ACMEVCTEST")]),
            partner(de, vec![&germany], vec![pair("AMAZONEDI", "ACMEVCDE"), pair("AMAZONEDI", "ACMEVCDETEST")]),
            // It has switched already: the old key is gone.
            partner(northwind, vec![&northwind_new], vec![pair("NWR-PROD", "ACME"), pair("NWR-TEST", "ACME")]),
            partner(harbor_both, vec![&harbor], harbors),
        )?;
        let partners = vec![us_production, us_test, de, northwind, harbor_both];
        let receipts = receipts::choose(&app, &workspace).await?;
        for (name, template) in CONNECTIONS {
            let mut text = template.replace("{receipts}", &receipts);
            for partner in &partners {
                text = text.replace(&format!("{{{}}}", partner.name), &partner.url);
            }
            let file = downloads.join(name);
            write(&file, text.as_bytes())?;
            app.add_connection(&file, false).await?;
        }
        partners::remember(&workspace, &partners).await?;
        folder::finish(&workspace, now).await?;
        Ok(Self {
            running: Running { app: app.clone(), partners, claim },
            app,
            renewed,
            renewed_fingerprint: new.certificate.facts().fingerprint_sha256,
            old_fingerprint: old.certificate.facts().fingerprint_sha256,
            northwind_renewed,
            northwind_fingerprint: northwind_new.certificate.facts().fingerprint_sha256,
        })
    }
}

/// The folder of a partner's workspace.
pub(super) fn place(folder: &Path, partner: &str) -> PathBuf {
    folder.join("partners").join(partner)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), AppError> {
    fs::write(path, bytes).map_err(|error| AppError::new(format!("cannot write {}: {error}", path.display())))
}
