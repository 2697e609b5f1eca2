//! What is checked of proxies. Both IO crates run this, so that they can't differ.

use std::{
    env,
    time::{Duration, Instant},
};

use tc3_core::{Emulator, Endpoint, Error, Failure, Obstacle, Remedy, Retry};

use crate::{
    KEY, Peer, Proxy, Received, SHORT, Setup, Subject, TOKEN, Via, assert_late,
    cases::RECORDS,
    checks::LENIENCE,
    credential, january,
    machine::{again, is_child},
    proxy::ESTABLISHED,
    tls::{self, Flaw},
};

/// What an answer of a proxy is that opens no tunnel, and what stands in the way then.
const REFUSALS: [(&str, Obstacle); 13] = [
    (
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        Obstacle::proxy(403),
    ),
    (
        "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 2\r\n\r\nno",
        Obstacle::proxy(405),
    ),
    (
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
        Obstacle::proxy(407),
    ),
    ("HTTP/1.1 501 Not Implemented\r\n\r\n", Obstacle::proxy(501)),
    (
        "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\n\r\nsorry",
        Obstacle::proxy(502),
    ),
    (
        "HTTP/1.0 503 Service Unavailable\r\n\r\n<html>",
        Obstacle::proxy(503),
    ),
    ("HTTP/1.1 204 No Content\r\n\r\n", Obstacle::proxy(204)),
    (
        "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\n\r\n",
        Obstacle::proxy(302),
    ),
    ("SSH-2.0-OpenSSH_9.6\r\n", Obstacle::Connection),
    ("HTTP/1.1 200", Obstacle::Connection),
    ("", Obstacle::Connection),
    // A tunnel to nowhere, and one to what speaks no TLS.
    (ESTABLISHED, Obstacle::Connection),
    (
        "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n",
        Obstacle::Tls,
    ),
];

/// Over https a proxy learns the host, its own user and password, and nothing that signs.
pub fn a_tunnel_shows_no_secret_to_the_proxy<S: Subject>() {
    let credential = credential().with_token(TOKEN).unwrap();
    let emulator = Emulator::new(credential.clone()).into();
    let service = Peer::new(move |mut connection| {
        connection.secure(tls::server(Flaw::None));
        connection.emulate(&emulator);
    });
    let proxy = Proxy::to(service.address());
    let client = S::new(&Setup {
        credential,
        proxy: Via::Proxy(proxy.url()),
        ..Setup::to(service.https_endpoint())
    });
    for _ in 0..2 {
        let reply = client.call(&january()).unwrap();
        assert_eq!(reply.output.transaction_list, *RECORDS);
    }

    let tunnels = proxy.received();
    assert_eq!(tunnels.len(), 1, "{tunnels:?}");
    let connect = &tunnels[0];
    let host = service.address().to_string();
    assert_eq!(connect.line, format!("CONNECT {host} HTTP/1.1"));
    assert_eq!(connect.values("host"), [host]);
    assert_eq!(
        connect.values("proxy-authorization"),
        [Proxy::AUTHORIZATION]
    );
    let mut headers = connect.headers.iter();
    assert!(headers.all(|(name, _)| name != "authorization" && !name.starts_with("x-tc-")));
    let passed = proxy.passed();
    assert!(passed.len() > 1_000, "the tunnel was used");
    for secret in [
        "TC3-HMAC",
        "authorization",
        "X-TC-",
        "x-tc-",
        TOKEN,
        KEY,
        "AKID",
        "billing",
    ] {
        let mut parts = passed.windows(secret.len());
        assert!(!parts.any(|part| part == secret.as_bytes()), "{secret}");
    }
    // What the proxy alone was to get.
    let mut requests = service.received().into_iter();
    assert!(requests.all(|request| request.values("proxy-authorization").is_empty()));
}

