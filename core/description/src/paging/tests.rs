use alloc::{format, string::String, vec::Vec};

use super::*;

/// A description of one action, of which members are given as `name type text`: `[T]` is a list of `T`, and what is
/// neither a list nor a scalar is an object.
fn described(action: &str, input: &[&str], output: &[&str], objects: &[(&str, &[&str])]) -> Paging {
    let member = |line: &&str| {
        let mut words = line.splitn(3, ' ');
        let mut next = || words.next().unwrap_or_default();
        let (name, ty, document) = (next(), next(), next());
        let each = ty.trim_matches(['[', ']']);
        let kind = match each {
            _ if ty.starts_with('[') => "list",
            "string" => "string",
            "bool" => "bool",
            "float" => "float",
            "int64" | "uint64" => "int",
            _ => "object",
        };
        format!(
            r#"{{"name": "{name}", "type": "{kind}", "member": "{each}", "document": "{document}"}}"#
        )
    };
    let object = |(name, members): (&str, &[&str])| {
        let members: Vec<_> = members.iter().map(member).collect();
        format!(r#""{name}": {{"members": [{}]}}"#, members.join(","))
    };
    let all = [("In", input), ("Out", output), ("Thing", &[])];
    let all: Vec<String> = all
        .into_iter()
        .chain(objects.iter().copied())
        .map(object)
        .collect();
    let json = format!(
        r#"{{"metadata": {{"serviceShortName": "test", "apiVersion": "2020-01-01"}},
            "actions": {{"{action}": {{"input": "In", "output": "Out"}}}}, "objects": {{{}}}}}"#,
        all.join(",")
    );
    let description = Description::parse(json.as_bytes()).unwrap();
    description.paging(action).unwrap()
}

fn things(input: &[&str], output: &[&str]) -> Paging {
    described("DescribeThings", input, output, &[])
}

const OFFSET: &[&str] = &["Offset int64 偏移量", "Limit int64 默认20，最大100"];
const PLAIN: &[&str] = &["TotalCount int64 总数", "ThingSet [Thing] 列表"];

#[test]
fn an_offset_walks_by_records() {
    let paging = things(OFFSET, PLAIN);
    let expected = Paging {
        dialect: Dialect::ItemOffset,
        offset: Some("Offset".into()),
        limit: Some("Limit".into()),
        token_in: None,
        token_out: None,
        last: None,
        total: Some("TotalCount".into()),
        list: Some("ThingSet".into()),
        max_limit: Some(100),
        default_limit: Some(20),
        why: "`Offset` is an offset, nothing says that it counts pages".into(),
    };
    assert_eq!(paging, expected);
    assert!(paging.is_known());
}

#[test]
fn the_same_names_are_told_apart_by_their_texts() {
    for (text, dialect) in [
        ("第多少页，从0开始", Dialect::PageIndex),
        ("第多少页，默认是1", Dialect::PageNumber),
        ("第多少页", Dialect::Unclear),
    ] {
        let offset = format!("Offset int64 {text}");
        assert_eq!(things(&[&offset, "Limit int64"], PLAIN).dialect, dialect);
    }
}

#[test]
fn a_page_says_by_itself_or_in_the_answer_where_it_begins() {
    let silent = &["PageNumber int64 页码", "PageSize int64"];
    let paging = things(silent, PLAIN);
    assert_eq!(paging.dialect, Dialect::Unclear);
    assert_eq!(paging.why, "`PageNumber` does not say where pages begin");
    assert_eq!(paging.list, None);
    let echoed = [PLAIN, &["PageNumber int64 当前页，从1开始"]].concat();
    assert_eq!(things(silent, &echoed).dialect, Dialect::PageNumber);
}

#[test]
fn paging_in_an_object_has_dots_and_needs_a_total() {
    let objects: &[(&str, &[&str])] = &[("Filter", OFFSET)];
    let input = &["Filter Filter 过滤"];
    let paging = described("DescribeThings", input, PLAIN, objects);
    assert_eq!(paging.offset.as_deref(), Some("Filter.Offset"));
    assert_eq!(paging.limit.as_deref(), Some("Filter.Limit"));
    let paging = described("DescribeThings", input, &["ThingSet [Thing]"], objects);
    assert_eq!(paging.dialect, Dialect::Unclear);
}

