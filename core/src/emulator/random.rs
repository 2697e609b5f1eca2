/// Numbers that look random and are a function of (seed, purpose, index): splitmix64.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64, purpose: &str, index: u64) -> Self {
        let mut state = Self(seed);
        for byte in purpose.bytes() {
            state.0 ^= u64::from(byte);
            state.next();
        }
        state.0 ^= index;
        state.next();
        state
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `end`, without `end`, which is positive.
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        match self.next().checked_rem(end) {
            Some(number) => number,
            None => 0,
        }
    }

    /// The same as a signed number.
    pub(super) fn amount(&mut self, end: u64) -> i64 {
        i64::try_from(self.below(end)).unwrap_or(i64::MAX)
    }
}