/// Whatever else a proxy answers. What it refuses for good is asked for once, so that no password is tried again and
/// again, and the error names the proxy without it.
pub fn a_proxy_that_opens_no_tunnel_means_not_sent<S: Subject>() {
    for (number, (refusal, obstacle)) in REFUSALS.into_iter().enumerate() {
        let peer = Peer::new(move |mut connection| {
            connection.request();
            connection.send(refusal);
            connection.hang_up();
            let rest = connection.rest();
            let secrets = [TOKEN, "TC3-HMAC"].map(str::as_bytes);
            let mut secrets = secrets.iter();
            let shown = secrets.any(|it| rest.windows(it.len()).any(|part| part == *it));
            connection.note(if shown { "a secret" } else { "no secret" });
        });
        let retry = Retry::default()
            .with_attempts(3)
            .with_base(Duration::from_millis(1));
        let client = S::new(&Setup {
            credential: credential().with_token(TOKEN).unwrap(),
            proxy: Via::Proxy(format!(
                "http://user:not-a-real-password@{}",
                peer.address()
            )),
            retry,
            ..Setup::to(Endpoint::PUBLIC)
        });
        let error = client.call(&january()).unwrap_err();
        let times = if obstacle.is_final() { 1 } else { 3 };
        assert_eq!(error.attempts(), times, "refusal {number}: {error:?}");
        let Error::Transport(Failure::NotSent(not_sent)) = error.cause() else {
            panic!("refusal {number}: {error:?}");
        };
        assert_eq!(not_sent.obstacle(), obstacle, "refusal {number}");
        assert_eq!(not_sent.proxy(), Some(&*peer.address().to_string()));
        assert!(not_sent.to_string().contains(&peer.address().to_string()));
        let person = error.remedy() == Remedy::Mend;
        assert_eq!(person, obstacle.is_final(), "refusal {number}");
        assert!(!format!("{error:?}").contains("not-a-real-password"));
        for _ in 0..times {
            assert_eq!(peer.noted(), "no secret", "refusal {number}");
        }
        let times = usize::try_from(times).unwrap();
        assert_eq!(peer.received().len(), times, "refusal {number}");
    }
}

/// Whether it stalls before its answer, within it, or in the tunnel.
pub fn a_proxy_that_stalls_ends_at_the_deadline<S: Subject>() {
    for beginning in ["", "HTTP/1.1 200 Conn", ESTABLISHED] {
        let peer = Peer::stalling_after(beginning);
        let client = S::new(&Setup {
            deadline: SHORT,
            proxy: Via::Proxy(format!("http://{}", peer.address())),
            ..Setup::to(Endpoint::PUBLIC)
        });
        let start = Instant::now();
        let error = client.call(&january()).unwrap_err();
        assert!(start.elapsed() < SHORT + LENIENCE);
        let cause = error.cause();
        assert!(
            matches!(cause, Error::Transport(Failure::NotSent(_))),
            "{beginning:?}: {cause:?}"
        );
        assert_late(Err::<(), _>(error));
    }
}

/// Where a test that is run again finds the service.
const ENDPOINT: &str = "TC3_TEST_ENDPOINT";
/// And a proxy.
const PROXY: &str = "TC3_TEST_PROXY";

fn endpoint() -> Endpoint {
    let url = env::var(ENDPOINT).unwrap();
    Endpoint::plain_http_readable_by_anyone(&url).unwrap()
}

fn assert_answers<S: Subject>(setup: &Setup) {
    let reply = S::new(setup).call(&january()).unwrap();
    assert_eq!(reply.output.transaction_list, *RECORDS);
}

/// This machine under an address that is not loopback's.
fn not_loopback(service: &Peer) -> String {
    format!("http://0.0.0.0:{}", service.address().port())
}

/// A client that knows nothing of proxies asks the environment, host by host. The name is that of the test that
/// calls this, which is run again.
pub fn the_environment_says_which_hosts_have_a_proxy<S: Subject>(test: &str) {
    if is_child() {
        let endpoint = endpoint();
        let loopback = endpoint.url("any").replace("0.0.0.0", "127.0.0.1");
        assert_answers::<S>(&Setup::to(loopback.parse().unwrap()));
        // There is no way to the first one, by a proxy or without.
        assert_answers::<S>(&Setup {
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
            test,
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
pub fn a_variable_that_cannot_be_used_is_named_and_the_builder_overrules_it<S: Subject>(
    test: &str,
) {
    if is_child() {
        let to = |proxy| Setup {
            proxy,
            retry: Retry::default(),
            ..Setup::to(endpoint())
        };
        let error = S::new(&to(Via::Environment)).call(&january()).unwrap_err();
        let Error::Input(invalid) = error else {
            panic!("{error:?}");
        };
        assert_eq!(invalid.field(), "ALL_PROXY");
        assert!(invalid.rule().contains("http://") && !invalid.rule().contains("password"));
        assert_answers::<S>(&to(Via::None));
        assert_answers::<S>(&to(Via::Proxy(env::var(PROXY).unwrap())));
        return;
    }
    let service = Peer::emulating(Emulator::new(credential()));
    let proxy = Proxy::to(service.address());
    let socks = format!("socks5h://user:not-a-real-password@{}", service.address());
    again(
        test,
        &[
            ("ALL_PROXY", &socks),
            (PROXY, &proxy.url()),
            (ENDPOINT, &not_loopback(&service)),
        ],
    );
    assert_eq!((service.accepted(), service.received().len()), (2, 2));
    assert_eq!(proxy.received().len(), 1);
}
