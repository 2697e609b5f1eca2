//! A session: the state that the calls of one client share.

pub(crate) mod endpoint;
mod settings;

use core::time::Duration;

pub use endpoint::Endpoint;
pub use settings::{Language, Region, Settings, Wire};

use crate::{
    Chain, Credential, Now, Target,
    credential::{Refresh, Search},
    flow::{
        clock::ServiceClock,
        rate_limit::{RateLimit, RateLimits},
    },
    tc3::Signer,
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
    pub(crate) settings: Settings,
    pub(crate) refresh: Refresh,
    pub(crate) rate_limits: RateLimits,
    pub(crate) clock: ServiceClock,
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
        Self {
            settings: Settings::default(),
            refresh: Refresh::new(credentials.into()),
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
        self.refresh.signer.as_ref().map(Signer::credential)
    }

    /// Replaces the credential: id, key and token change together. The session no longer searches for credentials.
    pub fn set_credential(&mut self, credential: Credential) {
        self.refresh.fix(credential);
    }

    /// Returns the search for credentials that a call is waiting for, unless another driver has it.
    ///
    /// Only a session made from a [`Chain`] searches. On each [`Step::Wait`](crate::Step::Wait), its driver calls this
    /// first, and drives the search instead of waiting. The search ends within that call's deadline. Without a driver
    /// that does so, calls wait until their deadline, and their error tells.
    pub fn search(&mut self, now: Now) -> Option<Search> {
        let unix = now.unix.plus(self.clock_offset());
        self.refresh.search(Now { unix, ..now })
    }

    /// How far the service's clock is ahead of this machine's, in seconds; 0 until the service refuses a request
    /// because of its time.
    pub const fn clock_offset(&self) -> i64 {
        self.clock.offset()
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
            let others = self.settings.failover.len();
            let next = unreachable.saturating_add(1);
            self.route = Route {
                endpoint: if next > others { 0 } else { next },
                since: now,
            };
        }
        self.route.endpoint != unreachable
    }
}
