//! The knowledge base of dispositions: RFC 4130 sections 7.4.3 and 7.5, RFC 5402 section 5, their successor's additions,
//! and what the field writes besides.

use super::context::Context;
use super::finding::reason_key;
use super::outcome::{AttemptFacts, Receipt, RequestFacts};
use super::road::may_have_arrived;
use super::wording::{Draft, instant, literal, quoted};
use super::{Action, Blame, authentication, decryption};
use crate::domain::algorithm::{Compression, Digest, Encryption, MicalgStyle, Signing};
use crate::domain::disposition::Modifier;

/// The partner says no.
pub(super) fn negative(facts: &AttemptFacts, context: &Context, receipt: &Receipt) -> Draft {
    let key = reason_key(receipt);
    let says = |word: &str| key.contains(word);
    if says("decryption-failed") {
        decryption::failed(facts, context, receipt)
    } else if says("authentication-failed") {
        authentication::failed(facts, context)
    } else if says("integrity-check-failed") {
        authentication::integrity(facts, context)
    } else if says("decompression-failed") {
        decompression(facts, context)
    } else if says("insufficient-message-security") {
        insufficient_security(facts, context)
    } else if says("unexpected-processing-error") {
        unexpected(context, receipt)
    } else if says("unknown-trading-partner") || says("unknown-trading-relationship") {
        unknown_partner(facts, context)
    } else if says("unsupported-format") {
        unsupported_format(context)
    } else if says("unsupported-mic") {
        unsupported_mic(facts, context)
    } else if says("sender-equals-receiver") {
        sender_equals_receiver(facts, context)
    } else if says("invalid-message-id") {
        invalid_message_id(facts, context)
    } else if says("illegal-filename") {
        illegal_filename(facts, context)
    } else if says("duplicate-filename") {
        duplicate_filename(facts, context)
    } else {
        other(context, receipt)
    }
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

fn decompression(facts: &AttemptFacts, context: &Context) -> Draft {
    let partner = &context.partner;
    let draft = Draft::new("Partner could not decompress", Blame::Ours);
    let compression = facts.request.compression;
    if compression == Compression::None {
        return draft
            .say(format!("{partner} says that it could not decompress the message, but it was not compressed"))
            .advise(format!("Ask {} whether it expects compressed messages", context.source()));
    }
    let (order, value) = if compression == Compression::BeforeSigning {
        ("after signing", "after-signing")
    } else {
        ("before signing", "before-signing")
    };
    draft
        .say(format!("{partner} does not support compression, or expects it in the other order"))
        .advise("Switch compression off")
        .advise(format!("Or, where the partner insists on compression, compress {order} (`compression` {value})"))
        .found(format!("`compression` is {compression}"))
        .offer(Action::set("compression", "none"))
}

fn insufficient_security(facts: &AttemptFacts, context: &Context) -> Draft {
    let partner = &context.partner;
    let request = &facts.request;
    let mut draft = Draft::new("Partner wants more security", Blame::Ours)
        .say(format!("{partner} refuses the message because it is less protected than its rules demand"));
    let lacking = lacking(request);
    if lacking.is_empty() {
        draft = draft.advise(format!("Ask {} which encryption and signature it demands", context.source()));
    }
    for (setting, value, step) in &lacking {
        draft = draft.advise(*step).offer(Action::set(setting, value));
    }
    draft.advise("See what the connection's policy says of these settings").found(format!(
        "Encryption {}, signing {}",
        request.encryption.label(),
        request.signing.label()
    ))
}

/// What a partner of today may find wanting, and the least that mends it.
fn lacking(request: &RequestFacts) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut found = Vec::new();
    match request.signing {
        Signing::None => found.push(("signing", "sha256", "Switch signing on, with SHA-256")),
        Signing::Sha1 => found.push(("signing", "sha256", "Sign with SHA-256 instead of SHA-1")),
        Signing::Sha256 | Signing::Sha384 | Signing::Sha512 => {}
    }
    match request.encryption {
        Encryption::None => found.push(("encryption", "aes128-cbc", "Switch encryption on, with AES-128")),
        Encryption::TripleDesCbc => found.push(("encryption", "aes128-cbc", "Encrypt with AES-128 instead of 3DES")),
        Encryption::Aes128Cbc
        | Encryption::Aes192Cbc
        | Encryption::Aes256Cbc
        | Encryption::Aes128Gcm
        | Encryption::Aes192Gcm
        | Encryption::Aes256Gcm => {}
    }
    found
}

