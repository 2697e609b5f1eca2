use alloc::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Weak},
    vec::Vec,
};
use core::time::Duration;

use crate::Error;

/// The second by which the service counts, and a margin for its clock and ours.
const WINDOW: Duration = Duration::from_millis(1_005);

/// How long a request that has no answer yet is taken to be on its way. A longer time would cost slow services more of
/// their rate; a shorter one would have more of them throttle.
const ON_ITS_WAY: Duration = Duration::from_millis(45);

/// How late a call that waits may be before it loses its turn.
const PATIENCE: Duration = Duration::from_secs(1);

/// The service's frequency limits, by the names of a service and an action.
pub(crate) type RateLimits = BTreeMap<(Cow<'static, str>, Cow<'static, str>), RateLimit>;

/// A call's place among those that wait, until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Turn(Arc<()>);

/// The requests of one action in the last second, and its rest after a throttle.
#[derive(Clone, Debug, Default)]
pub(crate) struct RateLimit {
    /// When the requests of the last second are taken to have arrived, ascending, and the last request however old it is.
    /// Requests may arrive closer together than they were sent.
    arrived: VecDeque<Duration>,
    /// The calls that wait, in the order in which they began to, and when each will send. One that is dropped waits no
    /// longer.
    waiting: Vec<(Weak<()>, Duration)>,
    /// Until then, the action is not sent, because the service has throttled it.
    rest_until: Duration,
    /// The service's throttle answer.
    cause: Option<Arc<Error>>,
}

impl RateLimit {
    /// Time until a call may send its next request, at `rate` requests a second that so many processes share. Those that
    /// have waited longer send first.
    pub(crate) fn wait(
        &mut self,
        (rate, processes): (u32, u32),
        turn: Option<&Turn>,
        now: Duration,
    ) -> Duration {
        self.waiting
            .retain(|(it, sends)| it.strong_count() > 0 && sends.saturating_add(PATIENCE) > now);
        let part = rate.checked_div(processes).unwrap_or(rate).max(1);
        // One request takes longer than a second if there are more processes than requests.
        let window = WINDOW.saturating_mul(processes).checked_div(rate);
        let window = window.unwrap_or(WINDOW).max(WINDOW);
        let part = usize::try_from(part).unwrap_or(usize::MAX);
        let own = turn.and_then(|turn| self.place(turn));
        let ahead = own.unwrap_or(self.waiting.len());
        // With the calls ahead, and without them: one that is late must not let this one send too early.
        let nth_last = [ahead, 0].map(|ahead| {
            let place = self.arrived.len().saturating_add(ahead);
            self.request(place.checked_sub(part)?)
        });
        let nth_last = nth_last.into_iter().flatten().max();
        let free_at = nth_last.map_or(Duration::ZERO, |arrived| arrived.saturating_add(window));
        let last_ahead = ahead.checked_sub(1).and_then(|it| self.waiting.get(it));
        let turn = last_ahead.map_or(free_at, |(_, sends)| free_at.max(*sends));
        self.resting(now).max(turn.saturating_sub(now))
    }

    /// When the request at this place arrives, of those that were sent and then those that wait.
    fn request(&self, place: usize) -> Option<Duration> {
        match place.checked_sub(self.arrived.len()) {
            None => self.arrived.get(place).copied(),
            Some(waiting) => {
                let (_, sends) = self.waiting.get(waiting)?;
                Some(sends.saturating_add(ON_ITS_WAY))
            }
        }
    }

    /// Notes that a call waits, and when it will send.
    pub(crate) fn queue(&mut self, turn: &mut Option<Turn>, sends: Duration) {
        let turn = turn.get_or_insert_default();
        match self.place(turn).and_then(|it| self.waiting.get_mut(it)) {
            Some((_, known)) => *known = sends,
            None => self.waiting.push((Arc::downgrade(&turn.0), sends)),
        }
    }

    fn place(&self, turn: &Turn) -> Option<usize> {
        let is_own = |(it, _): &(Weak<()>, Duration)| it.as_ptr() == Arc::as_ptr(&turn.0);
        self.waiting.iter().position(is_own)
    }

    /// Time until the end of the rest.
    pub(crate) const fn resting(&self, now: Duration) -> Duration {
        self.rest_until.saturating_sub(now)
    }

    /// The cause of a rest that lasts at least `length` longer.
    pub(crate) fn cause_of_rest(&self, length: Duration, now: Duration) -> Option<Error> {
        let cause = self.cause.as_ref();
        cause.filter(|_| self.resting(now) >= length)?.throttle()
    }

    /// Records a request, and returns when it is taken to have arrived, unless its answer comes earlier.
    pub(crate) fn sent(&mut self, now: Duration) -> Duration {
        let is_old = |arrived: &Duration| arrived.saturating_add(WINDOW) <= now;
        while self.arrived.front().is_some_and(is_old) {
            self.arrived.pop_front();
        }
        let arrives_by = now.saturating_add(ON_ITS_WAY);
        self.insert(arrives_by);
        arrives_by
    }

    /// Records that the request to which [`sent`](Self::sent) gave this time is answered, so it has arrived.
    pub(crate) fn answered(&mut self, arrives_by: Duration, now: Duration) {
        if now < arrives_by
            && let Ok(place) = self.arrived.binary_search(&arrives_by)
        {
            self.arrived.remove(place);
            self.insert(now);
        }
    }

    fn insert(&mut self, arrived: Duration) {
        let place = self.arrived.partition_point(|it| *it <= arrived);
        self.arrived.insert(place, arrived);
    }

    /// Starts a rest, unless a longer one is under way.
    pub(crate) fn rest(&mut self, length: Duration, now: Duration, cause: Error) {
        if self.resting(now) < length {
            self.rest_until = now.saturating_add(length);
            self.cause = Some(Arc::new(cause));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_longer_of_two_rests_counts() {
        let mut limit = RateLimit::default();
        limit.rest(seconds(9), seconds(0), Error::Ended);
        limit.rest(seconds(3), seconds(1), Error::Ended);
        assert_eq!(limit.wait((1, 1), None, seconds(1)), seconds(8));
        limit.rest(seconds(9), seconds(1), Error::Ended);
        assert_eq!(limit.wait((1, 1), None, seconds(1)), seconds(9));
    }
}
