use alloc::{
    string::{String, ToString},
    sync::{Arc, Weak},
    vec,
    vec::Vec,
};
use core::{mem, time::Duration};

use super::{
    Credential, NoCredentials, Tried,
    chain::Chain,
    renewal::{Found, Renewal},
};
use crate::{Now, Retry, UnixTime};

/// How long before they expire credentials are renewed at the most.
const EARLY: i64 = 300;
/// How long credentials are believed to live at most, as no role lives longer: what says more is a mistake of who
/// gave them, and is asked for anew by then. Until they expire by their own word they are used all the same.
const LONGEST_LIFE: i64 = 12 * 3_600;
/// How long before they expire credentials are not used any more at the most: requests take a while.
const WAY: i64 = 5;
/// The least time between two looks that fail, and how it grows.
const REST: Duration = Duration::from_secs(1);
const BACKOFF: Retry = Retry::NEVER
    .with_base(Duration::from_secs(1))
    .with_cap(Duration::from_secs(60));
const LONGEST_REST: Duration = Duration::from_secs(61);
/// How much longer than allowed a look may take before another call takes it over.
const GRACE: Duration = Duration::from_secs(1);

/// What a session knows of where its credentials come from.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    chain: Arc<Chain>,
    /// The source that has had them.
    source: Option<usize>,
    /// How long they live, if they expire.
    life: Option<Life>,
    flight: Option<Flight>,
    /// Whether the service has refused what there is, and nobody has looked for others since.
    refused: bool,
    /// How many looks have found some.
    found: u64,
    /// How many of them found others than before.
    changes: u64,
    /// How many looks have failed in a row, and what the last one came to.
    failures: u32,
    failure: Option<NoCredentials>,
    /// When there may be another one.
    again: Duration,
}

/// When credentials are to be renewed, and when they end: by a clock that can't be set, and by one that goes on
/// while the machine sleeps. Whichever is first counts.
#[derive(Clone, Copy, Debug)]
struct Life {
    renew: Moment,
    end: Moment,
}

#[derive(Clone, Copy, Debug)]
struct Moment {
    tick: Duration,
    unix: UnixTime,
}

impl Moment {
    /// So many seconds from now on.
    fn after(now: Now, seconds: i64) -> Self {
        let seconds = seconds.max(0);
        let later = Duration::from_secs(seconds.unsigned_abs());
        Self {
            tick: now.tick.saturating_add(later),
            unix: now.unix.plus(seconds),
        }
    }

    fn has_come(&self, now: Now) -> bool {
        now.tick >= self.tick || now.unix >= self.unix
    }
}

/// Which credentials a request was signed with, as a provider counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Generation {
    found: u64,
    changes: u64,
}

/// What a look has found.
#[derive(Clone, Debug)]
pub(crate) struct Gained {
    /// The source that had credentials.
    pub(crate) source: String,
    /// What was of no use on the way, and why.
    pub(crate) passed_over: Vec<Tried>,
}

/// A look that is under way.
#[derive(Clone, Debug)]
struct Flight {
    /// Dead when the call that does it is gone.
    mark: Weak<()>,
    until: Duration,
}

/// What a call is to do about credentials.
#[derive(Debug)]
pub(crate) enum Claim {
    /// Sign.
    Ready,
    /// Look for new ones.
    Renew(Renewal),
    /// Wait for who is looking.
    Wait,
    /// There are none, and nobody looks again for so long.
    Failed(NoCredentials, Duration),
}

impl Provider {
    pub(crate) fn new(chain: Chain) -> Self {
        Self {
            chain: Arc::new(chain),
            source: None,
            life: None,
            flight: None,
            refused: false,
            found: 0,
            changes: 0,
            failures: 0,
            failure: None,
            again: Duration::ZERO,
        }
    }

