use alloc::boxed::Box;
use core::{fmt, mem, time::Duration};

use bytes::Bytes;
use http::StatusCode;

use crate::{
    Action, Attempt, Credential, Error, Failure, Flow, Invalid, Now, Outcome, Reply, Session, Step,
    credential::{Claim, Generation},
    error::Context,
    flow::{Hints, clock::Elapsed, rate_limit::Turn, retry::RetryAction, sealed},
    proxy::ProxyUrl,
    trace,
    wire::{request::Prepared, response},
};

/// A failure this close to the deadline counts as the deadline's: timers are inexact, and the time that is left is too
/// short for another attempt.
const DEADLINE_TOLERANCE: Duration = Duration::from_millis(10);

/// The shortest rest of an action after a throttle: the service counts requests per second.
const SHORTEST_REST: Duration = Duration::from_secs(1);

/// How often a call checks whether another call has found credentials: the first and the longest interval.
const FIRST_POLL: Duration = Duration::from_millis(5);
const LONGEST_POLL: Duration = Duration::from_millis(250);

/// One logical call: sends an action until there is a reply or an error, within a deadline.
///
/// It waits until the service's frequency limit allows a request, signs it then, and retries when that is safe and can help;
/// [`Retry`](crate::flow::Retry) has the rules. See [`flow`](crate::flow) for how to drive it, and for a
/// diagram of its states.
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
/// let throttled = br#"{"Response": {
///     "Error": {"Code": "RequestLimitExceeded", "Message": "slow down"}, "RequestId": "1"
/// }}"#;
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
    /// What its error will say of it: the action, attempts and the last answer.
    pub(crate) context: Context,
    /// `None` if the input is invalid.
    prepared: Option<Prepared>,
    elapsed: Elapsed,
    /// The earliest time of the next attempt, counted from the first step.
    not_before: Duration,
    /// Whether an answer's `Retry-After` set it.
    by_retry_after: bool,
    /// While it waits until the rate allows a request.
    turn: Option<Turn>,
    /// When the last attempt is taken to have arrived, unless its answer comes earlier.
    arrives_by: Duration,
    /// The endpoint of the last attempt.
    endpoint: usize,
    /// The proxy of the last attempt.
    proxy: Option<ProxyUrl>,
    /// Number of attempts in a row that found no connection.
    unreachable: usize,
    /// Whether one of this call's answers has set the clock.
    clock_set: bool,
    /// The clock offset that the last attempt was signed with.
    clock_offset: i64,
    max_body: usize,
    /// Number of times it has waited for a search for credentials.
    polls: u32,
    /// While it waits for credentials: how many searches had ended when it began to.
    searches_before: Option<u64>,
    /// The credentials that the last attempt was signed with, if a search found them.
    signed_with: Option<Generation>,
    /// The credentials that the service has refused, if a search found them.
    refused: Option<Generation>,
    /// The last attempt's error, while another attempt is planned.
    last_error: Option<Error>,
    trace: trace::Call,
}

enum State<O> {
    /// To be sent when its time has come.
    Ready,
    /// An attempt is in flight.
    Sent,
    /// The attempt has an outcome.
    Answered(Result<Reply<O>, Error>, Hints),
    /// The input is invalid, so nothing is sent.
    Refused(Error),
    /// The result was returned.
    Ended,
}

impl<A: Action> Call<A> {
    /// A call of `action`. The input is checked and serialized here; if it is invalid, the first step returns the
    /// error.
    pub fn new(action: &A) -> Self {
        Self::within(action, trace::Call::of(&action.target(), false))
    }

    /// A call that a walk makes.
    pub(crate) fn of_walk(action: &A) -> Self {
        Self::within(action, trace::Call::of(&action.target(), true))
    }

    /// A call that a search for credentials makes.
    pub(crate) fn for_credentials(action: &A, scope: trace::Scope) -> Self {
        Self::within(action, trace::Call::for_credentials(scope))
    }

