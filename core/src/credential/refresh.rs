use alloc::{
    string::{String, ToString},
    sync::{Arc, Weak},
};
use core::time::Duration;

use super::{
    Chain, Credential, NoCredentials, Search, Source, Tried, errors::Sort, source::SourceKind,
};
use crate::{Now, UnixTime, flow::Retry, tc3::Signer, trace::Scope};

/// Credentials are renewed at most so many seconds before they expire.
const EARLY: i64 = 300;
/// Credentials are renewed after so many seconds at the latest: no role lives longer, so a later expiry is a mistake of
/// its source. They stay valid until that expiry all the same.
const LONGEST_LIFE: i64 = 12 * 3_600;
/// Credentials count as expired at most so many seconds early, since a request takes a while to arrive.
const MARGIN: i64 = 5;
/// The minimum pause after a failed search, and the backoff that is added to it.
const MIN_PAUSE: Duration = Duration::from_secs(1);
const BACKOFF: Retry = Retry::NEVER
    .with_base(Duration::from_secs(1))
    .with_cap(Duration::from_secs(60));
/// How long a search may run past its deadline before another call may start a new one.
const GRACE: Duration = Duration::from_secs(1);

/// A session's credentials: which are in use, and when and by which call others are searched for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refresh {
    /// Signs with the credentials in use; `None` before any are found.
    pub(crate) signer: Option<Signer>,
    /// The sources to search. Once one has had credentials, only this one.
    chain: Chain,
    /// When to renew the credentials, and when they end, if they expire.
    life: Option<(Now, Now)>,
    /// The search that is due or running.
    flight: Option<Flight>,
    /// Whether the service refused the current credentials, and no search has succeeded since.
    refused: bool,
    /// How many searches have ended.
    pub(crate) ended: u64,
    /// Identifies the current credentials.
    generation: Generation,
    /// How many searches have failed in a row, and the error of the last one.
    failures: u32,
    failure: Option<NoCredentials>,
    /// The tick before which no search starts after a failed one.
    retry_at: Duration,
}

/// Identifies the credentials that a request was signed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Generation {
    /// How many searches have found credentials.
    found: u64,
    /// How many of them found other credentials than the search before.
    changes: u64,
}

impl Generation {
    fn next(self, is_other: bool) -> Self {
        Self {
            found: self.found.saturating_add(1),
            changes: self.changes.saturating_add(is_other.into()),
        }
    }
}

/// A search that a call waits for.
#[derive(Clone, Debug)]
struct Flight {
    /// The tick at which it times out.
    until: Duration,
    /// The call's scope, until the [`Search`] is returned to a driver and takes it.
    scope: Option<Scope>,
    /// Dead before that, and once the driver drops the search.
    search: Weak<()>,
}

/// What a call has to do about credentials.
#[derive(Debug)]
pub(crate) enum Claim {
    /// Sign.
    Ready,
    /// Wait for the search that is due or running.
    Wait,
    /// There are no credentials, and the next search is due after this time.
    Failed(NoCredentials, Duration),
}

impl Refresh {
    pub(crate) fn new(chain: Chain) -> Self {
        Self {
            signer: chain.fixed().cloned().map(Signer::new),
            chain,
            ..Self::default()
        }
    }

    /// Uses this credential from now on, and searches for no others.
    pub(crate) fn fix(&mut self, credential: Credential) {
        let generation = self.generation.next(true);
        *self = Self {
            generation,
            ..Self::new(credential.into())
        };
    }

    /// Returns what a call with so much time left has to do.
    pub(crate) fn claim(&mut self, left: Duration, now: Now, scope: &Scope) -> Claim {
        // The wall clock also runs while the machine sleeps.
        let is_past = |it: Now| now.tick >= it.tick || now.unix >= it.unix;
        let is_due = self.life.is_some_and(|(renew, _)| is_past(renew));
        let is_over = self.life.is_some_and(|(_, end)| is_past(end));
        let valid = self.signer.is_some() && !is_over;
        let usable = valid && !self.refused;
        if usable && !is_due {
            return Claim::Ready;
        }
        let lives = |it: &Flight| it.scope.is_some() || it.search.strong_count() > 0;
        let lasts = |it: &Flight| now.tick < it.until && lives(it);
        if self.flight.as_ref().is_some_and(lasts) {
            return if usable { Claim::Ready } else { Claim::Wait };
        }
        let pause = self.retry_at.saturating_sub(now.tick);
        match &self.failure {
            _ if pause.is_zero() => {}
            // Refused credentials are tried again, since there are no others.
            Some(_) if valid => return Claim::Ready,
            Some(failure) => return Claim::Failed(failure.clone(), pause),
            None => {}
        }
        // While the old credentials are usable, the search gets half of the call's time.
        let half = left.checked_div(2).unwrap_or_default();
        let budget = if usable { half } else { left };
        let until = now.tick.saturating_add(budget);
        self.flight = Some(Flight {
            until,
            scope: Some(scope.clone()),
            search: Weak::new(),
        });
        Claim::Wait
    }

