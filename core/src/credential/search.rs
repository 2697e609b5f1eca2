use alloc::{boxed::Box, string::String, sync::Arc, vec, vec::Vec};
use core::{fmt, mem, ops::ControlFlow, time::Duration};

use super::{
    Chain, NoCredentials, Tried, Unreadable,
    errors::Sort,
    lookup::{Looked, Lookup, Reads},
    metadata::MachineRole,
    parts,
    refresh::Found,
    role::{Assume, Fetch},
    source::{Identity, Source, SourceKind},
    tccli, tke,
};
use crate::{
    Attempt, Credential, Now, Outcome, Region, Session, UnixTime,
    flow::Hints,
    sts::AssumeRole,
    trace::{self, Scope},
};

/// The variable that names the region.
const REGION: &str = "TENCENTCLOUD_REGION";

/// A search for credentials in the sources of a [`Chain`], driven from outside like a [`Flow`](crate::Flow).
///
/// [`Session::search`] returns one when a call waits for credentials. The search stores what it finds, or why it finds
/// nothing, in the session. Only one search runs at a time. If it is dropped, the session returns another one.
///
/// ```
/// use core::time::Duration;
/// use tc3_core::{credential::{Lookup, SearchStep, Source}, Call, Flow, Now, Session, Step, UnixTime, Untyped};
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
    /// Identifies this search to the session's [`Refresh`](super::Refresh).
    mark: Arc<()>,
    chain: Chain,
    wants_region: bool,
    /// The tick at which the search times out.
    until: Duration,
    reads: Reads,
    /// The last [`SearchStep::Read`].
    asked: Option<Lookup>,
    level: Level,
    /// The chains around this one, each with the role to assume with what the inner chain finds, and the place that
    /// names the role, if any.
    outer: Vec<(Level, Box<AssumeRole>, Option<String>)>,
    task: Task,
    /// Ignored problems, to be logged as warnings.
    passed_over: Vec<Tried>,
    /// The service's time in its last response.
    date: Option<UnixTime>,
    trace: trace::Call,
}

/// What the driver of a [`Search`] must do next.
#[must_use = "a step has no effect unless the driver carries it out"]
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

/// A chain that is being searched.
struct Level {
    /// The current source, and those after it.
    sources: vec::IntoIter<Source>,
    tried: Vec<Tried>,
}

impl Level {
    fn new(chain: &Chain) -> Self {
        Self {
            sources: chain.sources().to_vec().into_iter(),
            tried: Vec::new(),
        }
    }

    /// The current source.
    fn source(&self) -> Option<&Source> {
        self.sources.as_slice().first()
    }
}

/// What the search does next.
enum Task {
    /// Read the current source.
    Read,
    /// Request credentials, with the place that names the role, if any.
    Fetch(Box<dyn Fetch>, Option<String>),
    /// Read the region to use with these credentials.
    Region(Found),
    End(Result<Found, NoCredentials>, Option<Region>),
    Ended,
}

impl Search {
    pub(super) fn new(
        mark: Arc<()>,
        chain: &Chain,
        wants_region: bool,
        until: Duration,
        scope: Scope,
    ) -> Self {
        Self {
            mark,
            chain: chain.clone(),
            wants_region,
            until,
            reads: Reads::default(),
            asked: None,
            level: Level::new(chain),
            outer: Vec::new(),
            task: Task::Read,
            passed_over: Vec::new(),
            date: None,
            trace: trace::Call::for_credentials(scope),
        }
    }

    /// Returns what to do next. A read or a request whose result was not handed over counts as abandoned.
    pub fn step(&mut self, session: &mut Session, now: Now) -> SearchStep {
        let left = self.until.saturating_sub(now.tick);
        self.trace.step(now.tick);
        self.asked = None;
        loop {
            let own_time = now.unix.plus(session.clock_offset());
            match mem::replace(&mut self.task, Task::Ended) {
                Task::Read => {
                    let next = self.read(own_time);
                    self.task = match self.reads.missing.take() {
                        Some(lookup) if !left.is_zero() => return self.ask(lookup, Task::Read),
                        Some(_) => self.failed(Tried::late()),
                        None => next.unwrap_or_else(|tried| self.failed(tried)),
                    };
                }
                Task::Fetch(mut fetch, place) => {
                    self.task = match fetch.step(session, now, left, &mut self.trace) {
                        ControlFlow::Break(Ok(keys)) => self.gained(keys),
                        ControlFlow::Break(Err(tried)) => self.failed(tried.at(place.as_deref())),
                        ControlFlow::Continue(step) => {
                            self.task = Task::Fetch(fetch, place);
                            return step;
                        }
                    };
                }
                Task::Region(found) => {
                    let region = self.region();
                    if let Some(lookup) = self.reads.missing.take()
                        && !left.is_zero()
                    {
                        return self.ask(lookup, Task::Region(found));
                    }
                    self.task = Task::End(Ok(found), self.optional(region));
                }
                Task::End(result, region) => {
                    let date = self.date.unwrap_or(own_time);
                    let result = session.refresh.renewed(&self.mark, result, date, now);
                    if let Some(result) = result {
                        self.trace.searched(result.as_deref(), &self.passed_over);
                        session.set_region(region.filter(|_| result.is_ok()));
                    }
                }
                Task::Ended => return SearchStep::Done,
            }
        }
    }

