use alloc::{borrow::Cow, vec::Vec};

use crate::{Target, UnixTime};

/// Counts an account's requests of each action in the second of its last request.
#[derive(Clone, Debug, Default)]
pub(super) struct Frequency(Vec<(Name, UnixTime, u32)>);

/// The service and the action.
type Name = [Cow<'static, str>; 2];

impl Frequency {
    /// Counts a request, and returns whether it is among the first of its second that the action's rate allows.
    pub(super) fn admits(&mut self, target: &Target, now: UnixTime) -> bool {
        let name = [target.service.clone(), target.action.clone()];
        let mut earlier = 0;
        match self.0.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, second, requests)) => {
                if *second == now {
                    earlier = *requests;
                }
                *second = now;
                *requests = earlier.saturating_add(1);
            }
            None => self.0.push((name, now, 1)),
        }
        earlier < target.rate
    }
}
