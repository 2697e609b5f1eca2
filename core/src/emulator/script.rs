use alloc::vec::Vec;
use core::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};

use super::{Emulator, Language, Random, Refused, enveloped, page};
use crate::{
    Attempt, Failure, Outcome, UnixTime,
    emulator::{Fault, Scripted, When},
};

/// The result of sending a request to the [`Emulator`].
#[non_exhaustive]
pub struct Exchange {
    /// How long it takes.
    pub delay: Duration,
    /// The outcome for [`Flow::handle`](crate::Flow::handle).
    pub outcome: Outcome,
}

impl fmt::Debug for Exchange {
    /// Leaves out the answer's body, which may contain a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Exchange");
        shown.field("delay", &self.delay);
        match &self.outcome {
            Ok(answer) => shown
                .field("status", &answer.status())
                .field("headers", answer.headers())
                .field("body", &format_args!("{} bytes", answer.body().len())),
            Err(failure) => shown.field("failure", failure),
        };
        shown.finish()
    }
}

/// The scripted faults, and how many requests there were.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    faults: Vec<Scripted>,
    requests: u64,
    /// How many of them were hit by a fault.
    faulty: u64,
    /// By how many seconds the service's clock is off.
    clock: i64,
}

/// The faults of one request.
#[derive(Debug, Default)]
struct RequestFaults {
    delay: Duration,
    /// What replaces the response.
    instead: Option<Fault>,
    cut: bool,
    page: PageFaults,
}

/// The faults of a page.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PageFaults {
    pub(super) first_page: bool,
    pub(super) total: i64,
    /// In fen.
    pub(super) sums: i64,
    pub(super) head: u64,
    pub(super) tail: u64,
    pub(super) not_ready: bool,
}

impl Script {
    /// Counts a request, and returns its faults.
    fn next(&mut self, seed: u64) -> RequestFaults {
        self.requests = self.requests.saturating_add(1);
        let (mut hit, mut clock) = (RequestFaults::default(), None);
        let mut draw = Random::new(seed, "fault", self.requests).below(When::ALL.into());
        // The shares are consecutive ranges of the drawn number.
        let hits = |scripted: &&Scripted| match scripted.when {
            When::Share(share) => match draw.checked_sub(share.into()) {
                Some(rest) => {
                    draw = rest;
                    false
                }
                None => {
                    draw = u64::MAX;
                    true
                }
            },
            when => when.hits(self.requests),
        };
        let mut faulty = false;
        for Scripted { fault, .. } in self.faults.iter().filter(hits) {
            faulty = true;
            let page = &mut hit.page;
            match fault {
                Fault::Throttle { .. }
                | Fault::Refuse(_)
                | Fault::Status { .. }
                | Fault::NotReached
                | Fault::Lost => {
                    hit.instead.get_or_insert_with(|| fault.clone());
                }
                Fault::Cut => hit.cut = true,
                Fault::Slow(time) => hit.delay = hit.delay.saturating_add(*time),
                Fault::IgnoreOffset => page.first_page = true,
                Fault::Total(change) => page.total = page.total.saturating_add(*change),
                Fault::Sums(fen) => page.sums = page.sums.saturating_add(*fen),
                Fault::NotReady => page.not_ready = true,
                Fault::AddHead(records) => page.head = page.head.saturating_add(*records),
                Fault::AddTail(records) => page.tail = page.tail.saturating_add(*records),
                Fault::Clock(seconds) => clock = clock.or(Some(*seconds)),
            }
        }
        self.clock = clock.unwrap_or(self.clock);
        self.faulty = self.faulty.saturating_add(faulty.into());
        hit
    }
}

impl Emulator {
    /// Adds a fault to the script.
    ///
    /// ```
    /// use core::time::Duration;
    /// use tc3_core::{
    ///     Credential, Session, UnixTime,
    ///     billing::DescribeBillList,
    ///     emulator::{Emulator, Fault, When},
    ///     wire::{request, response},
    /// };
    ///
    /// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
    /// let mut service = Emulator::new(credential.clone())
    ///     .with_fault(When::At(2), Fault::Throttle { retry_after: Some(1) })
    ///     .with_fault(When::From(2), Fault::Slow(Duration::from_millis(200)));
    ///
    /// let (start, end) = ("2024-01-01 00:00:00".parse()?, "2024-01-31 23:59:59".parse()?);
    /// let action = DescribeBillList::new(start, end);
    /// let now = UnixTime::new(1_760_000_000);
    /// let signed = request::sign(&action, &mut Session::new(credential), now)?;
    ///
    /// assert_eq!(service.exchange(now, &signed).delay, Duration::ZERO);
    /// let second = service.exchange(now, &signed);
    /// assert_eq!(second.delay, Duration::from_millis(200));
    /// let answer = second.outcome?;
    /// assert_eq!(answer.headers()["retry-after"], "1");
    /// assert!(response::read::<DescribeBillList>(&answer).unwrap_err().is_throttled());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "the emulator is returned, not changed"]
    pub fn with_fault(mut self, when: When, fault: Fault) -> Self {
        self.script.faults.push(Scripted::new(when, fault));
        self
    }

