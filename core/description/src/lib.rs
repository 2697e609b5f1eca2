#![no_std]
#![doc = include_str!("../README.md")]
//!
//! ```
//! use tc3_description::{Description, Type};
//!
//! let cvm = Description::parse(
//!     br#"{
//!         "metadata": {"serviceShortName": "cvm", "apiVersion": "2017-03-12"},
//!         "actions": {"DescribeZones": {"input": "DescribeZonesRequest", "output": "DescribeZonesResponse",
//!             "name": "zones", "document": "all zones"}},
//!         "objects": {
//!             "DescribeZonesRequest": {"document": "", "members": []},
//!             "DescribeZonesResponse": {"document": "", "members": [
//!                 {"name": "ZoneSet", "type": "list", "member": "ZoneInfo", "document": "the zones"},
//!                 {"name": "RequestId", "type": "string", "member": "string", "document": ""}]},
//!             "ZoneInfo": {"document": "", "members": [
//!                 {"name": "Zone", "type": "string", "member": "string", "document": "its name"}]}
//!         }
//!     }"#,
//! )?;
//! let output = cvm.output("DescribeZones").unwrap();
//! assert_eq!(output.members[0].ty, Type::List(Box::new(Type::Object("ZoneInfo".into()))));
//!
//! let error = Description::parse(br#"{"metadata": {"serviceShortName": "cvm"}}"#).unwrap_err();
//! assert_eq!(error.to_string(), "metadata: missing field `apiVersion` at line 1 column 40");
//! # Ok::<(), tc3_description::Error>(())
//! ```

extern crate alloc;

mod effects;
mod paging;
mod parse;

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

pub use effects::Effects;
pub use paging::{Dialect, Paging};

/// What the vendor says of one version of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// The service, e.g. `cvm`: the first label of its host.
    pub service: String,
    /// The version, e.g. `2017-03-12`.
    pub version: String,
    /// The actions, by name.
    pub actions: BTreeMap<String, Action>,
    /// The objects, by name: each action's input and output, and what these are made of.
    pub objects: BTreeMap<String, Object>,
}

/// An action.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Action {
    /// The name of the object that it takes.
    pub input: String,
    /// The name of the object that it returns, `RequestId` included.
    pub output: String,
    /// A title, in the description's language.
    pub title: String,
    /// What it does, in the description's language: text with HTML or Markdown in it.
    pub document: String,
    /// Whether requests are signed.
    pub signed: bool,
    /// Whether it is neither deprecated nor offline.
    pub online: bool,
}

/// An object: an input, an output, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// What it is, in the description's language.
    pub document: String,
    /// Its members, in the description's order, without those that are disabled.
    pub members: Vec<Member>,
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Its name in the API.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// What it is, in the description's language: text with HTML or Markdown in it.
    pub document: String,
    /// A documented value, as a text; mostly one that fits the type.
    pub example: Option<String>,
    /// Whether an input must have it.
    pub required: bool,
    /// Whether an output has it; `None` if that is not said.
    pub returned: Option<bool>,
    /// Whether an output may have null in its place.
    pub nullable: bool,
}

/// The type of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// A text.
    Text(Format),
    /// An integer of 64 bits, which may be negative if `signed`.
    Integer {
        /// Whether it may be negative.
        signed: bool,
    },
    /// A number that may have a fraction.
    Float,
    /// True or false.
    Bool,
    /// A file's bytes, which are sent as a part of a multipart body.
    Binary,
    /// The object of that name.
    Object(String),
    /// A list.
    List(Box<Self>),
}

/// What a text contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Any text.
    Plain,
    /// A date and a time such as `2024-02-29 12:30:00`.
    DateTime,
    /// A date and a time such as `2024-02-29T12:30:00+08:00`.
    DateTimeIso,
    /// A date such as `2024-02-29`.
    Date,
}

impl Description {
    /// Reads an `api.json`.
    ///
    /// # Errors
    ///
    /// [`Error`] with the path to what is no description: a missing part, a type that is not known, a name that leads
    /// to no object.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        parse::description(json)
    }

    /// How the pages of an action follow one another, as far as the description says; `None` if there is no such
    /// action.
    pub fn paging(&self, action: &str) -> Option<Paging> {
        self.actions
            .contains_key(action)
            .then(|| paging::of(self, action))
    }

    /// What a request of an action may do, as far as the description says; `None` if there is no such action.
    pub fn effects(&self, action: &str) -> Option<Effects> {
        self.actions
            .contains_key(action)
            .then(|| effects::of(self, action))
    }

    /// What an action takes; `None` if there is no such action.
    pub fn input(&self, action: &str) -> Option<&Object> {
        self.objects.get(&self.actions.get(action)?.input)
    }

    /// What an action returns; `None` if there is no such action.
    pub fn output(&self, action: &str) -> Option<&Object> {
        self.objects.get(&self.actions.get(action)?.output)
    }
}

impl Object {
    /// The member of that name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl Type {
    /// What it is a list of; itself if it is no list.
    pub fn each(&self) -> &Self {
        match self {
            Self::List(each) => each,
            each => each,
        }
    }

    /// The name of the object that it is, or a list of.
    pub fn object(&self) -> Option<&str> {
        match self.each() {
            Self::Object(name) => Some(name),
            _ => None,
        }
    }
}

/// What is wrong with a description, or with what is said of one, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    path: String,
    what: String,
}

impl Error {
    /// `what` is wrong at `path`.
    pub fn new(path: impl Into<String>, what: impl ToString) -> Self {
        let (path, what) = (path.into(), what.to_string());
        Self { path, what }
    }

    /// Where it is, e.g. `objects.Filter.members[2].type`.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

impl core::error::Error for Error {}
