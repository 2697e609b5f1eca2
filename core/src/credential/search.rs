use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    sync::Arc,
    vec,
    vec::Vec,
};
use core::{fmt, mem, time::Duration};

use bytes::Bytes;
use http::Response;

use super::{
    Chain, Credential, NoCredentials, Tried,
    assume::Assume,
    fault::{Fault, Sort, wrong, wrong_at},
    lookup::{Content, Looked, Lookup, Variables, bytes, keep, unreadable},
    metadata::{MAX_ANSWER, MachineRole},
    refresh::Found,
    source::{Candidate, Grant, Kind, Source},
    tccli, with_causes,
};
use crate::{
    AssumeRole, Attempt, Now, Outcome, Region, Report, Session, Step, UnixTime, call::Hints,
};

/// How long a request to the metadata endpoint may take: it is next door, or not there at all.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);
const REGION: &str = "TENCENTCLOUD_REGION";

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
    looked: Option<Content>,
    answer: Option<Result<Response<Bytes>, String>>,
    /// Files at usual places that the source can't read, and why.
    unreadable: Vec<String>,
    /// What was of no use, and why: no error, but worth a word.
    passed_over: Vec<Tried>,
    /// The service's time by the last answer.
    date: Option<UnixTime>,
    /// The source that had credentials, or why there are none.
    result: Option<Result<String, NoCredentials>>,
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

/// A chain that is searched.
struct Level {
    /// The role that is taken with what is found here.
    role: Option<Box<AssumeRole>>,
    /// The source that is tried, and those behind it, with their places in the chain.
    sources: vec::IntoIter<(usize, Source)>,
    tried: Vec<Tried>,
}

/// What is to be done, or has just been done.
enum Task {
    /// Read the next variable.
    Variables,
    /// Begin with the next source.
    Source,
    /// Read this file, or else those behind it.
    File(Candidate, vec::IntoIter<Candidate>),
    /// Get the credentials of an identity, and the place that names it if one does.
    Grant(Grant, Option<String>),
    Machine(MachineRole, Option<String>),
    Assume(Box<Assume>, Option<String>),
    /// Read the file that has the region.
    Region(Found, String),
    End(Result<Found, NoCredentials>),
    Ended,
}

#[derive(Clone, Copy, PartialEq)]
enum Out {
    Nothing,
    Read,
    Send,
}

