//! How connections are made.

use http::Uri;
use tc3_core::Failure;
use ureq::{
    Error,
    config::Config,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::{
            ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, RustlsConnector,
            TcpConnector, time::Instant,
        },
    },
};

/// Connects by TCP and, where the scheme asks for it, TLS; through the proxy if there is one.
pub(crate) fn connector(resolver: impl Resolver) -> impl Connector {
    let connector =
        ().chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(RustlsConnector::default());
    Before {
        connector,
        resolver,
    }
}

/// Finds no address: ureq asks for those of each request, connected or not, and spawns a thread for it.
#[derive(Debug)]
pub(crate) struct Later;

impl Resolver for Later {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// What happens before anything is sent: a name is looked up, unless it is the proxy's to do so, and
/// connected to. Errors are marked, whatever they are.
#[derive(Debug)]
struct Before<C, R> {
    connector: C,
    resolver: R,
}

impl<C: Connector, R: Resolver> Connector for Before<C, R> {
    type Out = C::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        let mut timeout = details.timeout;
        let mut addrs = self.resolver.empty();
        if details.config.proxy().is_none() {
            let resolved = self.resolver.resolve(details.uri, details.config, timeout);
            addrs = resolved.map_err(mark)?;
            if let Instant::Exact(start) = details.now {
                timeout.after = timeout.after.saturating_sub(start.elapsed()).into();
            }
            if timeout.after.is_zero() {
                return Err(mark(Error::Timeout(timeout.reason)));
            }
        }
        let details = ConnectionDetails {
            addrs,
            timeout,
            now: (details.current_time)(),
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
            // TLS is the same for all requests, and so is what it keeps between connections.
            request_level: false,
            ..*details
        };
        self.connector.connect(&details, chained).map_err(mark)
    }
}

fn mark(error: Error) -> Error {
    Error::Other(Box::new(Failure::not_sent(error)))
}

/// The failure that an error of ureq comes to.
pub(crate) fn failure(error: Error) -> Failure {
    match error {
        Error::Other(other) => other
            .downcast()
            .map_or_else(Failure::unknown, |marked| *marked),
        error => Failure::unknown(error),
    }
}
