use alloc::{
    boxed::Box,
    string::{String, ToString},
    sync::Arc,
    vec,
    vec::Vec,
};
use core::{fmt, mem, ops::ControlFlow, time::Duration};

use zeroize::Zeroizing;

use super::{
    Chain, NoCredentials, Tried, Unreadable,
    errors::Sort,
    lookup::{Candidate, Content, Looked, Lookup, Variables, bytes},
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
    /// The tccli profile whose configuration may have the region, if the region is wanted and tccli is a source.
    configured: Option<Option<String>>,
    /// The tick at which the search times out.
    until: Duration,
    variables: Variables,
    /// The variables that are not read yet.
    unread: vec::IntoIter<&'static str>,
    level: Level,
    /// The chains around this one, each with the role to assume with what the inner chain finds, and the place that
    /// names the role, if any.
    outer: Vec<(Level, Box<AssumeRole>, Option<String>)>,
    task: Task,
    /// The result of the last [`SearchStep::Read`].
    looked: Option<Content>,
    /// The current source's files at default paths that can't be read, and why.
    denied: Vec<String>,
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
    /// Read the next variable, or start the next source.
    Next,
    Look(Place),
    /// Request credentials, with the place that names the role, if any.
    Fetch(Box<dyn Fetch>, Option<String>),
    End(Result<Found, NoCredentials>),
    Ended,
}

/// The next task, or why the source has no credentials.
type Next = Result<Task, Tried>;

/// What to read.
enum Place {
    Variable(&'static str),
    /// A file of the current source, and those to try if it doesn't exist.
    File(Candidate, vec::IntoIter<Candidate>),
    /// The file that may have the region.
    Region(Found, String),
}

impl Place {
    fn lookup(&self) -> Lookup {
        match self {
            Self::Variable(name) => Lookup::Variable(name),
            Self::File(file, _) => Lookup::file(&file.path),
            Self::Region(_, path) => Lookup::file(path),
        }
    }
}

impl Search {
    pub(super) fn new(
        mark: Arc<()>,
        chain: &Chain,
        wants_region: bool,
        until: Duration,
        scope: Scope,
    ) -> Self {
        let sources = chain.base_sources();
        let mut unread: Vec<_> = sources.iter().flat_map(|it| it.variables()).collect();
        let mut wanted = sources.into_iter().filter(|_| wants_region);
        if wanted
            .clone()
            .any(|it| matches!(it.0, SourceKind::Environment))
        {
            unread.push(REGION);
        }
        Self {
            mark,
            configured: wanted.find_map(|it| match &it.0 {
                SourceKind::Tccli(profile) => Some(profile.clone()),
                _ => None,
            }),
            until,
            variables: Variables::default(),
            unread: unread.into_iter(),
            level: Level::new(chain),
            outer: Vec::new(),
            task: Task::Next,
            looked: None,
            denied: Vec::new(),
            passed_over: Vec::new(),
            date: None,
            trace: trace::Call::for_credentials(scope),
        }
    }

    /// Returns what to do next. A read or a request whose result was not handed over counts as abandoned.
    pub fn step(&mut self, session: &mut Session, now: Now) -> SearchStep {
        let left = self.until.saturating_sub(now.tick);
        self.trace.step(now.tick);
        loop {
            let own_time = now.unix.plus(session.clock_offset());
            let next = match mem::replace(&mut self.task, Task::Ended) {
                Task::Next => self.next(own_time),
                Task::Look(place) => match self.looked.take() {
                    Some(content) => self.looked(place, content, own_time),
                    None if left.is_zero() => match place {
                        Place::Region(found, _) => Ok(Task::End(Ok(found))),
                        _ => Err(Tried::late()),
                    },
                    None => {
                        let lookup = place.lookup();
                        self.task = Task::Look(place);
                        self.looked = Some(Err("the lookup was abandoned".into()));
                        return SearchStep::Read(lookup);
                    }
                },
                Task::Fetch(mut fetch, place) => {
                    match fetch.step(session, now, left, &mut self.trace) {
                        ControlFlow::Break(Ok(keys)) => Ok(self.gained(keys)),
                        ControlFlow::Break(Err(tried)) => Err(tried.at(place.as_deref())),
                        ControlFlow::Continue(step) => {
                            self.task = Task::Fetch(fetch, place);
                            return step;
                        }
                    }
                }
                Task::End(result) => {
                    let date = self.date.unwrap_or(own_time);
                    if let Some(result) = session.renewed(&self.mark, result, date, now) {
                        self.trace.searched(result.as_deref(), &self.passed_over);
                    }
                    Ok(Task::Ended)
                }
                Task::Ended => return SearchStep::Done,
            };
            self.task = next.unwrap_or_else(|tried| self.failed(tried));
        }
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
        if let (Some(content), Task::Look(place)) = (&mut self.looked, &self.task) {
            self.trace.look(&place.lookup(), &looked);
            *content = looked.map(|bytes| bytes.map(Zeroizing::new));
        }
    }

