//! Commands: what the keyboard and the palette can do. Labels, shortcuts and tooltips all come from this one list.

use egui::{Context, Key, KeyboardShortcut, Modifiers};

/// A command of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UiCommand {
    /// Find connections and commands.
    Find,
    /// Put the cursor into the search field of the page.
    Search,
    /// Show the connections.
    Connections,
    /// Show the certificates.
    Certificates,
    /// Show the transmissions.
    Transmissions,
    /// Compare the transmission that is shown with another.
    Compare,
    /// Show the policies.
    Policies,
    /// Bring a policy file in.
    ImportPolicy,
    /// Show what must be told.
    Notices,
    /// Write a report.
    Report,
    /// Write the calendar.
    Calendar,
    /// Show the settings.
    Settings,
    /// Show the rollovers.
    Rollovers,
    /// Start a rollover.
    NewRollover,
    /// Add a connection.
    NewConnection,
    /// Add the connection of a file.
    ImportConnection,
    /// Take connections over from OpenAS2.
    ImportOpenAs2,
    /// Bring in a partner's renewed certificate.
    NewCertificate,
    /// Show the test send of the selected connection.
    TestSend,
    /// Save the inspector's changes.
    Save,
    /// Take the last change in the inspector back.
    Undo,
    /// Make it again.
    Redo,
    /// Read the workspace anew.
    Refresh,
    /// Light colours.
    Light,
    /// Dark colours.
    Dark,
    /// The system's choice of colours.
    System,
    /// Open the sample workspace.
    Sample,
    /// Close the window.
    Quit,
}

impl UiCommand {
    /// All of them, in the order in which the palette lists them.
    pub(super) const ALL: [Self; 28] = [
        Self::Find,
        Self::Search,
        Self::Connections,
        Self::Certificates,
        Self::Transmissions,
        Self::Compare,
        Self::Policies,
        Self::ImportPolicy,
        Self::Notices,
        Self::Report,
        Self::Calendar,
        Self::Settings,
        Self::Rollovers,
        Self::NewRollover,
        Self::NewConnection,
        Self::ImportConnection,
        Self::ImportOpenAs2,
        Self::NewCertificate,
        Self::TestSend,
        Self::Save,
        Self::Undo,
        Self::Redo,
        Self::Refresh,
        Self::Light,
        Self::Dark,
        Self::System,
        Self::Sample,
        Self::Quit,
    ];

    /// What it does, as the palette names it.
    #[must_use]
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Find => "Find a connection or a command",
            Self::Search => "Search on this page",
            Self::Connections => "Go to connections",
            Self::Certificates => "Go to certificates",
            Self::Transmissions => "Go to transmissions",
            Self::Compare => "Compare this transmission with another…",
            Self::Policies => "Go to policies",
            Self::ImportPolicy => "Import a policy file…",
            Self::Notices => "Go to notices",
            Self::Report => "Report…",
            Self::Calendar => "Calendar file…",
            Self::Settings => "Settings",
            Self::Rollovers => "Go to rollovers",
            Self::NewRollover => "New rollover…",
            Self::NewConnection => "New connection…",
            Self::ImportConnection => "Import a connection file…",
            Self::ImportOpenAs2 => "Take connections over from OpenAS2…",
            Self::NewCertificate => "New partner certificate…",
            Self::TestSend => "Test send",
            Self::Save => "Save changes",
            Self::Undo => "Undo the last change",
            Self::Redo => "Redo",
            Self::Refresh => "Read the workspace anew",
            Self::Light => "Light colours",
            Self::Dark => "Dark colours",
            Self::System => "The system's colours",
            Self::Sample => "Open the sample workspace",
            Self::Quit => "Close the window",
        }
    }

    /// The keys that give it.
    #[must_use]
    pub(super) fn shortcut(self) -> Option<KeyboardShortcut> {
        let command = |key| Some(KeyboardShortcut::new(Modifiers::COMMAND, key));
        match self {
            Self::Find => command(Key::K),
            Self::Search => command(Key::F),
            Self::Connections => command(Key::Num1),
            Self::Certificates => command(Key::Num3),
            Self::Transmissions => command(Key::Num2),
            Self::Policies => command(Key::Num5),
            Self::Notices => command(Key::B),
            Self::Settings => command(Key::Comma),
            Self::Rollovers => command(Key::Num4),
            Self::NewConnection => command(Key::N),
            Self::ImportConnection => command(Key::O),
            Self::NewCertificate => command(Key::I),
            Self::TestSend => command(Key::Enter),
            Self::Save => command(Key::S),
            Self::Undo => command(Key::Z),
            Self::Redo => Some(KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z)),
            Self::Refresh => Some(KeyboardShortcut::new(Modifiers::NONE, Key::F5)),
            Self::Quit => command(Key::Q),
            Self::Compare
            | Self::ImportPolicy
            | Self::ImportOpenAs2
            | Self::NewRollover
            | Self::Report
            | Self::Calendar
            | Self::Light
            | Self::Dark
            | Self::System
            | Self::Sample => None,
        }
    }

    /// Whether a field that is being typed into has its own use for the keys.
    const fn belongs_to_text(self) -> bool {
        matches!(self, Self::Undo | Self::Redo)
    }

    /// The commands whose keys were pressed in this frame. Nothing while a dialog is open, which has its own keys.
    pub(super) fn pressed(ctx: &Context) -> Vec<Self> {
        if ctx.memory(|memory| memory.top_modal_layer().is_some()) {
            return Vec::new();
        }
        let typing = ctx.text_edit_focused();
        let mut all: Vec<(Self, KeyboardShortcut)> =
            Self::ALL.iter().filter_map(|command| Some((*command, command.shortcut()?))).collect();
        // egui lets surplus Shift pass: the shortcut with more modifiers is asked first.
        all.sort_by_key(|(_, keys)| !keys.modifiers.shift);
        if !typing && ctx.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Y)) {
            // What Windows calls it.
            return vec![Self::Redo];
        }
        ctx.input_mut(|input| {
            all.into_iter()
                .filter(|(command, _)| !(typing && command.belongs_to_text()))
                .filter(|(_, keys)| input.consume_shortcut(keys))
                .map(|(command, _)| command)
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_commands_have_the_same_keys() {
        let keys: Vec<_> = UiCommand::ALL.iter().filter_map(|command| command.shortcut()).collect();
        for (index, one) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(one), "{one:?}");
        }
    }
}
