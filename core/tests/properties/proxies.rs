//! Which hosts go through no proxy.

use std::net::IpAddr;

use proptest::prelude::*;
use tc3_core::proxy::Proxies;

use super::cases;

fn is_spared(list: &str, host: &str) -> bool {
    let proxies = Proxies::from_variables(|name| match name {
        "HTTPS_PROXY" => Some(b"proxy.example:3128".to_vec()),
        "NO_PROXY" => Some(list.into()),
        _ => None,
    });
    let uri = format!("https://{host}").parse().unwrap();
    proxies.choose(&uri).unwrap().is_none()
}

/// An address of public hosts, and how many bits it has.
fn address() -> impl Strategy<Value = (IpAddr, usize)> {
    let v4 = any::<[u8; 3]>().prop_map(|[a, b, c]| (IpAddr::from([8, a, b, c]), 32));
    let v6 = any::<[u16; 7]>()
        .prop_map(|[a, b, c, d, e, f, g]| (IpAddr::from([0x2001, a, b, c, d, e, f, g]), 128));
    prop_oneof![v4, v6]
}

fn flipped(address: IpAddr, bit: usize) -> IpAddr {
    fn flip<const N: usize>(mut octets: [u8; N], bit: usize) -> [u8; N] {
        octets[bit / 8] ^= 0x80 >> (bit % 8);
        octets
    }
    match address {
        IpAddr::V4(address) => flip(address.octets(), bit).into(),
        IpAddr::V6(address) => flip(address.octets(), bit).into(),
    }
}

fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn the_bits_after_a_networks_length_count_for_nothing_and_those_before_for_all(
        (address, bits) in address(),
        length in 1..=128_usize,
        bit in 0..128_usize,
    ) {
        let (length, bit) = (length.min(bits), bit % bits);
        let other = flipped(address, bit);
        // This machine is spared, whatever the list says.
        prop_assume!(!other.is_loopback());
        let list = format!("a.example, {address}/{length}");
        prop_assert!(is_spared(&list, &host(address)));
        prop_assert_eq!(is_spared(&list, &host(other)), bit >= length, "{} {}", list, other);
    }

    #[test]
    fn a_domain_spares_what_ends_with_it_after_a_dot(
        dot in "(\\*?\\.)?",
        domain in "[a-z]{1,9}\\.[a-z]{1,3}",
        below in "[a-z]{1,9}(\\.[a-z]{1,9})?",
    ) {
        let list = format!("{dot}{domain}");
        let above = domain.to_uppercase();
        for host in [domain.clone(), format!("{below}.{above}")] {
            prop_assert!(is_spared(&list, &host), "{} {}", list, host);
        }
        for host in [format!("{below}{domain}"), format!("{domain}.{below}0")] {
            prop_assert!(!is_spared(&list, &host), "{} {}", list, host);
        }
    }
}
