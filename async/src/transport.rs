use std::{
    future::{Future, poll_fn},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use http_body_util::Full;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::{
    legacy::connect::{HttpConnector, proxy::Tunnel},
    proxy::matcher::{Intercept, Matcher},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, pem::PemObject},
};
use tc3_core::{Attempt, BoxError, Failure, Invalid, Outcome, ProxyUrl};
use tokio::{
    runtime::Handle,
    task::yield_now,
    time::{Instant, timeout_at},
};
use tower_service::Service;

use crate::connection::Connection;

const LATE: &str = "no answer has begun in the attempt's time";

/// How long a connection may idle: the service drops idle ones after about 60 s.
const MAX_IDLE: Duration = Duration::from_secs(45);
/// How many may: those of a wide walk, which would otherwise be made anew for each page.
const MAX_IDLE_CONNECTIONS: usize = 64;

/// What sends a request once. A closure `Fn(Attempt) -> impl Future<Output = Outcome>` is one.
///
/// It sends what is [direct](Attempt::direct) through no proxy, keeps to the attempt's timeout, follows no
/// redirect, reads at most one byte more than the attempt's bound, and reports every answer, whatever its
/// status, as an answer. It logs no sensitive header, and no body of what is
/// [confidential](Attempt::confidential). When its future is dropped, the request is abandoned.
pub trait Transport: Send + Sync {
    /// Sends the request and waits for the whole answer: [`Failure::NotSent`] when the request
    /// surely never reached the service, [`Failure::Unknown`] for any other failure.
    fn send(&self, attempt: Attempt) -> impl Future<Output = Outcome> + Send;
}

impl<F, R> Transport for F
where
    F: Fn(Attempt) -> R + Send + Sync,
    R: Future<Output = Outcome> + Send,
{
    fn send(&self, attempt: Attempt) -> impl Future<Output = Outcome> + Send {
        self(attempt)
    }
}

pub(crate) fn proxy(url: &str) -> Result<Intercept, Invalid> {
    let url = ProxyUrl::new(url)?;
    let matcher = Matcher::builder().all(url.expose()).build();
    matcher
        .intercept(&Uri::from_static("https://tencentcloudapi.com"))
        .ok_or(Invalid::new("proxy", "is not one that hyper can use"))
}

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

/// The transport over hyper, with rustls and Mozilla's roots, or others. Connections are kept and used again;
/// those that have idled for too long are closed when the next call looks for one, or with the last client.
#[derive(Debug)]
pub struct Hyper {
    connector: Connector,
    timeout: Duration,
    idle: Mutex<Vec<Idle>>,
    /// For what must not go through the proxy.
    direct: Option<Box<Self>>,
}

#[derive(Clone, Debug)]
enum Connector {
    Direct(HttpsConnector<HttpConnector>),
    Proxied(HttpsConnector<Tunnel<HttpConnector>>),
}

/// A connection that nobody uses.
#[derive(Debug)]
struct Idle {
    origin: Origin,
    since: Instant,
    connection: Connection,
}

type Origin = (Scheme, Authority);

impl Hyper {
    pub(crate) fn new(
        timeout: Duration,
        proxy: Option<&Intercept>,
        roots: Option<RootCertStore>,
    ) -> Self {
        let direct = proxy.map(|_| Box::new(Self::new(timeout, None, roots.clone())));
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let tls = HttpsConnectorBuilder::new()
            .with_tls_config(tls(roots))
            .https_or_http()
            .enable_http1();
        let connector = match proxy {
            None => Connector::Direct(tls.wrap_connector(tcp)),
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
                if let Some(authorization) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(authorization.clone());
                }
                Connector::Proxied(tls.wrap_connector(tunnel))
            }
        };
        Self {
            connector,
            timeout,
            idle: Mutex::default(),
            direct,
        }
    }

    /// Connects, the proxy's tunnel and TLS included.
    async fn connect(&self, (scheme, authority): &Origin) -> Result<Connection, BoxError> {
        // A tunnel would take 443 whatever the scheme.
        let default = if *scheme == Scheme::HTTP { 80 } else { 443 };
        let port = authority.port_u16().unwrap_or(default);
        let uri = format!("{scheme}://{}:{port}/", authority.host()).parse()?;
        let io = match self.connector.clone() {
            Connector::Direct(mut connector) => {
                poll_fn(|context| connector.poll_ready(context)).await?;
                connector.call(uri).await?
            }
            Connector::Proxied(mut connector) => {
                poll_fn(|context| connector.poll_ready(context)).await?;
                connector.call(uri).await?
            }
        };
        Ok(Connection::new(io).await?)
    }

    /// The connection to an origin that was last used.
    fn take(&self, origin: &Origin) -> Option<Connection> {
        let now = Instant::now();
        let mut idle = self.idle();
        idle.retain(|idle| now.duration_since(idle.since) < MAX_IDLE);
        let runtime = Handle::current().id();
        let last = idle
            .iter()
            .rposition(|idle| idle.origin == *origin && idle.connection.is_of(runtime))?;
        Some(idle.remove(last).connection)
    }

    fn keep(&self, origin: Origin, mut connection: Connection) {
        if connection.is_ready() {
            let mut idle = self.idle();
            if idle.len() < MAX_IDLE_CONNECTIONS {
                idle.push(Idle {
                    origin,
                    since: Instant::now(),
                    connection,
                });
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Hyper {
    fn send(&self, attempt: Attempt) -> impl Future<Output = Outcome> + Send {
        match &self.direct {
            Some(direct) if attempt.direct => direct.exchange(attempt),
            _ => self.exchange(attempt),
        }
    }
}

impl Hyper {
    async fn exchange(&self, attempt: Attempt) -> Outcome {
        let deadline = Instant::now() + attempt.timeout;
        let mut request = attempt.request.map(Full::new);
        let uri = mem::take(request.uri_mut()).into_parts();
        let (Some(scheme), Some(authority)) = (uri.scheme, uri.authority) else {
            return Err(Failure::not_sent("the URI is not absolute"));
        };
        let origin = (scheme, authority);
        *request.uri_mut() = uri.path_and_query.map_or_else(Uri::default, Uri::from);
        loop {
            let idle = self.take(&origin);
            let reused = idle.is_some();
            let mut connection = match idle {
                Some(connection) => {
                    // The runtime looks at its sockets meanwhile: one that was closed is known by then.
                    yield_now().await;
                    connection
                }
                None => {
                    let by = deadline.min(Instant::now() + self.timeout);
                    // In a box, or every call would have room for it.
                    let connecting = Box::pin(self.connect(&origin));
                    let connected = timeout_at(by, connecting).await;
                    let connected = connected.map_err(Failure::not_sent)?;
                    connected.map_err(Failure::not_sent)?
                }
            };
            connection.set_deadline(deadline);
            let answer = connection.send(request).await;
            let (parts, body) = match answer.ok_or_else(|| Failure::unknown(LATE))? {
                Ok(answer) => answer.into_parts(),
                Err(mut error) => match error.take_message() {
                    Some(unsent) if reused => {
                        request = unsent;
                        continue;
                    }
                    Some(_) => return Err(Failure::not_sent(error.into_error())),
                    None => return Err(Failure::unknown(error.into_error())),
                },
            };
            let body = timeout_at(deadline, connection.read(body, attempt.max_body)).await;
            let body = body.map_err(Failure::unknown)?.map_err(Failure::unknown)?;
            self.keep(origin, connection);
            return Ok(http::Response::from_parts(parts, body));
        }
    }
}
