use alloc::{borrow::ToOwned, boxed::Box, format, string::String};

use super::Context;
use crate::proxy::ProxyUrl;

/// Any error of an HTTP stack.
pub type BoxError = Box<dyn core::error::Error + Send + Sync>;

/// Why a send got no answer.
///
/// It tells core whether the request may have taken effect, and if not, whether another attempt may succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The request certainly never reached the service: no address, no connection, no TLS session. If the cause is an
    /// [`Invalid`](crate::Invalid), the call ends with [`Error::Input`](crate::Error::Input).
    #[error(transparent)]
    NotSent(NotSent),
    /// Any later failure, timeouts included: the request may have taken effect.
    #[error(transparent)]
    Unknown(Lost),
}

impl Failure {
    /// The request certainly never reached the service, because there was no [connection](Obstacle::Connection). For
    /// another obstacle, add [`with_obstacle`](Self::with_obstacle).
    pub fn not_sent(cause: impl Into<BoxError>) -> Self {
        Self::NotSent(NotSent {
            obstacle: Obstacle::Connection,
            proxy: None,
            cause: cause.into(),
            context: None,
        })
    }

    /// The request may have taken effect.
    pub fn unknown(cause: impl Into<BoxError>) -> Self {
        Self::Unknown(Lost {
            cause: cause.into(),
            context: None,
        })
    }

    /// Sets the obstacle of a request that was not sent.
    ///
    /// ```
    /// use tc3_core::{Error, Failure, error::Obstacle};
    ///
    /// let expired =
    ///     Failure::not_sent("the certificate has expired").with_obstacle(Obstacle::Tls);
    /// assert!(!Error::from(expired).is_transient());
    /// ```
    #[must_use = "the failure is returned, not changed"]
    pub fn with_obstacle(mut self, obstacle: Obstacle) -> Self {
        if let Self::NotSent(not_sent) = &mut self {
            not_sent.obstacle = obstacle;
        }
        self
    }

    /// Sets the proxy of a request that was not sent, if there is one. The error shows its host and port, never user or
    /// password. A [`Call`](crate::Call) sets the [`proxy`](crate::Attempt::proxy) of its attempts.
    #[must_use = "the failure is returned, not changed"]
    pub fn through<'a>(mut self, proxy: impl Into<Option<&'a ProxyUrl>>) -> Self {
        if let (Self::NotSent(not_sent), Some(proxy)) = (&mut self, proxy.into()) {
            not_sent.proxy = Some(proxy.authority().to_owned());
        }
        self
    }
}

/// Why a request certainly never reached the service.
#[derive(Debug, thiserror::Error)]
#[error("the request was not sent{}{}", named(*obstacle), by(self.proxy()))]
pub struct NotSent {
    obstacle: Obstacle,
    proxy: Option<String>,
    #[source]
    cause: BoxError,
    pub(super) context: Option<Box<Context>>,
}

impl NotSent {
    /// What prevented the request.
    pub const fn obstacle(&self) -> Obstacle {
        self.obstacle
    }

    /// Host and port of the proxy, if one was used.
    pub fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }

    /// The HTTP stack's error.
    pub fn cause(&self) -> &(dyn core::error::Error + Send + Sync + 'static) {
        &*self.cause
    }
}

/// Why the answer to a request that was sent did not arrive.
#[derive(Debug, thiserror::Error)]
#[error("no answer came back; the request may have taken effect")]
pub struct Lost {
    #[source]
    cause: BoxError,
    pub(super) context: Option<Box<Context>>,
}

impl Lost {
    /// The HTTP stack's error.
    pub fn cause(&self) -> &(dyn core::error::Error + Send + Sync + 'static) {
        &*self.cause
    }
}

/// Names an obstacle. A missing connection is explained by the cause.
fn named(obstacle: Obstacle) -> String {
    match obstacle {
        Obstacle::Connection => String::new(),
        obstacle => format!(": {obstacle}"),
    }
}

/// Names a proxy at the end of a sentence.
fn by(proxy: Option<&str>) -> String {
    proxy.map_or_else(String::new, |proxy| format!(" (proxy {proxy})"))
}

/// What prevented a request from being sent.
///
/// ```
/// use tc3_core::error::Obstacle;
///
/// assert!(!Obstacle::Connection.is_final());
/// assert!(Obstacle::Tls.is_final());
/// let statuses = [403, 405, 407, 502].map(|status| Obstacle::proxy(status).is_final());
/// assert_eq!(statuses, [true, true, true, false]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// The host name has no address. It counts as transient, since systems differ in telling an unknown name from an
    /// unreachable name server.
    #[error("no address was found")]
    NameLookup,
    /// There was no connection in time, or it ended before the request: refused, reset, or closed during the TLS
    /// handshake.
    #[error("there was no connection")]
    Connection,
    /// The TLS handshake failed: a certificate that is expired, of another host or of an unknown authority, no common
    /// version, or a peer that doesn't speak TLS.
    #[error("the TLS handshake was refused")]
    Tls,
    /// The proxy refused to open a tunnel.
    #[error("the proxy refused with status {status}")]
    #[non_exhaustive]
    Proxy {
        /// The HTTP status of the proxy's answer.
        status: u16,
    },
}

impl Obstacle {
    /// The obstacle of a proxy that answered with this status, which is not 200.
    pub const fn proxy(status: u16) -> Self {
        Self::Proxy { status }
    }

    /// Whether a person has to remove the obstacle, so that there is no other attempt: TLS, and a proxy's refusal
    /// unless its status says that it is busy or can't reach the service (408, 429, 500, 502, 503, 504).
    pub const fn is_final(self) -> bool {
        match self {
            Self::NameLookup | Self::Connection => false,
            Self::Tls => true,
            Self::Proxy { status } => !matches!(status, 408 | 429 | 500 | 502..=504),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use core::error::Error as _;

    use super::*;

    #[test]
    fn a_failure_names_the_obstacle_and_the_proxy_but_no_password() {
        let proxy = ProxyUrl::new("http://user:fake@proxy.example:3128").unwrap();
        let failure = Failure::not_sent("from the stack")
            .with_obstacle(Obstacle::proxy(407))
            .through(&proxy);
        let text = "the request was not sent: the proxy refused with status 407 (proxy proxy.example:3128)";
        assert_eq!(failure.to_string(), text);
        assert_eq!(failure.source().unwrap().to_string(), "from the stack");
        assert!(!format!("{failure:?}").contains("fake"));
        let Failure::NotSent(not_sent) = &failure else {
            panic!("{failure:?}");
        };
        assert_eq!(not_sent.proxy(), Some("proxy.example:3128"));
        assert_eq!(not_sent.obstacle(), Obstacle::Proxy { status: 407 });
        assert_eq!(not_sent.cause().to_string(), "from the stack");
    }

    #[test]
    fn only_what_was_not_sent_met_an_obstacle() {
        let proxy = ProxyUrl::new("http://proxy.example:3128").unwrap();
        let failure = Failure::unknown("reset").with_obstacle(Obstacle::Tls);
        assert!(matches!(failure.through(&proxy), Failure::Unknown(_)));
    }

    #[test]
    fn a_proxy_that_is_busy_or_cut_off_may_open_a_tunnel_later() {
        for status in 100..=999 {
            let passing = [408, 429, 500, 502, 503, 504].contains(&status);
            assert_eq!(Obstacle::proxy(status).is_final(), !passing, "{status}");
        }
    }
}
