use alloc::{boxed::Box, string::String};
use core::{fmt, mem, ops::Range, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, header};
use jiff::fmt::rfc2822::DateTimeParser;

use crate::{
    Action, Attempt, Error, Failure, Flow, Invalid, Now, Outcome, Reply, Session, Step, Target,
    UnixTime,
    credential::{Claim, Generation, NoCredentials, Refresh},
    flow::{retry::Advice, sealed},
    proxy::ProxyUrl,
    trace,
    wire::{request::Prepared, response},
};

/// How much before the deadline a failure counts as the deadline's: timers are not exact, and nothing
/// can be done in what is left.
const EARLY: Duration = Duration::from_millis(10);

/// How long an action rests after a throttle answer that doesn't say: limits are counted by the second.
const REST: Duration = Duration::from_secs(1);

/// The dates that are believed: TC3 signatures exist since 2018. A date outside is an error of the sender, and
/// sets no clock.
const POSSIBLE: Range<UnixTime> = UnixTime::new(1_514_764_800)..UnixTime::new(4_102_444_800);

/// How long a call waits before it checks again whether there are credentials, at first and at most.
const POLL: Duration = Duration::from_millis(5);
const LONGEST_POLL: Duration = Duration::from_millis(250);

/// One logical call: an action to its reply, sent as often as it takes, under a deadline.
///
/// It waits for its turn within the service's frequency limit, is signed when its turn has come, and is
/// sent again when that can help and is safe; [`Retry`](crate::flow::Retry) says when. See [`flow`](crate::flow)
/// for how it is driven.
///
/// ```
/// use core::time::Duration;
/// use tc3_core::{Call, Credential, Flow, Now, Session, Step, UnixTime, Untyped};
///
/// let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?);
/// let now = Now::new(UnixTime::new(1_551_113_065), Duration::ZERO, 0);
/// let action = Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({}));
///
/// let mut call = Call::new(&action);
/// let Step::Send(attempt) = call.step(&mut session, now) else { panic!() };
/// assert_eq!(attempt.timeout, Duration::from_secs(30));
/// let throttled = br#"{"Response": {"Error": {"Code": "RequestLimitExceeded", "Message": "slow down"}, "RequestId": "1"}}"#;
/// call.handle(Ok(http::Response::new(throttled.as_slice().into())));
/// let Step::Wait(delay) = call.step(&mut session, now) else { panic!() };
///
/// let later = Now::new(UnixTime::new(1_551_113_066), delay, 1);
/// let Step::Send(attempt) = call.step(&mut session, later) else { panic!() };
/// let answer = br#"{"Response": {"TotalCount": 3, "RequestId": "2"}}"#;
/// call.handle(Ok(http::Response::new(answer.as_slice().into())));
/// let Step::Done(reply) = call.step(&mut session, later) else { panic!() };
/// assert_eq!(reply?.output.json("TotalCount"), Some("3"));
/// # Ok::<(), tc3_core::Error>(())
/// ```
#[must_use = "a call does nothing unless it is driven"]
pub struct Call<A: Action> {
    state: State<A::Output>,
    prepared: Result<Prepared, Target>,
    /// When the first step was made, and how long ago that was at the last one.
    began: Option<Duration>,
    passed: Duration,
    /// When the next attempt may be made, counted from the first step.
    ready: Duration,
    /// Whether that is by an answer's `Retry-After`.
    asked: bool,
    attempts: u32,
    /// Which endpoint the last attempt went to.
    endpoint: usize,
    /// Which proxy the last attempt went through.
    proxy: Option<ProxyUrl>,
    /// How many attempts in a row found no connection.
    unreachable: usize,
    /// Whether the clock was set by one of this call's answers.
    clock_set: bool,
    /// With which offset of the clock the last attempt was signed.
    clock_offset: i64,
    max_body: usize,
    /// How many times it has waited for a search for credentials.
    polls: u32,
    /// How many searches had ended when it began to wait for credentials, if it does.
    searches: Option<u64>,
    /// Which credentials the last attempt was signed with, and which the service has refused, if they were looked
    /// for.
    signed: Option<Generation>,
    refused: Option<Generation>,
    /// What the last attempt came to, unless it is the result.
    failed: Option<Error>,
    request_id: Option<String>,
    trace: trace::Call,
}

