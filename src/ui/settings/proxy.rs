//! Settings > Proxy: what messages go through, and the look at a server's certificate.

use egui::{Label, Ui};
use zeroize::Zeroizing;

use crate::app::engine::{Answer, Command, Password, RequestId, WorkspaceAnswer, WorkspaceCommand};
use crate::app::{AppError, ProxyKind, ProxySettings};
use crate::domain::sentence::sentence;
use crate::ui::desk::Desk;
use crate::ui::widgets::{
    ToneName, field, mono_edit, muted, notice, password_edit, primary, section, segmented, text_edit,
};

/// The section, with what is being changed in it.
#[derive(Default)]
pub(super) struct ProxySection {
    /// As it is set.
    set: Option<ProxySettings>,
    kind: Option<ProxyKind>,
    address: String,
    user: String,
    password: Zeroizing<String>,
    asked: Option<RequestId>,
    saving: Option<RequestId>,
    refused: Option<String>,
}

impl ProxySection {
    /// Begins anew with what is set.
    pub(super) fn enter(&mut self) {
        *self = Self::default();
    }

    /// Shows the section.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.listen(desk);
        section(ui, "Proxy");
        ui.add_space(6.0);
        let what = "What messages, receipts and the look at a server's certificate go through. Never for this very machine; \
                    e-mail does not go through it";
        ui.add(Label::new(muted(ui, what)).wrap());
        ui.add_space(6.0);
        let kind = self.kind.unwrap_or(ProxyKind::System);
        let ready = self.set.is_some() && self.saving.is_none() && !desk.snapshot.workspace.read_only;
        ui.add_enabled_ui(ready, |ui| {
            field(ui, "Use", |ui| {
                ui.horizontal_wrapped(|ui| {
                    let all = [
                        (ProxyKind::System, "That of the system"),
                        (ProxyKind::Direct, "None"),
                        (ProxyKind::Named, "This one"),
                    ];
                    if let Some(chosen) = segmented(ui, kind, &all) {
                        self.kind = Some(chosen);
                    }
                });
            });
            if kind == ProxyKind::Named {
                self.fields(ui);
            }
        });
        if let Some(reason) = &self.refused {
            notice(ui, ToneName::Bad, "It was not saved", reason, |_| ());
        }
        ui.add_space(8.0);
        let differs = self.set.as_ref().is_some_and(|set| self.wanted() != *set) || !self.password.is_empty();
        if ui.add_enabled_ui(ready && differs, |ui| primary(ui, "Save proxy")).inner.clicked() {
            self.save(desk);
        }
    }

    fn fields(&mut self, ui: &mut Ui) {
        field(ui, "Host and port", |ui| {
            mono_edit(ui, "Host and port", &mut self.address, "proxy.example:8080", ui.available_width());
        });
        field(ui, "User", |ui| {
            text_edit(ui, "User of the proxy", &mut self.user, "Only where it wants one", ui.available_width());
        });
        if !self.user.trim().is_empty() {
            let keeps =
                self.set.as_ref().is_some_and(|set| set.has_password && set.user.as_deref() == Some(self.user.trim()));
            let hint = if keeps { "As it is kept" } else { "Kept as a secret" };
            field(ui, "Password", |ui| {
                password_edit(ui, "Password of the proxy", &mut self.password, hint, ui.available_width());
            });
        }
    }

    /// What the fields say.
    fn wanted(&self) -> ProxySettings {
        let kind = self.kind.unwrap_or(ProxyKind::System);
        let text =
            |text: &str| Some(text.trim().to_owned()).filter(|text| kind == ProxyKind::Named && !text.is_empty());
        let user = text(&self.user);
        let has_password = user.is_some() && self.set.as_ref().is_some_and(|set| set.has_password);
        ProxySettings { kind, address: text(&self.address), user, has_password }
    }

    fn save(&mut self, desk: &mut Desk<'_>) {
        self.refused = None;
        let password = (!self.password.is_empty()).then(|| Password(self.password.clone()));
        let command = WorkspaceCommand::SetProxy(self.wanted(), password);
        self.saving = desk.ask(|id| Command::Workspace(id, command));
    }

    fn listen(&mut self, desk: &mut Desk<'_>) {
        if self.set.is_none() && self.asked.is_none() && self.refused.is_none() {
            self.asked = desk.ask(|id| Command::Workspace(id, WorkspaceCommand::Proxy));
        }
        let read = desk.answer(&mut self.asked);
        let saved = desk.answer(&mut self.saving);
        let is_saved = saved.is_some();
        match saved.or(read) {
            Some(Ok(Answer::Workspace(answer))) => {
                if let WorkspaceAnswer::Proxy(settings) = *answer {
                    if is_saved {
                        desk.toasts.done("The proxy is set", &sentence(&settings.in_words()));
                    }
                    self.take(settings);
                }
            }
            Some(Err(error)) => self.refuse(&error),
            Some(Ok(_)) | None => {}
        }
    }

    fn take(&mut self, settings: ProxySettings) {
        self.kind = Some(settings.kind);
        self.address = settings.address.clone().unwrap_or_default();
        self.user = settings.user.clone().unwrap_or_default();
        self.password = Zeroizing::default();
        self.set = Some(settings);
    }

    fn refuse(&mut self, error: &AppError) {
        let hint = error.what_to_do().map(|hint| format!("\n{}", sentence(hint))).unwrap_or_default();
        self.refused = Some(format!("{}{hint}", sentence(error.message())));
        // What is not understood can be set anew.
        self.set.get_or_insert_with(ProxySettings::default);
    }
}
