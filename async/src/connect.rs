//! How connections are made: by TCP or as the user has it, through a proxy's tunnel, with TLS on top.

use std::{
    fmt,
    future::{Future, poll_fn},
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::{
        legacy::connect::{Connected, HttpConnector, proxy::Tunnel},
        proxy::matcher::{Intercept, Matcher},
    },
    rt::TokioIo,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, pem::PemObject},
};
use tc3_core::{BoxError, Invalid, Proxies, ProxyUrl};
use tokio::net::TcpStream;
use tower_service::Service;

/// Bytes over a [`Stream`], or over TLS over that.
pub(crate) type Io = MaybeHttpsStream<Stream>;

pub(crate) fn roots(pem: &[u8]) -> Result<RootCertStore, Invalid> {
    let invalid = |rule| Invalid::new("trust_only", rule);
    let mut store = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(pem) {
        let root = root.map_err(|_| invalid("must be PEM with whole sections of base64"))?;
        let added = store.add(root);
        added.map_err(|_| invalid("has a certificate that can't be a root"))?;
    }
    if store.is_empty() {
        return Err(invalid("must hold a certificate in PEM"));
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
    tcp: HttpConnector,
    /// Takes the place of TCP but for what is direct.
    own: Option<Own>,
    proxies: Proxies,
    tls: Arc<ClientConfig>,
}

impl Connect {
    pub(crate) fn new(own: Option<Own>, proxies: Proxies, roots: Option<RootCertStore>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self {
            tcp,
            own,
            proxies,
            tls: Arc::new(tls(roots)),
        }
    }

    /// Connects, the proxy's tunnel and TLS included; what is direct by TCP and without a proxy.
    pub(crate) async fn connect(
        &self,
        scheme: &Scheme,
        authority: &Authority,
        direct: bool,
    ) -> Result<Io, BoxError> {
        // A tunnel would take 443 whatever the scheme.
        let default = if *scheme == Scheme::HTTP { 80 } else { 443 };
        let port = authority.port_u16().unwrap_or(default);
        let uri: Uri = format!("{scheme}://{}:{port}/", authority.host()).parse()?;
        let tls = Arc::clone(&self.tls);
        let dial = match &self.own {
            Some(own) if !direct => Dial::Own(own.clone()),
            _ => Dial::Tcp(self.tcp.clone()),
        };
        let proxy = match direct {
            true => None,
            false => self.proxies.choose(&uri)?,
        };
        let Some(proxy) = proxy else {
            return call(HttpsConnector::from((dial, tls)), uri).await;
        };
        let proxy = intercept(proxy).ok_or("the proxy's address is not one that hyper can use")?;
        let mut tunnel = Tunnel::new(proxy.uri().clone(), dial);
        if let Some(authorization) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        call(HttpsConnector::from((tunnel, tls)), uri).await
    }
}

/// What hyper makes of a proxy's address.
fn intercept(proxy: &ProxyUrl) -> Option<Intercept> {
    let matcher = Matcher::builder().all(proxy.expose()).build();
    matcher.intercept(&Uri::from_static("https://tencentcloudapi.com"))
}

async fn call<S: Service<Uri>>(mut service: S, uri: Uri) -> Result<S::Response, S::Error> {
    poll_fn(|context| service.poll_ready(context)).await?;
    service.call(uri).await
}

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
    Tcp(HttpConnector),
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
