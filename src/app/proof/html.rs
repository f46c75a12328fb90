//! The proof as a page: it needs nothing beside it and runs nothing.

use super::{Proof, ProofCheck};
use crate::app::report::Text;
use crate::domain::instant::in_words as instant;

const STYLE: &str = include_str!("../report/style.css");

/// Lines that are kept as they are.
fn lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", Text(line.trim_end_matches('\r')))).collect()
}

/// The whole page.
pub(super) fn page(proof: &Proof) -> String {
    let (title, tone, word) = if proof.proven {
        ("Proof of delivery", "ok", "Every check holds")
    } else if proof.checks.iter().any(|check| check.holds == Some(false)) {
        ("Delivery is not proven", "bad", "Not every check holds")
    } else {
        // What cannot be checked any more may well be so.
        ("Delivery cannot be proven here", "warn", "Not everything can be checked")
    };
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}, {}</title>\n<style>\n{STYLE}pre {{ padding: 10px 12px; border: 1px solid var(--line); \
         border-radius: 6px; font: 11px/1.4 ui-monospace, Consolas, monospace; white-space: pre-wrap; \
         overflow-wrap: anywhere; }}\nth {{ width: 30%; }}\n@page {{ size: A4; }}\n</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"as-of\">{} to {} <span class=\"badge {tone}\">{word}</span></p>\n</header>\n",
        Text(&proof.message_id),
        Text(proof.facts.iter().find(|(name, _)| name == "Document").map_or("A document", |(_, value)| value)),
        Text(&proof.partner),
    );
    page.push_str("<section>\n<h2>What was sent</h2>\n<table>\n<tbody>\n");
    for (name, value) in &proof.facts {
        page.push_str(&format!("<tr><th>{}</th><td><code>{}</code></td></tr>\n", Text(name), Text(value)));
    }
    page.push_str("</tbody>\n</table>\n</section>\n<section>\n");
    page.push_str(&format!("<h2>Checked anew on {}</h2>\n<table>\n<tbody>\n", instant(proof.made)));
    proof.checks.iter().for_each(|check| page.push_str(&row(check)));
    page.push_str("</tbody>\n</table>\n</section>\n");
    if let Some(signer) = &proof.signer {
        page.push_str("<section>\n<h2>Who signed the receipt</h2>\n<table>\n<tbody>\n");
        for (name, value) in [
            ("Subject", signer.subject.clone()),
            ("Issuer", signer.issuer.clone()),
            ("Serial number", signer.serial.clone()),
            ("Valid", format!("{} to {}", instant(signer.not_before), instant(signer.not_after))),
            ("SHA-256 fingerprint", signer.fingerprint_sha256.to_string()),
        ] {
            page.push_str(&format!("<tr><th>{name}</th><td><code>{}</code></td></tr>\n", Text(&value)));
        }
        page.push_str(&format!("</tbody>\n</table>\n<pre>{}</pre>\n</section>\n", lines(&signer.pem)));
    }
    if let Some(receipt) = &proof.receipt {
        page.push_str(&format!(
            "<section>\n<h2>The receipt (MDN), shown as text</h2>\n<p>Its signature covers bytes, which text cannot always \
             show. {}</p>\n<pre>{}</pre>\n</section>\n",
            proof.receipt_base64.as_deref().map(saved).unwrap_or_default(),
            lines(receipt)
        ));
    }
    page.push_str(&format!(
        "<footer>Made by {} on {}. Whether the signer's certificate had been revoked was not checked.</footer>\n</body>\n</html>\n",
        concat!("Countersign ", env!("CARGO_PKG_VERSION")),
        instant(proof.made)
    ));
    page
}

/// Where every byte is to be had. Nothing of base64 means anything to a page.
fn saved(base64: &str) -> String {
    format!(
        "<a download=\"receipt.http\" href=\"data:application/octet-stream;base64,{base64}\">Save the receipt with its head \
         exactly as it was kept</a>"
    )
}

fn row(check: &ProofCheck) -> String {
    let (tone, word) = match check.holds {
        Some(true) => ("ok", "✓ Holds"),
        Some(false) => ("bad", "✕ Does not hold"),
        None => ("info", "? Cannot be checked"),
    };
    format!(
        "<tr><th>{}</th><td><span class=\"badge {tone}\">{word}</span> <code>{}</code></td></tr>\n",
        Text(check.what),
        Text(&check.detail)
    )
}
