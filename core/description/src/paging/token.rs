use alloc::{
    format,
    string::{String, ToString},
};

use super::{input::Input, output::Output, text::Text};
use crate::Type;

/// The output's member with the token of the next page.
#[derive(Clone, Debug)]
pub(super) struct Next {
    pub(super) path: String,
    text: String,
}

impl Next {
    /// Finds it by the name of the input's token; an error if there are several.
    pub(super) fn of(token: &Input<'_>, output: &Output<'_>) -> Option<Result<Self, String>> {
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
                .filter(|(_, member)| matches!(member.ty, Type::Text(_) | Type::Integer { .. }));
            if let Some((path, member)) = found.next() {
                return Some(match found.next() {
                    None => Ok(Self {
                        path,
                        text: member.document.to_string(),
                    }),
                    Some(_) => Err(format!(
                        "several outputs may give the next `{}`",
                        token.path
                    )),
                });
            }
        }
        None
    }

    /// Whether it is the list's: at the top, or in the object that the list is in.
    pub(super) fn is_beside(&self, list: &str) -> bool {
        let parent = |path: &'_ str| path.split_once('.').map(|(parent, _)| parent.to_string());
        let parent_of_next = parent(&self.path);
        parent_of_next.is_none() || parent_of_next == parent(list)
    }

    /// The output's flag that tells the last page, and its value there.
    pub(super) fn last(&self, output: &Output<'_>) -> Result<Option<(String, bool)>, String> {
        let text = Text::new(&self.text);
        let empties = text.has_any(&["为空", "返回空", "无值", "空字符串"]);
        let mut last = None;
        let flags = [(false, GOES_ON), (true, ENDS)];
        for (at_end, names) in flags {
            for (path, member) in names.iter().flat_map(|name| output.named(name)) {
                if !matches!(member.ty, Type::Bool) {
                    match empties {
                        true => continue,
                        false => return Err(format!("the flag `{path}` is no bool")),
                    }
                }
                if contradicts(&Text::new(&member.document), at_end) {
                    return Err(format!("the text of `{path}` says the reverse of its name"));
                }
                if last.replace((path, at_end)).is_some() {
                    return Err("several flags may tell the last page".into());
                }
            }
        }
        match last {
            None if text.has("增量") => Err(format!("`{}` may never end", self.path)),
            last => Ok(last),
        }
    }
}

/// Flags that are false on the last page.
const GOES_ON: &[&str] = &[
    "hasmore",
    "hasnext",
    "hasnextpage",
    "havemore",
    "istruncated",
    "truncated",
    "hasmoredata",
];

/// Flags that are true on the last page.
const ENDS: &[&str] = &[
    "listover",
    "isend",
    "isover",
    "finished",
    "isfinished",
    "islast",
    "islastpage",
];

/// Whether a flag's text says the reverse of its name.
fn contradicts(text: &Text, at_end: bool) -> bool {
    let ends = text.has_any(&["全部", "结束", "完", "全量", "最后", "over"]);
    let goes_on = text.has_any(&["还有", "更多", "截断", "下一页", "more", "next"]);
    ends != goes_on && ends != at_end
}

/// Whether a text is that of a token which finds a page.
pub(super) fn is_cursor(text: &Text) -> bool {
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
