//! The windows of a range, and the records that neighbouring windows share.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::num::ParseIntError;

use serde::{Deserialize, Serialize};

use crate::{
    Paginate,
    pagination::{Slot, fingerprint::hex},
};

/// Returns the windows of an action's range, in the order in which a walk takes them. The action's own offset applies
/// to the first window.
pub fn windows<A: Paginate>(action: A) -> impl Iterator<Item = A> {
    let mut rest = Some(action);
    core::iter::from_fn(move || {
        let mut window = rest.take()?;
        rest = window.split();
        let (start, first) = (window.start(), A::PAGING.first());
        if let Some(rest) = &mut rest
            && start.offset.is_some_and(|offset| offset != first)
        {
            rest.turn_to(&Slot::new(first, start.limit.unwrap_or(A::PAGE_SIZE)));
        }
        Some(window)
    })
}

/// Hashes of records, each with the number of equal records.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub(super) struct SharedRecords(BTreeMap<u64, u64>);

impl SharedRecords {
    pub(super) fn add(&mut self, hash: u64) {
        let count = self.0.entry(hash).or_default();
        *count = count.saturating_add(1);
    }

    /// Removes one such record. Returns whether there was one.
    pub(super) fn remove(&mut self, hash: u64) -> bool {
        let Some(count) = self.0.get_mut(&hash) else {
            return false;
        };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.0.remove(&hash);
        }
        true
    }
}

impl TryFrom<Vec<String>> for SharedRecords {
    type Error = ParseIntError;

    fn try_from(hashes: Vec<String>) -> Result<Self, ParseIntError> {
        let mut shared = Self::default();
        for hash in hashes {
            shared.add(u64::from_str_radix(&hash, 16)?);
        }
        Ok(shared)
    }
}

impl From<SharedRecords> for Vec<String> {
    fn from(SharedRecords(counts): SharedRecords) -> Self {
        let each = counts.into_iter().flat_map(|(hash, count)| {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            core::iter::repeat_n(hex(hash), count)
        });
        each.collect()
    }
}
