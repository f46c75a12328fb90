//! What goes wrong before there is an answer: here, on the road, at the partner's door.

use super::context::Context;
use super::outcome::{AttemptFacts, ConnectFailure, TlsRefusal};
use super::wording::{Draft, instant, literal, plain, said};
use super::{Action, Blame};

/// It never left.
pub(super) fn own_fault(detail: &str) -> Draft {
    Draft::new("Not sent, the fault is on our side", Blame::Ours)
        .say("The message could not be made or handed over here, so nothing reached the partner")
        .advise("Mend what the evidence names, then send again")
        .found_all(said("What went wrong", detail))
}

/// Host and port as they were called.
fn door(facts: &AttemptFacts) -> String {
    format!("{} port {}", literal(&facts.request.url.host()), facts.request.url.port())
}

/// No connection.
pub(super) fn not_connected(facts: &AttemptFacts, context: &Context, kind: ConnectFailure, detail: &str) -> Draft {
    let partner = &context.partner;
    let host = literal(&facts.request.url.host());
    let door = door(facts);
    let draft = match kind {
        ConnectFailure::Resolve => Draft::new("The partner's host name is not known", Blame::Ours)
            .say(format!("No address was found for {host}, so nothing was sent"))
            .say("Usually the name is misspelt, the partner has moved, or this machine cannot reach its name server")
            .advise(format!("Compare the address letter by letter with the one that {} gives", context.source()))
            .advise("See whether this machine finds any other host name")
            .offer(Action::look_at("url")),
        ConnectFailure::Refused => Draft::new("The partner's server refused the connection", Blame::Partner)
            .say(format!("The machine behind {host} is there, but nothing listens at that port, so nothing was sent"))
            .say("Usually the server is down or being restarted, or the port in the address is wrong")
            .advise("Send again in some minutes")
            .advise(format!("Compare the port with the one that {} gives", context.source()))
            .advise(format!("If it stays so, tell {partner} the time and the address"))
            .offer(Action::Redeliver),
        ConnectFailure::Unreachable => Draft::new("The partner's server is unreachable", Blame::Network)
            .say(format!("There is no way from this machine to {host}, so nothing was sent"))
            .say("Usually the network or VPN of this machine is down, or a route on the way is")
            .advise("See whether this machine reaches anything else, and whether a VPN is needed for this partner")
            .advise("Send again once the network is back")
            .offer(Action::Redeliver),
        ConnectFailure::ConnectTimeout => Draft::new("The partner's server does not react", Blame::Network)
            .say(format!("Connecting to {door} got no reaction at all, so nothing was sent"))
            .say("Usually a firewall drops the connection: the partner's, if it lets in known addresses only, or our own")
            .advise(format!("Ask {partner} whether our public IP address is on its allow list"))
            .advise(format!("Ask whoever runs our firewall whether connections to port {} may go out", facts.request.url.port()))
            .advise("Send again later, in case the server is merely down")
            .offer(Action::Redeliver),
        ConnectFailure::Proxy => Draft::new("The proxy did not let it through", Blame::Ours)
            .say("This machine reaches the outside through a proxy, and the proxy did not connect, so nothing was sent")
            .advise(format!("Ask whoever runs the proxy to allow {door}"))
            .advise("See whether the proxy in this machine's network settings is right")
            .offer(Action::Redeliver),
    };
    draft.found(format!("Called {door}")).found_all(said("The system said", detail))
}