    /// What a call that has so much time left is to do. `has_some` when there are credentials, expired or not.
    pub(crate) fn claim(
        &mut self,
        has_some: bool,
        wants_region: bool,
        left: Duration,
        now: Now,
    ) -> Claim {
        let past = |moment: fn(&Life) -> &Moment| {
            let life = self.life.as_ref();
            life.is_some_and(|life| moment(life).has_come(now))
        };
        let valid = has_some && !past(|life| &life.end);
        let usable = valid && !self.refused;
        if usable && !past(|life| &life.renew) {
            return Claim::Ready;
        }
        if self.flight.as_ref().is_some_and(|flight| flight.lasts(now)) {
            return if usable { Claim::Ready } else { Claim::Wait };
        }
        let mut rest = self.again.saturating_sub(now.tick);
        if rest > LONGEST_REST {
            // The clock has gone back.
            self.again = now.tick;
            rest = Duration::ZERO;
        }
        if let (false, Some(failure)) = (rest.is_zero(), &self.failure) {
            // Refused or not, there are no others.
            return if valid {
                Claim::Ready
            } else {
                Claim::Failed(failure.clone(), rest)
            };
        }
        // While the old ones are good, the call has something better to do with its time.
        let half = left.checked_div(2).unwrap_or_default();
        let budget = if usable { half } else { left };
        let (mark, until) = (Arc::new(()), now.tick.saturating_add(budget));
        self.flight = Some(Flight {
            mark: Arc::downgrade(&mark),
            until: until.saturating_add(GRACE),
        });
        let chain = Arc::clone(&self.chain);
        let wants_region = wants_region && !has_some;
        Claim::Renew(Renewal::new(mark, chain, self.source, wants_region, until))
    }

    /// Why there are none, by the last look.
    pub(crate) fn no_credentials(&self) -> NoCredentials {
        let failure = self.failure.clone();
        failure.unwrap_or_else(NoCredentials::expired_at_once)
    }

    /// Which credentials there are.
    pub(crate) const fn generation(&self) -> Generation {
        Generation {
            found: self.found,
            changes: self.changes,
        }
    }

    /// The service has refused a request that was signed with credentials of this generation: they are not used
    /// again before somebody has looked, unless somebody has since.
    pub(crate) const fn refuse(&mut self, generation: Generation) {
        if self.found == generation.found {
            self.refused = true;
        }
    }

    /// Whether there are others than those of this generation.
    pub(crate) const fn has_others(&self, generation: Generation) -> bool {
        self.changes != generation.changes
    }

    /// Takes what a look came to; returns what the session shall use from now on and whose it is, or why there is
    /// nothing. `None` when another call has taken over.
    pub(crate) fn renewed(
        &mut self,
        mark: &Arc<()>,
        old: Option<&Credential>,
        result: Result<Found, NoCredentials>,
        now: Now,
    ) -> Option<Result<(Gained, Found), NoCredentials>> {
        let current = self.flight.as_ref();
        if current.is_none_or(|flight| flight.mark.as_ptr() != Arc::as_ptr(mark)) {
            return None;
        }
        self.flight = None;
        match result.and_then(|found| self.living(found, now)) {
            Ok((life, mut found)) => {
                self.refused = false;
                self.found = self.found.saturating_add(1);
                if !old.is_some_and(|old| old.has_keys_of(&found.credential)) {
                    self.changes = self.changes.saturating_add(1);
                }
                self.source = Some(found.place);
                self.life = life;
                (self.failures, self.failure) = (0, None);
                let gained = Gained {
                    source: self.source(found.place),
                    passed_over: mem::take(&mut found.passed_over),
                };
                Some(Ok((gained, found)))
            }
            Err(missing) => {
                self.failures = self.failures.saturating_add(1);
                self.failure = Some(missing.clone());
                let delay = BACKOFF.delay(self.failures, now.entropy);
                self.again = now.tick.saturating_add(REST).saturating_add(delay);
                Some(Err(missing))
            }
        }
    }

    /// The name of the source at a place.
    fn source(&self, place: usize) -> String {
        let source = self.chain.sources().get(place);
        source.map(ToString::to_string).unwrap_or_default()
    }

    /// When what was found ends, unless it already has.
    fn living(&self, found: Found, now: Now) -> Result<(Option<Life>, Found), NoCredentials> {
        let Some(expires_at) = found.credential.expires_at() else {
            return Ok((None, found));
        };
        let left = expires_at.seconds_since(found.date);
        if left <= 0 {
            let tried = Tried {
                source: self.source(found.place),
                reason: "what it has is expired already".into(),
                cause: None,
            };
            return Err(NoCredentials::new(vec![tried], true));
        }
        let before = |seconds: i64| Moment::after(now, left.saturating_sub(seconds));
        let life = Life {
            renew: before(EARLY.min(left / 4).max(left.saturating_sub(LONGEST_LIFE))),
            end: before(WAY.min(left / 10)),
        };
        Ok((Some(life), found))
    }
}

impl Flight {
    fn lasts(&self, now: Now) -> bool {
        self.mark.strong_count() > 0 && now.tick < self.until
    }
}
