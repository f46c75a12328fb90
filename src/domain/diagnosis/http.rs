//! HTTP answers that are no receipts: refusals, redirects, web pages.

use super::Action;
use super::context::Context;
use super::dispositions::identifiers;
use super::outcome::{AttemptFacts, HttpAnswer, WhatCame};
use super::scene::Scene;
use super::wording::{Draft, literal, plain, quoted};
use crate::domain::identifier::Address;
use crate::domain::knowledge;

/// A status other than 2xx.
pub(super) fn status(facts: &AttemptFacts, scene: &Scene, context: &Context, answer: &HttpAnswer) -> Draft {
    let request = &facts.request;
    let key = match answer.status {
        400 if wants_tls(answer) && !request.url.is_tls() => "http-tls-wanted",
        401 if request.http_credentials => "http-401-rejected",
        status => knowledge::of_status(status).map_or("http-nonsense", |entry| &entry.key),
    };
    let draft = Draft::of(key, scene).word("status", answer.status.to_string());
    let draft = match key {
        "http-redirect" => redirected(draft, facts, answer),
        "http-403" | "http-404" | "http-422" | "http-500" => draft.found_all(identifiers(facts, context)),
        "http-413" => draft.found(format!("The message has {} bytes as sent", request.bytes)),
        "http-415" => draft.found(format!("The payload is {}", literal(&request.content_type))),
        _ => draft,
    };
    draft.found(status_line(answer)).found_all(beginning(answer))
}

/// Whether an answer says that TLS is wanted at this port, in the words of Apache, nginx or Go.
fn wants_tls(answer: &HttpAnswer) -> bool {
    let said = answer.body_excerpt.to_ascii_lowercase();
    ["plain http to an ssl", "plain http request was sent to https", "http request to an https server"]
        .iter()
        .any(|words| said.contains(words))
}

/// A redirect. It is not followed: whoever can redirect must not decide where documents go.
fn redirected(draft: Draft, facts: &AttemptFacts, answer: &HttpAnswer) -> Draft {
    let Some(location) = &answer.location else { return draft };
    let draft = draft.found(format!("It points to {}", literal(location.split('?').next().unwrap_or_default())));
    match location.parse::<Address>() {
        // Never offered: the step from https to http.
        Ok(address) if address.is_tls() || !facts.request.url.is_tls() => {
            draft.offer(Action::set("url", address.as_str()))
        }
        Ok(_) | Err(_) => draft,
    }
}

/// A status other than 2xx beside a positive receipt.
pub(super) fn contradicts(scene: &Scene, answer: &HttpAnswer) -> Draft {
    Draft::of("http-contradicts", scene).found(status_line(answer))
}

/// 2xx, but no receipt.
pub(super) fn no_receipt(scene: &Scene, answer: &HttpAnswer, came: &WhatCame) -> Draft {
    let key = match came {
        WhatCame::Empty => "answer-empty",
        WhatCame::Html => "answer-html",
        WhatCame::Text => "answer-text",
        WhatCame::Other(_) => "answer-other",
        WhatCame::TooLarge => "answer-too-large",
    };
    Draft::of(key, scene).found(status_line(answer)).found_all(beginning(answer))
}

/// Status and media type on a line.
pub(super) fn status_line(answer: &HttpAnswer) -> String {
    let kind = answer.content_type.as_deref().map(|kind| format!(", {}", plain(kind, 80))).unwrap_or_default();
    format!("HTTP status {} {}", answer.status, plain(&answer.reason, 80)).trim_end().to_owned() + &kind
}

fn beginning(answer: &HttpAnswer) -> Option<String> {
    (!answer.body_excerpt.trim().is_empty()).then(|| format!("The answer begins {}", quoted(&answer.body_excerpt, 200)))
}
