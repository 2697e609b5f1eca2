use std::{
    collections::HashMap,
    error::Error,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::Response;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, connect::capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::RootCertStore;
use tc3_core::{Attempt, Failure, Outcome, proxy::Proxies};
use tokio::runtime::{self, Handle};
use tokio::{task::yield_now, time::timeout};

use crate::connect::{self, Connector};

/// How long a connection may idle: the service drops idle ones after about 60 s.
const MAX_IDLE: Duration = Duration::from_secs(45);
/// How large the head of an answer may be. It also bounds what is read in one go, however fast it comes.
const MAX_HEAD: usize = 16 << 10;
/// How many runtimes may have a pool; those that have ended have one as well.
const MAX_POOLS: usize = 64;

/// What sends a request once. A closure `Fn(Attempt) -> impl Future<Output = Outcome>` is one.
///
/// It sends what is [direct](Attempt::direct) through no proxy, keeps to the attempt's timeout, follows no
/// redirect, reads at most one byte more than the attempt's bound, and reports every answer, whatever its
/// status, as an answer. It logs no sensitive header, and no body of what is
/// [confidential](Attempt::confidential). When its future is dropped, the request is abandoned.
pub trait Transport: Send + Sync + 'static {
    /// Sends the request and waits for the whole answer: [`Failure::NotSent`] when the request
    /// surely never reached the service, [`Failure::Unknown`] for any other failure.
    fn send(&self, attempt: Attempt) -> impl Future<Output = Outcome> + Send;
}

impl<F, R> Transport for F
where
    F: Fn(Attempt) -> R + Send + Sync + 'static,
    R: Future<Output = Outcome> + Send,
{
    fn send(&self, attempt: Attempt) -> impl Future<Output = Outcome> + Send {
        self(attempt)
    }
}

/// The transport over hyper-util's client, with rustls and Mozilla's roots, or others. Connections are kept and
/// used again.
#[derive(Debug)]
pub struct Hyper {
    usual: Route,
    direct: Route,
}

impl Hyper {
    /// Connects by `own` instead of TCP, if there is one, but for what is direct.
    pub(crate) fn new(
        own: Option<Connector>,
        proxies: Proxies,
        roots: Option<RootCertStore>,
        timeout: Duration,
    ) -> Self {
        let tls = connect::tls(roots);
        let route = |connector, proxies: Arc<_>| Route {
            connector: connect::finish(connector, Arc::clone(&proxies), Arc::clone(&tls), timeout),
            proxies,
            pools: Mutex::default(),
        };
        let tcp = connect::tcp(timeout);
        Self {
            usual: route(own.unwrap_or_else(|| tcp.clone()), Arc::new(proxies)),
            direct: route(tcp, Arc::default()),
        }
    }
}

/// A way to connect, and the connections that were made so.
#[derive(Debug)]
struct Route {
    connector: Connector,
    proxies: Arc<Proxies>,
    /// One for each runtime. A connection is driven by the runtime that made it: with one pool for all, a call
    /// could wait for a runtime that nobody runs.
    pools: Mutex<HashMap<runtime::Id, Pool>>,
}

type Pool = legacy::Client<Connector, Full<Bytes>>;

impl Route {
    fn pool(&self) -> Pool {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if pools.len() > MAX_POOLS {
            pools.clear();
        }
        let pool = pools.entry(Handle::current().id()).or_insert_with(|| {
            legacy::Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(MAX_IDLE)
                .http1_max_buf_size(MAX_HEAD)
                .build(self.connector.clone())
        });
        pool.clone()
    }
}

impl Transport for Hyper {
    async fn send(&self, attempt: Attempt) -> Outcome {
        let route = match attempt.direct {
            true => &self.direct,
            false => &self.usual,
        };
        let proxy = route.proxies.choose(attempt.request.uri());
        let proxy = proxy.map_err(Failure::not_sent)?;
        let mut request = attempt.request.map(Full::new);
        let connection = capture_connection(&mut request);
        let exchange = async {
            // The runtime looks at its sockets meanwhile, so that the pool knows which connections were closed.
            yield_now().await;
            let answer = route.pool().request(request).await.map_err(failure)?;
            let (parts, body) = answer.into_parts();
            let body = read(body, attempt.max_body).await;
            Ok(Response::from_parts(parts, body.map_err(Failure::unknown)?))
        };
        let outcome = timeout(attempt.timeout, exchange).await;
        let outcome = outcome.unwrap_or_else(|late| {
            Err(match connection.connection_metadata().is_some() {
                true => Failure::unknown(late),
                false => Failure::not_sent(late),
            })
        });
        outcome.map_err(|failure| failure.through(proxy))
    }
}

/// Reads a body, at most one byte more than the bound: core sees by it that there is more.
async fn read(mut body: Incoming, max_body: usize) -> hyper::Result<Bytes> {
    let mut bytes = BytesMut::new();
    while bytes.len() <= max_body
        && let Some(frame) = body.frame().await.transpose()?
    {
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    bytes.truncate(max_body.saturating_add(1));
    Ok(bytes.freeze())
}

/// Nothing was sent where there was no connection, or where hyper gave the request back.
fn failure(error: legacy::Error) -> Failure {
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    if error.connect_info().is_none() || cause.is_some_and(hyper::Error::is_canceled) {
        let obstacle = connect::obstacle(&error);
        Failure::not_sent(error).with_obstacle(obstacle)
    } else {
        Failure::unknown(error)
    }
}