    fn within(action: &A, trace: trace::Call) -> Self {
        let (state, prepared) = match Prepared::new(action) {
            Ok(prepared) => (State::Ready, Some(prepared)),
            Err(error) => (State::Refused(error), None),
        };
        Self {
            state,
            context: Context::new(action.target()),
            prepared,
            trace,
            elapsed: Elapsed::default(),
            not_before: Duration::ZERO,
            by_retry_after: false,
            turn: None,
            arrives_by: Duration::ZERO,
            endpoint: 0,
            proxy: None,
            unreachable: 0,
            clock_set: false,
            clock_offset: 0,
            max_body: usize::MAX,
            polls: 0,
            searches_before: None,
            signed_with: None,
            refused: None,
            last_error: None,
        }
    }

    /// The reply that the next step will return.
    pub(crate) const fn answered(&mut self) -> Option<&mut Reply<A::Output>> {
        match &mut self.state {
            State::Answered(Ok(reply), _) => Some(reply),
            _ => None,
        }
    }

    fn next_step(
        &mut self,
        session: &mut Session,
        now: Now,
    ) -> Result<Step<<Self as Flow>::Output>, Error> {
        let (result, hints) = match mem::replace(&mut self.state, State::Ended) {
            State::Ready => return self.send_or_wait(session, now),
            State::Sent => {
                let abandoned = Failure::unknown("the attempt was abandoned");
                (Err(abandoned.into()), Hints::default())
            }
            State::Answered(result, hints) => {
                // One that failed may still be on its way.
                if !matches!(result, Err(Error::Transport(_))) {
                    let limit = session.rate_limit(&self.context.target);
                    limit.answered(self.arrives_by, now.tick);
                }
                (result, hints)
            }
            State::Refused(error) => return Err(error),
            State::Ended => return Err(Error::Ended),
        };
        self.trace.attempt(Some(request_id(&result)));
        match result {
            Ok(reply) => {
                if self.context.target.signed {
                    session.clock.prove(self.clock_offset);
                }
                Ok(Step::Done(Ok(reply)))
            }
            Err(error) => {
                self.plan_retry(error, &hints, session, now)?;
                self.send_or_wait(session, now)
            }
        }
    }

    /// Sends the request, or waits until it may be sent.
    fn send_or_wait(
        &mut self,
        session: &mut Session,
        now: Now,
    ) -> Result<Step<<Self as Flow>::Output>, Error> {
        self.state = State::Ready;
        let settings = session.settings();
        let (deadline, attempt_timeout) = (settings.deadline(), settings.attempt_timeout());
        if attempt_timeout.is_zero() {
            return Err(Invalid::new("attempt_timeout", "must not be zero").into());
        }
        let left = deadline.saturating_sub(self.elapsed.passed());
        if self.context.target.signed {
            if left.is_zero() {
                // It spent its time waiting for credentials, so their absence is the cause.
                let was_waiting = self.context.attempts == 0 && self.polls > 0;
                let missing = was_waiting.then(|| session.refresh.awaited().into());
                return Err(self.deadline_error(deadline, missing));
            }
            let wait = self.await_credentials(session, now, left);
            if let Ok(Some(step)) = wait {
                return Ok(step);
            }
            if let Some(refused) = self.refused
                && !session.refresh.has_others(refused)
                && let Some(refusal) = self.last_error.take()
            {
                return Err(refusal);
            }
            wait?;
        }
        let rate = session.settings().rate(&self.context.target)?;
        let limit = session.rate_limit(&self.context.target);
        let queued = limit.wait(rate, self.turn.as_ref(), now.tick);
        let backoff = self.not_before.saturating_sub(self.elapsed.passed());
        let delay = backoff.max(queued);
        if delay >= left {
            let rest = || limit.cause_of_rest(left, now.tick);
            let cause = self.last_error.take().or_else(rest);
            return Err(self.deadline_error(deadline, cause));
        }
        if !delay.is_zero() {
            if queued >= backoff {
                limit.queue(&mut self.turn, now.tick.saturating_add(queued));
            }
            let why = match (backoff > queued, self.by_retry_after) {
                (true, true) => "retry_after",
                (true, false) => "backoff",
                (false, _) if limit.resting(now.tick) == queued => "throttled",
                (false, _) => "rate",
            };
            return Ok(self.wait(delay, Some(why)));
        }
        let Some(prepared) = &self.prepared else {
            return Err(Error::Ended);
        };
        self.endpoint = session.route(now.tick);
        self.max_body = session.settings().max_body();
        self.clock_offset = session.clock_offset();
        let time = now.unix.plus(self.clock_offset);
        let request = prepared.sign(session, self.endpoint, time)?;
        self.proxy = session.settings().proxy(request.uri())?.cloned();
        self.signed_with = session
            .refresh
            .generation()
            .filter(|_| self.context.target.signed);
        self.context.sent = request.uri().authority().map(|host| (host.clone(), time));
        self.turn = None;
        self.arrives_by = session.rate_limit(&self.context.target).sent(now.tick);
        self.context.attempts = self.context.attempts.saturating_add(1);
        self.state = State::Sent;
        let attempt = Attempt {
            request,
            timeout: attempt_timeout.min(left).min(Attempt::MAX_TIMEOUT),
            max_body: self.max_body,
            proxy: self.proxy.clone(),
            direct: false,
            confidential: self.context.target.confidential,
            number: self.context.attempts,
            for_credentials: false,
            scope: self.trace.scope.clone(),
        };
        let signer = session.credential().filter(|_| self.context.target.signed);
        self.trace.send(&attempt, signer.map(Credential::secret_id));
        Ok(Step::Send(attempt))
    }

