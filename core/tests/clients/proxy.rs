//! Proxies that a client is told of.

use std::{
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use tc3_core::{
    Error, Failure, Remedy, Settings, emulator::Emulator, error::Obstacle, flow::Retry,
    session::Endpoint,
};
use tc3_test_peer::{
    ANSWER, KEY, PATIENCE, Peer, Proxy, Refusing, SHORT, TOKEN, answer, assert_late,
    assert_not_sent, credential, january,
    tls::{self, Flaw},
};

use super::{
    cases::RECORDS,
    setup::{LENIENCE, Setup, Via},
};
use crate::driver::{Client, noted, wait};

const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

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

fn through(proxy: &str, endpoint: Endpoint) -> Client {
    Client::builder()
        .credentials(credential().with_token(TOKEN).unwrap())
        .settings(
            Settings::default()
                .with_retry(Retry::NEVER)
                .with_endpoint(endpoint)
                .with_deadline(PATIENCE),
        )
        .proxy(proxy)
        .unwrap()
        .build()
}

/// A proxy that reads a request, sends these bytes, and says whether a secret came after that.
fn proxy(reply: &'static str) -> Peer {
    Peer::new(move |mut connection| {
        connection.request();
        connection.send(reply);
        connection.hang_up();
        let rest = String::from_utf8_lossy(&connection.rest()).into_owned();
        let secret = ["TC3-HMAC-SHA256", TOKEN, KEY]
            .iter()
            .any(|secret| rest.contains(secret));
        connection.note(if secret { "a secret" } else { "no secret" });
    })
}

#[test]
fn a_proxy_is_asked_for_a_tunnel_and_learns_no_secret_of_the_api() {
    let peer = proxy("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    let url = format!("http://user:not-a-real-password@{}", peer.address());
    assert_not_sent(wait(through(&url, Endpoint::PUBLIC).call(&january())));
    assert_eq!(wait(noted(&peer)), "no secret");

    let [connect] = &peer.received()[..] else {
        panic!("{:?}", peer.received());
    };
    assert_eq!(
        connect.line,
        "CONNECT billing.tencentcloudapi.com:443 HTTP/1.1"
    );
    assert_eq!(connect.values("host"), ["billing.tencentcloudapi.com:443"]);
    assert_eq!(
        connect.values("proxy-authorization"),
        ["Basic dXNlcjpub3QtYS1yZWFsLXBhc3N3b3Jk"],
    );
    assert!(connect.values("authorization").is_empty());
    assert!(
        connect
            .headers
            .iter()
            .all(|(name, _)| !name.starts_with("x-tc-"))
    );
}

#[test]
fn a_proxy_without_a_user_is_sent_no_authorization() {
    let peer = proxy("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let url = format!("http://{}", peer.address());
    assert_not_sent(wait(through(&url, Endpoint::PUBLIC).call(&january())));
    assert!(peer.received()[0].values("proxy-authorization").is_empty());
}

#[test]
fn a_proxys_user_and_password_are_percent_decoded() {
    let peer = proxy("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    let url = format!("http://us%65r:p%40ss%3Aword@{}", peer.address());
    assert_not_sent(wait(through(&url, Endpoint::PUBLIC).call(&january())));
    assert_eq!(
        peer.received()[0].values("proxy-authorization"),
        ["Basic dXNlcjpwQHNzOndvcmQ="],
    );
}

#[test]
fn a_tunnel_that_ends_before_tls_means_not_sent() {
    let peer = proxy(ESTABLISHED);
    let url = format!("http://{}", peer.address());
    assert_not_sent(wait(through(&url, Endpoint::PUBLIC).call(&january())));
    assert_eq!(wait(noted(&peer)), "no secret");
}

#[test]
fn a_proxy_that_hangs_up_means_not_sent() {
    let peer = proxy("");
    let url = format!("http://{}", peer.address());
    assert_not_sent(wait(through(&url, Endpoint::PUBLIC).call(&january())));
}

#[test]
fn a_proxy_that_refuses_connections_means_not_sent() {
    let nobody = Refusing::new();
    let url = format!("http://{}", nobody.address());
    assert_not_sent(wait(through(&url, Endpoint::PUBLIC).call(&january())));
}

#[test]
fn a_proxy_that_stalls_ends_with_the_connect_timeout() {
    let peer = Peer::stalling_after("");
    let client = Client::builder()
        .credentials(credential())
        .settings(
            Settings::default()
                .with_retry(Retry::NEVER)
                .with_attempt_timeout(PATIENCE / 4)
                .with_connect_timeout(SHORT),
        )
        .proxy(&format!("http://{}", peer.address()))
        .unwrap()
        .build();
    assert_not_sent(wait(client.call(&january())));
}

#[test]
fn a_proxy_that_answers_byte_by_byte_ends_with_the_connect_timeout() {
    let peer = Peer::new(|mut connection| {
        connection.request();
        for byte in ESTABLISHED.bytes() {
            connection.send([byte]);
            thread::sleep(SHORT / 2);
        }
    });
    let client = Client::builder()
        .credentials(credential())
        .settings(
            Settings::default()
                .with_retry(Retry::NEVER)
                .with_connect_timeout(SHORT),
        )
        .proxy(&format!("http://{}", peer.address()))
        .unwrap()
        .build();
    let start = Instant::now();
    assert_not_sent(wait(client.call(&january())));
    assert!(start.elapsed() < SHORT * 10);
}

#[test]
fn calls_go_through_one_tunnel() {
    let emulator = Mutex::new(Emulator::new(credential().with_token(TOKEN).unwrap()));
    let peer = Peer::new(move |mut connection| {
        connection.request();
        connection.send(ESTABLISHED);
        connection.emulate(&emulator);
    });
    let url = format!("http://user:not-a-real-password@{}", peer.address());
    let nobody = Refusing::new();
    let client = through(&url, nobody.endpoint());
    wait(client.call(&january())).unwrap();
    wait(client.call(&january())).unwrap();

    let requests = peer.received();
    let lines: Vec<_> = requests
        .iter()
        .map(|request| request.line.as_str())
        .collect();
    let connect = format!("CONNECT {} HTTP/1.1", nobody.address());
    assert_eq!(
        lines,
        [connect.as_str(), "POST / HTTP/1.1", "POST / HTTP/1.1"]
    );
    assert!(
        requests[1..]
            .iter()
            .all(|request| request.values("proxy-authorization").is_empty())
    );
    assert_eq!(peer.accepted(), 1);
}

#[test]
fn a_tunnel_that_was_closed_is_replaced() {
    let peer = Peer::new(|mut connection| {
        connection.request();
        connection.send(ESTABLISHED);
        connection.request();
        connection.send(answer("200 OK", ANSWER));
    });
    let nobody = Refusing::new();
    let client = through(&format!("http://{}", peer.address()), nobody.endpoint());
    for _ in 0..2 {
        wait(client.call(&january())).unwrap();
        // Its end has come by then.
        thread::sleep(SHORT);
    }
    assert_eq!((peer.received().len(), peer.accepted()), (4, 2));
}

#[test]
fn a_plain_http_endpoint_without_a_port_is_tunnelled_to_port_80() {
    let peer = proxy("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    let url = format!("http://{}", peer.address());
    assert_not_sent(wait(
        through(&url, "http://127.0.0.1".parse().unwrap()).call(&january()),
    ));
    assert_eq!(peer.received()[0].line, "CONNECT 127.0.0.1:80 HTTP/1.1");
}

/// Over https a proxy learns the host, its own user and password, and nothing that signs.
#[test]
fn a_tunnel_shows_no_secret_to_the_proxy() {
    let credential = credential().with_token(TOKEN).unwrap();
    let emulator = Emulator::new(credential.clone()).into();
    let service = Peer::new(move |mut connection| {
        connection.secure(tls::server(Flaw::None));
        connection.emulate(&emulator);
    });
    let proxy = Proxy::to(service.address());
    let setup = Setup {
        credential,
        proxy: Via::Proxy(proxy.url()),
        ..Setup::to(service.https_endpoint())
    };
    let client = setup.client();
    for _ in 0..2 {
        let reply = wait(client.call(&january())).unwrap();
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
#[test]
fn a_proxy_that_opens_no_tunnel_means_not_sent() {
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
        let setup = Setup {
            credential: credential().with_token(TOKEN).unwrap(),
            proxy: Via::Proxy(format!(
                "http://user:not-a-real-password@{}",
                peer.address()
            )),
            retry,
            ..Setup::to(Endpoint::PUBLIC)
        };
        let client = setup.client();
        let error = wait(client.call(&january())).unwrap_err();
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
#[test]
fn a_proxy_that_stalls_ends_at_the_deadline() {
    for beginning in ["", "HTTP/1.1 200 Conn", ESTABLISHED] {
        let peer = Peer::stalling_after(beginning);
        let setup = Setup {
            deadline: SHORT,
            proxy: Via::Proxy(format!("http://{}", peer.address())),
            ..Setup::to(Endpoint::PUBLIC)
        };
        let client = setup.client();
        let start = Instant::now();
        let error = wait(client.call(&january())).unwrap_err();
        assert!(start.elapsed() < SHORT + LENIENCE);
        let cause = error.cause();
        assert!(
            matches!(cause, Error::Transport(Failure::NotSent(_))),
            "{beginning:?}: {cause:?}"
        );
        assert_late(Err::<(), _>(error));
    }
}
