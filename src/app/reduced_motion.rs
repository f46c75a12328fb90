//! Whether the system wants less to move on the screen, as far as its files say so.
//!
//! KDE and GTK keep it in files of settings. Elsewhere it takes a question to a service of the desktop, which no crate that is
//! here asks; there it is not known.

use std::path::PathBuf;

/// What the system says; nothing where it is not known.
#[must_use]
pub fn system_reduces_motion() -> Option<bool> {
    let place = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = place("XDG_CONFIG_HOME").or_else(|| Some(place("HOME")?.join(".config")))?;
    let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    said(&desktop, |name| std::fs::read_to_string(folder.join(name)).ok())
}

/// What the files say, those of the desktop in use first.
fn said(desktop: &str, read: impl Fn(&str) -> Option<String>) -> Option<bool> {
    let kde = || Some(value(&read("kdeglobals")?, "KDE", "AnimationDurationFactor")?.parse::<f64>().ok()? <= 0.0);
    let gtk = |name: &str| {
        let text = read(name)?;
        let enabled = value(&text, "Settings", "gtk-enable-animations")?;
        Some(matches!(enabled.to_ascii_lowercase().as_str(), "0" | "false"))
    };
    let of_kde = desktop.split(':').any(|name| name.eq_ignore_ascii_case("KDE")).then(kde).flatten();
    of_kde.or_else(|| gtk("gtk-4.0/settings.ini")).or_else(|| gtk("gtk-3.0/settings.ini"))
}

/// The value of a key in a section.
fn value<'t>(text: &'t str, section: &str, key: &str) -> Option<&'t str> {
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(head) = line.strip_prefix('[') {
            inside = head.strip_suffix(']') == Some(section);
        } else if inside
            && let Some((name, value)) = line.split_once('=')
            && name.trim() == key
        {
            return Some(value.trim());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_desktops_own_file_goes_before_those_of_gtk() {
        let files = |name: &str| match name {
            "kdeglobals" => Some("[General]\nAnimationDurationFactor=1\n[KDE]\nAnimationDurationFactor=0\n".to_owned()),
            "gtk-3.0/settings.ini" => Some("[Settings]\ngtk-enable-animations = true\n".to_owned()),
            _ => None,
        };
        assert_eq!(said("KDE", files), Some(true));
        assert_eq!(said("XFCE", files), Some(false));
        assert_eq!(said("ubuntu:GNOME", |_| None), None);
        let off =
            |name: &str| (name == "gtk-4.0/settings.ini").then(|| "[Settings]\ngtk-enable-animations=0".to_owned());
        assert_eq!(said("", off), Some(true));
        assert_eq!(said("KDE", |name| (name == "kdeglobals").then(|| "[KDE]\nother=1".to_owned())), None);
    }
}
