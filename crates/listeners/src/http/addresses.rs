//! Which addresses are within the own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether nobody outside can have this address: loopback, private, link-local and shared ones, and those that mean
/// "this machine".
pub(super) fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => is_internal_v4(it),
        IpAddr::V6(it) => match it.to_ipv4_mapped().or_else(|| translated(it)) {
            Some(it) => is_internal_v4(it),
            None => {
                it.is_loopback() || it.is_unspecified() || it.is_unique_local() || it.is_unicast_link_local()
            }
        },
    }
}

fn is_internal_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // RFC 6598's addresses are shared by the customers of a provider.
    let shared = first == 100 && (64..128).contains(&second);
    first == 0
        || shared
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
}

/// The address behind RFC 6052's prefix `64:ff9b::/96`.
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() else {
        return None;
    };
    Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
}

#[cfg(test)]
mod tests {
    use super::is_internal;

    #[test]
    fn addresses_of_the_own_network_are_known() {
        for address in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "::1",
            "::",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ] {
            assert!(is_internal(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(!is_internal(address.parse().unwrap()), "{address}");
        }
    }
}
