//! How connections are made, and what they ask of the system: as little as each call needs.

use std::time::Duration;

use http::Uri;
use tc3_core::Failure;
use ureq::{
    Error,
    config::Config,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{
            Buffers, ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout,
            RustlsConnector, TcpConnector, Transport, time::Instant,
        },
    },
};

/// Timers are not finer than this: a timeout is as good when it is rounded up to it, and then seldom
/// differs from the one before.
const GRAIN: Duration = Duration::from_millis(10);

/// Connects by TCP and, where the scheme asks for it, TLS; through the proxy if there is one.
pub(crate) fn connector() -> impl Connector {
    let connector =
        ().chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(Frugally)
            .chain(RustlsConnector::default());
    Before {
        connector,
        resolver: DefaultResolver::default(),
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

/// Makes connections [`Frugal`].
#[derive(Debug)]
struct Frugally;

impl<T: Transport> Connector<T> for Frugally {
    type Out = Frugal<T>;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        chained: Option<T>,
    ) -> Result<Option<Self::Out>, Error> {
        let held = Vec::new();
        Ok(chained.map(|inner| Frugal { inner, held }))
    }
}

/// A connection that asks less of the system than ureq asks of it.
#[derive(Debug)]
struct Frugal<T> {
    inner: T,
    /// What is to be sent: a head goes out together with its body.
    held: Vec<u8>,
}

impl<T: Transport> Frugal<T> {
    fn flush(&mut self, timeout: NextTimeout) -> Result<(), Error> {
        let mut rest = &self.held[..];
        while !rest.is_empty() {
            let output = self.inner.buffers().output();
            let (now, later) = rest.split_at(rest.len().min(output.len()));
            output[..now.len()].copy_from_slice(now);
            self.inner.transmit_output(now.len(), timeout)?;
            rest = later;
        }
        self.held.clear();
        Ok(())
    }
}

impl<T: Transport> Transport for Frugal<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let output = self.inner.buffers().output();
        self.held.extend_from_slice(&output[..amount]);
        if self.held.len() < output.len() {
            return Ok(());
        }
        self.flush(coarse(timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = coarse(timeout);
        self.flush(timeout)?;
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }
}

fn coarse(mut timeout: NextTimeout) -> NextTimeout {
    if !timeout.after.is_not_happening() {
        let grains = timeout.after.as_nanos().div_ceil(GRAIN.as_nanos());
        let grains = u32::try_from(grains).unwrap_or(u32::MAX);
        timeout.after = GRAIN.saturating_mul(grains).into();
    }
    timeout
}
