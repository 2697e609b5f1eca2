use alloc::{boxed::Box, sync::Arc, vec, vec::Vec};
use core::{fmt, mem, time::Duration};

use super::{
    Chain, NoCredentials, Tried, Unreadable,
    errors::Sort,
    lookup::{Looked, Lookup, Reads},
    metadata::MachineRole,
    parts,
    role::{Assume, Fetch},
    source::{Identity, Source, SourceKind},
    tccli, tke,
};
use crate::{
    Credential, Now, Outcome, Region, Session, Step, UnixTime,
    flow::{DriverStep, Hints},
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
///     credential::{Lookup, Source},
///     flow::DriverStep,
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
///         DriverStep::Read(Lookup::Variable("TENCENTCLOUD_SECRET_ID")) => {
///             search.found(Ok(Some(b"AKIDEXAMPLE".into())))
///         }
///         DriverStep::Read(Lookup::Variable("TENCENTCLOUD_SECRET_KEY")) => {
///             search.found(Ok(Some(b"not-a-real-key".into())))
///         }
///         DriverStep::Read(_) => search.found(Ok(None)),
///         DriverStep::Done(()) => break,
///         DriverStep::Send(_) | DriverStep::Wait(_) => {
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
    /// The time when the search began: a source that is read again must not be read by another time.
    began: UnixTime,
    reads: Reads,
    /// The last [`DriverStep::Read`].
    asked: Option<Lookup>,
    /// The sources without credentials. The one after them is the current one.
    tried: Vec<Tried>,
    /// The results of the current source's fetches, in order, and those that this reading of it has not used yet.
    fetched: Vec<Result<Credential, Tried>>,
    unused: vec::IntoIter<Result<Credential, Tried>>,
    /// The fetch whose result is missing.
    fetch: Option<Box<dyn Fetch>>,
    /// Ignored problems, to be logged as warnings.
    passed_over: Vec<Tried>,
    /// The service's time in its last response.
    date: Option<UnixTime>,
    ended: bool,
    trace: trace::Call,
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
            tried: Vec::new(),
            fetched: Vec::new(),
            unused: vec::IntoIter::default(),
            fetch: None,
            passed_over: Vec::new(),
            date: None,
            ended: false,
            trace: trace::Call::for_credentials(scope),
        }
    }

    /// Returns what to do next; it is done when the session has the credentials, or the reason why there are none. A read
    /// or a request whose result was not handed over counts as abandoned.
    pub fn step(&mut self, session: &mut Session, now: Now) -> DriverStep<()> {
        let left = self.until.saturating_sub(now.tick);
        self.trace.step(now.tick);
        self.found(Err("the lookup was abandoned".into()));
        while !self.ended {
            if let Some(fetch) = &mut self.fetch {
                match fetch.step(session, now, left, &mut self.trace) {
                    Step::Send(attempt) => return DriverStep::Send(attempt),
                    Step::Wait(delay) => return DriverStep::Wait(delay),
                    Step::Done(result) => self.fetched.push(result),
                }
            }
            // The current source is read from its beginning until nothing is missing.
            (self.unused, self.fetch) = (self.fetched.clone().into_iter(), None);
            let chain = self.chain.clone();
            let looked = next(&chain, &self.tried).map(|source| (source, self.look(source)));
            let region = match &looked {
                Some((_, Ok(_))) => self.region(&chain, session),
                _ => Ok(None),
            };
            if let Some(lookup) = self.reads.missing.take_if(|_| !left.is_zero()) {
                self.asked = Some(lookup.clone());
                return DriverStep::Read(lookup);
            }
            let result = match looked {
                _ if self.fetch.is_some() => continue,
                Some((source, Ok(credential))) => Ok((source.clone(), credential)),
                Some((_, Err(failed))) => {
                    self.tried.push(failed);
                    self.fetched.clear();
                    continue;
                }
                None => Err(NoCredentials::new(mem::take(&mut self.tried))),
            };
            self.ended = true;
            // The region is optional, so one that can't be read is only a warning.
            if let Err(unreadable) = &region {
                self.passed_over
                    .push(Tried::from(unreadable.clone()).with_source("region"));
            }
            let own_time = || now.unix.plus(session.clock_offset());
            let date = self.date.unwrap_or_else(own_time);
            if let Some(result) = session.refresh.renewed(&self.mark, result, date, now) {
                self.trace.searched(result.as_deref(), &self.passed_over);
                if let (Ok(_), Ok(Some(region))) = (result, region) {
                    session.settings.region.get_or_insert(region);
                }
            }
        }
        DriverStep::Done(())
    }

    /// Takes the outcome of the last [`DriverStep::Send`].
    pub fn handle(&mut self, outcome: Outcome) {
        if let Ok(response) = &outcome {
            self.date = Hints::of(response.headers()).date.or(self.date);
        }
        self.trace.answer(&outcome);
        if let Some(fetch) = &mut self.fetch {
            fetch.handle(outcome);
        }
    }

    /// Takes the result of the last [`DriverStep::Read`].
    pub fn found(&mut self, looked: Looked) {
        if let Some(lookup) = self.asked.take() {
            self.trace.look(&lookup, &looked);
            self.reads.insert(lookup, looked);
        }
    }

    /// Reads a source, and fetches its credentials.
    fn look(&mut self, source: &Source) -> Result<Credential, Tried> {
        let credential = self.credential(source);
        let denied = mem::take(&mut self.reads.denied).join(", ");
        if !denied.is_empty() {
            let passed_over = Tried::new(Sort::Absent, &*denied).with_source(source);
            // It replaces what an earlier reading of the source came to.
            self.passed_over
                .retain(|it| it.source != passed_over.source);
            self.passed_over.push(passed_over);
        }
        credential.map_err(|mut failed| {
            if self.reads.missing.is_some() {
                failed = Tried::late();
            } else if failed.sort == Sort::Absent && !denied.is_empty() {
                failed.reason = denied;
            }
            failed.with_source(source)
        })
    }

    /// Finds the credentials of a role's own chain.
    fn first_of(&mut self, base: &Chain) -> Result<Credential, NoCredentials> {
        let mut tried = Vec::new();
        while let Some(source) = next(base, &tried) {
            match self.look(source) {
                Ok(credential) => return Ok(credential),
                Err(failed) => tried.push(failed),
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
                self.fetched(Assume::new(&**role, keys, None, scope))
            }
            SourceKind::Tke => {
                let role = tke::role(&mut self.reads, self.began, scope)?;
                self.fetched(role)
            }
            SourceKind::CvmRole(metadata, role) => {
                self.fetched(MachineRole::new(metadata, role.clone())?)
            }
            SourceKind::Environment | SourceKind::Profile(..) | SourceKind::Tccli(_) => {
                let Identity { source, place } = source.read(&mut self.reads, self.began)?;
                self.credential(&source)
                    .map_err(|it| it.at(place.as_deref()))
            }
        }
    }

    /// The result of a fetch, if it is known.
    fn fetched(&mut self, fetch: impl Fetch + 'static) -> Result<Credential, Tried> {
        self.unused.next().unwrap_or_else(|| {
            self.fetch = Some(Box::new(fetch));
            Err(Tried::late())
        })
    }

    /// Reads the region from the environment, or else from tccli's configuration, if these are sources of the chain and
    /// the session needs one.
    fn region(&mut self, chain: &Chain, session: &Session) -> Result<Option<Region>, Unreadable> {
        if session.settings.region().is_some() || session.credential().is_some() {
            return Ok(None);
        }
        let kinds = chain.base_kinds();
        if kinds.iter().any(|it| matches!(it, SourceKind::Environment))
            && let Some(name) = self.reads.variable(REGION)?
        {
            return parts::region(REGION, &name).map(Some);
        }
        let is_tccli = |it: &&SourceKind| matches!(it, SourceKind::Tccli(_));
        let Some(SourceKind::Tccli(profile)) = kinds.into_iter().find(is_tccli) else {
            return Ok(None);
        };
        let (path, _) = tccli::path(profile.as_deref(), &mut self.reads, "configure")?;
        match self.reads.file(&path)? {
            Some(file) => Region::from_tccli(&*file).map_err(|it| it.within(&path)),
            None => Ok(None),
        }
    }
}

