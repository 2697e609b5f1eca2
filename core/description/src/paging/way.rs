use alloc::{format, string::String, vec::Vec};

use super::{
    Dialect, Paging,
    count::{self, Counts},
    input::{Input, Inputs},
    limit,
    output::Output,
    text::Text,
    token::{self, Next},
};
use crate::Object;

/// How the next page is asked for.
#[derive(Debug)]
pub(super) struct Way<'a> {
    dialect: Dialect,
    /// The member with the offset, or with the page.
    offset: Option<&'a Input<'a>>,
    /// The member with the token, and the output's with the next one.
    token: Option<(&'a Input<'a>, Next)>,
    why: String,
}

impl<'a> Way<'a> {
    pub(super) fn of(inputs: &'a Inputs<'a>, output: &Output<'_>) -> Result<Self, String> {
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
            .filter_map(|token| match Next::of(token, output) {
                Some(Ok(out)) => Some(Ok((token, Some(out)))),
                Some(Err(why)) => Some(Err(why)),
                None if token::is_cursor(&token.text) => Some(Ok((token, None))),
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

    fn by_token(token: &'a Input<'a>, out: Next) -> Self {
        Self {
            dialect: Dialect::Token,
            offset: None,
            why: format!("`{}` is the next `{}`", out.path, token.path),
            token: Some((token, out)),
        }
    }

    /// Beside an offset, a token can be the cursor, a rival or a help.
    fn by_both(
        number: &'a Input<'a>,
        (token, out): (&'a Input<'a>, Option<Next>),
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
    pub(super) fn walk(
        self,
        inputs: &Inputs<'_>,
        input: &Object,
        output: &Output<'_>,
        noun: &str,
    ) -> Result<Paging, String> {
        let (list, total) = output.records(noun)?;
        let last = match &self.token {
            Some((_, next)) if !next.is_beside(&list) => {
                return Err(format!(
                    "`{}` belongs to another list than `{list}`",
                    next.path
                ));
            }
            Some((_, next)) => next.last(output)?,
            None => None,
        };
        let total = total.filter(|_| !must_be_asked(input));
        let by_offset = matches!(self.dialect, Dialect::ItemOffset);
        let limit = inputs
            .limits
            .iter()
            .find(|limit| by_offset && limit.member.name.eq_ignore_ascii_case("limit"))
            .or_else(|| inputs.limits.first());
        if total.is_none() && (inputs.nested || limit.is_none() && self.offset.is_some()) {
            return Err("nothing in the output says that it has pages".into());
        }
        let max_limit = limit.and_then(|limit| limit::max(&limit.text));
        let default_limit = limit
            .and_then(|limit| limit::default(&limit.text))
            .filter(|default| max_limit.is_none_or(|max| *default <= max));
        let (token_in, token_out) = self
            .token
            .map(|(token, next)| (token.path.clone(), next.path))
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
