//! The payload on its way into the archive, and the message on its way out of it.
//!
//! The payload is copied, so that it can be sent again when the user's file is gone; then the message is built from the
//! copy. A large file is read once for both. Either way everything is complete and on disk before a byte leaves.

use std::fs::File;
use std::io::{self, Read, Seek as _, Write};

use super::giving_up::blocking_while_wanted;
use super::material::Material;
use super::{Content, Sending, Source};
use crate::app::AppError;
use crate::app::document_facts::document_of;
use crate::as2::{BuildError, Built, sha256_beside, written_beside};
use crate::domain::certificate::hex;
use crate::store::{DEFAULT_KEEP, Part};

/// How far preparing a message has come when something begins, and how many bytes there are to go through in all.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) before: u64,
    pub(super) total: u64,
}

impl Source {
    /// The length of a large file, which is built from while it is copied.
    pub(super) fn large(&self) -> Option<u64> {
        let Content::File(file) = &self.content else { return None };
        file.metadata().ok().filter(|file| file.is_file() && file.len() > DEFAULT_KEEP).map(|file| file.len())
    }
}

impl Sending<'_> {
    fn told(&self, way: Way) -> impl Fn(u64) {
        move |bytes| self.stages.building(way.before.saturating_add(bytes).min(way.total), way.total)
    }

    /// Copies the payload into the archive.
    pub(super) async fn copy_payload(&mut self, source: Source, way: Way) -> Result<u64, AppError> {
        let mut writer = self.workspace.archive().create(self.transmission.id, Part::Payload)?;
        let copied = blocking_while_wanted(self.told(way), move |wanted| {
            let from: Box<dyn Read> = match source.content {
                Content::File(file) => Box::new(file),
                Content::Text(text) => Box::new(io::Cursor::new(text)),
            };
            let mut from = Copied { from: wanted.reader(from), copy: &mut writer };
            let copied = sha256_beside(|hash| io::copy(&mut io::BufReader::with_capacity(128 * 1024, &mut from), hash));
            let (_, digest) = copied.map_err(|error| AppError::new(error.to_string()))?;
            wanted.check().map_err(BuildError::from)?;
            Ok((writer.finish()?.bytes, digest))
        });
        let (bytes, digest) = copied.await?;
        self.transmission.bytes.payload = bytes;
        self.transmission.payload_sha256 = Some(hex(&digest));
        self.transmission.document = document_of(self.workspace.archive(), self.transmission.id).await;
        self.workspace.update_transmission(&self.transmission).await?;
        Ok(bytes)
    }

    /// Builds the message into the archive from the copy of its payload: what goes out is what is kept, and its length is
    /// known.
    pub(super) async fn build(&self, material: &Material, way: Way) -> Result<Built, AppError> {
        let (archive, id) = (self.workspace.archive(), self.transmission.id);
        let payload = archive.open(id, Part::Payload)?;
        let mut body = archive.create(id, Part::RequestBody(self.body))?;
        // Beside the message, where there is room for it, and not where others keep their temporary files.
        let folder = archive.folder(id);
        let material = material.clone();
        blocking_while_wanted(self.told(way), move |wanted| {
            let mut payload = wanted.reader(payload);
            let built = material.message().build_beside(&mut payload, &mut wanted.writer(&mut body), Some(&folder))?;
            wanted.check().map_err(BuildError::from)?;
            body.finish()?;
            Ok(built)
        })
        .await
    }

    /// Copies a large file and builds the message from it, where that can be done in one pass; else one after the other.
    pub(super) async fn copy_and_build(
        &mut self,
        source: Source,
        length: u64,
        material: &mut Material,
    ) -> Result<Built, AppError> {
        let Content::File(mut file) = source.content else { return Err(AppError::new("it is no file")) };
        if material.message().is_built_in_one_pass()
            && let Some(built) = self.in_one_pass(&file, length, material).await?
        {
            return Ok(built);
        }
        file.rewind().map_err(|error| AppError::new(format!("the payload cannot be read: {error}")))?;
        let total = length.saturating_mul(2);
        let source = Source { name: source.name, content: Content::File(file) };
        let copied = self.copy_payload(source, Way { before: 0, total }).await?;
        material.set_payload_length(copied);
        self.build(material, Way { before: length, total }).await
    }

    /// Nothing where the file turned out to have another length than it had: then nothing is left of it either.
    async fn in_one_pass(&mut self, file: &File, length: u64, material: &Material) -> Result<Option<Built>, AppError> {
        let (archive, id) = (self.workspace.archive(), self.transmission.id);
        let file = file.try_clone().map_err(|error| AppError::new(format!("the payload cannot be read: {error}")))?;
        let payload = archive.create(id, Part::Payload)?;
        let mut body = archive.create(id, Part::RequestBody(self.body))?;
        let material = material.clone();
        let way = Way { before: 0, total: length };
        let built = blocking_while_wanted(self.told(way), move |wanted| {
            let built = written_beside("copy", payload, |copy| {
                let mut from = Copied { from: wanted.reader(file), copy };
                material.message().build_in_one_pass(&mut from, &mut wanted.writer(&mut body))
            });
            let (built, payload) = match built {
                Err(BuildError::PayloadChanged { .. }) => return Ok(None),
                built => built?,
            };
            wanted.check().map_err(BuildError::from)?;
            // The payload first: a message without it could not be explained.
            payload.finish()?;
            body.finish()?;
            Ok(Some(built))
        })
        .await?;
        if built.is_some() {
            // Its digest is taken once the message has been sent.
            self.transmission.bytes.payload = length;
            self.transmission.document = document_of(self.workspace.archive(), id).await;
        }
        Ok(built)
    }
}

