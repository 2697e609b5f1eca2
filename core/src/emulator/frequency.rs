use alloc::vec::Vec;

use crate::UnixTime;

/// Counts the requests of each action in the second of its last request.
#[derive(Clone, Debug, Default)]
pub(super) struct Frequency(Vec<(&'static str, UnixTime, u32)>);

impl Frequency {
    /// Counts a request, and returns whether it is among the first `rate` in its second.
    pub(super) fn admits(&mut self, action: &'static str, rate: u32, now: UnixTime) -> bool {
        let mut earlier = 0;
        match self.0.iter_mut().find(|(known, ..)| *known == action) {
            Some((_, second, requests)) => {
                if *second == now {
                    earlier = *requests;
                }
                *second = now;
                *requests = earlier.saturating_add(1);
            }
            None => self.0.push((action, now, 1)),
        }
        earlier < rate
    }
}
