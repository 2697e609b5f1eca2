use alloc::boxed::Box;
use core::{fmt, mem, time::Duration};

use bytes::Bytes;

use crate::{
    Action, Attempt, Error, Failure, Flow, Invalid, Now, Outcome, Reply, Session, Step,
    flow::sealed, request::Prepared, response,
};

/// How much before the deadline a failure counts as the deadline's: timers are not exact, and nothing
/// can be done in what is left.
const EARLY: Duration = Duration::from_millis(10);

/// One logical call: an action to its reply, under a deadline.
///
/// See [`flow`](crate::flow) for how it is driven.
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
/// let answer = br#"{"Response": {"TotalCount": 3, "RequestId": "5e1f"}}"#;
/// call.handle(Ok(http::Response::new(answer.as_slice().into())));
/// let Step::Done(reply) = call.step(&mut session, now) else { panic!() };
/// assert_eq!(reply?.output.json("TotalCount"), Some("3"));
/// # Ok::<(), tc3_core::Error>(())
/// ```
#[must_use = "a call does nothing unless it is driven"]
pub struct Call<A: Action> {
    state: State<A::Output>,
    /// The tick of the first step, and the deadline counted from there.
    started: Option<(Duration, Duration)>,
    max_body: usize,
}

enum State<O> {
    /// Ready to be sent, if the input is right.
    Ready(Result<Prepared, Error>),
    /// Out.
    Sent,
    /// Back.
    Answered(Result<Reply<O>, Error>),
    /// The result has been given away.
    Ended,
}

impl<A: Action> Call<A> {
    /// A call of `action`, which is checked and written down here; a wrong input is the first step's result.
    pub fn new(action: &A) -> Self {
        Self {
            state: State::Ready(Prepared::new(action)),
            started: None,
            max_body: usize::MAX,
        }
    }

    fn send(
        &mut self,
        prepared: &Prepared,
        session: &mut Session,
        now: Now,
    ) -> Result<Attempt, Error> {
        let deadline = session.settings().deadline();
        self.started = Some((now.tick, deadline));
        let timeout = session.settings().attempt_timeout();
        if timeout.is_zero() {
            return Err(Invalid::new("attempt_timeout", "must not be zero").into());
        }
        if deadline.is_zero() {
            return Err(Error::Deadline {
                after: deadline,
                source: None,
            });
        }
        self.max_body = session.settings().max_body();
        Ok(Attempt {
            request: prepared.sign(session, now.unix)?,
            timeout: timeout.min(deadline).min(Attempt::MAX_TIMEOUT),
            max_body: self.max_body,
        })
    }

    /// The result, unless the deadline passed while there was no answer.
    fn conclude(
        &self,
        result: Result<Reply<A::Output>, Error>,
        now: Now,
    ) -> Result<Reply<A::Output>, Error> {
        match (result, self.started) {
            (Err(error @ Error::Transport(_)), Some((start, after)))
                if now.tick.saturating_sub(start) >= after.saturating_sub(EARLY) =>
            {
                Err(Error::Deadline {
                    after,
                    source: Some(Box::new(error)),
                })
            }
            (result, _) => result,
        }
    }
}

impl<A: Action> sealed::Sealed for Call<A> {}

impl<A: Action> Flow for Call<A> {
    type Output = Result<Reply<A::Output>, Error>;

    fn step(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        match mem::replace(&mut self.state, State::Ended) {
            State::Ready(prepared) => {
                match prepared.and_then(|prepared| self.send(&prepared, session, now)) {
                    Ok(attempt) => {
                        self.state = State::Sent;
                        Step::Send(attempt)
                    }
                    Err(error) => Step::Done(Err(error)),
                }
            }
            State::Sent => {
                let abandoned = Failure::unknown("the attempt was abandoned");
                Step::Done(self.conclude(Err(Error::Transport(abandoned)), now))
            }
            State::Answered(result) => Step::Done(self.conclude(result, now)),
            State::Ended => Step::Done(Err(Error::Ended)),
        }
    }

    fn handle(&mut self, outcome: Outcome) {
        if matches!(self.state, State::Sent) {
            self.state = State::Answered(match outcome {
                Ok(response) => read::<A>(&response, self.max_body),
                Err(failure) => Err(Error::Transport(failure)),
            });
        }
    }
}

fn read<A: Action>(
    response: &http::Response<Bytes>,
    limit: usize,
) -> Result<Reply<A::Output>, Error> {
    if response.body().len() > limit {
        return Err(Error::TooLarge { limit });
    }
    response::read::<A>(response)
}

impl<A: Action> fmt::Debug for Call<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.state {
            State::Ready(_) => "Call(ready)",
            State::Sent => "Call(sent)",
            State::Answered(_) => "Call(answered)",
            State::Ended => "Call(ended)",
        })
    }
}
