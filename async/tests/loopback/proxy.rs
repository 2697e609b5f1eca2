use std::sync::Mutex;

use tc3_core::{Emulator, Endpoint, Retry, Settings};

use crate::{
    Client,
    common::{KEY, PATIENCE, Peer, Refusing, SHORT, TOKEN, assert_not_sent, credential, january},
    noted,
};

const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

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

#[tokio::test]
async fn a_proxy_is_asked_for_a_tunnel_and_learns_no_secret_of_the_api() {
    let peer = proxy("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    let url = format!("http://user:not-a-real-password@{}", peer.address());
    assert_not_sent(through(&url, Endpoint::PUBLIC).call(&january()).await);
    assert_eq!(noted(&peer).await, "no secret");

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

#[tokio::test]
async fn a_proxy_without_a_user_is_sent_no_authorization() {
    let peer = proxy("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let url = format!("http://{}", peer.address());
    assert_not_sent(through(&url, Endpoint::PUBLIC).call(&january()).await);
    assert!(peer.received()[0].values("proxy-authorization").is_empty());
}

#[tokio::test]
async fn a_proxys_user_and_password_are_percent_decoded() {
    let peer = proxy("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    let url = format!("http://us%65r:p%40ss%3Aword@{}", peer.address());
    assert_not_sent(through(&url, Endpoint::PUBLIC).call(&january()).await);
    assert_eq!(
        peer.received()[0].values("proxy-authorization"),
        ["Basic dXNlcjpwQHNzOndvcmQ="],
    );
}

#[tokio::test]
async fn a_tunnel_that_ends_before_tls_means_not_sent() {
    let peer = proxy(ESTABLISHED);
    let url = format!("http://{}", peer.address());
    assert_not_sent(through(&url, Endpoint::PUBLIC).call(&january()).await);
    assert_eq!(noted(&peer).await, "no secret");
}

#[tokio::test]
async fn a_proxy_that_hangs_up_means_not_sent() {
    let peer = proxy("");
    let url = format!("http://{}", peer.address());
    assert_not_sent(through(&url, Endpoint::PUBLIC).call(&january()).await);
}

#[tokio::test]
async fn a_proxy_that_refuses_connections_means_not_sent() {
    let nobody = Refusing::new();
    let url = format!("http://{}", nobody.address());
    assert_not_sent(through(&url, Endpoint::PUBLIC).call(&january()).await);
}

#[tokio::test]
async fn a_proxy_that_stalls_ends_with_the_connect_timeout() {
    let peer = Peer::stalling_after("");
    let client = Client::builder()
        .credentials(credential())
        .settings(
            Settings::default()
                .with_retry(Retry::NEVER)
                .with_attempt_timeout(PATIENCE / 4),
        )
        .connect_timeout(SHORT)
        .proxy(&format!("http://{}", peer.address()))
        .unwrap()
        .build();
    assert_not_sent(client.call(&january()).await);
}

#[tokio::test]
async fn calls_go_through_one_tunnel() {
    let emulator = Mutex::new(Emulator::new(credential().with_token(TOKEN).unwrap()));
    let peer = Peer::new(move |mut connection| {
        connection.request();
        connection.send(ESTABLISHED);
        connection.emulate(&emulator);
    });
    let url = format!("http://user:not-a-real-password@{}", peer.address());
    let nobody = Refusing::new();
    let client = through(&url, nobody.endpoint());
    client.call(&january()).await.unwrap();
    client.call(&january()).await.unwrap();

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

#[tokio::test]
async fn a_plain_http_endpoint_without_a_port_is_tunnelled_to_port_80() {
    let peer = proxy("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    let url = format!("http://{}", peer.address());
    assert_not_sent(
        through(&url, "http://127.0.0.1".parse().unwrap())
            .call(&january())
            .await,
    );
    assert_eq!(peer.received()[0].line, "CONNECT 127.0.0.1:80 HTTP/1.1");
}
