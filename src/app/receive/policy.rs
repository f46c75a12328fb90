//! The security that a policy, or the profile itself, wants of what a partner sends.
//!
//! What a rule requires, or the profile with `require_strength`, is refused where it is missing; what is only weaker than we
//! send ourselves, or than a rule advises, is taken and said. A policy that is gone or cannot be read lets nothing in that
//! it might have kept out: the profile's own settings are the least then.

use jiff::Timestamp;

use super::judgement::{Outcome, refusal};
use super::{Candidate, Receiver};
use crate::app::AppError;
use crate::as2::{Layer, Opened};
use crate::domain::algorithm::{Digest, Encryption, Signing};
use crate::domain::connection::{InboundSecurity, InboundStrength, Profile};
use crate::domain::diagnosis::{Blame, Diagnosis};
use crate::domain::policy::{ResolveError, ResolvedRule, Setting, SettingValue, Severity, resolve};
use crate::domain::transmission::Direction;

/// What a message is refused with.
const MODIFIER: &str = "insufficient-message-security";

/// What becomes of a message whose signature holds, by how strong it is.
pub(super) enum Strength {
    /// It is refused.
    TooWeak(Box<Outcome>),
    /// It is taken, and what is odd about it is said.
    Taken(Noted),
}

/// What is to be said of a message that is weaker than it should be and was taken all the same.
#[derive(Default)]
pub(super) struct Noted {
    facts: Vec<String>,
    remedy: Vec<String>,
}

impl Noted {
    /// Says it in the diagnosis of the message.
    pub(super) fn explain(self, diagnosis: &mut Diagnosis) {
        for fact in self.facts {
            diagnosis.explanation.push_str("; ");
            diagnosis.explanation.push_str(&fact);
        }
        diagnosis.remedy.extend(self.remedy);
    }
}

impl Receiver {
    /// Whether a message is strong enough for its profile and the policy of that. Of a policy only those rules in force
    /// count that speak of what is received: rules without a direction are about settings, and what a partner demands of
    /// us says nothing of what it sends.
    pub(super) async fn strength(
        &self,
        opened: &Opened,
        candidate: &Candidate,
        at: Timestamp,
    ) -> Result<Strength, AppError> {
        // Where the workspace itself cannot be read the message is not taken, and comes again.
        let policies = self.app.policies().await?;
        let policy = resolve(&candidate.policy, &policies);
        let security = Security::of(opened);
        let rules = policy.as_ref().map_or(&[][..], |policy| policy.rules.as_slice());
        let broken: Vec<&ResolvedRule> = rules
            .iter()
            .filter(|resolved| {
                resolved.rule.in_force(at)
                    && resolved.rule.applies_to.covers(candidate.kind)
                    && security.breaks(resolved)
            })
            .collect();
        let refused = broken
            .iter()
            .find(|resolved| resolved.rule.severity == Severity::Required)
            .map(|resolved| (said(resolved), None))
            .or_else(|| security.refused_by_profile(candidate, policy.as_ref().err()));
        if let Some((demanded, remedy)) = refused {
            let explanation = format!("{demanded}; the message is {}", security.in_words());
            let cause = "Too little security";
            let mut outcome = refusal(MODIFIER, cause, &explanation, Blame::Partner);
            // Of what is encrypted and nobody has signed the MIC would tell whoever changes it what came out.
            let may_be_told = security.signing != Signing::None || security.encryption == Encryption::None;
            outcome.mic = may_be_told.then(|| opened.mic.clone());
            outcome.diagnosis.remedy.extend(remedy);
            outcome.diagnosis.remedy.push(security.ask(candidate));
            return Ok(Strength::TooWeak(Box::new(outcome)));
        }
        let mut noted = Noted::default();
        let weaker = security.weaker_than(&candidate.profile);
        if !weaker.is_empty() {
            noted.facts.push(format!("it is weaker than what we send, {}", weaker.join(" and ")));
        } else if !broken.is_empty() {
            noted.facts.push(format!("it is {}", security.in_words()));
        }
        noted.facts.extend(broken.iter().map(|resolved| said(resolved)));
        if !noted.facts.is_empty() {
            noted.remedy.push(security.ask(candidate));
        }
        if !weaker.is_empty() {
            let switch =
                "To refuse what comes in weaker than what we send, set `require_strength` of the profile to as-sent";
            noted.remedy.push(switch.to_owned());
        }
        if let Err(why) = &policy {
            noted.facts.push(format!("{}, so it was held against the profile's own settings", unread(candidate, why)));
            noted.remedy.push(mend(candidate));
        }
        Ok(Strength::Taken(noted))
    }
}

/// What a rule says: `House rules requires SHA-256 or stronger for signing since 1 Jan 2027`.
fn said(resolved: &ResolvedRule) -> String {
    let rule = &resolved.rule;
    format!("{} {} since {}", resolved.stated_by_name, rule.demand(), rule.from.in_words())
}

fn unread(candidate: &Candidate, why: &ResolveError) -> String {
    format!("the rules of the policy `{}` are not known ({why})", candidate.policy)
}

fn mend(candidate: &Candidate) -> String {
    format!("Mend the policy `{}`, or judge the connection by another one", candidate.policy)
}

