//! HTTP answers that are no receipts: refusals, redirects, web pages.

use super::context::Context;
use super::dispositions::identifiers;
use super::outcome::{AttemptFacts, HttpAnswer, WhatCame};
use super::road::may_have_arrived;
use super::wording::{Draft, instant, literal, plain, quoted};
use super::{Action, Blame};
use crate::domain::algorithm::Compression;
use crate::domain::identifier::Address;

/// A status other than 2xx.
pub(super) fn status(facts: &AttemptFacts, context: &Context, answer: &HttpAnswer) -> Draft {
    let partner = &context.partner;
    let request = &facts.request;
    let draft = match answer.status {
        301 | 302 | 303 | 307 | 308 => redirected(facts, context, answer),
        400 => Draft::new("Partner's server could not read the request", Blame::Partner)
            .say(format!("The server of {partner} calls the request malformed"))
            .say("Usually its AS2 server does not get along with a header, or something on the way changed the request")
            .advise(log(context))
            .advise(if request.quirks.chunked {
                "Switch `quirks.chunked` off, for servers that need to know the length"
            } else {
                "See whether the AS2 identifiers must stand in quotes for this partner (`quirks.quote_as2_ids`)"
            }),
        401 if request.http_credentials => Draft::new("Partner's server rejected our user name or password", Blame::Ours)
            .say(format!("The server of {partner} asks who we are and did not accept the user name and password of this profile"))
            .advise(format!("Enter the password again, and ask {partner} whether the user name is still valid"))
            .offer(Action::look_at("http_user")),
        401 => Draft::new("Partner's server wants a user name and password", Blame::Ours)
            .say(format!("The server of {partner} asks who we are, and this profile names no user"))
            .advise(format!("Ask {partner} for a user name and password and set `http_user` and `http_password`"))
            .offer(Action::look_at("http_user")),
        403 => Draft::new("Partner's server does not let us in", Blame::Partner)
            .say(format!("The server of {partner} understood the request and forbids it"))
            .say("Usually our public IP address is not on its allow list, or it does not know our pair of AS2 identifiers")
            .advise(format!("Ask {partner} whether our public IP address and our AS2 identifiers are registered for this address"))
            .found_all(identifiers(facts, context)),
        404 | 410 => Draft::new("Nothing is at that address", Blame::Ours)
            .say(format!("The server of {partner} has nothing under this path"))
            .say("Usually the path in the address is wrong or of the other system (test or production), and some servers say so of unknown AS2 identifiers")
            .advise(compare(context))
            .found_all(identifiers(facts, context))
            .offer(Action::look_at("url")),
        405 => Draft::new("That address takes no messages", Blame::Ours)
            .say(format!("The server of {partner} knows the address but takes no POST there, so it is not its AS2 address"))
            .advise(compare(context))
            .offer(Action::look_at("url")),
        407 => Draft::new("Our proxy wants a user name and password", Blame::Ours)
            .say("The answer comes from the proxy between this machine and the outside, not from the partner")
            .advise("Ask whoever runs the proxy to let this machine through"),
        408 => Draft::new("Partner's server grew tired of waiting", Blame::Network)
            .say(format!("The server of {partner} did not receive the whole message in the time it allows"))
            .say("Usually the line is slow or something on the way holds the message up")
            .advise("Send again")
            .offer(Action::Redeliver),
        411 if request.quirks.chunked => Draft::new("Partner's server wants to know the length", Blame::Ours)
            .say(format!("The server of {partner} takes no chunked messages"))
            .advise("Switch `quirks.chunked` off")
            .offer(Action::set("quirks.chunked", "false")),
        413 => too_large(facts, context),
        415 => Draft::new("Partner's server does not take this content type", Blame::Ours)
            .say(format!("The server of {partner} refuses the media type of the message"))
            .say("Usually it expects another content type for the payload, or its address is not an AS2 address")
            .advise(format!("Ask {} which content type it expects", context.source()))
            .found(format!("The payload is {}", literal(&request.content_type)))
            .offer(Action::look_at("content_type")),
        422 => Draft::new("Partner does not know our AS2 identifiers", Blame::Ours)
            .say(format!("The server of {partner} read the message and will not process it"))
            .say("Usually the pair of AS2 identifiers is unknown there: a letter, upper or lower case, or test instead of production")
            .advise(format!("Compare both identifiers letter by letter with those that {} gives", context.source()))
            .found_all(identifiers(facts, context))
            .offer(Action::look_at("our_as2_id")),
        429 => Draft::new("Too many messages for the partner's server", Blame::Partner)
            .say(format!("The server of {partner} takes no more for the moment"))
            .advise("Wait some minutes, then send again")
            .advise(format!("If it happens often, ask {partner} how many messages it takes in a minute"))
            .offer(Action::Redeliver),
        500 => Draft::new("Partner's server reported an internal error", Blame::Partner)
            .say(format!("Something went wrong inside the server of {partner} while it took the message"))
            .say("Usually that is for the partner to mend; some servers answer so to identifiers or algorithms they do not know")
            .advise(log(context))
            .advise("Send again later")
            .found_all(identifiers(facts, context))
            .offer(Action::Redeliver),
        502 | 504 => may_have_arrived(
            Draft::new("Partner's gateway did not reach its AS2 server", Blame::Partner)
                .say(format!("A gateway in front of the AS2 server of {partner} answered in its place: the server is down or too slow"))
                .say("It is not ruled out that the message reached it"),
            facts,
            context,
        ),
        503 => Draft::new("Partner's server is out of service for now", Blame::Partner)
            .say(format!("The server of {partner} is overloaded or under maintenance"))
            .advise("Send again later")
            .advise(format!("If it stays so, ask {partner} how long it takes"))
            .offer(Action::Redeliver),
        _ => by_class(context, answer),
    };
    draft.found(status_line(answer)).found_all(beginning(answer))
}

