mod tasks;

use alloc::{
    boxed::Box,
    string::{String, ToString},
    sync::Arc,
    vec,
    vec::Vec,
};
use core::{fmt, mem, time::Duration};

use bytes::Bytes;
use http::Response;

use super::{
    Chain, NoCredentials, Tried,
    assume::Assume,
    fault::{Fault, wrong},
    lookup::{Content, Looked, Lookup, Variables, keep},
    metadata::MAX_ANSWER,
    source::Grant,
    with_causes,
};
use crate::{
    Attempt, Now, Outcome, Session, Step, UnixTime,
    call::Hints,
    trace::{self, Scope},
};
use tasks::{Level, Task};

/// A search for credentials in the sources of a [`Chain`], driven from outside as a [`Flow`](crate::Flow) is.
///
/// [`Session::search`] gives it out when a call waits for credentials. What it finds, or why it finds nothing, goes
/// into the session. One search is under way at a time; when it is dropped, the session gives out another one.
///
/// ```
/// use core::time::Duration;
/// use tc3_core::{
///     Call, Flow, Now, Session, Source, Step, UnixTime, Untyped,
///     credential::{Lookup, SearchStep},
/// };
///
/// let mut session = Session::new(Source::environment());
/// let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
/// let mut call = Call::new(&Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({})));
/// let Step::Wait(_) = call.step(&mut session, now) else { panic!() };
///
/// let mut search = session.search(now).unwrap();
/// loop {
///     match search.step(&mut session, now) {
///         SearchStep::Read(Lookup::Variable("TENCENTCLOUD_SECRET_ID")) => search.found(Ok(Some(b"AKIDEXAMPLE".into()))),
///         SearchStep::Read(Lookup::Variable("TENCENTCLOUD_SECRET_KEY")) => search.found(Ok(Some(b"not-a-real-key".into()))),
///         SearchStep::Read(_) => search.found(Ok(None)),
///         SearchStep::Done => break,
///         SearchStep::Send(_) | SearchStep::Wait(_) => panic!("the environment asks for neither"),
///     }
/// }
/// assert_eq!(session.credential().unwrap().secret_id(), "AKIDEXAMPLE");
/// let Step::Send(_) = call.step(&mut session, now) else { panic!() };
/// ```
#[must_use = "a search does nothing unless it is driven"]
pub struct Search {
    mark: Arc<()>,
    chain: Arc<Chain>,
    /// Whether the source has had credentials before.
    known: bool,
    /// Whether nobody has named a region.
    wants_region: bool,
    /// When it has taken too long.
    until: Duration,
    variables: Variables,
    /// The variables that are not read yet, the next one at the end.
    unread: Vec<&'static str>,
    /// The chain that is searched, within those whose roles are taken with what it has.
    levels: Vec<Level>,
    task: Task,
    out: Out,
    /// Files at usual places that the source can't read, and why.
    unreadable: Vec<String>,
    /// What was of no use, and why: no error, but worth a word.
    passed_over: Vec<Tried>,
    /// The service's time by the last answer.
    date: Option<UnixTime>,
    trace: trace::Call,
}

/// What is to be done next.
#[must_use = "a step says what is to be done, and nothing happens unless it is"]
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a step lives for a moment on the stack"
)]
pub enum SearchStep {
    /// Read this, then call [`Search::found`].
    Read(Lookup),
    /// Send this, then call [`Search::handle`].
    Send(Attempt),
    /// Wait this long, then call [`Search::step`] again.
    Wait(Duration),
    /// The session has the credentials, or the reason why there are none.
    Done,
}

/// What the last step asked for, or what came of it.
enum Out {
    Nothing,
    Read(Lookup),
    Send,
    Found(Content),
    Answered(Result<Response<Bytes>, String>),
}

impl Search {
    /// A search through all sources, or through the one at `only`, which has had credentials before.
    pub(super) fn new(
        mark: Arc<()>,
        chain: &Arc<Chain>,
        only: Option<usize>,
        wants_region: bool,
        until: Duration,
        scope: Scope,
    ) -> Self {
        let mut level = Level::new(None, chain);
        if let Some(only) = only {
            level = level.only(only);
        }
        let mut unread = level.variables();
        let wants_region = wants_region && only.is_none();
        if wants_region {
            unread.extend(tasks::region_variable(chain));
        }
        unread.reverse();
        Self {
            mark,
            chain: Arc::clone(chain),
            known: only.is_some(),
            wants_region,
            until,
            variables: Variables::default(),
            unread,
            levels: vec![level],
            task: Task::Variables,
            out: Out::Nothing,
            unreadable: Vec::new(),
            passed_over: Vec::new(),
            date: None,
            trace: trace::Call::for_credentials(scope),
        }
    }

