//! What the calls of one client share.

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

/// How long a session stays with another endpoint before it tries the first one again.
const FAILBACK: Duration = Duration::from_secs(60);

/// What calls share: the settings, the credential and its cached signing keys, how often each action was
/// sent in the last second, by how much the clock is wrong, and which endpoint can be reached.
///
/// A plain value behind `&mut`: an IO crate keeps it in a lock, a single-threaded program need not.
/// One session for all calls with one key pair, since the service counts and times them together.
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
    /// None before credentials are found.
    signer: Option<Signer>,
    /// Where they come from, unless they were given.
    refresh: Option<Box<Refresh>>,
    rate_limits: RateLimits,
    clock: ServiceClock,
    route: Route,
}

/// Which endpoint requests go to, and since when.
#[derive(Clone, Copy, Debug, Default)]
struct Route {
    endpoint: usize,
    since: Duration,
}

impl Session {
    /// A session with the default settings and a credential, or a [`Chain`] in which one is looked for.
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

    /// The credential that signs; `None` before one is found.
    pub fn credential(&self) -> Option<&Credential> {
        self.signer.as_ref().map(Signer::credential)
    }

    /// Signs with another credential from now on; id, key and token change as one. It is not looked for
    /// any more.
    pub fn set_credential(&mut self, credential: Credential) {
        self.signer = Some(Signer::new(credential));
        self.refresh = None;
    }

    /// Returns the search for credentials that a call waits for, if nobody does it yet.
    ///
    /// Only a session that was made of a [`Chain`] looks for any. Its driver asks before it waits, each time that a
    /// step says [`Step::Wait`](crate::Step::Wait), and drives the search in place of the wait: it ends within that
    /// call's deadline. Calls that nobody searches for wait until their deadline, and their error says so.
    pub fn search(&mut self, now: Now) -> Option<Search> {
        let wants_region = self.settings.region().is_none() && self.signer.is_none();
        self.refresh.as_mut()?.search(wants_region, now)
    }

    /// What a call that has so much time left is to do about credentials.
    pub(crate) fn claim(&mut self, left: Duration, now: Now, scope: &Scope) -> Claim {
        let has_some = self.signer.is_some();
        match &mut self.refresh {
            Some(refresh) => refresh.claim(has_some, left, now, scope),
            None => Claim::Ready,
        }
    }

    /// What is known of where the credentials come from, unless they were given.
    pub(crate) fn refresh(&self) -> Option<&Refresh> {
        self.refresh.as_deref()
    }

    /// Takes what a search for credentials came to. Returns the source that had them, or why there are none, unless
    /// another search has taken over.
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

    /// Which credentials requests are signed with now, if they were looked for.
    pub(crate) fn generation(&self) -> Option<Generation> {
        self.refresh().map(Refresh::generation)
    }

    /// The service has refused the credentials of this generation.
    pub(crate) fn refuse(&mut self, generation: Generation) {
        if let Some(refresh) = &mut self.refresh {
            refresh.refuse(generation);
        }
    }

    /// Whether there are others than those of this generation by now.
    pub(crate) fn has_others(&self, generation: Generation) -> bool {
        self.refresh().is_none_or(|it| it.has_others(generation))
    }

    fn set_region(&mut self, region: Option<Region>) {
        if self.settings.region().is_none() {
            self.settings = mem::take(&mut self.settings).with_region(region);
        }
    }

    /// By how many seconds the service's clock is ahead of this machine's, as far as its answers told:
    /// 0 until it refuses a request for its time.
    pub const fn clock_offset(&self) -> i64 {
        self.clock.offset()
    }

    pub(crate) const fn clock(&mut self) -> &mut ServiceClock {
        &mut self.clock
    }

    /// How many requests of an action a second are sent at most.
    pub(crate) fn rate(&self, target: &Target) -> Result<u32, Invalid> {
        match self.settings.rate(target) {
            Some(0) => Err(Invalid::new("rate", "must be at least 1 a second, or none")),
            rate => Ok(rate.unwrap_or(u32::MAX)),
        }
    }

    pub(crate) fn rate_limit(&mut self, target: &Target) -> &mut RateLimit {
        self.rate_limits.of(target)
    }

    /// Which endpoint requests go to now.
    pub(crate) fn route(&mut self, now: Duration) -> usize {
        if now.saturating_sub(self.route.since) >= FAILBACK {
            self.route = Route::default();
        }
        self.route.endpoint
    }

    /// Goes on to the next endpoint, unless another call already has. Says whether there is one.
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

    /// What a request is built from.
    pub(crate) const fn parts(&mut self) -> (&Settings, Option<&mut Signer>) {
        (&self.settings, self.signer.as_mut())
    }
}
