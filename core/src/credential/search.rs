use alloc::{boxed::Box, sync::Arc, vec::Vec};
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
/// use tc3_core::{
///     Call, Flow, Now, Session, Step, UnixTime, Untyped,
///     credential::{Lookup, SearchStep, Source},
/// };
///
/// let mut session = Session::new(Source::environment());
/// let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
/// let mut call =
///     Call::new(&Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({})));
/// let Step::Wait(_) = call.step(&mut session, now) else { panic!() };
///
/// let mut search = session.search(now).unwrap();
/// loop {
///     match search.step(&mut session, now) {
///         SearchStep::Read(Lookup::Variable("TENCENTCLOUD_SECRET_ID")) => {
///             search.found(Ok(Some(b"AKIDEXAMPLE".into())))
///         }
///         SearchStep::Read(Lookup::Variable("TENCENTCLOUD_SECRET_KEY")) => {
///             search.found(Ok(Some(b"not-a-real-key".into())))
///         }
///         SearchStep::Read(_) => search.found(Ok(None)),
///         SearchStep::Done => break,
///         SearchStep::Send(_) | SearchStep::Wait(_) => {
///             panic!("the environment asks for neither")
///         }
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
    /// The tick at which the search times out.
    until: Duration,
    /// The time when the search began: it must not change, or a pass could go another way than the one before.
    began: UnixTime,
    reads: Reads,
    /// The last [`SearchStep::Read`].
    asked: Option<Lookup>,
    /// The results of fetches, in the order in which each pass needs them, and how many this pass has used.
    fetched: Vec<Result<Credential, Tried>>,
    used: usize,
    /// The fetch whose result is missing.
    fetch: Option<Box<dyn Fetch>>,
    /// Ignored problems, to be logged as warnings.
    passed_over: Vec<Tried>,
    /// The service's time in its last response.
    date: Option<UnixTime>,
    ended: bool,
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

impl Search {
    pub(super) fn new(
        mark: Arc<()>,
        chain: Chain,
        until: Duration,
        began: UnixTime,
        scope: Scope,
    ) -> Self {
        Self {
            mark,
            chain,
            until,
            began,
            reads: Reads::default(),
            asked: None,
            fetched: Vec::new(),
            used: 0,
            fetch: None,
            passed_over: Vec::new(),
            date: None,
            ended: false,
            trace: trace::Call::for_credentials(scope),
        }
    }

    /// Returns what to do next. A read or a request whose result was not handed over counts as abandoned.
    pub fn step(&mut self, session: &mut Session, now: Now) -> SearchStep {
        let left = self.until.saturating_sub(now.tick);
        self.trace.step(now.tick);
        self.asked = None;
        while !self.ended {
            if let Some(fetch) = &mut self.fetch {
                match fetch.step(session, now, left, &mut self.trace) {
                    ControlFlow::Continue(step) => return step,
                    ControlFlow::Break(result) => self.fetched.push(result),
                }
            }
            // Each pass goes through the chain from its beginning until something is missing, so what was read and
            // fetched is all the state there is.
            self.passed_over.clear();
            (self.used, self.fetch) = (0, None);
            let chain = self.chain.clone();
            let result = self.first_of(&chain);
            let has_region = session.settings.region().is_some();
            let region = match &result {
                Ok(_) if !has_region && session.credential().is_none() => self.region(&chain),
                _ => Ok(None),
            };
            match self.reads.missing.take() {
                Some(lookup) if !left.is_zero() => {
                    let abandoned = Err("the lookup was abandoned".into());
                    self.reads.insert(lookup.clone(), abandoned);
                    self.asked = Some(lookup.clone());
                    return SearchStep::Read(lookup);
                }
                _ if self.fetch.is_some() => continue,
                _ => self.ended = true,
            }
            // The region is optional, so one that can't be read is only a warning.
            let region = region.unwrap_or_else(|unreadable| {
                let tried = Tried::from(unreadable).with_source("region");
                self.passed_over.push(tried);
                None
            });
            let own_time = now.unix.plus(session.clock_offset());
            let date = self.date.unwrap_or(own_time);
            if let Some(result) = session.refresh.renewed(&self.mark, result, date, now) {
                self.trace.searched(result.as_deref(), &self.passed_over);
                if let (Ok(_), Some(region)) = (result, region) {
                    session.settings.region.get_or_insert(region);
                }
            }
        }
        SearchStep::Done
    }

    /// Takes the outcome of the last [`SearchStep::Send`].
    pub fn handle(&mut self, outcome: Outcome) {
        if let Ok(response) = &outcome {
            self.date = Hints::of(response.headers()).date.or(self.date);
        }
        self.trace.answer(&outcome);
        if let Some(fetch) = &mut self.fetch {
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

    /// Finds the first source that has credentials.
    fn first_of(&mut self, chain: &Chain) -> Result<Found, NoCredentials> {
        let mut tried = Vec::new();
        for source in chain.sources() {
            let credential = self.credential(source);
            let denied = mem::take(&mut self.reads.denied).join(", ");
            if !denied.is_empty() {
                let passed_over = Tried::new(Sort::Absent, &*denied).with_source(source);
                self.passed_over.push(passed_over);
            }
            let mut failed = match credential {
                Ok(credential) => {
                    let source = source.clone();
                    return Ok(Found { source, credential });
                }
                Err(_) if self.reads.missing.is_some() => Tried::late(),
                Err(failed) => failed,
            };
            let is_absent = failed.sort == Sort::Absent;
            if is_absent && !denied.is_empty() {
                failed.reason = denied;
            }
            tried.push(failed.with_source(source));
            if !is_absent {
                break;
            }
        }
        Err(NoCredentials::new(tried))
    }

    fn credential(&mut self, source: &Source) -> Result<Credential, Tried> {
        let scope = self.trace.scope.clone();
        match &source.0 {
            SourceKind::Fixed(keys) => Ok(keys.clone()),
            SourceKind::Role(role, base) => {
                let keys = self.first_of(base).map_err(|it| Tried::of_base(&it))?;
                self.fetched(Assume::new(&**role, keys.credential, None, scope))
            }
            SourceKind::Tke => {
                let role = tke::role(&mut self.reads, self.began, scope)?;
                self.fetched(role)
            }
            SourceKind::CvmRole(metadata, role) => {
                self.fetched(MachineRole::new(metadata, role.clone())?)
            }
            SourceKind::Environment | SourceKind::Profile { .. } | SourceKind::Tccli(_) => {
                let Identity { source, place } = source.read(&mut self.reads, self.began)?;
                self.credential(&source)
                    .map_err(|it| it.at(place.as_deref()))
            }
        }
    }

    /// The result of a fetch, if it is known.
    fn fetched(&mut self, fetch: impl Fetch + 'static) -> Result<Credential, Tried> {
        let Some(result) = self.fetched.get(self.used) else {
            self.fetch = Some(Box::new(fetch));
            return Err(Tried::late());
        };
        self.used = self.used.saturating_add(1);
        result.clone()
    }

    /// Reads the region from the environment, or else from tccli's configuration, if these are sources of the chain.
    fn region(&mut self, chain: &Chain) -> Result<Option<Region>, Unreadable> {
        let sources = chain.base_sources();
        let is_environment = |it: &&Source| matches!(it.0, SourceKind::Environment);
        if sources.iter().any(is_environment)
            && let Some(name) = self.reads.variable(REGION)?
        {
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
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").finish_non_exhaustive()
    }
}
