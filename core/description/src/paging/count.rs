use super::text::Text;

/// What an offset, or a page's index or number, counts by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counts {
    /// Records before the page; whether the text says so, or only nothing else.
    Records {
        said: bool,
    },
    /// Pages, of which the first has this number.
    PagesFrom(u8),
    Unsaid(&'static str),
}

const CONTRADICTION: &str = "says one thing and another";
pub(super) const UNSAID: &str = "does not say where pages begin";
const CONDITION: &str = "holds only under a condition";
const UNUSED: &str = "is ignored, fixed or no longer supported";

/// What a member called offset counts.
pub(super) fn offset(text: &Text, example: Option<&str>) -> Counts {
    if is_unused(text) {
        return Counts::Unsaid(UNUSED);
    }
    match (worked(text), counts_records(text)) {
        (Some(Counts::Records { said }), _) => return Counts::Records { said },
        (Some(_), true) => return Counts::Unsaid(CONTRADICTION),
        (Some(pages), false) => return pages,
        (None, true) if text.has("total/limit") => return Counts::Unsaid(CONTRADICTION),
        (None, true) => return Counts::Records { said: true },
        (None, false) => {}
    }
    let far = example.and_then(|example| example.trim().parse::<u32>().ok());
    if counts_pages(text) {
        return match first_page(text) {
            _ if text.has_any(&["偏移", "返回的页数"]) => Counts::Unsaid(CONTRADICTION),
            Counts::PagesFrom(_) if far.is_some_and(|far| far > 5) => Counts::Unsaid(CONTRADICTION),
            counts => counts,
        };
    }
    match doubt(text) {
        Some(doubt) => Counts::Unsaid(doubt),
        None => Counts::Records { said: false },
    }
}

/// What a member called a page counts.
pub(super) fn page(text: &Text, example: Option<&str>) -> Counts {
    if is_unused(text) {
        return Counts::Unsaid(UNUSED);
    }
    if text.has_any(&[
        "=1时,",
        "=2时,",
        "=0时,",
        "为1时填写",
        "为2时填写",
        "为0时填写",
    ]) {
        return Counts::Unsaid(CONDITION);
    }
    let counts = match worked(text) {
        Some(counts) => counts,
        None if counts_records(text) || text.has("偏移") => Counts::Unsaid(CONTRADICTION),
        None => first_page(text),
    };
    match counts {
        Counts::Records { .. } => Counts::Unsaid(CONTRADICTION),
        Counts::PagesFrom(1) if example.is_some_and(|example| example.trim() == "0") => {
            Counts::Unsaid("begins at 1 by its text and at 0 by its example")
        }
        counts => counts,
    }
}

/// Whether a text says that its member does nothing.
pub(super) fn is_unused(text: &Text) -> bool {
    text.has_any(&[
        "固定设置",
        "固定为0",
        "固定为1",
        "固定值",
        "固定传",
        "不再使用",
        "不再生效",
        "不再读取",
        "不生效",
        "请忽略",
        "无效",
        "失效",
        "废弃",
        "弃用",
        "不支持",
        "未支持",
        "未使用",
        "无需传",
        "无需填",
        "保留字段",
        "预留",
        "传空字符串",
        "deprecated",
        "notsupported",
        "unsupported",
        "ignored",
    ])
}

/// What a worked example in the text shows.
fn worked(text: &Text) -> Option<Counts> {
    let second = |word| {
        let behind = text.numbers_after(word, 8, "第.;[");
        let behind = behind.map(|number| number.value);
        behind.chain(before(text, word))
    };
    let first = |word| {
        let behind = text.numbers_after(word, 6, "第.;[,");
        behind
            .map(|number| number.value)
            .chain(before(text, word))
            .next()
    };
    let second = ["第二页", "第2页"].into_iter().flat_map(second).next()?;
    let first = ["第一页", "第1页", "首页"].into_iter().find_map(first);
    Some(match (first, second) {
        (Some(0) | None, 1) => Counts::PagesFrom(0),
        (Some(1) | None, 2) => Counts::PagesFrom(1),
        (Some(0) | None, 5..) => Counts::Records { said: true },
        _ => Counts::Unsaid(CONTRADICTION),
    })
}

/// The number that a word such as `第二页` explains: `offset=100表示第二页`.
fn before<'a>(text: &'a Text, word: &'a str) -> impl Iterator<Item = u32> {
    text.numbers().filter_map(move |number| {
        let between = number.behind.split(word).next()?;
        let leads = number.behind.len() > between.len()
            && ["表示", ",表示", "则表示", ",则表示", "为", "是", "代表"].contains(&between);
        leads.then_some(number.value)
    })
}

