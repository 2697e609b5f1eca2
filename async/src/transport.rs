use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::future::BoxFuture;
use http::Response;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, connect::capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tc3_core::{Attempt, Failure, Outcome, proxy::ProxyUrl};
use tokio::runtime::{self, Handle};
use tokio::{task::yield_now, time::timeout};

use crate::connect::{self, Connect, Connector};

/// How long a connection may idle: the service closes idle ones after about 60 s.
const MAX_IDLE: Duration = Duration::from_secs(45);
/// The largest head of an answer, in bytes. It also bounds a single read of the body.
const MAX_HEAD: usize = 16 << 10;
/// How many pools there may be, those of runtimes that have ended included.
const MAX_POOLS: usize = 64;

/// Sends a request once. A closure `Fn(Attempt) -> impl Future<Output = Outcome>` is one.
///
/// It sends through the attempt's [proxy](Attempt::proxy), keeps to the attempt's timeout, follows no redirect, reads at
/// most one byte more than the attempt's `max_body`, and returns every answer, whatever its status, as `Ok`. It logs no
/// sensitive header, and no body of a [confidential](Attempt::confidential) attempt. Dropping its future abandons the
/// request.
pub trait Transport: Send + Sync + 'static {
    /// Sends the request and waits for the whole answer. Returns [`Failure::NotSent`] only if the request surely never
    /// reached the service, and [`Failure::Unknown`] for any other failure.
    fn send(&self, attempt: Attempt) -> impl Future<Output = Outcome> + Send;
}

/// A [`Transport`] of any type.
pub(crate) trait Erased: Send + Sync {
    fn send(&self, attempt: Attempt) -> BoxFuture<'_, Outcome>;
}

impl<T: Transport> Erased for T {
    fn send(&self, attempt: Attempt) -> BoxFuture<'_, Outcome> {
        Box::pin(Transport::send(self, attempt))
    }
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

/// The transport over hyper-util's client, with rustls and Mozilla's roots, or others. Connections are reused.
#[derive(Debug)]
pub(crate) struct Hyper {
    connect: Connect,
    /// One for each runtime and way to connect. A connection is driven by the runtime that made it: with one pool for
    /// all, a call could wait for a runtime that nobody runs.
    pools: Mutex<HashMap<Key, Pool>>,
}

/// The runtime, [`Attempt::direct`] and [`Attempt::proxy`].
type Key = (runtime::Id, bool, Option<ProxyUrl>);
type Pool = legacy::Client<Connector, Full<Bytes>>;

impl Hyper {
    pub(crate) fn new(connect: Connect) -> Self {
        let pools = Mutex::default();
        Self { connect, pools }
    }

    fn pool(&self, direct: bool, proxy: Option<ProxyUrl>) -> Pool {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if pools.len() > MAX_POOLS {
            pools.clear();
        }
        let key = (Handle::current().id(), direct, proxy.clone());
        let pool = pools.entry(key).or_insert_with(|| {
            legacy::Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(MAX_IDLE)
                .http1_max_buf_size(MAX_HEAD)
                .build(self.connect.connector(direct, proxy))
        });
        pool.clone()
    }
}

impl Transport for Hyper {
    async fn send(&self, attempt: Attempt) -> Outcome {
        let mut request = attempt.request.map(Full::new);
        let connection = capture_connection(&mut request);
        let exchange = async {
            // Lets the runtime poll its sockets, so that the pool drops connections that were closed.
            yield_now().await;
            let pool = self.pool(attempt.direct, attempt.proxy);
            let (parts, body) = pool.request(request).await.map_err(failure)?.into_parts();
            let body = read(body, attempt.max_body).await;
            Ok(Response::from_parts(parts, body.map_err(Failure::unknown)?))
        };
        let outcome = timeout(attempt.timeout, exchange).await;
        outcome.unwrap_or_else(|late| match connection.connection_metadata().is_some() {
            true => Err(Failure::unknown(late)),
            false => Err(Failure::not_sent(late)),
        })
    }
}

/// Reads a body, at most one byte more than `max_body`, by which core recognizes one that is too large.
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

/// The request was not sent if there was no connection, or if hyper returned it.
fn failure(error: legacy::Error) -> Failure {
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    if error.connect_info().is_none() || cause.is_some_and(hyper::Error::is_canceled) {
        let obstacle = connect::obstacle(&error);
        Failure::not_sent(error).with_obstacle(obstacle)
    } else {
        Failure::unknown(error)
    }
}
