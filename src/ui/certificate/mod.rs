//! Bringing in a partner's renewed certificate, and what is told of certificates elsewhere.
//!
//! | if you look for | it is in |
//! |---|---|
//! | the dialog, its state and what it asks the engine | `dialog` |
//! | its content, from the top | `view` |
//! | looking at what was given, until it is known which certificate is meant | `look` |
//! | where the certificate comes from | `source` |
//! | which one of several in a file | `choice` |
//! | whose it is | `whose` |
//! | old and new beside each other | `comparison` |
//! | comparing a fingerprint | `fingerprint`, `confirm` |
//! | when it goes active: the form, and what it comes to | `activation`, `schedule` |
//! | the timeline, its stretch of time, and drawing it | `timeline`, `timeline_scale`, `timeline_layout` |
//! | for what, and for which profiles | `purpose`, `applies_to` |
//! | what all that would do | `plan` |
//! | taking it back | `undo` |

mod activation;
mod applies_to;
mod choice;
mod comparison;
mod confirm;
mod dialog;
mod fingerprint;
mod look;
mod plan;
mod purpose;
mod schedule;
mod source;
mod timeline;
mod timeline_layout;
mod timeline_scale;
mod undo;
mod view;
mod whose;
mod words;

pub(super) use activation::ActivationForm;
pub(super) use confirm::ConfirmFingerprint;
pub(super) use dialog::CertificateDialog;
pub(super) use fingerprint::{Comparing, short_fingerprint};
pub(super) use look::Looking;
pub(super) use purpose::sentence as purpose_meaning;
pub(super) use schedule::means;
pub(super) use timeline::{Part, Timeline, gaps, meaning};
pub(super) use timeline_layout::{DATES, bar, controls, dates, draw as draw_timeline, gap};
pub(super) use timeline_scale::{Scale, Span, navigate};
pub(super) use words::{days_left, grouped, signature, stated, stated_fully, usage, validity};
