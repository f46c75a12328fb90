//! Which addresses somebody else may have us post to.
//!
//! Whoever names an address to us must not get at what only we get at: this very machine, the network behind our firewall,
//! the services that a cloud offers its machines alone.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

use crate::domain::identifier::Address;

/// So long a name may take to be looked up, before whoever waits for an answer gets it. A name server that takes longer is
/// asked once more when it is posted.
const LOOKED_UP_WITHIN: Duration = Duration::from_secs(3);

/// Where a request may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Wherever its address leads: we ourselves have set it.
    #[default]
    Anywhere,
    /// To addresses of the public network alone, whatever its name leads to.
    Public,
}

/// An address leads into our own network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inside {
    to: IpAddr,
}

impl fmt::Display for Inside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "it leads to {}, inside of our own network, where only we ourselves may name an address",
            self.to
        )
    }
}

impl Error for Inside {}

/// Whether an address is of the public network: neither this machine's nor a private one's (RFC 1918, 4193, 6598), nor one
/// that stands for such a one in another form (RFC 4291 section 2.5.5.2, RFC 6052, RFC 3056), nor for everybody.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => {
            let [first, second, third, .., seventh, eighth] = address.segments();
            let embedded = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
            match (first, second) {
                // NAT64, and IPv4-compatible addresses, which nobody uses any more.
                (0x64, 0xff9b) => third == 0 && is_public_v4(embedded(seventh, eighth)),
                // Unspecified, loopback, IPv4-compatible.
                (0, 0) => false,
                // 6to4.
                (0x2002, high) => is_public_v4(embedded(high, third)),
                // Teredo: whom it reaches is hidden in it.
                (0x2001, 0) => false,
                // Unique local, link-local, site-local of old, multicast.
                _ => first & 0xfe00 != 0xfc00 && first & 0xff80 != 0xfe80 && first & 0xff00 != 0xff00,
            }
        }
    }
}

const fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    // This network, shared with a provider, protocol assignments, benchmarks, multicast and what is reserved.
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || first == 0
        || (first == 100 && second & 0xc0 == 64)
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && second & 0xfe == 18)
        || first >= 224)
}

/// The addresses that are public, or that there is none.
fn public(all: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Inside> {
    let inside = all.iter().map(SocketAddr::ip).find(|address| !is_public(*address));
    let public: Vec<SocketAddr> = all.into_iter().filter(|address| is_public(address.ip())).collect();
    match inside {
        Some(to) if public.is_empty() => Err(Inside { to }),
        _ => Ok(public),
    }
}

/// Looks names up for the client, and lets it see what is public: so that what was looked at is what is connected to,
/// whatever a name leads to the next time.
pub(super) struct PublicNames;

impl PublicNames {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self)
    }
}

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(public_of(name.as_str().to_owned()))
    }
}

async fn public_of(name: String) -> Result<Addrs, Box<dyn Error + Send + Sync>> {
    let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
    Ok(Box::new(public(found)?.into_iter()))
}

/// Whether the host of an address may be gone to: one that is written as a number is looked at as that, one that is a name
/// by what it leads to, where that can be found out.
pub(super) async fn look(host: Option<Host<&str>>) -> Result<(), Inside> {
    let number = match host {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        Some(Host::Domain(name)) => {
            let found = tokio::time::timeout(LOOKED_UP_WITHIN, tokio::net::lookup_host((name, 0))).await;
            return match found {
                Ok(Ok(found)) => public(found.collect()).map(|_| ()),
                _ => Ok(()),
            };
        }
        None => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    if is_public(number) { Ok(()) } else { Err(Inside { to: number }) }
}

/// Whether an address that somebody else has named is one of the public network, as far as can be seen now.
///
/// # Errors
/// If it leads into our own network: in words.
pub async fn is_public_address(address: &Address) -> Result<(), String> {
    let url = url::Url::parse(address.as_str()).map_err(|error| error.to_string())?;
    look(url.host()).await.map_err(|inside| inside.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_is_told_in_every_form() {
        for inside in [
            "127.0.0.1",
            "127.255.255.254",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.1",
            "192.0.0.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:0:1::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "172.15.0.1",
            "100.128.0.1",
            "192.169.0.1",
            "198.17.0.1",
            "2606:4700::1111",
            "2001:db8::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn of_several_addresses_the_public_ones_are_seen() {
        let (inside, outside) = ("10.0.0.1:0".parse().unwrap(), "1.1.1.1:0".parse().unwrap());
        assert_eq!(public(vec![inside, outside]), Ok(vec![outside]));
        assert_eq!(public(vec![inside]), Err(Inside { to: "10.0.0.1".parse().unwrap() }));
    }

    #[tokio::test]
    async fn numbers_are_seen_however_they_are_written_and_names_by_what_they_lead_to() {
        for inside in
            ["http://127.0.0.1:9/", "http://0x7f.1/", "http://2130706433/", "http://[::1]/", "https://localhost/"]
        {
            let told = is_public_address(&inside.parse().unwrap()).await;
            assert!(told.is_err_and(|why| why.contains("inside of our own network")), "{inside}");
        }
        assert_eq!(is_public_address(&"http://1.1.1.1/".parse().unwrap()).await, Ok(()));
        // What cannot be looked up now is looked at when it is posted to.
        assert_eq!(is_public_address(&"http://no-such-host.invalid/".parse().unwrap()).await, Ok(()));
    }
}
