use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use core::str;

use zeroize::Zeroizing;

use super::{IN_QUOTES, QUOTES, Unreadable, with_causes};
use crate::error::BoxError;

/// An environment variable or a file that a [`Search`](super::Search) needs to read.
///
/// A search asks for it by [`DriverStep::Read`](crate::flow::DriverStep::Read). Reading has no time limit of its own: a file
/// on a disk that doesn't respond delays the call beyond its deadline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lookup {
    /// The environment variable of this name.
    Variable(&'static str),
    /// The file at this path.
    File(String),
    /// The file at this path below the user's home directory. It counts as missing if the user has no home directory or
    /// its path is not a directory.
    HomeFile(String),
}

impl Lookup {
    /// The largest accepted file, in bytes. A driver needs to read at most one byte more.
    pub const MAX_SIZE: usize = 1 << 20;

    /// The file at a path that may begin with `~/`.
    pub(super) fn file(path: &str) -> Self {
        match path.strip_prefix("~/") {
            Some(rest) => Self::HomeFile(rest.into()),
            None => Self::File(path.into()),
        }
    }
}

/// The result of a lookup: the bytes, `None` if there is no such variable or file, or why it can't be read.
pub type Looked = Result<Option<Vec<u8>>, BoxError>;

/// What was read, wiped from memory when dropped.
type Bytes = Zeroizing<Vec<u8>>;

/// What was read so far. A source is read again from its beginning whenever another lookup is known, until nothing is
/// missing.
#[derive(Default)]
pub(super) struct Reads {
    /// The results of lookups; an error is why it can't be read.
    known: BTreeMap<Lookup, Result<Option<Bytes>, String>>,
    /// What to look up next: a source has just failed for not knowing it.
    pub(super) missing: Option<Lookup>,
    /// The files at default paths that can't be read, and why.
    pub(super) denied: Vec<String>,
}

impl Reads {
    pub(super) fn insert(&mut self, lookup: Lookup, looked: Looked) {
        let content = looked.map(|bytes| bytes.map(Zeroizing::new));
        let content = content.map_err(|cause| format!("can't be read: {}", with_causes(&*cause)));
        self.known.insert(lookup, content);
    }

    /// The bytes of the variable or file of this name, or what is wrong with it.
    fn bytes(&mut self, lookup: Lookup, name: &str) -> Result<Option<Bytes>, Unreadable> {
        let rule = match self.known.get(&lookup) {
            Some(Ok(Some(bytes))) if bytes.len() > Lookup::MAX_SIZE => "is too large".into(),
            Some(Ok(bytes)) => return Ok(bytes.clone()),
            Some(Err(reason)) => reason.clone(),
            None => {
                self.missing = Some(lookup);
                "was not read in time".into()
            }
        };
        Err(Unreadable::new(name, rule))
    }

    /// The value of a variable; an empty one counts as not set.
    pub(super) fn variable(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Zeroizing<String>>, Unreadable> {
        let Some(bytes) = self.bytes(Lookup::Variable(name), name)? else {
            return Ok(None);
        };
        let text = str::from_utf8(&bytes).map_err(|_| Unreadable::new(name, "is not UTF-8"))?;
        if text.starts_with(QUOTES) && text.ends_with(QUOTES) {
            return Err(Unreadable::new(name, IN_QUOTES));
        }
        Ok((!text.is_empty()).then(|| Zeroizing::new(text.into())))
    }

    /// The file at a path, if there is one.
    pub(super) fn file(&mut self, path: &str) -> Result<Option<Bytes>, Unreadable> {
        self.bytes(Lookup::file(path), path)
    }

    /// The first of these files that exists, and its path. If a user named them, one must exist.
    pub(super) fn first_file<'p>(
        &mut self,
        paths: &[&'p str],
        are_named: bool,
    ) -> Result<Option<(&'p str, Bytes)>, Unreadable> {
        for &path in paths {
            match self.known.get(&Lookup::file(path)) {
                Some(Ok(None)) if are_named => return Err(Unreadable::new(path, "is not there")),
                // In containers, the home directory often doesn't exist or belongs to another user.
                Some(Err(reason)) if !are_named => self.denied.push(format!("{path} {reason}")),
                _ => {
                    if let Some(file) = self.file(path)? {
                        return Ok(Some((path, file)));
                    }
                }
            }
        }
        Ok(None)
    }
}
