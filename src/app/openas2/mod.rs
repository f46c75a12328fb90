//! Connections taken over from OpenAS2: its `partnerships.xml` with its keystore, and the `config.xml` beside them. Or from
//! mendelson AS2: the file of its export with its keystore.
//!
//! What would come of it is planned first and shown ([`App::plan_openas2`]); only then is it done, all of it or nothing
//! ([`App::import_openas2`]). Nothing of theirs is changed.

mod mendelson;
mod partnerships;
mod reading;
mod settings;

use std::path::PathBuf;

use serde::Serialize;
use zeroize::Zeroizing;

use partnerships::Partnership;
use reading::{Found, ours, read};

use super::identities::{beside, issuers_of};
use super::{App, AppError, ListedIdentity};
use crate::certificate::{Certificate, Keystore, MAX_FILE};
use crate::domain::certificate::{Fingerprint, KeyFacts};
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::{ConnectionId, IdentityName, PolicyId, ProfileKind};
use crate::domain::labels::Tags;
use crate::domain::spelling::spelled;
use crate::domain::timeline::{CertificatePurpose, CertificateUse};
use crate::store::http_password_name;

/// The largest `partnerships.xml`, `config.xml` and export in bytes: thousands of partners.
const MOST: u64 = 16 * MAX_FILE;

spelled! {
    /// The program that connections are taken over from.
    pub enum MovedFrom {
        /// OpenAS2.
        OpenAs2 = "openas2",
        /// mendelson AS2.
        Mendelson = "mendelson",
    }
}

impl MovedFrom {
    /// What it is called.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::OpenAs2 => "OpenAS2",
            Self::Mendelson => "mendelson AS2",
        }
    }
}

/// Where OpenAS2 or mendelson keeps what is to be taken over. Not to be shown: it holds a password.
#[derive(Clone, Default)]
pub struct OpenAs2Files {
    /// The `partnerships.xml` of OpenAS2, or the file that mendelson has exported.
    pub partnerships: PathBuf,
    /// Its keystore. Where none is given: for OpenAS2 what the `config.xml` beside the partnerships names, else `as2_certs.p12`
    /// there; for mendelson `certificates.p12` beside the export.
    pub keystore: Option<PathBuf>,
    /// The keystore's password; what the `config.xml` or the export names where none is given.
    pub password: Option<Zeroizing<String>>,
    /// The name or AS2 identifier of whoever runs OpenAS2, where the partnerships do not tell.
    pub ours: Option<String>,
}

/// An identity that goes with the connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenAs2Identity {
    /// Its name here.
    pub name: IdentityName,
    /// Its certificate.
    pub fingerprint_sha256: Fingerprint,
    /// Whether it is in the workspace already.
    pub is_there: bool,
}

/// A connection as it would be made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenAs2Connection {
    /// The connection.
    #[serde(flatten)]
    pub connection: Connection,
    /// What is to be known of it.
    pub remarks: Vec<String>,
}

/// A partnership of which nothing comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenAs2PassedOver {
    /// The partnership's name.
    pub partnership: String,
    /// Why, in words.
    pub why: String,
}

/// What comes of what OpenAS2 keeps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenAs2Plan {
    /// Which program it comes from.
    pub from: MovedFrom,
    /// Our identities.
    pub identities: Vec<OpenAs2Identity>,
    /// The connections, in the order of the file.
    pub connections: Vec<OpenAs2Connection>,
    /// What is passed over.
    pub passed_over: Vec<OpenAs2PassedOver>,
}

/// An identity with what is secret of it.
struct Keyed {
    planned: OpenAs2Identity,
    key_facts: KeyFacts,
    chain: Vec<Certificate>,
    /// In PKCS#8, where it is not here yet.
    key: Option<Zeroizing<Vec<u8>>>,
}

/// A connection with what goes with it.
struct Planned {
    shown: OpenAs2Connection,
    certificates: Vec<Certificate>,
    password: Option<Zeroizing<String>>,
}

/// A plan with all that is needed to carry it out.
struct Prepared {
    plan: OpenAs2Plan,
    identities: Vec<Keyed>,
    certificates: Vec<Certificate>,
    passwords: Vec<(ConnectionId, Zeroizing<String>)>,
    keystore: String,
}

impl App {
    /// What would come of it, without doing any of it.
    ///
    /// # Errors
    /// Where a file cannot be read or makes no sense, the keystore's password is wrong or not known, or it does not show who
    /// of the partners is whoever runs OpenAS2.
    pub async fn plan_openas2(&self, files: &OpenAs2Files) -> Result<OpenAs2Plan, AppError> {
        Ok(self.prepare_openas2(files).await?.plan)
    }

