//! Which addresses may be called: what lies inside of a network, or what lies outside.
//!
//! A name is resolved once, by us; the addresses that are out of reach are dropped, and the
//! connection is made to one of those that are left. So a name that answers otherwise the second
//! time gains nothing. An address in place of a name is looked at too.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What may be reached. As a resolver it resolves names to such addresses alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The public Internet, and nothing inside (SSRF).
    Public,
    /// This machine and private networks: loopback, RFC 1918, RFC 4193, link-local.
    Private,
    /// Anything.
    Anywhere,
}

impl Reach {
    /// Whether `address` may be called.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Public => is_public(address),
            Self::Private => is_private(address),
            Self::Anywhere => true,
        }
    }

    /// Whether `url` has a host, and one that is not an address out of reach written out.
    #[must_use]
    pub fn allows_host(self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        address.map_or(true, |address| self.allows(address))
    }

    fn nowhere(self) -> &'static str {
        match self {
            Self::Public => "the name leads to no public address",
            Self::Private => "the name leads to no address of a private network",
            Self::Anywhere => "the name leads to no address",
        }
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = *self;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let within: Vec<SocketAddr> = found.filter(|it| reach.allows(it.ip())).collect();
            if within.is_empty() {
                let error = io::Error::new(io::ErrorKind::PermissionDenied, reach.nowhere());
                return Err(error.into());
            }
            Ok(Box::new(within.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of this machine or of a private network.
fn is_private(address: IpAddr) -> bool {
    let v4 = |v4: Ipv4Addr| v4.is_loopback() || v4.is_private() || v4.is_link_local();
    match address {
        IpAddr::V4(address) => v4(address),
        // Only what the system itself reads as IPv4: a tunnel leads through other networks.
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(
            || {
                address.is_loopback()
                    || address.is_unique_local()
                    || address.is_unicast_link_local()
            },
            v4,
        ),
    }
}

/// Whether an address is one of the public Internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => inner(v6).map_or_else(|| is_public_v6(v6), is_public_v4),
    }
}

/// The IPv4 address that an IPv6 one stands for: mapped, 6to4, through NAT64.
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |bytes: &[u8]| <[u8; 4]>::try_from(bytes).ok().map(Ipv4Addr::from);
    let octets = address.octets();
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => v4(octets.get(12..)?),
        [0x2002, ..] => v4(octets.get(2..6)?),
        _ => None,
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let inner = address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        // "This network", shared address space, protocol assignments, benchmarks, reserved.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240;
    !inner
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Only 2000::/3 is given out; of it, documentation and what tunnels are not ours to call.
    (0x2000..0x4000).contains(&a) && !(a == 0x2001 && (b == 0xdb8 || b < 0x200))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_is_not_public() {
        for inside in [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.2.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::",
            "2001:0:1::1",
        ] {
            assert!(!Reach::Public.allows(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "203.162.4.191", "2400:cb00::1"] {
            assert!(Reach::Public.allows(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn what_is_private_is_inside_and_not_all_that_is_inside_is_private() {
        for private in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.1.1",
            "::1",
            "fd12:3456::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(Reach::Private.allows(private.parse().unwrap()), "{private}");
        }
        for other in [
            "1.1.1.1",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "172.32.0.1",
            "::",
            "2400::1",
            "2002:7f00:1::",
            "64:ff9b::10.0.0.1",
        ] {
            assert!(!Reach::Private.allows(other.parse().unwrap()), "{other}");
        }
    }

    #[test]
    fn an_address_written_out_in_any_way_is_looked_at() {
        for inside in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
        ] {
            let url = inside.parse().unwrap();
            assert!(
                !Reach::Public.allows_host(&url) && Reach::Private.allows_host(&url),
                "{inside}"
            );
        }
        for outside in ["https://1.1.1.1/", "https://[2400:cb00::1]/"] {
            let url = outside.parse().unwrap();
            assert!(
                Reach::Public.allows_host(&url) && !Reach::Private.allows_host(&url),
                "{outside}"
            );
        }
        assert!(Reach::Private.allows_host(&"https://a.name/".parse().unwrap()));
        assert!(!Reach::Anywhere.allows_host(&"data:none".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_name_is_resolved_to_what_is_within_reach_alone() {
        let local = || "localhost".parse().unwrap();
        let error = Reach::Public.resolve(local()).await.err().unwrap();
        assert_eq!(error.to_string(), "the name leads to no public address");
        let mut found = Reach::Private.resolve(local()).await.unwrap();
        assert!(found.all(|it| it.ip().is_loopback()));
    }
}
