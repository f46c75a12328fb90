//! Profiles that stand alike because they agree in everything that judging looks at. Among thousands most do, and are judged
//! once.

use jiff::Timestamp;

use super::evidence::{Actual, Evidence};
use crate::domain::algorithm::{Encryption, KeyTransport, SignatureScheme, Signing};
use crate::domain::connection::MdnMode;
use crate::domain::identifier::IdentityName;
use crate::domain::own_timeline::OwnTimeline;
use crate::domain::policy::Setting;
use crate::domain::timeline::CertificateUse;

/// Everything that a profile's judgement at one instant by one policy depends on. What differs most stands first, because it
/// is compared first.
#[derive(PartialEq, Eq)]
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
    /// The values of the settings that the policy's rules are about.
    values: Vec<Actual<'p>>,
}

impl<'p> Alike<'p> {
    /// `settings` are those that the policy's rules are about and that are no certificate's.
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
}
