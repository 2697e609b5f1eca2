use crate::flow::retry::{STRIDE, mix};

/// Pseudorandom numbers from a seed, a purpose and an index: splitmix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64, purpose: &str, index: u64) -> Self {
        let mut state = Self(seed);
        for byte in purpose.bytes() {
            state.0 ^= u64::from(byte);
            state.next();
        }
        state.0 ^= index;
        state.next();
        state
    }

    pub(crate) const fn next(&mut self) -> u64 {
        let number = mix(self.0);
        self.0 = self.0.wrapping_add(STRIDE);
        number
    }

    /// A number in `0..end`; `end` must be positive.
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        match self.next().checked_rem(end) {
            Some(number) => number,
            None => 0,
        }
    }

    /// The same as a signed number.
    pub(crate) fn amount(&mut self, end: u64) -> i64 {
        i64::try_from(self.below(end)).unwrap_or(i64::MAX)
    }
}
