use alloc::sync::{Arc, Weak};
use core::time::Duration;

use super::{Chain, Credential, NoCredentials, Search, Source, Tried, errors::Sort};
use crate::{Now, Region, UnixTime, flow::Retry, trace::Scope};

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
#[derive(Clone, Debug, Default)]
pub(crate) struct Refresh {
    /// Where to look: the source that has had them, once one has.
    chain: Chain,
    /// When they are to be renewed, and when they end, if they expire.
    renew: Option<Moment>,
    end: Option<Moment>,
    /// The search that is due or under way.
    flight: Option<Flight>,
    /// Whether the service has refused what there is, and no search has ended well since.
    refused: bool,
    /// How many searches have ended.
    ended: u64,
    /// Which credentials there are.
    generation: Generation,
    /// How many searches have failed in a row, and what the last one came to.
    failures: u32,
    failure: Option<NoCredentials>,
    /// When there may be another one.
    again: Duration,
}

/// A moment by a clock that can't be set, and by one that goes on while the machine sleeps. Whichever is first counts.
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

/// When credentials are to be renewed, and when they end.
type Life = (Option<Moment>, Option<Moment>);

/// Which credentials a request was signed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Generation {
    /// How many searches have found some.
    found: u64,
    /// How many have found others than before.
    changes: u64,
}

/// What a search has found.
pub(crate) struct Found {
    pub(crate) source: Source,
    pub(crate) credential: Credential,
    pub(crate) region: Option<Region>,
}

/// A search that a call waits for.
#[derive(Clone, Debug)]
struct Flight {
    /// When it has taken too long.
    until: Duration,
    /// Dead once the search that was given out is dropped; `None` while nobody does it.
    out: Option<Weak<()>>,
    /// That of the call, until it is given out.
    scope: Option<Scope>,
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
            ..Self::default()
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
        let past = |moment: &Option<Moment>| moment.is_some_and(|it| it.has_come(now));
        let valid = has_some && !past(&self.end);
        let usable = valid && !self.refused;
        if usable && !past(&self.renew) {
            return Claim::Ready;
        }
        let lasts = |it: &Flight| {
            now.tick < it.until && it.out.as_ref().is_none_or(|out| out.strong_count() > 0)
        };
        if self.flight.as_ref().is_some_and(lasts) {
            return if usable { Claim::Ready } else { Claim::Wait };
        }
        let rest = self.again.saturating_sub(now.tick);
        if let (false, Some(failure)) = (rest.is_zero(), &self.failure) {
            // Refused or not, there are no others.
            let failed = || Claim::Failed(failure.clone(), rest);
            return if valid { Claim::Ready } else { failed() };
        }
        // While the old ones are good, the call has something better to do with its time.
        let half = left.checked_div(2).unwrap_or_default();
        let budget = if usable { half } else { left };
        let until = now.tick.saturating_add(budget);
        self.flight = Some(Flight {
            until,
            out: None,
            scope: Some(scope.clone()),
        });
        Claim::Wait
    }

    /// The search that is due, if nobody does it yet.
    pub(crate) fn search(&mut self, wants_region: bool, now: Now) -> Option<Search> {
        let flight = self.flight.as_mut();
        let flight = flight.filter(|it| it.out.is_none() && now.tick <= it.until)?;
        let (mark, until, scope) = (Arc::new(()), flight.until, flight.scope.take()?);
        flight.out = Some(Arc::downgrade(&mark));
        flight.until = until.saturating_add(GRACE);
        Some(Search::new(mark, &self.chain, wants_region, until, scope))
    }

    /// Whether a search is due that nobody does yet.
    pub(crate) fn is_due(&self) -> bool {
        self.flight.as_ref().is_some_and(|it| it.out.is_none())
    }

    /// How many searches have ended.
    pub(crate) const fn ended(&self) -> u64 {
        self.ended
    }

    /// Why there are none, by the last search.
    pub(crate) fn no_credentials(&self) -> NoCredentials {
        let expired = || NoCredentials::of_all(Sort::Wrong, "what was found expired at once");
        self.failure.clone().unwrap_or_else(expired)
    }

    /// Why a call has waited for them in vain.
    pub(crate) fn awaited(&self) -> NoCredentials {
        let (sort, reason) = match &self.failure {
            _ if self.is_due() => (
                Sort::Wrong,
                "nobody looks for them: the driver must ask Session::search before it waits",
            ),
            Some(failure) => return failure.clone(),
            None => (Sort::Passing, "another call still looks for them"),
        };
        NoCredentials::of_all(sort, reason)
    }

    /// Which credentials there are.
    pub(crate) const fn generation(&self) -> Generation {
        self.generation
    }

    /// The service has refused a request that was signed with credentials of this generation: they are not used
    /// again before somebody has looked, unless somebody has since.
    pub(crate) const fn refuse(&mut self, generation: Generation) {
        if self.generation.found == generation.found {
            self.refused = true;
        }
    }

    /// Whether there are others than those of this generation.
    pub(crate) const fn has_others(&self, generation: Generation) -> bool {
        self.generation.changes != generation.changes
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
        let own = |out: &Weak<()>| out.as_ptr() == Arc::as_ptr(mark);
        self.flight.take_if(|it| it.out.as_ref().is_some_and(own))?;
        self.ended = self.ended.saturating_add(1);
        let result = result.and_then(|found| {
            (self.renew, self.end) = life(&found, date, now)?;
            Ok(found)
        });
        match &result {
            Ok(found) => {
                let generation = &mut self.generation;
                generation.found = generation.found.saturating_add(1);
                if !old.is_some_and(|old| old.has_keys_of(&found.credential)) {
                    generation.changes = generation.changes.saturating_add(1);
                }
                self.chain = found.source.clone().into();
                (self.refused, self.failures, self.failure) = (false, 0, None);
            }
            Err(missing) => {
                self.failures = self.failures.saturating_add(1);
                self.failure = Some(missing.clone());
                let delay = BACKOFF.delay(self.failures, now.entropy);
                self.again = now.tick.saturating_add(REST).saturating_add(delay);
            }
        }
        Some(result)
    }
}

/// When what was found is to be renewed, and when it ends, if it does, unless it already has.
fn life(found: &Found, date: UnixTime, now: Now) -> Result<Life, NoCredentials> {
    let Some(expires_at) = found.credential.expires_at() else {
        return Ok((None, None));
    };
    let left = expires_at.seconds_since(date);
    if left <= 0 {
        let tried = Tried::new(Sort::Passing, "what it has is expired already");
        return Err(NoCredentials::new(
            [tried.with_source(&found.source)].into(),
        ));
    }
    let before = |seconds: i64| Some(Moment::after(now, left.saturating_sub(seconds)));
    let early = EARLY.min(left / 4).max(left.saturating_sub(LONGEST_LIFE));
    Ok((before(early), before(WAY.min(left / 10))))
}