enum State<O> {
    /// Waiting to be sent.
    Ready,
    /// Out.
    Sent,
    /// Back.
    Answered(Result<Reply<O>, Error>, Hints),
    /// It can't be written down.
    Refused(Error),
    /// The result has been given away.
    Ended,
}

impl<A: Action> Call<A> {
    /// A call of `action`, which is checked and written down here; a wrong input is the first step's result.
    pub fn new(action: &A) -> Self {
        Self::with_trace(action, trace::Call::new)
    }

    /// The same, within a search for credentials.
    pub(crate) fn for_credentials(action: &A, scope: trace::Scope) -> Self {
        Self::with_trace(action, |_| trace::Call::for_credentials(scope))
    }

    fn with_trace(action: &A, trace: impl FnOnce(&Target) -> trace::Call) -> Self {
        let (state, prepared) = match Prepared::new(action) {
            Ok(prepared) => (State::Ready, Ok(prepared)),
            Err(error) => (State::Refused(error), Err(action.target())),
        };
        Self {
            state,
            trace: trace(target(&prepared)),
            prepared,
            began: None,
            passed: Duration::ZERO,
            ready: Duration::ZERO,
            asked: false,
            attempts: 0,
            endpoint: 0,
            proxy: None,
            unreachable: 0,
            clock_set: false,
            clock_offset: 0,
            max_body: usize::MAX,
            polls: 0,
            searches: None,
            signed: None,
            refused: None,
            failed: None,
            request_id: None,
        }
    }

    /// Whether a send is out, so that its outcome is awaited.
    pub(crate) const fn is_out(&self) -> bool {
        matches!(self.state, State::Sent)
    }

    /// The reply that has come, before a step gives it away.
    pub(crate) const fn answered(&mut self) -> Option<&mut Reply<A::Output>> {
        match &mut self.state {
            State::Answered(Ok(reply), _) => Some(reply),
            _ => None,
        }
    }

    /// Sends the request, or waits until it may be sent, if there is time for either.
    fn next(
        &mut self,
        session: &mut Session,
        now: Now,
    ) -> Result<Step<<Self as Flow>::Output>, Error> {
        let Ok(prepared) = &self.prepared else {
            return Err(Error::Ended);
        };
        let settings = session.settings();
        let (deadline, attempt_timeout) = (settings.deadline(), settings.attempt_timeout());
        if attempt_timeout.is_zero() {
            return Err(Invalid::new("attempt_timeout", "must not be zero").into());
        }
        let left = deadline.saturating_sub(self.passed);
        if prepared.target().signed {
            if left.is_zero() {
                // What was never sent and has waited for credentials is late for want of them.
                let refresh = session
                    .refresh()
                    .filter(|_| self.attempts == 0 && self.polls > 0);
                let missing = refresh.map(|refresh| refresh.awaited().into());
                return Err(self.late(deadline, missing));
            }
            let wait = self.await_credentials(session, now, left);
            if let Ok(Some(step)) = wait {
                return Ok(step);
            }
            if let Some(refused) = self.refused
                && !session.has_others(refused)
                && let Some(refusal) = self.failed.take()
            {
                return Err(self.give_up(refusal));
            }
            wait?;
        }
        let Ok(prepared) = &self.prepared else {
            return Err(Error::Ended);
        };
        let rate = session.rate(prepared.target())?;
        let queued = session.rate_limit(prepared.target()).wait(rate, now.tick);
        let delay = self.ready.saturating_sub(self.passed).max(queued);
        if delay >= left {
            let throttle = session
                .rate_limit(prepared.target())
                .rests_for(left, now.tick);
            let throttle = throttle.and_then(Error::throttle);
            let failed = self.failed.take().or(throttle);
            return Err(self.late(deadline, failed));
        }
        if !delay.is_zero() {
            let resting = session.rate_limit(prepared.target()).resting(now.tick);
            let why = match (queued < delay, self.asked) {
                (true, true) => "retry_after",
                (true, false) => "backoff",
                (false, _) if resting == queued => "throttled",
                (false, _) => "rate",
            };
            return Ok(self.wait(delay, Some(why)));
        }
        self.endpoint = session.route(now.tick);
        self.max_body = session.settings().max_body();
        self.clock_offset = session.clock_offset();
        let time = now.unix.plus(self.clock_offset);
        let request = prepared.sign(session, self.endpoint, time)?;
        let proxy = session.settings().proxy(request.uri())?.cloned();
        self.proxy = proxy.clone();
        self.signed = session.generation().filter(|_| prepared.target().signed);
        session.rate_limit(prepared.target()).sent(now.tick);
        self.attempts = self.attempts.saturating_add(1);
        self.state = State::Sent;
        let attempt = Attempt {
            request,
            timeout: attempt_timeout.min(left).min(Attempt::MAX_TIMEOUT),
            max_body: self.max_body,
            proxy,
            direct: false,
            confidential: prepared.target().confidential,
            number: self.attempts,
            for_credentials: false,
            scope: self.trace.scope.clone(),
        };
        self.trace.send(&attempt);
        Ok(Step::Send(attempt))
    }