/// No agreement on TLS.
pub(super) fn tls_refused(
    facts: &AttemptFacts,
    context: &Context,
    reason: TlsRefusal,
    detail: &str,
    chain: &[String],
) -> Draft {
    let partner = &context.partner;
    let host = literal(&facts.request.url.host());
    let nothing = "Nothing was sent";
    let pin = "If it really is theirs (compare its fingerprint with them), save it as a PEM file and name that in `tls_trust`";
    let draft = match reason {
        TlsRefusal::Expired => Draft::new("The partner's TLS certificate has expired", Blame::Partner)
            .say(format!("The certificate of the server {host} has ended, so it was not trusted"))
            .say(nothing)
            .say("This is the web server's certificate, not the one that messages are encrypted for")
            .advise(format!("Ask {partner} to renew the certificate of its server"))
            .advise(format!("See that this machine's clock is right; it says {}", instant(context.at))),
        TlsRefusal::NotYetValid => Draft::new("The partner's TLS certificate is not valid yet", Blame::Ours)
            .say(format!("The certificate of the server {host} has not begun, by this machine's clock"))
            .say(nothing)
            .advise(format!("See that this machine's clock is right; it says {}", instant(context.at)))
            .advise(format!("If it is, tell {partner} that the server uses its certificate too early")),
        TlsRefusal::UnknownIssuer => Draft::new("The partner's TLS certificate is not trusted", Blame::Partner)
            .say(format!("The certificate of the server {host} comes from an issuer that this machine does not know"))
            .say(nothing)
            .say("Usually the server does not send its intermediate certificate, or its issuer is the partner's own")
            .advise(format!("Ask {partner} to send the whole chain, or for the certificate of its issuer"))
            .advise(pin)
            .offer(Action::look_at("tls_trust")),
        TlsRefusal::SelfSigned => Draft::new("The partner's TLS certificate is self-signed", Blame::Partner)
            .say(format!(
                "The server {host} vouches for itself, which proves nothing unless its certificate is known here"
            ))
            .say(nothing)
            .advise(pin)
            .advise(format!("Or ask {partner} for a certificate of a public issuer; many policies want one"))
            .offer(Action::look_at("tls_trust")),
        TlsRefusal::WrongHost => Draft::new("The TLS certificate is for another host", Blame::Ours)
            .say(format!("The server that answers for {host} shows a certificate for another name"))
            .say(nothing)
            .say("Usually the address is an alias or an IP address where the partner's own name belongs")
            .advise(format!("Use the host name that {} gives, not an IP address or alias", context.source()))
            .advise(format!("If the address is right, ask {partner} for a certificate that names it"))
            .offer(Action::look_at("url")),
        TlsRefusal::Revoked => Draft::new("The partner's TLS certificate has been revoked", Blame::Partner)
            .say(format!("The issuer of the certificate of {host} has withdrawn it"))
            .say(nothing)
            .advise(format!(
                "Ask {partner}, by telephone, what has happened; do not send until its server has a new one"
            )),
        TlsRefusal::Protocol => Draft::new("No common TLS version with the partner", Blame::Partner)
            .say(format!(
                "The server {host} speaks no TLS version or cipher that is still safe; TLS 1.2 and 1.3 are spoken here"
            ))
            .say(nothing)
            .advise(format!("Ask {partner} to allow TLS 1.2 or later on its server")),
        TlsRefusal::Alert => Draft::new("The partner's server broke off TLS", Blame::Partner)
            .say(format!("The server {host} ended the negotiation with an alert"))
            .say(nothing)
            .say("Usually it wants a client certificate, does not know the host name, or does not let this address in")
            .advise(format!(
                "Ask {partner} whether a client certificate or an allow-listed address is needed, and give the time"
            ))
            .advise("If a client certificate is needed, name its identity in `tls_identity`")
            .offer(Action::look_at("tls_identity")),
        TlsRefusal::ClientCertificate => Draft::new("The partner's server wants a client certificate", Blame::Ours)
            .say(format!(
                "The server {host} lets in only who shows a TLS certificate, and this profile names none or another"
            ))
            .say(nothing)
            .advise(format!("Agree with {partner} which certificate to show, and name its identity in `tls_identity`"))
            .offer(Action::look_at("tls_identity")),
        TlsRefusal::Other => Draft::new("TLS failed", Blame::Network)
            .say(format!("No secure connection to {host} came about, for a reason that the evidence gives"))
            .say(nothing)
            .advise("See whether a proxy or virus scanner on the way intercepts TLS")
            .advise(format!("Ask {partner} to look into its server's log, and give the time")),
    };
    let draft = draft.found_all(said("TLS said", detail));
    let draft = match (chain, reason) {
        ([], _) => draft,
        ([server, issuers @ ..], _) => {
            let draft = draft.found(format!("The server's certificate is {}", quoted_subject(server)));
            draft.found_all(issuers.iter().take(8).map(|issuer| format!("It sent along {}", quoted_subject(issuer))))
        }
    };
    draft.found(format!("Called {}", door(facts)))
}

fn quoted_subject(subject: &str) -> String {
    literal(&plain(subject, 160))
}

