//! A support bundle: what the support of a partner needs to know of one transmission, and no secret. It is gathered and
//! shown first, and written as it was shown.
//!
//! Nothing goes into it because it is there: each file is made for it. What was written by others, such as the headers of
//! an answer, passes through [`hidden::Hidden`].

mod archive;
mod certificates;
mod hidden;
mod receipt;
mod texts;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::connection_file;
use super::send::blocking;
use super::transmission_document::TransmissionDocument;
use super::written::write_private_from;
use super::{App, AppError, RawPart};
use crate::certificate::Certificate;
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::{Address, ProfileKind};
use crate::domain::labels::Tags;
use crate::domain::sent::SentAs;
use crate::domain::transmission::Transmission;
use crate::store::Workspace;
pub(super) use archive::moment;
use hidden::Hidden;
pub(super) use hidden::without_secrets;

/// What stands in the place of a path of ours.
const PATH: &str = "a file of ours";

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BundleFile {
    /// Its name, one of a fixed few.
    pub name: String,
    /// What it is, in words.
    pub what: &'static str,
    /// What is in it.
    #[serde(rename = "bytes", serialize_with = "length")]
    pub content: Vec<u8>,
}

impl BundleFile {
    /// What is in it, for reading.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).into_owned()
    }
}

fn length<S: Serializer>(content: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(content.len() as u64)
}

/// The document itself, where it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BundlePayload {
    /// Its name in the bundle.
    pub name: &'static str,
    /// What it is, in words.
    pub what: &'static str,
    /// Its length.
    pub bytes: u64,
    /// Where it is kept.
    #[serde(skip)]
    path: PathBuf,
}

/// What goes to the support of a partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bundle {
    /// The files, the one to be read first first.
    pub files: Vec<BundleFile>,
    /// The document itself; nothing where it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<BundlePayload>,
    /// What would be in it and is not, and why.
    pub left_out: Vec<String>,
    #[serde(skip)]
    made: Timestamp,
}

impl Bundle {
    /// Name, length in bytes and meaning of all that is in it.
    pub fn list(&self) -> impl Iterator<Item = (&str, u64, &'static str)> {
        let files = self.files.iter().map(|file| (file.name.as_str(), file.content.len() as u64, file.what));
        files.chain(self.payload.iter().map(|payload| (payload.name, payload.bytes, payload.what)))
    }

    fn add(&mut self, name: &str, what: &'static str, content: impl Into<Vec<u8>>) {
        self.files.push(BundleFile { name: name.to_owned(), what, content: content.into() });
    }
}

/// A bundle on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrittenBundle {
    /// Where.
    pub file: PathBuf,
    /// Its length.
    pub size: u64,
}

/// What a bundle is made from.
struct Subject {
    id: String,
    /// As journalled, but for what is hidden.
    transmission: Transmission,
    /// Nothing where it belongs to no profile any more.
    profile: Option<(Connection, ProfileKind, Profile)>,
    /// As the profile was when the message was made.
    sent: Option<SentAs>,
    hidden: Hidden,
    now: Timestamp,
}

impl App {
    /// Gathers what the support of a partner needs to know of a transmission; the document itself only where that is asked
    /// for.
    ///
    /// # Errors
    /// Where there is no such transmission, or the workspace cannot be read.
    pub async fn bundle(&self, id: &str, with_payload: bool) -> Result<Bundle, AppError> {
        let transmission = self.transmission(id).await?;
        let workspace = self.workspace().await?;
        let subject = self.subject(&workspace, transmission).await?;
        let mut bundle = Bundle { files: Vec::new(), payload: None, left_out: Vec::new(), made: subject.now };
        bundle.add("transmission.json", "The transmission, for programs", subject.document()?);
        self.add_heads(&subject, &mut bundle).await?;
        self.add_receipt(&subject, &mut bundle).await?;
        match self.structure_for_partner(&subject.id, RawPart::Request).await {
            Ok(structure) => bundle.add(
                "structure.txt",
                "The layers of the message, without what is in them",
                subject.hidden.text(&structure.to_text()),
            ),
            Err(error) => bundle.left_out.push(format!("the structure of the message: {error}")),
        }
        self.add_settings(&workspace, &subject, &mut bundle).await?;
        self.add_certificates(&workspace, &subject, &mut bundle).await?;
        if with_payload {
            self.add_payload(&subject, &mut bundle).await;
        }
        let readme = texts::readme(&subject, &bundle);
        let readme =
            BundleFile { name: "README.txt".to_owned(), what: "To be read first", content: readme.into_bytes() };
        bundle.files.insert(0, readme);
        Ok(bundle)
    }

    /// Writes a bundle as it was gathered. The file is there in full or as it was before.
    ///
    /// # Errors
    /// Where the file cannot be written, or the document is not kept any more.
    pub async fn write_bundle(&self, bundle: &Bundle, file: &Path) -> Result<WrittenBundle, AppError> {
        let (bundle, file) = (bundle.clone(), file.to_owned());
        blocking(move || {
            let size = write_private_from(&file, |out| archive::write(&bundle, out))?;
            Ok(WrittenBundle { file, size })
        })
        .await
    }

