//! Whether our own receiver answers at the address that partners are told: what came of asking there, in words.

use super::sentence::sentence;
use std::net::IpAddr;

use super::diagnosis::{AnswerFacts, ConnectFailure, TlsRefusal};
use super::identifier::{Address, without_secrets};
use super::spelling::spelled;

spelled! {
    /// Who answered.
    pub enum AnsweredBy {
        /// A program that receives for this very workspace.
        Ours = "ours",
        /// Something that greets as our receiver does, and is not known to be this workspace's.
        AnotherReceiver = "another-receiver",
        /// Another server.
        AnotherServer = "another-server",
        /// Nobody: there was no answer.
        Nobody = "nobody",
    }
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// An answer.
    Answered {
        /// Its status.
        status: u16,
        /// Whether it holds the word that only a program of this workspace can know.
        knows_the_word: bool,
        /// Whether it greets as our receiver does.
        greets_as_ours: bool,
        /// What the server calls itself.
        server: Option<String>,
        /// Where it leads on to.
        location: Option<String>,
    },
    /// None, and why.
    Not(AnswerFacts),
}

/// What else is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Around {
    /// Whether some program receives for this workspace at the moment.
    pub receiving: bool,
    /// The machine that was reached; nothing through a proxy.
    pub reached: Option<IpAddr>,
    /// Whether it was asked through a proxy.
    pub by_proxy: bool,
}

/// What is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reachability {
    /// Who answered.
    pub answered_by: AnsweredBy,
    /// What happened, in one sentence.
    pub what: String,
    /// Why that is said, and what usually causes it.
    pub why: String,
    /// What to do, the most promising first.
    pub remedy: Vec<String>,
    /// What it does not prove.
    pub limits: Vec<String>,
}

impl Reachability {
    /// Puts what came of asking into words.
    #[must_use]
    pub fn of(url: &Address, asked: &Asked, around: Around) -> Self {
        let (answered_by, what, why, mut remedy) = match asked {
            Asked::Answered { knows_the_word: true, .. } => (
                AnsweredBy::Ours,
                "Our own receiver answered".to_owned(),
                "It answered with a word that only a program on this workspace can know".to_owned(),
                Vec::new(),
            ),
            Asked::Answered { status: 200, greets_as_ours: true, .. } => another_receiver(),
            Asked::Answered { status, server, location, .. } => {
                another_server(*status, server.as_deref(), location.as_deref())
            }
            Asked::Not(facts) => not_reached(url, facts),
        };
        if answered_by != AnsweredBy::Ours && !around.receiving {
            let start = "Start receiving first: nothing receives for this workspace at the moment, neither a window nor \
                         `countersign serve`";
            remedy.insert(0, start.to_owned());
        }
        Self { answered_by, what, why, remedy, limits: limits(url, answered_by, around) }
    }
}

type Words = (AnsweredBy, String, String, Vec<String>);

fn another_receiver() -> Words {
    (
        AnsweredBy::AnotherReceiver,
        "A receiver like ours answered, and it is not known to be ours".to_owned(),
        "It greets as Countersign does and does not know the word that was asked for: it receives for another workspace, or \
         something on the way keeps answers in a cache or takes headers away"
            .to_owned(),
        vec![
            "See to which machine and port the address leads, and for which workspace the program there receives".to_owned(),
            "A reverse proxy before it has to let the header Countersign-Check through and must not answer from a cache"
                .to_owned(),
        ],
    )
}

fn another_server(status: u16, server: Option<&str>, location: Option<&str>) -> Words {
    let named = server.map_or_else(String::new, |server| format!(" from {}", cut(server, 60)));
    let (what, why, remedy): (&str, String, &[&str]) = match status {
        300..=399 => {
            let whither = location.map_or_else(String::new, |to| format!(" to {}", cut(&without_secrets(to), 200)));
            (
                "The address leads on to another",
                format!(
                    "HTTP {status}{named}{whither}. That was not followed: a partner's software does not follow it with a message either"
                ),
                &[
                    "Make the address that it leads to the public URL, where that one is right",
                    "Else take the redirect away for this path",
                ],
            )
        }
        401 | 403 | 407 => (
            "A server there does not let everybody in",
            format!("HTTP {status}{named}"),
            &[
                "Let requests to this path through without a login, and by whomever they come: partners' software has no other",
            ],
        ),
        405 | 501 => (
            "What answered does not take GET, so it cannot be told whether it is ours",
            format!("HTTP {status}{named}: our receiver takes GET and POST"),
            &[
                "Let GET through to the receiver too, or have a partner send a test message",
                "See whether the path in the address is the one that is passed on to the receiver",
            ],
        ),
        502..=504 => (
            "A reverse proxy answered, and the receiver behind it did not",
            format!("HTTP {status}{named}"),
            &[
                "See to which address and port the reverse proxy passes requests on, and whether the receiver listens there",
            ],
        ),
        _ => (
            "Another server answered",
            format!("HTTP {status}{named}: nothing of the answer is our receiver's"),
            &[
                "Compare host, port and path of the address with what your router or reverse proxy passes on to this machine",
            ],
        ),
    };
    (AnsweredBy::AnotherServer, what.to_owned(), why, remedy.iter().map(|step| (*step).to_owned()).collect())
}

