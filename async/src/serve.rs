//! Core's emulator on a real socket: what a program can be pointed at without an account. It needs the feature
//! `emulator` of `tc3-async`.
//!
//! ```
//! use tc3_async::{
//!     Client, Credential, billing::DescribeBillList, core::emulator::Emulator,
//!     serve::Server,
//! };
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! let server = Server::bind("127.0.0.1:0", Emulator::new(credential.clone())).await?;
//! let endpoint = format!("http://{}", server.local_addr()).parse()?;
//! tokio::spawn(server.run());
//!
//! let client = Client::builder().credentials(credential).endpoint(endpoint).build();
//! let day = DescribeBillList::new(
//!     "2024-01-01 00:00:00".parse()?,
//!     "2024-01-01 23:59:59".parse()?,
//! );
//! assert_eq!(client.call(&day).await?.output.total, Some(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tc3_core::{
    Failure, UnixTime,
    emulator::{Emulator, Frequency},
    wire::request::MAX_POST,
};
use tokio::net::{TcpListener, ToSocketAddrs};

/// The largest body that is read, in bytes.
const MAX_BODY: usize = MAX_POST * 2;

/// An HTTP/1.1 server that answers with an [`Emulator`].
///
/// A slow answer holds up nothing but its own connection. Where the emulator's script leaves a request without
/// an answer, the connection is closed; a client can't tell by that whether the request took effect. A body of more
/// than 20 MiB is answered with status 413, and the connection is closed.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    monitor: Monitor,
}

/// What a [`Server`] has done so far, also while it runs.
#[derive(Clone, Debug)]
pub struct Monitor {
    emulator: Arc<Mutex<Emulator>>,
    open: Arc<AtomicUsize>,
}

impl Monitor {
    /// How many requests it was sent.
    pub fn requests(&self) -> u64 {
        self.emulator().requests()
    }

    /// How many of them met a scripted fault.
    pub fn faults(&self) -> u64 {
        self.emulator().faults()
    }

    /// How often each action was requested, if there are frequency limits: [`Emulator::frequencies`].
    pub fn frequencies(&self) -> Vec<Frequency> {
        self.emulator().frequencies().collect()
    }

    /// How many connections to it are open.
    pub fn open_connections(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    fn emulator(&self) -> MutexGuard<'_, Emulator> {
        self.emulator.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is open until this is dropped.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Server {
    /// Listens on an address; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// The operating system's, when the address can't be taken.
    pub async fn bind(address: impl ToSocketAddrs, emulator: Emulator) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            monitor: Monitor {
                emulator: Arc::new(Mutex::new(emulator)),
                open: Arc::default(),
            },
        })
    }

    /// The address that it listens on.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Tells what the server has done, from any thread.
    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }

    /// Accepts connections until the future is dropped. Those that are open are served until they are closed or the runtime
    /// ends.
    pub async fn run(self) -> Infallible {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    // Answers are small and come at once; Nagle would only hold them back.
                    let _ = stream.set_nodelay(true);
                    let open = Open::new(&self.monitor.open);
                    let monitor = self.monitor.clone();
                    let service = service_fn(move |request| answer(monitor.clone(), request));
                    let connection = http1::Builder::new()
                        .timer(TokioTimer::new())
                        .serve_connection(TokioIo::new(stream), service);
                    tokio::spawn(async move {
                        // A connection that breaks is the client's matter.
                        let _ = connection.await;
                        drop(open);
                    });
                }
                // Out of descriptors, say: others may be closed meanwhile.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }
}

async fn answer(
    monitor: Monitor,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Failure> {
    let (parts, mut body) = request.into_parts();
    // A little more than the service takes, so that the emulator itself refuses what is too large.
    let body = match Limited::new(&mut body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            // A client that is still sending misses the answer when the connection closes, so some of the rest is
            // read. The connection is of no more use: nobody knows where the next request begins.
            let _ = Limited::new(&mut body, MAX_BODY).collect().await;
            return Ok(closing(StatusCode::PAYLOAD_TOO_LARGE));
        }
        Err(_) => return Ok(closing(StatusCode::BAD_REQUEST)),
    };
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = since_epoch.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    let request = Request::from_parts(parts, body);
    // Some answers take the emulator a while. Meanwhile others arrive, and count in the second in which they do.
    let exchange = move || monitor.emulator().exchange(UnixTime::new(now), &request);
    let Ok(exchange) = tokio::task::spawn_blocking(exchange).await else {
        return Ok(closing(StatusCode::INTERNAL_SERVER_ERROR));
    };
    if !exchange.delay.is_zero() {
        tokio::time::sleep(exchange.delay).await;
    }
    // An error makes hyper close the connection.
    exchange.outcome.map(|answer| answer.map(Full::new))
}

/// An answer after which the connection closes.
fn closing(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}
