//! How connections are made: by TCP or by the user's connector, through a proxy's tunnel, with TLS on top.

use std::{
    error::Error,
    fmt,
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{
    Request, StatusCode, Uri,
    header::{HOST, PROXY_AUTHORIZATION},
    uri::Scheme,
};
use http_body_util::Empty;
use hyper::{
    client::conn::http1,
    rt::{Read, Write},
    upgrade,
};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector};
use hyper_util::client::{
    legacy::connect::{
        Connected, Connection, HttpConnector,
        dns::{GaiAddrs, GaiResolver, Name},
    },
    proxy::matcher::{Intercept, Matcher},
};
use rustls::{
    AlertDescription, ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tc3_core::{BoxError, Invalid, Obstacle, Proxies, ProxyUrl, pem};
use tokio::time::timeout;
use tower_service::Service;

/// A connection of any kind.
pub(crate) type Io = Box<dyn Stream>;

pub(crate) trait Stream: Read + Write + Send + Unpin {}

impl<T: Read + Write + Send + Unpin> Stream for T {}

impl Connection for Io {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

type Connecting = Pin<Box<dyn Future<Output = Result<Io, BoxError>> + Send>>;

/// A connector of any kind.
#[derive(Clone)]
pub(crate) struct Connector(Arc<dyn Fn(Uri) -> Connecting + Send + Sync>);

impl Connector {
    pub(crate) fn new<S>(service: S) -> Self
    where
        S: Service<Uri> + Clone + Send + Sync + 'static,
        S::Response: Read + Write + Send + Unpin + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        Self(Arc::new(move |uri| {
            let mut service = service.clone();
            Box::pin(async move {
                let ready = poll_fn(|context| service.poll_ready(context)).await;
                ready.map_err(Into::into)?;
                let io = service.call(uri).await.map_err(Into::into)?;
                Ok(Box::new(io) as Io)
            })
        }))
    }

    /// Connects by TCP. The addresses of a name share the timeout.
    pub(crate) fn tcp(timeout: Duration) -> Self {
        Self::tcp_to(Resolver(GaiResolver::new()), timeout)
    }

    fn tcp_to<R>(resolver: R, timeout: Duration) -> Self
    where
        R: Service<Name, Response: Iterator<Item = SocketAddr>, Error: Into<BoxError>>,
        R: Clone + Send + Sync + 'static,
        R::Future: Send,
    {
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeout));
        Self::new(tcp)
    }

    /// Adds what comes on top: a proxy's tunnel, TLS, and the time that all of it may take.
    pub(crate) fn finish(self, proxies: Proxies, tls: Arc<ClientConfig>, limit: Duration) -> Self {
        let proxies = Arc::new(proxies);
        let dial = Self(Arc::new(move |uri| {
            Box::pin(dial(self.clone(), Arc::clone(&proxies), uri))
        }));
        let https = HttpsConnector::from((dial, tls));
        Self(Arc::new(move |uri| {
            let connecting = https.clone().call(uri);
            Box::pin(async move { Ok(Box::new(timeout(limit, connecting).await??) as Io) })
        }))
    }
}

impl Service<Uri> for Connector {
    type Response = Io;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Connecting {
        (self.0)(uri)
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

/// Connects to a host, through a tunnel where there is a proxy for it.
async fn dial(connector: Connector, proxies: Arc<Proxies>, uri: Uri) -> Result<Io, BoxError> {
    let default = if uri.scheme() == Some(&Scheme::HTTP) {
        80
    } else {
        443
    };
    let host = uri.host().ok_or("the URI is not absolute")?;
    let authority = format!("{host}:{}", uri.port_u16().unwrap_or(default));
    match proxies.choose(&uri)? {
        // Always http, so that no connector adds a TLS of its own.
        None => (connector.0)(format!("http://{authority}/").parse()?).await,
        Some(proxy) => {
            let proxy =
                intercept(proxy).ok_or("the proxy's address is not one that hyper can use")?;
            let io = (connector.0)(proxy.uri().clone()).await?;
            tunnel(io, &proxy, &authority).await
        }
    }
}

/// Parses a proxy's URL.
fn intercept(proxy: &ProxyUrl) -> Option<Intercept> {
    let matcher = Matcher::builder().all(proxy.expose()).build();
    matcher.intercept(&Uri::from_static("https://tencentcloudapi.com"))
}

/// Asks a proxy for a tunnel. The one in hyper-util doesn't tell the status of a refusal.
async fn tunnel(io: Io, proxy: &Intercept, authority: &str) -> Result<Io, BoxError> {
    let mut request = Request::connect(authority).header(HOST, authority);
    if let Some(authorization) = proxy.basic_auth() {
        request = request.header(PROXY_AUTHORIZATION, authorization);
    }
    let (mut requests, connection) = http1::handshake(io).await?;
    tokio::spawn(connection.with_upgrades());
    let answer = requests
        .send_request(request.body(Empty::<Bytes>::new())?)
        .await?;
    match answer.status() {
        StatusCode::OK => Ok(Box::new(upgrade::on(answer).await?)),
        status => Err(ConnectError::Proxy(status.as_u16()).into()),
    }
}

/// Looks names up as the system does, and marks its errors.
#[derive(Clone)]
struct Resolver(GaiResolver);

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<GaiAddrs, ConnectError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        self.0.poll_ready(context).map_err(ConnectError::NameLookup)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = self.0.call(name);
        Box::pin(async { found.await.map_err(ConnectError::NameLookup) })
    }
}

