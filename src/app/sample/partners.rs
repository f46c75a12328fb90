//! The sample's trading partners: the same engine on the other side of a real socket, each with a workspace, keys and a
//! listener of its own.

use std::path::Path;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::{App, AppError, Clock, ServeOptions};
use crate::certificate::{Certificate, PrivateKey};
use crate::domain::connection::Connection;
use crate::domain::identifier::IdentityName;
use crate::domain::timeline::plain_list;
use crate::store::{Location, Unlock};

/// A key and its certificate, made for a partner.
pub(super) struct PartnerKey {
    pub(super) name: &'static str,
    pub(super) key: PrivateKey,
    pub(super) certificate: Certificate,
}

/// A partner's side of one profile.
pub(super) struct Counterpart {
    /// The AS2 identifier of the partner.
    pub(super) theirs: &'static str,
    /// Our AS2 identifier, which is the partner's partner.
    pub(super) ours: &'static str,
}

/// A partner that listens.
pub(super) struct RunningPartner {
    pub(super) url: String,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl RunningPartner {
    /// Lets it finish what is in flight.
    pub(super) async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // Where nobody listens any more it has stopped already.
            let (Ok(()) | Err(())) = stop.send(());
        }
        if let Some(serving) = self.serving.take() {
            drop(serving.await);
        }
    }
}

/// Starts a partner that knows us by `our_certificate`, opens with all of `keys`, and signs its receipts with the first.
/// A partner that does not run gets an address where nobody listens.
pub(super) async fn start(
    folder: &Path,
    keys: &[&PartnerKey],
    counterparts: &[Counterpart],
    our_certificate: &Certificate,
    running: bool,
) -> Result<RunningPartner, AppError> {
    let app = App::new(Location::Dir(folder.to_owned()), Unlock::none(), Clock::System);
    let workspace = app.workspace().await?;
    for key in keys {
        let name: IdentityName = key.name.parse()?;
        app.keep_identity(&name, std::slice::from_ref(&key.certificate), key.key.pkcs8_der()).await?;
    }
    let signs_with = keys.first().map(|key| key.name).unwrap_or_default();
    workspace.put_certificate(our_certificate.der(), our_certificate.facts(), "sample", app.now()).await?;
    for (index, counterpart) in counterparts.iter().enumerate() {
        let mut connection: Connection = toml::from_str(&format!(
            "id = \"acme-{index}\"\nname = \"Acme Supply\"\n[production]\nour_as2_id = {}\npartner_as2_id = {}\nurl = \"http://127.0.0.1/\"\nidentity = {}\n",
            toml::Value::from(counterpart.theirs),
            toml::Value::from(counterpart.ours),
            toml::Value::from(signs_with),
        ))
        .map_err(|error| AppError::new(format!("the partner's side cannot be set up: {error}")))?;
        if let Some(profile) = &mut connection.production {
            profile.partner_certificates = plain_list(&[our_certificate.facts().fingerprint_sha256]);
        }
        workspace.save_connection(&connection, app.now()).await?;
    }
    let any_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let bound = app.bind(&ServeOptions { listen: any_port, tls: None, inbox: Some(folder.join("inbox")) }).await?;
    let url = bound.url.clone();
    if !running {
        return Ok(RunningPartner { url, stop: None, serving: None });
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let until = async move {
            drop(stopped.await);
        };
        // What the partner could not do shows in what it answers.
        drop(bound.serve(until, |_event| {}).await);
    });
    Ok(RunningPartner { url, stop: Some(stop), serving: Some(serving) })
}
