//! A session: the state that the calls of one client share.

pub(crate) mod endpoint;
mod settings;

use alloc::{
    boxed::Box,
    string::{String, ToString},
    sync::Arc,
};
use core::{mem, time::Duration};

pub use endpoint::Endpoint;
pub use settings::{Language, Region, Settings, Wire};

use crate::{
    Chain, Credential, Invalid, Now, Target, UnixTime,
    credential::{Claim, Found, Generation, NoCredentials, Refresh, Search},
    flow::{
        clock::ServiceClock,
        rate_limit::{RateLimit, RateLimits},
    },
    tc3::Signer,
    trace::Scope,
};

/// How long a session uses another endpoint before it tries the first one again.
const FAILBACK: Duration = Duration::from_secs(60);

/// The state that calls share: the settings, the credential and its cached signing keys, the request rate of each
/// action, the clock's error, and the endpoint in use.
///
/// A plain value, used through `&mut`: IO crates put it behind a lock, a single-threaded program needs none. Use one
/// session for all calls with one key pair, since the service limits their rate together.
///
/// ```
/// use tc3_core::{Credential, Region, Session, Settings};
///
/// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
/// let session = Session::new(credential)
///     .with_settings(Settings::default().with_region(Region::new("ap-guangzhou")?));
/// assert_eq!(session.settings().region().unwrap().as_str(), "ap-guangzhou");
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    settings: Settings,
    /// `None` before credentials are found.
    signer: Option<Signer>,
    /// The search for credentials, unless they are fixed.
    refresh: Option<Box<Refresh>>,
    rate_limits: RateLimits,
    clock: ServiceClock,
    route: Route,
}

/// The endpoint in use, and since when.
#[derive(Clone, Copy, Debug, Default)]
struct Route {
    endpoint: usize,
    since: Duration,
}

impl Session {
    /// A session with the default settings and a credential, or a [`Chain`] that is searched for one.
    pub fn new(credentials: impl Into<Chain>) -> Self {
        let chain = credentials.into();
        let fixed = chain.fixed().cloned();
        Self {
            settings: Settings::default(),
            refresh: match fixed {
                Some(_) => None,
                None => Some(Box::new(Refresh::new(chain))),
            },
            signer: fixed.map(Signer::new),
            rate_limits: RateLimits::default(),
            clock: ServiceClock::default(),
            route: Route::default(),
        }
    }

    /// The same session with other settings.
    #[must_use = "the session is returned, not changed"]
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// The settings.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The credential that signs requests; `None` before one is found.
    pub fn credential(&self) -> Option<&Credential> {
        self.signer.as_ref().map(Signer::credential)
    }

    /// Replaces the credential: id, key and token change together. The session no longer searches for credentials.
    pub fn set_credential(&mut self, credential: Credential) {
        self.signer = Some(Signer::new(credential));
        self.refresh = None;
    }

    /// Returns the search for credentials that a call is waiting for, unless another driver has it.
    ///
    /// Only a session made from a [`Chain`] searches. On each [`Step::Wait`](crate::Step::Wait), its driver calls this
    /// first, and drives the search instead of waiting. The search ends within that call's deadline. Without a driver
    /// that does so, calls wait until their deadline, and their error tells.
    pub fn search(&mut self, now: Now) -> Option<Search> {
        let wants_region = self.settings.region().is_none() && self.signer.is_none();
        self.refresh.as_mut()?.search(wants_region, now)
    }

    /// What a call with so much time left does about credentials.
    pub(crate) fn claim(&mut self, left: Duration, now: Now, scope: &Scope) -> Claim {
        let has_some = self.signer.is_some();
        match &mut self.refresh {
            Some(refresh) => refresh.claim(has_some, left, now, scope),
            None => Claim::Ready,
        }
    }

    /// The search for credentials, unless they are fixed.
    pub(crate) fn refresh(&self) -> Option<&Refresh> {
        self.refresh.as_deref()
    }

    /// Takes the result of a search. Returns the source of the credentials, or why there are none; `None` if another
    /// search has replaced this one.
    pub(crate) fn renewed(
        &mut self,
        mark: &Arc<()>,
        result: Result<Found, NoCredentials>,
        date: UnixTime,
        now: Now,
    ) -> Option<Result<String, NoCredentials>> {
        let old = self.signer.as_ref().map(Signer::credential);
        let refresh = self.refresh.as_mut()?;
        let renewed = refresh.renewed(mark, old, result, date, now)?;
        Some(renewed.map(|found| {
            self.signer = Some(Signer::new(found.credential));
            self.set_region(found.region);
            found.source.to_string()
        }))
    }

    /// Identifies the current credentials, if a search found them.
    pub(crate) fn generation(&self) -> Option<Generation> {
        self.refresh().map(Refresh::generation)
    }

    /// Records that the service has refused these credentials.
    pub(crate) fn refuse(&mut self, generation: Generation) {
        if let Some(refresh) = &mut self.refresh {
            refresh.refuse(generation);
        }
    }

    /// Whether the session has other credentials than these by now.
    pub(crate) fn has_others(&self, generation: Generation) -> bool {
        self.refresh().is_none_or(|it| it.has_others(generation))
    }

    fn set_region(&mut self, region: Option<Region>) {
        if self.settings.region().is_none() {
            self.settings = mem::take(&mut self.settings).with_region(region);
        }
    }

    /// How far the service's clock is ahead of this machine's, in seconds; 0 until the service refuses a request
    /// because of its time.
    pub const fn clock_offset(&self) -> i64 {
        self.clock.offset()
    }

    pub(crate) const fn clock(&mut self) -> &mut ServiceClock {
        &mut self.clock
    }

    /// The most requests of an action per second.
    pub(crate) fn rate(&self, target: &Target) -> Result<u32, Invalid> {
        match self.settings.rate(target) {
            Some(0) => Err(Invalid::new(
                "rate",
                "must be at least 1 per second, or none",
            )),
            rate => Ok(rate.unwrap_or(u32::MAX)),
        }
    }

    pub(crate) fn rate_limit(&mut self, target: &Target) -> &mut RateLimit {
        let name = (target.service.clone(), target.action.clone());
        self.rate_limits.entry(name).or_default()
    }

    /// The endpoint for requests now.
    pub(crate) fn route(&mut self, now: Duration) -> usize {
        if now.saturating_sub(self.route.since) >= FAILBACK {
            self.route = Route::default();
        }
        self.route.endpoint
    }

    /// Switches to the next endpoint, unless another call already has. Returns whether the endpoint is another one now.
    pub(crate) fn reroute(&mut self, unreachable: usize, now: Duration) -> bool {
        if self.route.endpoint == unreachable {
            let others = self.settings.failover().len();
            let next = unreachable.saturating_add(1);
            self.route = Route {
                endpoint: if next > others { 0 } else { next },
                since: now,
            };
        }
        self.route.endpoint != unreachable
    }

    /// The settings and the signer, to build a request.
    pub(crate) const fn parts(&mut self) -> (&Settings, Option<&mut Signer>) {
        (&self.settings, self.signer.as_mut())
    }
}
