//! Delivering a message's payload into the inbox, once: what is killed or fails between the inbox and the answer is
//! finished when the message comes again, and not repeated.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::inbox_trouble::not_put;
use super::{Addressed, Receiver, diagnosis};
use crate::app::send::blocking;
use crate::app::{AppError, inbox};
use crate::domain::diagnosis::Blame;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::{Delivery, Transmission, TransmissionId, Verdict};
use crate::store::{Archive, FolderKind, Part, StoredFolder};

/// The cause under which is journalled what was delivered and got no answer.
pub(super) const NOT_ANSWERED: &str = "Delivered, not answered";

/// What became of a delivery.
#[derive(Debug)]
pub(super) enum Delivered {
    /// It is in the inbox, or in the archive where there is no inbox.
    Now,
    /// It has been in the inbox since the message came under this number.
    Before(TransmissionId),
    /// It could not be put there.
    Not(AppError),
}

impl Receiver {
    /// Puts the payload of a message into the inbox, unless it got there when the message came before and was not answered.
    /// It is complete there once this has returned, and the journal says so.
    ///
    /// # Errors
    /// Where the journal cannot be read or written.
    pub(super) async fn deliver(
        &self,
        transmission: &mut Transmission,
        addressed: &Addressed,
        name: &str,
    ) -> Result<Delivered, AppError> {
        let (Some(connection), Some(kind)) = (&transmission.connection, transmission.profile) else {
            return Ok(Delivered::Now);
        };
        let own = self.own_inbox(connection, kind).await?;
        let Some(inbox) = own.as_ref().or(self.inbox.as_ref()) else { return Ok(Delivered::Now) };
        match self.delivered_before(transmission, addressed).await? {
            Some(Ok(first)) => {
                transmission.delivery = first.delivery;
                return Ok(Delivered::Before(first.id));
            }
            Some(Err(error)) => return Ok(Delivered::Not(error)),
            None => {}
        }
        let (archive, id) = (self.workspace.archive().clone(), transmission.id);
        let folder = if own.is_some() { inbox.clone() } else { inbox::folder(inbox, connection, kind) };
        self.clear_forgotten(&folder).await?;
        let ready = match blocking(move || {
            archive.lay_ready(id, Part::Payload, &folder).map_err(|error| not_put(&folder, &error))
        })
        .await
        {
            Ok(ready) => ready,
            Err(error) => return Ok(Delivered::Not(error)),
        };
        // From here on whoever finds no file that lies ready knows that it was delivered.
        let is_own = own.is_some();
        transmission.delivery = Some(Delivery { inbox: inbox.to_string_lossy().into_owned(), own: is_own, file: None });
        if let Err(error) = self.workspace.update_transmission(transmission).await {
            transmission.delivery = None;
            // An error need not mean that it was not written.
            let found = self.workspace.transmission(id).await;
            if found.is_ok_and(|found| found.is_none_or(|found| found.delivery.is_none())) {
                Archive::clear_ready(&ready)?;
            }
            return Err(error.into());
        }
        let (name, lies) = (name.to_owned(), ready.clone());
        match blocking(move || place(&ready, &name)).await {
            Ok(path) => {
                note_name(transmission, &path);
                Ok(Delivered::Now)
            }
            Err(error) => {
                self.take_back(transmission, &lies).await;
                Ok(Delivered::Not(error))
            }
        }
    }

