//! Proxies that the environment names.

use std::env;

use tc3_core::{Error, emulator::Emulator, flow::Retry, session::Endpoint};
use tc3_test_peer::{
    Peer, Proxy, Received, credential, january,
    machine::{again, is_child},
};

use super::{
    cases::RECORDS,
    setup::{Setup, Via},
};
use crate::driver::wait;

/// Where a test that is run again finds the service.
const ENDPOINT: &str = "TC3_TEST_ENDPOINT";
/// And a proxy.
const PROXY: &str = "TC3_TEST_PROXY";

fn endpoint() -> Endpoint {
    let url = env::var(ENDPOINT).unwrap();
    Endpoint::plain_http_readable_by_anyone(&url).unwrap()
}

fn assert_answers(setup: &Setup) {
    let reply = wait(setup.client().call(&january())).unwrap();
    assert_eq!(reply.output.transaction_list, *RECORDS);
}

/// This machine under an address that is not loopback's.
fn not_loopback(service: &Peer) -> String {
    format!("http://0.0.0.0:{}", service.address().port())
}

/// A client that knows nothing of proxies asks the environment, host by host.
#[test]
fn the_environment_says_which_hosts_have_a_proxy() {
    if is_child() {
        let endpoint = endpoint();
        let loopback = endpoint.url("any").replace("0.0.0.0", "127.0.0.1");
        assert_answers(&Setup::to(loopback.parse().unwrap()));
        // There is no way to the first one, by a proxy or without.
        assert_answers(&Setup {
            failover: vec![endpoint],
            retry: Retry::default().with_attempts(2),
            ..Setup::to("https://0.0.0.0:1".parse().unwrap())
        });
        return;
    }
    for (spared, http, https) in [
        ("", true, true),
        ("10.0.0.0/8, .example.com", true, true),
        ("0.0.0.0:1", true, false),
        ("0.0.0.0:PORT", false, true),
        ("10.0.0.0/8,0.0.0.0/8", false, false),
        ("*", false, false),
    ] {
        let service = Peer::emulating(Emulator::new(credential()));
        let proxy = Proxy::to(service.address());
        let nowhere = Peer::answering("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        let port = service.address().port();
        let environment = [
            ("http_proxy", proxy.url()),
            ("HTTPS_PROXY", nowhere.address().to_string()),
            ("NO_PROXY", spared.replace("PORT", &port.to_string())),
            (ENDPOINT, not_loopback(&service)),
        ];
        again(
            "clients::proxy_variables::the_environment_says_which_hosts_have_a_proxy",
            &environment
                .each_ref()
                .map(|(name, value)| (*name, &**value)),
        );
        let connects = |received: Vec<Received>| {
            let shown =
                |it: &Received| (it.line.clone(), it.values("proxy-authorization").concat());
            received.iter().map(shown).collect::<Vec<_>>()
        };
        let connect = |host: String, user: &str| (format!("CONNECT {host} HTTP/1.1"), user.into());
        let expected = connect(format!("0.0.0.0:{port}"), Proxy::AUTHORIZATION);
        let expected = http.then_some(expected);
        assert_eq!(
            connects(proxy.received()),
            Vec::from_iter(expected),
            "{spared}"
        );
        let expected = https.then(|| connect("0.0.0.0:1".into(), ""));
        assert_eq!(
            connects(nowhere.received()),
            Vec::from_iter(expected),
            "{spared}"
        );
        assert_eq!(service.received().len(), 2);
    }
}

/// A variable that can't be used ends calls that need it, and nobody goes around it but who says so.
#[test]
fn a_variable_that_cannot_be_used_is_named_and_the_builder_overrules_it() {
    if is_child() {
        let to = |proxy| Setup {
            proxy,
            retry: Retry::default(),
            ..Setup::to(endpoint())
        };
        let error = wait(to(Via::Environment).client().call(&january())).unwrap_err();
        let Error::Input(invalid) = error else {
            panic!("{error:?}");
        };
        assert_eq!(invalid.field(), "ALL_PROXY");
        assert!(invalid.rule().contains("http://") && !invalid.rule().contains("password"));
        assert_answers(&to(Via::None));
        assert_answers(&to(Via::Proxy(env::var(PROXY).unwrap())));
        return;
    }
    let service = Peer::emulating(Emulator::new(credential()));
    let proxy = Proxy::to(service.address());
    let socks = format!("socks5h://user:not-a-real-password@{}", service.address());
    again(
        "clients::proxy_variables::a_variable_that_cannot_be_used_is_named_and_the_builder_overrules_it",
        &[
            ("ALL_PROXY", &socks),
            (PROXY, &proxy.url()),
            (ENDPOINT, &not_loopback(&service)),
        ],
    );
    assert_eq!((service.accepted(), service.received().len()), (2, 2));
    assert_eq!(proxy.received().len(), 1);
}
