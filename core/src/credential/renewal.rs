use alloc::{boxed::Box, string::ToString, sync::Arc, vec, vec::Vec};
use core::{fmt, time::Duration};

use http::{HeaderValue, Method, Request, header};
use zeroize::Zeroizing;

use super::{
    Credential, NoCredentials, Tried,
    chain::Chain,
    provider::Gained,
    search::{Answer, Ended, Given, Need, with_causes},
};
use crate::{
    AssumeRole, AssumeRoleWithWebIdentity, AssumedRole, Attempt, Call, Error, Flow, Now, Outcome,
    Region, Reply, Session, Settings, Step, UnixTime, Wire,
    call::Hints,
    flow::{Looked, Lookup},
    report::{Report, Why},
    request::NO_CODING,
};

/// How long a request to the metadata endpoint may take: it is next door, or not there at all.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);
/// The largest answer of the metadata endpoint that is read.
const METADATA_SIZE: usize = 64 << 10;
/// The region of requests for a role where nobody names one; the service wants one, and any will do.
const ROLE_REGION: &str = "ap-guangzhou";

/// One look for credentials, driven by the call that it was given to. When it is dropped, another call may look.
pub(crate) struct Renewal {
    mark: Arc<()>,
    chain: Arc<Chain>,
    /// The source that has had credentials before.
    only: Option<usize>,
    /// Whether nobody has named a region.
    wants_region: bool,
    answers: Vec<Answer>,
    out: Out,
    assuming: Option<Box<Assuming>>,
    /// The service's time by the last answer, and when it came.
    date: Option<UnixTime>,
    /// When it has taken too long.
    until: Duration,
}

#[derive(Clone, Copy, PartialEq)]
enum Out {
    Nothing,
    Lookup,
    Metadata,
}

/// What is to be done next.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for a moment on the stack"
)]
pub(crate) enum Turn {
    Look(Lookup),
    Send(Attempt),
    Wait(Duration, Why),
    /// The session has been told what it came to: whose credentials there are, or why there are none.
    Over(Option<Result<Gained, NoCredentials>>),
}

/// What was found.
pub(crate) struct Found {
    pub(super) place: usize,
    pub(crate) credential: Credential,
    pub(crate) region: Option<Region>,
    /// What was of no use on the way, and why.
    pub(super) passed_over: Vec<Tried>,
    /// The time by the clock of who gave it.
    pub(super) date: UnixTime,
}

/// A role that is being taken, with a session of its own.
struct Assuming {
    session: Session,
    /// By how much the clock was wrong when it began.
    offset: i64,
    call: Taking,
}

enum Taking {
    Role(Call<AssumeRole>),
    WebIdentity(Call<AssumeRoleWithWebIdentity>),
}

impl Renewal {
    pub(super) fn new(
        mark: Arc<()>,
        chain: Arc<Chain>,
        only: Option<usize>,
        wants_region: bool,
        until: Duration,
    ) -> Self {
        Self {
            mark,
            chain,
            only,
            wants_region: wants_region && only.is_none(),
            answers: Vec::new(),
            out: Out::Nothing,
            assuming: None,
            date: None,
            until,
        }
    }

    pub(crate) fn step(&mut self, session: &mut Session, now: Now) -> Turn {
        match self.out {
            Out::Nothing => {}
            Out::Lookup => self.found(Err("the lookup was abandoned".into())),
            Out::Metadata => self.answer(Answer::Got(Err("the attempt was abandoned".into()))),
        }
        loop {
            if let Some(assuming) = &mut self.assuming {
                match assuming.step(now) {
                    Step::Send(attempt) => {
                        return Turn::Send(Attempt {
                            for_credentials: true,
                            ..attempt
                        });
                    }
                    Step::Wait(delay) => {
                        let why = assuming.report().and_then(|report| report.why);
                        return Turn::Wait(delay, why.unwrap_or(Why::Credentials));
                    }
                    // A session with a credential, or without need of one, looks for none.
                    Step::Look(_) => assuming.found(Ok(None)),
                    Step::Done(result) => {
                        // Another call may have set the clock meanwhile.
                        let offset = assuming.session.clock_offset();
                        if offset != assuming.offset {
                            session.set_clock_offset(offset);
                        }
                        self.assuming = None;
                        let credential = result.and_then(|reply| Ok(reply.output.try_into()?));
                        self.answer(Answer::Assumed(credential.map_err(Arc::new)));
                    }
                }
                continue;
            }
            let left = self.until.saturating_sub(now.tick);
            let own_time = now.unix.plus(session.clock_offset());
            let need = match self.look(own_time) {
                Ok(found) => {
                    return Turn::Over(session.renewed(&self.mark, Ok(found), now));
                }
                Err(Ended::Missing(missing)) => {
                    return Turn::Over(session.renewed(&self.mark, Err(missing), now));
                }
                Err(Ended::Need(_)) if left.is_zero() => {
                    let tried = Tried {
                        source: "all".into(),
                        reason: "the time is up".into(),
                        cause: None,
                    };
                    let missing = NoCredentials::new(vec![tried], true);
                    return Turn::Over(session.renewed(&self.mark, Err(missing), now));
                }
                Err(Ended::Need(need)) => need,
            };
            match need {
                Need::Look(lookup) => {
                    self.out = Out::Lookup;
                    return Turn::Look(lookup);
                }
                Need::Get(url) => match metadata(&url) {
                    Ok(request) => {
                        self.out = Out::Metadata;
                        return Turn::Send(Attempt {
                            request,
                            timeout: METADATA_TIMEOUT.min(left),
                            max_body: METADATA_SIZE,
                            direct: true,
                            confidential: true,
                            number: 1,
                            for_credentials: true,
                        });
                    }
                    Err(error) => self.answer(Answer::Got(Err(error.to_string()))),
                },
                Need::Assume(with) => {
                    let (credential, action) = *with;
                    let region = session.settings().region().cloned();
                    let region = region.or_else(|| Region::new(ROLE_REGION).ok());
                    let inner = Session::new(credential);
                    let call = Taking::Role(Call::new(&action));
                    self.assume(inner, call, region, session, left);
                }
                Need::AssumeWithWebIdentity(with) => {
                    let (region, action) = *with;
                    let inner = Session::new(Chain::of([]));
                    let call = Taking::WebIdentity(Call::new(&action));
                    self.assume(inner, call, Some(region), session, left);
                }
            }
        }
    }

