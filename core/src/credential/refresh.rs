use alloc::{
    string::{String, ToString},
    sync::{Arc, Weak},
    vec,
};
use core::time::Duration;

use super::{Chain, Credential, NoCredentials, Search, Tried};
use crate::{Now, Region, Retry, UnixTime, trace::Scope};

/// How long before they expire credentials are renewed at the most.
const EARLY: i64 = 300;
/// How long credentials are believed to live at most, as no role lives longer: what says more is a mistake of who
/// gave them, and is asked for anew by then. Until they expire by their own word they are used all the same.
const LONGEST_LIFE: i64 = 12 * 3_600;
/// How long before they expire credentials are not used any more at the most: requests take a while.
const WAY: i64 = 5;
/// The least time between two searches that fail, and how it grows.
const REST: Duration = Duration::from_secs(1);
const BACKOFF: Retry = Retry::NEVER
    .with_base(Duration::from_secs(1))
    .with_cap(Duration::from_secs(60));
const LONGEST_REST: Duration = Duration::from_secs(61);
/// How much longer than allowed a search may take before another call takes it over.
const GRACE: Duration = Duration::from_secs(1);

/// What a session knows of where its credentials come from: who looks for them, and when.
#[derive(Clone, Debug)]
pub(crate) struct Refresh {
    chain: Arc<Chain>,
    /// The source that has had them.
    source: Option<usize>,
    /// How long they live, if they expire.
    life: Option<Life>,
    /// The search that is due or under way.
    flight: Option<Flight>,
    /// Whether the service has refused what there is, and no search has ended well since.
    refused: bool,
    /// How many searches have ended.
    ended: u64,
    /// How many of them have found some.
    found: u64,
    /// How many have found others than before.
    changes: u64,
    /// How many searches have failed in a row, and what the last one came to.
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

/// Which credentials a request was signed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Generation {
    found: u64,
    changes: u64,
}

/// What a search has found.
pub(crate) struct Found {
    /// The place of the source in the chain.
    pub(super) place: usize,
    pub(crate) credential: Credential,
    pub(crate) region: Option<Region>,
}

/// A search, and when it has taken too long.
#[derive(Clone, Debug)]
enum Flight {
    /// A call waits for it, and nobody does it yet.
    Due(Duration, Scope),
    /// It is given out. The mark is dead once it is dropped.
    Out(Weak<()>, Duration),
}

/// What a call is to do about credentials.
#[derive(Debug)]
pub(crate) enum Claim {
    /// Sign.
    Ready,
    /// Wait for a search, which is due or under way.
    Wait,
    /// There are none, and the next search is not due for so long.
    Failed(NoCredentials, Duration),
}

impl Refresh {
    pub(crate) fn new(chain: Chain) -> Self {
        Self {
            chain: Arc::new(chain),
            source: None,
            life: None,
            flight: None,
            refused: false,
            ended: 0,
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
        left: Duration,
        now: Now,
        scope: &Scope,
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
        self.flight = Some(Flight::Due(now.tick.saturating_add(budget), scope.clone()));
        Claim::Wait
    }

    /// The search that is due, if nobody does it yet.
    pub(crate) fn search(&mut self, wants_region: bool, now: Now) -> Option<Search> {
        let Some(Flight::Due(until, scope)) = &self.flight else {
            return None;
        };
        let (until, scope) = (*until, scope.clone());
        if now.tick > until {
            return None;
        }
        let mark = Arc::new(());
        let taken_over = until.saturating_add(GRACE);
        self.flight = Some(Flight::Out(Arc::downgrade(&mark), taken_over));
        let search = Search::new(mark, &self.chain, self.source, wants_region, until, scope);
        Some(search)
    }

    /// Whether a search is due that nobody does yet.
    pub(crate) const fn is_due(&self) -> bool {
        matches!(self.flight, Some(Flight::Due(..)))
    }

    /// How many searches have ended.
    pub(crate) const fn ended(&self) -> u64 {
        self.ended
    }

    /// Why there are none, by the last search.
    pub(crate) fn no_credentials(&self) -> NoCredentials {
        let failure = self.failure.clone();
        failure.unwrap_or_else(NoCredentials::expired_at_once)
    }

    /// Why a call has waited for them in vain.
    pub(crate) fn awaited(&self) -> NoCredentials {
        match (&self.flight, &self.failure) {
            (Some(Flight::Due(..)), _) => NoCredentials::unasked(),
            (_, Some(failure)) => failure.clone(),
            (_, None) => NoCredentials::awaited(),
        }
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

    /// Takes what a search came to, at this time by the clock of who gave it. Returns what the session is to use from
    /// now on and the source's name, or why there is nothing; `None` when another search has taken over.
    pub(crate) fn renewed(
        &mut self,
        mark: &Arc<()>,
        old: Option<&Credential>,
        result: Result<Found, NoCredentials>,
        date: UnixTime,
        now: Now,
    ) -> Option<Result<(String, Found), NoCredentials>> {
        match &self.flight {
            Some(Flight::Out(current, _)) if current.as_ptr() == Arc::as_ptr(mark) => {}
            _ => return None,
        }
        self.flight = None;
        self.ended = self.ended.saturating_add(1);
        match result.and_then(|found| self.living(found, date, now)) {
            Ok((life, found)) => {
                self.refused = false;
                self.found = self.found.saturating_add(1);
                if !old.is_some_and(|old| old.has_keys_of(&found.credential)) {
                    self.changes = self.changes.saturating_add(1);
                }
                self.source = Some(found.place);
                self.life = life;
                (self.failures, self.failure) = (0, None);
                Some(Ok((self.source(found.place), found)))
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
    fn living(
        &self,
        found: Found,
        date: UnixTime,
        now: Now,
    ) -> Result<(Option<Life>, Found), NoCredentials> {
        let Some(expires_at) = found.credential.expires_at() else {
            return Ok((None, found));
        };
        let left = expires_at.seconds_since(date);
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
        match self {
            Self::Due(until, _) => now.tick < *until,
            Self::Out(mark, until) => mark.strong_count() > 0 && now.tick < *until,
        }
    }
}
