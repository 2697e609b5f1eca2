mod count;
mod input;
mod limit;
mod output;
mod text;
mod verb;

use alloc::{format, string::String, vec::Vec};

use serde::Serialize;

use self::{
    count::Counts,
    input::{Input, Inputs},
    output::Output,
    text::Text,
    verb::Verb,
};
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
    let inputs = Inputs::new(description, input);
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
    let speaks = input.members.iter().chain(members).any(|member| {
        let text = Text::new(&member.document);
        text.has_any(&[
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

/// How the next page is asked for.
struct Way<'a> {
    dialect: Dialect,
    /// The member with the offset, or with the page.
    offset: Option<&'a Input<'a>>,
    /// The member with the token, and the output's with the next one.
    token: Option<(&'a Input<'a>, String)>,
    why: String,
}

impl<'a> Way<'a> {
    fn of(inputs: &'a Inputs<'a>, output: &Output<'_>) -> Result<Self, String> {
        let mut numbers = inputs.offsets.iter().chain(&inputs.pages);
        let number = numbers.next();
        if let (Some(one), Some(other)) = (number, numbers.next()) {
            return Err(format!(
                "both `{}` and `{}` may be meant",
                one.path, other.path
            ));
        }
        let tokens: Result<Vec<_>, _> = inputs
            .tokens
            .iter()
            .filter_map(|token| match token_out(token, output) {
                Some(Ok(out)) => Some(Ok((token, Some(out)))),
                Some(Err(why)) => Some(Err(why)),
                None if is_cursor(&token.text) => Some(Ok((token, None))),
                None => None,
            })
            .collect();
        let tokens = tokens?;
        match (number, &*tokens) {
            (None, []) => Err("no input that is known finds the next page".into()),
            (Some(number), []) => Self::by_number(number, inputs, output),
            (None, [(token, Some(out))]) => Ok(Self::by_token(token, out.clone())),
            (None, [(token, None)]) => Err(format!(
                "no output is known to give the next `{}`",
                token.path
            )),
            (Some(number), [(token, out)]) => {
                Self::by_both(number, (token, out.clone()), inputs, output)
            }
            _ => Err("several tokens may be meant".into()),
        }
    }

    fn by_number(
        number: &'a Input<'a>,
        inputs: &Inputs<'_>,
        output: &Output<'_>,
    ) -> Result<Self, String> {
        let path = &number.path;
        let (dialect, why) = match counts(number, inputs, output) {
            Counts::Records { said: true } => (
                Dialect::ItemOffset,
                format!("the text of `{path}` counts records"),
            ),
            Counts::Records { said: false } => (
                Dialect::ItemOffset,
                format!("`{path}` is an offset, nothing says that it counts pages"),
            ),
            Counts::PagesFrom(0) => (
                Dialect::PageIndex,
                format!("the text of `{path}` counts pages from 0"),
            ),
            Counts::PagesFrom(_) => (
                Dialect::PageNumber,
                format!("the text of `{path}` counts pages from 1"),
            ),
            Counts::Unsaid(why) => return Err(format!("`{path}` {why}")),
        };
        Ok(Self {
            dialect,
            offset: Some(number),
            token: None,
            why,
        })
    }

    fn by_token(token: &'a Input<'a>, out: String) -> Self {
        Self {
            dialect: Dialect::Token,
            offset: None,
            why: format!("`{out}` is the next `{}`", token.path),
            token: Some((token, out)),
        }
    }

    /// Beside an offset, a token can be the cursor, a rival or a help.
    fn by_both(
        number: &'a Input<'a>,
        (token, out): (&'a Input<'a>, Option<String>),
        inputs: &Inputs<'_>,
        output: &Output<'_>,
    ) -> Result<Self, String> {
        let name = |input: &Input<'_>| input.member.name.to_ascii_lowercase();
        let texts = [&number.text, &token.text];
        let rivals = texts.iter().any(|text| {
            text.has_any(&[
                "互斥",
                "同时使用",
                "同时指定",
                "同时传",
                "不能与",
                "不可与",
                "不要与",
                "不能和",
                "二选一",
                "使用offset分页",
            ])
        });
        let limits = ["limit", "maxresults"];
        let has = |limit: &&str| inputs.limits.iter().any(|other| name(other) == **limit);
        if let Some(out) = &out
            && texts
                .iter()
                .any(|text| text.has(&format!("优先使用{}", name(token))))
        {
            return Ok(Self::by_token(token, out.clone()));
        }
        let way = Self::by_number(number, inputs, output)?;
        match out {
            Some(out) if token.text.has_any(&["加快", "提升"]) => Ok(Self {
                token: Some((token, out)),
                ..way
            }),
            _ if rivals || limits.iter().all(has) => Ok(way),
            _ => Err(format!(
                "`{}` may be needed beside `{}`",
                token.path, number.path
            )),
        }
    }

    /// Finds the records, how many there are, and how many a page may have.
    fn walk(
        self,
        inputs: &Inputs<'_>,
        input: &Object,
        output: &Output<'_>,
        noun: &str,
    ) -> Result<Paging, String> {
        let (list, total) = output.records(noun)?;
        if let Some((_, out)) = &self.token
            && let (Some((parent, _)), around) = (out.split_once('.'), list.split_once('.'))
            && around.is_none_or(|(around, _)| around != parent)
        {
            return Err(format!("`{out}` belongs to another list than `{list}`"));
        }
        let total = total.filter(|_| !must_be_asked(input));
        let by_offset = matches!(self.dialect, Dialect::ItemOffset);
        let limit = inputs
            .limits
            .iter()
            .find(|limit| by_offset && limit.member.name.eq_ignore_ascii_case("limit"))
            .or_else(|| inputs.limits.first());
        if total.is_none() && (inputs.nested || limit.is_none() && by_offset) {
            return Err("nothing in the output says that it has pages".into());
        }
        let last = match self.token {
            Some(_) => last(output)?,
            None => None,
        };
        let max_limit = limit.and_then(|limit| limit::max(&limit.text));
        let default_limit = limit
            .and_then(|limit| limit::default(&limit.text))
            .filter(|default| max_limit.is_none_or(|max| *default <= max));
        let (token_in, token_out) = self
            .token
            .map(|(token, out)| (token.path.clone(), out))
            .unzip();
        Ok(Paging {
            dialect: self.dialect,
            offset: self.offset.map(|offset| offset.path.clone()),
            limit: limit.map(|limit| limit.path.clone()),
            token_in,
            token_out,
            last,
            total,
            list: Some(list),
            max_limit,
            default_limit,
            why: self.why,
        })
    }
}

/// What a number counts: by its own text, that of the object it is in, or that of the page in the output.
fn counts(number: &Input<'_>, inputs: &Inputs<'_>, output: &Output<'_>) -> Counts {
    let example = number.member.example.as_deref();
    if !inputs.offsets.is_empty() {
        return count::offset(&number.text, example);
    }
    let counts = count::page(&number.text, example);
    let Counts::Unsaid(count::UNSAID) = counts else {
        return counts;
    };
    let echoed = output
        .named(&number.member.name)
        .map(|(_, member)| Text::new(&member.document));
    let others: Vec<_> = number
        .around
        .iter()
        .map(|text| Text::new(text.as_str()))
        .chain(echoed)
        .collect();
    let mut said = others
        .iter()
        .map(|text| count::page(text, example))
        .filter(|counts| matches!(counts, Counts::PagesFrom(_)));
    match (said.next(), said.next()) {
        (Some(said), None) => said,
        _ => counts,
    }
}

/// Whether a text is that of a token which finds a page.
fn is_cursor(text: &Text) -> bool {
    text.has_any(&[
        "翻页",
        "分页",
        "游标",
        "下一页",
        "上一次",
        "上次",
        "scroll",
        "cursor",
    ])
}

/// The path of the output's member with the next token; an error if there are several.
fn token_out(token: &Input<'_>, output: &Output<'_>) -> Option<Result<String, String>> {
    let name = token.member.name.to_ascii_lowercase();
    let names = [
        format!("next{name}"),
        name.clone(),
        name.replace("page", "next"),
        name.replace("pagination", "next"),
    ];
    for name in &names {
        let mut found = output
            .named(name)
            .filter(|(_, member)| !matches!(member.ty, Type::List(_) | Type::Object(_)));
        if let Some((path, _)) = found.next() {
            return Some(match found.next() {
                None => Ok(path),
                Some(_) => Err(format!(
                    "several outputs may give the next `{}`",
                    token.path
                )),
            });
        }
    }
    None
}

/// The output's flag that tells the last page.
fn last(output: &Output<'_>) -> Result<Option<(String, bool)>, String> {
    let flags = [
        (
            false,
            &[
                "hasmore",
                "hasnext",
                "hasnextpage",
                "havemore",
                "istruncated",
                "truncated",
                "hasmoredata",
            ][..],
        ),
        (
            true,
            &[
                "listover",
                "isend",
                "isover",
                "finished",
                "isfinished",
                "islast",
                "islastpage",
            ],
        ),
    ];
    let mut last = None;
    for (at_end, names) in flags {
        for (path, member) in names.iter().flat_map(|name| output.named(name)) {
            if !matches!(member.ty, Type::Bool) {
                return Err(format!("the flag `{path}` is no bool"));
            }
            let text = Text::new(&member.document);
            let ends = text.has_any(&["全部", "结束", "完", "全量", "最后", "over"]);
            let goes_on = text.has_any(&["还有", "更多", "截断", "下一页", "more", "next"]);
            if ends != goes_on && ends != at_end {
                return Err(format!("the text of `{path}` says the reverse of its name"));
            }
            if last.replace((path, at_end)).is_some() {
                return Err("several flags may tell the last page".into());
            }
        }
    }
    Ok(last)
}

/// Whether the number of all records is there only if the input asks for it.
fn must_be_asked(input: &Object) -> bool {
    input.members.iter().any(|member| {
        let text = Text::new(&member.document);
        text.has("是否")
            && text.has_any(&["总数", "总记录", "总条数", "总量", "总个数", "totalcount"])
            && !text.has_any(&[
                "默认true",
                "默认为true",
                "默认值为true",
                "默认值:true",
                "默认返回",
                "默认需要",
            ])
    })
}
