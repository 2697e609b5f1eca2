use std::{
    fmt,
    io::{ErrorKind, Read},
    time::Duration,
};

use bytes::Bytes;
use tc3_core::{Attempt, Failure, Invalid, Outcome};
use ureq::{Agent, Body, Proxy, Timeout};

/// How long a connection may idle: the service drops idle ones after about 60 s.
const MAX_IDLE: Duration = Duration::from_secs(45);

/// What sends a request once. A closure `Fn(Attempt) -> Outcome` is one.
///
/// It keeps to the attempt's timeout, follows no redirect, reads at most one byte more than the
/// attempt's bound, and reports every answer, whatever its status, as an answer.
pub trait Transport: Send + Sync {
    /// Sends the request and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// [`Failure::NotSent`] when the request surely never reached the service, [`Failure::Unknown`]
    /// for anything else.
    fn send(&self, attempt: Attempt) -> Outcome;
}

impl<F: Fn(Attempt) -> Outcome + Send + Sync> Transport for F {
    fn send(&self, attempt: Attempt) -> Outcome {
        self(attempt)
    }
}

/// How connections are made.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) timeout: Duration,
    pub(crate) proxy: Option<Proxy>,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            proxy: None,
        }
    }
}

pub(crate) fn proxy(url: &str) -> Result<Proxy, Invalid> {
    let wrong = Invalid::new("proxy", "must be http://[user:password@]host:port");
    if !url.starts_with("http://") {
        return Err(wrong);
    }
    Proxy::new(url).map_err(|_| wrong)
}

/// The transport over ureq, with rustls and Mozilla's roots. Connections are kept and used again.
pub struct Ureq {
    agent: Agent,
}

impl Ureq {
    pub(crate) fn new(connection: &Connection) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_age(MAX_IDLE)
            .proxy(connection.proxy.clone())
            .timeout_connect(Some(connection.timeout))
            .user_agent(concat!("tc3-blocking/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self { agent }
    }
}

impl Transport for Ureq {
    fn send(&self, attempt: Attempt) -> Outcome {
        let (parts, body) = attempt.request.into_parts();
        let request = http::Request::from_parts(parts, &body[..]);
        let request = self
            .agent
            .configure_request(request)
            .timeout_global(Some(attempt.timeout))
            .build();
        let response = self.agent.run(request).map_err(failure)?;
        read(response, attempt.max_body).map_err(Failure::unknown)
    }
}

fn read(
    response: http::Response<Body>,
    max_body: usize,
) -> Result<http::Response<Bytes>, std::io::Error> {
    let (parts, body) = response.into_parts();
    let bound = u64::try_from(max_body)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut bytes = Vec::new();
    body.into_reader().take(bound).read_to_end(&mut bytes)?;
    Ok(http::Response::from_parts(parts, bytes.into()))
}

/// Whether the request can have reached the service. What is not surely before it is after it.
fn failure(error: ureq::Error) -> Failure {
    let before = match &error {
        ureq::Error::Timeout(timeout) => matches!(timeout, Timeout::Resolve | Timeout::Connect),
        ureq::Error::Io(io) => matches!(
            io.kind(),
            ErrorKind::ConnectionRefused
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::AddrNotAvailable
        ),
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::InvalidProxyUrl
        | ureq::Error::BadUri(_)
        | ureq::Error::Tls(_)
        | ureq::Error::TlsRequired
        | ureq::Error::Rustls(_) => true,
        _ => false,
    };
    if before {
        Failure::not_sent(error)
    } else {
        Failure::unknown(error)
    }
}

impl fmt::Debug for Ureq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ureq")
    }
}
