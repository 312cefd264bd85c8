//! Which hosts and addresses are not the public internet's.
//!
//! The base URL is judged here without looking a name up, which tells the operator early. What a name
//! means is judged by [`inside`] for every connection when it is made: a name may come to mean
//! something else.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use url::Host;
use url::Url;

/// Suffixes of names that only a private resolver answers.
const PRIVATE_SUFFIXES: [&str; 7] = ["localhost", "local", "internal", "svc", "lan", "home.arpa", "cluster.local"];

/// Whether the host is plainly inside our own network.
pub(super) fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_private_name(name),
        Some(Host::Ipv4(address)) => inside(IpAddr::V4(address)).is_some(),
        Some(Host::Ipv6(address)) => inside(IpAddr::V6(address)).is_some(),
        None => false,
    }
}

/// Who answers there: scheme, host, port and base path, the same for every way of writing it.
pub(super) fn server(url: &Url) -> String {
    let origin = url.origin().ascii_serialization();
    format!("{origin}{}", url.path().trim_end_matches('/'))
}

fn is_private_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    !name.contains('.')
        || PRIVATE_SUFFIXES.iter().any(|suffix| name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.')))
}

/// What kind of address it is that no vendor on the public internet has; `None` for one that may be a
/// vendor's.
///
/// Metadata services of clouds stand among the link-local, shared and unique local addresses, but for
/// the two that are named.
pub fn inside(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => inside_v4(address),
        IpAddr::V6(address) => inside_v6(address),
    }
}

fn inside_v4(address: Ipv4Addr) -> Option<&'static str> {
    let kind = match address.octets() {
        [0, ..] => "unspecified",
        [127, ..] => "loopback",
        [169, 254, ..] => "link-local",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "private",
        // What carriers and overlay networks use inside (RFC 6598).
        [100, 64..=127, ..] => "shared",
        // Azure's; Oracle's stands in 192.0.0.0/24.
        [168, 63, 129, 16] | [192, 0, 0, _] => "cloud metadata",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "documentation",
        [198, 18..=19, ..] => "benchmarking",
        [224..=239, ..] => "multicast",
        [240..=255, ..] => "reserved",
        _ => return None,
    };
    Some(kind)
}

fn inside_v6(address: Ipv6Addr) -> Option<&'static str> {
    let kind = match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => "unspecified",
        [0, 0, 0, 0, 0, 0, 0, 1] => "loopback",
        // An IPv4 address in disguise reaches what it hides, so no name that a vendor gives means one.
        [0, 0, 0, 0, 0, 0xffff | 0, ..] => "IPv4 in IPv6",
        [0x64, 0xff9b, ..] => "NAT64",
        [0x100, 0, 0, 0, ..] => "discarded",
        [0x2001, 0, ..] | [0x2002, ..] => "tunnelled IPv4",
        [0x2001, 0xdb8, ..] => "documentation",
        [0xfc00..=0xfdff, ..] => "unique local",
        [0xfe80..=0xfebf, ..] => "link-local",
        [0xfec0..=0xfeff, ..] => "site-local",
        [0xff00..=0xffff, ..] => "multicast",
        _ => return None,
    };
    Some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_inner_address_is_told_by_its_first_and_last() {
        let cases = [
            ("unspecified", "0.0.0.0 0.255.255.255 ::"),
            ("loopback", "127.0.0.1 127.255.255.255 ::1"),
            ("link-local", "169.254.0.0 169.254.169.254 169.254.255.255 fe80::1 febf::1"),
            ("private", "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255"),
            ("shared", "100.64.0.0 100.100.100.200 100.127.255.255"),
            ("cloud metadata", "168.63.129.16 192.0.0.192"),
            ("documentation", "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1"),
            ("benchmarking", "198.18.0.0 198.19.255.255"),
            ("multicast", "224.0.0.1 239.255.255.255 ff02::1"),
            ("reserved", "240.0.0.0 255.255.255.255"),
            ("IPv4 in IPv6", "::ffff:8.8.8.8 ::ffff:127.0.0.1 ::7f00:1"),
            ("NAT64", "64:ff9b::7f00:1 64:ff9b:1::1"),
            ("discarded", "100::1"),
            ("tunnelled IPv4", "2001::1 2002:7f00:1::"),
            ("unique local", "fc00::1 fd00:ec2::254"),
            ("site-local", "fec0::1"),
        ];
        for (kind, addresses) in cases {
            for address in addresses.split(' ') {
                assert_eq!(inside(address.parse().unwrap()), Some(kind), "{address}");
            }
        }
    }

    #[test]
    fn the_neighbours_of_inner_addresses_are_public() {
        let public = [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:4860::1",
            "2606:4700::1",
            "2a00::1",
        ];
        for address in public {
            assert_eq!(inside(address.parse().unwrap()), None, "{address}");
        }
    }
}