    /// How many requests were sent, including those that did not arrive by script.
    pub const fn requests(&self) -> u64 {
        self.script.requests
    }

    /// How many requests were hit by a fault.
    pub const fn faults(&self) -> u64 {
        self.script.faulty
    }

    /// Returns the outcome and the duration of a request that arrives at the time `now`.
    pub fn exchange(&mut self, now: UnixTime, request: &Request<Bytes>) -> Exchange {
        let hit = self.script.next(self.seed);
        let now = UnixTime::new(now.seconds().saturating_add(self.script.clock));
        Exchange {
            delay: hit.delay,
            outcome: self.outcome(now, request, &hit),
        }
    }

    /// Answers a request that arrives at the time `now` of the service's clock.
    ///
    /// The response is that of [`exchange`](Self::exchange) without the delay. If the script gives the client no
    /// response, it is a gateway's page with status 504.
    pub fn handle(&mut self, now: UnixTime, request: &Request<Bytes>) -> Response<Bytes> {
        let answer = self.exchange(now, request).outcome;
        answer.unwrap_or_else(|_| page(StatusCode::GATEWAY_TIMEOUT))
    }

    /// Returns the outcome of an attempt, like a transport, at the time in its request: for tests in which the client
    /// and the service share a clock.
    ///
    /// It ignores delays. A clock that is off by script stays off by the same amount after the client has corrected its
    /// own; use [`exchange`](Self::exchange) with a time of your own for that. It is also needed for a [machine with a
    /// role](Self::with_machine_role): a request for metadata has no time, so here it arrives in 1970, and the keys in its
    /// answer have expired.
    ///
    /// ```
    /// use tc3_core::{Attempt, Credential, Outcome, emulator::Emulator};
    ///
    /// let mut service = Emulator::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
    /// let send = move |attempt: Attempt| -> Outcome { service.send(&attempt) };
    /// # let mut send = send;
    /// # use tc3_core::{Call, Flow, Now, Session, Step, UnixTime, billing::DescribeBillList};
    /// # let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
    /// # let start = "2024-01-01 00:00:00".parse()?;
    /// # let january = DescribeBillList::new(start, "2024-01-31 23:59:59".parse()?);
    /// # let mut call = Call::new(&january);
    /// # let now = Now::new(UnixTime::new(1_760_000_000), core::time::Duration::ZERO, 0);
    /// # let Step::Send(attempt) = call.step(&mut session, now) else { panic!("no request") };
    /// # call.handle(send(attempt));
    /// # let Step::Done(reply) = call.step(&mut session, now) else { panic!("no answer") };
    /// # assert_eq!(reply?.output.total, Some(42));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Failure`] when the script gives the client no response.
    pub fn send(&mut self, attempt: &Attempt) -> Outcome {
        let time = attempt.request.headers().get("x-tc-timestamp");
        let time = time.and_then(|time| time.to_str().ok()?.parse().ok());
        self.exchange(UnixTime::new(time.unwrap_or_default()), &attempt.request)
            .outcome
    }

    fn outcome(&mut self, now: UnixTime, request: &Request<Bytes>, hit: &RequestFaults) -> Outcome {
        if hit.instead == Some(Fault::NotReached) {
            return Err(Failure::not_sent("the request is scripted not to arrive"));
        }
        let answer = self.respond(now, request, &hit.page);
        let language = Language::of(request);
        let mut answer = match &hit.instead {
            Some(Fault::Lost) => {
                return Err(Failure::unknown("the answer is scripted to be lost"));
            }
            Some(Fault::Throttle { retry_after }) => {
                let refused = Refused::new("RequestLimitExceeded", "too many requests, by script");
                let answer = enveloped(self.request_id(), now, language, Err(refused));
                with_retry_after(answer, *retry_after)
            }
            Some(Fault::Refuse(code)) => {
                let refused = Refused::new(code.clone(), "refused, by script");
                enveloped(self.request_id(), now, language, Err(refused))
            }
            Some(Fault::Status {
                status,
                retry_after,
            }) => {
                let status = Some(*status).filter(|status| (200..=599).contains(status));
                let status = status.and_then(|status| StatusCode::from_u16(status).ok());
                let page = page(status.unwrap_or(StatusCode::BAD_GATEWAY));
                with_retry_after(page, *retry_after)
            }
            _ => answer,
        };
        if hit.cut {
            let body = answer.body_mut();
            body.truncate(body.len() / 2);
        }
        Ok(answer)
    }
}

fn with_retry_after(mut answer: Response<Bytes>, seconds: Option<u32>) -> Response<Bytes> {
    if let Some(seconds) = seconds {
        let headers = answer.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}
