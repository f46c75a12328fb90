//! `connection tls`: the certificates of a partner's TLS server, and trusting one for a profile alone.

use serde::Serialize;

use super::table::labelled;
use super::{Answer, Session, words};
use crate::app::{AppError, FetchedServer, PinnedServer};
use crate::domain::certificate::Fingerprint;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::server_certificate::{ServerSight, ServerTrust};

/// What is asked about a server.
#[derive(Debug, clap::Args)]
pub(super) struct TlsArguments {
    /// The connection
    id: ConnectionId,
    /// production or test; production where there is one, else test
    profile: Option<ProfileKind>,
    /// Trust the server's certificate for this profile alone, where it has this SHA-256 fingerprint, 64 hex digits
    #[arg(long, value_name = "SHA256HEX")]
    pin: Option<Fingerprint>,
    /// Show what was seen at the last send instead of asking the server
    #[arg(long, conflicts_with = "pin")]
    seen: bool,
}

#[derive(Serialize)]
struct TlsDocument<'a> {
    #[serde(flatten)]
    fetched: &'a FetchedServer,
    pinned: Option<&'a PinnedServer>,
}

#[derive(Serialize)]
struct SeenDocument<'a> {
    connection: &'a ConnectionId,
    profile: ProfileKind,
    #[serde(flatten)]
    sight: &'a ServerSight,
}

/// Looks at a server, or at what was seen of it; the answer is no where it is not trusted.
pub(super) async fn run(session: &Session, arguments: TlsArguments) -> Result<Answer, AppError> {
    let TlsArguments { id, profile, pin, seen } = arguments;
    let app = &session.app;
    let connection = app.connection(&id).await?;
    let kind = profile
        .or_else(|| connection.profiles().next().map(|(kind, _)| kind))
        .ok_or_else(|| AppError::new(format!("connection `{id}` has no profile")))?;
    if seen {
        let observations = app.observations().await?;
        let sight = observations.servers.get(&(id.clone(), kind)).ok_or_else(|| {
            AppError::new(format!("nothing was seen of the server of {id}, {kind}, yet"))
                .hint("a send over https shows it; without `--seen` it is asked now")
        })?;
        session.out.answer(&SeenDocument { connection: &id, profile: kind, sight }, || sight_in_words(sight));
        return Ok(Answer::of(sight.trust != ServerTrust::Refused));
    }
    let mut fetched = app.fetch_server(&id, kind).await?;
    let pinned = match &pin {
        Some(fingerprint) => Some(app.pin_server(&id, kind, &fetched.der, fingerprint).await?),
        None => None,
    };
    // What is told is how it stands now, and not how it stood before it was pinned: only now can TLS be agreed on.
    if pinned.is_some() {
        match app.fetch_server(&id, kind).await {
            Ok(again) if again.refusal.is_none() => fetched = again,
            Ok(_) | Err(_) => (fetched.trust, fetched.refusal) = (ServerTrust::Pinned, None),
        }
    }
    session.out.answer(&TlsDocument { fetched: &fetched, pinned: pinned.as_ref() }, || {
        let mut text = in_words(&fetched);
        if let Some(pinned) = &pinned {
            text.push_str(&format!(
                "It is pinned now: {id}, {kind}, trusts this certificate and no other; `tls_trust` is {}\n",
                pinned.tls_trust
            ));
        } else if fetched.trust == ServerTrust::Refused {
            text.push_str(&format!(
                "If the partner confirms the fingerprint: countersign connection tls {id} {kind} --pin {}{}\n",
                fetched.certificates.first().map_or_else(String::new, |own| own.fingerprint_sha256.to_hex()),
                session.suffix,
            ));
        }
        text
    });
    Ok(Answer::of(pinned.is_some() || fetched.trust != ServerTrust::Refused))
}

fn in_words(fetched: &FetchedServer) -> String {
    let mut text = labelled(
        [
            ("Server", fetched.server.clone()),
            ("TLS", version(fetched.version.as_deref(), fetched.trust)),
            ("Trusted", trust(fetched.trust, fetched.refusal.as_deref())),
            ("Revocation", "not checked".to_owned()),
        ],
        "",
    );
    for facts in &fetched.certificates {
        text.push('\n');
        text.push_str(&super::certificate::facts(facts));
    }
    text
}

fn sight_in_words(sight: &ServerSight) -> String {
    let mut text = labelled(
        [
            ("Server", sight.server.clone()),
            ("Seen", words::instant(sight.seen)),
            ("TLS", version(sight.tls.version.as_deref(), sight.trust)),
            ("Trusted", trust(sight.trust, sight.refusal.as_deref())),
            ("Revocation", "not checked".to_owned()),
        ],
        "",
    );
    for certificate in &sight.tls.chain {
        let rows = [
            ("Subject", certificate.subject.clone()),
            ("Issuer", certificate.issuer.clone()),
            ("Valid until", words::instant(certificate.not_after)),
            ("SHA-256", certificate.fingerprint_sha256.to_string()),
        ];
        text.push('\n');
        text.push_str(&labelled(rows, "  "));
    }
    if let Some(before) = &sight.before {
        text.push_str(&format!(
            "\nBefore {} it was {}, last seen {}\n",
            words::instant(before.changed),
            before.certificate.fingerprint_sha256,
            words::instant(before.last_seen)
        ));
    }
    text
}

/// The version of TLS. Where the server is trusted, that none is known means that nothing was sent since.
fn version(known: Option<&str>, trust: ServerTrust) -> String {
    match (known, trust) {
        (Some(version), _) => version.to_owned(),
        (None, ServerTrust::Refused) => "not agreed on".to_owned(),
        (None, ServerTrust::System | ServerTrust::Pinned) => "not known before the next send".to_owned(),
    }
}

fn trust(trust: ServerTrust, refusal: Option<&str>) -> String {
    match (trust, refusal) {
        (ServerTrust::System, None) => "yes, by this machine's certificate authorities".to_owned(),
        (ServerTrust::Pinned, None) => "yes, by what `tls_trust` names".to_owned(),
        (ServerTrust::Refused, None) => "no".to_owned(),
        (_, Some(why)) => format!("no: {why}"),
    }
}
