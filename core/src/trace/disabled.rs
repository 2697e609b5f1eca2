//! Does nothing: the feature `tracing` is off.

use core::time::Duration;

use crate::{
    Attempt, Error, Outcome, Target,
    credential::{Looked, Lookup, NoCredentials, Tried},
};

#[derive(Clone, Debug)]
pub(crate) struct Scope;

impl Scope {
    pub(crate) fn in_scope<T>(&self, f: impl FnOnce() -> T) -> T {
        f()
    }
}

pub(crate) use {Nothing as Call, Nothing as Walk};

/// A call or a walk that is not told of.
#[derive(Debug)]
pub(crate) struct Nothing {
    pub(crate) scope: Scope,
}

impl Nothing {
    pub(crate) const fn new<T>(_: &T) -> Self {
        Self { scope: Scope }
    }

    pub(crate) const fn of(_: &Target, _: bool) -> Self {
        Self { scope: Scope }
    }

    pub(crate) const fn for_credentials(scope: Scope) -> Self {
        Self { scope }
    }

    pub(crate) const fn step(&mut self, _: Duration) {}
    pub(crate) const fn send(&mut self, _: &Attempt, _: Option<&str>) {}
    pub(crate) const fn answer(&mut self, _: &Outcome) {}
    pub(crate) const fn attempt(&mut self, _: Option<Result<&str, &Error>>) {}
    pub(crate) const fn wait(&self, _: Duration, _: &str, _: Option<&Error>) {}
    pub(crate) const fn done(&mut self, _: &Target, _: Result<&str, &Error>) {}
    pub(crate) const fn look(&self, _: &Lookup, _: &Looked) {}
    pub(crate) const fn searched(&self, _: Result<&str, &NoCredentials>, _: &[Tried]) {}
    pub(crate) const fn page<A, T>(&mut self, _: &crate::Walk<A>, _: &Result<T, Error>) {}
    pub(crate) const fn end(&mut self) {}
}