    /// Waits for credentials, if there are none to sign with. Gives up after as many searches as the policy allows
    /// attempts: each search has failed, or its credentials expired at once.
    fn await_credentials(
        &mut self,
        session: &mut Session,
        now: Now,
        left: Duration,
    ) -> Result<Option<Step<<Self as Flow>::Output>>, Error> {
        let claim = session.refresh.claim(left, now, &self.trace.scope);
        let ended = session.refresh.ended;
        let before = match claim {
            Claim::Ready => {
                self.searches_before = None;
                return Ok(None);
            }
            Claim::Wait => ended,
            // The search that has just failed counts, even if it was for another call.
            Claim::Failed(..) => ended.saturating_sub(1),
        };
        let seen = ended.saturating_sub(*self.searches_before.get_or_insert(before));
        let settings = session.settings();
        let has_seen_enough = seen >= settings.retry().attempts().max(1).into();
        match claim {
            Claim::Failed(missing, _) if has_seen_enough || !missing.is_passing() => {
                Err(missing.into())
            }
            Claim::Failed(missing, rest) if rest >= left => {
                Err(self.deadline_error(settings.deadline(), Some(missing.into())))
            }
            Claim::Failed(_, rest) => Ok(Some(self.wait(rest, Some("no_credentials")))),
            _ if has_seen_enough => Err(session.refresh.no_credentials().into()),
            _ => {
                let delay = FIRST_POLL.saturating_mul(2_u32.saturating_pow(self.polls));
                self.polls = self.polls.saturating_add(1);
                let delay = delay.min(LONGEST_POLL).min(left);
                // If a search is due, the driver does that instead of waiting.
                let is_due = session.refresh.is_due();
                Ok(Some(self.wait(delay, (!is_due).then_some("credentials"))))
            }
        }
    }

    fn wait(&mut self, delay: Duration, why: Option<&str>) -> Step<<Self as Flow>::Output> {
        if let Some(why) = why {
            self.trace.wait(delay, why, self.last_error.as_ref());
        }
        Step::Wait(delay)
    }

