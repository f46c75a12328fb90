//! To which profiles the certificate is brought in.

use egui::{Align, Checkbox, Layout, RichText, Role, ScrollArea, TextWrapMode, Ui, Widget as _, WidgetInfo, vec2};

use super::words;
use crate::app::ImportRequest;
use crate::app::engine::Snapshot;
use crate::domain::certificate::Fingerprint;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::renewal::replaced_now;
use crate::domain::timeline::CertificatePurpose;
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{elided, link, muted, small};

/// Height of a line of others' profiles.
const LINE: f32 = 24.0;

/// So many lines are shown at once.
const MOST_LINES: usize = 8;

/// As wide is one of several profiles beside each other at least.
const COLUMN: f32 = 240.0;

/// A profile that it can be brought in for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Its connection.
    pub(super) connection: ConnectionId,
    /// What people call that.
    pub(super) name: String,
    /// Which profile.
    pub(super) profile: ProfileKind,
    /// The certificate that a new one would take the place of.
    pub(super) uses: Option<Fingerprint>,
    /// Whether it belongs to another connection.
    pub(super) other: bool,
    /// Whether it is chosen.
    pub(super) ticked: bool,
}

/// The profiles of a connection, then every other profile that uses a certificate which they use; those are never
/// chosen for the user. What was chosen before is kept.
#[must_use]
pub(super) fn targets(
    snapshot: &Snapshot,
    connection: &ConnectionId,
    asked: Option<ProfileKind>,
    fresh: &Fingerprint,
    purpose: Option<CertificatePurpose>,
    before: &[Target],
) -> Vec<Target> {
    let Some(state) = snapshot.connection(connection) else { return Vec::new() };
    let uses = |profile: &crate::domain::connection::Profile| {
        replaced_now(&profile.partner_certificates, purpose, snapshot.at)
    };
    let kept = |connection: &ConnectionId, kind: ProfileKind| {
        before
            .iter()
            .find(|target| target.connection == *connection && target.profile == kind)
            .map(|target| target.ticked)
    };
    let asked_for = asked.and_then(|kind| state.connection.profile(kind)).map(uses);
    let mut found: Vec<Target> = state
        .connection
        .profiles()
        .map(|(kind, profile)| {
            let old = uses(profile);
            // A schedule is moved for the profiles that have it; a new file is for the pair.
            let again = asked.is_some_and(|asked| schedules(asked, fresh, state));
            let same = if again { schedules(kind, fresh, state) } else { asked_for.is_none_or(|asked| asked == old) };
            let wanted = (asked.is_none() || asked == Some(kind) || same) && old != Some(*fresh);
            Target {
                connection: connection.clone(),
                name: state.connection.name.clone(),
                profile: kind,
                uses: old,
                other: false,
                ticked: kept(connection, kind).unwrap_or(wanted),
            }
        })
        .collect();
    let old: Vec<Fingerprint> = found.iter().filter_map(|target| target.uses).filter(|old| old != fresh).collect();
    for state in snapshot.connections.iter().filter(|state| state.connection.id != *connection) {
        let id = &state.connection.id;
        found.extend(state.connection.profiles().filter_map(|(kind, profile)| {
            let uses = uses(profile).filter(|uses| old.contains(uses))?;
            Some(Target {
                connection: id.clone(),
                name: state.connection.name.clone(),
                profile: kind,
                uses: Some(uses),
                other: true,
                ticked: kept(id, kind).unwrap_or(false),
            })
        }));
    }
    found
}

/// Whether a certificate is among those of a profile already: scheduled, or used before.
fn schedules(kind: ProfileKind, fresh: &Fingerprint, state: &crate::app::engine::ConnectionState) -> bool {
    let profile = state.connection.profile(kind);
    profile.is_some_and(|profile| profile.partner_certificates.iter().any(|entry| entry.fingerprint == *fresh))
}

/// Puts the chosen ones into a request: the first one's connection with its profiles, all the rest beside it.
/// Says whether there is any.
pub(super) fn fill(request: &mut ImportRequest, targets: &[Target]) -> bool {
    let ticked = || targets.iter().filter(|target| target.ticked);
    let Some(first) = ticked().next() else { return false };
    request.connection = first.connection.clone();
    let own = |target: &&Target| target.connection == first.connection;
    request.profiles = ticked().filter(own).map(|target| target.profile).collect();
    request.also =
        ticked().filter(|target| !own(target)).map(|target| (target.connection.clone(), target.profile)).collect();
    true
}