fn not_reached(url: &Address, facts: &AnswerFacts) -> Words {
    let (host, port) = (url.host(), url.port());
    let nobody = |what: &str, why: String, remedy: &[&str]| {
        (AnsweredBy::Nobody, what.to_owned(), why, remedy.iter().map(|step| (*step).to_owned()).collect())
    };
    match facts {
        AnswerFacts::NotConnected { kind, detail } => match kind {
            ConnectFailure::Resolve => nobody(
                "The host name is not known",
                format!("No address was found for {host} from here. Usually the name is misspelt or has no entry yet"),
                &["Compare the name with the entry at whoever runs your DNS; a new one takes a while to be known"],
            ),
            ConnectFailure::ResolveLater => nobody(
                "Host names cannot be looked up for now",
                format!(
                    "The name server gave no answer about {host}. Usually the network or VPN of this machine is down"
                ),
                &["Test again once this machine finds other host names"],
            ),
            ConnectFailure::Refused => nobody(
                "The connection was refused",
                format!("A machine is there for {host}, and nothing listens at port {port}"),
                &[
                    "See whether the receiver, or the reverse proxy before it, listens at that port",
                    "A receiver on 127.0.0.1 is reached from this machine alone; 0.0.0.0 takes connections from others",
                    "See whether the router passes the port on to this machine",
                ],
            ),
            ConnectFailure::Unreachable => nobody(
                "There is no way to that address from here",
                detail.clone(),
                &["See whether this machine reaches anything else, and whether a VPN is needed"],
            ),
            ConnectFailure::ConnectTimeout => nobody(
                "Nothing reacted",
                format!(
                    "Connecting to {host}, port {port}, got no reaction at all. Usually a firewall drops the connection"
                ),
                &[
                    "Have whoever runs the firewall let connections from outside in at that port",
                    "Many routers do not lead a machine back to its own public address: then test from elsewhere",
                ],
            ),
            ConnectFailure::Proxy | ConnectFailure::ProxyPassword => nobody(
                "The proxy did not make the connection",
                detail.clone(),
                &["See Settings > Proxy, or test from a machine that needs no proxy"],
            ),
        },
        AnswerFacts::TlsRefused { reason, detail, .. } => {
            nobody("The server was reached, and TLS was not agreed on", sentence(detail), tls_steps(*reason))
        }
        AnswerFacts::NotHttp { detail, .. } => nobody(
            "What answered is no web server",
            detail.clone(),
            &[
                "A port that speaks TLS needs an address that begins with https://, one that does not http://",
                "See whether the port belongs to another service",
            ],
        ),
        AnswerFacts::Timeout { seconds, .. } => nobody(
            "Connected, and no answer came in time",
            format!("For {seconds} seconds nothing came"),
            &["See whether what listens there passes requests on to a receiver that runs"],
        ),
        AnswerFacts::OwnFault { detail } => {
            nobody("It could not be asked", detail.clone(), &["Mend what it says, and test again"])
        }
        AnswerFacts::Broken { detail, .. } => nobody(
            "The connection was closed before an answer was whole",
            detail.clone(),
            &["A server that speaks TLS hangs up on http://: see whether the address should begin with https://"],
        ),
        AnswerFacts::Cancelled { .. } | AnswerFacts::Http(_) => {
            nobody("No answer was taken", String::new(), &["Test again"])
        }
    }
}

/// What to do where TLS was not agreed on. What is refused here is refused by most partners too.
const fn tls_steps(reason: TlsRefusal) -> &'static [&'static str] {
    match reason {
        TlsRefusal::NotTls => {
            &["The port speaks no TLS: the address has to begin with http://, or TLS has to be set up at that port"]
        }
        TlsRefusal::SelfSigned => &[
            "Partners who do not pin this certificate will refuse it as well: give it to them, or get one from an authority \
             that everybody trusts",
        ],
        TlsRefusal::UnknownIssuer => &[
            "Let the server show the intermediate certificates too, in the file that `--tls-cert` or the reverse proxy names",
            "Partners who do not trust the issuer will refuse it as well",
        ],
        TlsRefusal::Expired | TlsRefusal::NotYetValid | TlsRefusal::Revoked | TlsRefusal::Certificate => {
            &["Renew the certificate of the server; partners refuse it too"]
        }
        TlsRefusal::WrongHost => {
            &["Get a certificate for the host name in the address, or make the name that it is for the public URL"]
        }
        TlsRefusal::ClientCertificate | TlsRefusal::ClientCertificateRefused => &[
            "The server wants a certificate of whoever connects: partners need one, or it must not be asked for at this path",
        ],
        _ => &["See what is written in the log of the server that speaks TLS there"],
    }
}