    /// Takes away what a program laid ready in a folder that was killed before the journal knew of it, the first time that
    /// something is delivered there. How such a message ended is journalled before another is taken: it was refused, and comes
    /// again.
    async fn clear_forgotten(&self, folder: &Path) -> Result<(), AppError> {
        if !self.cleared.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned()) {
            return Ok(());
        }
        let looked_into = folder.to_owned();
        // A folder that cannot be read now says so when something is to be put into it.
        let lying = blocking(move || Ok(Archive::lying_ready(&looked_into).unwrap_or_default())).await?;
        for id in lying {
            let Some(known) = self.workspace.transmission(id).await? else { continue };
            if known.delivery.is_none() && matches!(known.verdict, Verdict::Refused | Verdict::Received) {
                Archive::clear_ready(&Archive::ready_path(id, folder)).ok();
            }
        }
        Ok(())
    }

    /// The folder that is set for a profile alone.
    pub(super) async fn own_inbox(
        &self,
        connection: &ConnectionId,
        kind: ProfileKind,
    ) -> Result<Option<PathBuf>, AppError> {
        let is_it = |folder: &StoredFolder| {
            folder.kind == FolderKind::Inbox && folder.connection == *connection && folder.profile == kind
        };
        Ok(self.workspace.folders().await?.into_iter().find(is_it).map(|folder| folder.path.into()))
    }

    /// What did not get its name and still lies ready is not delivered, whoever clears it away later: it goes, and comes
    /// again with the message.
    async fn take_back(&self, transmission: &mut Transmission, ready: &Path) {
        if !ready.try_exists().unwrap_or(false) {
            return;
        }
        let intended = transmission.delivery.take();
        // The journal first: what is gone from the inbox, and said to be there, would count as delivered.
        if self.workspace.update_transmission(transmission).await.is_err() {
            transmission.delivery = intended;
            return;
        }
        // Where it cannot be cleared, it lies there for nobody.
        Archive::clear_ready(ready).ok();
    }

    /// The same message with the same payload, where it came before and was delivered. What lay ready and did not get its
    /// name gets it now.
    async fn delivered_before(
        &self,
        transmission: &Transmission,
        addressed: &Addressed,
    ) -> Result<Option<Result<Transmission, AppError>>, AppError> {
        for id in self.workspace.find_arrived(&addressed.from, &addressed.to, &addressed.message_id).await? {
            if id == transmission.id {
                continue;
            }
            let Some(mut first) = self.workspace.transmission(id).await? else { continue };
            let Some(ready) = inbox::ready_path(&first, self.inbox.as_deref()) else { continue };
            // Another document under the same Message-ID, to which nothing was ever answered, is a message of its own.
            if !self.is_same_payload(&first, transmission).await? {
                continue;
            }
            let name = first.file.clone().unwrap_or_else(|| "message".to_owned());
            let lies_ready = ready.try_exists().unwrap_or(false);
            if lies_ready {
                let lies = ready.clone();
                match blocking(move || place(&ready, &name)).await {
                    Ok(path) => note_name(&mut first, &path),
                    Err(error) => {
                        self.take_back(&mut first, &lies).await;
                        return Ok(Some(Err(error)));
                    }
                }
            } else {
                match inbox::was_placed(&first, self.inbox.as_deref()) {
                    Ok(true) => {}
                    Ok(false) => continue,
                    Err(error) => return Ok(Some(Err(error))),
                }
            }
            if first.http_status.is_none() {
                first.verdict = Verdict::Received;
                let explanation =
                    "The message was delivered and could not be answered; it came again, and was answered then";
                first.diagnosis = Some(diagnosis(NOT_ANSWERED, explanation, Blame::Ours));
                self.workspace.update_transmission(&first).await?;
            }
            return Ok(Some(Ok(first)));
        }
        Ok(None)
    }

    async fn is_same_payload(&self, one: &Transmission, other: &Transmission) -> Result<bool, AppError> {
        if one.bytes.payload != other.bytes.payload {
            return Ok(false);
        }
        let (one_digest, other_digest) = (self.payload_digest(one).await?, self.payload_digest(other).await?);
        Ok(one_digest == other_digest)
    }

    async fn payload_digest(&self, of: &Transmission) -> Result<String, AppError> {
        if let Some(digest) = &of.payload_sha256 {
            return Ok(digest.clone());
        }
        let (archive, id) = (self.workspace.archive().clone(), of.id);
        blocking(move || Ok(archive.sha256(id, Part::Payload)?)).await
    }
}

/// Whether the journal is sure that the payload has its name in the inbox.
pub(super) fn has_name(transmission: &Transmission) -> bool {
    transmission.delivery.as_ref().is_some_and(|delivery| delivery.file.is_some())
}

/// Gives what lies ready its name.
fn place(ready: &Path, name: &str) -> Result<PathBuf, AppError> {
    Archive::place(ready, name).map_err(|error| not_put(ready.parent().unwrap_or(ready), &error))
}

