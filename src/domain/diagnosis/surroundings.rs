//! What else is known at the time of a failure: how the messages before it ended, whether others at the same host fail too,
//! what was changed since it last went well, and which software the partner runs.

use jiff::Timestamp;

use super::outcome::RequestFacts;
use super::scene::Scene;
use super::wording::{instant, literal, plain};
use crate::domain::identifier::ProfileKind;
use crate::domain::knowledge::{Recognised, Switch};
use crate::domain::transmission::Verdict;

/// The most lines that each kind of thing found takes.
const MOST: usize = 4;

/// What else is known at the time of a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Whether it is the first message of this profile.
    pub first: bool,
    /// Messages of this profile before this one that have ended, the newest first, as far as was looked.
    pub earlier: Vec<Neighbour>,
    /// Whether there are more than were looked at.
    pub more: bool,
    /// When the last one was sent that was delivered.
    pub last_delivered: Option<Timestamp>,
    /// When a message of this partner last came in.
    pub last_received: Option<Timestamp>,
    /// The last message to each other profile at the same host.
    pub same_host: Vec<SameHost>,
    /// What was changed in this profile since the last one was delivered.
    pub changed: Vec<ChangedSetting>,
    /// When the partner's server was first seen with the TLS certificate that it shows now, where that was lately.
    pub server_changed: Option<Timestamp>,
    /// How wrong our clock is, in words, where it is.
    pub clock: Option<String>,
    /// What the partner's software says of itself: the header, and its value.
    pub said: Vec<(String, String)>,
    /// Whether messages were received here while a receipt was waited for; nothing where none was, or that is not known.
    pub receiver: Option<ReceiverThen>,
}

/// Whether a receiver ran here while a receipt was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiverThen {
    /// None ran, or for hardly any of the time.
    Off,
    /// None ran for so many minutes of the time.
    Partly {
        /// How many.
        minutes: u32,
    },
    /// One ran all the time.
    On,
}

/// How another message ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// When it was sent.
    pub at: Timestamp,
    /// How it stands.
    pub verdict: Verdict,
    /// Its cause.
    pub cause: Option<String>,
}

/// The last message to another profile at the same host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SameHost {
    /// The connection's name.
    pub partner: String,
    /// The profile.
    pub profile: ProfileKind,
    /// How it ended.
    pub last: Neighbour,
}

/// A setting that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedSetting {
    /// Its key in the connection file.
    pub setting: String,
    /// What it was and is; nothing where that is too long to show, or nobody's business.
    pub values: Option<(String, String)>,
}

impl Surroundings {
    /// What of it speaks about a failure with this cause, a line each.
    pub(super) fn evidence(&self, cause: &str) -> Vec<String> {
        let mut found = Vec::new();
        let same = self.earlier.iter().take_while(|each| each.cause.as_deref() == Some(cause)).collect::<Vec<_>>();
        match same.as_slice() {
            [] => {}
            [one] => {
                found.push(format!("The one before it to this profile, of {}, ended the same way", instant(one.at)))
            }
            [.., oldest] => {
                let at_least = if self.more && same.len() == self.earlier.len() { "at least " } else { "" };
                let number = same.len();
                found.push(format!(
                    "The {at_least}{number} before it to this profile ended the same way, since {}",
                    instant(oldest.at)
                ));
            }
        }
        match self.last_delivered {
            Some(at) => found.push(format!("The last one to this profile that was delivered is of {}", instant(at))),
            None if self.first => found.push("It is the first message to this profile".to_owned()),
            None if self.earlier.is_empty() => {}
            None => found.push("Nothing was ever delivered to this profile".to_owned()),
        }
        found.extend(self.changed.iter().take(MOST).map(|change| match &change.values {
            Some((was, is)) => {
                format!("Changed here since then: `{}` was {}, is {}", change.setting, literal(was), literal(is))
            }
            None => format!("Changed here since then: `{}`", change.setting),
        }));
        if self.changed.len() > MOST {
            found.push(format!("Changed here since then: {} more settings", self.changed.len() - MOST));
        }
        found.extend(self.same_host.iter().take(MOST).map(|other| {
            let last = &other.last;
            let ended = match last.verdict {
                Verdict::Delivered => "was delivered",
                _ if last.cause.as_deref() == Some(cause) => "ended the same way",
                Verdict::Failed => "failed in another way",
                Verdict::Uncertain => "is uncertain for another reason",
                _ => "is not decided",
            };
            let (partner, profile, at) = (plain(&other.partner, 64), other.profile, instant(last.at));
            format!("At the same host, the last one to {partner} ({profile}), of {at}, {ended}")
        }));
        if let Some(at) = self.last_received {
            found.push(format!("A message of this partner last came in at {}", instant(at)));
        }
        if let Some(at) = self.server_changed {
            found
                .push(format!("The partner's server shows another TLS certificate than before, since {}", instant(at)));
        }
        found.extend(self.clock.clone());
        found
    }
}

/// What is known of the partner's software, a line each.
pub(super) fn known_for(recognised: &Recognised<'_>) -> Vec<String> {
    let software = recognised.software;
    let known = software.knows.iter().map(|known| format!("Known of {} in general: {known}", software.name));
    std::iter::once(recognised.in_words()).chain(known).collect()
}

