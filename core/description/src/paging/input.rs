use alloc::{format, string::String, vec::Vec};

use super::{count, text::Text};
use crate::{Description, Member, Object, Type};

const OFFSETS: &[&str] = &["offset", "skip"];

const PAGES: &[&str] = &[
    "page",
    "pagenumber",
    "pagenum",
    "pageno",
    "pageindex",
    "currentpage",
    "curpage",
    "currentpagenumber",
    "pagecurrent",
    "pageoffset",
    "page_number",
    "page_num",
];

const TOKENS: &[&str] = &[
    "nexttoken",
    "pagetoken",
    "nextpagetoken",
    "paginationtoken",
    "continuetoken",
    "continuationtoken",
    "cursor",
    "nextcursor",
    "pagecursor",
    "marker",
    "nextmarker",
    "context",
    "scrolltoken",
    "scrollid",
    "nextkey",
    "listcontext",
];

/// Names of limits, the likelier ones first.
const LIMITS: &[&str] = &[
    "pagesize",
    "limit",
    "perpage",
    "maxresults",
    "maxresult",
    "maxnum",
    "pagelimit",
    "numperpage",
    "limitnum",
    "rp",
    "page_size",
    "size",
    "count",
    "length",
    "maxcount",
    "num",
    "maxsize",
    "maxkeys",
    "maxitems",
];

/// A member of the input that may be of its paging.
#[derive(Debug)]
pub(super) struct Input<'a> {
    pub(super) path: String,
    pub(super) member: &'a Member,
    pub(super) text: Text,
    /// The text of the object that the member is in.
    pub(super) around: Option<Text>,
}

/// The members of an input that may be of its paging.
#[derive(Debug, Default)]
pub(super) struct Inputs<'a> {
    pub(super) offsets: Vec<Input<'a>>,
    pub(super) pages: Vec<Input<'a>>,
    pub(super) tokens: Vec<Input<'a>>,
    /// The likeliest first.
    pub(super) limits: Vec<Input<'a>>,
    /// Whether these are in an object of the input.
    pub(super) nested: bool,
}

impl<'a> Inputs<'a> {
    /// Looks among the members; in the objects of the input only where it has none of its own.
    pub(super) fn new(description: &'a Description, input: &'a Object, output: &Object) -> Self {
        let mut own = Self::default();
        for member in &input.members {
            own.take(member, member.name.clone(), None, false);
            let next = output.member(&format!("Next{}", member.name));
            let text = Text::new(&member.document);
            if next.is_some_and(|next| {
                matches!(next.ty, Type::Text(_) | Type::Integer { .. }) && next.ty == member.ty
            }) && own.tokens.iter().all(|token| token.member != member)
            {
                own.tokens.push(Input {
                    path: member.name.clone(),
                    member,
                    text,
                    around: None,
                });
            }
        }
        if !own.is_empty() {
            return own.sorted();
        }
        let mut inner = Self {
            nested: true,
            ..Self::default()
        };
        for member in &input.members {
            let Type::Object(name) = &member.ty else {
                continue;
            };
            let object = description.objects.get(name);
            let paging = member.name.to_ascii_lowercase().starts_with("pag");
            for each in object.iter().flat_map(|object| &object.members) {
                let path = format!("{}.{}", member.name, each.name);
                inner.take(each, path, Some(&member.document), paging);
            }
        }
        match inner.is_empty() {
            true => own.sorted(),
            false => inner.sorted(),
        }
    }

    /// Whether nothing says which page is asked for.
    pub(super) const fn is_empty(&self) -> bool {
        self.offsets.is_empty() && self.pages.is_empty() && self.tokens.is_empty()
    }

    fn take(&mut self, member: &'a Member, path: String, around: Option<&str>, paging: bool) {
        let name = &*member.name.to_ascii_lowercase();
        let number = matches!(member.ty, Type::Integer { .. });
        let text = matches!(member.ty, Type::Text(_));
        let of = |names: &[&str]| names.contains(&name);
        let place = if of(OFFSETS) && (number || text) {
            &mut self.offsets
        } else if (of(PAGES) || paging && name == "index") && (number || text) {
            &mut self.pages
        } else if of(TOKENS) && (text || number) {
            &mut self.tokens
        } else if of(LIMITS) && (number || text) {
            &mut self.limits
        } else {
            return;
        };
        place.push(Input {
            path,
            member,
            text: Text::new(&member.document),
            around: around.map(Text::new),
        });
    }

    /// Without what is no longer used beside what is, and the limits by how likely they are one.
    fn sorted(mut self) -> Self {
        let ways = [&self.offsets, &self.pages, &self.tokens];
        let used = |input: &Input<'_>| !count::is_unused(&input.text);
        let all = || ways.into_iter().flatten();
        if all().any(used) && !all().all(used) {
            self.offsets.retain(used);
            self.pages.retain(used);
            self.tokens.retain(used);
        }
        let kept = |limit: &Input<'_>| limit.member.required || used(limit);
        self.limits.retain(|limit| is_limit(limit) && kept(limit));
        self.limits.sort_by_key(|limit| {
            let name = limit.member.name.to_ascii_lowercase();
            LIMITS.iter().position(|other| *other == name)
        });
        self
    }
}

/// Whether a member with a limit's name is one: some are sizes of disks.
fn is_limit(input: &Input<'_>) -> bool {
    let text = &input.text;
    let vague = ["size", "count", "length", "num", "maxsize"];
    !vague.contains(&&*input.member.name.to_ascii_lowercase())
        || text.is_empty()
        || text.has_any(&[
            "页", "条", "默认", "长度", "返回", "数量", "个数", "拉取", "查询", "限制", "limit",
            "记录",
        ])
}
