//! Fetching the certificate of a partner's TLS server, and trusting it for one profile alone once somebody has compared
//! its fingerprint.

use egui::{Context, Label, Ui};

use super::rows::server_badge;
use super::table::badge;
use crate::app::engine::{Answer, Command, RequestId};
use crate::app::{ConnectionChange, FetchedServer, PinnedServer, ProfileKey};
use crate::domain::sentence::sentence;
use crate::domain::server_certificate::{ServerSight, ServerTrust};
use crate::domain::transmission::{SeenCertificate, SeenTls};
use crate::ui::certificate::{Comparing, signature, usage, validity};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::focus;
use crate::ui::widgets::{ToneName, muted, notice, primary, secondary, small};

/// The dialog.
pub(in crate::ui) struct FetchServer {
    key: ProfileKey,
    name: String,
    fetching: Option<RequestId>,
    fetched: Option<Box<FetchedServer>>,
    comparing: Comparing,
    pinning: Option<RequestId>,
    trouble: Option<(String, String)>,
}

impl FetchServer {
    /// Of one profile. It begins to fetch at once, and keeps nothing.
    #[must_use]
    pub(in crate::ui) fn new(key: ProfileKey, name: &str, desk: &mut Desk<'_>) -> Self {
        let asked = key.clone();
        Self {
            name: format!("{name}, {}", key.1),
            fetching: desk.ask(|id| Command::FetchServer(id, asked)),
            key,
            fetched: None,
            comparing: Comparing::default(),
            pinning: None,
            trouble: None,
        }
    }

    fn listen(&mut self, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.fetching) {
            Some(Ok(Answer::Server(fetched))) => self.fetched = Some(fetched),
            Some(Err(error)) => {
                let remedy = error.what_to_do().map(sentence).unwrap_or_default();
                self.trouble = Some((sentence(error.message()), remedy));
            }
            Some(Ok(_)) | None => {}
        }
        match desk.answer(&mut self.pinning) {
            Some(Ok(Answer::Pinned(pinned))) => {
                told(*pinned, desk);
                return Flow::Close;
            }
            Some(Err(error)) => {
                let remedy = error.what_to_do().map(sentence).unwrap_or_default();
                self.trouble = Some((sentence(error.message()), remedy));
            }
            Some(Ok(_)) | None => {}
        }
        Flow::Open
    }

    fn content(&mut self, ui: &mut Ui, desk: &Desk<'_>) {
        if let Some((head, remedy)) = &self.trouble {
            notice(ui, ToneName::Bad, head, remedy, |_| {});
        }
        let Some(fetched) = &self.fetched else {
            if self.fetching.is_some() {
                ui.label(muted(ui, "Connecting, shaking hands, hanging up: nothing is sent and nothing is kept"));
            }
            return;
        };
        let Some(own) = fetched.certificates.first() else { return };
        match (&fetched.refusal, fetched.trust) {
            (Some(why), _) => {
                notice(ui, ToneName::Bad, "Messages would not be sent to this server", &sentence(why), |_| {})
            }
            (None, ServerTrust::Pinned) => {
                notice(ui, ToneName::Ok, "This profile trusts the server by what is pinned", "", |_| {})
            }
            (None, _) => notice(
                ui,
                ToneName::Ok,
                "The system trusts this server",
                "Pinning is not needed; pinned, the profile trusts this one certificate and must be changed with it",
                |_| {},
            ),
        }
        let issuer = if own.self_signed { "Itself, self-signed".to_owned() } else { own.issuer.clone() };
        let version = fetched.version.clone().unwrap_or_else(|| "Not agreed on".to_owned());
        let mut rows = vec![
            ("Server", fetched.server.clone()),
            ("Subject", own.subject.clone()),
            ("Issuer", issuer),
            ("Valid", validity(own, &desk.moment)),
            ("Key", own.key.to_string()),
            ("Signature", signature(own)),
            ("Usage", usage(own)),
            ("TLS", version),
            ("Revocation", "Not checked".to_owned()),
        ];
        rows.extend(fetched.certificates.iter().skip(1).map(|above| ("Above it", above.subject.clone())));
        egui::Grid::new("server certificate").num_columns(2).spacing([16.0, 4.0]).show(ui, |ui| {
            for (name, value) in &rows {
                ui.label(muted(ui, *name));
                ui.add(Label::new(small(value)).wrap().selectable(true));
                ui.end_row();
            }
        });
        if let Some(mark) = server_badge(&sight(fetched, desk), &desk.moment) {
            badge(ui, &mark, "Valid until");
        }
        if let Some(known) = desk.snapshot.observations.servers.get(&self.key).and_then(ServerSight::own)
            && known.fingerprint_sha256 != own.fingerprint_sha256
        {
            let text = format!("Seen last: {}", known.fingerprint_sha256);
            notice(ui, ToneName::Warn, "It is another certificate than was seen last", &text, |_| {});
        }
        ui.add(Label::new(muted(ui, "Ask the partner for the SHA-256 fingerprint of their server's certificate, by another way than this connection")).wrap());
        self.comparing.show(ui, own);
    }
}