    /// Acts on a failed attempt, and sets when the next one may be made.
    ///
    /// # Errors
    ///
    /// The call's own, if there is no next one.
    fn plan_retry(
        &mut self,
        error: Error,
        hints: &Hints,
        session: &mut Session,
        now: Now,
    ) -> Result<(), Error> {
        if let Some(id) = error.request_id() {
            self.context.request_id = Some(id.into());
        }
        let own_time = now.unix.plus(session.clock_offset());
        let retry_after = hints.delay(own_time).unwrap_or_default();
        let retry = *session.settings().retry();
        let backoff = retry.delay(self.context.attempts, now.entropy);
        let delay = backoff.max(retry_after);
        self.by_retry_after = delay != backoff;
        let unreachable = mem::take(&mut self.unreachable);
        let delay = match RetryAction::on(&error, self.context.target.repeatable) {
            RetryAction::GiveUp => None,
            RetryAction::Retry => Some(delay),
            RetryAction::Failover => {
                self.unreachable = unreachable.saturating_add(1);
                // Without a delay while there are endpoints that this call has not tried.
                let others = session.settings().failover.len();
                let is_another = session.reroute(self.endpoint, now.tick) && unreachable < others;
                Some(if is_another { Duration::ZERO } else { delay })
            }
            RetryAction::Rest => {
                let longest = session.settings().longest_rest.max(SHORTEST_REST);
                let rest = retry_after.clamp(SHORTEST_REST, longest);
                if let Some(throttle) = error.throttle() {
                    let limit = session.rate_limit(&self.context.target);
                    limit.rest(rest, now.tick, throttle);
                }
                Some(backoff.max(rest))
            }
            RetryAction::SetClock => match hints.date {
                Some(date) if !self.clock_set => {
                    session.clock.set(date, now.unix);
                    self.clock_set = true;
                    Some(Duration::ZERO)
                }
                _ => {
                    session.clock.undo(self.clock_offset);
                    None
                }
            },
            RetryAction::RenewCredentials => self.signed_with.and_then(|signed| {
                session.refresh.refuse(signed);
                let is_first = self.refused.replace(signed).is_none();
                is_first.then_some(Duration::ZERO)
            }),
        };
        let deadline = session.settings().deadline();
        let passed = self.elapsed.passed();
        match delay {
            Some(delay) if self.context.attempts < retry.attempts() => {
                self.not_before = passed.saturating_add(delay);
                self.last_error = Some(error);
                Ok(())
            }
            _ if matches!(error, Error::Transport(_))
                && passed >= deadline.saturating_sub(DEADLINE_TOLERANCE) =>
            {
                Err(self.deadline_error(deadline, Some(error)))
            }
            Some(_) if self.context.attempts > 1 => Err(Error::GaveUp {
                attempts: self.context.attempts,
                source: Box::new(error),
                context: None,
            }),
            _ => Err(error),
        }
    }

    fn read(&self, response: &http::Response<Bytes>) -> Result<Reply<A::Output>, Error> {
        let limit = self.max_body;
        // Any other status decides by itself, however long its page is.
        if response.status() == StatusCode::OK && response.body().len() > limit {
            return Err(Error::TooLarge {
                limit,
                context: None,
            });
        }
        response::read_for::<A>(response, self.context.target.confidential)
    }

    /// The error of a call whose deadline leaves no time.
    fn deadline_error(&mut self, after: Duration, error: Option<Error>) -> Error {
        Error::Deadline {
            after,
            attempts: self.context.attempts,
            source: error.or_else(|| self.last_error.take()).map(Box::new),
            context: None,
        }
    }
}

impl<A: Action> sealed::Sealed for Call<A> {}

impl<A: Action> Flow for Call<A> {
    type Output = Result<Reply<A::Output>, Error>;

    fn step(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        self.elapsed.step(now.tick);
        self.trace.step(self.elapsed.passed());
        let step = self.next_step(session, now);
        let step = step.unwrap_or_else(|error| Step::Done(Err(error.within(self.context.clone()))));
        if let Step::Done(result) = &step {
            self.state = State::Ended;
            self.trace.done(&self.context.target, request_id(result));
        }
        step
    }

    fn handle(&mut self, outcome: Outcome) {
        if matches!(self.state, State::Sent) {
            let outcome = outcome.map_err(|failure| failure.through(self.proxy.as_ref()));
            self.trace.answer(&outcome);
            let (result, hints) = match outcome {
                Ok(response) => (self.read(&response), Hints::of(response.headers())),
                Err(failure) => (Err(failure.into()), Hints::default()),
            };
            self.state = State::Answered(result, hints);
        }
    }
}

/// The request id of a reply, or the error.
fn request_id<O>(result: &Result<Reply<O>, Error>) -> Result<&str, &Error> {
    result.as_ref().map(|reply| &*reply.request_id)
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
