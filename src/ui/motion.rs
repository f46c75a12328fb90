//! Whether things move on the screen, or only change.

use egui::{Context, Id};
use serde::{Deserialize, Serialize};

/// How long things fade and unfold, in seconds.
pub(super) const USUAL: f32 = 0.1;

/// What the user has chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Motion {
    /// As the system says, where that is known; else things move.
    #[default]
    System,
    /// Nothing moves.
    Reduced,
    /// Things move.
    Full,
}

fn chosen() -> Id {
    Id::unique("motion")
}
fn said() -> Id {
    Id::unique("motion of the system")
}

impl Motion {
    /// All of them, with their names.
    pub(super) const ALL: [(Self, &'static str); 3] =
        [(Self::System, "As the system"), (Self::Reduced, "Reduced"), (Self::Full, "Full")];

    /// What is chosen.
    #[must_use]
    pub(super) fn of(ctx: &Context) -> Self {
        ctx.data_mut(|data| data.get_persisted(chosen())).unwrap_or_default()
    }

    /// Keeps it.
    pub(super) fn choose(self, ctx: &Context) {
        ctx.data_mut(|data| data.insert_persisted(chosen(), self));
    }
}

/// Notes what the system says.
pub(super) fn follow(ctx: &Context, system: Option<bool>) {
    ctx.data_mut(|data| data.insert_temp(said(), system));
}

/// What the system says; nothing where it is not known.
#[must_use]
pub(super) fn of_system(ctx: &Context) -> Option<bool> {
    ctx.data(|data| data.get_temp(said())).flatten()
}

/// Whether nothing is to move.
#[must_use]
pub(super) fn is_reduced(ctx: &Context) -> bool {
    match Motion::of(ctx) {
        Motion::Reduced => true,
        Motion::Full => false,
        Motion::System => of_system(ctx).unwrap_or(false),
    }
}

/// Has all that egui moves by itself do so: what fades and unfolds, and scrolling to a place. The cursor never
/// blinks.
pub(super) fn apply(ctx: &Context) {
    let reduced = is_reduced(ctx);
    let time = if reduced { 0.0 } else { USUAL };
    if (ctx.global_style().animation_time - time).abs() < f32::EPSILON {
        return;
    }
    let usual = egui::Style::default();
    ctx.all_styles_mut(|style| {
        style.animation_time = time;
        style.scroll_animation = if reduced { egui::style::ScrollAnimation::none() } else { usual.scroll_animation };
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_choice_goes_before_what_the_system_says() {
        let ctx = Context::default();
        super::super::theme::install(&ctx);
        apply(&ctx);
        assert!(!is_reduced(&ctx), "nothing is known of the system");
        follow(&ctx, Some(true));
        apply(&ctx);
        assert!(is_reduced(&ctx));
        let style = ctx.global_style();
        assert!(style.animation_time == 0.0 && !style.visuals.text_cursor.blink);
        Motion::Full.choose(&ctx);
        apply(&ctx);
        assert!(!is_reduced(&ctx) && ctx.global_style().animation_time > 0.0);
        follow(&ctx, Some(false));
        Motion::Reduced.choose(&ctx);
        apply(&ctx);
        assert!(is_reduced(&ctx) && ctx.global_style().animation_time == 0.0);
    }
}
