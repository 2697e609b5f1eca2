use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::text::Text;
use crate::{Description, Member, Object, Type};

/// A member of the output, or of an object in it.
#[derive(Clone, Copy, Debug)]
struct Found<'a> {
    /// The member with the object that it is in; `None` at the top.
    parent: Option<&'a str>,
    member: &'a Member,
}

impl Found<'_> {
    fn path(&self) -> String {
        match self.parent {
            None => self.member.name.clone(),
            Some(parent) => format!("{parent}.{}", self.member.name),
        }
    }
}

/// An output's members, those of its objects included.
#[derive(Debug)]
pub(super) struct Output<'a> {
    description: &'a Description,
    found: Vec<Found<'a>>,
}

impl<'a> Output<'a> {
    pub(super) fn new(description: &'a Description, output: &'a Object) -> Self {
        let mut found = Vec::new();
        for member in &output.members {
            if member.name == "RequestId" {
                continue;
            }
            found.push(Found {
                parent: None,
                member,
            });
            let Type::Object(name) = &member.ty else {
                continue;
            };
            let inner = description.objects.get(name);
            for inner in inner.iter().flat_map(|object| &object.members) {
                found.push(Found {
                    parent: Some(&member.name),
                    member: inner,
                });
            }
        }
        Self { description, found }
    }

    pub(super) fn has_list(&self) -> bool {
        self.found
            .iter()
            .any(|found| matches!(found.member.ty, Type::List(_)))
    }

    /// The member called so, in lower case, and its path.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = (String, &'a Member)> {
        self.found
            .iter()
            .filter(move |found| found.member.name.eq_ignore_ascii_case(name))
            .map(|found| (found.path(), found.member))
    }

    /// The list of records and the number of all of them.
    ///
    /// # Errors
    ///
    /// Why it can't be known which list it is.
    pub(super) fn records(&self, noun: &str) -> Result<(String, Option<String>), &'static str> {
        let totals: Vec<_> = self.totals();
        let of_parent = |parent: Option<&str>| {
            let lists = self.found.iter().copied();
            lists
                .filter(|found| found.parent == parent)
                .filter(|found| matches!(found.member.ty, Type::List(_)))
                .filter(|found| !is_gone(&Text::new(&found.member.document)))
                .collect::<Vec<_>>()
        };
        let mut parents: Vec<Option<&str>> = Vec::new();
        for found in &self.found {
            if !parents.contains(&found.parent) && !of_parent(found.parent).is_empty() {
                parents.push(found.parent);
            }
        }
        let counted = |parent: &Option<&str>| totals.iter().any(|total| total.parent == *parent);
        let parent = match *parents {
            [] => return Err("there is no list of records"),
            [only] => only,
            _ => match *parents.iter().copied().filter(counted).collect::<Vec<_>>() {
                [only] => only,
                [] if parents.contains(&None) => None,
                _ => return Err("several objects have lists"),
            },
        };
        let lists = of_parent(parent);
        let total = single(totals.iter().filter(|total| total.parent == parent))
            .or_else(|| single(totals.iter()));
        let list = pick(&lists, noun, total.is_some())
            .ok_or("it is not known which of several lists has the records")?;
        if self.has_pages(&list) {
            return Err("the output has a list of pages");
        }
        if self.has_rows_in_a_text(&list, noun) {
            return Err("the records may be in a text");
        }
        let surely = is_noun(&list, noun) || is_generic(&list.member.name) && lists.len() == 1;
        if parents.len() > 1 && total.is_none() && !surely {
            return Err("several objects have lists");
        }
        Ok((list.path(), total.map(|total| total.path())))
    }

    /// Whether each element of a list is a page: a list, and how many there are of it.
    fn has_pages(&self, list: &Found<'_>) -> bool {
        let object = list.member.ty.object();
        let object = object.and_then(|name| self.description.objects.get(name));
        let members = object.map(|object| &*object.members).unwrap_or_default();
        members.iter().any(is_total)
            && members
                .iter()
                .any(|member| matches!(member.ty, Type::List(_)))
            && members.len() <= 4
    }

    /// Whether a text beside a list has the name that a list of records would have.
    fn has_rows_in_a_text(&self, list: &Found<'_>, noun: &str) -> bool {
        let text = |found: &Found<'_>| {
            found.parent == list.parent
                && matches!(found.member.ty, Type::Text(_))
                && (is_generic(&found.member.name) || is_noun(found, noun))
        };
        !is_generic(&list.member.name) && !is_noun(list, noun) && self.found.iter().any(text)
    }

    /// The members that are the number of all records.
    fn totals(&self) -> Vec<Found<'a>> {
        let all = self.found.iter().copied().filter(|found| {
            matches!(found.member.ty, Type::Integer { .. } | Type::Text(_))
                && is_total(found.member)
        });
        all.collect()
    }
}