/// The connection broke.
pub(super) fn broken(facts: &AttemptFacts, context: &Context, all_bytes_sent: bool, detail: &str) -> Draft {
    let partner = &context.partner;
    let draft = if all_bytes_sent {
        may_have_arrived(
            Draft::new("Connection lost while waiting for the answer", Blame::Network)
                .say(format!(
                    "Everything was handed over, then the connection to {partner} broke before an answer came"
                ))
                .say("The message may have arrived"),
            facts,
            context,
        )
    } else {
        let draft = Draft::new("Connection lost while sending", Blame::Network)
            .say(format!("The connection to {partner} broke before everything was handed over, so nothing complete arrived"))
            .say("Usually a firewall or proxy on the way cut it, or the partner's server stopped reading, for example because the message is too big")
            .advise("Send again");
        if facts.request.bytes > 10_000_000 {
            draft.advise(format!(
                "If it happens again, ask {partner} how big a message may be; this one has {} bytes",
                facts.request.bytes
            ))
        } else {
            draft.advise(format!("If it happens again, ask {partner} to look into its server's log, and give the time"))
        }
        .offer(Action::Redeliver)
    };
    draft.found_all(said("The system said", detail))
}

/// The user gave it up.
pub(super) fn cancelled(facts: &AttemptFacts, context: &Context, all_bytes_sent: bool) -> Draft {
    let partner = &context.partner;
    if all_bytes_sent {
        may_have_arrived(
            Draft::new("Cancelled after it was sent, the message may have arrived", Blame::Nobody).say(format!(
                "It was cancelled while waiting for the answer; everything had been handed over to {partner} by then"
            )),
            facts,
            context,
        )
    } else {
        Draft::new("Cancelled before it was sent", Blame::Nobody)
            .say(format!("It was cancelled before everything was handed over, so nothing complete reached {partner}"))
            .advise("Send again when you are ready")
    }
}

/// Nothing happened for too long.
pub(super) fn timeout(facts: &AttemptFacts, context: &Context, all_bytes_sent: bool, seconds: u32) -> Draft {
    let partner = &context.partner;
    if all_bytes_sent {
        may_have_arrived(
            Draft::new("No answer in time, the message may have arrived", Blame::Partner)
                .say(format!("Everything was handed over, but {partner} did not answer within {seconds} seconds"))
                .say("It may have the message all the same: a slow server often answers too late"),
            facts,
            context,
        )
        .advise("If this happens often, raise `timeout_seconds` or ask for asynchronous receipts")
    } else {
        Draft::new("The partner's server stopped reading", Blame::Network)
            .say(format!("For {seconds} seconds no more of the message could be handed over, so nothing complete arrived"))
            .say("Usually the partner's server is overloaded, or a firewall on the way holds the connection without passing it on")
            .advise("Send again")
            .advise(format!("If it happens again, ask {partner} to look into its server's log, and give the time"))
            .offer(Action::Redeliver)
    }
    .found(format!("Nothing happened for {seconds} seconds"))
}

/// What to do where nobody knows whether it arrived: the Message-ID stays the same, so that the partner can tell that it
/// is the same message (RFC 4130 section 5.5).
pub(super) fn may_have_arrived(draft: Draft, facts: &AttemptFacts, context: &Context) -> Draft {
    let partner = &context.partner;
    if facts.request.quirks.new_message_id_on_retry {
        draft
            .advise(format!("Ask {partner} whether it has the message before sending it again"))
            .advise("This profile gives a new Message-ID to a repetition, so the partner could take it for a second document")
            .found("`quirks.new_message_id_on_retry` is on")
    } else {
        draft
            .advise(
                "Redeliver: the Message-ID stays the same, so a partner that has the message already will recognise it",
            )
            .advise(format!("Or ask {partner} whether it has the message, by its Message-ID and the time"))
            .offer(Action::Redeliver)
    }
}

/// Something answered, but not in HTTP.
pub(super) fn not_http(facts: &AttemptFacts, context: &Context, all_bytes_sent: bool, detail: &str) -> Draft {
    let tls = facts.request.url.is_tls();
    let draft = Draft::new("What answers there is no web server", Blame::Ours)
        .say(format!("Something answers at {}, but not in HTTP", door(facts)))
        .say(if tls {
            "Usually the port belongs to another service, or a device on the way answers in the partner's place"
        } else {
            "Usually the port speaks TLS, so that the address must begin with https://, or it belongs to another service"
        })
        .advise(format!("Compare scheme and port of the address with those that {} gives", context.source()))
        .offer(Action::look_at("url"))
        .found_all(said("What came", detail));
    if all_bytes_sent {
        draft.say("Everything had been handed over by then, so it cannot be ruled out that it arrived")
    } else {
        draft
    }
}