/// The source after those that were tried, unless the last of them ends the search.
fn next<'c>(chain: &'c Chain, tried: &[Tried]) -> Option<&'c Source> {
    let goes_on = tried.last().is_none_or(|it| it.sort == Sort::Absent);
    chain.sources().get(tried.len()).filter(|_| goes_on)
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Call, Flow as _, Step, Untyped};

    #[test]
    fn a_source_that_had_no_credentials_is_not_read_again() {
        let chain = [Source::environment(), Source::profile()];
        let mut session = Session::new(Chain::of(chain));
        let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
        let input = serde_json::json!({});
        let mut call = Call::new(&Untyped::new("cvm", "2017-03-12", "DescribeZones", input));
        let Step::Wait(_) = call.step(&mut session, now) else {
            panic!("no search");
        };
        let mut search = session.search(now).unwrap();
        let mut tried = Vec::new();
        while let DriverStep::Read(lookup) = search.step(&mut session, now) {
            tried.push(search.tried.len());
            let profile = b"[default]\nsecret_id = AKIDPROFILE\nsecret_key = fake-key";
            let is_file = matches!(lookup, Lookup::HomeFile(_));
            search.found(Ok(is_file.then(|| profile.into())));
            // Would be credentials, if the environment were read once more.
            for name in ["TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"] {
                if search.tried.len() == 1 {
                    let value = Ok(Some(b"AKIDENVIRONMENT".into()));
                    search.reads.insert(Lookup::Variable(name), value);
                }
            }
        }
        assert_eq!(session.credential().unwrap().secret_id(), "AKIDPROFILE");
        assert!(
            tried.is_sorted() && tried.ends_with(&[1, 1, 1]),
            "{tried:?}"
        );
    }
}