/// Whether the text says in words or by a formula that records are counted.
fn counts_records(text: &Text) -> bool {
    text.has_any(&[
        "-1)*",
        "*(页码-1)",
        "*(page-1)",
        "*(pagenumber-1)",
        "*(pagenum-1)",
        "*(当前页-1)",
        "整数倍",
        "倍数",
        "offset+",
        "第offset",
        "第几条",
        "第几行",
        "第几个",
        "多少条",
        "第n条",
        "limit10offset20",
        "第一条记录为0",
        "跳过",
    ])
}

/// Whether the text says that pages are counted.
fn counts_pages(text: &Text) -> bool {
    text.has_any(&[
        "页码",
        "页数",
        "页号",
        "页编号",
        "页序号",
        "分页码",
        "几页",
        "多少页",
        "当前页",
        "第0页",
        "分页索引",
        "页索引",
        "起始页",
        "分页page",
        "页标",
        "pagenumber",
        "pageindex",
        "whichpage",
    ])
}

/// The number of the first page.
fn first_page(text: &Text) -> Counts {
    let default = || {
        let words = ["默认", "缺省", "不填则为", "不传则为", "default"];
        words
            .into_iter()
            .flat_map(|word| text.numbers_after(word, 8, ",.;()[<>").map(|n| n.value))
    };
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.has_number(phrase));
    let zero = default().any(|number| number == 0)
        || says(&[
            "从0",
            "从第0",
            "0开始",
            "起始值为0",
            "起始为0",
            "以0开始",
            "第一页为0",
            "第一页是0",
            "第一页:0",
            "第一页=0",
            "首页为0",
            "startfrom0",
            "startsfrom0",
            "startingfrom0",
            "startsat0",
            "startat0",
        ])
        || text.has_any(&["0表示第一页", "0为第一页", "0代表第一页"])
            && !text.has_any(&["10表示", "10为", "10代表"]);
    let one = default().any(|number| number == 1)
        || says(&[
            "从1",
            "从第1页",
            "起始值为1",
            "起始为1",
            "起始页为1",
            "以1开始",
            "第一页为1",
            "第一页是1",
            "第一页:1",
            "首页为1",
            "1为起始",
            "startfrom1",
            "startsfrom1",
            "startingfrom1",
            "startsat1",
            "startat1",
            ">=1",
            "大于等于1",
            "大于或等于1",
            "不能小于1",
            "不小于1",
            "不得小于1",
            "最小值为1",
            "最小值是1",
            "最小值:1",
            "最小值1",
            "最小为1",
            "最小1",
            "范围1",
            "范围:1",
            "范围为1",
            "[1",
        ])
        || says(&[">0", "大于0"])
        || text.has_any(&["1开始"]) && !text.has_any(&["11开始", "21开始"])
        || text.has("1表示第一页") && !text.has("11表示");
    match (zero, one) {
        (true, true) => Counts::Unsaid(CONTRADICTION),
        (true, false) => Counts::PagesFrom(0),
        (false, true) => Counts::PagesFrom(1),
        (false, false) => Counts::Unsaid(UNSAID),
    }
}

/// Why an offset's text that counts neither records nor pages may still not be a bare offset.
fn doubt(text: &Text) -> Option<&'static str> {
    let offset = text.has_any(&[
        "偏移", "起始", "开始", "位置", "offset", "位移", "起点", "下标",
    ]);
    let begins_at_1 = text
        .numbers_after("默认", 4, ",.;()[")
        .any(|number| number.value == 1)
        || ["从1", "起始值为1", "[1", ">0", "大于0"]
            .iter()
            .any(|phrase| text.has_number(phrase));
    let pages = text.has_any(&["第一页", "首页", "单页", "页面", "当页"])
        || text.as_str().match_indices("页偏移").any(|(at, _)| {
            let before = text.as_str().get(..at).unwrap_or_default();
            !before.ends_with('分') && !before.ends_with('翻')
        });
    if begins_at_1 {
        Some("does not begin at 0")
    } else if pages {
        Some("may count pages")
    } else if text.has("位点") {
        Some("is a position in a log")
    } else if text.has_any(&["offset>0时", "offset大于0时"]) {
        Some("asks for more than an offset")
    } else if text.has_any(&["0表示全量", "0表示全部"]) {
        Some("has a value of its own at 0")
    } else if text.has_any(&[
        "分页下标",
        "分页值",
        "步长",
        "排序",
        "页大小",
        "filters",
        "分片",
    ]) || text.has("游标") && !offset
        || text.has_any(&["数量", "条数", "数目", "每页", "输出"]) && !offset && !text.has("记录数")
    {
        Some("speaks of something else than an offset")
    } else {
        None
    }
}
