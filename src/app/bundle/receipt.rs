//! The receipt in a bundle: as it was kept, so that its signature can be verified, and in plain words.

use std::fs::File;
use std::io::Read as _;

use super::{Bundle, Subject};
use crate::app::engine::ReceiptText;
use crate::app::kept::cannot_read;
use crate::app::send::blocking;
use crate::app::{App, AppError, RawPart};
use crate::as2::MAX_RECEIPT;
use crate::domain::retention::{kind_of_receipt, removed as in_words};

impl App {
    pub(super) async fn add_receipt(&self, subject: &Subject, bundle: &mut Bundle) -> Result<(), AppError> {
        let Some(text) = self.transmission_detail(subject.transmission.id).await?.receipt else {
            // What an answer holds that is no receipt may be anything, the message itself included.
            let removed = self.keeping(&subject.id).await?.removed(kind_of_receipt(&subject.transmission));
            let why = removed.map_or_else(|| "none is kept that can be read".to_owned(), in_words);
            bundle.left_out.push(format!("the receipt (MDN): {why}"));
            return Ok(());
        };
        bundle.add("receipt.txt", "The receipt (MDN) in plain words", subject.hidden.text(&words(&text)));
        let kept = self.kept(&subject.id, RawPart::Receipt).await?;
        let by_itself = !subject.transmission.receipt_headers.is_empty();
        let (head, body) = blocking(move || {
            let mut body = Vec::new();
            if let Some(path) = &kept.body {
                let file = File::open(path).map_err(cannot_read(path))?;
                file.take(MAX_RECEIPT).read_to_end(&mut body).map_err(cannot_read(path))?;
            }
            Ok((kept.head_text()?, body))
        })
        .await?;
        if by_itself && !head.is_empty() {
            let what = "The head with which the receipt came";
            bundle.add("receipt-head.txt", what, subject.hidden.head(&head));
        }
        // It is signed, so nothing in it can be hidden: it is there whole or not at all.
        if subject.hidden.is_in(&body) {
            bundle.left_out.push("the receipt as it was kept: it repeats a secret".to_owned());
        } else if returns_the_message(&body) {
            bundle.left_out.push("the receipt as it was kept: it returns the message itself".to_owned());
        } else {
            bundle.add("receipt.mdn", "The receipt (MDN) as it was kept, every byte", body);
        }
        Ok(())
    }
}

/// Whether a third part returns the whole message, not its headers alone (RFC 3462 section 1).
fn returns_the_message(receipt: &[u8]) -> bool {
    let text = String::from_utf8_lossy(receipt).to_ascii_lowercase();
    text.lines().any(|line| {
        let value = line.strip_prefix("content-type:").map(str::trim_start);
        value.is_some_and(|value| value.starts_with("message/rfc822"))
    })
}

fn words(receipt: &ReceiptText) -> String {
    let mut text = String::new();
    if let Some(human) = &receipt.human {
        text.push_str(&format!("{}\n\n", human.trim()));
    }
    for (name, value) in &receipt.fields {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push_str(&format!("\n{}\n", receipt.signed.as_deref().unwrap_or("Not signed")));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_that_returns_the_message_is_told_from_one_that_returns_headers() {
        assert!(returns_the_message(b"--b\r\nContent-Type:  message/RFC822\r\n\r\nISA*"));
        assert!(!returns_the_message(b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nAS2-From: a"));
        assert!(!returns_the_message(b"it speaks of message/rfc822"));
    }
}
