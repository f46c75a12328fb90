//! A profile's certificates over time: which is used, which are accepted, what changes when. What is drawn is laid out
//! in `timeline_layout`; here is what it is made from.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::words::stated;
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::timeline::{CertificatePurpose, CertificateUse, all_fingerprints, next_activation, used_now};
use crate::ui::moment::Moment;

/// What a certificate is to the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Part {
    /// Messages are encrypted for it.
    InUse,
    /// It will be, or is being brought in.
    New,
    /// It is only accepted.
    Accepted,
}

/// One certificate's bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Lane {
    /// What it is to the profile.
    pub part: Part,
    /// Beginning of its validity.
    pub from: Timestamp,
    /// Its end, or the end of its being accepted.
    pub until: Timestamp,
    /// What is written into the bar.
    pub word: String,
    /// What is written at its end.
    pub end: String,
}

/// An instant that is marked across all bars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Mark {
    /// When.
    pub at: Timestamp,
    /// What is written below.
    pub word: String,
    /// Whether it is the activation, else it is today.
    pub activation: bool,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Timeline {
    /// The bars from the top, the older certificate first.
    pub lanes: Vec<Lane>,
    /// Today and the activation.
    pub marks: Vec<Mark>,
    /// While signatures of more than one are accepted although messages are encrypted for the new one.
    pub overlap: Option<(Timestamp, Timestamp)>,
    /// While nothing valid can be encrypted for; without an end where nothing follows.
    pub gaps: Vec<(Timestamp, Option<Timestamp>)>,
    /// The same in words, for those who cannot see it.
    pub spoken: String,
    /// The zone of the dates.
    pub zone: TimeZone,
}

impl Timeline {
    /// Of a profile's certificates; `fresh` is the one being brought in.
    #[must_use]
    pub(in crate::ui) fn of<'f>(
        uses: &[CertificateUse],
        facts: &dyn Fn(&Fingerprint) -> Option<&'f CertificateFacts>,
        fresh: Option<Fingerprint>,
        moment: &Moment,
    ) -> Self {
        let now = moment.now;
        let in_use = used_now(uses, now);
        let next = next_activation(uses, now);
        let used = in_use.map(|entry| entry.fingerprint);
        let coming = next.map(|(entry, _)| entry.fingerprint);
        let mut known: Vec<(&CertificateFacts, Timestamp)> = all_fingerprints(uses)
            .iter()
            .filter_map(facts)
            .map(|facts| (facts, accepted_until(uses, facts)))
            // What ended long ago is history.
            .filter(|(facts, until)| *until > now || used == Some(facts.fingerprint_sha256))
            .collect();
        known.sort_by_key(|(facts, _)| (facts.not_before, facts.not_after));
        let lanes: Vec<Lane> = known
            .iter()
            .map(|(facts, until)| {
                let print = Some(facts.fingerprint_sha256);
                let (part, word) = if print == fresh {
                    (Part::New, if print == used { "new, in use" } else { "new" })
                } else if print == used {
                    (Part::InUse, "in use")
                } else if print == coming {
                    (Part::New, "scheduled")
                } else {
                    (Part::Accepted, "accepted")
                };
                let ending = if *until < now {
                    "expired"
                } else if *until < facts.not_after {
                    "accepted until"
                } else {
                    "expires"
                };
                let end = format!("{ending} {}", moment.day(*until));
                Lane { part, from: facts.not_before, until: *until, word: word.to_owned(), end }
            })
            .collect();
        let mut marks = vec![Mark { at: now, word: "today".to_owned(), activation: false }];
        if let Some((entry, at)) = next {
            marks.push(Mark { at, word: stated(at, entry.zone.as_deref(), moment), activation: true });
        }
        // From the newest activation on, as long as another one is accepted beside it.
        let newest = next.map(|(entry, at)| (entry.fingerprint, at)).or_else(|| Some((used?, in_use?.from?)));
        let overlap = newest.and_then(|(print, from)| {
            let others = known.iter().filter(|(facts, _)| facts.fingerprint_sha256 != print);
            let until = others.map(|(_, until)| *until).max().filter(|until| *until > from && *until > now)?;
            Some((from.max(now), until))
        });
        let mut spoken = String::from("Timeline");
        for lane in &lanes {
            spoken.push_str(&format!("; {}, valid from {}, {}", lane.word, moment.date(lane.from), lane.end));
        }
        for mark in marks.iter().filter(|mark| mark.activation) {
            spoken.push_str(&format!("; goes active {}", mark.word));
        }
        if let Some((from, until)) = overlap {
            spoken.push_str(&format!("; both accepted from {} until {}", moment.day(from), moment.day(until)));
        }
        let gaps = gaps(uses, facts, now);
        for (from, until) in &gaps {
            spoken.push_str(&match until {
                Some(until) => format!(
                    "; gap from {} until {}, nothing valid to encrypt for",
                    moment.day(*from),
                    moment.day(*until)
                ),
                None => format!("; nothing valid to encrypt for after {}, no successor", moment.day(*from)),
            });
        }
        Self { lanes, marks, overlap, gaps, spoken, zone: moment.zone.clone() }
    }
}

