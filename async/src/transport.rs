use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::Uri;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::{
        legacy::{
            self,
            connect::{HttpConnector, capture_connection, proxy::Tunnel},
        },
        proxy::matcher::{Intercept, Matcher},
    },
    rt::{TokioExecutor, TokioTimer},
};
use tc3_core::{Attempt, BoxError, Failure, Invalid, Outcome, ProxyUrl};
use tower_service::Service;

/// How long a connection may idle: the service drops idle ones after about 60 s.
const MAX_IDLE: Duration = Duration::from_secs(45);

/// What sends a request once. A closure `Fn(Attempt) -> impl Future<Output = Outcome>` is one.
///
/// It keeps to the attempt's timeout, follows no redirect, reads at most one byte more than the
/// attempt's bound, and reports every answer, whatever its status, as an answer. When its future is
/// dropped, the request is abandoned.
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

/// The transport over hyper, with rustls and Mozilla's roots. Connections are kept and used again.
#[derive(Debug)]
pub struct Hyper {
    client: Connections,
}

type Pool<C> = legacy::Client<Bounded<HttpsConnector<C>>, Full<Bytes>>;

#[derive(Debug)]
enum Connections {
    Direct(Pool<HttpConnector>),
    Proxied(Pool<Tunnel<HttpConnector>>),
}

impl Hyper {
    pub(crate) fn new(timeout: Duration, proxy: Option<&Intercept>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let tls = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1();
        let mut pool = legacy::Client::builder(TokioExecutor::new());
        pool.pool_idle_timeout(MAX_IDLE)
            .pool_timer(TokioTimer::new());
        let client = match proxy {
            None => Connections::Direct(pool.build(Bounded {
                connector: tls.wrap_connector(tcp),
                timeout,
            })),
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
                if let Some(authorization) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(authorization.clone());
                }
                Connections::Proxied(pool.build(Bounded {
                    connector: tls.wrap_connector(tunnel),
                    timeout,
                }))
            }
        };
        Self { client }
    }

    async fn exchange(&self, request: http::Request<Full<Bytes>>, max_body: usize) -> Outcome {
        let response = match &self.client {
            Connections::Direct(client) => client.request(request).await,
            Connections::Proxied(client) => client.request(request).await,
        };
        let response = response.map_err(|error| {
            // Connecting includes the proxy and TLS.
            if error.is_connect() {
                Failure::not_sent(error)
            } else {
                Failure::unknown(error)
            }
        })?;
        let (parts, body) = response.into_parts();
        let body = read(body, max_body).await.map_err(Failure::unknown)?;
        Ok(http::Response::from_parts(parts, body))
    }
}

impl Transport for Hyper {
    async fn send(&self, attempt: Attempt) -> Outcome {
        let mut request = attempt.request.map(Full::new);
        let connection = capture_connection(&mut request);
        let exchange = self.exchange(request, attempt.max_body);
        match tokio::time::timeout(attempt.timeout, exchange).await {
            Ok(outcome) => outcome,
            Err(elapsed) if connection.connection_metadata().is_none() => {
                Err(Failure::not_sent(elapsed))
            }
            Err(elapsed) => Err(Failure::unknown(elapsed)),
        }
    }
}

/// A connector that has to be done within a time, the proxy's tunnel and TLS included.
#[derive(Clone)]
struct Bounded<C> {
    connector: C,
    timeout: Duration,
}

impl<C> Service<Uri> for Bounded<C>
where
    C: Service<Uri, Error: Into<BoxError>, Future: Send + 'static>,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.connector.call(with_port(uri));
        let timeout = tokio::time::timeout(self.timeout, connecting);
        Box::pin(async move { timeout.await?.map_err(Into::into) })
    }
}

/// Names the port, for which a tunnel would take 443 whatever the scheme.
fn with_port(uri: Uri) -> Uri {
    let (Some("http"), Some(host), None) = (uri.scheme_str(), uri.host(), uri.port()) else {
        return uri;
    };
    format!("http://{host}:80/").parse().unwrap_or(uri)
}

async fn read(mut body: Incoming, max_body: usize) -> Result<Bytes, hyper::Error> {
    let mut bytes = BytesMut::new();
    while bytes.len() <= max_body {
        let Some(frame) = body.frame().await else {
            break;
        };
        if let Ok(data) = frame?.into_data() {
            // One byte more than the bound tells core that there is more.
            let room = max_body.saturating_add(1) - bytes.len();
            bytes.extend_from_slice(&data[..data.len().min(room)]);
        }
    }
    Ok(bytes.freeze())
}