/// Shows them. Returns whether a rollover is wished for, which is offered where more than one other connection uses the
/// same certificate.
pub(super) fn show(ui: &mut Ui, targets: &mut [Target], fresh: &Fingerprint) -> bool {
    let check = |ui: &mut Ui, target: &mut Target| {
        let label = words::profile(&target.name, target.profile);
        // Production and test must not look alike where the name has no room: it is the name that is cut.
        let end = format!(", {}", target.profile);
        let wide =
            |text: &str| ui.painter().layout_no_wrap(text.to_owned(), theme::body(), tokens(ui.ctx()).text).size().x;
        let room = ui.available_width() - ui.spacing().icon_width - ui.spacing().icon_spacing - wide(&end) - 4.0;
        let truncates = ui.wrap_mode() == TextWrapMode::Truncate;
        let name = if truncates { elided(ui, &target.name, &theme::body(), room) } else { target.name.clone() };
        let whole = name == target.name;
        let ticked = target.ticked;
        let tick = Checkbox::new(&mut target.ticked, RichText::new(format!("{name}{end}")).font(theme::body())).ui(ui);
        if !whole {
            tick.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, ticked, &label));
            tick.on_hover_text(&label);
        }
        if target.uses == Some(*fresh) {
            ui.label(muted(ui, "uses it already"));
        } else if target.uses.is_none() {
            ui.label(muted(ui, "has none in use"));
        }
    };
    let pair = targets.iter().take_while(|target| !target.other).count();
    let (own, others) = targets.split_at_mut(pair);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        ui.style_mut().wrap_mode = Some(TextWrapMode::Extend);
        for target in own {
            check(ui, target);
        }
    });
    if others.is_empty() {
        return false;
    }
    let mut rollover = false;
    ui.horizontal_wrapped(|ui| {
        let using = if others.len() == 1 { "uses" } else { "use" };
        ui.label(small(format!("{} of other connections {using} the old certificate", count(others.len(), "profile"))));
        let all = others.iter().all(|target| target.ticked);
        if link(ui, if all { "Select none" } else { "Select all" }).clicked() {
            others.iter_mut().for_each(|target| target.ticked = !all);
        }
        let several = others.iter().any(|target| target.connection != others[0].connection);
        if several && link(ui, "Start a rollover…").clicked() {
            rollover = true;
        }
    });
    // Beside each other as many as there is room for, so that most lists need no scrolling within what scrolls.
    let room = ui.available_width();
    let fitting = [(3, room / 3.0), (2, room / 2.0)].into_iter().find(|(_, width)| *width >= COLUMN);
    let (columns, width) = fitting.unwrap_or((1, room));
    let lines = others.len().div_ceil(columns);
    #[expect(clippy::cast_precision_loss, reason = "a few lines")]
    let height = lines.min(MOST_LINES) as f32 * LINE;
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical()
        .id_salt("others")
        .max_height(height)
        // Else it is as low as what is left of the dialog's room.
        .min_scrolled_height(height)
        .auto_shrink([false, true])
        .show_rows(ui, LINE, lines, |ui, seen| {
            // Else a tick is as high as a button, and the last line is cut.
            ui.spacing_mut().interact_size.y = LINE;
            let seen = seen.start * columns..(seen.end * columns).min(others.len());
            // Where there is a scroll bar it takes its share.
            let width = (width - 6.0).floor();
            for line in others.get_mut(seen).unwrap_or_default().chunks_mut(columns) {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 0.0;
                    for target in line {
                        let id = (target.connection.to_string(), target.profile.as_str());
                        ui.push_id(id, |ui| cell(ui, width, |ui| check(ui, target)));
                    }
                });
            }
        });
    rollover
}

/// One of several beside each other.
fn cell(ui: &mut Ui, width: f32, content: impl FnOnce(&mut Ui)) {
    let size = vec2(width, LINE);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(size);
        ui.set_max_width(width - 12.0);
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.style_mut().wrap_mode = Some(TextWrapMode::Truncate);
        content(ui);
    });
}
