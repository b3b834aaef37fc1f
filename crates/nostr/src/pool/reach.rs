//! Which network addresses a stranger's relay address may lead to.
//!
//! A counterparty can write any relay into its events. Following such an address into the local network would let a
//! stranger use this program to knock on doors there. So addresses that the user did not configure lead to public
//! unicast addresses only, judged after name resolution, on the very address that is then connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far a connection may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Anywhere: the user named this relay.
    Anywhere,
    /// Public addresses only: somebody else named it.
    PublicOnly,
}

impl Reach {
    /// Whether a connection to `ip` is allowed.
    pub(crate) fn allows(self, ip: IpAddr) -> bool {
        self == Self::Anywhere || is_public(ip)
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT, RFC 6598
        || (a == 192 && b == 0 && c == 0) // IETF protocol assignments, RFC 6890
        || (a == 198 && (b == 18 || b == 19)) // benchmarking, RFC 2544
        || a >= 224) // multicast and reserved
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let embedded = Ipv4Addr::from((u32::from(g) << 16) | u32::from(h));
    if (a, b, c, d, e, f) == (0x64, 0xff9b, 0, 0, 0, 0) {
        return is_public_v4(embedded); // NAT64, RFC 6052
    }
    let global_unicast = a & 0xe000 == 0x2000;
    let tunnel = a == 0x2002 || (a == 0x2001 && b < 0x200); // 6to4, Teredo and other assignments of RFC 6890
    let documentation = (a == 0x2001 && b == 0xdb8) || a == 0x3fff;
    global_unicast && !tunnel && !documentation
}

#[cfg(test)]
mod tests {
    #![allow(non_snake_case)]
    use super::*;

    #[test]
    fn public_only__private_and_special_addresses__refused() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "203.0.113.5",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
        ] {
            let ip: IpAddr = ip.parse().unwrap();
            assert!(!Reach::PublicOnly.allows(ip), "{ip}");
            assert!(Reach::Anywhere.allows(ip), "{ip}");
        }
    }

    #[test]
    fn public_only__public_addresses__allowed() {
        for ip in [
            "1.1.1.1",
            "100.128.0.1",
            "198.20.0.1",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "64:ff9b::101:101",
        ] {
            assert!(Reach::PublicOnly.allows(ip.parse().unwrap()), "{ip}");
        }
    }
}
