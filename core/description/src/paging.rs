//! Tells how the pages of an action follow one another, by the names, the types and the texts of its members.
//!
//! Walking in a wrong way loses records or returns them twice, so that nothing is guessed: what the description does
//! not say is [`Dialect::Unclear`].
//!
//! | what is there | what it is |
//! | --- | --- |
//! | an action that changes something, that returns no list, that takes nothing which asks for a page, or that returns the first few alone | no pages |
//! | an offset, of which nothing says that it counts pages | records |
//! | an offset or a page whose text has a formula or works out the second page | what that shows, whatever the words say |
//! | an offset or a page whose text counts pages and says where they begin: by a default, a minimum, a range or in words | pages from 0 or from 1 |
//! | a page whose text does not say where pages begin | unclear; names and examples prove nothing |
//! | a text that contradicts itself or its example; an offset that begins at 1, is ignored, fixed or a position in a log | unclear |
//! | a token that has a next one in the output | a token; a flag there that tells the last page outranks it |
//! | a token beside an offset | both, if it makes a walk faster; the offset alone, if they exclude each other; else unclear |
//! | several lists | the one that is named like the action; or else the only one of objects, if the others are filters, columns, errors or sums; else unclear |
//! | rows in a text, pages in a list | unclear |
//!
//! A member is the number of all records only if its name and its text say so, and none of these: money, the number of
//! pages, this page's own records, an estimate, what is there only if asked for. Without it a walk ends at an empty page.

mod count;
mod input;
mod limit;
mod list;
mod output;
mod text;
mod token;
mod total;
mod verb;
mod way;

use alloc::string::String;

use serde::Serialize;

use self::{input::Inputs, output::Output, text::Text, verb::Verb, way::Way};
use crate::{Description, Object, Type};

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

    fn without(dialect: Dialect, why: impl Into<String>) -> Self {
        Self {
            dialect,
            offset: None,
            limit: None,
            token_in: None,
            token_out: None,
            last: None,
            total: None,
            list: None,
            max_limit: None,
            default_limit: None,
            why: why.into(),
        }
    }
}

/// Tells how an action's pages follow one another.
pub(crate) fn of(description: &Description, action: &str) -> Paging {
    let (Some(input), Some(object)) = (description.input(action), description.output(action))
    else {
        return Paging::without(Dialect::Unclear, "there is no such action");
    };
    let (verb, noun) = Verb::of(action);
    let inputs = Inputs::new(description, input, object);
    let output = Output::new(description, object);
    match verb {
        Verb::Changes => Paging::without(Dialect::None, "it changes something"),
        _ if inputs.is_empty() => {
            let (dialect, why) = pageless(description, action, input, &inputs, &output);
            Paging::without(dialect, why)
        }
        Verb::Reads => Way::of(&inputs, &output)
            .and_then(|way| way.walk(&inputs, input, &output, noun))
            .unwrap_or_else(|why| Paging::without(Dialect::Unclear, why)),
        Verb::Drains => {
            Paging::without(Dialect::Unclear, "it may take what it returns from a queue")
        }
        Verb::Unknown => {
            Paging::without(Dialect::Unclear, "its name does not say that it only reads")
        }
    }
}

/// Whether an action that takes no offset, page or token surely has no pages.
fn pageless(
    description: &Description,
    action: &str,
    input: &Object,
    inputs: &Inputs<'_>,
    output: &Output<'_>,
) -> (Dialect, &'static str) {
    let inner = input.members.iter().filter_map(|member| match &member.ty {
        Type::Object(name) => description.objects.get(name),
        _ => None,
    });
    let members = inner.flat_map(|object| &object.members);
    let members = input.members.iter().chain(members);
    let speaks = members
        .filter(|member| !matches!(member.ty, Type::List(_)))
        .any(|member| {
            let text = Text::new(&member.document);
            let of_file = text.has_any(&["pdf", "ofd", "文档"]);
            !of_file
                && text.has_any(&[
                    "分页",
                    "翻页",
                    "页码",
                    "每页",
                    "下一页",
                    "上一页",
                    "第几页",
                    "游标",
                    "偏移量",
                    "续查",
                    "上次返回",
                    "上一次返回",
                    "起始index",
                    "nextpage",
                    "pagination",
                ])
        });
    if !output.has_list() {
        return (Dialect::None, "it returns no list");
    }
    if matches!(Verb::of(action).0, Verb::Drains) {
        return (Dialect::None, "it takes what it returns from a queue");
    }
    if speaks {
        return (
            Dialect::Unclear,
            "no input that is known finds the next page",
        );
    }
    let Some(limit) = inputs.limits.first() else {
        return (Dialect::None, "no input asks for a page");
    };
    let named = ["Top", "Latest", "Recent", "Hot", "Rank"]
        .iter()
        .any(|word| action.contains(word));
    match named
        || limit
            .text
            .has_any(&["top", "前n", "最近", "最新", "排名", "排行", "推荐"])
    {
        true => (Dialect::None, "it returns the first few alone"),
        false => (
            Dialect::Unclear,
            "it has a limit, but nothing that finds the next page",
        ),
    }
}

#[cfg(test)]
mod tests;
