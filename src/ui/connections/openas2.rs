//! Taking connections over from OpenAS2 or mendelson: where its files are, what would come of them, and doing it.

use std::path::PathBuf;

use egui::{Context, RichText, Ui};
use zeroize::Zeroizing;

use crate::app::engine::{Answer, Command, RequestId};
use crate::app::{AppError, OpenAs2Connection, OpenAs2Files, OpenAs2Plan};
use crate::domain::sentence::sentence;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Dropped, Flow, Part, buttons, frame_with_foot};
use crate::ui::files::FilePick;
use crate::ui::icon::{self, Icon};
use crate::ui::intent::{Intent, Page};
use crate::ui::moment::count;
use crate::ui::path_field::PathField;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{
    ToneName, field, field_error, muted, notice, password_edit, primary, secondary, section, text_edit,
};

/// The dialog.
pub(crate) struct ImportOpenAs2 {
    partnerships: PathField,
    keystore: PathField,
    password: Zeroizing<String>,
    ours: String,
    /// Whether it has to be said which of the partners we are.
    asks_ours: bool,
    planning: Option<RequestId>,
    planned: Option<Result<OpenAs2Plan, AppError>>,
    importing: Option<RequestId>,
    refused: Option<AppError>,
}

/// What a button wishes.
enum Wish {
    Close,
    Plan,
    Import,
}

impl ImportOpenAs2 {
    /// With the partnerships, where it is known where they are; these are read at once.
    #[must_use]
    pub(crate) fn new(partnerships: Option<PathBuf>, desk: &mut Desk<'_>) -> Self {
        let mut dialog = Self {
            partnerships: PathField::new(FilePick::Partnerships),
            keystore: PathField::new(FilePick::Keystore),
            password: Zeroizing::default(),
            ours: String::new(),
            asks_ours: false,
            planning: None,
            planned: None,
            importing: None,
            refused: None,
        };
        if let Some(file) = partnerships {
            dialog.partnerships.text = file.display().to_string();
            dialog.plan(desk);
        }
        dialog
    }

    fn files(&self) -> Option<OpenAs2Files> {
        let keystore = match self.keystore.text.trim() {
            "" => None,
            _ => Some(self.keystore.value().ok()?),
        };
        let ours = self.ours.trim();
        Some(OpenAs2Files {
            partnerships: self.partnerships.value().ok()?,
            keystore,
            password: (!self.password.is_empty()).then(|| self.password.clone()),
            ours: (!ours.is_empty()).then(|| ours.to_owned()),
        })
    }

    fn plan(&mut self, desk: &mut Desk<'_>) {
        self.refused = None;
        if let Some(files) = self.files() {
            self.planning = desk.ask(|id| Command::PlanOpenAs2(id, files));
        }
    }

    fn import(&mut self, desk: &mut Desk<'_>) {
        self.refused = None;
        if let Some(files) = self.files() {
            self.importing = desk.ask(|id| Command::ImportOpenAs2(id, files));
        }
    }

    /// Takes what the engine has answered; says whether it is done.
    fn poll(&mut self, desk: &mut Desk<'_>) -> bool {
        match desk.answer(&mut self.planning) {
            Some(Ok(Answer::OpenAs2(plan))) => self.planned = Some(Ok(*plan)),
            Some(Err(error)) => {
                self.asks_ours |= error.what_to_do().is_some_and(|hint| hint.contains("--ours"));
                self.planned = Some(Err(error));
            }
            Some(Ok(_)) | None => {}
        }
        match desk.answer(&mut self.importing) {
            Some(Ok(Answer::OpenAs2(plan))) => {
                let head =
                    format!("{} taken over from {}", count(plan.connections.len(), "connection"), plan.from.label());
                desk.toasts.done(&head, "They are judged by AS2 modern until you choose their partner's policy");
                desk.intend(Intent::Go(Page::Connections));
                true
            }
            Some(Err(error)) => {
                self.refused = Some(error);
                false
            }
            Some(Ok(_)) | None => false,
        }
    }

    fn content(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let before = (self.partnerships.text.clone(), self.keystore.text.clone());
        self.partnerships.show(
            ui,
            desk,
            "Partnerships",
            "Partnerships or export",
            "partnerships.xml of OpenAS2, or what mendelson has exported",
        );
        self.keystore.show(
            ui,
            desk,
            "Keystore",
            "Keystore of that program",
            "As config.xml says, or mendelson's certificates.p12",
        );
        let fields = (self.password.clone(), self.ours.clone());
        field(ui, "Password", |ui| {
            let width = ui.available_width();
            password_edit(ui, "Password of the keystore", &mut self.password, "As the files say", width);
        });
        if self.asks_ours {
            field(ui, "You are", |ui| {
                text_edit(
                    ui,
                    "Name of your own partner entry",
                    &mut self.ours,
                    "Its name or as2_id",
                    ui.available_width(),
                );
                if self.ours.trim().is_empty() {
                    field_error(ui, "The file does not show which of its partners you are");
                }
            });
        }
        let after = (self.partnerships.text.clone(), self.keystore.text.clone());
        if before != after || fields != (self.password.clone(), self.ours.clone()) {
            // What is shown is what the fields say, or nothing.
            self.planned = None;
            self.planning = None;
            if before != after && !ui.ctx().text_edit_focused() {
                self.plan(desk);
            }
        }
        match &self.planned {
            None if self.planning.is_some() => {
                ui.label(muted(ui, "Reading the files…"));
            }
            None => {
                ui.add(egui::Label::new(muted(
                    ui,
                    "Nothing of that program's is changed, and nothing is kept here before you have seen what comes of it",
                ))
                .wrap());
            }
            Some(Err(error)) => told(ui, "These files cannot be taken over", error),
            Some(Ok(plan)) => shown(ui, plan),
        }
        if let Some(error) = &self.refused {
            told(ui, "Nothing was taken over", error);
        }
    }
}

