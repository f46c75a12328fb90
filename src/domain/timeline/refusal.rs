//! Why an activation or another change of a schedule is refused.

use jiff::Timestamp;

use crate::domain::certificate::Fingerprint;
use crate::domain::instant::in_words;

/// An activation that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActivationError {
    /// The instant has passed.
    #[error("the activation at {} is in the past", in_words(*at))]
    Past {
        /// The instant asked for.
        at: Timestamp,
        /// The present.
        now: Timestamp,
    },
    /// The certificate does not begin until later.
    #[error("the activation at {} is before the certificate begins at {}", in_words(*at), in_words(*not_before))]
    BeforeBegin {
        /// The instant asked for.
        at: Timestamp,
        /// The certificate's beginning.
        not_before: Timestamp,
    },
    /// The certificate has ended already.
    #[error("the certificate has expired: it ended at {}", in_words(*not_after))]
    Ended {
        /// The certificate's end.
        not_after: Timestamp,
    },
    /// The certificate has ended by then.
    #[error("the activation at {} is after the certificate ends at {}", in_words(*at), in_words(*not_after))]
    AfterEnd {
        /// The instant asked for.
        at: Timestamp,
        /// The certificate's end.
        not_after: Timestamp,
    },
}

/// A change of a schedule that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// There is nothing to change.
    #[error("no certificate is scheduled to go active")]
    NothingScheduled,
    /// There is nothing to go back to.
    #[error("no certificate was used before the one that is used now")]
    NothingBefore,
    /// The one before has ended.
    #[error("the certificate that was used before, {}, has ended at {}", previous.short(), in_words(*not_after))]
    PreviousEnded {
        /// Which one.
        previous: Fingerprint,
        /// Its end.
        not_after: Timestamp,
    },
    /// It is not the profile's.
    #[error("the certificate {} is none of this profile's", certificate.short())]
    NotOfProfile {
        /// Which one.
        certificate: Fingerprint,
    },
    /// It is what messages are encrypted for.
    #[error("messages are encrypted for the certificate {}", certificate.short())]
    InUse {
        /// Which one.
        certificate: Fingerprint,
    },
    /// It is to go active.
    #[error("the certificate {} is scheduled to go active", certificate.short())]
    Scheduled {
        /// Which one.
        certificate: Fingerprint,
    },
    /// No other is accepted.
    #[error("the certificate {} is the only one whose signatures are accepted", certificate.short())]
    NoOther {
        /// Which one.
        certificate: Fingerprint,
    },
    /// What is known of a certificate is missing.
    #[error("the certificate {} is missing from the workspace", certificate.short())]
    Unknown {
        /// Which one.
        certificate: Fingerprint,
    },
    /// The new instant is refused.
    #[error(transparent)]
    Activation(#[from] ActivationError),
}
