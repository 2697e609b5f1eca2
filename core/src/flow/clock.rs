use core::time::Duration;

use crate::UnixTime;

/// How far the service's clock is ahead of this machine's, in seconds, as learned from its answers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServiceClock {
    offset: i64,
    /// The last offset that an accepted request was signed with.
    proven: i64,
}

impl ServiceClock {
    pub(crate) const fn offset(self) -> i64 {
        self.offset
    }

    /// Sets the clock to the time of one of the service's answers.
    pub(crate) const fn set(&mut self, service: UnixTime, own: UnixTime) {
        self.offset = service.seconds_since(own);
    }

    /// Takes the offset of another session.
    pub(crate) const fn set_offset(&mut self, offset: i64) {
        self.offset = offset;
        self.proven = offset;
    }

    /// Records that a request signed with this offset was accepted.
    pub(crate) const fn prove(&mut self, offset: i64) {
        self.proven = offset;
    }

    /// Restores the proven offset, unless another call has set the clock since `refused` was used.
    pub(crate) const fn undo(&mut self, refused: i64) {
        if self.offset == refused {
            self.offset = self.proven;
        }
    }
}

/// The time since a call's first step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Elapsed {
    began: Option<Duration>,
    latest: Duration,
    /// Number of steps in a row without a later time.
    still: u32,
}

impl Elapsed {
    /// After so many steps without a later time, a call ends as if its deadline had passed, so that every loop ends.
    const MAX_STILL: u32 = 1_000;

    pub(crate) fn step(&mut self, tick: Duration) {
        self.began.get_or_insert(tick);
        self.still = if tick > self.latest {
            0
        } else {
            self.still.saturating_add(1)
        };
        self.latest = self.latest.max(tick);
    }

    pub(crate) fn passed(self) -> Duration {
        match self.began {
            Some(_) if self.still > Self::MAX_STILL => Duration::MAX,
            began => self.latest.saturating_sub(began.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_goes_on_is_believed_however_slowly_and_one_that_stands_still_ends_a_call() {
        let mut elapsed = Elapsed::default();
        let began = Duration::from_secs(7);
        for millis in 0..5_000 {
            let passed = Duration::from_millis(millis);
            elapsed.step(began + passed);
            assert_eq!(elapsed.passed(), passed);
        }
        let passed = elapsed.passed();
        for _ in 0..Elapsed::MAX_STILL {
            elapsed.step(began);
            assert_eq!(elapsed.passed(), passed);
        }
        elapsed.step(began);
        assert_eq!(elapsed.passed(), Duration::MAX);
        elapsed.step(began + Duration::from_secs(5));
        assert_eq!(elapsed.passed(), Duration::from_secs(5));
    }
}
