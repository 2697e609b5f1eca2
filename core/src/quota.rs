use alloc::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};
use core::time::Duration;

use crate::{Error, Target};

/// A second, and a little more, as requests may arrive closer together than they were sent.
const WINDOW: Duration = Duration::from_millis(1_020);

/// The service's frequency limits: when each action was sent in the last second, and until when it rests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quota {
    gates: BTreeMap<(Cow<'static, str>, Cow<'static, str>), Gate>,
}

impl Quota {
    /// The gate of an action.
    pub(crate) fn gate(&mut self, target: &Target) -> &mut Gate {
        let name = (target.service.clone(), target.action.clone());
        self.gates.entry(name).or_default()
    }
}

/// What passes no more than a rate in any second.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    /// When it was passed last, as often as matters, ascending.
    sent: VecDeque<Duration>,
    rest: Option<Rest>,
}

/// A time in which nothing passes.
#[derive(Clone, Debug)]
struct Rest {
    since: Duration,
    length: Duration,
    /// The throttle that asked for it.
    cause: Arc<Error>,
}

impl Rest {
    const fn left(&self, now: Duration) -> Duration {
        self.since.saturating_add(self.length).saturating_sub(now)
    }
}

impl Gate {
    /// How long until the next may pass, at `rate` a second.
    pub(crate) fn wait(&mut self, rate: u32, now: Duration) -> Duration {
        self.set_back(now);
        let rate = usize::try_from(rate).unwrap_or(usize::MAX);
        let earlier = self.sent.len().checked_sub(rate);
        let full = earlier
            .and_then(|earlier| self.sent.get(earlier))
            .map_or(Duration::ZERO, |sent| {
                sent.saturating_add(WINDOW).saturating_sub(now)
            });
        self.resting(now).max(full)
    }

    /// For how long nothing passes, whatever the rate.
    pub(crate) fn resting(&self, now: Duration) -> Duration {
        let rest = self.rest.as_ref();
        rest.map_or(Duration::ZERO, |rest| rest.left(now))
    }

    /// Why nothing passes for at least so long.
    pub(crate) fn rests_for(&self, length: Duration, now: Duration) -> Option<&Error> {
        let rest = self.rest.as_ref().filter(|rest| rest.left(now) >= length);
        rest.map(|rest| &*rest.cause)
    }

    /// One passes.
    pub(crate) fn pass(&mut self, now: Duration) {
        self.set_back(now);
        while self
            .sent
            .front()
            .is_some_and(|sent| sent.saturating_add(WINDOW) <= now)
        {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
    }

    /// Nothing passes for so long, since the service has throttled.
    pub(crate) fn rest(&mut self, length: Duration, now: Duration, cause: Error) {
        if self.wait(u32::MAX, now) < length {
            self.rest = Some(Rest {
                since: now,
                length,
                cause: Arc::new(cause),
            });
        }
    }

    /// A clock that went back, though it must not, may not shut the gate for as long as that.
    fn set_back(&mut self, now: Duration) {
        if self.sent.back().is_some_and(|sent| *sent > now) {
            self.sent
                .iter_mut()
                .for_each(|sent| *sent = (*sent).min(now));
        }
        if let Some(rest) = &mut self.rest {
            rest.since = rest.since.min(now);
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
    fn a_clock_that_goes_back_shuts_no_gate_for_as_long_as_that() {
        let mut gate = Gate::default();
        gate.pass(seconds(1_000));
        assert_eq!(gate.wait(1, seconds(1_000)), WINDOW);
        assert_eq!(gate.wait(1, seconds(10)), WINDOW);
        gate.rest(seconds(5), seconds(2_000), Error::Ended);
        assert_eq!(gate.wait(1, seconds(20)), seconds(5));
        assert_eq!(gate.wait(1, seconds(24)), seconds(1));
        gate.pass(seconds(3_000));
        gate.pass(seconds(30));
        assert_eq!(gate.wait(2, seconds(30)), WINDOW);
        assert_eq!(gate.wait(2, seconds(32)), Duration::ZERO);
    }

    #[test]
    fn a_longer_rest_stands_and_a_shorter_one_is_part_of_it() {
        let mut gate = Gate::default();
        gate.rest(seconds(9), seconds(0), Error::Ended);
        gate.rest(seconds(3), seconds(1), Error::Ended);
        assert_eq!(gate.wait(1, seconds(1)), seconds(8));
        gate.rest(seconds(9), seconds(1), Error::Ended);
        assert_eq!(gate.wait(1, seconds(1)), seconds(9));
    }
}