/// What was fetched, as something seen.
fn sight(fetched: &FetchedServer, desk: &Desk<'_>) -> ServerSight {
    let chain = fetched.certificates.iter().map(|facts| SeenCertificate {
        subject: facts.subject.clone(),
        issuer: facts.issuer.clone(),
        not_after: facts.not_after,
        fingerprint_sha256: facts.fingerprint_sha256,
    });
    ServerSight {
        server: fetched.server.clone(),
        seen: desk.moment.now,
        tls: SeenTls { version: fetched.version.clone(), chain: chain.collect() },
        trust: fetched.trust,
        refusal: fetched.refusal.clone(),
        revocation: fetched.revocation,
        before: None,
        change_known: None,
    }
}

fn told(pinned: PinnedServer, desk: &mut Desk<'_>) {
    let text = format!("{}, {} trusts {} alone", pinned.connection, pinned.profile, pinned.fingerprint_sha256.short());
    let undo = move |desk: &mut Desk<'_>| {
        let mut change = ConnectionChange::new(pinned.connection);
        change.profiles.push((pinned.profile, vec![("tls_trust".to_owned(), pinned.before)]));
        // That it is trusted as before is seen in the inspector.
        let _asked = desk.ask(|id| Command::Save(id, change));
    };
    desk.toasts.offer("The server's certificate is pinned", &text, "Undo", Box::new(undo));
}

impl Dialog for FetchServer {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if self.listen(desk) == Flow::Close {
            return Flow::Close;
        }
        let busy = self.pinning.is_some();
        let name = self.name.clone();
        frame(ctx, "fetch server", "The server's certificate", &name, 720.0, busy, |ui| {
            self.content(ui, desk);
            buttons(ui, |ui| {
                let mut flow = Flow::Open;
                let own = self.fetched.as_ref().and_then(|fetched| fetched.certificates.first());
                if let Some(own) = own {
                    let print = own.fingerprint_sha256;
                    let ready = self.comparing.comparison(own).is_some() && !busy;
                    if ui.add_enabled_ui(ready, |ui| primary(ui, "Trust it for this profile alone")).inner.clicked()
                        && let Some(fetched) = &self.fetched
                    {
                        let (key, der) = (self.key.clone(), fetched.der.clone());
                        self.trouble = None;
                        self.pinning = desk.ask(|id| Command::PinServer(id, key, der, print));
                    }
                } else if self.fetching.is_none() {
                    let again = primary(ui, "Try again");
                    focus::avoid(ui.ctx(), again.id);
                    if again.clicked() {
                        let key = self.key.clone();
                        self.trouble = None;
                        self.fetching = desk.ask(|id| Command::FetchServer(id, key));
                    }
                }
                if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Close")).inner.clicked() {
                    flow = Flow::Close;
                }
                flow
            })
        })
    }
}
