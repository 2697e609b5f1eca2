//! What follows from what a search has found.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::mem;

use super::Search;
use crate::{
    AssumeRole, Chain, Credential, NoCredentials, Region, Source, Tried, UnixTime,
    credential::{
        assume::Assume,
        fault::{Fault, Sort, wrong, wrong_at},
        lookup::{Content, bytes, unreadable},
        metadata::MachineRole,
        refresh::Found,
        source::{Candidate, Grant, Kind},
        tccli,
    },
};

const REGION: &str = "TENCENTCLOUD_REGION";

/// A chain that is searched.
pub(super) struct Level {
    /// The role that is taken with what is found here.
    role: Option<Box<AssumeRole>>,
    /// The source that is tried, and those behind it, with their places in the chain.
    sources: vec::IntoIter<(usize, Source)>,
    tried: Vec<Tried>,
}

impl Level {
    pub(super) fn new(role: Option<Box<AssumeRole>>, chain: &Chain) -> Self {
        let sources: Vec<_> = chain.sources().iter().cloned().enumerate().collect();
        Self {
            role,
            sources: sources.into_iter(),
            tried: Vec::new(),
        }
    }

    /// With the source at this place alone.
    pub(super) fn only(mut self, place: usize) -> Self {
        let only: Vec<_> = self.sources.filter(|(at, _)| *at == place).collect();
        self.sources = only.into_iter();
        self
    }

    /// The environment variables that its sources depend on.
    pub(super) fn variables(&self) -> Vec<&'static str> {
        let sources = self.sources.as_slice().iter();
        sources.flat_map(|(_, source)| source.variables()).collect()
    }
}

/// What is to be done, or has just been done.
pub(super) enum Task {
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

impl Search {
    /// The source that is tried, and its place.
    fn current(&self) -> Option<&(usize, Source)> {
        self.levels.last()?.sources.as_slice().first()
    }

    /// Begins with a source, or ends the chain that has no other one.
    pub(super) fn source(&mut self, own_time: UnixTime) -> Task {
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
    pub(super) fn file(
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
    pub(super) fn gained(&mut self, credential: Credential) -> Task {
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
    pub(super) fn failed(&mut self, mut fault: Fault) -> Task {
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
    pub(super) fn region_file(&mut self, mut found: Found, path: &str, content: &Content) -> Task {
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

/// The variable that names the region, if a chain reads the environment.
pub(super) fn region_variable(chain: &Chain) -> Option<&'static str> {
    let places = chain.places();
    let environment = places.iter().any(|it| matches!(it.0, Kind::Environment));
    environment.then_some(REGION)
}
