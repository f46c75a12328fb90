//! The fields that tell one profile of a new connection from any other.

use egui::Ui;

use crate::domain::identifier::{Address, As2Id, ProfileKind};
use crate::ui::widgets::{field, field_error, mono_edit, strong};

/// Identifiers and address of one profile.
pub(super) struct ProfileForm {
    pub(super) kind: ProfileKind,
    /// Whether the connection is to have it.
    pub(super) wanted: bool,
    our: String,
    partner: String,
    url: String,
}

impl ProfileForm {
    #[must_use]
    pub(super) const fn new(kind: ProfileKind, wanted: bool) -> Self {
        Self { kind, wanted, our: String::new(), partner: String::new(), url: String::new() }
    }

    /// The fields, each checked as it is typed.
    pub(super) fn show(&mut self, ui: &mut Ui) {
        let label = self.kind.label();
        ui.checkbox(&mut self.wanted, strong(format!("{label} profile")));
        if !self.wanted {
            return;
        }
        let example = if self.kind == ProfileKind::Test { "ACMETEST" } else { "ACME" };
        line(ui, "Our AS2 ID", label, &mut self.our, example, |text| {
            text.parse::<As2Id>().err().map(|e| e.to_string())
        });
        let example = if self.kind == ProfileKind::Test { "PARTNERTEST" } else { "PARTNER" };
        line(ui, "Partner's AS2 ID", label, &mut self.partner, example, |text| {
            text.parse::<As2Id>().err().map(|error| error.to_string())
        });
        line(ui, "URL", label, &mut self.url, "https://as2.partner.example/as2", |text| {
            text.parse::<Address>().err().map(|error| error.to_string())
        });
    }

    /// What keeps the profile from being made, in words; nothing where it is not wanted.
    #[must_use]
    pub(super) fn problem(&self) -> Option<String> {
        if !self.wanted {
            return None;
        }
        let kind = self.kind;
        if self.our.is_empty() {
            return Some(format!("Fill in our AS2 ID for {kind}"));
        }
        if self.partner.is_empty() {
            return Some(format!("Fill in the partner's AS2 ID for {kind}"));
        }
        if self.url.is_empty() {
            return Some(format!("Fill in the URL for {kind}"));
        }
        if self.value().is_none() {
            return Some(format!("Correct the {kind} profile"));
        }
        None
    }

    /// The values, where they make sense.
    #[must_use]
    pub(super) fn value(&self) -> Option<(As2Id, As2Id, Address)> {
        Some((self.our.parse().ok()?, self.partner.parse().ok()?, self.url.trim().parse().ok()?))
    }
}

/// One field with what is wrong with it under it.
fn line(
    ui: &mut Ui,
    label: &str,
    profile: &str,
    text: &mut String,
    hint: &str,
    wrong: impl Fn(&str) -> Option<String>,
) {
    field(ui, label, |ui| {
        mono_edit(ui, &format!("{label} ({})", profile.to_lowercase()), text, hint, ui.available_width());
        if !text.is_empty()
            && let Some(reason) = wrong(text)
        {
            field_error(ui, &crate::domain::sentence::sentence(&reason));
        }
    });
}