    /// Takes what came of the send that the last [`Turn::Send`] asked for.
    pub(crate) fn handle(&mut self, outcome: Outcome) {
        if let Ok(response) = &outcome {
            self.date = Hints::of(response.headers()).date.or(self.date);
        }
        if let Some(assuming) = &mut self.assuming {
            assuming.handle(outcome);
        } else if self.out == Out::Metadata {
            let answer = match outcome {
                Ok(response) if response.body().len() > METADATA_SIZE => {
                    Err("the answer is too large".into())
                }
                Ok(response) => Ok(response),
                Err(failure) => Err(with_causes(&failure)),
            };
            self.answer(Answer::Got(answer));
        }
    }

    /// Takes what came of the last [`Turn::Look`].
    pub(crate) fn found(&mut self, looked: Looked) {
        if self.out == Out::Lookup {
            let looked = looked.map(|bytes| bytes.map(Zeroizing::new));
            self.answer(Answer::Looked(looked.map_err(|error| with_causes(&*error))));
        }
    }

    /// What there is to tell of a role that is being taken.
    pub(crate) fn report(&self) -> Option<Report<'_>> {
        self.assuming.as_ref()?.report()
    }

    fn answer(&mut self, answer: Answer) {
        self.out = Out::Nothing;
        self.answers.push(answer);
    }

    /// Goes as far as the answers lead.
    fn look(&self, own_time: UnixTime) -> Result<Found, Ended> {
        let mut given = Given::new(&self.answers, own_time, self.only.is_some());
        let (place, credential) = self.chain.look(&mut given, self.only)?;
        let region = if self.wants_region {
            self.chain.region(&mut given)?
        } else {
            None
        };
        Ok(Found {
            place,
            credential,
            region,
            passed_over: given.passed_over(),
            date: self.date.unwrap_or(own_time),
        })
    }

    fn assume(
        &mut self,
        mut inner: Session,
        call: Taking,
        region: Option<Region>,
        session: &Session,
        left: Duration,
    ) {
        let settings: Settings = session.settings().clone();
        // A query would be written down where requests are.
        let settings = settings.with_wire(Wire::Post).with_region(region);
        inner = inner.with_settings(settings.with_deadline(left));
        let offset = session.clock_offset();
        inner.set_clock_offset(offset);
        self.assuming = Some(Box::new(Assuming {
            session: inner,
            offset,
            call,
        }));
    }
}

impl Assuming {
    fn step(&mut self, now: Now) -> Step<Result<Reply<AssumedRole>, Error>> {
        match &mut self.call {
            Taking::Role(call) => call.step(&mut self.session, now),
            Taking::WebIdentity(call) => call.step(&mut self.session, now),
        }
    }

    fn handle(&mut self, outcome: Outcome) {
        match &mut self.call {
            Taking::Role(call) => call.handle(outcome),
            Taking::WebIdentity(call) => call.handle(outcome),
        }
    }

    fn found(&mut self, looked: Looked) {
        match &mut self.call {
            Taking::Role(call) => call.found(looked),
            Taking::WebIdentity(call) => call.found(looked),
        }
    }

    fn report(&self) -> Option<Report<'_>> {
        match &self.call {
            Taking::Role(call) => call.report(),
            Taking::WebIdentity(call) => call.report(),
        }
    }
}

fn metadata(url: &str) -> Result<Request<bytes::Bytes>, http::Error> {
    let mut request = Request::builder()
        .method(Method::GET)
        .uri(url)
        .header(header::ACCEPT_ENCODING, NO_CODING);
    if let Some(authority) = request.uri_ref().and_then(|uri| uri.authority()) {
        let host = HeaderValue::from_str(authority.as_str())?;
        request = request.header(header::HOST, host);
    }
    request.body(bytes::Bytes::new())
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewal")
            .field("answers", &self.answers.len())
            .finish_non_exhaustive()
    }
}
