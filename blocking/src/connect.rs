//! Opens connections, and distinguishes requests that were not sent from those whose outcome is unknown.

use std::io;
use std::time::Instant;

use http::Uri;
use rustls::AlertDescription;
use tc3_core::{Failure, error::Obstacle};
use ureq::config::Config;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};
use ureq::{Agent, Error, Timeout};

/// An agent that resolves names by `resolver`, once for each new connection.
pub(crate) fn agent(config: Config, resolver: impl Resolver) -> Agent {
    let connector = Connect {
        connector: DefaultConnector::new(),
        resolver,
    };
    Agent::with_parts(config, connector, NoResolver)
}

/// No-op resolver. ureq calls its resolver before every request, even on an open connection; [`Connect`] resolves names
/// only for new ones.
#[derive(Debug)]
struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Resolves the name and connects, through the proxy if there is one. Each of its errors is a
/// [`Failure::NotSent`].
#[derive(Debug)]
struct Connect<R> {
    connector: DefaultConnector,
    resolver: R,
}

impl<R: Resolver> Connector for Connect<R> {
    type Out = Connection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Connection>, Error> {
        // At most a day: every request and every connection has a timeout.
        let until = Instant::now() + *details.timeout.after;
        let mut timeout = details.timeout;
        let addrs = match details.config.proxy() {
            // The proxy resolves the name. ureq uses this connector to reach the proxy too.
            Some(_) => Ok(self.resolver.empty()),
            None => self.resolver.resolve(details.uri, details.config, timeout),
        };
        let addrs = addrs.map_err(|error| not_sent(error, Obstacle::NameLookup))?;
        timeout.after = until.saturating_duration_since(Instant::now()).into();
        timeout.reason = Timeout::Connect;
        let details = ConnectionDetails {
            addrs,
            timeout,
            now: (details.current_time)(),
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
            // No request has its own TLS settings, so all can share TLS sessions.
            request_level: false,
            ..*details
        };
        let connected = self.connector.connect(&details, chained);
        let connected = connected.map_err(not_connected)?;
        Ok(connected.map(|transport| Connection { transport, until }))
    }
}

/// Converts an error of ureq.
pub(crate) fn failure(error: Error) -> Failure {
    match error {
        Error::Other(other) => other
            .downcast()
            .map_or_else(Failure::unknown, |failure| *failure),
        error => Failure::unknown(error),
    }
}

fn not_sent(error: Error, obstacle: Obstacle) -> Error {
    Error::Other(Failure::not_sent(error).with_obstacle(obstacle).into())
}

fn not_connected(error: Error) -> Error {
    let obstacle = match &error {
        // Already a failure, of the connection to a proxy.
        Error::Other(_) => return error,
        // ureq has the status as text only: "proxy server responded 407/407".
        Error::ConnectProxyFailed(reason) => {
            let status = reason.strip_prefix("proxy server responded ");
            let status = status.and_then(|status| status.split('/').next()?.parse().ok());
            status.map_or(Obstacle::Connection, Obstacle::proxy)
        }
        Error::Rustls(_) | Error::Tls(_) => Obstacle::Tls,
        Error::Io(error) => match error.get_ref().and_then(|error| error.downcast_ref()) {
            // This alert says that the server failed, not that it refuses.
            None | Some(rustls::Error::AlertReceived(AlertDescription::InternalError)) => {
                Obstacle::Connection
            }
            Some(_) => Obstacle::Tls,
        },
        _ => Obstacle::Connection,
    };
    not_sent(error, obstacle)
}