    /// Waits for credentials, if there are none to sign with. After as many searches as there are attempts it gives up:
    /// each has failed, or has found what expires at once.
    fn await_credentials(
        &mut self,
        session: &mut Session,
        now: Now,
        left: Duration,
    ) -> Result<Option<Step<<Self as Flow>::Output>>, Error> {
        let claim = session.claim(left, now, &self.trace.scope);
        let ended = session.refresh().map_or(0, Refresh::ended);
        let before = match claim {
            Claim::Ready => {
                self.searches = None;
                return Ok(None);
            }
            Claim::Wait => ended,
            // The one that has just failed counts, whoever did it.
            Claim::Failed(..) => ended.saturating_sub(1),
        };
        let seen = ended.saturating_sub(*self.searches.get_or_insert(before));
        let settings = session.settings();
        let has_seen_enough = seen >= settings.retry().attempts().max(1).into();
        match claim {
            Claim::Failed(missing, _) if has_seen_enough || !missing.is_passing() => {
                Err(missing.into())
            }
            Claim::Failed(missing, rest) if rest >= left => {
                Err(self.late(settings.deadline(), Some(missing.into())))
            }
            Claim::Failed(_, rest) => Ok(Some(self.wait(rest, Some("no_credentials")))),
            _ if has_seen_enough => {
                let missing = session.refresh().map(Refresh::no_credentials);
                Err(missing.unwrap_or_else(NoCredentials::unsought).into())
            }
            _ => {
                let delay = POLL.saturating_mul(2_u32.saturating_pow(self.polls));
                self.polls = self.polls.saturating_add(1);
                let delay = delay.min(LONGEST_POLL).min(left);
                // The driver searches instead, where that is its turn.
                let is_due = session.refresh().is_some_and(Refresh::is_due);
                Ok(Some(self.wait(delay, (!is_due).then_some("credentials"))))
            }
        }
    }

    fn wait(&mut self, delay: Duration, why: Option<&str>) -> Step<<Self as Flow>::Output> {
        if let Some(why) = why {
            self.trace.wait(delay, why, self.failed.as_ref());
        }
        Step::Wait(delay)
    }

