//! Connectors of the user's own.

use std::{
    future::{Future, pending},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use futures_util::future::{BoxFuture, FutureExt};
use http::Uri;
use hyper_util::rt::TokioIo;
use tc3_core::{
    credential::Source, emulator::Emulator, error::BoxError, flow::Retry, session::Endpoint,
};
use tc3_test_peer::{
    PATIENCE, Peer, Proxy, Refusing, SHORT, TOKEN, assert_late, assert_not_sent, credential,
    january,
    machine::{again, is_child},
    tls::{self, Flaw},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, copy_bidirectional, duplex},
    net::TcpStream,
    time::timeout,
};
use tower_service::Service;

use crate::clients::{builder, settings, with};

type Pipe = TokioIo<DuplexStream>;

/// What `dial` does, and what it was asked for.
#[derive(Clone)]
struct Own<D> {
    dial: D,
    asked: Arc<Mutex<Vec<String>>>,
}

impl<D> Own<D> {
    fn new(dial: D) -> Self {
        let asked = Arc::default();
        Self { dial, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl<D, F, R> Service<Uri> for Own<D>
where
    D: Fn(Uri) -> F,
    F: Future<Output = Result<R, BoxError>> + Send + 'static,
{
    type Response = R;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<R, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        self.asked.lock().unwrap().push(uri.to_string());
        (self.dial)(uri).boxed()
    }
}

/// Passes bytes on to a server.
fn bridge(mut stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, to: SocketAddr) {
    tokio::spawn(async move {
        let mut there = TcpStream::connect(to).await?;
        copy_bidirectional(&mut stream, &mut there).await
    });
}

/// A pipe in memory to a server, whatever the host.
async fn pipe(to: SocketAddr) -> Result<Pipe, BoxError> {
    let (here, there) = duplex(1_000);
    bridge(there, to);
    Ok(TokioIo::new(here))
}

fn emulating() -> Peer {
    Peer::emulating(Emulator::new(credential()))
}

fn secure() -> Peer {
    let emulator = Mutex::new(Emulator::new(credential()));
    Peer::new(move |mut connection| {
        connection.secure(tls::server(Flaw::None));
        connection.emulate(&emulator);
    })
}

fn parse(url: &str) -> Endpoint {
    url.parse().unwrap()
}

#[tokio::test]
async fn a_connector_is_asked_once_for_many_calls_with_a_host_and_a_port() {
    for (url, asked, peer) in [
        ("http://localhost", "http://localhost:80/", emulating()),
        ("http://127.0.0.1:81", "http://127.0.0.1:81/", emulating()),
        // TLS is not its matter.
        ("https://127.0.0.1", "http://127.0.0.1:443/", secure()),
    ] {
        let address = peer.address();
        let own = Own::new(move |_| pipe(address));
        let client = builder(parse(url))
            .connector(own.clone())
            .trust_only(tls::trusted())
            .unwrap()
            .build();
        for _ in 0..2 {
            let reply = client.call(&january()).await.unwrap();
            assert_eq!(reply.output.total, Some(42));
        }
        assert_eq!(own.asked(), [asked]);
        assert_eq!((peer.accepted(), peer.received().len()), (1, 2));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_service_may_be_behind_a_unix_socket() {
    use tc3_test_peer::machine::Folder;
    use tokio::net::{UnixListener, UnixStream};

    let (folder, peer) = (Folder::new(), secure());
    let path = format!("{}/service", folder.path());
    let listener = UnixListener::bind(&path).unwrap();
    let address = peer.address();
    tokio::spawn(async move {
        loop {
            bridge(listener.accept().await.unwrap().0, address);
        }
    });
    let own = Own::new(move |_| {
        let path = path.clone();
        async { Ok(TokioIo::new(UnixStream::connect(path).await?)) }
    });
    let client = builder(parse("https://127.0.0.1:1"))
        .connector(own)
        .trust_only(tls::trusted())
        .unwrap()
        .build();
    assert_eq!(
        client.call(&january()).await.unwrap().output.total,
        Some(42)
    );
}

#[tokio::test]
async fn whom_nobody_trusts_gets_nothing_through_a_connector_either() {
    let (secure, plain) = (secure(), emulating());
    for peer in [&secure, &plain] {
        let address = peer.address();
        let own = Own::new(move |_| pipe(address));
        let client = builder(parse("https://127.0.0.1")).connector(own).build();
        assert_not_sent(client.call(&january()).await);
        assert!(peer.accepted() > 0 && peer.received().is_empty());
    }
}

#[tokio::test]
async fn a_connector_that_fails_means_not_sent_and_says_why() {
    let peer = emulating();
    let address = peer.address();
    let own = Own::new(move |uri: Uri| async move {
        match uri.port_u16() {
            Some(1) => Err(io::Error::other("the tunnel is down").into()),
            _ => pipe(address).await,
        }
    });
    let client = builder(parse("http://127.0.0.1:1")).connector(own.clone());
    let error = client.build().call(&january()).await.unwrap_err();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    assert_eq!(cause.to_string(), "the tunnel is down");
    assert_not_sent(Err::<(), _>(error));

    let client = with(
        settings(parse("http://127.0.0.1:1"))
            .with_failover([parse("http://127.0.0.1:2")])
            .with_retry(Retry::default()),
    )
    .connector(own.clone())
    .build();
    assert_eq!(
        client.call(&january()).await.unwrap().output.total,
        Some(42)
    );
    assert_eq!(
        own.asked()[1..],
        ["http://127.0.0.1:1/", "http://127.0.0.1:2/"]
    );
}

/// Will never be asked anything.
#[derive(Clone)]
struct Busy;

impl Service<Uri> for Busy {
    type Response = Pipe;
    type Error = io::Error;
    type Future = std::future::Pending<io::Result<Pipe>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        unreachable!("it was never ready")
    }
}

#[tokio::test]
async fn a_connector_that_never_finishes_ends_with_the_connect_timeout() {
    let endpoint = || parse("http://127.0.0.1:1");
    let never = || Own::new(|_| pending::<Result<Pipe, BoxError>>());
    // A pipe whose other end is held, and says nothing.
    let (here, _there) = duplex(1_000);
    let here = Arc::new(Mutex::new(Some(TokioIo::new(here))));
    let silent = Own::new(move |_| {
        let pipe = here.lock().unwrap().take();
        async { pipe.ok_or_else(|| "there is one alone".into()) }
    });
    let soon = |endpoint| with(settings(endpoint).with_connect_timeout(SHORT));
    for client in [
        soon(endpoint()).connector(never()),
        soon(endpoint()).connector(Busy),
        soon(parse("https://127.0.0.1:1")).connector(silent),
    ] {
        let result = timeout(PATIENCE / 2, client.build().call(&january())).await;
        assert_not_sent(result.unwrap());
    }
    let late = with(settings(endpoint()).with_deadline(SHORT)).connector(never());
    let result = timeout(PATIENCE / 2, late.build().call(&january())).await;
    assert_late(result.unwrap());
}

#[tokio::test]
async fn a_call_that_is_dropped_drops_what_its_connector_was_at() {
    let work = Arc::new(());
    let held = Arc::clone(&work);
    let own = Own::new(move |_| {
        let work = Arc::clone(&held);
        async move {
            let _work = work;
            pending::<Result<Pipe, BoxError>>().await
        }
    });
    let client = builder(parse("http://127.0.0.1:1"))
        .connector(own.clone())
        .build();
    let action = january();
    let mut held = Vec::new();
    for _ in 0..2 {
        let call = client.call(&action);
        timeout(SHORT / 10, call).await.unwrap_err();
        held.push(Arc::strong_count(&work));
    }
    // The client has copies of the connector, as many after the second call as after the first.
    assert_eq!((own.asked().len(), held[0]), (2, held[1]));
}

#[tokio::test]
async fn a_proxy_is_connected_to_by_the_connector() {
    let peer = secure();
    let proxy = Proxy::to(peer.address());
    let url = proxy.url();
    let address = url.rsplit('@').next().unwrap().to_owned();
    let to: SocketAddr = address.parse().unwrap();
    let own = Own::new(move |_| pipe(to));
    let client = builder(parse("https://127.0.0.1"))
        .proxy(&url)
        .unwrap()
        .connector(own.clone())
        .trust_only(tls::trusted())
        .unwrap()
        .build();
    assert_eq!(
        client.call(&january()).await.unwrap().output.total,
        Some(42)
    );
    assert_eq!(own.asked(), [format!("http://{address}/")]);
    assert_eq!(proxy.received()[0].line, "CONNECT 127.0.0.1:443 HTTP/1.1");
}

#[test]
fn the_environments_proxies_are_not_a_connectors_matter() {
    if !is_child() {
        let nobody = Refusing::new();
        let test = "connector::the_environments_proxies_are_not_a_connectors_matter";
        return again(test, &[("ALL_PROXY", &nobody.address().to_string())]);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let peer = secure();
    let address = peer.address();
    // The name is not the certificate's, so that all there is to see is who was asked for.
    let own = Own::new(move |_| pipe(address));
    let client = builder(Endpoint::PUBLIC).connector(own.clone()).build();
    assert_not_sent(runtime.block_on(client.call(&january())));
    assert_eq!(own.asked(), ["http://billing.tencentcloudapi.com:443/"]);
}

#[tokio::test]
async fn a_machines_own_metadata_come_without_the_connector() {
    let emulator = Emulator::new(credential().with_token(TOKEN).unwrap());
    let peer = Peer::emulating(emulator.with_machine_role("billing-reader"));
    let address = peer.address();
    let own = Own::new(move |_| pipe(address));
    let client = builder(parse("http://127.0.0.1:1"))
        .credentials(Source::cvm_role_at(peer.endpoint(), None))
        .connector(own.clone())
        .build();
    assert_eq!(
        client.call(&january()).await.unwrap().output.total,
        Some(42)
    );
    assert_eq!(own.asked(), ["http://127.0.0.1:1/"]);
    // One for the role, one for the call.
    assert_eq!((peer.accepted(), peer.received().len()), (2, 3));
}