/// A connection to the service, or to a proxy.
#[derive(Debug)]
struct Connection {
    transport: Box<dyn Transport>,
    /// The end of the time to connect.
    until: Instant,
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.transport.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, mut timeout: NextTimeout) -> Result<bool, Error> {
        // ureq allows each read of a proxy's answer the whole connect timeout.
        if timeout.reason == Timeout::Connect {
            timeout.after = self.until.saturating_duration_since(Instant::now()).into();
        }
        let waited = self.transport.await_input(timeout);
        waited.map_err(|error| match error {
            // ureq takes some IO errors for the end of a body without a length.
            Error::Io(error) => Error::Io(io::Error::other(error)),
            error => error,
        })
    }

    fn is_open(&mut self) -> bool {
        self.transport.is_open()
    }

    fn is_tls(&self) -> bool {
        self.transport.is_tls()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Write},
        net::{SocketAddr, TcpListener},
        sync::{
            Arc, Mutex,
            atomic::{AtomicUsize, Ordering},
        },
        thread,
        time::Duration,
    };

    use ureq::Proxy;

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);
    const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

    /// Finds the same addresses for every name.
    #[derive(Clone, Debug, Default)]
    struct Known {
        addrs: Vec<SocketAddr>,
        /// How long it takes.
        delay: Duration,
        /// The hosts that were looked up.
        asked: Arc<Mutex<Vec<String>>>,
    }

    impl Resolver for Known {
        fn resolve(
            &self,
            uri: &Uri,
            _: &Config,
            _: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, Error> {
            let host = uri.host().unwrap().to_string();
            self.asked.lock().unwrap().push(host);
            thread::sleep(self.delay);
            let mut addrs = self.empty();
            self.addrs.iter().for_each(|&addr| addrs.push(addr));
            Ok(addrs)
        }
    }

    impl Known {
        fn agent(&self, connect_timeout: Duration, proxy: Option<&str>) -> Agent {
            let config = Agent::config_builder()
                .proxy(proxy.map(|url| Proxy::new(url).unwrap()))
                .timeout_connect(Some(connect_timeout))
                .build();
            agent(config, self.clone())
        }

        fn hosts(&self) -> Vec<String> {
            self.asked.lock().unwrap().clone()
        }
    }

    /// A service that answers every request. Counts its connections.
    fn service() -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let accepted = Arc::clone(&count);
        thread::spawn(move || {
            for stream in listener.incoming() {
                accepted.fetch_add(1, Ordering::SeqCst);
                let mut stream = BufReader::new(stream.unwrap());
                let mut line = String::new();
                while stream.read_line(&mut line).is_ok_and(|length| length > 0) {
                    if line == "\r\n" {
                        stream.get_mut().write_all(ANSWER).unwrap();
                    }
                    line.clear();
                }
            }
        });
        (address, count)
    }

    fn get(agent: &Agent) -> Result<(), Failure> {
        let request = http::Request::get("http://name.invalid/").body(());
        agent.run(request.unwrap()).map_err(failure)?;
        Ok(())
    }

    #[test]
    fn a_name_is_looked_up_for_a_new_connection_alone() {
        let (address, accepted) = service();
        let known = Known {
            addrs: vec![address],
            ..Known::default()
        };
        let agent = known.agent(SHORT, None);
        for _ in 0..3 {
            get(&agent).unwrap();
        }
        assert_eq!(known.hosts(), ["name.invalid"]);
        assert_eq!(accepted.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn every_address_of_a_name_is_tried() {
        let (address, _) = service();
        let nobody = SocketAddr::new("::1".parse().unwrap(), address.port());
        let known = Known {
            addrs: vec![nobody, address],
            ..Known::default()
        };
        get(&known.agent(SHORT, None)).unwrap();
    }

    #[test]
    fn an_address_that_never_answers_leaves_time_for_the_next_one() {
        let (dead, _keep) = tc3_test_peer::black_hole();
        let (address, _) = service();
        let known = Known {
            addrs: vec![dead, address],
            ..Known::default()
        };
        let start = Instant::now();
        get(&known.agent(SHORT, None)).unwrap();
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(100), "{took:?}");
    }

    #[test]
    fn the_look_up_of_a_name_is_part_of_the_connect_timeout() {
        let (dead, _keep) = tc3_test_peer::black_hole();
        let known = Known {
            addrs: vec![dead],
            delay: Duration::from_millis(800),
            ..Known::default()
        };
        let start = Instant::now();
        let result = get(&known.agent(Duration::from_secs(1), None));
        assert!(matches!(result, Err(Failure::NotSent(_))), "{result:?}");
        let took = start.elapsed();
        assert!(took < Duration::from_millis(1_700), "{took:?}");
    }

    #[test]
    fn only_the_name_of_a_proxy_is_looked_up() {
        let known = Known::default();
        let result = get(&known.agent(SHORT, Some("http://proxy.invalid:3128")));
        assert!(matches!(result, Err(Failure::NotSent(_))), "{result:?}");
        assert_eq!(known.hosts(), ["proxy.invalid"]);
    }
}
