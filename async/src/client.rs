use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use http::Uri;
use hyper::rt::{Read, Write};
use rustls::RootCertStore;
use tc3_core::error::BoxError;
use tc3_core::flow::{Driver, DriverStep};
use tc3_core::session::Endpoint;
use tc3_core::{
    Action, Call, Chain, Credential, Error, Flow, Invalid, Now, Paginate, Region, Reply, Session,
    Settings, UnixTime, Walk,
};
// Tokio's `Instant`, so that tests can pause the clock.
use tokio::{task::spawn_blocking, time::Instant};
use tower::Service;
use tracing::Instrument;

use crate::connect::{self, Connect, Connector};
use crate::transport::{Erased, Hyper, Transport};
use crate::{Items, Pages, credentials};

/// A client: calls actions and walks over lists.
///
/// Clones are cheap and share the credentials, the frequency limits and the connections.
#[derive(Clone)]
pub struct Client {
    session: Arc<Mutex<Session>>,
    transport: Arc<dyn Erased>,
    started: Instant,
}

impl Client {
    /// A client with the default settings: the public endpoint over https, 60 s a call. Takes a [`Credential`], or
    /// sources of one: a [`Source`](tc3_core::credential::Source) or a [`Chain`].
    pub fn new(credentials: impl Into<Chain>) -> Self {
        Self::builder().credentials(credentials).build()
    }

    /// A client with the default settings that searches the usual sources for credentials and a region;
    /// [`Chain::default`] lists them.
    ///
    /// The first call searches. If it finds no credentials it ends with [`Error::Credentials`], which names each source
    /// and why it has none.
    pub fn from_env() -> Self {
        Self::builder().build()
    }

    /// A client with other settings. Without [`credentials`](Builder::credentials) it searches as
    /// [`from_env`](Self::from_env) does.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the action's output and the request id.
    ///
    /// # Errors
    ///
    /// Any [`Error`] but those of walks: `Incomplete`, `Repeated`, `Shifted` and `TooManyPages`.
    pub async fn call<A: Action>(&self, action: &A) -> Result<Reply<A::Output>, Error> {
        self.drive(&mut Call::new(action)).await
    }

    /// Returns a stream over the pages of a list, each a whole reply. Takes an action, by value or by reference, a `Vec`
    /// of actions to walk over one after the other, or a stored [`Walk`].
    pub fn pages<A: Paginate + 'static>(&self, walk: impl Into<Walk<A>>) -> Pages<A> {
        Pages::new(self.clone(), walk.into())
    }

    /// Returns a stream over the records of a list. Takes what [`pages`](Self::pages) takes.
    pub fn items<A: Paginate + 'static>(&self, walk: impl Into<Walk<A>>) -> Items<A> {
        self.pages(walk).items()
    }

    /// Drives a flow to its end, and returns its output.
    pub async fn drive<F: Flow>(&self, flow: &mut F) -> F::Output {
        let mut driver = Driver::new(flow);
        loop {
            let step = driver.step(&mut self.session(), self.now());
            match step {
                DriverStep::Read(lookup) => {
                    let looked = spawn_blocking(move || credentials::look(&lookup)).await;
                    driver.found(looked.unwrap_or_else(|error| Err(error.into())));
                }
                DriverStep::Send(attempt) => {
                    let span = attempt.span().clone();
                    driver.handle(self.transport.send(attempt).instrument(span).await);
                }
                DriverStep::Wait(delay) => tokio::time::sleep(delay).await,
                DriverStep::Done(output) => return output,
            }
        }
    }

    fn now(&self) -> Now {
        // A clock before 1970 counts as 1970: the first answer corrects it.
        let unix = UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        let unix = i64::try_from(unix).unwrap_or(i64::MAX);
        // The standard library keys each `RandomState` anew.
        let entropy = RandomState::new().build_hasher().finish();
        Now::new(UnixTime::new(unix), self.started.elapsed(), entropy)
    }

    /// Signs with this credential from now on, in all clones; id, key and token change at once. The client no longer
    /// searches for credentials.
    pub fn set_credential(&self, credential: Credential) {
        self.session().set_credential(credential);
    }

    pub(crate) fn session(&self) -> MutexGuard<'_, Session> {
        let session = self.session.lock();
        session.unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.session).finish()
    }
}

/// The settings of a client that is being built.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    chain: Chain,
    settings: Settings,
    connector: Option<Connector>,
    roots: Option<RootCertStore>,
}

impl Builder {
    /// A [`Credential`], or sources of one; [`Chain::default`] by default.
    pub fn credentials(mut self, credentials: impl Into<Chain>) -> Self {
        self.chain = credentials.into();
        self
    }

