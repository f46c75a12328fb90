//! A message of which only a part came: what came of how much, from where, and what follows from it.

use std::net::SocketAddr;

use super::{Addressed, Receiver, belongs_to, diagnosis};
use crate::as2::headers::get;
use crate::domain::diagnosis::{Blame, Diagnosis};
use crate::domain::size::size;
use crate::domain::transmission::Transmission;
use crate::transport::BodyError;

/// The cause of a message whose sender has gone, or fell silent.
pub(super) const BROKEN_OFF: &str = "Broken off while it was received";

impl Receiver {
    /// What is to be said of it. Whose it was is not proved; its identifiers say where it is looked for.
    pub(super) async fn broken_off(
        &self,
        transmission: &mut Transmission,
        addressed: &Addressed,
        peer: SocketAddr,
        why: &BodyError,
    ) -> Diagnosis {
        // How it ended is journalled, whether its profile can be looked for or not.
        if let Ok(candidates) = self.candidates(addressed, transmission.at).await
            && let Some(candidate) = candidates.first()
        {
            belongs_to(transmission, candidate);
        }
        explained(transmission, peer, why)
    }
}

fn explained(transmission: &Transmission, peer: SocketAddr, why: &BodyError) -> Diagnosis {
    let came = transmission.bytes.sent;
    let announced = get(&transmission.request_headers, "Content-Length")
        .and_then(|length| length.trim().parse::<u64>().ok())
        .filter(|announced| *announced > came);
    let of = announced.map_or_else(String::new, |announced| format!(" of {}", size(announced)));
    let came_from = format!("{}{of} came from {}", size(came), peer.ip());
    let (cause, what, blame) = match why {
        BodyError::TooLarge(most) => {
            ("Larger than is taken", format!("more than {} is not taken", size(*most)), Blame::Ours)
        }
        BodyError::Malformed(_) => ("The message's chunks are broken", why.to_string(), Blame::Partner),
        BodyError::TooSlow => (BROKEN_OFF, "nothing more came in time".to_owned(), Blame::Network),
        _ => (BROKEN_OFF, "the sender closed the connection".to_owned(), Blame::Network),
    };
    let explanation = format!(
        "{came_from}, then {what}. Nothing was delivered and no receipt was sent, so the partner sends it again"
    );
    let mut found = diagnosis(cause, &explanation, blame);
    let whole = announced.map_or_else(
        || "its length was not announced".to_owned(),
        |announced| format!("{announced} bytes were announced"),
    );
    found.evidence = vec![
        format!("{came} bytes of the message came, {whole}; they are kept as its raw request"),
        format!("It came from {peer}, which is the proxy's address where there is one before this program"),
        format!("It broke off because {why}"),
    ];
    found.remedy = match (why, blame) {
        (BodyError::TooLarge(_), _) => vec![
            "If the partner is known, compare the AS2 identifiers of the message with those of the profile: from a sender \
             who is not known less is taken"
                .to_owned(),
        ],
        (_, Blame::Partner) => vec!["Ask the partner to look at how their software or proxy sends in chunks".to_owned()],
        _ => vec![
            "Wait until it comes again: without a receipt the partner's software repeats it, or the partner does".to_owned(),
            "If it breaks off again at about the same length or after the same time, look for a proxy, load balancer or \
             firewall on either side that limits either"
                .to_owned(),
        ],
    };
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::transmission::Direction;

    fn told(came: u64, announced: Option<&str>, why: &BodyError) -> Diagnosis {
        let at = "2026-11-24T08:30:00Z".parse().unwrap();
        let id = "019ab3f0-0000-7000-8000-000000000001".parse().unwrap();
        let mut received = Transmission::new(id, "<1@p>".to_owned(), at, Direction::Inbound);
        received.bytes.sent = came;
        received.request_headers =
            announced.map(|length| ("content-length".to_owned(), length.to_owned())).into_iter().collect();
        explained(&received, "192.0.2.7:40000".parse().unwrap(), why)
    }

    #[test]
    fn it_is_said_how_much_came_of_what_from_where_and_what_to_do() {
        let closed = told(500, Some("2000"), &BodyError::Closed);
        assert_eq!((closed.cause.as_str(), closed.blame), (BROKEN_OFF, Blame::Network));
        assert!(closed.explanation.starts_with("500 bytes of 2"), "{closed:?}");
        assert!(
            closed.explanation.contains("came from 192.0.2.7, then the sender closed the connection"),
            "{closed:?}"
        );
        assert!(closed.evidence[0].contains("500 bytes of the message came, 2000 bytes were announced"), "{closed:?}");
        assert!(closed.remedy[0].starts_with("Wait until it comes again"), "{closed:?}");
        let slow = told(0, None, &BodyError::TooSlow);
        assert!(slow.explanation.contains("nothing more came in time"), "{slow:?}");
        let large = told(20_000_001, Some("30000000"), &BodyError::TooLarge(20_000_000));
        assert_eq!((large.cause.as_str(), large.blame), ("Larger than is taken", Blame::Ours));
    }
}