    /// Takes the connections over, with the identities and certificates that they need. Either all of it is there
    /// afterwards, or nothing of it.
    ///
    /// # Errors
    /// As [`App::plan_openas2`], and where there is nothing to take over, or the workspace cannot be written.
    pub async fn import_openas2(&self, files: &OpenAs2Files) -> Result<OpenAs2Plan, AppError> {
        let prepared = self.prepare_openas2(files).await?;
        if prepared.plan.connections.is_empty() {
            let why = prepared.plan.passed_over.first();
            return Err(AppError::new("there is no connection in it that could be taken over")
                .maybe_hint(why.map(|passed| format!("{}: {}", passed.partnership, passed.why))));
        }
        let now = self.now();
        let mut transaction = self.workspace().await?.begin().await?;
        for keyed in &prepared.identities {
            if let (Some(key), Some(own)) = (&keyed.key, keyed.chain.first()) {
                let chain: Vec<Vec<u8>> = keyed.chain.iter().map(|each| each.der().to_vec()).collect();
                transaction.put_identity(&keyed.planned.name, &chain, own.facts(), key, now).await?;
            }
        }
        for certificate in &prepared.certificates {
            transaction.put_certificate(certificate.der(), certificate.facts(), &prepared.keystore, now).await?;
        }
        for planned in &prepared.plan.connections {
            transaction.save_connection(&planned.connection, now).await?;
        }
        for (connection, password) in &prepared.passwords {
            let name = http_password_name(connection, ProfileKind::Production);
            transaction.put_secret(&name, password.as_bytes()).await?;
        }
        transaction.commit().await?;
        Ok(prepared.plan)
    }

    async fn prepare_openas2(&self, files: &OpenAs2Files) -> Result<Prepared, AppError> {
        let from = files.clone();
        // The keystore's password is made into a key slowly, so that it cannot be tried out fast.
        let Found { from, partnerships, keystore, place } =
            beside("reading the keystore", move || read(&from)).await??;
        let ours = ours(&partnerships, &keystore, files.ours.as_deref())?;
        let mut prepared = Prepared {
            plan: OpenAs2Plan { from, identities: Vec::new(), connections: Vec::new(), passed_over: Vec::new() },
            identities: Vec::new(),
            certificates: Vec::new(),
            passwords: Vec::new(),
            keystore: place,
        };
        let mut connections = self.connections().await?;
        let stored = self.identities().await?;
        for partnership in &partnerships {
            // The other direction says how messages are taken, which the same connection does.
            if !ours.contains(partnership.sender.as2_id.as_str()) {
                continue;
            }
            let pair = (partnership.sender.as2_id.as_str(), partnership.receiver.as2_id.as_str());
            let has_pair = |connection: &Connection| {
                connection.profiles().any(|(_, each)| (each.our_as2_id.as_str(), each.partner_as2_id.as_str()) == pair)
            };
            let planned = match connections.iter().find(|connection| has_pair(connection)) {
                Some(there) => Err(format!("the connection {} has these two AS2 identifiers already", there.id)),
                None => prepared
                    .identity(partnership, &keystore, &stored)
                    .and_then(|identity| connection(partnership, &keystore, &identity, &connections)),
            };
            let planned = match planned {
                Ok(planned) => match self.openas2_obstacle(&planned, &prepared, &stored).await {
                    Some(why) => Err(why),
                    None => Ok(planned),
                },
                Err(why) => Err(why),
            };
            match planned {
                Ok(Planned { shown, certificates, password }) => {
                    connections.push(shown.connection.clone());
                    prepared.certificates.extend(certificates);
                    prepared.passwords.extend(password.map(|password| (shown.connection.id.clone(), password)));
                    prepared.plan.connections.push(shown);
                }
                Err(why) => {
                    prepared.plan.passed_over.push(OpenAs2PassedOver { partnership: partnership.name.clone(), why })
                }
            }
        }
        prepared.drop_what_nobody_needs();
        Ok(prepared)
    }

    /// What keeps a connection from being saved, as if it came from a connection file.
    async fn openas2_obstacle(
        &self,
        planned: &Planned,
        prepared: &Prepared,
        stored: &[ListedIdentity],
    ) -> Option<String> {
        let known: Vec<(IdentityName, KeyFacts)> = stored
            .iter()
            .map(|identity| (identity.name.clone(), identity.key))
            .chain(prepared.identities.iter().map(|keyed| (keyed.planned.name.clone(), keyed.key_facts)))
            .collect();
        let connection = &planned.shown.connection;
        let brought: Vec<(Certificate, String)> =
            planned.certificates.iter().map(|each| (each.clone(), prepared.keystore.clone())).collect();
        let fits = async {
            self.validate_with(connection, &known).await?;
            self.refuse_keys(connection, &brought).await
        };
        fits.await.err().map(|error| error.to_string())
    }
}