    /// Replaces all [`Settings`], those that were set before included: retries, rates, failover, timeouts and so on.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Where requests go; [`Endpoint::PUBLIC`] by default. `"https://…".parse()` reads another one.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.settings = self.settings.with_endpoint(endpoint);
        self
    }

    /// The region that requests name; none by default.
    pub fn region(mut self, region: impl Into<Option<Region>>) -> Self {
        self.settings = self.settings.with_region(region);
        self
    }

    /// How many records a walk requests at once if the action has no `Limit`. It is one size for all lists: set an
    /// action's own by its `with_limit`.
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

    /// Connects by a service of your own instead of name lookup and TCP: through a Unix socket, SOCKS or a VPN, or to
    /// addresses that you look up.
    ///
    /// The service is called for each new connection with `http://host:port/`, and returns a stream to read and write,
    /// such as hyper-util's `TokioIo` around tokio's streams. The client adds TLS, so no connector can forget it, and
    /// [`trust_only`](Self::trust_only) applies; for another TLS, write a [`Transport`]. A connection that fails, or takes
    /// longer than [`Settings::with_connect_timeout`], means that the request was not sent. The service's future is
    /// dropped when the call is.
    ///
    /// With a connector, the environment's proxies are ignored, and [`proxy`](Self::proxy) is reached by the connector.
    /// The machine's own metadata endpoint, which has secrets for this machine alone, is still reached by TCP.
    ///
    /// ```
    /// use http::Uri;
    /// use hyper_util::rt::TokioIo;
    /// use std::{
    ///     pin::Pin,
    ///     task::{Context, Poll},
    /// };
    /// use tc3_async::{Client, Credential};
    /// use tokio::net::TcpStream;
    ///
    /// /// Connects to one gateway for every service.
    /// #[derive(Clone)]
    /// struct Gateway(&'static str);
    ///
    /// impl tower_service::Service<Uri> for Gateway {
    ///     type Response = TokioIo<TcpStream>;
    ///     type Error = std::io::Error;
    ///     type Future =
    ///         Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;
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
    /// let client =
    ///     Client::builder().credentials(credential).connector(Gateway("10.0.0.7:443")).build();
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

    /// Trusts the certificate authorities in this PEM text alone, in place of Mozilla's roots and of all that were added
    /// before: for a gateway with a private authority.
    ///
    /// Every certificate in the text is trusted, or it is an error:
    /// [`pem::certificates`](tc3_core::wire::pem::certificates) has the rules.
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming `pem` when the text is not PEM, has a broken section or no certificate, or has one that can't be
    /// a root.
    pub fn trust_only(mut self, pem: impl AsRef<[u8]>) -> Result<Self, Invalid> {
        self.roots = Some(connect::trust(RootCertStore::empty(), pem.as_ref())?);
        Ok(self)
    }

    /// Trusts the certificate authorities in this PEM text as well: for a network whose proxy decrypts TLS. The rules are
    /// those of [`trust_only`](Self::trust_only).
    ///
    /// ```
    /// use tc3_async::Client;
    ///
    /// let text = "-----BEGIN CERTIFICATE-----\ncut";
    /// let refused = Client::builder().trust_also(text).unwrap_err();
    /// assert_eq!(refused.field(), "pem");
    /// ```
    ///
    /// # Errors
    ///
    /// As [`trust_only`](Self::trust_only).
    pub fn trust_also(mut self, pem: impl AsRef<[u8]>) -> Result<Self, Invalid> {
        let roots = self.roots.take().unwrap_or_else(connect::mozilla);
        self.roots = Some(connect::trust(roots, pem.as_ref())?);
        Ok(self)
    }

    /// Returns the client, over hyper.
    pub fn build(mut self) -> Client {
        if self.connector.is_none() {
            self.settings = self.settings.or_proxy_variables(credentials::variable);
        }
        let timeout = self.settings.connect_timeout();
        let tls = connect::tls(self.roots.take().unwrap_or_else(connect::mozilla));
        let connect = Connect::new(self.connector.take(), tls, timeout);
        self.transport(Hyper::new(connect))
    }

    /// Returns the client, over a transport of your own. The environment's proxies, the connect timeout, the connector and
    /// TLS settings don't apply to it.
    pub fn transport(self, transport: impl Transport) -> Client {
        let session = Session::new(self.chain).with_settings(self.settings);
        Client {
            session: Arc::new(Mutex::new(session)),
            transport: Arc::new(transport),
            started: Instant::now(),
        }
    }
}
