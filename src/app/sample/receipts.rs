//! Where the sample itself receives: a free port of this machine, at which the asynchronous receipts of its partners arrive.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use super::reopen::redirect_receipts;
use crate::app::engine::ReceivingSettings;
use crate::app::{App, AppError};
use crate::store::Workspace;

/// The folder in which received payloads are put.
const INBOX: &str = "inbox";

/// Chooses a port that is free now, and has the window receive there. Returns the address for receipts.
pub(super) async fn choose(app: &App, workspace: &Workspace) -> Result<String, AppError> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let free = TcpListener::bind(any).and_then(|listener| listener.local_addr());
    let listen = free.map_err(|error| AppError::new(format!("there is no port to receive receipts at: {error}")))?;
    let inbox = Some(workspace.folder().join(INBOX));
    app.set_receiving(&ReceivingSettings { on: true, listen, inbox }).await?;
    Ok(address(listen))
}

/// Keeps the port where it can still be had, else chooses another and has the connections follow.
pub(super) async fn keep(app: &App, workspace: &Workspace) -> Result<(), AppError> {
    let settings = app.receiving_settings().await?;
    // Stopped or moved by the user: that is how it stays.
    if !settings.on || !settings.listen.ip().is_loopback() || TcpListener::bind(settings.listen).is_ok() {
        return Ok(());
    }
    let new = choose(app, workspace).await?;
    redirect_receipts(app, workspace, &address(settings.listen), &new).await
}

/// The address that partners are told.
pub(super) fn address(listen: SocketAddr) -> String {
    format!("http://{listen}/as2")
}
