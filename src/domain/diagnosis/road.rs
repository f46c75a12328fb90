//! What goes wrong before there is an answer: here, on the road, at the partner's door.

use super::Diagnosis;
use super::context::Context;
use super::explain::sent_as;
use super::outcome::{AttemptFacts, ConnectFailure, RequestFacts, TlsRefusal};
use super::scene::Scene;
use super::wording::{Draft, literal, plain, said};
use crate::domain::transmission::StageName;

/// It never left.
pub(super) fn own_fault(scene: &Scene, detail: &str) -> Draft {
    Draft::of("own-fault", scene).found_all(said("What went wrong", detail))
}

/// Host and port as they were called.
fn called(facts: &AttemptFacts) -> String {
    format!("Called {} port {}", literal(&facts.request.url.host()), facts.request.url.port())
}

/// No connection.
pub(super) fn not_connected(
    facts: &AttemptFacts,
    scene: &Scene,
    context: &Context,
    kind: ConnectFailure,
    detail: &str,
) -> Draft {
    // Where it went well before the address was changed here, the change is the likelier cause.
    let moved = context.surroundings.changed.iter().any(|change| change.setting == "url");
    let key = match kind {
        ConnectFailure::Resolve => "connect-resolve",
        ConnectFailure::ResolveLater => "connect-resolve-later",
        ConnectFailure::Refused if moved => "connect-refused-moved",
        ConnectFailure::Refused => "connect-refused",
        ConnectFailure::Unreachable => "connect-unreachable",
        ConnectFailure::ConnectTimeout => "connect-timeout",
        ConnectFailure::Proxy => "connect-proxy",
        ConnectFailure::ProxyPassword => "connect-proxy-password",
    };
    Draft::of(key, scene).found(called(facts)).found_all(said("The system said", detail))
}

/// No agreement on TLS.
pub(super) fn tls_refused(
    facts: &AttemptFacts,
    scene: &Scene,
    reason: TlsRefusal,
    detail: &str,
    chain: &[String],
) -> Draft {
    let key = match reason {
        TlsRefusal::Expired => "tls-expired",
        TlsRefusal::NotYetValid => "tls-not-yet-valid",
        TlsRefusal::UnknownIssuer => "tls-unknown-issuer",
        TlsRefusal::SelfSigned => "tls-self-signed",
        TlsRefusal::NotPinned => "tls-not-pinned",
        TlsRefusal::WrongHost => "tls-wrong-host",
        TlsRefusal::Revoked => "tls-revoked",
        TlsRefusal::Certificate => "tls-certificate",
        TlsRefusal::Protocol => "tls-protocol",
        TlsRefusal::Cipher => "tls-cipher",
        TlsRefusal::UnknownName => "tls-unknown-name",
        TlsRefusal::Alert => "tls-alert",
        TlsRefusal::Closed => "tls-closed",
        TlsRefusal::NotTls => "tls-not-tls",
        TlsRefusal::ClientCertificate => "tls-client-certificate",
        TlsRefusal::ClientCertificateRefused => "tls-client-certificate-refused",
        TlsRefusal::Other => "tls-other",
    };
    let draft = Draft::of(key, scene).found_all(said("TLS said", detail));
    let draft = match chain {
        [] => draft,
        [server, issuers @ ..] => {
            let draft = draft.found(format!("The server's certificate is {}", quoted_subject(server)));
            draft.found_all(issuers.iter().take(8).map(|issuer| format!("It sent along {}", quoted_subject(issuer))))
        }
    };
    draft.found(called(facts))
}

fn quoted_subject(subject: &str) -> String {
    literal(&plain(subject, 160))
}

/// The connection broke.
pub(super) fn broken(scene: &Scene, all_bytes_sent: bool, detail: &str) -> Draft {
    let key = if all_bytes_sent { "broken-waiting" } else { "broken-sending" };
    Draft::of(key, scene).found_all(said("The system said", detail))
}

/// The user gave it up.
pub(super) fn cancelled(scene: &Scene, all_bytes_sent: bool) -> Draft {
    Draft::of(if all_bytes_sent { "cancelled-sent" } else { "cancelled" }, scene)
}

/// A message whose program ended while it was at it.
#[derive(Clone, Copy, Debug)]
pub struct Interrupted<'a> {
    /// To whom.
    pub partner: &'a str,
    /// What was being sent, where it was built already.
    pub request: Option<&'a RequestFacts>,
    /// Whether anything of it may have been handed over.
    pub begun: bool,
    /// Whether its document had been copied.
    pub copied: bool,
    /// The last stage that ended.
    pub reached: Option<StageName>,
}

/// Explains what a program that ended has left open.
#[must_use]
pub fn explain_interrupted(facts: &Interrupted<'_>) -> Diagnosis {
    let scene = Scene::with(facts.partner);
    let scene = match facts.request {
        Some(request) => scene.asking(request),
        None => scene.so("same-id", true),
    };
    let key = match (facts.begun, facts.copied) {
        (true, _) => "interrupted-sending",
        (false, true) => "interrupted",
        (false, false) => "interrupted-not-copied",
    };
    let draft = Draft::of(key, &scene);
    let draft = draft.found(match facts.reached {
        Some(stage) => format!("The last stage that ended before: {}", stage.label()),
        None => "No stage had ended before".to_owned(),
    });
    draft.found_all(facts.request.map(sent_as)).finish()
}

/// Nothing happened for too long.
pub(super) fn timeout(scene: &Scene, all_bytes_sent: bool, seconds: u32) -> Draft {
    Draft::of(if all_bytes_sent { "timeout-waiting" } else { "timeout-sending" }, scene)
        .word("patience", format!("{seconds} seconds"))
        .found(if all_bytes_sent {
            format!("No whole answer for {seconds} seconds")
        } else {
            format!("Nothing happened for {seconds} seconds")
        })
}

/// Something answered, but not in HTTP.
pub(super) fn not_http(facts: &AttemptFacts, scene: &Scene, all_bytes_sent: bool, detail: &str) -> Draft {
    Draft::of(if facts.request.url.is_tls() { "not-http" } else { "not-http-without-tls" }, scene)
        .so("sent", all_bytes_sent)
        .found_all(said("What came", detail))
}