/// The settings that help with the partner's software and stand otherwise in what was sent, as things to do.
pub(super) fn switches(recognised: &Recognised<'_>, request: &RequestFacts, scene: &Scene) -> Vec<String> {
    let name = &recognised.software.name;
    let fits = |switch: &&Switch| {
        let asked = switch.when.as_deref().is_none_or(|when| scene.holds().contains(&when));
        asked && setting(request, &switch.setting).is_some_and(|value| switch.changes(&value))
    };
    recognised
        .software
        .switches
        .iter()
        .filter(fits)
        .map(|switch| format!("Try `{}` {}, for {name}: {}", switch.setting, switch.value, switch.why))
        .collect()
}

/// A setting as the message was sent with it.
pub(super) fn setting(request: &RequestFacts, key: &str) -> Option<String> {
    let quirks = &request.quirks;
    Some(match key {
        "encryption" => request.encryption.to_string(),
        "key_transport" => request.key_transport.to_string(),
        "signing" => request.signing.to_string(),
        "signature_scheme" => request.signature_scheme.to_string(),
        "compression" => request.compression.to_string(),
        "transfer_encoding" => request.transfer_encoding.to_string(),
        "quirks.micalg_style" => quirks.micalg_style.to_string(),
        "quirks.cms_algorithm_protection" => quirks.cms_algorithm_protection.to_string(),
        "quirks.signature_oid" => quirks.signature_oid.to_string(),
        "quirks.gcm_content" => quirks.gcm_content.to_string(),
        "quirks.canonicalise_mic" => quirks.canonicalise_mic.to_string(),
        "quirks.chunked" => quirks.chunked.to_string(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::domain::connection::MdnMode;
    use crate::domain::knowledge::software;

    fn neighbour(at: &str, verdict: Verdict, cause: &str) -> Neighbour {
        Neighbour { at: samples::instant(at), verdict, cause: Some(cause.to_owned()) }
    }

    #[test]
    fn what_happened_before_is_told() {
        let failed = |at| neighbour(at, Verdict::Failed, "x");
        let mut around = Surroundings {
            earlier: vec![
                failed("2026-11-24T10:00:00Z"),
                failed("2026-11-23T10:00:00Z"),
                failed("2026-11-22T10:00:00Z"),
            ],
            last_delivered: Some(samples::instant("2026-11-21T10:00:00Z")),
            last_received: Some(samples::instant("2026-11-24T09:00:00Z")),
            same_host: vec![SameHost {
                partner: "Harbor".to_owned(),
                profile: ProfileKind::Test,
                last: neighbour("2026-11-24T09:30:00Z", Verdict::Delivered, "y"),
            }],
            changed: vec![
                ChangedSetting {
                    setting: "signing".to_owned(),
                    values: Some(("sha1".to_owned(), "sha256".to_owned())),
                },
                ChangedSetting { setting: "url".to_owned(), values: None },
            ],
            ..Surroundings::default()
        };
        assert_eq!(
            around.evidence("x"),
            [
                "The 3 before it to this profile ended the same way, since 22 November 2026, 10:00 UTC",
                "The last one to this profile that was delivered is of 21 November 2026, 10:00 UTC",
                "Changed here since then: `signing` was `sha1`, is `sha256`",
                "Changed here since then: `url`",
                "At the same host, the last one to Harbor (test), of 24 November 2026, 09:30 UTC, was delivered",
                "A message of this partner last came in at 24 November 2026, 09:00 UTC",
            ]
        );
        around.more = true;
        assert!(around.evidence("x")[0].starts_with("The at least 3 before it"));
        assert!(around.evidence("z")[0].starts_with("The last one to this profile"));
        assert_eq!(Surroundings::default().evidence("x"), Vec::<String>::new());
        let first = Surroundings { first: true, ..Surroundings::default() };
        assert_eq!(first.evidence("x"), ["It is the first message to this profile"]);
        around.last_delivered = None;
        assert_eq!(around.evidence("z")[0], "Nothing was ever delivered to this profile");
    }

    #[test]
    fn every_switch_of_known_software_is_a_setting_of_what_is_sent() {
        let mut request = samples::request(MdnMode::SyncSigned);
        for each in software() {
            for switch in &each.switches {
                assert!(setting(&request, &switch.setting).is_some(), "{}: {}", each.key, switch.setting);
            }
        }
        let sterling = software().iter().find(|each| each.key == "ibm-sterling").unwrap();
        let recognised = Recognised { software: sterling, by: Some(("Server", "Sterling")) };
        // What holds of it in general is not taken for what went wrong this time.
        let known = known_for(&recognised);
        assert!(known.len() > 1, "{known:?}");
        assert!(
            known[1..].iter().all(|line| line.starts_with("Known of IBM Sterling") && line.contains(" in general: "))
        );
        let scene = |request: &RequestFacts| {
            let mut facts = samples::with_receipt(MdnMode::SyncSigned, samples::good_receipt());
            facts.request = request.clone();
            Scene::of(&facts, &samples::quiet())
        };
        let advice = switches(&recognised, &request, &scene(&request));
        assert!(advice[0].starts_with("Try `quirks.cms_algorithm_protection` false, for IBM Sterling"), "{advice:?}");
        request.quirks.cms_algorithm_protection = false;
        assert!(switches(&recognised, &request, &scene(&request)).iter().all(|line| !line.contains("protection")));
    }
}