#[test]
fn writes_have_no_pages() {
    for action in ["CreateThings", "ChannelCreateThings", "DeleteThings"] {
        let paging = described(action, OFFSET, PLAIN, &[]);
        assert_eq!(paging.dialect, Dialect::None, "{action}");
    }
    let paging = described("ExportThings", OFFSET, PLAIN, &[]);
    assert_eq!(paging.dialect, Dialect::Unclear);
}

#[test]
fn what_asks_for_no_page_has_none() {
    assert_eq!(things(&["Name string"], PLAIN).dialect, Dialect::None);
    assert_eq!(
        things(&["Name string"], &["Name string"]).dialect,
        Dialect::None
    );
    let first_few = &["Limit int64 TOP N"];
    assert_eq!(things(first_few, PLAIN).dialect, Dialect::None);
    assert_eq!(
        things(&["Limit int64 数量"], PLAIN).dialect,
        Dialect::Unclear
    );
    let by_the_last_id = &["LastId string 上一页的最后一个"];
    assert_eq!(things(by_the_last_id, PLAIN).dialect, Dialect::Unclear);
    let queue = described(
        "ReceiveMessage",
        &["Num int64"],
        &["Messages [string]"],
        &[],
    );
    assert_eq!(queue.dialect, Dialect::None);
}

#[test]
fn offsets_that_are_ignored_or_positions_in_a_log_are_not_walked() {
    for text in ["请忽略", "固定设置为0", "位点信息"] {
        let offset = format!("Offset int64 {text}");
        let paging = things(&[&offset, "Limit int64"], PLAIN);
        assert_eq!(paging.dialect, Dialect::Unclear, "{text}");
    }
}

#[test]
fn a_total_is_the_number_of_all_records_or_none() {
    let total = |member: &str| things(OFFSET, &[member, "ThingSet [Thing]"]).total;
    for member in [
        "TotalCount int64",
        "Total string 总数",
        "RecordNum int64 总条数",
    ] {
        let name = member.split_once(' ').map(|(name, _)| name.into());
        assert_eq!(total(member), name, "{member}");
    }
    for member in [
        "Total float 总计",
        "Total string 总计",
        "Total string 总金额",
        "TotalCount int64 本次返回的数量",
        "TotalCount int64 返回数量",
        "TotalCount int64 总页数",
        "Total int64 估算的总数",
        "Total int64 总数，未过滤",
        "Count int64 数量",
        "TotalPage int64",
    ] {
        assert_eq!(total(member), None, "{member}");
    }
    let two = &[
        "Total int64 总数",
        "TotalCount int64 总数",
        "ThingSet [Thing]",
    ];
    assert_eq!(things(OFFSET, two).total, None);
}

#[test]
fn a_total_that_must_be_asked_for_is_none() {
    let need = |text: &str| {
        let need = format!("NeedRecordNum int64 {text}");
        things(&[OFFSET, &[&need]].concat(), PLAIN).total
    };
    assert_eq!(need("是否需要总数，默认不需要"), None);
    assert_eq!(
        need("是否返回总数，默认返回").as_deref(),
        Some("TotalCount")
    );
}

#[test]
fn totals_and_lists_may_be_in_an_object() {
    let objects: &[(&str, &[&str])] = &[("Data", PLAIN), ("Sum", &["TotalCount int64 总数"])];
    let paging = described("DescribeThings", OFFSET, &["Data Data"], objects);
    assert_eq!(paging.list.as_deref(), Some("Data.ThingSet"));
    assert_eq!(paging.total.as_deref(), Some("Data.TotalCount"));
    let beside = &["Sum Sum", "ThingSet [Thing]"];
    let paging = described("DescribeThings", OFFSET, beside, objects);
    assert_eq!(paging.total.as_deref(), Some("Sum.TotalCount"));
}

#[test]
fn of_several_lists_one_must_surely_have_the_records() {
    let objects: &[(&str, &[&str])] = &[("Other", &[]), ("FilterValue", &[])];
    let list = |output: &[&str]| {
        let output = [&["TotalCount int64"], output].concat();
        described("DescribeThings", OFFSET, &output, objects).list
    };
    for (output, name) in [
        (&["Things [Other]", "Others [Other]"][..], None),
        (&["ThingSet [Thing]", "Others [Other]"], Some("ThingSet")),
        (&["Data [Other]", "Names [string] 名称"], Some("Data")),
        (
            &["Data [Other]", "Regions [FilterValue] 地域"],
            Some("Data"),
        ),
        (&["A [Other]", "B [FilterValue]"], Some("A")),
        (&["A [Other]", "B [Thing]"], Some("B")),
        (&["In [Other] 入站", "Eg [Other] 出站"], None),
        (&["Old [Other] 已废弃", "New [Other]"], Some("New")),
        (&["Names [string]", "Ids [string]"], None),
    ] {
        assert_eq!(list(output).as_deref(), name, "{output:?}");
    }
}

