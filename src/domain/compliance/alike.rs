//! Profiles that stand alike because they agree in everything that judging looks at. Among thousands most do, and are judged
//! once. Rules about texts that each profile has for itself, such as its address, tell them apart and are judged of each; all
//! else is still the same for them.

use std::sync::Arc;

use jiff::Timestamp;

use super::cell::Column;
use super::evidence::{Actual, Evidence};
use super::report::{Finding, ProfileReport};
use crate::domain::algorithm::{Encryption, KeyTransport, SignatureScheme, Signing};
use crate::domain::connection::MdnMode;
use crate::domain::identifier::IdentityName;
use crate::domain::own_timeline::OwnTimeline;
use crate::domain::policy::{Setting, Shape};
use crate::domain::timeline::CertificateUse;

/// Everything that a profile's judgement at one instant by one policy depends on, but for its own texts. What differs most
/// stands first, because it is compared first.
pub(super) struct Alike<'p> {
    // The certificates at every instant.
    partner: &'p [CertificateUse],
    own: &'p OwnTimeline,
    shown_to_servers: Option<&'p IdentityName>,
    // What is shown, and what certificates are needed for, whatever the rules are about.
    encryption: Encryption,
    signing: Signing,
    mdn: MdnMode,
    expects_signatures: bool,
    // Idle by the keys in use now, and not by those in use when a rule to come begins.
    key_transport: KeyTransport,
    signature_scheme: SignatureScheme,
    /// The values of the other settings that the policy's rules are about.
    values: Vec<Actual<'p>>,
}

impl<'p> Alike<'p> {
    /// `settings` are those of [`compared`] that the policy's rules are about.
    pub(super) fn new(evidence: &Evidence<'p, '_>, settings: &[Setting], at: Timestamp) -> Self {
        let profile = evidence.profile;
        Self {
            values: settings.iter().map(|setting| evidence.actual(*setting, at)).collect(),
            encryption: profile.encryption,
            signing: profile.signing,
            mdn: profile.mdn,
            expects_signatures: evidence.expects_signatures(),
            key_transport: profile.key_transport,
            signature_scheme: profile.signature_scheme,
            partner: &profile.partner_certificates,
            own: &profile.identity,
            shown_to_servers: profile.tls_identity.as_ref(),
        }
    }

    /// Whether a profile agrees in all of it. Nothing is put together for that: it is asked of every profile.
    pub(super) fn is_of(&self, evidence: &Evidence<'p, '_>, settings: &[Setting], at: Timestamp) -> bool {
        let profile = evidence.profile;
        self.partner == profile.partner_certificates.as_slice()
            && *self.own == profile.identity
            && self.shown_to_servers == profile.tls_identity.as_ref()
            && self.encryption == profile.encryption
            && self.signing == profile.signing
            && self.mdn == profile.mdn
            && self.key_transport == profile.key_transport
            && self.signature_scheme == profile.signature_scheme
            && self.expects_signatures == evidence.expects_signatures()
            && settings.iter().zip(&self.values).all(|(setting, value)| evidence.actual(*setting, at) == *value)
    }
}

/// Whether a setting is a text that every profile has for itself, and that shows in no column.
pub(super) fn is_own_text(setting: Setting) -> bool {
    matches!(setting.shape(), Shape::Text) && Column::of(setting.head()).is_none()
}

/// Whether a setting's value has to be compared by itself: it does not follow from what is compared anyway.
pub(super) fn compared(setting: Setting) -> bool {
    let follows = matches!(
        setting,
        Setting::Encryption
            | Setting::Signing
            | Setting::Mdn
            | Setting::KeyTransport
            | Setting::SignatureScheme
            | Setting::Identity
    );
    setting.certificate().is_none() && !follows && !is_own_text(setting)
}

/// How a profile was judged, for those that are like it.
#[derive(Clone)]
pub(super) struct Told {
    /// How it stands.
    pub(super) report: ProfileReport,
    /// Its findings as the policy has them, before they are put into order.
    pub(super) findings: Vec<Arc<Finding>>,
    /// Which of these are about its own texts, and by which of the rules.
    pub(super) own: Vec<(usize, usize)>,
}