/// An error of connecting whose obstacle no other type tells.
#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error(transparent)]
    NameLookup(io::Error),
    #[error("the proxy answered with status {0}")]
    Proxy(u16),
}

/// What was in the way, by the types of an error's sources.
pub(crate) fn obstacle(error: &(dyn Error + 'static)) -> Obstacle {
    let mut next = Some(error);
    while let Some(error) = next {
        match error.downcast_ref() {
            Some(ConnectError::NameLookup(_)) => return Obstacle::NameLookup,
            Some(ConnectError::Proxy(status)) => return Obstacle::proxy(*status),
            None => {}
        }
        match error.downcast_ref() {
            // The server is in trouble, and refuses nothing that it was told.
            Some(rustls::Error::AlertReceived(AlertDescription::InternalError)) => break,
            Some(_) => return Obstacle::Tls,
            None => {}
        }
        // The source of an `io::Error` leaves out the error in it.
        let io = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = io.map_or_else(|| error.source(), |inner| Some(inner));
    }
    Obstacle::Connection
}

pub(crate) fn tls(roots: Option<RootCertStore>) -> Arc<ClientConfig> {
    // Left to itself, rustls panics in a program that has more than one cryptography compiled in.
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| Arc::new(ring::default_provider()));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("a cryptography for TLS 1.2 or 1.3");
    let config = match roots {
        Some(roots) => builder.with_root_certificates(roots),
        None => builder.with_webpki_roots(),
    };
    Arc::new(config.with_no_client_auth())
}

pub(crate) fn roots(text: &[u8]) -> Result<RootCertStore, Invalid> {
    let invalid = |rule| Invalid::new("trust_only", rule);
    let mut store = RootCertStore::empty();
    for section in pem::certificates(text)? {
        let root = CertificateDer::from_pem_slice(&section);
        let root = root.map_err(|_| invalid("must be PEM with whole sections of base64"))?;
        let added = store.add(root);
        added.map_err(|_| invalid("has a certificate that can't be a root"))?;
    }
    Ok(store)
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, ready},
        time::Instant,
        vec,
    };

    use tc3_test_peer::black_hole_at;
    use tokio::net::TcpListener;

    use super::*;

    /// Has the same addresses for each name.
    #[derive(Clone)]
    struct Known(Vec<SocketAddr>);

    impl Service<Name> for Known {
        type Response = vec::IntoIter<SocketAddr>;
        type Error = io::Error;
        type Future = Ready<io::Result<Self::Response>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Name) -> Self::Future {
            ready(Ok(self.0.clone().into_iter()))
        }
    }

    /// All addresses have the service's port, so they differ in the host.
    async fn connect(known: &[SocketAddr], timeout: Duration) -> (Result<Io, BoxError>, Duration) {
        let connector = Connector::tcp_to(Known(known.to_vec()), timeout);
        let mut connector = connector.finish(Proxies::default(), tls(None), timeout);
        let uri = format!("http://name.invalid:{}", known[0].port());
        let start = Instant::now();
        let connected = connector.call(uri.parse().unwrap());
        (connected.await, start.elapsed())
    }

    #[tokio::test]
    async fn an_address_that_never_answers_leaves_time_for_the_next_one() {
        let timeout = Duration::from_millis(800);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let (dead, _full) = black_hole_at(SocketAddr::new([127, 0, 0, 2].into(), good.port()));
        let (connected, took) = connect(&[dead, good], timeout).await;
        assert!(connected.is_ok());
        assert!(took >= timeout / 2, "{took:?}");

        let (connected, took) = connect(&[dead], timeout).await;
        let error = connected.map(drop).unwrap_err();
        assert_eq!(obstacle(&*error), Obstacle::Connection);
        assert!(took >= timeout, "{took:?}");
    }
}
