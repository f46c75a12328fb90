//! The sample's trading partners: the same engine on the other side of a real socket, each with a workspace, keys and a
//! listener of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::{App, AppError, Clock, ServeOptions};
use crate::certificate::{Certificate, PrivateKey};
use crate::domain::connection::Connection;
use crate::domain::identifier::IdentityName;
use crate::domain::timeline::plain_list;
use crate::store::{Location, Unlock, Workspace};

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

/// The partners by name: the folder of each, and in braces the placeholder of its address in the connection files.
pub(super) const PARTNERS: [&str; 5] = ["amazon-us-production", "amazon-us-test", "amazon-de", "northwind", "harbor"];

/// Under which the sample's workspace remembers where its partners were reached last.
const ADDRESSES: &str = "sample-addresses";

/// A partner that listens.
pub(super) struct RunningPartner {
    /// One of [`PARTNERS`].
    pub(super) name: &'static str,
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

/// Makes the workspace of a partner that knows us by `our_certificate`, opens with all of `keys`, and signs its receipts
/// with the first.
pub(super) async fn make(
    folder: &Path,
    keys: &[&PartnerKey],
    counterparts: &[Counterpart],
    our_certificate: &Certificate,
) -> Result<App, AppError> {
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
    Ok(app)
}

/// Starts a partner, at an address where that can be had, else at another. One that does not run gets an address where
/// nobody listens.
pub(super) async fn start(
    app: App,
    name: &'static str,
    folder: &Path,
    address: Option<SocketAddr>,
    running: bool,
) -> Result<RunningPartner, AppError> {
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = |listen| ServeOptions { listen, tls: None, inbox: Some(folder.join("inbox")), outbox: None };
    let bound = match app.bind(&options(address.unwrap_or(any_port))).await {
        // Another program may have the address by now.
        Err(_taken) if address.is_some() => app.bind(&options(any_port)).await?,
        bound => bound?,
    };
    let url = bound.url.clone();
    if !running {
        return Ok(RunningPartner { name, url, stop: None, serving: None });
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let until = async move {
            drop(stopped.await);
        };
        // What the partner could not do shows in what it answers.
        drop(bound.serve(until, |_event| {}).await);
        app.close().await;
    });
    Ok(RunningPartner { name, url, stop: Some(stop), serving: Some(serving) })
}

/// Where the partners were reached last, by name.
pub(super) async fn addresses(workspace: &Workspace) -> Result<BTreeMap<String, String>, AppError> {
    let kept = workspace.meta(ADDRESSES).await?.unwrap_or_default();
    serde_json::from_str(&kept).map_err(|error| AppError::new(format!("its partners' addresses are lost: {error}")))
}

/// Remembers where the partners are reached.
pub(super) async fn remember(workspace: &Workspace, partners: &[RunningPartner]) -> Result<(), AppError> {
    let addresses: BTreeMap<&str, &str> = partners.iter().map(|partner| (partner.name, partner.url.as_str())).collect();
    let text = serde_json::to_string(&addresses)
        .map_err(|error| AppError::new(format!("the partners' addresses cannot be written: {error}")))?;
    Ok(workspace.set_meta(ADDRESSES, &text).await?)
}