    fn next(&mut self, own_time: UnixTime) -> Next {
        if let Some(name) = self.unread.next() {
            return Ok(Task::Look(Place::Variable(name)));
        }
        match self.level.source() {
            Some(source) => {
                let files = source.files(&self.variables)?;
                self.next_file(files.into_iter(), own_time)
            }
            None => Ok(self.none()),
        }
    }

    fn next_file(&mut self, mut files: vec::IntoIter<Candidate>, own_time: UnixTime) -> Next {
        match files.next() {
            Some(file) => Ok(Task::Look(Place::File(file, files))),
            None => self.identify(None, own_time),
        }
    }

    fn looked(&mut self, place: Place, content: Content, own_time: UnixTime) -> Next {
        match place {
            Place::Variable(name) => {
                self.variables.insert(name, content);
                Ok(Task::Next)
            }
            Place::File(Candidate { path, named }, rest) => {
                // In containers, the home directory often doesn't exist or belongs to another user.
                let denied = content.is_err() && !named;
                match bytes(content, &path) {
                    Ok(Some(bytes)) => self.identify(Some((&path, &bytes)), own_time),
                    Ok(None) if named => Err(Unreadable::new(path, "is not there").into()),
                    Err(unreadable) if !denied => Err(unreadable.into()),
                    found => {
                        self.denied.extend(found.err().map(|it| it.to_string()));
                        self.next_file(rest, own_time)
                    }
                }
            }
            Place::Region(found, path) => {
                let region = bytes(content, &path).and_then(|file| match file {
                    Some(file) => Region::from_tccli(&*file).map_err(|it| it.within(&path)),
                    None => Ok(None),
                });
                Ok(self.end(found, region))
            }
        }
    }

    /// Reads the current source, and requests its credentials.
    fn identify(&mut self, file: Option<(&str, &[u8])>, own_time: UnixTime) -> Next {
        match self.level.source().cloned() {
            Some(source) => self.ask(&source, None, file, own_time),
            None => Ok(Task::Next),
        }
    }

    /// Requests the credentials of a source: the current one, or the one that it names at a place.
    fn ask(
        &mut self,
        source: &Source,
        place: Option<String>,
        file: Option<(&str, &[u8])>,
        own_time: UnixTime,
    ) -> Next {
        let fetch: Box<dyn Fetch> = match &source.0 {
            SourceKind::Fixed(keys) => return Ok(self.gained(keys.clone())),
            SourceKind::Role(role, base) => {
                let outer = mem::replace(&mut self.level, Level::new(base));
                self.outer.push((outer, role.clone(), place));
                return Ok(Task::Next);
            }
            SourceKind::Tke => {
                let scope = self.trace.scope.clone();
                Box::new(tke::role(&self.variables, file, own_time, scope)?)
            }
            SourceKind::CvmRole { metadata, role } => {
                Box::new(MachineRole::new(metadata, role.clone())?)
            }
            SourceKind::Environment | SourceKind::Profile { .. } | SourceKind::Tccli(_) => {
                let Identity { source, place } = source.read(&self.variables, file, own_time)?;
                self.pass_denied();
                return self.ask(&source, place, None, own_time);
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
            return Task::Next;
        };
        let found = Found {
            source,
            credential,
            region: None,
        };
        let region = match (self.variables.get(REGION), &self.configured) {
            (Ok(None), Some(profile)) => {
                match tccli::file(profile.as_deref(), &self.variables, "configure") {
                    Ok(file) => return Task::Look(Place::Region(found, file.path)),
                    Err(unreadable) => Err(unreadable),
                }
            }
            (Ok(Some(name)), _) => parts::region(REGION, name).map(Some),
            (nothing, _) => nothing.map(|_| None),
        };
        self.end(found, region)
    }

    /// Continues after a source without credentials: with the next one if it was empty, else with the error.
    fn failed(&mut self, mut tried: Tried) -> Task {
        let denied = self.pass_denied();
        let Some(source) = self.level.sources.next() else {
            return Task::Next;
        };
        let absent = tried.sort == Sort::Absent;
        if let (true, Some(denied)) = (absent, denied) {
            tried.reason = denied;
        }
        self.level.tried.push(tried.with_source(source));
        if absent { Task::Next } else { self.none() }
    }

    /// Ends a chain that has no credentials. If it was the base of a role, the role's source fails.
    fn none(&mut self) -> Task {
        let missing = NoCredentials::new(mem::take(&mut self.level.tried));
        match self.outer.pop() {
            Some((outer, ..)) => {
                self.level = outer;
                self.failed(Tried::of_base(&missing))
            }
            None => Task::End(Err(missing)),
        }
    }

    /// Ends with what was found. The region is optional, so a region that can't be read is only a warning.
    fn end(&mut self, found: Found, region: Result<Option<Region>, Unreadable>) -> Task {
        let region = region.unwrap_or_else(|unreadable| {
            let tried = Tried::from(unreadable).with_source("region");
            self.passed_over.push(tried);
            None
        });
        Task::End(Ok(Found { region, ..found }))
    }

    /// Adds a warning for the files that the current source couldn't read, and returns it.
    fn pass_denied(&mut self) -> Option<String> {
        let denied = mem::take(&mut self.denied).join(", ");
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
