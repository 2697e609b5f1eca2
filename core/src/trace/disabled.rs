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

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) scope: Scope,
}

impl Call {
    pub(crate) const fn new(_: &Target) -> Self {
        Self { scope: Scope }
    }

    pub(crate) const fn for_credentials(scope: Scope) -> Self {
        Self { scope }
    }

    pub(crate) const fn step(&mut self, _: Duration) {}
    pub(crate) const fn send(&mut self, _: &Attempt) {}
    pub(crate) const fn answer(&mut self, _: &Outcome) {}
    pub(crate) const fn attempt(&mut self, _: Option<Result<&str, &Error>>) {}
    pub(crate) const fn wait(&self, _: Duration, _: &str, _: Option<&Error>) {}
    pub(crate) const fn done(&mut self, _: &Target, _: Result<&str, &Error>) {}
    pub(crate) const fn look(&self, _: &Lookup, _: &Looked) {}
    pub(crate) const fn searched(&self, _: Result<&str, &NoCredentials>, _: &[Tried]) {}
}

#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) scope: Scope,
}

impl Walk {
    pub(crate) const fn new<A>(_: &crate::Walk<A>) -> Self {
        Self { scope: Scope }
    }

    pub(crate) const fn page<A, T>(&mut self, _: &crate::Walk<A>, _: &Result<T, Error>) {}
    pub(crate) const fn done(&mut self) {}
}
