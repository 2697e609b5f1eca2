//! How connections are made, and what they ask of the system: as little as each call needs.

use std::{
    cell::Cell,
    fmt,
    io::{self, ErrorKind},
    mem,
    time::{self, Duration},
};

use http::Uri;
use rustls::AlertDescription;
use tc3_core::{Failure, Obstacle};
use ureq::{
    Error, Timeout,
    config::Config,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::{
            Buffers, ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout,
            RustlsConnector, TcpConnector, Transport, time::Instant,
        },
    },
};
use zeroize::Zeroizing;

use crate::hidden::Hidden;

/// Timers are not finer than this: a timeout is as good when it is rounded up to it, and then seldom
/// differs from the one before.
const GRAIN: Duration = Duration::from_millis(10);

thread_local! {
    /// When the time of what this thread sends is up.
    static DEADLINE: Cell<Option<time::Instant>> = const { Cell::new(None) };
}

/// Bounds all that this thread sends and receives while this lives. ureq would have it in the request, and then
/// copy its settings for each.
///
/// It holds the deadline before, as [`Hidden`] does.
#[derive(Debug)]
pub(crate) struct Deadline(Option<time::Instant>);

impl Deadline {
    pub(crate) fn after(timeout: Duration) -> Self {
        Self(DEADLINE.replace(time::Instant::now().checked_add(timeout)))
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        DEADLINE.set(self.0);
    }
}

/// What there is time for, ureq's own timeout included.
fn bounded(mut timeout: NextTimeout) -> Result<NextTimeout, Error> {
    if let Some(deadline) = DEADLINE.get() {
        let left = deadline.saturating_duration_since(time::Instant::now());
        if left.is_zero() {
            return Err(Error::Timeout(Timeout::Global));
        }
        if *timeout.after > left {
            timeout.after = left.into();
            timeout.reason = Timeout::Global;
        }
    }
    Ok(timeout)
}

