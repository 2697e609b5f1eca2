use core::time::Duration;

/// How much time a call has taken, by a clock that may stand still or go back, though it must not:
/// a call ends all the same.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stopwatch {
    last: Option<Duration>,
    pub(crate) passed: Duration,
    /// How long the caller was told to wait.
    told: Duration,
    /// The latest that the clock has shown, and how many waits ago.
    latest: Duration,
    still: u32,
}

impl Stopwatch {
    /// A caller may ask a few times before the clock goes on, but a clock that shows no time for so many
    /// waits is not believed.
    const PATIENCE: u32 = 100;

    pub(crate) fn read(&mut self, tick: Duration) {
        let since = tick.saturating_sub(self.last.replace(tick).unwrap_or(tick));
        self.passed = self.passed.saturating_add(since);
        if tick > self.latest {
            self.latest = tick;
            self.still = 0;
        } else if !self.told.is_zero() {
            self.still = self.still.saturating_add(1);
        }
        if self.still > Self::PATIENCE {
            self.passed = self.passed.saturating_add(self.told);
            self.still = 0;
        }
        self.told = Duration::ZERO;
    }

    pub(crate) const fn wait(&mut self, delay: Duration) {
        self.told = delay;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(1);

    fn after_a_wait(watch: &mut Stopwatch, tick: Duration) -> Duration {
        watch.wait(WAIT);
        watch.read(tick);
        watch.passed
    }

    #[test]
    fn a_clock_that_goes_on_is_believed_however_slowly() {
        let mut watch = Stopwatch::default();
        for millis in 0..500 {
            let tick = Duration::from_millis(millis);
            assert_eq!(after_a_wait(&mut watch, tick), tick);
        }
    }

    #[test]
    fn a_clock_that_stands_still_is_believed_for_so_many_waits() {
        let mut watch = Stopwatch::default();
        for passed in 0..3 {
            for _ in 0..Stopwatch::PATIENCE {
                assert_eq!(after_a_wait(&mut watch, Duration::ZERO), WAIT * passed);
            }
            let disbelieved = after_a_wait(&mut watch, Duration::ZERO);
            assert_eq!(disbelieved, WAIT * (passed + 1));
        }
    }
}