/// How a message was protected.
struct Security {
    encryption: Encryption,
    signing: Signing,
    /// What the signature is worth, where there is one that says.
    digest: Option<Digest>,
}

impl Security {
    fn of(opened: &Opened) -> Self {
        let encryption = opened.encryption.as_ref().map(|facts| facts.encryption);
        // An encrypted message whose cipher is not told has some.
        let some = if opened.layers.contains(&Layer::Encrypted) { Encryption::TripleDesCbc } else { Encryption::None };
        let digest = opened.signature.as_ref().and_then(|check| check.strength);
        let signing = match (&opened.signature, digest) {
            (None, _) => Signing::None,
            (_, Some(Digest::Sha512)) => Signing::Sha512,
            (_, Some(Digest::Sha384)) => Signing::Sha384,
            (_, Some(Digest::Sha256)) => Signing::Sha256,
            _ => Signing::Sha1,
        };
        Self { encryption: encryption.unwrap_or(some), signing, digest }
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

    /// In what it is weaker than what the profile sends. Whether it has to be signed and encrypted at all is another
    /// question, which `require` of the profile answers.
    fn weaker_than(&self, profile: &Profile) -> Vec<String> {
        let less = |setting: Setting, is: &str, ours: &str| {
            let word = |word: &str| SettingValue::Word(word.to_owned());
            !setting.at_least(&word(is), &word(ours))
        };
        let mut found = Vec::new();
        if self.signing != Signing::None && less(Setting::Signing, self.signing.as_str(), profile.signing.as_str()) {
            found.push(format!("signed over {} where we sign over {}", self.digest(), profile.signing.label()));
        }
        if self.encryption != Encryption::None
            && less(Setting::Encryption, self.encryption.as_str(), profile.encryption.as_str())
        {
            let ours = profile.encryption.label();
            found.push(format!("encrypted with {} where we encrypt with {ours}", self.encryption.label()));
        }
        found
    }

    /// Why the profile itself does not let it in, and what else mends that: because it says so, or because nothing is known
    /// of its policy.
    fn refused_by_profile(
        &self,
        candidate: &Candidate,
        unknown: Option<&ResolveError>,
    ) -> Option<(String, Option<String>)> {
        if self.weaker_than(&candidate.profile).is_empty() {
            return None;
        }
        let profile = &candidate.profile;
        let mut least = Vec::new();
        if profile.signing != Signing::None {
            least.push(format!("{} for signing", profile.signing.label()));
        }
        if profile.encrypts() {
            least.push(format!("{} for encryption", profile.encryption.label()));
        }
        let least = least.join(" and ");
        match (profile.require_strength, unknown) {
            (InboundStrength::AsSent, _) => {
                Some((format!("The profile wants messages as strong as those it sends, {least} or stronger"), None))
            }
            (InboundStrength::Any, Some(why)) => {
                let why = unread(candidate, why);
                let told = format!("The profile's own settings are the least, {least}, because {why}");
                Some((told, Some(mend(candidate))))
            }
            (InboundStrength::Any, None) => None,
        }
    }

    fn ask(&self, candidate: &Candidate) -> String {
        format!("Ask {} for a stronger signature or cipher: the message is {}", candidate.name, self.in_words())
    }

    /// What the signature is over, in words.
    fn digest(&self) -> &'static str {
        self.digest.map_or("an unknown digest", Digest::label)
    }

    fn in_words(&self) -> String {
        let signed = match self.signing {
            Signing::None => "not signed".to_owned(),
            _ => format!("signed over {}", self.digest()),
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
        let weak =
            Security { encryption: Encryption::TripleDesCbc, signing: Signing::Sha1, digest: Some(Digest::Sha1) };
        let plain = Security { encryption: Encryption::None, signing: Signing::Sha256, digest: Some(Digest::Sha256) };
        let strong =
            Security { encryption: Encryption::Aes256Cbc, signing: Signing::Sha512, digest: Some(Digest::Sha512) };
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
        let settings = "our_as2_id = 'US'\npartner_as2_id = 'P'\nurl = 'https://p.example/'\nidentity = 'us'\n";
        let profile = |more: &str| toml::from_str::<Profile>(&format!("{settings}{more}")).unwrap();
        let weaker = |security: &Security, more: &str| security.weaker_than(&profile(more)).join(" and ");
        let [signed, encrypted] =
            ["signed over SHA-1 where we sign over SHA-256", "encrypted with 3DES where we encrypt with AES-128"];
        assert_eq!(weaker(&weak, ""), format!("{signed} and {encrypted}"));
        assert_eq!(weaker(&weak, "signing = 'none'"), encrypted, "what we do not do is no measure");
        assert_eq!(weaker(&plain, ""), "", "that it is not encrypted `require` tells");
        assert_eq!(weaker(&strong, "encryption = 'aes256-gcm'"), "", "no mode is stronger than another");
        let md5 = Security { digest: Some(Digest::Md5), ..weak };
        assert_eq!(md5.in_words(), "signed over MD5 and encrypted with 3DES");
        assert_eq!(weak.in_words(), "signed over SHA-1 and encrypted with 3DES");
        assert_eq!(plain.in_words(), "signed over SHA-256 and not encrypted");
    }
}