/// Connects by TCP and, where the scheme asks for it, TLS; through the proxy if there is one.
pub(crate) fn connector(resolver: impl Resolver) -> impl Connector {
    let connector =
        ().chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(RustlsConnector::default())
            .chain(Frugally);
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
        let mut timeout = bounded(details.timeout).map_err(mark)?;
        let mut addrs = self.resolver.empty();
        if details.config.proxy().is_none() {
            let resolved = self.resolver.resolve(details.uri, details.config, timeout);
            addrs = resolved.map_err(|error| marked(error, Obstacle::NameLookup))?;
            if let Instant::Exact(start) = details.now {
                timeout = left(timeout, start).map_err(mark)?;
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
    match error {
        // On the way to a proxy, which is connected to by the same means.
        Error::Other(marked) if marked.is::<Failure>() => Error::Other(marked),
        error => {
            let obstacle = obstacle(&error);
            marked(error, obstacle)
        }
    }
}

fn marked(error: Error, obstacle: Obstacle) -> Error {
    let failure = Failure::not_sent(error).with_obstacle(obstacle);
    Error::Other(Box::new(failure))
}

/// What an error of connecting says was in the way.
fn obstacle(error: &Error) -> Obstacle {
    let refused = match error {
        // ureq has the status in a text alone, "proxy server responded 407/407".
        Error::ConnectProxyFailed(reason) => {
            let status = reason.strip_prefix("proxy server responded ");
            let status = status.and_then(|rest| rest.split('/').next()?.parse().ok());
            return status.map_or(Obstacle::Connection, Obstacle::proxy);
        }
        Error::Rustls(error) => Some(error),
        Error::Io(error) => error.get_ref().and_then(|error| error.downcast_ref()),
        Error::Tls(_) => return Obstacle::Tls,
        _ => None,
    };
    match refused {
        // The server's own trouble, and none with what it was told.
        None | Some(rustls::Error::AlertReceived(AlertDescription::InternalError)) => {
            Obstacle::Connection
        }
        Some(_) => Obstacle::Tls,
    }
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
        details: &ConnectionDetails<'_>,
        chained: Option<T>,
    ) -> Result<Option<Self::Out>, Error> {
        let proxied = details.config.proxy().is_some();
        Ok(chained.map(|inner| Frugal::new(inner, proxied)))
    }
}

/// A connection that asks less of the system than ureq asks of it.
struct Frugal<T> {
    inner: T,
    /// What is to be sent: a head goes out together with its body.
    held: Zeroizing<Vec<u8>>,
    /// Whether it goes through a connection to a proxy that is frugal itself.
    proxied: bool,
    /// Whether ureq has asked for its state since it was last used.
    asked: bool,
}

impl<T: Transport> Frugal<T> {
    fn new(inner: T, proxied: bool) -> Self {
        Self {
            inner,
            held: Zeroizing::default(),
            proxied,
            asked: false,
        }
    }

    /// Sends what is held.
    fn flush(&mut self, timeout: NextTimeout) -> Result<(), Error> {
        let mut rest = &self.held[..];
        while !rest.is_empty() {
            let output = self.inner.buffers().output();
            let (now, later) = rest.split_at(rest.len().min(output.len()));
            output[..now.len()].copy_from_slice(now);
            let timeout = coarse(bounded(timeout)?);
            let sent = self.inner.transmit_output(now.len(), timeout);
            // A signature and a token were in it.
            self.inner.buffers().output()[..now.len()].fill(0);
            sent?;
            rest = later;
        }
        self.held.fill(0);
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
        Hidden::reveal(&output[..amount], &mut self.held);
        self.asked = false;
        if self.held.len() < output.len() {
            return Ok(());
        }
        self.flush(timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.flush(timeout)?;
        let timeout = coarse(bounded(timeout)?);
        self.inner.await_input(timeout).map_err(broken)
    }

    fn is_open(&mut self) -> bool {
        if !self.held.is_empty() {
            return false;
        }
        // ureq asks before it keeps a connection, and again before it is used: to look then is to see it all. It is
        // the innermost one that counts.
        let before = mem::replace(&mut self.asked, true);
        !before && !self.proxied || self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl<T> fmt::Debug for Frugal<T> {
    /// Not what is held: it has a signature and a token in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Frugal")
    }
}

/// ureq takes a connection that broke for one that was closed, and what came of a body until then for all of it.
fn broken(error: Error) -> Error {
    match error {
        Error::Io(error)
            if matches!(
                error.kind(),
                ErrorKind::UnexpectedEof
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::ConnectionReset
            ) =>
        {
            Error::Io(io::Error::other(error))
        }
        error => error,
    }
}

/// What is left of a time that began then.
fn left(mut timeout: NextTimeout, start: time::Instant) -> Result<NextTimeout, Error> {
    if !timeout.after.is_not_happening() {
        let rest = timeout.after.saturating_sub(start.elapsed());
        if rest.is_zero() {
            return Err(Error::Timeout(timeout.reason));
        }
        timeout.after = rest.into();
    }
    Ok(timeout)
}

fn coarse(mut timeout: NextTimeout) -> NextTimeout {
    if !timeout.after.is_not_happening() {
        let grains = timeout.after.as_nanos().div_ceil(GRAIN.as_nanos());
        let grains = u32::try_from(grains).unwrap_or(u32::MAX);
        timeout.after = GRAIN.saturating_mul(grains).into();
    }
    timeout
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Read, Write},
        net::{SocketAddr, TcpListener},
        sync::{
            Arc, Mutex,
            atomic::{AtomicUsize, Ordering},
        },
        thread,
    };

    use ureq::{Agent, Proxy, unversioned::transport::LazyBuffers};

    use super::*;

    /// Finds the same addresses for every name.
    #[derive(Clone, Debug, Default)]
    struct Known {
        addrs: Vec<SocketAddr>,
        /// How long that takes, whatever the timeout.
        delay: Duration,
        /// What was asked for, and how long it could have taken.
        asked: Arc<Mutex<Vec<(String, Duration)>>>,
    }

    impl Resolver for Known {
        fn resolve(
            &self,
            uri: &Uri,
            _: &Config,
            timeout: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, Error> {
            let host = uri.host().unwrap().to_string();
            self.asked.lock().unwrap().push((host, *timeout.after));
            thread::sleep(self.delay);
            let mut addrs = self.empty();
            self.addrs.iter().for_each(|&addr| addrs.push(addr));
            Ok(addrs)
        }
    }

    impl Known {
        fn agent(&self, proxy: Option<&str>) -> Agent {
            let config = Agent::config_builder()
                .proxy(proxy.map(|url| Proxy::new(url).unwrap()))
                .timeout_connect(Some(Duration::from_millis(200)))
                .build();
            Agent::with_parts(config, connector(self.clone()), Later)
        }

        fn hosts(&self) -> Vec<String> {
            let asked = self.asked.lock().unwrap();
            asked.iter().map(|(host, _)| host.clone()).collect()
        }
    }

    /// Answers with what it has read at once, for as long as connections last, and counts these.
    fn echo() -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let accepted = Arc::clone(&count);
        thread::spawn(move || {
            for stream in listener.incoming() {
                accepted.fetch_add(1, Ordering::SeqCst);
                let mut stream = BufReader::new(stream.unwrap());
                while let Ok(read @ [_, ..]) = stream.fill_buf() {
                    let length = read.len();
                    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                    let answer = [answer.as_bytes(), read].concat();
                    stream.consume(length);
                    stream.get_mut().write_all(&answer).unwrap();
                }
            }
        });
        (address, count)
    }

    fn post(agent: &Agent) -> Result<String, Failure> {
        let request = http::Request::post("http://name.invalid/").body("the body");
        let answer = agent.run(request.unwrap()).map_err(failure)?;
        let mut text = String::new();
        let mut reader = answer.into_body().into_reader();
        reader.read_to_string(&mut text).unwrap();
        Ok(text)
    }

    #[test]
    fn a_name_is_looked_up_for_a_new_connection_alone() {
        let (address, accepted) = echo();
        let known = Known {
            addrs: vec![address],
            ..Known::default()
        };
        let agent = known.agent(None);
        for _ in 0..3 {
            post(&agent).unwrap();
        }
        assert_eq!(known.hosts(), ["name.invalid"]);
        assert_eq!(accepted.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn every_address_of_a_name_is_tried() {
        let (address, _) = echo();
        let nobody = SocketAddr::new("::1".parse().unwrap(), address.port());
        let known = Known {
            addrs: vec![nobody, address],
            ..Known::default()
        };
        post(&known.agent(None)).unwrap();
    }

    #[test]
    fn an_address_that_never_answers_leaves_time_for_the_next_one() {
        let (dead, _keep) = tc3_test_peer::black_hole();
        let (address, _) = echo();
        let known = Known {
            addrs: vec![dead, address],
            ..Known::default()
        };
        let start = time::Instant::now();
        post(&known.agent(None)).unwrap();
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(100), "{took:?}");
    }

    #[test]
    fn a_name_that_is_found_too_late_means_not_sent() {
        let (address, accepted) = echo();
        let known = Known {
            addrs: vec![address],
            delay: Duration::from_millis(300),
            ..Known::default()
        };
        let result = post(&known.agent(None));
        assert!(matches!(result, Err(Failure::NotSent(_))), "{result:?}");
        assert_eq!(accepted.load(Ordering::SeqCst), 0);
        let (_, timeout) = known.asked.lock().unwrap()[0];
        assert!(timeout <= Duration::from_millis(200), "{timeout:?}");
    }

    #[test]
    fn a_head_goes_out_with_its_body() {
        let (address, _) = echo();
        let known = Known {
            addrs: vec![address],
            ..Known::default()
        };
        let sent = post(&known.agent(None)).unwrap();
        assert!(sent.starts_with("POST / HTTP/1.1\r\n"), "{sent}");
        assert!(sent.ends_with("\r\n\r\nthe body"), "{sent}");
    }

    /// Takes its time to send, and has no input.
    #[derive(Debug)]
    struct Slow {
        buffers: LazyBuffers,
        /// How long input could be awaited.
        awaited: Option<Duration>,
    }

    impl Transport for Slow {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(&mut self, _: usize, _: NextTimeout) -> Result<(), Error> {
            thread::sleep(Duration::from_millis(60));
            Ok(())
        }

        fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
            self.awaited = Some(*timeout.after);
            Ok(false)
        }

        fn is_open(&mut self) -> bool {
            true
        }
    }

    #[test]
    fn what_sending_takes_is_not_left_for_the_answer() {
        for (limit, waits) in [(200, true), (50, false)] {
            let slow = Slow {
                buffers: LazyBuffers::new(16, 16),
                awaited: None,
            };
            let mut frugal = Frugal::new(slow, false);
            let _deadline = Deadline::after(Duration::from_millis(limit));
            let timeout = NextTimeout::default();
            frugal.transmit_output(1, timeout).unwrap();
            assert!(!frugal.is_open() && !format!("{frugal:?}").contains("held"));
            assert_eq!(frugal.await_input(timeout).is_ok(), waits);
            let awaited = frugal.inner.awaited;
            assert_eq!(awaited.is_some(), waits);
            assert!(awaited.is_none_or(|awaited| awaited <= Duration::from_millis(140)));
        }
    }

    #[test]
    fn a_deadline_within_another_gives_way_to_it() {
        let left = || bounded(NextTimeout::default()).map(|timeout| *timeout.after);
        let _outer = Deadline::after(Duration::from_secs(60));
        let inner = Deadline::after(Duration::ZERO);
        assert!(left().is_err());
        drop(inner);
        assert!(left().unwrap() <= Duration::from_secs(60));
    }

    #[test]
    fn a_timeout_is_rounded_up() {
        for (exact, rounded) in [(0, 0), (1, 10_000_000), (10_000_000, 10_000_000)] {
            let timeout = NextTimeout {
                after: Duration::from_nanos(exact).into(),
                ..NextTimeout::default()
            };
            assert_eq!(*coarse(timeout).after, Duration::from_nanos(rounded));
        }
        assert!(coarse(NextTimeout::default()).after.is_not_happening());
    }

    #[test]
    fn only_the_name_of_a_proxy_is_looked_up() {
        let known = Known::default();
        let result = post(&known.agent(Some("http://proxy.invalid:3128")));
        assert!(matches!(result, Err(Failure::NotSent(_))), "{result:?}");
        assert_eq!(known.hosts(), ["proxy.invalid"]);
    }
}