    /// Returns the search that is due, once.
    pub(crate) fn search(&mut self, now: Now) -> Option<Search> {
        let flight = self.flight.as_mut()?;
        let until = flight.until;
        let scope = flight.scope.take_if(|_| now.tick <= until)?;
        let mark = Arc::new(());
        flight.search = Arc::downgrade(&mark);
        flight.until = until.saturating_add(GRACE);
        let chain = self.chain.clone();
        Some(Search::new(mark, chain, until, now.unix, scope))
    }

    /// Whether a search is due and not yet returned to a driver.
    pub(crate) fn is_due(&self) -> bool {
        self.flight.as_ref().is_some_and(|it| it.scope.is_some())
    }

    /// Why the last search found no usable credentials.
    pub(crate) fn no_credentials(&self) -> NoCredentials {
        let reason = "the credentials that were found expired at once";
        let expired = || NoCredentials::of_all(Sort::Wrong, reason);
        self.failure.clone().unwrap_or_else(expired)
    }

    /// Why a call that waited for credentials got none within its time.
    pub(crate) fn awaited(&self) -> NoCredentials {
        if self.is_due() {
            let reason =
                "no search was started: the driver must call Session::search before it waits";
            return NoCredentials::of_all(Sort::Wrong, reason);
        }
        let reason = "another call is still searching for them";
        let searching = || NoCredentials::of_all(Sort::Passing, reason);
        self.failure.clone().unwrap_or_else(searching)
    }

    /// Identifies the current credentials, unless there can't be others.
    pub(crate) fn generation(&self) -> Option<Generation> {
        let is_fixed = self.chain.fixed().is_some();
        (!is_fixed).then_some(self.generation)
    }

    /// Notes that the service refused a request signed with credentials of this generation. They are not used again
    /// until a search has ended, unless one has found credentials since.
    pub(crate) const fn refuse(&mut self, generation: Generation) {
        if self.generation.found == generation.found {
            self.refused = true;
        }
    }

    /// Whether the current credentials differ from those of this generation.
    pub(crate) const fn has_others(&self, generation: Generation) -> bool {
        self.generation.changes != generation.changes
    }

    /// Takes the result of a search; `date` is the time by the source's clock. Returns the source of the credentials, or
    /// why there are none; `None` if another search has replaced this one.
    pub(crate) fn renewed(
        &mut self,
        mark: &Arc<()>,
        found: Result<(Source, Credential), NoCredentials>,
        date: UnixTime,
        now: Now,
    ) -> Option<Result<String, NoCredentials>> {
        self.flight
            .take_if(|it| it.search.as_ptr() == Arc::as_ptr(mark))?;
        self.ended = self.ended.saturating_add(1);
        let found = found.and_then(|(source, keys)| match keys.expires_at() {
            Some(end) if end <= date => {
                // A search finds others, unless they were given.
                let sort = Sort::passing_if(!matches!(source.0, SourceKind::Fixed(_)));
                let tried = Tried::new(sort, "its credentials have expired already");
                Err(NoCredentials::new([tried.with_source(source)].into()))
            }
            _ => Ok((source, keys)),
        });
        Some(match found {
            Ok((source, credential)) => {
                let left = credential.expires_at().map(|it| it.seconds_since(date));
                self.life = left.map(|left| life(left, now));
                let old = self.signer.as_ref().map(Signer::credential);
                let is_other = old.is_none_or(|old| !old.has_keys_of(&credential));
                self.generation = self.generation.next(is_other);
                self.signer = Some(Signer::new(credential));
                let name = source.to_string();
                self.chain = source.into();
                (self.refused, self.failures, self.failure) = (false, 0, None);
                Ok(name)
            }
            Err(missing) => {
                self.failures = self.failures.saturating_add(1);
                self.failure = Some(missing.clone());
                let delay = BACKOFF.delay(self.failures, now.entropy);
                self.retry_at = now.tick.saturating_add(MIN_PAUSE).saturating_add(delay);
                Err(missing)
            }
        })
    }
}

/// When to renew credentials that expire after so many seconds, and when they end.
fn life(left: i64, now: Now) -> (Now, Now) {
    let before = |seconds: i64| {
        let seconds = left.saturating_sub(seconds);
        let later = Duration::from_secs(seconds.unsigned_abs());
        Now {
            tick: now.tick.saturating_add(later),
            unix: now.unix.plus(seconds),
            ..now
        }
    };
    let early = EARLY.min(left / 4).max(left.saturating_sub(LONGEST_LIFE));
    (before(early), before(MARGIN.min(left / 10)))
}
