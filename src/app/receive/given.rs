//! The receipt that a message which came asked for, and what became of it, as far as the journal tells.

use serde::Serialize;

use super::wish::ReceiptWish;
use crate::as2::headers::{MediaType, get};
use crate::domain::transmission::{Direction, StageName, StageStatus, Transmission};

/// What was asked for, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceiptGiven {
    /// What receipt was asked for, and where it was to go.
    pub asked: String,
    /// What became of it.
    pub became: String,
    /// Whether that is as it should be; nothing where it is not decided yet, or none was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good: Option<bool>,
}

/// Of a message that came; nothing of what we sent, and of receipts.
#[must_use]
pub fn receipt_given(transmission: &Transmission) -> Option<ReceiptGiven> {
    if transmission.direction != Direction::Inbound || transmission.request_headers.is_empty() {
        return None;
    }
    let wish = ReceiptWish::of(&transmission.request_headers);
    if !wish.asked {
        return Some(ReceiptGiven { asked: "None".to_owned(), became: "None was sent".to_owned(), good: None });
    }
    let mut asked = if wish.signed { "Signed".to_owned() } else { "Unsigned".to_owned() };
    if let Some(digest) = wish.digest().filter(|_| wish.signed) {
        asked.push_str(&format!(" with {}", digest.label()));
    }
    asked.push_str(&match get(&transmission.request_headers, "Receipt-Delivery-Option") {
        Some(whither) => format!(", posted to {}", whither.trim()),
        None => ", in the answer".to_owned(),
    });
    let (became, good) = what_became(transmission);
    Some(ReceiptGiven { asked, became, good })
}

fn what_became(transmission: &Transmission) -> (String, Option<bool>) {
    let posted = transmission.stages.iter().rev().find(|stage| stage.stage == StageName::Receipt);
    if let Some(stage) = posted {
        return (stage.detail.clone(), Some(stage.status == StageStatus::Good));
    }
    let kind = MediaType::parse(get(&transmission.response_headers, "Content-Type").unwrap_or_default()).essence;
    match (kind.as_str(), transmission.http_status) {
        ("multipart/signed", _) => ("Sent in the answer, signed".to_owned(), Some(true)),
        ("multipart/report", _) => ("Sent in the answer, unsigned".to_owned(), Some(true)),
        (_, None) => ("Not sent: the message was not answered".to_owned(), Some(false)),
        _ if !transmission.receipt_headers.is_empty() => ("Posted once the answer has gone".to_owned(), None),
        // A repetition has the receipt of the first posted once more, which is journalled there.
        (_, Some(204)) => ("Posted again as that of the first message".to_owned(), None),
        _ => ("None was sent".to_owned(), Some(false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::transmission::Stage;

    #[test]
    fn what_was_asked_and_what_became_of_it_is_told_of_what_came() {
        let now = "2026-11-24T08:30:00Z".parse().unwrap();
        let id = "019ab3f0-0000-7000-8000-000000000001".parse().unwrap();
        let mut came = Transmission::new(id, "<1@partner>".to_owned(), now, Direction::Inbound);
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let told = |came: &Transmission| {
            let given = receipt_given(came).unwrap();
            (given.asked, given.became, given.good)
        };
        let words = |asked: &str, became: &str, good| (asked.to_owned(), became.to_owned(), good);
        came.request_headers = vec![header("AS2-From", "P")];
        assert_eq!(told(&came), words("None", "None was sent", None));
        came.request_headers.push(header("Disposition-Notification-To", "x"));
        came.request_headers.push(header(
            "Disposition-Notification-Options",
            "signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha256",
        ));
        let asked = "Signed with SHA-256, in the answer";
        assert_eq!(told(&came), words(asked, "Not sent: the message was not answered", Some(false)));
        came.http_status = Some(200);
        came.response_headers = vec![header("content-type", "multipart/signed; boundary=x")];
        assert_eq!(told(&came), words(asked, "Sent in the answer, signed", Some(true)));
        came.request_headers.push(header("Receipt-Delivery-Option", "http://a.example/mdn"));
        (came.http_status, came.response_headers) = (Some(204), Vec::new());
        came.receipt_headers = vec![header("AS2-To", "P")];
        let asked = "Signed with SHA-256, posted to http://a.example/mdn";
        assert_eq!(told(&came), words(asked, "Posted once the answer has gone", None));
        let detail = "Receipt posted to http://a.example/mdn: HTTP 200".to_owned();
        let (stage, status) = (StageName::Receipt, StageStatus::Good);
        came.stages.push(Stage { stage, status, started: now, ms: 3, detail: detail.clone() });
        assert_eq!(told(&came), words(asked, &detail, Some(true)));
        came.direction = Direction::Outbound;
        assert_eq!(receipt_given(&came), None);
    }
}
