use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    output::{Found, single},
    text::Text,
};

/// Picks the list that has the records.
pub(super) fn pick<'a>(lists: &[Found<'a>], noun: &str, counted: bool) -> Option<Found<'a>> {
    if let [only] = *lists {
        return (is_noun(&only, noun) || !is_heading(&only)).then_some(only);
    }
    let main = lists.iter().copied().filter(|list| !is_side(list, lists));
    let main: Vec<_> = main.collect();
    let in_object = lists.iter().any(|list| list.parent.is_some());
    let mut named = lists.iter().filter(|list| is_noun(list, noun)).peekable();
    if named.peek().is_some() {
        let named = single(named)?;
        let is_main = main
            .iter()
            .any(|list| list.member.name == named.member.name);
        return (is_main && (counted || !in_object)).then_some(named);
    }
    let is_object = |list: &&Found<'_>| list.member.ty.object().is_some();
    let object = single(main.iter().filter(is_object))?;
    let generic = is_generic(&object.member.name);
    if !counted {
        let conditional = Text::new(&object.member.document).has("当");
        return (generic && main.len() == 1 && !conditional).then_some(object);
    }
    let others = lists
        .iter()
        .filter(|list| list.member.name != object.member.name);
    let mut others = others.filter(|list| is_object(list) && !is_surely_side(list, lists));
    (generic || others.next().is_none()).then_some(object)
}

/// Whether the list, or the object in it, is named by what the action lists.
pub(super) fn is_noun(list: &Found<'_>, noun: &str) -> bool {
    let noun = stem(noun);
    if noun.is_empty() {
        return false;
    }
    let name = stem(&list.member.name);
    let object = list.member.ty.object().map(stem).unwrap_or_default();
    name == noun || object == noun || name.len() >= 4 && noun.ends_with(&*name)
}

/// A name without what only says that there are several, in lower case.
fn stem(name: &str) -> String {
    let mut name = name.to_ascii_lowercase();
    loop {
        let before = name.len();
        for end in [
            "list", "lists", "set", "sets", "info", "infos", "detail", "details", "item", "items",
            "data",
        ] {
            if let Some(stem) = name.strip_suffix(end) {
                name = stem.to_string();
            }
        }
        if let Some(stem) = name.strip_suffix("ies") {
            name = format!("{stem}y");
        } else if let Some(stem) = name.strip_suffix("sses") {
            name = format!("{stem}ss");
        } else if name.ends_with('s') && !name.ends_with("ss") {
            name.pop();
        }
        if name.len() == before {
            return name;
        }
    }
}

pub(super) fn is_generic(name: &str) -> bool {
    matches!(
        &*name.to_ascii_lowercase(),
        "data"
            | "datas"
            | "list"
            | "lists"
            | "items"
            | "itemset"
            | "rows"
            | "records"
            | "recordlist"
            | "results"
            | "result"
            | "content"
            | "contents"
            | "datalist"
            | "resultlist"
            | "infolist"
            | "infos"
            | "item"
            | "detail"
            | "details"
            | "detaillist"
            | "dataset"
            | "detailset"
    )
}

/// Whether a list stands beside the records: values to filter by, errors, sums.
fn is_side(list: &Found<'_>, lists: &[Found<'_>]) -> bool {
    let text = Text::new(&list.member.document);
    is_surely_side(list, lists)
        || text.has_any(&[
            "枚举",
            "过滤",
            "筛选",
            "下拉",
            "可选",
            "选项",
            "错误信息",
            "错误列表",
            "失败",
            "聚合",
            "统计",
            "汇总",
            "排序",
            "保留字段",
        ])
}

/// Whether a list's name or type says that it stands beside the records.
fn is_surely_side(list: &Found<'_>, lists: &[Found<'_>]) -> bool {
    let alike = |other: &&Found<'_>| other.member.ty.object() == list.member.ty.object();
    is_heading(list)
        || list.member.ty.object().is_some() && lists.iter().filter(alike).count() > 1
        || says(
            list,
            &[
                "filter",
                "option",
                "enum",
                "error",
                "fail",
                "summary",
                "statistic",
                "stats",
                "counts",
                "keyvalue",
            ],
        )
}

/// Whether a list describes the columns of a table, whose rows are elsewhere.
fn is_heading(list: &Found<'_>) -> bool {
    let name = list.member.name.to_ascii_lowercase();
    name.ends_with("schema")
        || ["column", "colname", "header", "fieldsdesc"]
            .iter()
            .any(|word| name.contains(word))
        || Text::new(&list.member.document).has_any(&["列名", "表头"])
}

/// Whether the name of a list or of the object in it has one of these words.
fn says(list: &Found<'_>, words: &[&str]) -> bool {
    let name = list.member.name.to_ascii_lowercase();
    let object = list
        .member
        .ty
        .object()
        .unwrap_or_default()
        .to_ascii_lowercase();
    words
        .iter()
        .any(|word| name.contains(word) || object.contains(word))
}
