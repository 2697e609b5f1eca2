use alloc::string::String;

use serde::Serialize;

use crate::Description;

/// How the pages of an action follow one another.
///
/// Paths lead from the action's input or output to a member, with a dot before each inner one: `Data.TotalCount`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Paging {
    /// What finds the next page.
    pub dialect: Dialect,
    /// The input's member with the offset, or with the page's index or number.
    pub offset: Option<String>,
    /// The input's member with the most records of a page.
    pub limit: Option<String>,
    /// The input's member with the token.
    pub token_in: Option<String>,
    /// The output's member with the token of the next page.
    pub token_out: Option<String>,
    /// The output's flag that tells the last page, and its value there. It outranks the token.
    pub last: Option<(String, bool)>,
    /// The output's member with the number of records of the list: an integer, or a text of digits.
    pub total: Option<String>,
    /// The output's list of records.
    pub list: Option<String>,
    /// The most records that a page may be asked for.
    pub max_limit: Option<u32>,
    /// The records of a page that names no limit.
    pub default_limit: Option<u32>,
    /// What says so; where the dialect is unclear, why it is.
    pub why: String,
}

/// What finds the next page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dialect {
    /// The number of records before it.
    ItemOffset,
    /// The number of pages before it.
    #[serde(rename = "page_index0")]
    PageIndex,
    /// Its number, from 1.
    #[serde(rename = "page_number1")]
    PageNumber,
    /// A token in the page before it.
    Token,
    /// There are no pages.
    None,
    /// The description does not say, or contradicts itself.
    Unclear,
}

impl Paging {
    /// Whether it is known how to walk the list.
    pub const fn is_known(&self) -> bool {
        !matches!(self.dialect, Dialect::None | Dialect::Unclear)
    }
}

pub(crate) fn of(description: &Description, action: &str) -> Paging {
    let _ = (description, action);
    Paging {
        dialect: Dialect::Unclear,
        offset: None,
        limit: None,
        token_in: None,
        token_out: None,
        last: None,
        total: None,
        list: None,
        max_limit: None,
        default_limit: None,
        why: String::new(),
    }
}
