use alloc::{borrow::Cow, string::String, vec::Vec};

use super::Emulator;
use crate::{Target, UnixTime};

/// How often an account requested an action of an [`Emulator`], by [`Emulator::frequencies`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frequency {
    /// The id of the account's key.
    pub secret_id: String,
    /// The service's name.
    pub service: Cow<'static, str>,
    /// The action's name.
    pub action: Cow<'static, str>,
    /// The most requests that are answered in a second.
    pub rate: u32,
    /// All requests, those that were refused included.
    pub requests: u64,
    /// The most requests that arrived within one second of the clock.
    pub most: u32,
    /// Requests that were refused, as they were more than the rate.
    pub refused: u64,
}

/// An account's requests of each action.
#[derive(Clone, Debug, Default)]
pub(super) struct Frequencies(Vec<Requests>);

#[derive(Clone, Debug)]
struct Requests {
    service: Cow<'static, str>,
    action: Cow<'static, str>,
    rate: u32,
    all: u64,
    most: u32,
    refused: u64,
    /// The last even second and the last odd one, with their requests: the times of two requests at once may be in
    /// disorder.
    seconds: [(UnixTime, u32); 2],
}

impl Frequencies {
    /// Counts a request, and returns whether it is among the first of its second that the action's rate allows.
    pub(super) fn admits(&mut self, target: &Target, now: UnixTime) -> bool {
        let known = self
            .0
            .iter()
            .position(|it| it.service == target.service && it.action == target.action);
        let index = known.unwrap_or_else(|| {
            self.0.push(Requests {
                service: target.service.clone(),
                action: target.action.clone(),
                rate: target.rate,
                all: 0,
                most: 0,
                refused: 0,
                seconds: [(now, 0); 2],
            });
            self.0.len().saturating_sub(1)
        });
        self.0.get_mut(index).is_none_or(|it| it.admit(now))
    }
}

impl Requests {
    fn admit(&mut self, now: UnixTime) -> bool {
        let [even, odd] = &mut self.seconds;
        let (second, requests) = if now.seconds() & 1 == 0 { even } else { odd };
        if *second != now {
            (*second, *requests) = (now, 0);
        }
        *requests = requests.saturating_add(1);
        let admitted = *requests <= self.rate;
        self.most = self.most.max(*requests);
        self.all = self.all.saturating_add(1);
        self.refused = self.refused.saturating_add(u64::from(!admitted));
        admitted
    }
}

impl Emulator {
    /// How often each account requested each action so far, if there are
    /// [frequency limits](Self::with_frequency_limits).
    ///
    /// ```
    /// use tc3_core::{
    ///     Credential, Session, UnixTime, billing::DescribeBillList, emulator::Emulator,
    ///     wire::request,
    /// };
    ///
    /// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
    /// let mut service = Emulator::new(credential.clone()).with_frequency_limits();
    /// let mut session = Session::new(credential);
    /// let (start, end) = ("2024-01-01 00:00:00".parse()?, "2024-01-31 23:59:59".parse()?);
    /// let action = DescribeBillList::new(start, end); // its rate is 20
    /// let now = UnixTime::new(1_760_000_000);
    /// let signed = request::sign(&action, &mut session, now)?;
    /// for _ in 0..21 {
    ///     service.handle(now, &signed);
    /// }
    /// let counted = service.frequencies().next().ok_or("nothing was requested")?;
    /// assert_eq!((counted.requests, counted.most, counted.refused), (21, 21, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn frequencies(&self) -> impl Iterator<Item = Frequency> {
        let accounts = core::iter::once(&self.first).chain(&self.others);
        accounts.flat_map(|account| {
            let counted = account.frequencies.0.iter();
            counted.map(|requests| Frequency {
                secret_id: account.secret_id().into(),
                service: requests.service.clone(),
                action: requests.action.clone(),
                rate: requests.rate,
                requests: requests.all,
                most: requests.most,
                refused: requests.refused,
            })
        })
    }
}
