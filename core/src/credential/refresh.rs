use alloc::{
    string::ToString,
    sync::{Arc, Weak},
};
use core::time::Duration;

use super::{Chain, Credential, NoCredentials, Search, Source, Tried};
use crate::{Now, Region, Retry, UnixTime};

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
/// How much longer than allowed a search may take before another call takes it over.
const GRACE: Duration = Duration::from_secs(1);

/// What a session knows of where its credentials come from: who looks for them, and when.
#[derive(Clone, Debug)]
pub(crate) struct Refresh {
    /// Where to look: the source that has had them, once one has.
    chain: Chain,
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
    pub(crate) source: Source,
    pub(crate) credential: Credential,
    pub(crate) region: Option<Region>,
}

/// A search, and when it has taken too long.
#[derive(Clone, Debug)]
enum Flight {
    /// A call waits for it, and nobody does it yet.
    Due(Duration),
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
            chain,
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
    pub(crate) fn claim(&mut self, has_some: bool, left: Duration, now: Now) -> Claim {
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
        let rest = self.again.saturating_sub(now.tick);
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
        self.flight = Some(Flight::Due(now.tick.saturating_add(budget)));
        Claim::Wait
    }

    /// The search that is due, if nobody does it yet.
    pub(crate) fn search(&mut self, wants_region: bool, now: Now) -> Option<Search> {
        let Some(Flight::Due(until)) = self.flight else {
            return None;
        };
        if now.tick > until {
            return None;
        }
        let mark = Arc::new(());
        let taken_over = until.saturating_add(GRACE);
        self.flight = Some(Flight::Out(Arc::downgrade(&mark), taken_over));
        let chain = self.chain.clone();
        Some(Search::new(
            mark,
            chain,
            self.found > 0,
            wants_region,
            until,
        ))
    }

    /// How many searches have ended.
    pub(crate) const fn ended(&self) -> u64 {
        self.ended
    }

    /// Why there are none, by the last search.
    pub(crate) fn no_credentials(&self) -> NoCredentials {
        let failure = self.failure.clone();
        failure.unwrap_or_else(|| NoCredentials::of_all("what was found expired at once", false))
    }

    /// Why a call has waited for them in vain.
    pub(crate) fn awaited(&self) -> NoCredentials {
        match (&self.flight, &self.failure) {
            (Some(Flight::Due(_)), _) => {
                let reason =
                    "nobody looks for them: the driver must ask Session::search before it waits";
                NoCredentials::of_all(reason, false)
            }
            (_, Some(failure)) => failure.clone(),
            (_, None) => NoCredentials::of_all("another call still looks for them", true),
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
    /// now on, or why there is nothing; `None` when another search has taken over.
    pub(crate) fn renewed(
        &mut self,
        mark: &Arc<()>,
        old: Option<&Credential>,
        result: Result<Found, NoCredentials>,
        date: UnixTime,
        now: Now,
    ) -> Option<Result<Found, NoCredentials>> {
        match &self.flight {
            Some(Flight::Out(current, _)) if current.as_ptr() == Arc::as_ptr(mark) => {}
            _ => return None,
        }
        self.flight = None;
        self.ended = self.ended.saturating_add(1);
        let result = result.and_then(|found| Ok((life(&found, date, now)?, found)));
        Some(match result {
            Ok((life, found)) => {
                self.refused = false;
                self.found = self.found.saturating_add(1);
                if !old.is_some_and(|old| old.has_keys_of(&found.credential)) {
                    self.changes = self.changes.saturating_add(1);
                }
                self.chain = found.source.clone().into();
                self.life = life;
                (self.failures, self.failure) = (0, None);
                Ok(found)
            }
            Err(missing) => {
                self.failures = self.failures.saturating_add(1);
                self.failure = Some(missing.clone());
                let delay = BACKOFF.delay(self.failures, now.entropy);
                self.again = now.tick.saturating_add(REST).saturating_add(delay);
                Err(missing)
            }
        })
    }
}

/// When what was found ends, if it does, unless it already has.
fn life(found: &Found, date: UnixTime, now: Now) -> Result<Option<Life>, NoCredentials> {
    let Some(expires_at) = found.credential.expires_at() else {
        return Ok(None);
    };
    let left = expires_at.seconds_since(date);
    if left <= 0 {
        let reason = "what it has is expired already".into();
        let tried = Tried::new(found.source.to_string(), reason);
        return Err(NoCredentials::new([tried].into(), true));
    }
    let before = |seconds: i64| Moment::after(now, left.saturating_sub(seconds));
    Ok(Some(Life {
        renew: before(EARLY.min(left / 4).max(left.saturating_sub(LONGEST_LIFE))),
        end: before(WAY.min(left / 10)),
    }))
}

impl Flight {
    fn lasts(&self, now: Now) -> bool {
        match self {
            Self::Due(until) => now.tick < *until,
            Self::Out(mark, until) => mark.strong_count() > 0 && now.tick < *until,
        }
    }
}
