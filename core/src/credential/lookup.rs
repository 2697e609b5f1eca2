use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use core::str;

use zeroize::Zeroizing;

use super::{
    IN_QUOTES, QUOTES,
    fault::{Fault, wrong},
    with_causes,
};
use crate::BoxError;

/// Something of the machine's that says which credentials there are.
///
/// A [`Search`](super::Search) asks for it by [`SearchStep::Read`](super::SearchStep::Read). Reading it has no time
/// limit of its own: a file on a disk that doesn't answer holds up the call beyond its deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The environment variable of this name.
    Variable(&'static str),
    /// The file at this path.
    File(String),
    /// The file at this path below the user's home directory. There is none where the user has no home, or one that
    /// is no folder.
    HomeFile(String),
}

impl Lookup {
    /// The largest file that is taken, in bytes. Read at most one byte more.
    pub const MAX_SIZE: usize = 1 << 20;

    /// The file at a path that may begin with `~/`.
    pub(super) fn file(path: &str) -> Self {
        match path.strip_prefix("~/") {
            Some(rest) => Self::HomeFile(rest.into()),
            None => Self::File(path.into()),
        }
    }
}

/// What a lookup found: the bytes, `None` where there is no such variable or file, or why they can't be read.
pub type Looked = Result<Option<Vec<u8>>, BoxError>;

/// What a lookup found, as it is kept: wiped when dropped.
pub(super) type Content = Result<Option<Zeroizing<Vec<u8>>>, String>;

/// The bytes of what was read, unless they can't be had. `name` is the variable or path.
pub(super) fn bytes<'a>(content: &'a Content, name: &str) -> Result<Option<&'a [u8]>, Fault> {
    match content {
        Ok(Some(bytes)) if bytes.len() > Lookup::MAX_SIZE => {
            Err(wrong(format!("{name} is too large")))
        }
        Ok(bytes) => Ok(bytes.as_ref().map(|bytes| bytes.as_slice())),
        Err(cause) => Err(wrong(unreadable(name, cause))),
    }
}

pub(super) fn unreadable(name: &str, cause: &str) -> String {
    format!("{name} can't be read: {cause}")
}

/// The environment variables that were read.
#[derive(Default)]
pub(super) struct Variables(BTreeMap<&'static str, Content>);

impl Variables {
    pub(super) fn insert(&mut self, name: &'static str, content: Content) {
        self.0.insert(name, content);
    }

    /// The value of a variable; an empty one counts as not set.
    pub(super) fn get(&self, name: &str) -> Result<Option<&str>, Fault> {
        let Some(content) = self.0.get(name) else {
            return Ok(None);
        };
        let text = bytes(content, name)?.map(str::from_utf8).transpose();
        let text = text.map_err(|_| wrong(format!("{name} is not UTF-8")))?;
        if text.is_some_and(|text| text.starts_with(QUOTES) && text.ends_with(QUOTES)) {
            return Err(wrong(format!("{name} {IN_QUOTES}")));
        }
        Ok(text.filter(|text| !text.is_empty()))
    }
}

/// Keeps what a driver has read.
pub(super) fn keep(looked: Looked) -> Content {
    match looked {
        Ok(bytes) => Ok(bytes.map(Zeroizing::new)),
        Err(error) => Err(with_causes(&*error)),
    }
}
