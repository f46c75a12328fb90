//! The security that a policy wants of what a partner sends.

use jiff::Timestamp;

use super::judgement::{Outcome, refusal};
use super::{Candidate, Receiver};
use crate::app::AppError;
use crate::as2::{Layer, Opened};
use crate::domain::algorithm::{Digest, Encryption, Signing};
use crate::domain::connection::InboundSecurity;
use crate::domain::diagnosis::Blame;
use crate::domain::policy::{ResolvedRule, Setting, SettingValue, Severity};
use crate::domain::transmission::Direction;

impl Receiver {
    /// Why the profile's policy does not let a message in, where it does not. Only required rules in force count, and only
    /// those that speak of what is received: rules without a direction are about settings, and what a partner demands of
    /// us says nothing of what it sends.
    pub(super) async fn refused_by_policy(
        &self,
        opened: &Opened,
        candidate: &Candidate,
        at: Timestamp,
    ) -> Result<Option<Outcome>, AppError> {
        // A policy that is gone or cannot be read demands nothing; that it is so is told where compliance is judged.
        let Ok(policy) = self.app.policy(&candidate.policy).await else { return Ok(None) };
        let security = Security::of(opened);
        let broken = policy.rules.iter().find(|resolved| {
            let rule = &resolved.rule;
            rule.severity == Severity::Required
                && rule.in_force(at)
                && rule.applies_to.covers(candidate.kind)
                && security.breaks(resolved)
        });
        Ok(broken.map(|resolved| {
            let rule = &resolved.rule;
            let mut outcome = refusal(
                "insufficient-message-security",
                "The message has less security than the policy wants",
                &format!(
                    "{} {} since {}; the message is {}",
                    resolved.stated_by_name,
                    rule.demand(),
                    rule.from.in_words(),
                    security.in_words()
                ),
                Blame::Partner,
            );
            outcome.mic = Some(opened.mic.clone());
            outcome
        }))
    }
}

/// How a message was protected.
struct Security {
    encryption: Encryption,
    signing: Signing,
}

impl Security {
    fn of(opened: &Opened) -> Self {
        let encryption = opened.encryption.as_ref().map(|facts| facts.encryption);
        // An encrypted message whose cipher is not told has some.
        let some = if opened.layers.contains(&Layer::Encrypted) { Encryption::TripleDesCbc } else { Encryption::None };
        let signing = match &opened.signature {
            None => Signing::None,
            Some(check) => match check.strength {
                Some(Digest::Sha512) => Signing::Sha512,
                Some(Digest::Sha384) => Signing::Sha384,
                Some(Digest::Sha256) => Signing::Sha256,
                _ => Signing::Sha1,
            },
        };
        Self { encryption: encryption.unwrap_or(some), signing }
    }

    const fn level(&self) -> InboundSecurity {
        match (self.signing, self.encryption) {
            (Signing::None, Encryption::None) => InboundSecurity::None,
            (_, Encryption::None) => InboundSecurity::Signed,
            (Signing::None, _) => InboundSecurity::Encrypted,
            _ => InboundSecurity::SignedEncrypted,
        }
    }

    fn breaks(&self, resolved: &ResolvedRule) -> bool {
        let rule = &resolved.rule;
        let word = match rule.setting {
            Setting::Require => self.level().as_str(),
            Setting::Encryption if rule.direction == Some(Direction::Inbound) => self.encryption.as_str(),
            Setting::Signing if rule.direction == Some(Direction::Inbound) => self.signing.as_str(),
            _ => return false,
        };
        !rule.requirement.met_by(rule.setting, &SettingValue::Word(word.to_owned()))
    }

    fn in_words(&self) -> String {
        let signed = match self.signing {
            Signing::None => "not signed".to_owned(),
            signing => format!("signed over {}", signing.label()),
        };
        match self.encryption {
            Encryption::None => format!("{signed} and not encrypted"),
            encryption => format!("{signed} and encrypted with {}", encryption.label()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{Policy, resolve};

    fn rules(setting: &str, value: &str, direction: &str) -> Vec<ResolvedRule> {
        let text = format!(
            "id = \"own\"\nname = \"Own\"\nkind = \"own\"\n[[rules]]\nsetting = \"{setting}\"\nop = \"at-least\"\n\
             value = \"{value}\"\napplies_to = \"both\"\n{direction}severity = \"required\"\nfrom = 2020-01-01\n\
             source = \"https://own.example/\"\nquote = \"q\"\nchecked = 2026-11-24\n"
        );
        let policy = Policy::from_toml(&text).unwrap();
        resolve(&"own".parse().unwrap(), &[policy]).unwrap().rules
    }

    #[test]
    fn rules_about_what_is_received_are_held_against_the_message() {
        const INBOUND: &str = "direction = \"inbound\"\n";
        let weak = Security { encryption: Encryption::TripleDesCbc, signing: Signing::Sha1 };
        let plain = Security { encryption: Encryption::None, signing: Signing::Sha256 };
        let strong = Security { encryption: Encryption::Aes256Cbc, signing: Signing::Sha512 };
        for (setting, value, direction, breaks) in [
            ("encryption", "aes128-cbc", INBOUND, [true, true, false]),
            ("signing", "sha256", INBOUND, [true, false, false]),
            ("require", "signed-encrypted", "", [false, true, false]),
            // What a partner demands of us says nothing of what it sends.
            ("encryption", "aes128-cbc", "", [false; 3]),
            ("signing", "sha512", "direction = \"outbound\"\n", [false; 3]),
        ] {
            let rules = rules(setting, value, direction);
            let found = [&weak, &plain, &strong].map(|security| security.breaks(&rules[0]));
            assert_eq!(found, breaks, "{setting} {value} {direction}");
        }
        assert_eq!(weak.in_words(), "signed over SHA-1 and encrypted with 3DES");
        assert_eq!(plain.in_words(), "signed over SHA-256 and not encrypted");
    }
}
