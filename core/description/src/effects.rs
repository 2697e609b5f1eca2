use crate::Description;

/// What a request of an action may do, and how it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effects {
    /// Whether it surely only reads, so that a request may be repeated.
    pub repeatable: bool,
    /// The most requests a second, if the description says so.
    pub rate: Option<u32>,
    /// Whether a key, a password or a token is sent or returned.
    pub confidential: bool,
    /// Why the action can't be called with one JSON request and answer.
    pub unsupported: Option<&'static str>,
}

pub(crate) fn of(description: &Description, action: &str) -> Effects {
    let _ = (description, action);
    Effects {
        repeatable: false,
        rate: None,
        confidential: false,
        unsupported: None,
    }
}