fn told(ui: &mut Ui, head: &str, error: &AppError) {
    // In the window there are fields where the command line has options.
    let hint = match error.what_to_do() {
        Some(hint) if hint.contains("--ours") => "\nWrite it into the field above".to_owned(),
        Some(hint) if hint.contains("--password-stdin") => "\nWrite it into the field above".to_owned(),
        Some(hint) if hint.contains("--keystore") => "\nChoose the keystore above".to_owned(),
        Some(hint) => format!("\n{}", sentence(hint)),
        None => String::new(),
    };
    notice(ui, ToneName::Bad, head, &format!("{}{hint}", sentence(error.message())), |_| ());
}

fn shown(ui: &mut Ui, plan: &OpenAs2Plan) {
    for identity in &plan.identities {
        let what = if identity.is_there { "is here already" } else { "comes with them" };
        ui.label(muted(ui, format!("Identity {} {what}", identity.name)));
    }
    section(ui, &count(plan.connections.len(), "connection"));
    for planned in &plan.connections {
        connection(ui, planned);
    }
    if !plan.passed_over.is_empty() {
        section(ui, "Passed over");
        for passed in &plan.passed_over {
            let text = format!("{}: {}", passed.partnership, passed.why);
            ui.add(egui::Label::new(RichText::new(text).font(theme::body())).wrap());
        }
    }
}

fn connection(ui: &mut Ui, planned: &OpenAs2Connection) {
    ui.add(egui::Label::new(RichText::new(&planned.connection.name).font(theme::bold(theme::BODY))).truncate());
    for (_, profile) in planned.connection.profiles() {
        let text = format!(
            "{} to {}, {}, {}, receipt {}",
            profile.our_as2_id,
            profile.partner_as2_id,
            profile.encryption.label(),
            profile.signing.label(),
            profile.mdn.label().to_lowercase()
        );
        ui.add(egui::Label::new(muted(ui, text)).wrap());
        ui.add(egui::Label::new(muted(ui, profile.url.to_string())).wrap());
    }
    for remark in &planned.remarks {
        ui.horizontal_top(|ui| {
            ui.label(icon::text(Icon::TriangleAlert, tokens(ui.ctx()).warn.ink));
            ui.add(egui::Label::new(RichText::new(remark).font(theme::body())).wrap());
        });
    }
    ui.add_space(6.0);
}

impl Dialog for ImportOpenAs2 {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if self.poll(desk) {
            return Flow::Close;
        }
        let busy = self.importing.is_some();
        let read_only = desk.snapshot.workspace.read_only;
        let number = match &self.planned {
            Some(Ok(plan)) => plan.connections.len(),
            _ => 0,
        };
        let label =
            if number == 0 { "Take over".to_owned() } else { format!("Take {} over", count(number, "connection")) };
        let subtitle = "Its partners become connections, with their certificates and your keys";
        let title = "Take connections over from OpenAS2 or mendelson";
        let wish = frame_with_foot(ctx, "import from OpenAS2", title, subtitle, 680.0, busy, |ui, part| match part {
            Part::Content => {
                self.content(ui, desk);
                None
            }
            Part::Foot => buttons(ui, |ui| {
                let mut wish = None;
                let ready = number > 0 && !busy && !read_only;
                if ui.add_enabled_ui(ready, |ui| primary(ui, &label)).inner.clicked() {
                    wish = Some(Wish::Import);
                }
                if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                    wish = Some(Wish::Close);
                }
                let is_shown = matches!(self.planned, Some(Ok(_)));
                let may_look = !is_shown && self.planning.is_none() && self.files().is_some();
                if ui.add_enabled_ui(may_look, |ui| secondary(ui, "Show what comes of it")).inner.clicked() {
                    wish = Some(Wish::Plan);
                }
                if read_only {
                    ui.label(muted(ui, "The workspace can only be read"));
                }
                wish
            }),
        });
        match wish {
            None => return Flow::Open,
            Some(Some(Wish::Import)) => self.import(desk),
            Some(Some(Wish::Plan)) => self.plan(desk),
            Some(Some(Wish::Close) | None) => return Flow::Close,
        }
        Flow::Open
    }

    fn drop_file(&mut self, file: Dropped, desk: &mut Desk<'_>) -> Option<Dropped> {
        if self.importing.is_some() {
            return Some(file);
        }
        let ending = file.path.extension().map(|ending| ending.to_ascii_lowercase().to_string_lossy().into_owned());
        let place = match ending.as_deref() {
            Some("xml") => &mut self.partnerships,
            Some("p12" | "pfx" | "jks") => &mut self.keystore,
            _ => return Some(file),
        };
        place.text = file.path.display().to_string();
        self.planned = None;
        self.plan(desk);
        None
    }
}