    /// Asks for a lookup, and does the task again after it.
    fn ask(&mut self, lookup: Lookup, task: Task) -> SearchStep {
        let abandoned = Err("the lookup was abandoned".into());
        self.reads.insert(lookup.clone(), abandoned);
        self.asked = Some(lookup.clone());
        self.task = task;
        SearchStep::Read(lookup)
    }

    /// Takes the outcome of the last [`SearchStep::Send`].
    pub fn handle(&mut self, outcome: Outcome) {
        if let Ok(response) = &outcome {
            self.date = Hints::of(response.headers()).date.or(self.date);
        }
        self.trace.answer(&outcome);
        if let Task::Fetch(fetch, _) = &mut self.task {
            fetch.handle(outcome);
        }
    }

    /// Takes the result of the last [`SearchStep::Read`].
    pub fn found(&mut self, looked: Looked) {
        if let Some(lookup) = self.asked.take() {
            self.trace.look(&lookup, &looked);
            self.reads.insert(lookup, looked);
        }
    }

    /// Reads the current source, and requests its credentials.
    fn read(&mut self, own_time: UnixTime) -> Result<Task, Tried> {
        self.reads.denied.clear();
        match self.level.source().cloned() {
            Some(source) => self.request(&source, None, own_time),
            None => Ok(self.none()),
        }
    }

    /// Requests the credentials of a source: the current one, or the one that it names at a place.
    fn request(
        &mut self,
        source: &Source,
        place: Option<String>,
        own_time: UnixTime,
    ) -> Result<Task, Tried> {
        let fetch: Box<dyn Fetch> = match &source.0 {
            SourceKind::Fixed(keys) => return Ok(self.gained(keys.clone())),
            SourceKind::Role(role, base) => {
                let outer = mem::replace(&mut self.level, Level::new(base));
                self.outer.push((outer, role.clone(), place));
                return Ok(Task::Read);
            }
            SourceKind::Tke => {
                let scope = self.trace.scope.clone();
                Box::new(tke::role(&mut self.reads, own_time, scope)?)
            }
            SourceKind::CvmRole { metadata, role } => {
                Box::new(MachineRole::new(metadata, role.clone())?)
            }
            SourceKind::Environment | SourceKind::Profile { .. } | SourceKind::Tccli(_) => {
                let Identity { source, place } = source.read(&mut self.reads, own_time)?;
                self.pass_denied();
                return self.request(&source, place, own_time);
            }
        };
        Ok(Task::Fetch(fetch, place))
    }

    /// Continues with credentials: they assume the outer chain's role, or they are the result. Then the region is read.
    fn gained(&mut self, credential: Credential) -> Task {
        if let Some((outer, role, place)) = self.outer.pop() {
            self.level = outer;
            let assume = Assume::new(&*role, credential, None, self.trace.scope.clone());
            return Task::Fetch(Box::new(assume), place);
        }
        let Some(source) = self.level.sources.next() else {
            return Task::Read;
        };
        Task::Region(Found { source, credential })
    }

    /// Reads the region from the environment, or else from tccli's configuration, if these are sources of the chain.
    fn region(&mut self) -> Result<Option<Region>, Unreadable> {
        if !self.wants_region {
            return Ok(None);
        }
        let sources = self.chain.base_sources();
        let has_environment = sources
            .iter()
            .any(|it| matches!(it.0, SourceKind::Environment));
        if has_environment && let Some(name) = self.reads.variable(REGION)? {
            return parts::region(REGION, &name).map(Some);
        }
        let profile = sources.into_iter().find_map(|it| match &it.0 {
            SourceKind::Tccli(profile) => Some(profile.as_deref()),
            _ => None,
        });
        let Some(profile) = profile else {
            return Ok(None);
        };
        let (path, _) = tccli::path(profile, &mut self.reads, "configure")?;
        match self.reads.file(&path)? {
            Some(file) => Region::from_tccli(&*file).map_err(|it| it.within(&path)),
            None => Ok(None),
        }
    }

    /// The region is optional, so one that can't be read is only a warning.
    fn optional(&mut self, region: Result<Option<Region>, Unreadable>) -> Option<Region> {
        region.unwrap_or_else(|unreadable| {
            let tried = Tried::from(unreadable).with_source("region");
            self.passed_over.push(tried);
            None
        })
    }

    /// Continues after a source without credentials: with the next one if it was empty, else with the error.
    fn failed(&mut self, mut tried: Tried) -> Task {
        let denied = self.pass_denied();
        let Some(source) = self.level.sources.next() else {
            return Task::Read;
        };
        let absent = tried.sort == Sort::Absent;
        if let (true, Some(denied)) = (absent, denied) {
            tried.reason = denied;
        }
        self.level.tried.push(tried.with_source(source));
        if absent { Task::Read } else { self.none() }
    }

    /// Ends a chain that has no credentials. If it was the base of a role, the role's source fails.
    fn none(&mut self) -> Task {
        let missing = NoCredentials::new(mem::take(&mut self.level.tried));
        match self.outer.pop() {
            Some((outer, ..)) => {
                self.level = outer;
                self.failed(Tried::of_base(&missing))
            }
            None => Task::End(Err(missing), None),
        }
    }

    /// Adds a warning for the files that the current source couldn't read, and returns it.
    fn pass_denied(&mut self) -> Option<String> {
        let denied = mem::take(&mut self.reads.denied).join(", ");
        let source = self.level.source().filter(|_| !denied.is_empty())?;
        let tried = Tried::new(Sort::Absent, &*denied).with_source(source);
        self.passed_over.push(tried);
        Some(denied)
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").finish_non_exhaustive()
    }
}
