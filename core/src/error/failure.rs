use alloc::{borrow::ToOwned, boxed::Box, string::String};
use core::fmt;

use crate::proxy::ProxyUrl;

/// An error of any kind, as HTTP stacks give them.
pub type BoxError = Box<dyn core::error::Error + Send + Sync>;

/// What an HTTP stack can know of a send that got no answer.
///
/// The one question core asks is whether the request can have taken effect, and, if it can't, whether another
/// attempt may find a way.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The request surely never reached the service: no address, no connection, no TLS session. Where an
    /// [`Invalid`](crate::Invalid) is the cause, no attempt can be better, and the call ends with
    /// [`Error::Input`](crate::Error::Input).
    #[error(transparent)]
    NotSent(NotSent),
    /// Anything later, timeouts included: the request may have taken effect.
    #[error("no answer came back; the request may have taken effect")]
    Unknown(#[source] BoxError),
}

impl Failure {
    /// The request surely never reached the service, since there was no [connection](Obstacle::Connection).
    ///
    /// A stack that knows better says so by [`with_obstacle`](Self::with_obstacle).
    pub fn not_sent(cause: impl Into<BoxError>) -> Self {
        Self::NotSent(NotSent {
            obstacle: Obstacle::Connection,
            proxy: None,
            cause: cause.into(),
        })
    }

    /// The request may have taken effect.
    pub fn unknown(cause: impl Into<BoxError>) -> Self {
        Self::Unknown(cause.into())
    }

    /// The same, where what was not sent met this obstacle.
    ///
    /// ```
    /// use tc3_core::{error::Obstacle, Error, Failure};
    ///
    /// let expired = Failure::not_sent("the certificate has expired").with_obstacle(Obstacle::Tls);
    /// assert!(!Error::from(expired).is_transient());
    /// ```
    #[must_use = "the failure is returned, not changed"]
    pub fn with_obstacle(mut self, obstacle: Obstacle) -> Self {
        if let Self::NotSent(not_sent) = &mut self {
            not_sent.obstacle = obstacle;
        }
        self
    }

    /// The same with this proxy, if there is one, for what was not sent. A [`Call`](crate::Call) adds the
    /// [`proxy`](crate::Attempt::proxy) of its attempts. The error names its host and port, but no user or password.
    #[must_use = "the failure is returned, not changed"]
    pub fn through<'a>(mut self, proxy: impl Into<Option<&'a ProxyUrl>>) -> Self {
        if let (Self::NotSent(not_sent), Some(proxy)) = (&mut self, proxy.into()) {
            not_sent.proxy = Some(proxy.authority().to_owned());
        }
        self
    }
}

/// A request that surely never reached the service, and why.
#[derive(Debug)]
pub struct NotSent {
    obstacle: Obstacle,
    proxy: Option<String>,
    cause: BoxError,
}

impl NotSent {
    /// What stood in the way.
    pub const fn obstacle(&self) -> Obstacle {
        self.obstacle
    }

    /// Host and port of the proxy on the way, if there is one.
    pub fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }

    /// What the HTTP stack says.
    pub fn cause(&self) -> &(dyn core::error::Error + Send + Sync + 'static) {
        &*self.cause
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request was not sent")?;
        // What there is to say of a connection, the cause says.
        if self.obstacle != Obstacle::Connection {
            write!(f, ": {}", self.obstacle)?;
        }
        if let Some(proxy) = self.proxy() {
            write!(f, " (proxy {proxy})")?;
        }
        Ok(())
    }
}

impl core::error::Error for NotSent {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&*self.cause)
    }
}

/// What stood in the way of a request that was not sent.
///
/// ```
/// use tc3_core::error::Obstacle;
///
/// assert!(!Obstacle::Connection.is_final());
/// assert!(Obstacle::Tls.is_final());
/// let statuses = [403, 405, 407, 502].map(|status| Obstacle::proxy(status).is_final());
/// assert_eq!(statuses, [true, true, true, false]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Obstacle {
    /// No address was found for the host's name. Systems don't say alike whether there is no such name or nobody
    /// to ask, so it counts as passing.
    NameLookup,
    /// No connection came about in time, or it ended before the request: refused, reset, closed within the
    /// handshake of TLS.
    Connection,
    /// One side refused the other in the handshake of TLS: a certificate of an unknown authority, an expired one,
    /// one of another host, no version in common, or something that is no TLS.
    Tls,
    /// The proxy opened no tunnel.
    #[non_exhaustive]
    Proxy {
        /// The HTTP status that it answered with.
        status: u16,
    },
}

impl Obstacle {
    /// What a proxy's answer with this status, which is not 200, comes to.
    pub const fn proxy(status: u16) -> Self {
        Self::Proxy { status }
    }

    /// Whether a person has to remove it, so that no attempt is made again: TLS, and a proxy's refusal, unless its
    /// status says that it is busy or can't reach the service (408, 429, 500, 502, 503, 504).
    pub const fn is_final(self) -> bool {
        match self {
            Self::NameLookup | Self::Connection => false,
            Self::Tls => true,
            Self::Proxy { status } => !matches!(status, 408 | 429 | 500 | 502..=504),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameLookup => f.write_str("no address was found"),
            Self::Connection => f.write_str("there was no connection"),
            Self::Tls => f.write_str("the TLS handshake was refused"),
            Self::Proxy { status } => write!(f, "the proxy refused with status {status}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};
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
