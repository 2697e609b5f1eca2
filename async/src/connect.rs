//! How connections are made: by TCP or as the user has it, through a proxy's tunnel, with TLS on top.

use std::{
    error::Error,
    fmt,
    future::{Future, poll_fn},
    io::{self, IoSlice},
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use bytes::Bytes;
use http::{
    HeaderValue, Request, StatusCode, Uri,
    header::{HOST, PROXY_AUTHORIZATION},
    uri::{Authority, Scheme},
};
use http_body_util::Empty;
use hyper::{
    client::conn::http1,
    rt::{Read, ReadBufCursor, Write},
};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::{
        legacy::connect::{
            Connected, HttpConnector,
            dns::{GaiResolver, Name},
        },
        proxy::matcher::{Intercept, Matcher},
    },
    rt::TokioIo,
};
use rustls::{
    AlertDescription, ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tc3_core::{BoxError, Failure, Invalid, Obstacle, Proxies, ProxyUrl, pem};
use tokio::net::TcpStream;
use tower_service::Service;

/// Bytes over a [`Stream`], or over TLS over that.
pub(crate) type Io = MaybeHttpsStream<Stream>;

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

fn tls(roots: Option<RootCertStore>) -> ClientConfig {
    // Left to itself, rustls panics in a program that has more than one cryptography compiled in.
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| Arc::new(ring::default_provider()));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("a cryptography for TLS 1.2 or 1.3");
    match roots {
        Some(roots) => builder.with_root_certificates(roots),
        None => builder.with_webpki_roots(),
    }
    .with_no_client_auth()
}

/// Makes connections.
#[derive(Debug)]
pub(crate) struct Connect {
    tcp: HttpConnector<Resolver>,
    /// Takes the place of TCP but for what is direct.
    own: Option<Own>,
    proxies: Proxies,
    tls: Arc<ClientConfig>,
}

impl Connect {
    pub(crate) fn new(own: Option<Own>, proxies: Proxies, roots: Option<RootCertStore>) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver::default());
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self {
            tcp,
            own,
            proxies,
            tls: Arc::new(tls(roots)),
        }
    }

    /// Connects within that time, the proxy's tunnel and TLS included; what is direct by TCP and without a proxy.
    pub(crate) async fn connect(
        &self,
        scheme: &Scheme,
        authority: &Authority,
        direct: bool,
        timeout: Duration,
    ) -> Result<Io, Failure> {
        // A tunnel would take 443 whatever the scheme.
        let default = if *scheme == Scheme::HTTP { 80 } else { 443 };
        let port = authority.port_u16().unwrap_or(default);
        let uri = format!("{scheme}://{}:{port}/", authority.host());
        let uri: Uri = uri.parse().map_err(Failure::not_sent)?;
        let dial = match &self.own {
            Some(own) if !direct => Dial::Own(own.clone()),
            _ => {
                let mut tcp = self.tcp.clone();
                // The addresses of a name share it.
                tcp.set_connect_timeout(Some(timeout));
                Dial::Tcp(tcp)
            }
        };
        let proxy = match direct {
            true => None,
            false => self.proxies.choose(&uri).map_err(Failure::not_sent)?,
        };
        let Some(proxy) = proxy else {
            return self.secure(dial, uri, timeout).await;
        };
        let address = intercept(proxy).ok_or("the proxy's address is not one that hyper can use");
        let address = address.map_err(Failure::not_sent)?;
        let tunnel = Tunnel::new(dial, &address);
        let connected = self.secure(tunnel, uri, timeout).await;
        connected.map_err(|failure| failure.through(proxy))
    }

    /// Puts TLS on top, where the scheme asks for it.
    async fn secure<S>(&self, service: S, uri: Uri, timeout: Duration) -> Result<Io, Failure>
    where
        S: Service<Uri, Response = Stream, Error = BoxError, Future = Dialing> + Send,
    {
        let connecting = call(HttpsConnector::from((service, Arc::clone(&self.tls))), uri);
        match tokio::time::timeout(timeout, connecting).await {
            Ok(connected) => connected.map_err(failure),
            Err(late) => Err(Failure::not_sent(late)),
        }
    }
}

/// What hyper makes of a proxy's address.
fn intercept(proxy: &ProxyUrl) -> Option<Intercept> {
    let matcher = Matcher::builder().all(proxy.expose()).build();
    matcher.intercept(&Uri::from_static("https://tencentcloudapi.com"))
}

