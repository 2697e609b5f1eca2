use std::{
    collections::hash_map::RandomState,
    fmt,
    hash::{BuildHasher, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use http::Uri;
use hyper::rt::{Read, Write};
use rustls::RootCertStore;
use tc3_core::{
    Action, Attempt, Call, Chain, Credential, Error, Flow, Invalid, Now, Outcome, Paginate, Region,
    Reply, Session, Settings, Step, UnixTime, Walk,
    credential::{Search, SearchStep},
    error::BoxError,
    proxy::{Proxies, ProxyUrl},
    session::Endpoint,
};
// Tokio's own, so that where a test has it paused, waits are over when tokio says.
use tokio::{task::spawn_blocking, time::Instant};
use tower::Service;

use tracing::Instrument;

use crate::{
    Hyper, Items, Pages, Transport,
    connect::{self, Connector},
    credentials,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client: a session that is shared, and a transport that sends.
///
/// Cheap to clone; all clones share the session and the connections.
pub struct Client<T = Hyper> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    session: Mutex<Session>,
    transport: T,
    started: Instant,
}

impl Client {
    /// A client with the default settings: the public endpoint over https, 60 s a call. Takes a [`Credential`],
    /// or a [`Chain`] in which one is looked for.
    pub fn new(credentials: impl Into<Chain>) -> Self {
        Self::builder().credentials(credentials).build()
    }

    /// A client with the default settings, whose credentials and region are looked for where people keep them:
    /// [`Chain::default`] has the places.
    ///
    /// They are looked for when the first call is made; when there are none, its error, [`Error::Credentials`], says where it has looked and
    /// why there are none.
    pub fn from_env() -> Self {
        Self::builder().build()
    }

    /// A client with other settings; its credentials are those of [`from_env`](Self::from_env) unless given.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl<T: Transport> Client<T> {
    /// Returns the action's output and the request id.
    ///
    /// # Errors
    ///
    /// Any [`Error`] but those of walks: `Incomplete`, `Repeated`, `Shifted` and `TooManyPages`.
    pub async fn call<A: Action>(&self, action: &A) -> Result<Reply<A::Output>, Error> {
        self.drive(&mut Call::new(action)).await
    }

    /// Walks over the pages of a list: a stream of whole replies. Takes an action, or a [`Walk`] that
    /// was begun elsewhere or is over several lists.
    pub fn pages<A: Paginate>(&self, walk: impl Into<Walk<A>>) -> Pages<A, T> {
        Pages::new(self.clone(), walk.into())
    }

    /// Walks over the records of a list: a stream of single ones. Takes what [`pages`](Self::pages) takes.
    pub fn items<A: Paginate>(&self, walk: impl Into<Walk<A>>) -> Items<A, T> {
        self.pages(walk).items()
    }

    /// Does what `flow` says until it is done.
    pub async fn drive<F: Flow>(&self, flow: &mut F) -> F::Output {
        loop {
            match self.step(flow) {
                (Step::Send(attempt), _) => flow.handle(self.send(attempt).await),
                (Step::Wait(_), Some(search)) => self.search(search).await,
                (Step::Wait(delay), None) => tokio::time::sleep(delay).await,
                (Step::Done(output), _) => return output,
            }
        }
    }

    /// Steps, and returns the search for credentials as well that the step waits for, if it does.
    fn step<F: Flow>(&self, flow: &mut F) -> (Step<F::Output>, Option<Search>) {
        let (now, mut session) = (self.now(), self.session());
        (flow.step(&mut session, now), session.search(now))
    }

    async fn search(&self, mut search: Search) {
        loop {
            let step = search.step(&mut self.session(), self.now());
            match step {
                SearchStep::Read(lookup) => {
                    let look = spawn_blocking(move || credentials::look(&lookup)).await;
                    search.found(look.unwrap_or_else(|error| Err(error.into())));
                }
                SearchStep::Send(attempt) => search.handle(self.send(attempt).await),
                SearchStep::Wait(delay) => tokio::time::sleep(delay).await,
                SearchStep::Done => return,
            }
        }
    }

    async fn send(&self, attempt: Attempt) -> Outcome {
        let span = attempt.span().clone();
        self.shared.transport.send(attempt).instrument(span).await
    }

    fn now(&self) -> Now {
        // Before 1970 is as good as then: the service tells the time.
        let unix = UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        let unix = i64::try_from(unix).unwrap_or(i64::MAX);
        // The standard library's own randomness, which is keyed anew each time.
        let entropy = RandomState::new().build_hasher().finish();
        Now::new(UnixTime::new(unix), self.shared.started.elapsed(), entropy)
    }
}

impl<T> Client<T> {
    /// Signs with another credential from now on; id, key and token change as one. It is not looked for any
    /// more.
    pub fn set_credential(&self, credential: Credential) {
        self.session().set_credential(credential);
    }

    pub(crate) fn session(&self) -> MutexGuard<'_, Session> {
        let session = self.shared.session.lock();
        session.unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Client<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> fmt::Debug for Client<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("session", &self.shared.session)
            .finish_non_exhaustive()
    }
}

/// Settings of a client to be.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    chain: Chain,
    settings: Settings,
    connect_timeout: Option<Duration>,
    /// Those of the environment, if there is none here.
    proxies: Option<Proxies>,
    connector: Option<Connector>,
    roots: Option<RootCertStore>,
}

impl Builder {
    /// A [`Credential`], or a [`Chain`] in which one is looked for; [`Chain::default`] by default.
    pub fn credentials(mut self, credentials: impl Into<Chain>) -> Self {
        self.chain = credentials.into();
        self
    }