/// Reads, and copies what is read.
struct Copied<R, W> {
    from: R,
    copy: W,
}

impl<R: Read, W: Write> Read for Copied<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let told = |error: io::Error, what: &str| match error.kind() {
            io::ErrorKind::Interrupted => error,
            kind => io::Error::new(kind, format!("the payload cannot be {what}: {error}")),
        };
        let read = self.from.read(buffer).map_err(|error| told(error, "read"))?;
        self.copy.write_all(&buffer[..read]).map_err(|error| told(error, "copied into the archive"))?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::super::stages::Stages;
    use super::super::{FIRST, Payload, SendEvent, SendRequest, new_id};
    use super::*;
    use crate::app::{App, Clock, NewIdentity};
    use crate::certificate::KeyKind;
    use crate::domain::identifier::ProfileKind;
    use crate::domain::transmission::{Direction, Transmission, Verdict};
    use crate::store::{As2Pair, Location, Unlock};

    const PLAIN: &str = "encryption = \"none\"\n";

    /// A program with a connection to where nobody listens, and a large document.
    async fn app(folder: &std::path::Path, key: KeyKind, settings: &str) -> (App, SendRequest) {
        let app = App::new(Location::Dir(folder.join("w")), Unlock::none(), Clock::System);
        let name = "us".parse().unwrap();
        app.create_identity(NewIdentity { name, key, days: 365, subject: None }).await.unwrap();
        let connection = toml::from_str(&format!(
            "id = \"partner\"\nname = \"Partner\"\n[production]\nour_as2_id = \"US\"\npartner_as2_id = \"P\"\n\
             url = \"http://127.0.0.1:9/\"\nidentity = \"us\"\nmdn = \"none\"\n{settings}"
        ));
        app.create_connection(connection.unwrap()).await.unwrap();
        let file = folder.join("order.edi");
        let line = b"UNH+1+ORDERS:D:96A:UN'\r\n";
        std::fs::write(&file, line.repeat(usize::try_from(DEFAULT_KEEP).unwrap() / line.len() + 1)).unwrap();
        let (connection, profile) = ("partner".parse().unwrap(), ProfileKind::Production);
        (app, SendRequest { connection, profile, payload: Payload::File(file) })
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_large_document_is_copied_built_and_digested_whichever_way_it_is_built() {
        for (key, settings) in [
            (KeyKind::Rsa2048, PLAIN),
            (KeyKind::Rsa2048, "encryption = \"none\"\ncompression = \"before-signing\"\n"),
            (KeyKind::EcP256, PLAIN),
            (KeyKind::Rsa2048, "encryption = \"none\"\n[production.quirks]\ncanonicalise_mic = true\n"),
        ] {
            let guard = tempfile::tempdir().unwrap();
            let (app, request) = app(guard.path(), key, settings).await;
            let Payload::File(file) = &request.payload else { unreachable!() };
            let told = std::sync::Mutex::new(Vec::new());
            let sent = app
                .send(&request, &|event| {
                    if let SendEvent::Building { bytes, total } = event {
                        told.lock().unwrap().push((bytes, total));
                    }
                })
                .await
                .unwrap();
            let payload = std::fs::read(file).unwrap();
            assert_eq!((sent.verdict, sent.bytes.payload), (Verdict::Failed, payload.len() as u64), "{settings}");
            assert!(told.lock().unwrap().is_sorted() && told.lock().unwrap().iter().all(|(done, of)| done <= of));
            let archive = app.workspace().await.unwrap().archive().clone();
            assert!(std::fs::read(archive.path(sent.id, Part::Payload)).unwrap() == payload, "{settings}");
            app.close().await;
            let kept = app.transmission(&sent.id.simple().to_string()).await.unwrap();
            let digest = archive.sha256(sent.id, Part::Payload).unwrap();
            assert_eq!(kept.payload_sha256.as_deref(), Some(digest.as_str()), "{settings}");
            assert_eq!(kept.document.as_ref().and_then(|document| document.kind()), Some("ORDERS"), "{settings}");
            let (cut, compressed) =
                (archive.cut(sent.id, Part::RequestBody(FIRST)).unwrap(), settings.contains("compression"));
            assert_eq!(cut.map(|cut| cut.length), (!compressed).then_some(sent.bytes.sent), "{settings}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_document_that_grew_since_it_was_looked_at_is_sent_as_it_was_copied() {
        let guard = tempfile::tempdir().unwrap();
        let (app, request) = app(guard.path(), KeyKind::Rsa2048, PLAIN).await;
        let (workspace, connection, profile) = app.profile(&request.connection, request.profile).await.unwrap();
        let at = app.now();
        let source = Source::open(&workspace, &request, &profile, at).await.unwrap();
        let length = source.large().unwrap();
        let transmission = Transmission::new(new_id(at), "<1@US>".to_owned(), at, Direction::Outbound);
        workspace.begin_transmission(&transmission, As2Pair::default()).await.unwrap();
        let mut sending = Sending {
            app: &app,
            workspace: workspace.clone(),
            connection,
            profile,
            kind: request.profile,
            transmission,
            stages: Stages::new(app.clock, &|_event| {}),
            begun: at,
            number: FIRST,
            body: FIRST,
            daily: false,
            asked: None,
            trouble: None,
        };
        let mut material = Material::choose(&sending, length - 1).await.unwrap();
        let built = sending.copy_and_build(source, length - 1, &mut material).await.unwrap();
        assert_eq!((sending.transmission.bytes.payload, sending.transmission.payload_sha256.is_some()), (length, true));
        let files = workspace.archive().files(sending.transmission.id).unwrap();
        let bytes: Vec<_> = files.iter().map(|(name, file)| (name.as_str(), file.bytes)).collect();
        assert_eq!(bytes, [("payload", length), ("request.body", built.length)]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_document_that_cannot_be_encrypted_for_anybody_is_kept_all_the_same() {
        let guard = tempfile::tempdir().unwrap();
        let (app, request) = app(guard.path(), KeyKind::Rsa2048, "encryption = \"aes128-cbc\"\n").await;
        let sent = app.send(&request, &|_event| {}).await.unwrap();
        assert_eq!(sent.verdict, Verdict::Failed, "{sent:#?}");
        assert!(app.workspace().await.unwrap().archive().path(sent.id, Part::Payload).is_file());
        assert!(sent.bytes.payload > DEFAULT_KEEP && sent.payload_sha256.is_some());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_large_document_that_is_given_up_while_it_is_built_leaves_nothing_half_done() {
        let guard = tempfile::tempdir().unwrap();
        let (app, request) = app(guard.path(), KeyKind::Rsa2048, PLAIN).await;
        let begun = tokio::sync::Notify::new();
        let events = |event| {
            if matches!(event, SendEvent::Stage(stage) if stage.stage == crate::domain::transmission::StageName::Built)
            {
                begun.notify_one();
            }
        };
        let sent = app.send_unless(&request, &events, begun.notified()).await.unwrap();
        assert_eq!(sent.verdict, Verdict::Cancelled, "{sent:#?}");
        let folder = app.workspace().await.unwrap().archive().folder(sent.id);
        // The thread ends as soon as it sees that nobody wants its work.
        for _ in 0..2400 {
            if std::fs::read_dir(&folder).unwrap().count() == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("{:?}", std::fs::read_dir(&folder).unwrap().collect::<Vec<_>>());
    }
}