fn unexpected(context: &Context, receipt: &Receipt) -> Draft {
    let partner = &context.partner;
    let draft = Draft::new("Partner could not process the message", Blame::Partner)
        .say(format!("{partner} received the message, and then something went wrong that it does not name"))
        .say("Usually that is its own system behind AS2: a full disk, a size limit, or a document that it cannot read");
    let draft = if receipt.human_text.as_deref().is_some_and(|text| !text.trim().is_empty()) {
        draft.advise("Read the partner's words in the evidence")
    } else {
        draft
    };
    draft.advise(ask(context)).advise("Send again once it is mended there")
}

fn ask(context: &Context) -> String {
    format!(
        "Ask {} what went wrong, by the Message-ID in the evidence and the time {}",
        context.partner,
        instant(context.at)
    )
}

fn unknown_partner(facts: &AttemptFacts, context: &Context) -> Draft {
    let partner = &context.partner;
    Draft::new("Partner does not know our AS2 identifiers", Blame::Ours)
        .say(format!("{partner} has no trading relationship for this pair of AS2 identifiers"))
        .say("Usually a letter differs, or its case, or the identifiers of test were sent to production or the other way round")
        .advise(format!("Compare both identifiers letter by letter with those that {} gives", context.source()))
        .advise(format!("If they agree, ask {partner} to register them for this address"))
        .found_all(identifiers(facts, context))
        .offer(Action::look_at("our_as2_id"))
}

fn unsupported_format(context: &Context) -> Draft {
    let partner = &context.partner;
    Draft::new("Partner cannot sign such a receipt", Blame::Partner)
        .say(format!("{partner} cannot make the receipt that was asked for (pkcs7-signature, the only one AS2 knows), so it did not process the message"))
        .advise(format!("Ask {partner} to switch signed receipts on for us"))
        .advise("If it cannot, ask for unsigned receipts (`mdn` sync), which prove nothing and break most policies")
}

fn unsupported_mic(facts: &AttemptFacts, context: &Context) -> Draft {
    let request = &facts.request;
    let draft = Draft::new("Partner does not support our MIC algorithm", Blame::Ours)
        .say(format!(
            "{} cannot compute the digest that the receipt was asked to hold, so it did not process the message",
            context.partner
        ))
        .found_all(
            request
                .receipt_digest
                .map(|digest| format!("Asked for {}", literal(digest.micalg(request.quirks.micalg_style)))),
        );
    let draft = if request.receipt_digest.is_some_and(|digest| digest != Digest::Sha256) {
        draft.advise("Ask for SHA-256, which nearly every product knows").offer(Action::set("mdn_mic", "sha256"))
    } else {
        draft
    };
    let draft = if request.quirks.micalg_style == MicalgStyle::Rfc5751 {
        draft
            .advise("Spell the digest the old way, without hyphen (`quirks.micalg_style` rfc3851)")
            .offer(Action::set("quirks.micalg_style", "rfc3851"))
    } else {
        draft
    };
    draft.advise("Ask for SHA-1 only if nothing else helps and the policy allows it")
}

fn sender_equals_receiver(facts: &AttemptFacts, context: &Context) -> Draft {
    let request = &facts.request;
    let draft = Draft::new("Sender and receiver are the same", Blame::Ours);
    let draft = if request.our_as2_id == request.partner_as2_id {
        draft.say("Our AS2 identifier and the partner's are the same in this profile, and the partner takes no message from itself")
    } else {
        draft.say(format!("{} takes our AS2 identifier for its own", context.partner))
    };
    draft
        .advise(format!("Compare both identifiers with those that {} gives", context.source()))
        .found_all(identifiers(facts, context))
        .offer(Action::look_at("our_as2_id"))
}

