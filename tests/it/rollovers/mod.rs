//! Rollovers: one renewed certificate for many profiles, all of them or none.

mod board;
mod command_line;
mod live;
mod stroke;
mod table;

use countersign::app::{CertificateSource, NewRollover, RolloverAction, RolloverRequest};
use countersign::domain::rollover::{RolloverId, Step};
use countersign::domain::timeline::Activation;
use jiff::Timestamp;

use crate::many::Many;

/// An instant at which the fixtures' old certificate is still valid.
fn agreed() -> Timestamp {
    "2026-12-01T08:00:00Z".parse().unwrap()
}

fn at(at: Timestamp) -> Activation {
    Activation::At { at, zone: Some("Europe/Berlin".to_owned()) }
}

/// Starts a rollover for all that use the old certificate, at the agreed instant.
async fn started(many: &Many) -> RolloverId {
    let new = NewRollover {
        activation: Some(at(agreed())),
        ..NewRollover::of(CertificateSource::File(many.renewed.clone()))
    };
    many.app.start_rollover(&new).await.unwrap().id.unwrap()
}

/// Applies it to all that take part.
fn apply(id: RolloverId) -> RolloverRequest {
    RolloverRequest::all(id, RolloverAction::Step(Step::Schedule(None)))
}

fn undo(id: RolloverId) -> RolloverRequest {
    RolloverRequest::all(id, RolloverAction::Step(Step::Undo))
}