fn limits(url: &Address, answered_by: AnsweredBy, around: Around) -> Vec<String> {
    let mut limits = Vec::new();
    let here = around.reached.filter(|_| !around.by_proxy).filter(|address| is_internal(*address));
    if let Some(address) = here {
        limits.push(format!(
            "From here {} is {address}, an address that only this machine or network has: partners have to be led elsewhere",
            url.host()
        ));
    }
    limits.push(match answered_by {
        AnsweredBy::Ours => {
            "It was asked from this machine, which does not prove that a partner outside reaches it: firewalls, \
                             name servers and routers may treat them differently. A message from a partner proves it"
                .to_owned()
        }
        _ => "It was asked from this machine: a partner outside may fare better or worse".to_owned(),
    });
    if around.by_proxy {
        limits.push("It was asked through a proxy, so what the proxy reaches is what was tested".to_owned());
    }
    limits
}

/// Whether an address is known within a network or a machine alone.
fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        // fc00::/7 and fe80::/10.
        IpAddr::V6(address) => {
            let first = address.segments()[0];
            address.is_loopback() || first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80
        }
    }
}

/// The beginning of what a stranger's server says, on one line.
fn cut(text: &str, most: usize) -> String {
    text.chars().map(|each| if each.is_control() { ' ' } else { each }).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> Address {
        "https://as2.acme.example/as2".parse().unwrap()
    }

    const AROUND: Around = Around { receiving: true, reached: None, by_proxy: false };

    fn answered(status: u16, knows: bool, greets: bool) -> Asked {
        let (server, location) = (Some("nginx".to_owned()), Some("https://other.example/in?token=s3cret".to_owned()));
        Asked::Answered { status, knows_the_word: knows, greets_as_ours: greets, server, location }
    }

    #[test]
    fn only_the_word_makes_it_ours_and_even_then_nothing_is_proven_for_partners() {
        let ours = Reachability::of(&url(), &answered(200, true, true), AROUND);
        assert_eq!((ours.answered_by, ours.remedy.len()), (AnsweredBy::Ours, 0));
        assert!(ours.limits.iter().any(|limit| limit.contains("does not prove")), "{ours:?}");
        let like = Reachability::of(&url(), &answered(200, false, true), AROUND);
        assert_eq!(like.answered_by, AnsweredBy::AnotherReceiver);
        for (status, said) in
            [(404, "Another server"), (302, "leads on"), (403, "everybody"), (405, "GET"), (502, "reverse")]
        {
            let other = Reachability::of(&url(), &answered(status, false, false), AROUND);
            assert!(other.answered_by == AnsweredBy::AnotherServer && other.what.contains(said), "{other:?}");
            assert!(
                other.why.contains("nginx") && !other.why.contains("s3cret") && !other.remedy.is_empty(),
                "{other:?}"
            );
        }
    }

    #[test]
    fn every_failure_is_told_with_what_to_do() {
        let detail = || "os error".to_owned();
        let failures = ConnectFailure::ALL
            .iter()
            .map(|kind| AnswerFacts::NotConnected { kind: *kind, detail: detail() })
            .chain(TlsRefusal::ALL.iter().map(|reason| AnswerFacts::TlsRefused {
                reason: *reason,
                detail: detail(),
                chain: Vec::new(),
            }))
            .chain([
                AnswerFacts::NotHttp { all_bytes_sent: true, detail: detail() },
                AnswerFacts::Timeout { all_bytes_sent: true, seconds: 15 },
                AnswerFacts::Broken { all_bytes_sent: true, detail: detail() },
                AnswerFacts::OwnFault { detail: detail() },
            ]);
        for failure in failures {
            let told = Reachability::of(&url(), &Asked::Not(failure.clone()), Around { receiving: false, ..AROUND });
            assert_eq!(told.answered_by, AnsweredBy::Nobody);
            assert!(told.remedy.len() > 1 && told.remedy[0].starts_with("Start receiving"), "{failure:?}: {told:?}");
            assert!(!told.what.is_empty() && !told.why.is_empty() && !told.what.contains("partner"), "{told:?}");
        }
    }

    #[test]
    fn an_address_of_this_network_is_named_as_one() {
        for (address, internal) in [
            ("10.0.0.5", true),
            ("127.0.0.1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("203.0.113.9", false),
            ("2001:db8::1", false),
        ] {
            let around = Around { reached: address.parse().ok(), ..AROUND };
            let told = Reachability::of(&url(), &answered(200, true, true), around);
            assert_eq!(told.limits.iter().any(|limit| limit.contains(address)), internal, "{address}: {told:?}");
        }
    }
}
