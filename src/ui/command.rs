//! Commands: what the keyboard and the palette can do. Labels, shortcuts and tooltips all come from this one list.

use egui::{Context, Event, InputState, Key, KeyboardShortcut, Modifiers, PointerButton};

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
    /// Read again what the window has said.
    Messages,
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
    /// Take connections over from OpenAS2 or mendelson.
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
    /// Back to what was seen before.
    Back,
    /// Forward again.
    Forward,
    /// Give the keyboard to the next part of the window.
    NextPart,
    /// Show the shortcuts.
    Shortcuts,
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
    /// Lock the window.
    Lock,
    /// Close the window.
    Quit,
}

impl UiCommand {
    /// All of them, in the order in which the palette lists them.
    pub(super) const ALL: [Self; 34] = [
        Self::Find,
        Self::Search,
        Self::Connections,
        Self::Certificates,
        Self::Transmissions,
        Self::Compare,
        Self::Policies,
        Self::ImportPolicy,
        Self::Notices,
        Self::Messages,
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
        Self::Back,
        Self::Forward,
        Self::NextPart,
        Self::Shortcuts,
        Self::Refresh,
        Self::Light,
        Self::Dark,
        Self::System,
        Self::Sample,
        Self::Lock,
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
            Self::Messages => "Earlier messages…",
            Self::Report => "Report…",
            Self::Calendar => "Calendar file…",
            Self::Settings => "Settings",
            Self::Rollovers => "Go to rollovers",
            Self::NewRollover => "New rollover…",
            Self::NewConnection => "New connection…",
            Self::ImportConnection => "Import a connection file…",
            Self::ImportOpenAs2 => "Take connections over from OpenAS2 or mendelson…",
            Self::NewCertificate => "New partner certificate…",
            Self::TestSend => "Test send",
            Self::Save => "Save changes",
            Self::Undo => "Undo the last change",
            Self::Redo => "Redo",
            Self::Back => "Back",
            Self::Forward => "Forward",
            Self::NextPart => "To the next part of the window",
            Self::Shortcuts => "Shortcuts",
            Self::Refresh => "Read the workspace anew",
            Self::Light => "Light colours",
            Self::Dark => "Dark colours",
            Self::System => "The system's colours",
            Self::Sample => "Open the sample workspace",
            Self::Lock => "Lock the window now",
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
            Self::Back => Some(KeyboardShortcut::new(Modifiers::ALT, Key::ArrowLeft)),
            Self::Forward => Some(KeyboardShortcut::new(Modifiers::ALT, Key::ArrowRight)),
            Self::NextPart => Some(KeyboardShortcut::new(Modifiers::NONE, Key::F6)),
            Self::Shortcuts => Some(KeyboardShortcut::new(Modifiers::NONE, Key::F1)),
            Self::Refresh => Some(KeyboardShortcut::new(Modifiers::NONE, Key::F5)),
            Self::Lock => command(Key::L),
            Self::Quit => command(Key::Q),
            Self::Compare
            | Self::ImportPolicy
            | Self::ImportOpenAs2
            | Self::NewRollover
            | Self::Messages
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
        ctx.input_mut(|input| {
            let mut given: Vec<Self> = Self::ALL
                .into_iter()
                .filter(|command| !(typing && command.belongs_to_text()))
                .filter(|command| command.shortcut().is_some_and(|keys| take(input, keys)))
                .collect();
            // What Windows calls it.
            if !typing && take(input, KeyboardShortcut::new(Modifiers::COMMAND, Key::Y)) {
                given.push(Self::Redo);
            }
            // On most keyboards it is typed with Shift, on some without.
            let asks = [Modifiers::NONE, Modifiers::SHIFT].map(|keys| KeyboardShortcut::new(keys, Key::Questionmark));
            if !typing && asks.into_iter().any(|keys| take(input, keys)) {
                given.push(Self::Shortcuts);
            }
            let mouse = [(PointerButton::Extra1, Self::Back), (PointerButton::Extra2, Self::Forward)];
            given.extend(
                mouse.into_iter().filter(|(button, _)| input.pointer.button_pressed(*button)).map(|(_, led)| led),
            );
            given
        })
    }

    /// Its keys in words; nothing where it has none.
    #[must_use]
    pub(super) fn keys(self, ctx: &Context) -> String {
        let Some(keys) = self.shortcut() else { return String::new() };
        let words = ctx.format_shortcut(&keys);
        let short = match keys.logical_key {
            Key::Comma => ",",
            Key::ArrowLeft => "Left",
            Key::ArrowRight => "Right",
            _ => return words,
        };
        match words.strip_suffix(keys.logical_key.name()) {
            Some(modifiers) => format!("{modifiers}{short}"),
            None => words,
        }
    }

    /// The same with what else gives it.
    #[must_use]
    pub(super) fn all_keys(self, ctx: &Context) -> String {
        let keys = self.keys(ctx);
        match self {
            Self::Shortcuts => format!("{keys}, ?"),
            Self::Redo => {
                format!("{keys}, {}", ctx.format_shortcut(&KeyboardShortcut::new(Modifiers::COMMAND, Key::Y)))
            }
            _ => keys,
        }
    }

    /// What shows over a button that gives it: what more there is to say, and its keys.
    #[must_use]
    pub(super) fn tip(self, ctx: &Context, more: &str) -> String {
        let keys = self.keys(ctx);
        if more.is_empty() || keys.is_empty() { format!("{more}{keys}") } else { format!("{more}, {keys}") }
    }
}

/// Takes keys that were pressed with just these modifiers: egui lets surplus Shift and Alt pass.
fn take(input: &mut InputState, keys: KeyboardShortcut) -> bool {
    let before = input.events.len();
    input.events.retain(|event| {
        !matches!(event, Event::Key { key, modifiers, pressed: true, .. }
            if *key == keys.logical_key && modifiers.matches_exact(keys.modifiers))
    });
    before != input.events.len()
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

    #[test]
    fn keys_are_spelt_alike() {
        let ctx = Context::default();
        ctx.set_os(egui::os::OperatingSystem::Nix);
        assert_eq!(UiCommand::Settings.keys(&ctx), "Ctrl+,");
        assert_eq!(UiCommand::Back.keys(&ctx), "Alt+Left");
        assert_eq!(UiCommand::Redo.all_keys(&ctx), "Ctrl+Shift+Z, Ctrl+Y");
        assert_eq!(UiCommand::NewConnection.tip(&ctx, "A partner"), "A partner, Ctrl+N");
        assert_eq!(UiCommand::Report.tip(&ctx, "A file"), "A file");
    }
}
