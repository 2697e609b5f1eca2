use std::{
    collections::hash_map::RandomState,
    fmt,
    hash::{BuildHasher, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use tc3_core::{
    Action, Attempt, Call, Chain, Credential, Error, Flow, Invalid, Now, Outcome, Paginate, Region,
    Reply, Session, Settings, Step, UnixTime, Walk,
    credential::{Search, SearchStep},
    proxy::{Proxies, ProxyUrl},
    session::Endpoint,
};
use ureq::tls::TlsConfig;

use crate::{Items, Pages, Transport, Ureq, credentials, transport};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client: a session that is shared, and a transport that sends.
///
/// Cheap to clone; all clones share the session and the connections.
pub struct Client<T = Ureq> {
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
    pub fn call<A: Action>(&self, action: &A) -> Result<Reply<A::Output>, Error> {
        self.drive(&mut Call::new(action))
    }

    /// Walks over the pages of a list: an iterator over whole replies. Takes an action, or a [`Walk`] that
    /// was begun elsewhere or is over several lists.
    pub fn pages<A: Paginate>(&self, walk: impl Into<Walk<A>>) -> Pages<A, T> {
        Pages::new(self.clone(), walk.into())
    }

    /// Walks over the records of a list: an iterator over single ones. Takes what [`pages`](Self::pages) takes.
    pub fn items<A: Paginate>(&self, walk: impl Into<Walk<A>>) -> Items<A, T> {
        self.pages(walk).items()
    }

    /// Does what `flow` says until it is done.
    pub fn drive<F: Flow>(&self, flow: &mut F) -> F::Output {
        loop {
            if let Some(output) = self.drive_while(flow, || true) {
                return output;
            }
        }
    }

    /// Does what `flow` says until it is done or not wanted any more.
    pub(crate) fn drive_while<F: Flow>(
        &self,
        flow: &mut F,
        is_wanted: impl Fn() -> bool,
    ) -> Option<F::Output> {
        while is_wanted() {
            let (now, mut session) = (self.now(), self.session());
            let step = flow.step(&mut session, now);
            let search = session.search(now);
            drop(session);
            match (step, search) {
                (Step::Send(attempt), _) => flow.handle(self.send(attempt)),
                (Step::Wait(_), Some(search)) => self.search(search, &is_wanted),
                (Step::Wait(delay), None) => thread::sleep(delay),
                (Step::Done(output), _) => return Some(output),
            }
        }
        None
    }

    fn search(&self, mut search: Search, is_wanted: impl Fn() -> bool) {
        while is_wanted() {
            let step = search.step(&mut self.session(), self.now());
            match step {
                SearchStep::Read(lookup) => search.found(credentials::look(&lookup)),
                SearchStep::Send(attempt) => search.handle(self.send(attempt)),
                SearchStep::Wait(delay) => thread::sleep(delay),
                SearchStep::Done => return,
            }
        }
    }

    fn send(&self, attempt: Attempt) -> Outcome {
        let span = attempt.span().clone();
        span.in_scope(|| self.shared.transport.send(attempt))
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
    tls: TlsConfig,
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
        self.tls = transport::trust_only(pem.as_ref())?;
        Ok(self)
    }

    /// The client, over ureq.
    pub fn build(self) -> Client {
        let proxies = self.proxies.clone();
        let proxies = proxies.unwrap_or_else(|| Proxies::from_variables(credentials::variable));
        let timeout = self.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        let ureq = Ureq::new(timeout, proxies, self.tls.clone());
        self.transport(ureq)
    }

    /// The client, over a transport of your own; timeouts of connecting, proxies and TLS are its own
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