/// A status without words of its own: its first digit says whose fault it is (RFC 9110 section 15).
fn by_class(context: &Context, answer: &HttpAnswer) -> Draft {
    let partner = &context.partner;
    match answer.status / 100 {
        3 => Draft::new("Partner's server points elsewhere", Blame::Partner)
            .say(format!("The server of {partner} answered with a redirection that cannot be followed"))
            .advise(compare(context))
            .offer(Action::look_at("url")),
        4 => Draft::new("Partner's server refused the request", Blame::Partner)
            .say(format!("The server of {partner} refused the message before reading it as AS2"))
            .advise(log(context))
            .advise(compare(context)),
        5 => Draft::new("Partner's server failed", Blame::Partner)
            .say(format!("The server of {partner} could not do its part"))
            .advise(log(context))
            .advise("Send again later")
            .offer(Action::Redeliver),
        _ => Draft::new("Partner's server gave an answer that makes no sense", Blame::Partner)
            .say(format!("The status {} stands for nothing that can be a final answer", answer.status))
            .advise(log(context)),
    }
}

/// A redirect. It is not followed: whoever can redirect must not decide where documents go.
fn redirected(facts: &AttemptFacts, context: &Context, answer: &HttpAnswer) -> Draft {
    let draft = Draft::new("Partner's server redirects to another address", Blame::Ours)
        .say(format!(
            "The server of {} says that it has moved, and redirects are not followed with documents",
            context.partner
        ))
        .advise(format!("Ask {} whether the new address is right, then enter it", context.source()));
    match &answer.location {
        Some(location) => {
            let draft =
                draft.found(format!("It points to {}", literal(location.split('?').next().unwrap_or_default())));
            match location.parse::<Address>() {
                // Never offered: the step from https to http.
                Ok(address) if address.is_tls() || !facts.request.url.is_tls() => {
                    draft.offer(Action::set("url", address.as_str()))
                }
                Ok(_) | Err(_) => draft.offer(Action::look_at("url")),
            }
        }
        None => draft.offer(Action::look_at("url")),
    }
}

