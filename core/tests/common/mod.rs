//! A client on virtual time.

use std::{collections::BTreeMap, time::Duration};

use tc3_core::{
    Action, Attempt, Call, Credential, Error, Flow, Now, Outcome, Pages, Paginate, Session,
    Settings, Step, UnixTime,
    credential::{Looked, Lookup, Search},
    emulator::Emulator,
    flow::DriverStep,
};

/// 2025-10-09 16:53:20 in Beijing.
pub(crate) const START: UnixTime = UnixTime::new(1_760_000_000);

pub(crate) fn credential() -> Credential {
    Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap()
}

/// A session and the time, which passes only when told to.
pub(crate) struct Client {
    pub(crate) session: Session,
    pub(crate) now: Now,
    /// What the machine has, by the names of variables and the paths of files, and what it was asked for.
    pub(crate) machine: BTreeMap<String, String>,
    pub(crate) looked: Vec<String>,
    /// Why some of it can't be read.
    pub(crate) unreadable: BTreeMap<String, String>,
}

impl Client {
    pub(crate) fn new() -> Self {
        Self::with_settings(Settings::default())
    }

    pub(crate) fn with_settings(settings: Settings) -> Self {
        Self::with_session(Session::new(credential()).with_settings(settings))
    }

    pub(crate) fn with_session(session: Session) -> Self {
        Self {
            session,
            now: Now::new(START, Duration::ZERO, 0),
            machine: BTreeMap::new(),
            looked: Vec::new(),
            unreadable: BTreeMap::new(),
        }
    }

    pub(crate) fn look(&mut self, lookup: &Lookup) -> Looked {
        let name = match lookup {
            Lookup::Variable(name) => (*name).to_string(),
            Lookup::File(path) => path.clone(),
            Lookup::HomeFile(path) => format!("~/{path}"),
        };
        let found = self
            .machine
            .get(&name)
            .map(|text| text.clone().into_bytes());
        let unreadable = self.unreadable.get(&name).cloned();
        self.looked.push(name);
        match unreadable {
            Some(cause) => Err(cause.into()),
            None => Ok(found),
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now.tick += time;
        let seconds = i64::try_from(self.now.tick.as_secs()).unwrap();
        self.now.unix = UnixTime::new(START.seconds() + seconds);
        self.now.entropy += 1;
    }

    /// Drives a flow to its next result.
    pub(crate) fn drive<F: Flow>(
        &mut self,
        flow: &mut F,
        mut send: impl FnMut(UnixTime, Attempt) -> Outcome,
    ) -> F::Output {
        loop {
            match flow.step(&mut self.session, self.now) {
                Step::Send(attempt) => flow.handle(send(self.now.unix, attempt)),
                Step::Wait(delay) => self.wait(delay, &mut send),
                Step::Done(output) => return output,
            }
        }
    }

    /// Drives the search for credentials that is due, or waits.
    pub(crate) fn wait(
        &mut self,
        delay: Duration,
        send: &mut dyn FnMut(UnixTime, Attempt) -> Outcome,
    ) {
        match self.session.search(self.now) {
            Some(mut search) => self.search(&mut search, send),
            None => self.pass(delay),
        }
    }

    /// Drives a search for credentials to its end.
    pub(crate) fn search(
        &mut self,
        search: &mut Search,
        send: &mut dyn FnMut(UnixTime, Attempt) -> Outcome,
    ) {
        loop {
            match search.step(&mut self.session, self.now) {
                DriverStep::Read(lookup) => search.found(self.look(&lookup)),
                DriverStep::Send(attempt) => search.handle(send(self.now.unix, attempt)),
                DriverStep::Wait(delay) => self.pass(delay),
                DriverStep::Done(()) => return,
            }
        }
    }

    pub(crate) fn call<A: Action>(
        &mut self,
        service: &mut Emulator,
        action: &A,
    ) -> Result<A::Output, Error> {
        let send = |now, attempt: Attempt| Ok(service.handle(now, &attempt.request));
        self.drive(&mut Call::new(action), send)
            .map(|reply| reply.output)
    }

    /// All records of a list.
    pub(crate) fn walk<A: Paginate>(
        &mut self,
        service: &mut Emulator,
        action: A,
    ) -> Result<Vec<A::Item>, Error> {
        let mut walk = Pages::new(action);
        let mut records = Vec::new();
        let mut send = |now, attempt: Attempt| Ok(service.handle(now, &attempt.request));
        while let Some(page) = self.drive(&mut walk, &mut send) {
            records.extend(A::into_items(page?.output));
        }
        Ok(records)
    }
}
