use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use core::str;

use zeroize::Zeroizing;

use super::{IN_QUOTES, QUOTES, Unreadable, with_causes};
use crate::error::BoxError;

/// An environment variable or a file that a [`Search`](super::Search) needs to read.
///
/// A search asks for it by [`SearchStep::Read`](super::SearchStep::Read). Reading has no time limit of its own: a file
/// on a disk that doesn't respond delays the call beyond its deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// The result of a lookup, wiped from memory when dropped.
pub(super) type Content = Result<Option<Bytes>, BoxError>;
type Bytes = Zeroizing<Vec<u8>>;

/// The bytes of the variable or file of this name, or what is wrong with it.
pub(super) fn bytes(content: Content, name: &str) -> Result<Option<Bytes>, Unreadable> {
    match content {
        Ok(Some(bytes)) if bytes.len() > Lookup::MAX_SIZE => {
            Err(Unreadable::new(name, "is too large"))
        }
        Ok(bytes) => Ok(bytes),
        Err(cause) => {
            let rule = format!("can't be read: {}", with_causes(&*cause));
            Err(Unreadable::new(name, rule))
        }
    }
}

/// A file that a source may read.
pub(super) struct Candidate {
    pub(super) path: String,
    /// Whether a user named it, so that it must exist.
    pub(super) named: bool,
}

/// The environment variables that were read.
#[derive(Default)]
pub(super) struct Variables(BTreeMap<&'static str, Variable>);

/// The value of a variable; an empty one counts as not set.
type Variable = Result<Option<Zeroizing<String>>, Unreadable>;

impl Variables {
    pub(super) fn insert(&mut self, name: &'static str, content: Content) {
        self.0.insert(name, Self::value(name, content));
    }

    fn value(name: &str, content: Content) -> Variable {
        let Some(bytes) = bytes(content, name)? else {
            return Ok(None);
        };
        let text = str::from_utf8(&bytes).map_err(|_| Unreadable::new(name, "is not UTF-8"))?;
        if text.starts_with(QUOTES) && text.ends_with(QUOTES) {
            return Err(Unreadable::new(name, IN_QUOTES));
        }
        Ok((!text.is_empty()).then(|| Zeroizing::new(text.into())))
    }

    pub(super) fn get(&self, name: &str) -> Result<Option<&str>, Unreadable> {
        match self.0.get(name) {
            Some(Ok(value)) => Ok(value.as_deref().map(String::as_str)),
            Some(Err(unreadable)) => Err(unreadable.clone()),
            None => Ok(None),
        }
    }
}
