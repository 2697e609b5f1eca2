//! The service's records, computed from a seed and an index, so that they take no memory.

pub(crate) mod allocation_summary;
pub(crate) mod bill;
pub(crate) mod bill_list;
mod calendar;
mod kinds;
pub(crate) mod lines;
pub(crate) mod new_records;
mod products;
mod random;
pub(crate) mod usage_detail;

use alloc::vec::Vec;
use core::{num::NonZeroU64, ops::Range};

use allocation_summary::current_month;
pub(crate) use calendar::Calendar;
pub(crate) use random::Random;

/// The indices of a ledger that pass a filter, if the filtered fields repeat with a period.
///
/// Counting them, and finding the n-th, doesn't iterate over the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Periodic {
    period: NonZeroU64,
    /// The places in the period that pass, ascending.
    places: Vec<u64>,
}

impl Periodic {
    pub(crate) fn new(period: NonZeroU64, lets_through: impl Fn(u64) -> bool) -> Self {
        Self {
            period,
            places: (0..period.get())
                .filter(|place| lets_through(*place))
                .collect(),
        }
    }

    /// How many indices below `end` pass.
    fn rank(&self, end: u64) -> u64 {
        let rounds = end / self.period;
        let rest = end % self.period;
        let below = self.places.partition_point(|place| *place < rest);
        rounds
            .saturating_mul(length(&self.places))
            .saturating_add(u64::try_from(below).unwrap_or(u64::MAX))
    }

    /// The `n`-th index, from 0, that passes.
    fn select(&self, n: u64) -> Option<u64> {
        let rounds = n.checked_div(length(&self.places))?;
        let place = n.checked_rem(length(&self.places))?;
        let place = self.places.get(usize::try_from(place).ok()?)?;
        rounds.checked_mul(self.period.get())?.checked_add(*place)
    }

    /// How many indices of `range` pass.
    pub(crate) fn count(&self, range: &Range<u64>) -> u64 {
        self.rank(range.end).saturating_sub(self.rank(range.start))
    }

    /// The indices of `range` that pass, without the first `skipped`.
    pub(crate) fn indices(&self, range: &Range<u64>, skipped: u64) -> impl Iterator<Item = u64> {
        let first = self.rank(range.start).saturating_add(skipped);
        let end = range.end;
        (first..u64::MAX)
            .map_while(|n| self.select(n))
            .take_while(move |index| *index < end)
    }
}

fn length<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

/// The first index of `0..count` whose time is not before `time`; times ascend.
pub(crate) fn first_not_before(count: u64, time: i64, time_of: impl Fn(u64) -> i64) -> u64 {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = u64::midpoint(low, high);
        if time_of(middle) < time {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    low
}

/// The time of the `index`-th of `count` events that are spread evenly over `span`: the middle of its interval.
pub(crate) fn spread(span: &Range<i64>, index: u64, count: u64) -> i64 {
    let halves = index.saturating_mul(2).saturating_add(1);
    half_way(span, halves, count)
}

/// The time after so many halves of a `count`-th of `span`.
pub(crate) fn half_way(span: &Range<i64>, halves: u64, count: u64) -> i64 {
    let width = i128::from(span.end).saturating_sub(span.start.into());
    let after = width
        .saturating_mul(halves.into())
        .checked_div(i128::from(count).saturating_mul(2))
        .and_then(|after| i64::try_from(after).ok())
        .unwrap_or_default();
    span.start.saturating_add(after)
}

/// A cache of results, so that each page of a walk doesn't sum up the ledger again.
#[derive(Clone, Debug)]
pub(crate) struct Memo<K, V>(Vec<(K, V)>);

impl<K: PartialEq, V> Memo<K, V> {
    /// More than a ledger has months.
    const MOST: usize = 32;

    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn get(&mut self, key: K, compute: impl FnOnce(&K) -> V) -> Option<&V> {
        let at = match self.0.iter().position(|(known, _)| *known == key) {
            Some(at) => at,
            None => {
                if self.0.len() >= Self::MOST {
                    self.0.remove(0);
                }
                let value = compute(&key);
                self.0.push((key, value));
                self.0.len().saturating_sub(1)
            }
        };
        self.0.get(at).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_counts_and_finds_what_a_walk_would() {
        let lets_through = |place: u64| matches!(place % 7, 0 | 3 | 4);
        let periodic = Periodic::new(NonZeroU64::new(7).unwrap(), lets_through);
        for range in [0..0, 0..1, 0..100, 3..5, 4..4, 5..50, 6..7, 95..100] {
            let walked: Vec<u64> = range.clone().filter(|index| lets_through(*index)).collect();
            assert_eq!(periodic.count(&range), walked.len() as u64, "{range:?}");
            for skipped in 0..3 {
                let found: Vec<u64> = periodic.indices(&range, skipped as u64).collect();
                assert_eq!(
                    found,
                    walked.get(skipped..).unwrap_or_default(),
                    "{range:?}"
                );
            }
        }
        assert_eq!(
            Periodic::new(NonZeroU64::new(7).unwrap(), |_| false)
                .indices(&(0..100), 0)
                .count(),
            0
        );
    }

    #[test]
    fn events_are_spread_evenly_and_found_by_time() {
        let span = 1_000..2_000;
        let times: Vec<i64> = (0..4).map(|index| spread(&span, index, 4)).collect();
        assert_eq!(times, [1_125, 1_375, 1_625, 1_875]);
        for (time, first) in [(0, 0), (1_125, 0), (1_126, 1), (1_875, 3), (1_876, 4)] {
            assert_eq!(
                first_not_before(4, time, |index| spread(&span, index, 4)),
                first
            );
        }
    }
}
