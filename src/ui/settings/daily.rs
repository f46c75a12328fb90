//! Settings > Daily work: who does what is done by itself, and what is run when a message was received or could not be
//! delivered.

use egui::{Label, Ui};

use super::facts::fact;
use crate::app::engine::{Command, RequestId};
use crate::app::{COMMAND_PLACES, LeaseState, Occasion, OwnCommand};
use crate::ui::desk::Desk;
use crate::ui::widgets::{
    ToneName, field, field_error, mono_edit, muted, notice, primary, secondary, section, text_area,
};

/// Who does it, and more of it.
fn words(lease: &LeaseState) -> (String, String) {
    match (&lease.holder, lease.here) {
        (_, true) => (
            "This window".to_owned(),
            "It sends the files of outboxes, sends again what nobody has decided, and reminds by e-mail".to_owned(),
        ),
        (Some(holder), false) => {
            (holder.named(), "This window takes over within 30 seconds when that program is gone".to_owned())
        }
        (None, false) => (
            "Nobody at the moment".to_owned(),
            "Files of outboxes are not sent, and nothing is sent again, until a program does it".to_owned(),
        ),
    }
}

/// The section, with what is being changed in it.
#[derive(Default)]
pub(super) struct DailySection {
    forms: Vec<CommandForm>,
    confirming: Option<RequestId>,
}

impl DailySection {
    /// Begins anew with what is set.
    pub(super) fn enter(&mut self, desk: &Desk<'_>) {
        self.forms = Occasion::ALL.iter().map(|occasion| CommandForm::new(*occasion, desk)).collect();
    }

    /// Shows the section.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        if self.forms.is_empty() {
            self.enter(desk);
        }
        section(ui, "Daily work");
        ui.add_space(6.0);
        let (who, why) = words(&desk.snapshot.lease);
        fact(ui, "Done by", who, &why);
        ui.add_space(12.0);
        section(ui, "Commands");
        ui.add_space(4.0);
        let what = "A program of yours that follows a message. It is run without a shell, once, and ended when its time is \
                    over; how it ended is kept with the transmission";
        ui.add(Label::new(muted(ui, what)).wrap());
        self.put_off(ui, desk);
        for form in &mut self.forms {
            ui.add_space(10.0);
            form.show(ui, desk);
        }
    }

    /// What came with a restored backup, and is not run before it is confirmed here.
    fn put_off(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        match desk.answer(&mut self.confirming) {
            Some(Ok(_)) => desk.toasts.done("The commands are run from now on", ""),
            Some(Err(error)) => desk.toasts.failed("They are not run yet", &error),
            None => {}
        }
        let snapshot = desk.snapshot;
        let put_off = &snapshot.commands_put_off;
        if put_off.is_empty() {
            return;
        }
        let programs: Vec<String> = put_off
            .iter()
            .filter_map(|occasion| {
                let words = snapshot.commands.of(*occasion)?.words();
                Some(format!("When {}: {}", occasion.label(), words.join(" ").escape_debug()))
            })
            .collect();
        let text = format!(
            "They came with the backup that this workspace was restored from, set by whoever made it. Confirm them once you \
             know them, or set others\n{}",
            programs.join("\n")
        );
        ui.add_space(8.0);
        let is_free = self.confirming.is_none();
        let confirmed = notice(ui, ToneName::Warn, "These programs are not run yet", &text, |ui| {
            ui.add_enabled_ui(is_free, |ui| secondary(ui, "Let them run")).inner.clicked()
        });
        if confirmed {
            let seen = snapshot.commands.clone();
            self.confirming = desk.ask(|id| Command::ConfirmCommands(id, seen));
        }
    }
}

/// The fields of one command.
struct CommandForm {
    occasion: Occasion,
    program: String,
    /// One in a line.
    arguments: String,
    seconds: String,
    also_test: bool,
    request: Option<RequestId>,
    refused: Option<String>,
}

impl CommandForm {
    fn new(occasion: Occasion, desk: &Desk<'_>) -> Self {
        let set = desk.snapshot.commands.of(occasion);
        Self {
            occasion,
            program: set.map(|set| set.program.display().to_string()).unwrap_or_default(),
            arguments: set.map(|set| set.arguments.join("\n")).unwrap_or_default(),
            seconds: set.map_or_else(|| "60".to_owned(), |set| set.seconds.to_string()),
            also_test: set.is_some_and(|set| set.also_test),
            request: None,
            refused: None,
        }
    }

    fn set(&mut self, command: Option<OwnCommand>, desk: &mut Desk<'_>) {
        self.refused = None;
        let occasion = self.occasion;
        self.request = desk.ask(|id| Command::SetCommand(id, occasion, command));
    }

    fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        match desk.answer(&mut self.request) {
            Some(Ok(_)) => {
                *self = Self::new(self.occasion, desk);
                let set = desk.snapshot.commands.of(self.occasion).is_some();
                desk.toasts.done(if set { "The command is set" } else { "No command is run any more" }, "");
            }
            Some(Err(error)) => self.refused = Some(crate::domain::sentence::sentence(&error.to_string())),
            None => {}
        }
        let when = match self.occasion {
            Occasion::Received => "When a message was received",
            Occasion::Failed => "When a message of daily work could not be delivered",
        };
        ui.strong(when);
        ui.add_space(2.0);
        let name = |field: &str| format!("{field}, {}", self.occasion.label());
        let (program, arguments, limit) = (name("Program"), name("Arguments"), name("Seconds"));
        let seconds = self.seconds.trim().parse::<u32>();
        ui.add_enabled_ui(self.request.is_none(), |ui| {
            field(ui, "Program", |ui| {
                let hint = "Its file, with the whole path";
                mono_edit(ui, &program, &mut self.program, hint, ui.available_width());
            });
            field(ui, "Arguments", |ui| {
                text_area(ui, &arguments, &mut self.arguments, "One in a line", ui.available_width());
                let places = COMMAND_PLACES.map(|name| format!("{{{name}}}")).join(", ");
                ui.add(Label::new(muted(ui, format!("Filled in: {places}"))).wrap());
            });
            field(ui, "At most, seconds", |ui| {
                mono_edit(ui, &limit, &mut self.seconds, "60", 90.0);
                if seconds.is_err() {
                    field_error(ui, "Write a whole number of seconds");
                }
            });
            field(ui, "", |ui| {
                ui.checkbox(&mut self.also_test, "Also for test profiles");
            });
        });
        if let Some(reason) = &self.refused {
            notice(ui, ToneName::Bad, "It was not saved", reason, |_| ());
        }
        ui.horizontal(|ui| {
            let ready = self.request.is_none() && seconds.is_ok() && !self.program.trim().is_empty();
            if ui.add_enabled_ui(ready, |ui| primary(ui, "Save command")).inner.clicked() {
                let arguments = self.arguments.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
                let command = OwnCommand {
                    program: self.program.trim().into(),
                    arguments,
                    seconds: seconds.unwrap_or_default(),
                    also_test: self.also_test,
                };
                self.set(Some(command), desk);
            }
            let is_set = desk.snapshot.commands.of(self.occasion).is_some();
            if is_set && ui.add_enabled_ui(self.request.is_none(), |ui| secondary(ui, "Remove command")).inner.clicked()
            {
                self.set(None, desk);
            }
        });
    }
}