    /// Returns what is to be done next. A step while something is out means that it was abandoned.
    pub fn step(&mut self, session: &mut Session, now: Now) -> SearchStep {
        let (mut looked, mut answer) = match mem::replace(&mut self.out, Out::Nothing) {
            Out::Nothing => (None, None),
            Out::Read(_) => (Some(Err("the lookup was abandoned".into())), None),
            Out::Send => (None, Some(Err("the attempt was abandoned".into()))),
            Out::Found(content) => (Some(content), None),
            Out::Answered(answer) => (None, Some(answer)),
        };
        let left = self.until.saturating_sub(now.tick);
        self.trace.step(now.tick);
        if answer.is_some() {
            self.trace.attempt(None);
        }
        loop {
            let own_time = now.unix.plus(session.clock_offset());
            let (looked, answer) = (looked.take(), answer.take());
            let late = left.is_zero() && looked.is_none() && answer.is_none();
            self.task = match mem::replace(&mut self.task, Task::Ended) {
                Task::Variables | Task::File(..) | Task::Machine(..) if late => {
                    Task::End(Err(NoCredentials::late()))
                }
                Task::Region(found, _) if late => Task::End(Ok(found)),
                Task::Variables => match (self.unread.last().copied(), looked) {
                    (None, _) => Task::Source,
                    (Some(name), Some(content)) => {
                        self.unread.pop();
                        self.variables.insert(name, content);
                        Task::Variables
                    }
                    (Some(name), None) => {
                        return self.read(Lookup::Variable(name), Task::Variables);
                    }
                },
                Task::Source => self.source(own_time),
                Task::File(file, rest) => match looked {
                    Some(content) => self.file(&file, rest, &content, own_time),
                    None => return self.read(Lookup::file(&file.path), Task::File(file, rest)),
                },
                Task::Grant(grant, named) => match grant {
                    Grant::Keys(keys) => self.gained(keys),
                    Grant::Role(keys, action) => {
                        let scope = self.trace.scope.clone();
                        let assume = Assume::new(&*action, keys, None, session, left, scope);
                        Task::Assume(Box::new(assume), named)
                    }
                    Grant::ServiceAccount(region, action) => {
                        let (nobody, region) = (Chain::of([]), Some(region));
                        let scope = self.trace.scope.clone();
                        let assume = Assume::new(&*action, nobody, region, session, left, scope);
                        Task::Assume(Box::new(assume), named)
                    }
                    Grant::Machine(machine) => Task::Machine(machine, named),
                    Grant::Over(role, chain) => {
                        self.levels.push(Level::new(Some(role), &chain));
                        Task::Source
                    }
                },
                Task::Machine(mut machine, named) => match answer {
                    Some(answer) => match machine.take(answer, self.known) {
                        Ok(None) => Task::Machine(machine, named),
                        Ok(Some(keys)) => self.gained(keys),
                        Err(fault) => self.failed(fault.of(named)),
                    },
                    None => match machine.attempt(left, self.trace.scope.clone()) {
                        Ok(attempt) => {
                            self.trace.send(&attempt);
                            self.task = Task::Machine(machine, named);
                            self.out = Out::Send;
                            return SearchStep::Send(attempt);
                        }
                        Err(error) => self.failed(wrong(error.to_string()).of(named)),
                    },
                },
                Task::Assume(mut assume, named) => match assume.step(session, now) {
                    Step::Send(attempt) => {
                        self.task = Task::Assume(assume, named);
                        return SearchStep::Send(Attempt {
                            for_credentials: true,
                            ..attempt
                        });
                    }
                    Step::Wait(delay) => {
                        self.task = Task::Assume(assume, named);
                        return SearchStep::Wait(delay);
                    }
                    Step::Done(Ok(keys)) => self.gained(keys),
                    Step::Done(Err(error)) => self.failed(Fault::of_request(error).of(named)),
                },
                Task::Region(found, path) => match looked {
                    Some(content) => self.region_file(found, &path, &content),
                    None => return self.read(Lookup::file(&path), Task::Region(found, path)),
                },
                Task::End(result) => {
                    let date = self.date.unwrap_or(own_time);
                    if let Some(result) = session.renewed(&self.mark, result, date, now) {
                        self.trace.searched(result.as_deref(), &self.passed_over);
                    }
                    Task::Ended
                }
                Task::Ended => return SearchStep::Done,
            };
        }
    }

    /// Takes what came of the send that the last [`SearchStep::Send`] asked for.
    pub fn handle(&mut self, outcome: Outcome) {
        if let Ok(response) = &outcome {
            self.date = Hints::of(response.headers()).date.or(self.date);
        }
        if let Task::Assume(assume, _) = &mut self.task {
            assume.handle(outcome);
        } else if let Out::Send = self.out {
            self.trace.answer(&outcome);
            self.out = Out::Answered(match outcome {
                Ok(response) if response.body().len() > MAX_ANSWER => {
                    Err("the answer is too large".into())
                }
                Ok(response) => Ok(response),
                Err(failure) => Err(with_causes(&failure)),
            });
        }
    }

    /// Takes what the last [`SearchStep::Read`] found.
    pub fn found(&mut self, looked: Looked) {
        if let Out::Read(lookup) = &self.out {
            self.trace.look(lookup, &looked);
            self.out = Out::Found(keep(looked));
        }
    }

    fn read(&mut self, lookup: Lookup, task: Task) -> SearchStep {
        self.task = task;
        self.out = Out::Read(lookup.clone());
        SearchStep::Read(lookup)
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").finish_non_exhaustive()
    }
}
