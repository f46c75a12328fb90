//! For what a certificate is brought in, for partners who use two.

use egui::{Label, Ui};

use super::words::stated;
use crate::domain::certificate::Fingerprint;
use crate::domain::timeline::{CertificatePurpose, CertificateUse, next_activation};
use crate::ui::moment::Moment;
use crate::ui::widgets::{muted, segmented};

/// Shows the choice and returns what was chosen, where it changes.
pub(super) fn show(ui: &mut Ui, purpose: Option<CertificatePurpose>) -> Option<Option<CertificatePurpose>> {
    const ALL: [(Option<CertificatePurpose>, &str); 3] = [
        (None, "Both"),
        (Some(CertificatePurpose::Encrypt), "Encrypting"),
        (Some(CertificatePurpose::Verify), "Verifying"),
    ];
    let mut chosen = None;
    ui.horizontal_wrapped(|ui| {
        chosen = segmented(ui, purpose, &ALL).filter(|chosen| *chosen != purpose);
        let text = match purpose {
            None => "",
            Some(CertificatePurpose::Encrypt) => "What verifies their signatures stays as it is",
            Some(CertificatePurpose::Verify) => "Accepted at once; what messages are encrypted for stays as it is",
        };
        if !text.is_empty() {
            ui.add(Label::new(muted(ui, text)).wrap());
        }
    });
    chosen
}

/// What bringing it in for one purpose comes to, in words; nothing where it is for both. `after` are the profile's
/// certificates then, `old` is the one that it takes the place of.
#[must_use]
pub(in crate::ui) fn sentence(
    purpose: Option<CertificatePurpose>,
    after: &[CertificateUse],
    old: Option<Fingerprint>,
    moment: &Moment,
) -> Option<String> {
    match purpose? {
        CertificatePurpose::Encrypt => {
            let when = match next_activation(after, moment.now) {
                Some((entry, at)) => format!(
                    "Until {} messages are encrypted for the old certificate, from then on for the new one",
                    stated(at, entry.zone.as_deref(), moment)
                ),
                None => "From now on messages are encrypted for the new certificate".to_owned(),
            };
            Some(format!("{when}. What verifies their signatures stays as it is"))
        }
        CertificatePurpose::Verify => {
            let verifies = |entry: &&CertificateUse| {
                Some(entry.fingerprint) == old && entry.purposes.contains(&CertificatePurpose::Verify)
            };
            let until = after.iter().filter(verifies).find_map(|entry| entry.until);
            let others = match (old, until) {
                (None, _) => String::new(),
                (Some(_), Some(until)) => format!(", those made with the old one until {}", moment.day(until)),
                (Some(_), None) => ", those made with the old one as before".to_owned(),
            };
            Some(format!(
                "Signatures made with the new certificate are accepted from now on{others}. Messages are encrypted as before"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::domain::timeline::plain_list;

    #[test]
    fn what_one_purpose_comes_to_is_said() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let moment = Moment::new(at("2026-11-24T08:00:00Z"), TimeZone::UTC);
        let old = Fingerprint([1; 32]);
        let mut after = plain_list(&[old]);
        assert_eq!(sentence(None, &after, Some(old), &moment), None);
        let verify = |after: &[CertificateUse]| sentence(Some(CertificatePurpose::Verify), after, Some(old), &moment);
        assert!(verify(&after).unwrap().contains("the old one as before. Messages are encrypted as before"));
        after[0].until = Some(at("2026-12-14T00:00:00Z"));
        assert!(verify(&after).unwrap().contains("those made with the old one until 14 Dec"));
        let encrypt = |after: &[CertificateUse]| sentence(Some(CertificatePurpose::Encrypt), after, Some(old), &moment);
        assert!(encrypt(&after).unwrap().starts_with("From now on messages are encrypted for the new certificate."));
        after[0].from = Some(at("2026-11-28T08:00:00Z"));
        assert!(encrypt(&after).unwrap().starts_with("Until 28 Nov, 08:00 messages are encrypted for the old"));
    }
}