/// While, from now on, the certificate that is used is not valid, or none is used: a gap to be closed. Nothing where no
/// certificate is known.
pub(in crate::ui) fn gaps<'f>(
    uses: &[CertificateUse],
    facts: &dyn Fn(&Fingerprint) -> Option<&'f CertificateFacts>,
    now: Timestamp,
) -> Vec<(Timestamp, Option<Timestamp>)> {
    let mut found: Vec<(Timestamp, Option<Timestamp>)> = Vec::new();
    let mut from = now;
    if uses.is_empty() {
        return found;
    }
    loop {
        let until = next_activation(uses, from).map(|(_, at)| at);
        let used = used_now(uses, from).map(|entry| facts(&entry.fingerprint));
        let begins = match used {
            // What is not known is not judged.
            Some(None) => None,
            Some(Some(facts)) => Some(from.max(facts.not_after)),
            None => Some(from),
        };
        if let Some(begins) = begins.filter(|begins| until.is_none_or(|until| *begins < until)) {
            match found.last_mut() {
                Some(last) if last.1 == Some(begins) => last.1 = until,
                _ => found.push((begins, until)),
            }
        }
        let Some(next) = until else { return found };
        from = next;
    }
}

/// Until when signatures made with a certificate are accepted: its end, or what the profile says.
fn accepted_until(uses: &[CertificateUse], facts: &CertificateFacts) -> Timestamp {
    let mut verifies = uses
        .iter()
        .filter(|entry| entry.fingerprint == facts.fingerprint_sha256)
        .filter(|entry| entry.purposes.contains(&CertificatePurpose::Verify))
        .map(|entry| entry.until.map_or(facts.not_after, |until| until.min(facts.not_after)));
    let first = verifies.next().unwrap_or(facts.not_after);
    verifies.fold(first, Timestamp::max)
}

/// What the schedule means, in a sentence or two.
#[must_use]
pub(in crate::ui) fn meaning<'f>(
    uses: &[CertificateUse],
    facts: &dyn Fn(&Fingerprint) -> Option<&'f CertificateFacts>,
    replaced: Option<&CertificateFacts>,
    moment: &Moment,
) -> String {
    let now = moment.now;
    let used = used_now(uses, now);
    let used_facts = used.and_then(|entry| facts(&entry.fingerprint));
    match (next_activation(uses, now), used_facts, replaced) {
        (Some((entry, at)), Some(old), _) if old.not_after < at => format!(
            "The old certificate expires on {}, before the new one goes active {}: messages in between may be refused",
            moment.day(old.not_after),
            stated(at, entry.zone.as_deref(), moment),
        ),
        (Some((entry, at)), Some(old), _) => format!(
            "Until {} messages are encrypted for the old certificate. Signatures made with either are accepted until {}",
            stated(at, entry.zone.as_deref(), moment),
            moment.day(old.not_after),
        ),
        (Some((entry, at)), None, _) => format!(
            "Nothing can be encrypted until {}, when the certificate goes active. Signatures made with it are accepted before that",
            stated(at, entry.zone.as_deref(), moment),
        ),
        (None, Some(_), Some(old)) if old.not_after > now => format!(
            "From now on messages are encrypted for the new certificate. Signatures made with either are accepted until {}",
            moment.day(old.not_after),
        ),
        (None, Some(facts), _) => format!(
            "Messages are encrypted for {}, which expires on {}. No other certificate is scheduled",
            facts.common_name(),
            moment.day(facts.not_after),
        ),
        (None, None, _) => "No certificate is in use: nothing can be encrypted".to_owned(),
    }
}
