use std::{
    future::Future,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::uri::{Authority, Scheme, Uri};
use http_body_util::Full;
use tc3_core::{Attempt, Failure, Outcome};
use tokio::{
    runtime::Handle,
    task::yield_now,
    time::{Instant, timeout_at},
};

use crate::{connect::Connect, connection::Connection};

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

/// The transport over hyper, with rustls and Mozilla's roots, or others. Connections are kept and used again;
/// those that have idled for too long are closed when the next call looks for one, or with the last client.
#[derive(Debug)]
pub struct Hyper {
    connect: Connect,
    timeout: Duration,
    idle: Mutex<Vec<Idle>>,
}

/// A connection that nobody uses.
#[derive(Debug)]
struct Idle {
    origin: Origin,
    since: Instant,
    connection: Connection,
}

/// What a connection is to, and whether it goes there directly whatever the proxies.
#[derive(Debug, PartialEq)]
struct Origin {
    scheme: Scheme,
    authority: Authority,
    direct: bool,
}

impl Hyper {
    pub(crate) const fn new(connect: Connect, timeout: Duration) -> Self {
        Self {
            connect,
            timeout,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Connects within the connect timeout and what is left until the deadline.
    async fn connect(&self, origin: &Origin, deadline: Instant) -> Result<Connection, Failure> {
        let Origin {
            scheme,
            authority,
            direct,
        } = origin;
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = left.min(self.timeout);
        let io = self.connect.connect(scheme, authority, *direct, timeout);
        let connection = Connection::new(io.await?).await;
        connection.map_err(Failure::not_sent)
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
    async fn send(&self, attempt: Attempt) -> Outcome {
        let deadline = Instant::now() + attempt.timeout;
        let mut request = attempt.request.map(Full::new);
        let uri = mem::take(request.uri_mut()).into_parts();
        let (Some(scheme), Some(authority)) = (uri.scheme, uri.authority) else {
            return Err(Failure::not_sent("the URI is not absolute"));
        };
        let origin = Origin {
            scheme,
            authority,
            direct: attempt.direct,
        };
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
                    // In a box, or every call would have room for it.
                    Box::pin(self.connect(&origin, deadline)).await?
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