    async fn subject(&self, workspace: &Workspace, mut transmission: Transmission) -> Result<Subject, AppError> {
        let connections = workspace.connections().await?;
        let own = connections.iter().find(|each| transmission.connection.as_ref() == Some(&each.id));
        let profile = own
            .zip(transmission.profile)
            .and_then(|(connection, kind)| Some((connection.clone(), kind, connection.profile(kind)?.clone())));
        let sent = workspace.sent_as(transmission.id).await?;
        let mut hidden = Hidden::default();
        let settings = own.iter().flat_map(|connection| connection.profiles().map(|(_, profile)| profile));
        for profile in settings.chain(sent.as_ref().map(|sent| &sent.profile)) {
            hidden.hide_query(profile.url.as_str());
            if let Some(url) = &profile.mdn_url {
                hidden.hide_query(url.as_str());
            }
        }
        if let (Some(connection), Some(kind)) = (&transmission.connection, transmission.profile)
            && workspace.locked().is_none()
            && let Some(password) = workspace.secret(&crate::store::http_password_name(connection, kind)).await?
        {
            let users = profile.iter().map(|(_, _, profile)| profile).chain(sent.as_ref().map(|sent| &sent.profile));
            let users: Vec<&str> = users.filter_map(|profile| profile.http_user.as_deref()).collect();
            hidden.hide_password(&String::from_utf8_lossy(&password), &users);
        }
        hidden.hide_others(own, &connections);
        for headers in
            [&mut transmission.request_headers, &mut transmission.response_headers, &mut transmission.receipt_headers]
        {
            *headers = hidden.headers(headers);
        }
        let id = transmission.id.simple().to_string();
        Ok(Subject { id, transmission, profile, sent, hidden, now: self.now() })
    }

    /// The heads of both sides.
    async fn add_heads(&self, subject: &Subject, bundle: &mut Bundle) -> Result<(), AppError> {
        let sent = &subject.transmission;
        for (part, name, what, journalled) in [
            (
                RawPart::Request,
                "request-head.txt",
                "The head of the message as it went over the wire",
                &sent.request_headers,
            ),
            (RawPart::Response, "answer-head.txt", "The head of the answer to it", &sent.response_headers),
        ] {
            let (head, why) = match self.kept(&subject.id, part).await {
                Ok(kept) => (blocking(move || kept.head_text()).await?, "none is kept".to_owned()),
                Err(nothing) => (String::new(), nothing.to_string()),
            };
            if head.is_empty() && !journalled.is_empty() {
                // The last attempt may have ended before it had one of its own.
                let lines: String = journalled.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
                bundle.add(name, what, lines);
            } else if head.is_empty() {
                bundle.left_out.push(format!("the head of the {}: {why}", part.label()));
            } else {
                bundle.add(name, what, subject.hidden.head(&head));
            }
        }
        Ok(())
    }

    /// The settings as they are, and as they were where they were others.
    async fn add_settings(
        &self,
        workspace: &Workspace,
        subject: &Subject,
        bundle: &mut Bundle,
    ) -> Result<(), AppError> {
        let Some((connection, kind, profile)) = &subject.profile else {
            bundle.left_out.push("the settings: the transmission belongs to no profile of this workspace".to_owned());
            return Ok(());
        };
        let stored = workspace.certificates().await?;
        let written = |profile: &Profile| {
            let text = connection_file::write(shown(connection, *kind, profile)?, &|entry| {
                let stored = stored.iter().find(|stored| stored.facts.fingerprint_sha256 == entry.fingerprint)?;
                Some(Certificate::from_der(&stored.der).ok()?.to_pem())
            })?;
            Ok::<_, AppError>(subject.hidden.text(&text))
        };
        bundle.add("settings.toml", "The settings of the connection, without secrets", written(profile)?);
        if let Some(sent) = subject.sent.as_ref().filter(|sent| sent.profile != *profile) {
            match written(&sent.profile) {
                Ok(text) => bundle.add("settings-when-sent.toml", "The settings with which it was sent", text),
                Err(error) => bundle.left_out.push(format!("the settings with which it was sent: {error}")),
            }
        }
        Ok(())
    }

    async fn add_payload(&self, subject: &Subject, bundle: &mut Bundle) {
        let kept = self.kept(&subject.id, RawPart::Payload).await;
        match kept
            .and_then(|kept| kept.body.map(|path| (path, kept.bytes)).ok_or_else(|| AppError::new("none is kept")))
        {
            Ok((path, bytes)) => {
                bundle.payload = Some(BundlePayload { name: "payload.bin", what: "The document itself", bytes, path });
            }
            Err(error) => bundle.left_out.push(format!("the document itself: {error}")),
        }
    }
}

impl Subject {
    fn document(&self) -> Result<String, AppError> {
        let cannot =
            |error: serde_json::Error| AppError::new(format!("the transmission cannot be written as JSON: {error}"));
        let document = serde_json::to_value(TransmissionDocument::from(&self.transmission)).map_err(cannot)?;
        let mut text = serde_json::to_string_pretty(&self.hidden.json(document)).map_err(cannot)?;
        text.push('\n');
        Ok(text)
    }
}

/// A connection as its partner may see it: with the one profile, without for whom it is kept, what people wrote about it or where files lie.
fn shown(connection: &Connection, kind: ProfileKind, profile: &Profile) -> Result<Connection, AppError> {
    let mut profile = profile.clone();
    profile.url = without_query(&profile.url)?;
    profile.mdn_url = profile.mdn_url.as_ref().map(without_query).transpose()?;
    if profile.tls_trust != "system" {
        PATH.clone_into(&mut profile.tls_trust);
    }
    let mut shown = Connection {
        customer: None,
        tags: Tags::default(),
        notes: None,
        contact: None,
        production: None,
        test: None,
        ..connection.clone()
    };
    let place = match kind {
        ProfileKind::Production => &mut shown.production,
        ProfileKind::Test => &mut shown.test,
    };
    *place = Some(profile);
    Ok(shown)
}

fn without_query(address: &Address) -> Result<Address, AppError> {
    let text = address.as_str();
    Ok(text.split('?').next().unwrap_or(text).parse()?)
}