impl Prepared {
    /// The identity that signs for a partnership.
    fn identity(
        &mut self,
        partnership: &Partnership,
        keystore: &Keystore,
        stored: &[ListedIdentity],
    ) -> Result<IdentityName, String> {
        let alias = partnership.sender.alias.as_deref().unwrap_or_default();
        let entry = keystore
            .entry(alias)
            .ok_or_else(|| format!("its sender's certificate `{alias}` is not in the keystore"))?;
        let fingerprint = entry.certificate.facts().fingerprint_sha256;
        if let Some(known) = self.identities.iter().find(|known| known.planned.fingerprint_sha256 == fingerprint) {
            return Ok(known.planned.name.clone());
        }
        let key = entry.key.as_ref().ok_or_else(|| {
            format!("the keystore has no private key that could be used for its sender's certificate `{alias}`")
        })?;
        let there = stored.iter().find(|identity| identity.fingerprint_sha256 == fingerprint);
        let name = match there {
            Some(identity) => identity.name.clone(),
            None => {
                let taken = |name: &str| {
                    stored.iter().any(|identity| identity.name.as_str() == name)
                        || self.identities.iter().any(|keyed| keyed.planned.name.as_str() == name)
                };
                free_name(&in_characters(alias, "._-"), &taken)
                    .parse()
                    .map_err(|error| format!("its sender's certificate `{alias}`: {error}"))?
            }
        };
        let mut certificates = vec![entry.certificate.clone()];
        certificates.extend(keystore.without_key());
        self.identities.push(Keyed {
            planned: OpenAs2Identity { name: name.clone(), fingerprint_sha256: fingerprint, is_there: there.is_some() },
            key_facts: entry.certificate.facts().key,
            chain: issuers_of(certificates),
            key: there.is_none().then(|| Zeroizing::new(key.pkcs8_der().to_vec())),
        });
        Ok(name)
    }

    /// Identities of partnerships of which nothing came are left where they are.
    fn drop_what_nobody_needs(&mut self) {
        let plan = &mut self.plan;
        self.identities.retain(|keyed| {
            let name = &keyed.planned.name;
            plan.connections
                .iter()
                .any(|each| each.connection.profiles().any(|(_, profile)| profile.identity.names(name)))
        });
        plan.identities = self.identities.iter().map(|keyed| keyed.planned.clone()).collect();
    }
}

/// A connection out of a partnership.
fn connection(
    partnership: &Partnership,
    keystore: &Keystore,
    identity: &IdentityName,
    connections: &[Connection],
) -> Result<Planned, String> {
    let partner = &partnership.receiver;
    let found = settings::settings(partnership)?;
    let (mut keys, mut remarks) = (found.keys, found.remarks);
    keys.insert("identity".to_owned(), identity.as_str().into());
    let mut profile: Profile = serde_json::from_value(keys.into()).map_err(|error| error.to_string())?;
    let mut certificates = Vec::new();
    let named = certificates_of(partner);
    if named.is_empty() {
        remarks.push("It names no certificate of the partner's; import it before you send".to_owned());
    }
    for (alias, purposes) in named {
        match keystore.entry(alias) {
            Some(entry) => {
                profile.partner_certificates.push(CertificateUse {
                    fingerprint: entry.certificate.facts().fingerprint_sha256,
                    purposes: purposes.to_vec(),
                    from: None,
                    until: None,
                    zone: None,
                });
                certificates.push(entry.certificate.clone());
            }
            None => remarks
                .push(format!("The partner's certificate `{alias}` is not in the keystore; import it before you send")),
        }
    }
    let base = in_characters(&partner.name.to_lowercase(), "-");
    let taken = |id: &str| connections.iter().any(|connection| connection.id.as_str() == id);
    let id: ConnectionId = free_name(&base, &taken).parse().map_err(|error| format!("{}: {error}", partner.name))?;
    let notes = match partnership.from {
        MovedFrom::OpenAs2 => format!("Taken over from OpenAS2, partnership {}", partnership.name),
        MovedFrom::Mendelson => {
            let comment = partnership.attribute("comment").map(|comment| format!("\n{comment}")).unwrap_or_default();
            format!("Taken over from mendelson AS2{comment}")
        }
    };
    let connection = Connection {
        id,
        name: partner.name.clone(),
        policy: PolicyId::default(),
        customer: None,
        tags: Tags::default(),
        notes: Some(notes),
        contact: partner.email.clone(),
        production: Some(profile),
        test: None,
    };
    Ok(Planned { shown: OpenAs2Connection { connection, remarks }, certificates, password: found.http_password })
}

/// The certificates that a partner is known by, and for what each is used: one for both, or one for each.
fn certificates_of(partner: &partnerships::Partner) -> Vec<(&str, &'static [CertificatePurpose])> {
    match (partner.alias.as_deref(), partner.verifies_with.as_deref()) {
        (Some(encrypts), Some(verifies)) if !encrypts.eq_ignore_ascii_case(verifies) => {
            vec![(encrypts, &[CertificatePurpose::Encrypt]), (verifies, &[CertificatePurpose::Verify])]
        }
        (one, other) => one.or(other).map(|alias| (alias, CertificatePurpose::ALL)).into_iter().collect(),
    }
}

/// A text with a hyphen for each run of characters that do not belong into a name.
fn in_characters(text: &str, more: &str) -> String {
    let mut name = String::new();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || more.contains(character) {
            name.push(character);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.trim_matches('-').chars().take(56).collect()
}

/// A name that is not taken: with a number behind it, where it is.
fn free_name(base: &str, taken: &impl Fn(&str) -> bool) -> String {
    let base = if base.is_empty() { "partner" } else { base };
    if !taken(base) {
        return base.to_owned();
    }
    (2_u32..).map(|number| format!("{base}-{number}")).find(|name| !taken(name)).unwrap_or_default()
}