fn too_large(facts: &AttemptFacts, context: &Context) -> Draft {
    let partner = &context.partner;
    let draft = Draft::new("Too big for the partner's server", Blame::Ours)
        .say(format!("The server of {partner} takes no message of this size"))
        .found(format!("The message has {} bytes as sent", facts.request.bytes))
        .advise(format!("Ask {} how big a message may be, and split the document", context.source()));
    if facts.request.compression == Compression::None {
        draft.advise("Switch compression on, if the partner supports it").offer(Action::look_at("compression"))
    } else {
        draft
    }
}

/// A status other than 2xx beside a positive receipt.
pub(super) fn contradicts(facts: &AttemptFacts, context: &Context, answer: &HttpAnswer) -> Draft {
    let partner = &context.partner;
    let draft = Draft::new("The status says no, the receipt says yes", Blame::Partner)
        .say(format!("{partner} answered with an error status and a receipt that says the message was processed"))
        .say("Both cannot be right, so nothing is certain");
    may_have_arrived(draft, facts, context).found(status_line(answer))
}

/// 2xx, but no receipt.
pub(super) fn no_receipt(facts: &AttemptFacts, context: &Context, answer: &HttpAnswer, came: &WhatCame) -> Draft {
    let partner = &context.partner;
    let unsure = "Whether the message was processed is open";
    let draft = match came {
        WhatCame::Empty => Draft::new("Taken, but no receipt came", Blame::Partner)
            .say(format!("The server of {partner} took the message and answered with nothing"))
            .say(unsure)
            .say("Usually receipts are switched off for us there, or are sent later to an address of their own")
            .advise(format!("Ask {} to return a receipt in the answer (synchronous MDN)", context.source())),
        WhatCame::Html => Draft::new("A web page came instead of a receipt", Blame::Ours)
            .say("What answered is a web site, not an AS2 server")
            .say(unsure)
            .say(
                "Usually the address leads to a portal or start page, or a firewall on the way shows a page of its own",
            )
            .advise(format!("Compare the address letter by letter with the one that {} gives", context.source()))
            .offer(Action::look_at("url")),
        WhatCame::Text => Draft::new("Text came instead of a receipt", Blame::Partner)
            .say(format!("The server of {partner} took the message and answered with a text"))
            .say(unsure)
            .advise(format!("Read the text in the evidence, and ask {partner} to return a receipt (MDN)")),
        WhatCame::Other(_) => Draft::new("Something else came instead of a receipt", Blame::Partner)
            .say(format!("The server of {partner} took the message and answered with something that is no receipt"))
            .say(unsure)
            .advise(format!("Ask {partner} whether this address is its AS2 address, and to return a receipt (MDN)")),
        WhatCame::TooLarge => Draft::new("The answer is too big for a receipt", Blame::Partner)
            .say(format!(
                "The server of {partner} answered with more than a receipt can be, and it was not read to its end"
            ))
            .say(unsure)
            .advise(format!("Ask {partner} whether this address is its AS2 address")),
    };
    let draft = draft.found(status_line(answer)).found_all(beginning(answer));
    may_have_arrived(draft, facts, context)
}

/// Status and media type on a line.
pub(super) fn status_line(answer: &HttpAnswer) -> String {
    let kind = answer.content_type.as_deref().map(|kind| format!(", {}", plain(kind, 80))).unwrap_or_default();
    format!("HTTP status {} {}", answer.status, plain(&answer.reason, 80)).trim_end().to_owned() + &kind
}

fn compare(context: &Context) -> String {
    format!("Compare the address letter by letter with the one that {} gives", context.source())
}

fn log(context: &Context) -> String {
    format!("Ask {} to look into its log for this Message-ID at {}", context.partner, instant(context.at))
}

fn beginning(answer: &HttpAnswer) -> Option<String> {
    (!answer.body_excerpt.trim().is_empty()).then(|| format!("The answer begins {}", quoted(&answer.body_excerpt, 200)))
}
