use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, UNIX_EPOCH};
use std::{fmt, thread};

use tc3_core::flow::{Driver, DriverStep};
use tc3_core::session::Endpoint;
use tc3_core::{
    Action, Attempt, Call, Chain, Credential, Error, Flow, Invalid, Now, Outcome, Paginate, Region,
    Reply, Session, Settings, UnixTime, Walk,
};
use ureq::tls::TlsConfig;

use crate::{Items, Pages, Transport, Ureq, credentials, transport};

/// A client: a session that is shared, and a transport that sends.
///
/// Cheap to clone; all clones share the session and the connections.
pub struct Client<T = Ureq> {
    session: Arc<Mutex<Session>>,
    transport: Arc<T>,
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
    pub fn pages<A: Paginate + 'static>(&self, walk: impl Into<Walk<A>>) -> Pages<A, T> {
        Pages::new(self.clone(), walk.into())
    }

    /// Walks over the records of a list: an iterator over single ones. Takes what [`pages`](Self::pages) takes.
    pub fn items<A: Paginate + 'static>(&self, walk: impl Into<Walk<A>>) -> Items<A, T> {
        self.pages(walk).items()
    }

    /// Drives a flow to its end, and returns its output.
    pub fn drive<F: Flow>(&self, flow: &mut F) -> F::Output {
        let mut driver = Driver::new(flow);
        loop {
            let step = driver.step(&mut self.session(), self.now());
            match step {
                DriverStep::Read(lookup) => driver.found(credentials::look(&lookup)),
                DriverStep::Send(attempt) => driver.handle(self.send(attempt)),
                DriverStep::Wait(delay) => thread::sleep(delay),
                DriverStep::Done(output) => return output,
            }
        }
    }

    fn send(&self, attempt: Attempt) -> Outcome {
        let span = attempt.span().clone();
        span.in_scope(|| self.transport.send(attempt))
    }

    fn now(&self) -> Now {
        // Before 1970 is as good as then: the service tells the time.
        let unix = UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        let unix = i64::try_from(unix).unwrap_or(i64::MAX);
        // The standard library's own randomness, which is keyed anew each time.
        let entropy = RandomState::new().build_hasher().finish();
        Now::new(UnixTime::new(unix), self.started.elapsed(), entropy)
    }

    /// Signs with another credential from now on; id, key and token change as one. It is not looked for any
    /// more.
    pub fn set_credential(&self, credential: Credential) {
        self.session().set_credential(credential);
    }

    pub(crate) fn session(&self) -> MutexGuard<'_, Session> {
        let session = self.session.lock();
        session.unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Client<T> {
    fn clone(&self) -> Self {
        Self {
            session: Arc::clone(&self.session),
            transport: Arc::clone(&self.transport),
            started: self.started,
        }
    }
}

impl<T> fmt::Debug for Client<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.session).finish()
    }
}

/// Settings of a client to be.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    chain: Chain,
    settings: Settings,
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

    /// How many records a walk asks for at once where the action doesn't say.
    pub fn page_size(mut self, page_size: impl Into<Option<u32>>) -> Self {
        self.settings = self.settings.with_page_size(page_size);
        self
    }

    /// Connects through a proxy, `http://[user:password@]host:port`, to every host, this machine included.
    ///
    /// By default the environment names the proxies, by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, which
    /// are read when the client is built: [`Proxies::from_variables`](tc3_core::proxy::Proxies::from_variables) has the
    /// rules. They are never used for loopback. When one that is needed is wrong, the call ends with an
    /// [`Error::Input`] that names the variable. [`Settings::without_proxy`] ignores them.
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming `proxy` when the text is no such URL.
    pub fn proxy(mut self, url: &str) -> Result<Self, Invalid> {
        self.settings = self.settings.with_proxy(url)?;
        Ok(self)
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
    pub fn build(mut self) -> Client {
        self.settings = self.settings.or_proxy_variables(credentials::variable);
        let ureq = Ureq::new(self.settings.connect_timeout(), self.tls.clone());
        self.transport(ureq)
    }

    /// The client, over a transport of your own; timeouts of connecting, proxies and TLS are its own
    /// matter.
    pub fn transport<T: Transport>(self, transport: T) -> Client<T> {
        let session = Session::new(self.chain).with_settings(self.settings);
        Client {
            session: Arc::new(Mutex::new(session)),
            transport: Arc::new(transport),
            started: Instant::now(),
        }
    }
}