/// The failure that an error of connecting comes to.
fn failure(error: BoxError) -> Failure {
    let obstacle = obstacle(&*error);
    Failure::not_sent(error).with_obstacle(obstacle)
}

/// What an error of connecting says was in the way.
fn obstacle(error: &(dyn Error + 'static)) -> Obstacle {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return match error {
                // The server's own trouble, and none with what it was told.
                rustls::Error::AlertReceived(AlertDescription::InternalError) => {
                    Obstacle::Connection
                }
                _ => Obstacle::Tls,
            };
        }
        if error.is::<NameLookup>() {
            return Obstacle::NameLookup;
        }
        if let Some(Refused(status)) = error.downcast_ref() {
            return Obstacle::proxy(*status);
        }
        // Its source is that of what it holds.
        let io = error
            .downcast_ref::<io::Error>()
            .and_then(|io| io.get_ref());
        next = match io {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    Obstacle::Connection
}

async fn call<S: Service<Uri>>(mut service: S, uri: Uri) -> Result<S::Response, S::Error> {
    poll_fn(|context| service.poll_ready(context)).await?;
    service.call(uri).await
}

/// Looks names up as the system does, and marks what comes of it.
#[derive(Clone, Debug)]
struct Resolver {
    system: GaiResolver,
    /// What a test has every name stand for.
    #[cfg(test)]
    known: Option<Vec<SocketAddr>>,
}

impl Default for Resolver {
    fn default() -> Self {
        Self {
            system: GaiResolver::new(),
            #[cfg(test)]
            known: None,
        }
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = NameLookup;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, NameLookup>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), NameLookup>> {
        self.system.poll_ready(context).map_err(NameLookup)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        #[cfg(test)]
        if let Some(known) = self.known.clone() {
            return Box::pin(async move { Ok(known.into_iter()) });
        }
        let found = self.system.call(name);
        Box::pin(async move {
            let found: Vec<_> = found.await.map_err(NameLookup)?.collect();
            Ok(found.into_iter())
        })
    }
}

/// The system's error when it looked up a name.
#[derive(Debug)]
struct NameLookup(io::Error);

impl fmt::Display for NameLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for NameLookup {}

type Dialing = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

/// A connector of the user's own.
#[derive(Clone)]
pub(crate) struct Own(Arc<dyn Fn(Uri) -> Dialing + Send + Sync>);

impl Own {
    pub(crate) fn new<S>(connector: S) -> Self
    where
        S: Service<Uri> + Clone + Send + Sync + 'static,
        S::Response: Read + Write + Send + Unpin + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        Self(Arc::new(move |uri| {
            let connector = connector.clone();
            Box::pin(async move {
                let stream = call(connector, uri).await.map_err(Into::into)?;
                Ok(Stream::Own(Box::new(stream)))
            })
        }))
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Own")
    }
}

/// What brings bytes to a host, or to the proxy on the way there.
#[derive(Clone)]
enum Dial {
    Tcp(HttpConnector<Resolver>),
    Own(Own),
}

impl Service<Uri> for Dial {
    type Response = Stream;
    type Error = BoxError;
    type Future = Dialing;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Tcp(tcp) => tcp.poll_ready(context).map_err(Into::into),
            // It is asked when it is called.
            Self::Own(_) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, uri: Uri) -> Dialing {
        match self {
            Self::Tcp(tcp) => {
                let connecting = tcp.call(uri);
                Box::pin(async move { Ok(Stream::Tcp(connecting.await?)) })
            }
            Self::Own(own) => {
                // TLS is not its matter, and one that can do it must not take it for its own.
                let mut parts = uri.into_parts();
                parts.scheme = Some(Scheme::HTTP);
                match Uri::from_parts(parts) {
                    Ok(uri) => own.0(uri),
                    Err(error) => Box::pin(async move { Err(error.into()) }),
                }
            }
        }
    }
}

/// Asks a proxy for a tunnel, over what connects to it. hyper-util has one as well, which doesn't tell the status
/// that a proxy refuses with.
#[derive(Clone)]
struct Tunnel {
    dial: Dial,
    proxy: Uri,
    authorization: Option<HeaderValue>,
}

impl Tunnel {
    fn new(dial: Dial, proxy: &Intercept) -> Self {
        Self {
            dial,
            proxy: proxy.uri().clone(),
            authorization: proxy.basic_auth().cloned(),
        }
    }
}