fn invalid_message_id(facts: &AttemptFacts, context: &Context) -> Draft {
    let id = &facts.request.message_id;
    let ours = id.len() > 255 || id.chars().any(char::is_whitespace) || !(id.starts_with('<') && id.ends_with('>'));
    let draft = Draft::new("Partner does not accept the Message-ID", if ours { Blame::Ours } else { Blame::Partner });
    let draft = if ours {
        draft.say("The Message-ID holds a space, lacks its brackets, or is longer than the 255 characters that RFC 4130 recommends")
    } else {
        draft.say(format!("The Message-ID is well-formed, but the product of {} does not take it", context.partner))
    };
    draft
        .advise("Send the document anew, so that it gets a fresh Message-ID")
        .advise(ask(context))
        .found(format!("The Message-ID has {} characters", id.chars().count()))
}

fn illegal_filename(facts: &AttemptFacts, context: &Context) -> Draft {
    let draft = Draft::new("Partner does not accept the file name", Blame::Ours)
        .say(format!("{} cannot store the payload under the name it was sent with", context.partner))
        .advise("Rename the file to letters, digits, full stop, hyphen and underscore, then send it again")
        .advise("Or send no file name (`filename` none)")
        .offer(Action::set("filename", "none"));
    match facts.request.filename.as_deref() {
        Some(name) => {
            let odd: String = name
                .chars()
                .filter(|character| !(character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_')))
                .collect();
            let draft = draft.found(format!("The file name is {}", literal(name)));
            if odd.is_empty() {
                draft
            } else {
                draft.found(format!("Out of the ordinary in it: {}", quoted_characters(&odd)))
            }
        }
        None => draft.found("No file name was sent with it"),
    }
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

fn duplicate_filename(facts: &AttemptFacts, context: &Context) -> Draft {
    Draft::new("Partner has a file of that name already", Blame::Ours)
        .say(format!("{} refuses a second file of the same name", context.partner))
        .advise("See whether this document was sent before")
        .advise("If it was not, give the file another name and send it again")
        .found_all(facts.request.filename.as_deref().map(|name| format!("The file name is {}", literal(name))))
}

/// A refusal for a reason that no standard names.
fn other(context: &Context, receipt: &Receipt) -> Draft {
    let text = match &receipt.disposition.modifier {
        Modifier::Error(text) | Modifier::Failure(text) | Modifier::Warning(text) => text.as_str(),
        Modifier::None => "",
    };
    let reason = if text.trim().is_empty() { receipt.remarks.first().map_or("", String::as_str) } else { text };
    let draft = if reason.trim().is_empty() {
        Draft::new("Partner refused the message without a reason", Blame::Partner)
            .say(format!("{} says that it did not process the message, and gives no reason", context.partner))
    } else {
        Draft::new("Partner refused the message for a reason of its own", Blame::Partner)
            .say(format!("{} refused the message and says {}", context.partner, quoted(reason, 200)))
            .say("That is non-standard: no AS2 document defines it, so only the partner knows what it means")
    };
    draft.advise(ask(context))
}

/// The Message-ID is known there: this copy was put aside because the partner has had the message.
pub(super) fn already_there(context: &Context) -> Draft {
    let partner = &context.partner;
    Draft::new("Delivered, the partner had it already", Blame::Nobody)
        .say(format!("{partner} did not process this copy because it has had a message with the same Message-ID"))
        .say("That is what happens when an answer was lost and the message was sent again")
        .advise("Do not send it again; it counts as delivered")
        .advise(format!("Where this was the first attempt, ask {partner} which document it has under this Message-ID"))
}

/// A disposition that is neither yes nor no.
pub(super) fn undecided(facts: &AttemptFacts, context: &Context, receipt: &Receipt) -> Draft {
    let draft = Draft::new("The receipt says neither yes nor no", Blame::Partner).say(format!(
        "The disposition {} is non-standard: AS2 knows only processed and failed",
        literal(&receipt.disposition.to_string())
    ));
    may_have_arrived(draft, facts, context)
}