/// The only one, if there is only one.
fn single<'a, 'b>(mut found: impl Iterator<Item = &'b Found<'a>>) -> Option<Found<'a>>
where
    'a: 'b,
{
    let first = found.next()?;
    found.next().is_none().then_some(*first)
}

fn is_gone(text: &Text) -> bool {
    text.has_any(&[
        "废弃",
        "弃用",
        "不再使用",
        "请不要使用",
        "旧参数",
        "已下线",
        "deprecated",
    ])
}

/// Whether a member is the number of all records, by its name and its text.
fn is_total(member: &Member) -> bool {
    let text = Text::new(&member.document);
    let name = member.name.to_ascii_lowercase();
    let surely = matches!(
        &*name,
        "totalcount"
            | "total"
            | "totalnum"
            | "totalcounts"
            | "totalnumber"
            | "totalcnt"
            | "totalrecords"
            | "totalrecord"
            | "totalrow"
            | "totalrows"
            | "totalitems"
            | "totalelements"
            | "total_count"
            | "totalrecordcount"
            | "totalrecordnum"
    );
    let perhaps = matches!(
        &*name,
        "count"
            | "num"
            | "length"
            | "size"
            | "recordnum"
            | "recordcount"
            | "allcount"
            | "recordscount"
            | "itemcount"
            | "listcount"
            | "sum"
            | "all"
            | "alltotal"
            | "number"
            | "totalitem"
    );
    let said = text.has_any(&[
        "总数",
        "总条数",
        "总量",
        "总记录",
        "总个数",
        "总共",
        "总计",
        "总的",
    ]);
    let excluded = text.has_any(&[
        "金额",
        "费用",
        "总价",
        "元)",
        "单位:元",
        "总页",
        "页数",
        "多少页",
        "页码",
        "当前页",
        "本页",
        "每页",
        "该页",
        "页大小",
        "本次",
        "单次",
        "当次",
        "此次",
        "预估",
        "估算",
        "估计",
        "大约",
        "约为",
        "近似",
        "等同",
        "不准",
        "不精确",
        "当页",
        "上限",
        "最大",
        "内部结果",
        "字节",
        "大小",
        "容量",
        "废弃",
        "弃用",
        "无效",
        "不返回",
        "才返回",
        "时返回",
        "时有值",
        "耗时",
        "配额",
        "缓存",
        "总和",
        "不代表",
        "<=limit",
        "长度",
        "列表元素",
        "列表条目",
        "列表项",
        "不影响",
        "不受过滤",
        "不受筛选",
        "不算筛选",
        "未过滤",
        "未筛选",
        "时有意义",
        "累计",
        "自增",
    ]) || text.has_any(&["返回", "显示", "获取", "结果个数"])
        && !said
        && !text.has_any(&["符合", "满足", "全部", "所有", "不受", "无关"])
        || text.has("最多") && !text.has("次最多")
        || text.has("次数") && !text.has("记录总数")
        || text.as_str().ends_with("id");
    let number = matches!(member.ty, Type::Integer { .. }) || text.has_any(&["数", "量"]);
    (surely || perhaps && said) && number && !excluded
}

/// Picks the list that has the records.
fn pick<'a>(lists: &[Found<'a>], noun: &str, counted: bool) -> Option<Found<'a>> {
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
fn is_noun(list: &Found<'_>, noun: &str) -> bool {
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

fn is_generic(name: &str) -> bool {
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
