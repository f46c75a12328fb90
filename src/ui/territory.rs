//! Where the system says that one lives.

use std::str::Split;

/// The first of the system's language settings that is set.
pub(super) fn first_set<'s>(settings: impl IntoIterator<Item = &'s str>) -> Option<&'s str> {
    settings.into_iter().find(|setting| !setting.is_empty())
}

/// `de_DE.UTF-8` says Germany.
pub(super) fn of(setting: &str) -> Option<&str> {
    let name = setting.split(['.', '@']).next()?;
    name.split_once('_').map(|(_, territory)| territory).filter(|territory| !territory.is_empty())
}

/// The territories of a list, as CLDR writes it.
pub(super) fn listed(list: &str) -> Split<'_, char> {
    list.split(' ')
}
