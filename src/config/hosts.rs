//! Which hosts are our own network, judged from the base URL alone: no name is looked up.
//!
//! The connection is checked again when it is made; this check only tells the operator early.

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
        Some(Host::Ipv4(address)) => is_private_v4(address),
        Some(Host::Ipv6(address)) => is_private_v6(address),
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

fn is_private_v4(address: Ipv4Addr) -> bool {
    // 100.64.0.0/10 is what carriers and overlay networks use inside (RFC 6598).
    let shared = address.octets()[0] == 100 && address.octets()[1] & 0xC0 == 64;
    address.is_loopback() || address.is_private() || address.is_link_local() || address.is_unspecified() || shared
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
    }
}
