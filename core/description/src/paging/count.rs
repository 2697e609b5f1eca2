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
    // An example such as 10 is a number of records, hardly one of pages.
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
        "不需要传",
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

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: Counts = Counts::Records { said: true };
    const BARE: Counts = Counts::Records { said: false };

    #[test]
    fn a_bare_offset_counts_records() {
        for text in [
            "",
            "offset",
            "偏移量",
            "偏移量，默认为0。",
            "分页参数",
            "起始下标，默认0",
            "查询起始位置",
            "偏移量，大于等于0",
        ] {
            assert_eq!(offset(&Text::new(text), None), BARE, "{text}");
        }
    }

    #[test]
    fn formulas_and_worked_examples_outrank_words() {
        for text in [
            "偏移，(页码-1)*Limit",
            "<p>offset = limit * (页码 - 1)</p>",
            "取 Limit 的整数倍",
            "第一页为0，第二页为10",
            "Offset=0 表示第一页，Limit=100 时 Offset=100 表示第二页",
            "从第几条开始",
        ] {
            assert_eq!(offset(&Text::new(text), None), SAID, "{text}");
        }
        let pages = "偏移量，Offset=0表示第一页；Offset=1，则表示第二页";
        assert_eq!(offset(&Text::new(pages), None), Counts::PagesFrom(0));
        let page = "PageNo=1 表示第一页，PageNo=2 表示第二页";
        assert_eq!(super::page(&Text::new(page), None), Counts::PagesFrom(1));
    }

    #[test]
    fn an_offset_whose_text_counts_pages_is_a_page() {
        for (text, first) in [
            ("页编号，默认值为第0页", 0),
            ("第几页，从 0 开始", 0),
            ("分页，页数，默认值：0", 0),
            ("第多少页，默认是1", 1),
            ("分页号, 起始值为1", 1),
        ] {
            assert_eq!(
                offset(&Text::new(text), None),
                Counts::PagesFrom(first),
                "{text}"
            );
        }
        let unsaid = offset(&Text::new("页码"), Some("0"));
        assert_eq!(unsaid, Counts::Unsaid(UNSAID));
        let far = offset(&Text::new("分页码，默认0"), Some("10"));
        assert_eq!(far, Counts::Unsaid(CONTRADICTION));
    }

    #[test]
    fn an_offset_of_which_something_else_is_said_is_unclear() {
        for text in [
            "偏移量，默认1",
            "偏移量，大于0",
            "页偏移量",
            "偏移量页数",
            "位点",
            "目前固定设置为0",
            "已不再使用，请忽略",
            "每页返回的数目",
            "分页偏移量，0 表示全量",
            "整数倍，最大值=Total/Limit",
            "Offset>0 时还要版本",
        ] {
            let counts = offset(&Text::new(text), None);
            assert!(matches!(counts, Counts::Unsaid(_)), "{text}: {counts:?}");
        }
    }

    #[test]
    fn a_page_begins_where_its_text_says() {
        for (text, first) in [
            ("页码，从1开始", 1),
            ("页码 默认值：1", 1),
            ("页码，取值范围[1,100]", 1),
            ("必须大于0", 1),
            ("页数 取值范围：&gt;=1", 1),
            ("最小值为 1", 1),
            ("不传或传0时 会默认为1", 1),
            ("页码(从0开始)", 0),
            ("0表示第一页", 0),
            ("默认0，从0开始", 0),
        ] {
            assert_eq!(
                page(&Text::new(text), Some("1")),
                Counts::PagesFrom(first),
                "{text}"
            );
        }
    }

    #[test]
    fn a_page_whose_beginning_is_not_said_is_not_guessed() {
        for text in [
            "",
            "页码",
            "第几页",
            "页数",
            "page number",
            "默认第一页",
            "默认10",
        ] {
            assert_eq!(
                page(&Text::new(text), Some("1")),
                Counts::Unsaid(UNSAID),
                "{text}"
            );
        }
    }

    #[test]
    fn a_page_that_contradicts_itself_or_its_example_is_unclear() {
        for (text, example) in [
            ("从0开始，默认1", "1"),
            ("页码，默认为1", "0"),
            ("Type=1时，页码从1开始", "1"),
            ("该字段已废弃", "1"),
            ("(页码-1)*每页条数", "0"),
        ] {
            let counts = page(&Text::new(text), Some(example));
            assert!(matches!(counts, Counts::Unsaid(_)), "{text}: {counts:?}");
        }
    }
}
