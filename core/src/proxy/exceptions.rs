use alloc::{string::String, vec::Vec};
use core::net::IpAddr;

/// How many bits the IPv6 addresses that IPv4 addresses are mapped to have in common.
const V4_PREFIX: u32 = 96;

/// The hosts in `NO_PROXY`, for which no proxy is used.
#[derive(Clone, Debug, Default)]
pub(super) struct Exceptions(Vec<Exception>);

/// Hosts and their port; `None` is any port.
type Exception = (Hosts, Option<u16>);

#[derive(Clone, Debug)]
enum Hosts {
    All,
    /// A name in lower case, and all names below it.
    Domain(String),
    /// A network: its address, and how many of the first bits count.
    Net(u128, u32),
}

impl Exceptions {
    /// Parses a list. Malformed entries are ignored.
    pub(super) fn new(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        Self(entries.filter_map(exception).collect())
    }

    /// Whether a host, in lower case and without brackets, is an exception.
    pub(super) fn contain(&self, host: &str, port: u16) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let address: Option<IpAddr> = host.parse().ok();
        self.0.iter().any(|(hosts, own_port)| {
            own_port.is_none_or(|own| own == port)
                && match (hosts, address) {
                    (Hosts::All, _) => true,
                    (Hosts::Domain(domain), None) => is_below(host, domain),
                    (Hosts::Net(net, length), Some(address)) => is_in(bits(address), *net, *length),
                    _ => false,
                }
        })
    }
}

fn exception(entry: &str) -> Option<Exception> {
    // An IPv6 address has a port only if it is in brackets.
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, Some(port.parse().ok()?))
        }
        _ => (entry, None),
    };
    Some((Hosts::new(host)?, port))
}

impl Hosts {
    fn new(host: &str) -> Option<Self> {
        if host == "*" {
            return Some(Self::All);
        }
        let (address, length) = match host.split_once('/') {
            Some((net, length)) => (net, Some(length.parse::<u32>().ok()?)),
            None => (host, None),
        };
        let bare = address
            .strip_prefix('[')
            .and_then(|it| it.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(address).parse::<IpAddr>() {
            let before = if address.is_ipv4() { V4_PREFIX } else { 0 };
            let length = before.checked_add(length.unwrap_or(u128::BITS.saturating_sub(before)))?;
            return (length <= u128::BITS).then_some(Self::Net(bits(address), length));
        }
        let domain = host.trim_start_matches('*').trim_matches('.');
        (!domain.is_empty()).then(|| Self::Domain(domain.to_ascii_lowercase()))
    }
}

/// Whether a host is the domain or a name below it.
fn is_below(host: &str, domain: &str) -> bool {
    let rest = host.strip_suffix(domain);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether an address is in a network. One of less than the IPv4 prefix has IPv6 addresses alone.
fn is_in(address: u128, net: u128, length: u32) -> bool {
    let rest = u128::BITS.saturating_sub(length);
    let is_v4 = address >> 32 == 0xffff;
    (address ^ net).checked_shr(rest).unwrap_or(0) == 0 && (length >= V4_PREFIX || !is_v4)
}

/// The bits of an address; those of an IPv4 address are of the IPv6 address that it is mapped to.
fn bits(address: IpAddr) -> u128 {
    let address = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    address.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(list: &str, in_it: &[(&str, u16)], others: &[(&str, u16)]) {
        let exceptions = Exceptions::new(list);
        for (host, port) in in_it {
            assert!(exceptions.contain(host, *port), "{list}: {host}:{port}");
        }
        for (host, port) in others {
            assert!(!exceptions.contain(host, *port), "{list}: {host}:{port}");
        }
    }

    #[test]
    fn a_domain_is_itself_and_all_below_it() {
        for list in [
            "example.com",
            ".example.com",
            "*.example.com",
            "EXAMPLE.com.",
            " , other.org ,,\texample.com,",
            "other.org example.com",
        ] {
            check(
                list,
                &[
                    ("example.com", 443),
                    ("example.com.", 443),
                    ("a.b.example.com", 1),
                ],
                &[
                    ("notexample.com", 443),
                    ("example.com.org", 443),
                    ("com", 443),
                    ("example.org", 443),
                    ("", 443),
                ],
            );
        }
    }

    #[test]
    fn a_port_is_that_port_alone() {
        check(
            "example.com:8443,10.0.0.1:81,[2001:db8::1]:82,*:83",
            &[
                ("a.example.com", 8443),
                ("10.0.0.1", 81),
                ("2001:db8::1", 82),
                ("anything", 83),
            ],
            &[
                ("a.example.com", 443),
                ("10.0.0.1", 443),
                ("2001:db8::1", 81),
                ("anything", 84),
            ],
        );
    }

    #[test]
    fn an_address_is_that_address_however_it_is_written() {
        for list in ["2001:db8::1", "[2001:db8::1]", "2001:0DB8:0::0:1"] {
            check(list, &[("2001:db8::1", 443)], &[("2001:db8::2", 443)]);
        }
        check(
            "10.0.0.1",
            &[("10.0.0.1", 443), ("::ffff:10.0.0.1", 443)],
            &[
                ("10.0.0.10", 443),
                ("110.0.0.1", 443),
                ("a.10.0.0.1.example", 443),
            ],
        );
        // A part of an address is no domain of it.
        check("0.1", &[], &[("10.0.0.1", 443)]);
    }

    #[test]
    fn a_network_is_its_addresses() {
        check(
            "10.1.2.3/8, 192.168.4.0/22, 2001:db8::/33",
            &[
                ("10.255.0.1", 443),
                ("192.168.7.255", 443),
                ("::ffff:10.9.9.9", 443),
                ("2001:db8:7fff::1", 443),
            ],
            &[
                ("11.0.0.1", 443),
                ("192.168.8.0", 443),
                ("192.168.3.255", 443),
                ("2001:db8:8000::1", 443),
                ("a01::1", 443),
                ("10.example.com", 443),
            ],
        );
        check(
            "0.0.0.0/0",
            &[("8.8.8.8", 1)],
            &[("2001:db8::1", 1), ("name", 1)],
        );
        check("::/0", &[("2001:db8::1", 1)], &[("8.8.8.8", 1)]);
        check(
            "[2001:db8::]/32",
            &[("2001:db8::1", 1)],
            &[("2001:db9::1", 1)],
        );
        check(
            "::ffff:10.0.0.0/104",
            &[("10.1.1.1", 1)],
            &[("11.1.1.1", 1)],
        );
        check(
            "10.0.0.1/32",
            &[("10.0.0.1", 1)],
            &[("10.0.0.2", 1), ("10.0.0.0", 1)],
        );
    }

    #[test]
    fn a_star_is_everything() {
        check(
            "a.example, *",
            &[("10.0.0.1", 1), ("name", 2), ("::1", 3)],
            &[],
        );
    }

    #[test]
    fn what_is_none_of_these_stands_for_nothing() {
        for list in [
            "",
            " ,, ",
            ".",
            "*.",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/x",
            "2001:db8::/129",
            "10.0.0.*",
            "example.com:port",
            "example.com:65536",
            "[10.0.0.1",
            "http://example.com",
        ] {
            check(
                list,
                &[],
                &[("example.com", 443), ("10.0.0.1", 443), ("2001:db8::", 443)],
            );
        }
    }
}