    /// Draws the conclusion from a failed attempt: whether there may be another, and from when on.
    fn may_repeat(
        &mut self,
        error: &Error,
        hints: &Hints,
        session: &mut Session,
        now: Now,
    ) -> bool {
        let Ok(prepared) = &self.prepared else {
            return false;
        };
        let target = prepared.target();
        let advice = Advice::on(error, target.repeatable);
        let own_time = now.unix.plus(session.clock_offset());
        let asked = hints.delay(own_time).unwrap_or_default();
        let retry = *session.settings().retry();
        let backoff = retry.delay(self.attempts, now.entropy);
        self.asked = asked > backoff;
        let mut delay = backoff.max(asked);
        let unreachable = mem::take(&mut self.unreachable);
        let mut worthwhile = true;
        match advice {
            Advice::GiveUp => worthwhile = false,
            Advice::Again => {}
            Advice::Elsewhere => {
                let others = session.settings().failover().len();
                // At once while there is one that this call has not tried.
                if session.reroute(self.endpoint, now.tick) && unreachable < others {
                    delay = Duration::ZERO;
                }
                self.unreachable = unreachable.saturating_add(1);
            }
            Advice::Rest => {
                let longest = session.settings().longest_rest().max(REST);
                let rest = asked.clamp(REST, longest);
                delay = backoff.max(rest);
                if let Some(throttle) = error.throttle() {
                    session.rate_limit(target).rest(rest, now.tick, throttle);
                }
            }
            Advice::SetClock => match hints.date {
                Some(date) if !self.clock_set => {
                    session.clock().set(date, now.unix);
                    self.clock_set = true;
                    delay = Duration::ZERO;
                }
                _ => {
                    session.clock().undo(self.clock_offset);
                    worthwhile = false;
                }
            },
            Advice::Renew => match self.signed {
                Some(signed) => {
                    session.refuse(signed);
                    worthwhile = self.refused.replace(signed).is_none();
                    delay = Duration::ZERO;
                }
                None => worthwhile = false,
            },
        }
        self.ready = self.passed.saturating_add(delay);
        worthwhile && self.attempts < retry.attempts()
    }

    fn conclude(
        &mut self,
        result: Result<Reply<A::Output>, Error>,
        hints: &Hints,
        session: &mut Session,
        now: Now,
    ) -> Step<<Self as Flow>::Output> {
        self.trace.attempt(Some(request_id(&result)));
        let error = match result {
            Ok(reply) => {
                if self.prepared.as_ref().is_ok_and(|it| it.target().signed) {
                    session.clock().prove(self.clock_offset);
                }
                return Step::Done(Ok(reply));
            }
            Err(error) => error,
        };
        if let Some(id) = error.request_id() {
            self.request_id = Some(id.into());
        }
        if self.may_repeat(&error, hints, session, now) {
            self.failed = Some(error);
            return self.go_on(session, now);
        }
        let deadline = session.settings().deadline();
        let late = self.passed >= deadline.saturating_sub(EARLY);
        Step::Done(Err(match error {
            error @ Error::Transport(_) if late => self.late(deadline, Some(error)),
            error => self.give_up(error),
        }))
    }

    /// The error of a call whose last attempt failed for good.
    fn give_up(&mut self, error: Error) -> Error {
        if self.attempts <= 1 {
            return error;
        }
        Error::GaveUp {
            attempts: self.attempts,
            request_id: self.request_id.take(),
            source: Box::new(error),
        }
    }

    fn go_on(&mut self, session: &mut Session, now: Now) -> Step<<Self as Flow>::Output> {
        self.state = State::Ready;
        self.next(session, now).unwrap_or_else(|error| {
            self.state = State::Ended;
            Step::Done(Err(error))
        })
    }

    fn read(&self, response: &http::Response<Bytes>) -> Result<Reply<A::Output>, Error> {
        let limit = self.max_body;
        if response.body().len() > limit {
            return Err(Error::TooLarge { limit });
        }
        let prepared = self.prepared.as_ref();
        let confidential = prepared.is_ok_and(|prepared| prepared.target().confidential);
        response::read_for::<A>(response, confidential)
    }