#[test]
fn a_list_of_scalars_is_a_list_of_records() {
    let paging = things(OFFSET, &["TotalCount int64", "Keys [string]"]);
    assert_eq!(paging.list.as_deref(), Some("Keys"));
}

#[test]
fn rows_in_a_text_and_pages_in_a_list_are_unclear() {
    let rows = &["Data string 日志", "TotalCount int64", "Protocols [string]"];
    assert_eq!(things(OFFSET, rows).dialect, Dialect::Unclear);
    let schema = &["ResultSet string 行", "ResultSchema [string] 列"];
    assert_eq!(things(OFFSET, schema).dialect, Dialect::Unclear);
    let pages = &["Result [Page] 结果"];
    let objects: &[(&str, &[&str])] = &[("Page", PLAIN)];
    let paging = described("DescribeThings", OFFSET, pages, objects);
    assert_eq!(paging.dialect, Dialect::Unclear);
    assert_eq!(
        things(OFFSET, &["TotalCount int64"]).dialect,
        Dialect::Unclear
    );
}

#[test]
fn a_token_leads_to_the_next_one_and_its_flag_outranks_it() {
    let input = &["NextToken string 下一页", "MaxResults int64 默认10"];
    let output = &["ThingSet [Thing]", "NextToken string 下一页"];
    let paging = things(input, output);
    assert_eq!(paging.dialect, Dialect::Token);
    assert_eq!(paging.token_in.as_deref(), Some("NextToken"));
    assert_eq!(paging.token_out.as_deref(), Some("NextToken"));
    assert_eq!((paging.last, paging.default_limit), (None, Some(10)));

    let flag = |flag: &str| things(input, &[output, &[flag][..]].concat());
    let last = |name: &str, at_end| Some((name.into(), at_end));
    assert_eq!(
        flag("IsTruncated bool 是否截断").last,
        last("IsTruncated", false)
    );
    assert_eq!(flag("ListOver bool 是否结束").last, last("ListOver", true));
    assert_eq!(flag("ListOver bool 是否还有").dialect, Dialect::Unclear);
    assert_eq!(flag("HasMore int64 0-否").dialect, Dialect::Unclear);
}

#[test]
fn a_token_may_have_any_name_that_its_next_one_has() {
    for (name, next) in [
        ("Cursor", "NextCursor"),
        ("PageToken", "NextPageToken"),
        ("ThingIdMarker", "NextThingIdMarker"),
        ("Context", "Context"),
    ] {
        let (input, output) = (format!("{name} string"), format!("{next} string"));
        let paging = things(&[&input], &["ThingSet [Thing]", &output]);
        assert_eq!(paging.dialect, Dialect::Token, "{name}");
        assert_eq!(paging.token_out.as_deref(), Some(next));
    }
    let plain = things(&["Context string 上下文"], &["ThingSet [Thing]"]);
    assert_eq!(plain.dialect, Dialect::Unclear);
}

#[test]
fn a_token_beside_an_offset_is_a_help_a_rival_or_unclear() {
    let beside = |text: &str, offset: &str| {
        let (token, offset) = (
            format!("Context string {text}"),
            format!("Offset int64 {offset}"),
        );
        let output = &["ThingSet [Thing]", "Context string"];
        things(&[&offset, "Limit int64", &token], output)
    };
    let help = beside("可加快查询", "偏移量");
    assert_eq!(help.dialect, Dialect::ItemOffset);
    assert_eq!(help.token_in.as_deref(), Some("Context"));
    let rival = beside("不能与 Offset 同时使用", "偏移量");
    assert_eq!((rival.dialect, rival.token_in), (Dialect::ItemOffset, None));
    let better = beside("", "不要与 Context 同时使用，优先使用 Context");
    assert_eq!((better.dialect, better.offset), (Dialect::Token, None));
    let dead = beside("已失效", "偏移量");
    assert_eq!((dead.dialect, dead.token_in), (Dialect::ItemOffset, None));
    assert_eq!(beside("翻页用", "偏移量").dialect, Dialect::Unclear);
}