    /// All that [`Settings`] has, in place of what was set before: retries, rates, failover, time limits and so on.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Where requests go; [`Endpoint::PUBLIC`] by default. An address of its own is read by `"https://…".parse()`.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.settings = self.settings.with_endpoint(endpoint);
        self
    }

    /// The region that requests name; none by default.
    pub fn region(mut self, region: impl Into<Option<Region>>) -> Self {
        self.settings = self.settings.with_region(region);
        self
    }

    /// How long a call may take in all, waiting and sending; 60 s by default.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings = self.settings.with_deadline(deadline);
        self
    }

    /// How many records a walk asks for at once where the action doesn't say.
    pub fn page_size(mut self, page_size: impl Into<Option<u32>>) -> Self {
        self.settings = self.settings.with_page_size(page_size);
        self
    }

    /// How long connecting may take, looking up the name and TLS included, within the attempt's own time; 10 s by
    /// default. The addresses of a name share it, so that one that never answers leaves time for the next.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout.min(Attempt::MAX_TIMEOUT));
        self
    }

    /// Connects through a proxy, `http://[user:password@]host:port`, to every host, this machine included.
    ///
    /// Otherwise the environment says when the client is built which proxy there is for which hosts, by
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`: [`Proxies::from_variables`] has the rules. It is
    /// never asked for loopback, so that an emulator on this machine is reached whatever the variables. When one
    /// that is needed is wrong, the call ends with an [`Error::Input`] that names it.
    ///
    /// A proxy is asked for a tunnel (`CONNECT`), for plain http as well, and sees no more of a request over https
    /// than its host.
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming `proxy` when it is no such URL.
    pub fn proxy(mut self, url: &str) -> Result<Self, Invalid> {
        self.proxies = Some(Proxies::all(ProxyUrl::new(url)?));
        Ok(self)
    }

    /// Connects through no proxy, whatever the environment says.
    pub fn without_proxy(mut self) -> Self {
        self.proxies = Some(Proxies::default());
        self
    }

    /// Brings bytes to a host in a way of your own instead of by name lookup and TCP: through a Unix socket, SOCKS
    /// or a VPN, or to addresses that you look up.
    ///
    /// The service is called for each new connection with `http://host:port/`, and returns what reads and writes;
    /// over tokio's streams that is hyper-util's `TokioIo`. TLS is ours and comes on top, so no connector can
    /// forget it and [`trust_only`](Self::trust_only) holds; another TLS is a [`Transport`]'s matter. What fails
    /// or takes longer than the [`connect_timeout`](Self::connect_timeout) was not sent, and a future that is
    /// dropped is done with.
    ///
    /// With a connector the environment has no say about proxies; that of [`proxy`](Self::proxy) is connected to
    /// by it. Only the machine's own metadata endpoint, which has secrets for this machine alone, is connected to
    /// by TCP all the same.
    ///
    /// ```
    /// use std::{pin::Pin, task::{Context, Poll}};
    /// use http::Uri;
    /// use hyper_util::rt::TokioIo;
    /// use tc3_async::{Client, Credential};
    /// use tokio::net::TcpStream;
    ///
    /// /// Finds every service behind one gateway.
    /// #[derive(Clone)]
    /// struct Gateway(&'static str);
    ///
    /// impl tower_service::Service<Uri> for Gateway {
    ///     type Response = TokioIo<TcpStream>;
    ///     type Error = std::io::Error;
    ///     type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;
    ///
    ///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
    ///         Poll::Ready(Ok(()))
    ///     }
    ///
    ///     fn call(&mut self, _: Uri) -> Self::Future {
    ///         let gateway = TcpStream::connect(self.0);
    ///         Box::pin(async { Ok(TokioIo::new(gateway.await?)) })
    ///     }
    /// }
    ///
    /// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
    /// let client = Client::builder()
    ///     .credentials(credential)
    ///     .connector(Gateway("10.0.0.7:443"))
    ///     .build();
    /// # Ok::<(), tc3_async::Invalid>(())
    /// ```
    pub fn connector<S>(mut self, connector: S) -> Self
    where
        S: Service<Uri> + Clone + Send + Sync + 'static,
        S::Response: Read + Write + Send + Unpin + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        self.connector = Some(connect::boxed(connector));
        self
    }

    /// Trusts the certificate authorities in this PEM text alone; Mozilla's roots by default.
    ///
    /// For a gateway with a private authority, or a network whose proxy opens TLS. They take the place of
    /// Mozilla's roots: who needs both gives both. Every certificate of the text is trusted, or it is an error:
    /// [`pem::certificates`](tc3_core::wire::pem::certificates) has the rules.
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming `trust_only` when the text is not PEM or has sections that are not whole, holds no
    /// certificate, or one that can't be a root.
    pub fn trust_only(mut self, pem: impl AsRef<[u8]>) -> Result<Self, Invalid> {
        self.roots = Some(connect::roots(pem.as_ref())?);
        Ok(self)
    }

    /// The client, over hyper.
    pub fn build(mut self) -> Client {
        let own = self.connector.take();
        let proxies = self.proxies.take().unwrap_or_else(|| match own {
            Some(_) => Proxies::default(),
            None => Proxies::from_variables(credentials::variable),
        });
        let timeout = self.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        let timeout = timeout.min(self.settings.attempt_timeout());
        let hyper = Hyper::new(own, proxies, self.roots.take(), timeout);
        self.transport(hyper)
    }

    /// The client, over a transport of your own; timeouts of connecting, proxies, connectors and TLS are its own
    /// matter.
    pub fn transport<T: Transport>(self, transport: T) -> Client<T> {
        Client {
            shared: Arc::new(Shared {
                session: Mutex::new(Session::new(self.chain).with_settings(self.settings)),
                transport,
                started: Instant::now(),
            }),
        }
    }
}