    /// The error of a call that has no time left.
    fn late(&mut self, after: Duration, error: Option<Error>) -> Error {
        Error::Deadline {
            after,
            attempts: self.attempts,
            request_id: self.request_id.take(),
            source: error.or_else(|| self.failed.take()).map(Box::new),
        }
    }
}

impl<A: Action> sealed::Sealed for Call<A> {}

impl<A: Action> Flow for Call<A> {
    type Output = Result<Reply<A::Output>, Error>;

    fn step(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        let began = *self.began.get_or_insert(now.tick);
        self.passed = now.tick.saturating_sub(began);
        self.trace.step(self.passed);
        let step = match mem::replace(&mut self.state, State::Ended) {
            State::Ready => self.go_on(session, now),
            State::Sent => {
                let abandoned = Error::Transport(Failure::unknown("the attempt was abandoned"));
                self.conclude(Err(abandoned), &Hints::default(), session, now)
            }
            State::Answered(result, hints) => self.conclude(result, &hints, session, now),
            State::Refused(error) => Step::Done(Err(error)),
            State::Ended => Step::Done(Err(Error::Ended)),
        };
        if let Step::Done(result) = &step {
            self.trace.done(target(&self.prepared), request_id(result));
        }
        step
    }

    fn handle(&mut self, outcome: Outcome) {
        if self.is_out() {
            let outcome = outcome.map_err(|failure| failure.through(self.proxy.as_ref()));
            self.trace.answer(&outcome);
            self.state = match outcome {
                Ok(response) => match self.read(&response) {
                    Ok(reply) => State::Answered(Ok(reply), Hints::default()),
                    // Only what failed asks when to come again.
                    Err(error) => State::Answered(Err(error), Hints::of(response.headers())),
                },
                Err(failure) => State::Answered(Err(failure.into()), Hints::default()),
            };
        }
    }
}

fn target(prepared: &Result<Prepared, Target>) -> &Target {
    prepared
        .as_ref()
        .map_or_else(|target| target, Prepared::target)
}

/// The request id of a reply, or what is wrong.
fn request_id<O>(result: &Result<Reply<O>, Error>) -> Result<&str, &Error> {
    result.as_ref().map(|reply| &*reply.request_id)
}

/// What an answer's headers say about time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hints {
    /// The service's own time.
    pub(crate) date: Option<UnixTime>,
    retry_after: Option<RetryAfter>,
}

#[derive(Clone, Copy, Debug)]
enum RetryAfter {
    Seconds(u64),
    Date(UnixTime),
}

impl Hints {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let date = |text: &str| {
            let parsed = DateTimeParser::new().parse_timestamp(text);
            let time = UnixTime::new(parsed.ok()?.as_second());
            POSSIBLE.contains(&time).then_some(time)
        };
        let retry_after = text(header::RETRY_AFTER).and_then(|text| {
            let seconds = text.trim().parse().map(RetryAfter::Seconds);
            seconds.ok().or_else(|| date(text).map(RetryAfter::Date))
        });
        Self {
            date: text(header::DATE).and_then(date),
            retry_after,
        }
    }

    /// How long the service asks to wait.
    fn delay(&self, own_time: UnixTime) -> Option<Duration> {
        let seconds = match self.retry_after? {
            RetryAfter::Seconds(seconds) => seconds,
            RetryAfter::Date(date) => {
                let from = self.date.unwrap_or(own_time);
                u64::try_from(date.seconds_since(from)).unwrap_or_default()
            }
        };
        Some(Duration::from_secs(seconds))
    }
}

impl<A: Action> fmt::Debug for Call<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.state {
            State::Ready => "Call(ready)",
            State::Sent => "Call(sent)",
            State::Answered(..) => "Call(answered)",
            State::Refused(_) => "Call(refused)",
            State::Ended => "Call(ended)",
        })
    }
}
