//! Opens connections: by TCP or the user's connector, through a proxy's tunnel if there is one, with TLS on top.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use std::{io, iter};

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, StatusCode, Uri, header};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::dns::GaiResolver;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Matcher;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{AlertDescription, ClientConfig, RootCertStore};
use tc3_core::error::{BoxError, Obstacle};
use tc3_core::{Invalid, proxy::ProxyUrl, wire::pem};
use tower::timeout::Timeout;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt, service_fn};
use webpki_roots::TLS_SERVER_ROOTS;

/// A connection of any kind.
pub(crate) type Io = Box<dyn Stream>;

pub(crate) trait Stream: Read + Write + Send + Unpin {}

impl<T: Read + Write + Send + Unpin> Stream for T {}

impl Connection for Io {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

/// A connector of any kind.
pub(crate) type Connector = BoxCloneSyncService<Uri, Io, BoxError>;

pub(crate) fn boxed<S>(connector: S) -> Connector
where
    S: Service<Uri, Response: Stream + 'static, Error: Into<BoxError>, Future: Send>,
    S: Clone + Send + Sync + 'static,
{
    let connector = connector.map_response(|io| Box::new(io) as Io);
    Connector::new(connector.map_err(Into::into))
}

fn tcp<R>(resolver: R, timeout: Duration) -> HttpConnector<R> {
    let mut tcp = HttpConnector::new_with_resolver(resolver);
    tcp.set_nodelay(true);
    // The addresses of a name share the timeout.
    tcp.set_connect_timeout(Some(timeout));
    tcp
}

/// What all connectors of a client share.
#[derive(Debug)]
pub(crate) struct Connect {
    /// The user's connector. It is used for everything but direct requests.
    own: Option<Connector>,
    tcp: Connector,
    tls: Arc<ClientConfig>,
    timeout: Duration,
}

impl Connect {
    pub(crate) fn new(own: Option<Connector>, tls: Arc<ClientConfig>, timeout: Duration) -> Self {
        let resolver = GaiResolver::new().map_err(ConnectError::NameLookup);
        let tcp = boxed(tcp(resolver, timeout));
        Self {
            own,
            tcp,
            tls,
            timeout,
        }
    }

    /// The connector for requests with this [`direct`](tc3_core::Attempt::direct) and
    /// [`proxy`](tc3_core::Attempt::proxy).
    pub(crate) fn connector(&self, direct: bool, proxy: Option<ProxyUrl>) -> Connector {
        let own = self.own.as_ref().filter(|_| !direct);
        let connector = own.unwrap_or(&self.tcp).clone();
        let dial = service_fn(move |uri| dial(connector.clone(), proxy.clone(), uri));
        let https = HttpsConnector::from((dial, Arc::clone(&self.tls)));
        boxed(Timeout::new(https, self.timeout))
    }
}

/// Connects to a host, through a proxy's tunnel if there is a proxy.
async fn dial(connector: Connector, proxy: Option<ProxyUrl>, uri: Uri) -> Result<Io, BoxError> {
    let is_http = uri.scheme() == Some(&Scheme::HTTP);
    let port = uri.port_u16().unwrap_or(if is_http { 80 } else { 443 });
    let authority = format!("{}:{port}", uri.host().unwrap_or_default());
    let Some(proxy) = proxy else {
        // Always http, so that no connector adds its own TLS.
        let uri = format!("http://{authority}/").parse()?;
        return connector.oneshot(uri).await;
    };
    let matcher = Matcher::builder().all(proxy.expose()).build();
    let proxy = matcher
        .intercept(&uri)
        .ok_or("hyper-util can't parse the proxy's URL")?;
    let io = connector.oneshot(proxy.uri().clone()).await?;
    // hyper-util's own tunnel doesn't report the status of a refusal.
    let mut request = Request::connect(&*authority).header(header::HOST, &*authority);
    if let Some(authorization) = proxy.basic_auth() {
        request = request.header(header::PROXY_AUTHORIZATION, authorization);
    }
    let (mut requests, connection) = http1::handshake(io).await?;
    tokio::spawn(connection.with_upgrades());
    let request = request.body(Empty::<Bytes>::new())?;
    let answer = requests.send_request(request).await?;
    match answer.status() {
        StatusCode::OK => Ok(Box::new(hyper::upgrade::on(answer).await?)),
        status => Err(ConnectError::Proxy(status.as_u16()).into()),
    }
}

/// Connect errors whose obstacle no other error type shows.
#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error(transparent)]
    NameLookup(io::Error),
    #[error("the proxy answered with status {0}")]
    Proxy(u16),
}

/// The obstacle by the types of an error and its sources.
pub(crate) fn obstacle(error: &(dyn Error + 'static)) -> Obstacle {
    let sources = iter::successors(Some(error), |&error| {
        // `io::Error::source` skips the error inside.
        let io = error.downcast_ref().and_then(io::Error::get_ref);
        io.map_or_else(|| error.source(), |inner| Some(inner))
    });
    let mut obstacles = sources.filter_map(|error| {
        match (error.downcast_ref(), error.downcast_ref()) {
            (Some(ConnectError::NameLookup(_)), _) => Some(Obstacle::NameLookup),
            (Some(ConnectError::Proxy(status)), _) => Some(Obstacle::proxy(*status)),
            // This alert says that the server failed, not that it refuses.
            (_, Some(rustls::Error::AlertReceived(AlertDescription::InternalError))) => None,
            (_, other) => other.map(|_| Obstacle::Tls),
        }
    });
    obstacles.next().unwrap_or(Obstacle::Connection)
}

pub(crate) fn tls(roots: RootCertStore) -> Arc<ClientConfig> {
    // By default rustls panics in a program with more than one cryptography provider.
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| Arc::new(ring::default_provider()));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("a cryptography for TLS 1.2 or 1.3");
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Mozilla's roots.
pub(crate) fn mozilla() -> RootCertStore {
    TLS_SERVER_ROOTS.iter().cloned().collect()
}

/// Adds the certificates in a PEM text to the roots.
pub(crate) fn trust(mut roots: RootCertStore, text: &[u8]) -> Result<RootCertStore, Invalid> {
    for root in pem::certificates(text)? {
        let added = roots.add(root.into());
        added.map_err(|_| Invalid::new("pem", "has a certificate that can't be a root"))?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, time::Instant};

    use hyper_util::client::legacy::connect::dns::Name;
    use tc3_test_peer::black_hole_at;
    use tokio::net::TcpListener;

    use super::*;

    /// All addresses have the service's port, so they differ in the host.
    async fn connect(known: &[SocketAddr], timeout: Duration) -> (Result<Io, BoxError>, Duration) {
        let known = known.to_vec();
        let uri = format!("http://name.invalid:{}", known[0].port());
        let resolver = service_fn(move |_: Name| {
            let known = known.clone().into_iter();
            async { io::Result::Ok(known) }
        });
        let own = Some(boxed(tcp(resolver, timeout)));
        let connector = Connect::new(own, tls(mozilla()), timeout).connector(false, None);
        let start = Instant::now();
        let connected = connector.oneshot(uri.parse().unwrap()).await;
        (connected, start.elapsed())
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