impl Service<Uri> for Tunnel {
    type Response = Stream;
    type Error = BoxError;
    type Future = Dialing;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.dial.poll_ready(context)
    }

    fn call(&mut self, target: Uri) -> Dialing {
        let dialing = self.dial.call(self.proxy.clone());
        let authorization = self.authorization.take();
        Box::pin(async move { tunnel(dialing.await?, &target, authorization).await })
    }
}

async fn tunnel(
    stream: Stream,
    target: &Uri,
    authorization: Option<HeaderValue>,
) -> Result<Stream, BoxError> {
    let authority = target.authority().ok_or("the URI is not absolute")?;
    let mut request = Request::connect(authority.as_str()).header(HOST, authority.as_str());
    if let Some(mut authorization) = authorization {
        authorization.set_sensitive(true);
        request = request.header(PROXY_AUTHORIZATION, authorization);
    }
    let request = request.body(Empty::<Bytes>::new())?;
    let (mut requests, mut connection) = http1::handshake(stream).await?;
    let mut answer = pin!(requests.send_request(request));
    let mut ended = false;
    let answer = poll_fn(|context| {
        // The request hears of what ends it.
        ended = ended || connection.poll_without_shutdown(context).is_ready();
        answer.as_mut().poll(context)
    });
    match answer.await?.status() {
        StatusCode::OK => {}
        status => return Err(Refused(status.as_u16()).into()),
    }
    let parts = connection.into_parts();
    if parts.read_buf.is_empty() {
        Ok(parts.io)
    } else {
        let text = "something speaks in the tunnel before it was spoken to".into();
        Err(rustls::Error::General(text).into())
    }
}

/// A proxy's answer that is no tunnel, by its status.
#[derive(Debug)]
struct Refused(u16);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy answers with status {}", self.0)
    }
}

impl Error for Refused {}

/// What a connector of the user's own makes.
pub(crate) trait ReadWrite: Read + Write {}

impl<T: Read + Write> ReadWrite for T {}

/// Bytes over TCP, or over something of the user's own.
pub(crate) enum Stream {
    Tcp(TokioIo<TcpStream>),
    Own(Box<dyn ReadWrite + Send + Unpin>),
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp(_) => "Tcp",
            Self::Own(_) => "Own",
        })
    }
}

impl hyper_util::client::legacy::connect::Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

macro_rules! either {
    ($stream:expr, $io:ident => $call:expr) => {
        match $stream.get_mut() {
            Stream::Tcp(io) => {
                let $io = Pin::new(io);
                $call
            }
            Stream::Own(io) => {
                let $io = Pin::new(io);
                $call
            }
        }
    };
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_read(context, buffer))
    }
}

impl Write for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, io => io.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_shutdown(context))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(io) => io.is_write_vectored(),
            Self::Own(io) => io.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, io => io.poll_write_vectored(context, slices))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tc3_test_peer::black_hole_at;
    use tokio::net::TcpListener;

    use super::*;

    /// All addresses have the service's port, so they differ in the host.
    async fn connect(known: &[SocketAddr], timeout: Duration) -> (Result<Io, Failure>, Duration) {
        let mut connect = Connect::new(None, Proxies::default(), None);
        let mut tcp = HttpConnector::new_with_resolver(Resolver {
            known: Some(known.to_vec()),
            ..Resolver::default()
        });
        tcp.enforce_http(false);
        connect.tcp = tcp;
        let authority = format!("name.invalid:{}", known[0].port());
        let authority = authority.parse().unwrap();
        let start = Instant::now();
        let connected = connect.connect(&Scheme::HTTP, &authority, false, timeout);
        (connected.await, start.elapsed())
    }

    #[tokio::test]
    async fn an_address_that_never_answers_leaves_time_for_the_next_one() {
        let timeout = Duration::from_millis(800);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let (dead, _full) = black_hole_at(SocketAddr::new([127, 0, 0, 2].into(), good.port()));
        let (connected, took) = connect(&[dead, good], timeout).await;
        connected.unwrap();
        assert!(took >= timeout / 2, "{took:?}");

        let (connected, took) = connect(&[dead], timeout).await;
        let Err(Failure::NotSent(not_sent)) = connected else {
            panic!("{connected:?}");
        };
        assert_eq!(not_sent.obstacle(), Obstacle::Connection);
        assert!(took >= timeout, "{took:?}");
    }
}