fn note_name(transmission: &mut Transmission, path: &Path) {
    if let Some(delivery) = &mut transmission.delivery {
        delivery.file = path.file_name().map(|name| name.to_string_lossy().into_owned());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use super::*;
    use crate::app::{App, Clock};
    use crate::domain::transmission::Direction;
    use crate::store::{As2Pair, Location, Unlock};

    struct Place {
        guard: tempfile::TempDir,
        receiver: Receiver,
        addressed: Addressed,
    }

    impl Place {
        async fn new() -> Self {
            let guard = tempfile::tempdir().unwrap();
            let app = App::new(Location::Dir(guard.path().join("w")), Unlock::none(), Clock::System);
            let inbox = Some(guard.path().join("inbox"));
            let receiver = Receiver::new(app, inbox, Arc::new(|_event| {})).await.unwrap();
            let addressed =
                Addressed { from: "PARTNER".to_owned(), to: "US".to_owned(), message_id: "<order@partner>".to_owned() };
            Self { guard, receiver, addressed }
        }

        /// The message came, was kept, journalled and opened.
        async fn came(&self, payload: &[u8]) -> Transmission {
            let at = self.receiver.app.now();
            let id = crate::app::send::new_id(at);
            let message_id = self.addressed.message_id.clone();
            let mut came = Transmission::new(id, message_id, at, Direction::Inbound);
            let pair = As2Pair { ours: Some(&self.addressed.to), partner: Some(&self.addressed.from) };
            self.receiver.workspace.begin_transmission(&came, pair).await.unwrap();
            let mut writer = self.receiver.workspace.archive().create(id, Part::Payload).unwrap();
            writer.write_all(payload).unwrap();
            writer.finish().unwrap();
            came.connection = Some("acme".parse().unwrap());
            came.profile = Some(ProfileKind::Production);
            came.file = Some("850.edi".to_owned());
            came.bytes.payload = payload.len() as u64;
            came
        }

        async fn deliver(&self, came: &mut Transmission) -> Delivered {
            self.receiver.deliver(came, &self.addressed, "850.edi").await.unwrap()
        }

        fn folder(&self) -> PathBuf {
            self.guard.path().join("inbox/acme/production")
        }

        fn inbox(&self) -> Vec<String> {
            let entries = std::fs::read_dir(self.folder()).map(|all| all.map(|each| each.unwrap()).collect::<Vec<_>>());
            let mut names: Vec<String> =
                entries.unwrap_or_default().iter().map(|entry| entry.file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_delivered_and_not_answered_is_not_delivered_again_wherever_it_lies_now() {
        let place = Place::new().await;
        let mut first = place.came(b"order").await;
        assert!(matches!(place.deliver(&mut first).await, Delivered::Now));
        // The program is killed here: nothing more is journalled, nothing answered.
        let mut second = place.came(b"order").await;
        assert!(matches!(place.deliver(&mut second).await, Delivered::Before(id) if id == first.id));
        assert_eq!(place.inbox(), ["850.edi"]);
        let journalled = place.receiver.workspace.transmission(first.id).await.unwrap().unwrap();
        assert_eq!((journalled.verdict, journalled.cause()), (Verdict::Received, Some(NOT_ANSWERED)));
        // And again, and whoever reads the inbox has taken it away since.
        std::fs::remove_file(place.folder().join("850.edi")).unwrap();
        let mut third = place.came(b"order").await;
        assert!(matches!(place.deliver(&mut third).await, Delivered::Before(_)));
        assert!(place.inbox().is_empty());
        // Another document is another matter, and so is the same under another Message-ID.
        let mut other = place.came(b"another order").await;
        assert!(matches!(place.deliver(&mut other).await, Delivered::Now));
        assert_eq!(place.inbox(), ["850.edi"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_lay_ready_when_the_program_was_killed_is_delivered_once_when_it_comes_again() {
        let place = Place::new().await;
        let mut first = place.came(b"order").await;
        let ready = place.receiver.workspace.archive().lay_ready(first.id, Part::Payload, &place.folder()).unwrap();
        let inbox = place.guard.path().join("inbox").to_string_lossy().into_owned();
        first.delivery = Some(Delivery { inbox, own: false, file: None });
        place.receiver.workspace.update_transmission(&first).await.unwrap();
        assert!(!inbox::was_placed(&first, None).unwrap());
        for _ in 0..2 {
            let mut again = place.came(b"order").await;
            assert!(matches!(place.deliver(&mut again).await, Delivered::Before(id) if id == first.id));
            assert_eq!(place.inbox(), ["850.edi"]);
        }
        assert!(!ready.exists() && inbox::was_placed(&first, None).unwrap());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_laid_ready_and_not_journalled_when_the_program_was_killed_goes_with_the_next_delivery() {
        let place = Place::new().await;
        let archive = place.receiver.workspace.archive().clone();
        let (mut first, coming) = (place.came(b"order").await, place.came(b"another order").await);
        for each in [&first, &coming] {
            archive.lay_ready(each.id, Part::Payload, &place.folder()).unwrap();
        }
        // Of the first it was found out at the next start that nothing was answered; the other comes in another program.
        first.verdict = Verdict::Refused;
        place.receiver.workspace.update_transmission(&first).await.unwrap();
        let mut again = place.came(b"order").await;
        assert!(matches!(place.deliver(&mut again).await, Delivered::Now));
        assert_eq!(place.inbox(), [&*format!(".countersign.{}.partial", coming.id.simple()), "850.edi"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_killed_program_had_delivered_is_no_refusal_and_what_it_had_not_is_one() {
        let place = Place::new().await;
        let mut delivered = place.came(b"order").await;
        assert!(matches!(place.deliver(&mut delivered).await, Delivered::Now));
        let mut waits = place.came(b"another order").await;
        place.receiver.workspace.archive().lay_ready(waits.id, Part::Payload, &place.folder()).unwrap();
        waits.delivery.clone_from(&delivered.delivery);
        place.receiver.workspace.update_transmission(&waits).await.unwrap();
        let later = delivered.at + jiff::SignedDuration::from_hours(30);
        crate::app::send::settle_abandoned(&place.receiver.workspace, later).await.unwrap();
        for (id, verdict) in [(delivered.id, Verdict::Received), (waits.id, Verdict::Refused)] {
            assert_eq!(place.receiver.workspace.transmission(id).await.unwrap().unwrap().verdict, verdict);
        }
        // What was refused lies ready no more, and is delivered when it comes again.
        assert_eq!(place.inbox(), ["850.edi"]);
        let mut again = place.came(b"another order").await;
        assert!(matches!(place.deliver(&mut again).await, Delivered::Now));
        assert_eq!(place.inbox(), ["850 (2).edi", "850.edi"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_did_not_get_its_name_is_not_delivered_whoever_clears_the_inbox() {
        let place = Place::new().await;
        let mut first = place.came(b"order").await;
        let delivered = place.receiver.deliver(&mut first, &place.addressed, "no/name").await.unwrap();
        assert!(matches!(delivered, Delivered::Not(_)));
        let journalled = place.receiver.workspace.transmission(first.id).await.unwrap().unwrap();
        assert_eq!((first.delivery, journalled.delivery), (None, None));
        assert!(place.inbox().is_empty(), "{:?}", place.inbox());
        let mut again = place.came(b"order").await;
        assert!(matches!(place.deliver(&mut again).await, Delivered::Now));
        assert_eq!(place.inbox(), ["850.edi"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_lay_ready_and_gets_no_name_the_second_time_is_let_go() {
        let place = Place::new().await;
        let mut first = place.came(b"order").await;
        place.receiver.workspace.archive().lay_ready(first.id, Part::Payload, &place.folder()).unwrap();
        let inbox = place.guard.path().join("inbox").to_string_lossy().into_owned();
        (first.delivery, first.file) = (Some(Delivery { inbox, own: false, file: None }), Some("no/name".to_owned()));
        place.receiver.workspace.update_transmission(&first).await.unwrap();
        let mut second = place.came(b"order").await;
        assert!(matches!(place.deliver(&mut second).await, Delivered::Not(_)));
        assert!(place.inbox().is_empty(), "{:?}", place.inbox());
        let mut third = place.came(b"order").await;
        assert!(matches!(place.deliver(&mut third).await, Delivered::Now));
        assert_eq!(place.inbox(), ["850.edi"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_lay_ready_and_was_not_journalled_and_what_went_into_a_folder_that_is_gone_is_delivered() {
        let place = Place::new().await;
        let first = place.came(b"order").await;
        let ready = place.receiver.workspace.archive().lay_ready(first.id, Part::Payload, &place.folder()).unwrap();
        let mut second = place.came(b"order").await;
        assert!(matches!(place.deliver(&mut second).await, Delivered::Now));
        std::fs::remove_file(&ready).unwrap();
        assert_eq!(place.inbox(), ["850.edi"]);
        std::fs::remove_dir_all(place.guard.path().join("inbox")).unwrap();
        let mut third = place.came(b"order").await;
        assert!(matches!(place.deliver(&mut third).await, Delivered::Now), "better twice than not at all");
        assert_eq!(place.inbox(), ["850.edi"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_intent_that_cannot_be_journalled_delivers_nothing_and_leaves_nothing() {
        let place = Place::new().await;
        let mut never_journalled = place.came(b"order").await;
        never_journalled.id = crate::app::send::new_id(place.receiver.app.now());
        let mut writer = place.receiver.workspace.archive().create(never_journalled.id, Part::Payload).unwrap();
        writer.write_all(b"order").unwrap();
        writer.finish().unwrap();
        let delivered = place.receiver.deliver(&mut never_journalled, &place.addressed, "850.edi").await;
        assert!(delivered.is_err() && never_journalled.delivery.is_none());
        assert!(place.inbox().is_empty(), "{:?}", place.inbox());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_inbox_that_takes_nothing_is_told_and_the_next_time_it_is_tried_again() {
        let place = Place::new().await;
        std::fs::create_dir_all(place.guard.path().join("inbox/acme")).unwrap();
        std::fs::write(place.folder(), b"no folder").unwrap();
        let mut first = place.came(b"order").await;
        assert!(matches!(place.deliver(&mut first).await, Delivered::Not(_)));
        assert!(first.delivery.is_none());
        std::fs::remove_file(place.folder()).unwrap();
        let mut second = place.came(b"order").await;
        assert!(matches!(place.deliver(&mut second).await, Delivered::Now));
        assert_eq!(second.delivery.unwrap().file.as_deref(), Some("850.edi"));
    }
}