impl Search {
    /// A search through all sources, or through the one at `only`, which has had credentials before.
    pub(super) fn new(
        mark: Arc<()>,
        chain: &Arc<Chain>,
        only: Option<usize>,
        wants_region: bool,
        until: Duration,
    ) -> Self {
        let mut sources: Vec<_> = chain.sources().iter().cloned().enumerate().collect();
        sources.retain(|(place, _)| only.is_none_or(|only| only == *place));
        let mut unread: Vec<_> = sources.iter().flat_map(|(_, it)| it.variables()).collect();
        let wants_region = wants_region && only.is_none();
        if wants_region && reads_environment(chain) {
            unread.push(REGION);
        }
        unread.reverse();
        let level = Level {
            role: None,
            sources: sources.into_iter(),
            tried: Vec::new(),
        };
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
            looked: None,
            answer: None,
            unreadable: Vec::new(),
            passed_over: Vec::new(),
            date: None,
            result: None,
        }
    }

    /// Returns what is to be done next. A step while something is out means that it was abandoned.
    pub fn step(&mut self, session: &mut Session, now: Now) -> SearchStep {
        match mem::replace(&mut self.out, Out::Nothing) {
            Out::Nothing => {}
            Out::Read => self.looked = Some(Err("the lookup was abandoned".into())),
            Out::Send => self.answer = Some(Err("the attempt was abandoned".into())),
        }
        let left = self.until.saturating_sub(now.tick);
        loop {
            let own_time = now.unix.plus(session.clock_offset());
            let (looked, answer) = (self.looked.take(), self.answer.take());
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
                        let assume = Assume::role(keys, &action, session, left);
                        Task::Assume(Box::new(assume), named)
                    }
                    Grant::ServiceAccount(region, action) => {
                        let assume = Assume::service_account(region, &action, session, left);
                        Task::Assume(Box::new(assume), named)
                    }
                    Grant::Machine(machine) => Task::Machine(machine, named),
                    Grant::Over(role, chain) => {
                        let sources: Vec<_> = chain.sources().iter().cloned().enumerate().collect();
                        self.levels.push(Level {
                            role: Some(role),
                            sources: sources.into_iter(),
                            tried: Vec::new(),
                        });
                        Task::Source
                    }
                },
                Task::Machine(mut machine, named) => match answer {
                    Some(answer) => match machine.take(answer, self.known) {
                        Ok(None) => Task::Machine(machine, named),
                        Ok(Some(keys)) => self.gained(keys),
                        Err(fault) => self.failed(fault.of(named)),
                    },
                    None => match machine.request() {
                        Ok(request) => {
                            self.task = Task::Machine(machine, named);
                            self.out = Out::Send;
                            return SearchStep::Send(Attempt {
                                request,
                                timeout: METADATA_TIMEOUT.min(left),
                                max_body: MAX_ANSWER,
                                direct: true,
                                confidential: true,
                                number: 1,
                                for_credentials: true,
                            });
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
                    self.result = session.renewed(&self.mark, result, date, now);
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
        } else if self.out == Out::Send {
            self.out = Out::Nothing;
            self.answer = Some(match outcome {
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
        if self.out == Out::Read {
            self.out = Out::Nothing;
            self.looked = Some(keep(looked));
        }
    }

    /// Returns what there is to tell at this moment. After the end, that is what the search came to.
    pub fn report(&self) -> Report<'_> {
        let assume = match &self.task {
            Task::Assume(assume, _) => assume.report(),
            _ => None,
        };
        Report {
            for_credentials: true,
            credentials: match &self.result {
                Some(Ok(source)) => Some(Ok(source)),
                Some(Err(missing)) => Some(Err(missing)),
                None => None,
            },
            passed_over: match &self.result {
                Some(Ok(_)) => &self.passed_over,
                _ => &[],
            },
            ..assume.unwrap_or_default()
        }
    }

    fn read(&mut self, lookup: Lookup, task: Task) -> SearchStep {
        self.task = task;
        self.out = Out::Read;
        SearchStep::Read(lookup)
    }

    /// The source that is tried, and its place.
    fn current(&self) -> Option<&(usize, Source)> {
        self.levels.last()?.sources.as_slice().first()
    }

    /// Begins with a source, or ends the chain that has no other one.
    fn source(&mut self, own_time: UnixTime) -> Task {
        let Some((_, source)) = self.current() else {
            return self.none(false);
        };
        match source.files(&self.variables) {
            Ok(files) => self.next_file(files.into_iter(), own_time),
            Err(fault) => self.failed(fault),
        }
    }

    fn next_file(&mut self, mut files: vec::IntoIter<Candidate>, own_time: UnixTime) -> Task {
        match files.next() {
            Some(file) => Task::File(file, files),
            None => self.identify(None, own_time),
        }
    }

    /// Takes what a file of the source holds.
    fn file(
        &mut self,
        file: &Candidate,
        rest: vec::IntoIter<Candidate>,
        content: &Content,
        own_time: UnixTime,
    ) -> Task {
        let path = &*file.path;
        let found = if file.named {
            let found = bytes(content, path);
            found.and_then(|it| {
                it.ok_or_else(|| wrong(format!("{path} is not there")))
                    .map(Some)
            })
        } else {
            self.usual(content, path)
        };
        match found {
            Ok(Some(bytes)) => self.identify(Some((path, bytes)), own_time),
            Ok(None) => self.next_file(rest, own_time),
            Err(fault) => self.failed(fault),
        }
    }

    /// The bytes of a file at a place where nobody has to have one. What keeps it from being read is no more than a
    /// reason for there being none: a home that is no folder, or is somebody else's, is usual in containers.
    fn usual<'a>(&mut self, content: &'a Content, path: &str) -> Result<Option<&'a [u8]>, Fault> {
        if let Err(cause) = content {
            self.unreadable.push(unreadable(path, cause));
            return Ok(None);
        }
        bytes(content, path)
    }

    /// Finds out who signs.
    fn identify(&mut self, file: Option<(&str, &[u8])>, own_time: UnixTime) -> Task {
        let Some((_, source)) = self.current() else {
            return Task::Source;
        };
        match source.read(&self.variables, file, own_time) {
            Ok((grant, named)) => Task::Grant(grant, named),
            Err(fault) => self.failed(fault),
        }
    }

    /// Goes on with credentials: they are the result, or a role is taken with them.
    fn gained(&mut self, credential: Credential) -> Task {
        let source = self.current().map(|(_, source)| source.to_string());
        if let (Some(source), Some(reason)) = (source, self.unreadable()) {
            self.pass_over(source, reason);
        }
        let Some(level) = self.levels.pop() else {
            return Task::Ended;
        };
        if let Some(role) = level.role {
            return Task::Grant(Grant::Role(credential, role), None);
        }
        let place = level.sources.as_slice().first().map(|(place, _)| *place);
        self.region(Found {
            place: place.unwrap_or_default(),
            credential,
            region: None,
        })
    }

    /// Goes on from a source that has no credentials: to the next one, if it has nothing.
    fn failed(&mut self, mut fault: Fault) -> Task {
        let unreadable = self.unreadable();
        let source = self.levels.last_mut().and_then(|it| it.sources.next());
        let source = source
            .map(|(_, source)| source.to_string())
            .unwrap_or_default();
        if let Some(unreadable) = unreadable {
            self.pass_over(source.clone(), unreadable.clone());
            if fault.sort == Sort::Absent {
                fault.reason = unreadable;
            }
        }
        let Fault {
            sort,
            reason,
            cause,
        } = fault;
        if let Some(level) = self.levels.last_mut() {
            level.tried.push(Tried {
                source,
                reason,
                cause,
            });
        }
        match sort {
            Sort::Absent => Task::Source,
            Sort::Wrong => self.none(false),
            Sort::Passing => self.none(true),
        }
    }

    /// Ends a chain that has no credentials, and with it the source whose role is taken with what it has.
    fn none(&mut self, passing: bool) -> Task {
        let tried = self.levels.pop().map(|level| level.tried);
        let missing = NoCredentials::new(tried.unwrap_or_default(), passing);
        if self.levels.is_empty() {
            return Task::End(Err(missing));
        }
        self.failed(Fault::of_base(&missing))
    }

    /// Goes on to the region that is kept where the sources are. It is optional, so that what is wrong there is
    /// passed over.
    fn region(&mut self, mut found: Found) -> Task {
        if !self.wants_region {
            return Task::End(Ok(found));
        }
        match self.region_of_environment() {
            Err(fault) => self.pass_over("region".into(), fault.reason),
            Ok(Some(region)) => found.region = Some(region),
            Ok(None) => {
                let profile = self.chain.places().iter().find_map(|it| match &it.0 {
                    Kind::Tccli(profile) => Some(profile.clone()),
                    _ => None,
                });
                let file = profile
                    .map(|profile| tccli::file(profile.as_deref(), &self.variables, "configure"));
                match file {
                    Some(Ok((path, _))) => return Task::Region(found, path),
                    Some(Err(fault)) => self.pass_over("region".into(), fault.reason),
                    None => {}
                }
            }
        }
        Task::End(Ok(found))
    }

    fn region_of_environment(&self) -> Result<Option<Region>, Fault> {
        let region = self.variables.get(REGION)?.map(Region::new).transpose();
        region.map_err(|invalid| wrong(format!("{REGION} {}", invalid.rule())))
    }

    /// Takes what tccli's configuration holds.
    fn region_file(&mut self, mut found: Found, path: &str, content: &Content) -> Task {
        let region = self.usual(content, path).and_then(|file| match file {
            Some(file) => Region::from_tccli(file).map_err(wrong_at(path)),
            None => Ok(None),
        });
        match (region, self.unreadable()) {
            (Err(fault), _) => self.pass_over("region".into(), fault.reason),
            (Ok(_), Some(reason)) => self.pass_over("region".into(), reason),
            (Ok(region), None) => found.region = region,
        }
        Task::End(Ok(found))
    }

    /// Which files at usual places the source could not read, as one text, if any.
    fn unreadable(&mut self) -> Option<String> {
        let unreadable = mem::take(&mut self.unreadable);
        (!unreadable.is_empty()).then(|| unreadable.join(", "))
    }

    fn pass_over(&mut self, source: String, reason: String) {
        self.passed_over.push(Tried {
            source,
            reason,
            cause: None,
        });
    }
}

fn reads_environment(chain: &Chain) -> bool {
    let places = chain.places();
    places.iter().any(|it| matches!(it.0, Kind::Environment))
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").finish_non_exhaustive()
    }
}
