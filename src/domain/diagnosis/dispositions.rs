//! What a receipt says instead of `processed`: RFC 4130 sections 7.4.3 and 7.5, RFC 5402 section 5, their successor's
//! additions, and what the field writes besides. The texts are in the knowledge base.

use super::context::Context;
use super::outcome::{AttemptFacts, Receipt};
use super::scene::Scene;
use super::wording::{Draft, literal, quoted};
use super::{authentication, decryption};
use crate::domain::algorithm::Compression;
use crate::domain::disposition::Modifier;
use crate::domain::knowledge;

/// The partner says no.
pub(super) fn negative(facts: &AttemptFacts, scene: &Scene, context: &Context, receipt: &Receipt) -> Draft {
    let request = &facts.request;
    let key = knowledge::of_refusal(&receipt.disposition, &receipt.remarks, receipt.human_text.as_deref());
    let draft = |key| Draft::of(key, scene);
    match key {
        "decryption-failed" => decryption::failed(facts, scene, context, receipt),
        "decryption-algorithm-unknown" | "decryption-content-unreadable" => {
            decryption::in_their_words(key, facts, scene, context)
        }
        "authentication-failed" => authentication::failed(facts, scene, context),
        "decompression-failed" => match request.compression {
            Compression::None => draft("decompression-failed-uncompressed"),
            compression => {
                let before = compression == Compression::BeforeSigning;
                draft(key)
                    .word("other_order", if before { "after-signing" } else { "before-signing" })
                    .found(format!("`compression` is {compression}"))
            }
        },
        "insufficient-message-security" | "no-secured-messages" => draft(key)
            .so("words", has_words(receipt))
            .found(format!("Encryption {}, signing {}", request.encryption.label(), request.signing.label())),
        "unexpected-processing-error" => draft(key).so("words", has_words(receipt)),
        "unknown-trading-partner" | "sender-equals-receiver" => draft(key).found_all(identifiers(facts, context)),
        "unsupported-mic-algorithms" => draft(key).found_all(
            request
                .receipt_digest
                .map(|digest| format!("Asked for {}", literal(digest.micalg(request.quirks.micalg_style)))),
        ),
        "invalid-message-id" => {
            let id = &request.message_id;
            let bad =
                id.len() > 255 || id.chars().any(char::is_whitespace) || !(id.starts_with('<') && id.ends_with('>'));
            draft(if bad { key } else { "invalid-message-id-though-good" })
                .found(format!("The Message-ID has {} characters", id.chars().count()))
        }
        "illegal-filename" => draft(key).found_all(odd_name(request.filename.as_deref())),
        "duplicate-filename" => {
            draft(key).found_all(request.filename.as_deref().map(|name| format!("The file name is {}", literal(name))))
        }
        "too-large" => draft(key).found(format!("The message has {} bytes as sent", request.bytes)),
        "refused-for-a-reason-of-its-own" => draft(key).word("reason", quoted(reason(receipt), 200)),
        other => draft(other),
    }
}

fn has_words(receipt: &Receipt) -> bool {
    receipt.human_text.as_deref().is_some_and(|text| !text.trim().is_empty())
}

/// The reason of a receipt as it is written.
pub(super) fn reason(receipt: &Receipt) -> &str {
    let text = match &receipt.disposition.modifier {
        Modifier::Error(text) | Modifier::Failure(text) | Modifier::Warning(text) => text.as_str(),
        Modifier::None => "",
    };
    if text.trim().is_empty() { receipt.remarks.first().map_or("", String::as_str) } else { text }
}

/// The AS2 identifiers as sent, and those of the other profile beside them.
pub(super) fn identifiers(facts: &AttemptFacts, context: &Context) -> Vec<String> {
    let request = &facts.request;
    let (ours, theirs) = (&request.our_as2_id, &request.partner_as2_id);
    let mut found =
        vec![format!("Sent as {} to {}; upper and lower case count", literal(ours.as_str()), literal(theirs.as_str()))];
    if [ours, theirs].iter().any(|id| id.as_str().contains([' ', '"', '\\'])) {
        found.push("An identifier holds a space, a quote or a backslash, which some products get wrong".to_owned());
    }
    if let Some(sibling) = &context.sibling {
        if &sibling.our_as2_id == ours && &sibling.partner_as2_id == theirs {
            found.push(format!("The {} profile uses the same identifiers", sibling.profile));
        } else {
            found.push(format!(
                "The {} profile uses {} to {}",
                sibling.profile,
                literal(sibling.our_as2_id.as_str()),
                literal(sibling.partner_as2_id.as_str())
            ));
        }
        if sibling.url == request.url {
            found.push(format!("The {} profile posts to the same address", sibling.profile));
        }
    }
    found
}

/// What in a file name is out of the ordinary.
fn odd_name(name: Option<&str>) -> Vec<String> {
    let Some(name) = name else { return vec!["No file name was sent with it".to_owned()] };
    let mut found = vec![format!("The file name is {}", literal(name))];
    let usual = |character: &char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
    let odd: String = name.chars().filter(|character| !usual(character)).collect();
    if !odd.is_empty() {
        found.push(format!("Out of the ordinary in it: {}", quoted_characters(&odd)));
    }
    found
}

fn quoted_characters(odd: &str) -> String {
    let mut seen = Vec::new();
    for character in odd.chars() {
        let shown = if character == ' ' { "space".to_owned() } else { literal(&character.to_string()) };
        if !seen.contains(&shown) {
            seen.push(shown);
        }
    }
    seen.truncate(12);
    seen.join(" ")
}

/// A disposition that is neither yes nor no.
pub(super) fn undecided(scene: &Scene, receipt: &Receipt) -> Draft {
    Draft::of("undecided", scene).word("disposition", literal(&receipt.said()))
}
