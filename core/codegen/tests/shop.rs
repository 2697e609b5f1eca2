//! A module of a shop that doesn't exist: it is generated as it stands here, it compiles, and it works.

#[path = "shop/mod.rs"]
pub mod shop;

use serde_json::json;
use tc3_codegen::{Options, Overlay, generate};
use tc3_core::{
    Action, Paginate, Remedy,
    error::Kind,
    pagination::{End, Paging, Slot},
    types::Number,
};
use tc3_description::Description;

use shop::{
    Article, Box, CloseShop, CreateOrder, CreateOrderResponse, DescribeArticles,
    DescribeArticlesResponse, DescribeNames, DescribeNamesResponse, DescribeOrders,
    DescribeOrdersResponse, DescribePayments, DescribePaymentsResponse, DescribeRegions,
    DescribeReports, DescribeShifts, DescribeVisits, DescribeVisitsResponse, Lid, Line, Page,
    State, Tag,
};

fn description() -> Description {
    Description::parse(include_bytes!("shop/api.json")).unwrap()
}

fn options() -> Options {
    Options {
        overlay: Overlay::parse(include_str!("shop/overlay.toml")).unwrap(),
        ..Options::default()
    }
}

#[test]
fn the_module_is_what_is_generated() {
    let generated = generate(&description(), &options()).unwrap();
    assert!(
        generated.code == include_str!("shop/mod.rs"),
        "run in core/codegen: cargo run -- --description tests/shop/api.json \
         --overlay tests/shop/overlay.toml --out tests/shop/mod.rs"
    );
    let summary = serde_json::to_value(&generated.summary).unwrap();
    let skipped = json!([{"action": "WatchShop", "why": "it answers with events"}]);
    let counts = json!({"service": "shop", "version": "2024-01-01", "actions": 12, "typed": 11,
        "paged": 6, "objects": 25, "skipped": skipped});
    assert_eq!(summary, counts);
}

#[test]
fn an_action_takes_what_it_needs_and_nothing_else() {
    let mut options = options();
    options.actions = ["CreateOrder".into()].into();
    let generated = generate(&description(), &options).unwrap();
    let structs = generated.code.lines();
    let structs = structs.filter_map(|line| line.strip_prefix("pub struct ")?.split(' ').next());
    assert_eq!(
        structs.collect::<Vec<_>>(),
        [
            "CreateOrder",
            "Box",
            "CreateOrderObject",
            "CreateOrderResponse",
            "Mistake",
            "Lid",
            "Line",
            "Tag"
        ]
    );
    assert_eq!(generated.summary.actions, 1);
}

#[test]
fn a_type_is_the_same_whatever_else_is_asked_for() {
    let mut options = options();
    options.actions = ["DescribeOrders".into()].into();
    let some = generate(&description(), &options).unwrap().code;
    let all = include_str!("shop/mod.rs");
    // `Tag` is sent by another action.
    for block in some
        .split("\n\n")
        .filter(|block| block.contains("pub struct"))
    {
        assert!(all.contains(block), "{block}");
    }
}

#[test]
fn an_input_sends_what_is_set() {
    let order = CreateOrder::new([Line::new(7).with_count(-1)], "me")
        .with_discount(3)
        .with_tags([Tag::new("env").with_values(["a", "b"])])
        .with_options(Vec::<String>::new())
        .with_box(Box::new().with_lid(Lid::new(Box::new()).with_color("red")));
    let json = json!({
        "Lines": [{"Article": 7, "Count": -1}], "Buyer": "me", "Discount": 3,
        "Tags": [{"Key": "env", "Values": ["a", "b"]}], "Options": [],
        "Box": {"Lid": {"Box": {}, "Color": "red"}},
    });
    assert_eq!(serde_json::to_value(&order).unwrap(), json);
    let read: CreateOrder = serde_json::from_value(json).unwrap();
    assert_eq!(read, order);
}

#[test]
fn a_stored_input_is_read_strictly() {
    for json in [
        r#"{"Lines": [], "Buyer": "me", "Byuer": 1}"#,
        r#"{"Lines": [{"Article": 7, "Cuont": 1}], "Buyer": "me"}"#,
        r#"{"Lines": [[7, 1]], "Buyer": "me"}"#,
        r#"{"Lines": [], "Buyer": "me", "Tags": [{"Key": "env", "Vaules": []}]}"#,
        r#"[[], "me"]"#,
    ] {
        assert!(serde_json::from_str::<CreateOrder>(json).is_err(), "{json}");
    }
}

#[test]
fn a_password_is_sent_and_not_shown() {
    let close = CloseShop::new("not-a-real-password");
    assert_eq!(
        serde_json::to_value(&close).unwrap(),
        json!({"Password": "not-a-real-password"})
    );
    assert_eq!(format!("{close:?}"), "CloseShop { .. }");
}

#[test]
fn a_type_of_the_overlay_is_written_as_the_description_says() {
    let article: Article = serde_json::from_value(json!({"Price": "1.50"})).unwrap();
    assert_eq!(article.price, Some("1.50".parse().unwrap()));
    assert_eq!(
        serde_json::to_string(&article).unwrap(),
        r#"{"Price":1.50}"#
    );
}

#[test]
fn names_that_are_no_fields_come_back() {
    let names = DescribeNames::new()
        .with_self("a")
        .with_type("b")
        .with_db_instance_ids(["c"]);
    let names = names.with_vpcs(["d"]).with_ipv6("e").with_5g_name("f");
    let names = names.with_instance_id("g").with_instance_id_2("h");
    let json = json!({"self": "a", "Type": "b", "DBInstanceIds": ["c"], "VPCs": ["d"], "IPv6": "e",
        "5GName": "f", "InstanceID": "g", "InstanceId": "h"});
    assert_eq!(serde_json::to_value(&names).unwrap(), json);
}

#[test]
fn an_output_is_read_leniently_and_written_back() {
    let json = json!({"Option": {"Key": 7}, "Result": null, "String": {"Length": "3", "More": []},
        "Vec": {"X": "0.10"}, "Days": null, "Counts": ["1", 2.0]});
    let names: DescribeNamesResponse = serde_json::from_value(json).unwrap();
    assert_eq!(names.option.as_ref().unwrap().key.as_deref(), Some("7"));
    assert_eq!(
        names.vec.as_ref().unwrap().x,
        Some("0.10".parse::<Number>().unwrap())
    );
    assert_eq!(
        (names.result.is_none(), names.days.len(), &*names.counts),
        (true, 0, &[1, 2][..])
    );
    let written = r#"{"Option":{"Key":"7"},"String":{"Length":3},"Vec":{"X":0.10},"Counts":[1,2]}"#;
    assert_eq!(serde_json::to_string(&names).unwrap(), written);

    let made: CreateOrderResponse = serde_json::from_str(
        r#"{"Order": {"Note": "x"}, "Error": {"Reason": "none"}, "RequestId": "1"}"#,
    )
    .unwrap();
    assert_eq!(made.error.unwrap().reason.as_deref(), Some("none"));
}

#[test]
fn a_text_may_come_as_an_integer_and_not_as_another_number() {
    let read = |key: &str| {
        let json = format!(r#"{{"Option": {{"Key": {key}}}}}"#);
        let names: Result<DescribeNamesResponse, _> = serde_json::from_str(&json);
        names.map(|names| names.option.unwrap().key.unwrap())
    };
    for integer in ["1000", "-9223372036854775808", "18446744073709551615"] {
        assert_eq!(read(integer).unwrap(), integer);
    }
    for other in ["1000.5", "1000.0", "1e3", "18446744073709551616"] {
        read(other).unwrap_err();
    }
}

#[test]
fn what_an_action_is_stands_in_its_constants() {
    let target = CloseShop::new("").target();
    assert_eq!(
        (&*target.service, &*target.version, &*target.action),
        ("shop", "2024-01-01", "CloseShop")
    );
    assert!(!target.repeatable && target.confidential && target.regional && target.signed);
    let target = DescribeRegions::new().target();
    assert!(target.repeatable && !target.confidential && !target.regional && !target.signed);
    assert_eq!((target.rate, DescribeOrders::RATE), (20, 5));
    let _ = shop::GetCallerIdentity::new();
}

#[test]
fn what_would_be_refused_is_not_sent() {
    let rule = |result: Result<(), tc3_core::Invalid>| result.unwrap_err().to_string();
    assert!(rule(CreateOrder::new([], "me").check()).contains("Lines"));
    for limit in [0, 301] {
        let orders = DescribeOrders::new().with_limit(limit);
        assert!(rule(orders.check()).contains("must be from 1 to 300"));
    }
    DescribeOrders::new().with_limit(300).check().unwrap();
    DescribeOrders::new().check().unwrap();
    let page = |size| DescribeArticles::new().with_page(Page::new().with_size(size));
    assert!(rule(page(-1).check()).contains("Page.Size"));
    page(50).check().unwrap();
    DescribeArticles::new().check().unwrap();
}

#[test]
fn a_nested_list_has_pages() {
    let mut list = DescribeArticles::new().with_page(Page::new().with_index(2).with_size(10));
    let start = list.start();
    assert_eq!((start.offset, start.limit), (Some(2), Some(10)));
    let mut slot = Slot::new(3, 50);
    slot.token = Some("-7".into());
    list.turn_to(&slot);
    let json = json!({"Page": {"Index": 3, "Size": 50}, "Context": -7});
    assert_eq!(serde_json::to_value(&list).unwrap(), json);
    assert_eq!(DescribeArticles::PAGING, Paging::PageIndex);
    assert_eq!(
        (DescribeArticles::PAGE_SIZE, DescribeArticles::MAX_PAGE_SIZE),
        (50, 50)
    );

    let mut output: DescribeArticlesResponse = serde_json::from_value(json!({"Data": {
        "List": [{"Id": 1, "Type": "a", "Price": "1.50"}, {"Id": 2}],
        "TotalCount": "12", "Context": 9, "IsLast": false}}))
    .unwrap();
    let info = DescribeArticles::page_info(&output);
    assert_eq!(
        (info.len, info.total, info.token.as_deref()),
        (2, Some(12), Some("9"))
    );
    let list = &output.data.as_ref().unwrap().list;
    let identity = |item: &Article| DescribeArticles::identity(item).map(|it| it.into_owned());
    assert_eq!(identity(&list[0]).as_deref(), Some("(1, \"a\")"));
    assert_eq!(identity(&list[1]), None);
    assert_eq!(list[0].price.unwrap().to_string(), "1.50");

    DescribeArticles::retain(&mut output, &mut |item| item.id == Some(2));
    output.data.as_mut().unwrap().is_last = Some(true);
    let info = DescribeArticles::page_info(&output);
    assert_eq!((info.len, info.token), (1, None));
    assert_eq!(DescribeArticles::into_items(output).len(), 1);
    let info = DescribeArticles::page_info(&DescribeArticlesResponse::default());
    assert_eq!((info.len, info.total), (0, None));
}

#[test]
fn a_required_page_size_is_sent_without_being_set_and_left_to_the_walk() {
    let orders = DescribeOrders::new();
    assert_eq!(orders.start().limit, None);
    assert_eq!(DescribeOrders::PAGE_SIZE, 200);
    let json = json!({"Limit": 200});
    assert_eq!(serde_json::to_value(&orders).unwrap(), json);
    let stored: DescribeOrders = serde_json::from_value(json!({})).unwrap();
    assert_eq!(stored, orders);
}

#[test]
fn a_range_of_months_is_an_action_for_each() {
    let month = |text: &str| text.parse::<tc3_core::Month>().unwrap();
    let orders = DescribeOrders::new().with_limit(30);
    let first = orders.clone().with_of_month(month("2023-12"));
    let months = first.clone().through(month("2024-02")).unwrap();
    let names: Vec<_> = months.iter().filter_map(Paginate::window).collect();
    assert_eq!(names, ["2023-12", "2024-01", "2024-02"]);
    assert_eq!(months[0], first);
    assert!(months.iter().all(|list| list.limit == Some(30)));

    let rule = |action: DescribeOrders| action.through(month("2023-11")).unwrap_err().to_string();
    assert_eq!(rule(orders), "Month must be set to start a range of months");
    assert_eq!(
        rule(first.clone()),
        "Month must not be after the last month"
    );
    assert_eq!(
        rule(first.with_day("2024-01-31")),
        "Day must not be set in a range of months"
    );
}

#[test]
fn an_answer_whose_data_is_not_ready_is_a_refusal() {
    for (ready, is_ready) in [
        (r#""Ready": 0"#, false),
        (r#""Ready": "0""#, false),
        (r#""Ready": 1"#, true),
        (r#""Ready": null"#, true),
        (r#""Total": 0"#, true),
    ] {
        for rest in [
            "",
            r#", "OrderSet": null"#,
            r#", "OrderSet": []"#,
            r#", "OrderSet": [{"Id": "o1"}]"#,
        ] {
            let body = format!(r#"{{"Response": {{{ready}{rest}, "RequestId": "5e1f"}}}}"#);
            let answer = http::Response::new(body.clone().into());
            let read = tc3_core::wire::response::read::<DescribeOrders>(&answer);
            let refused = read.as_ref().err().map(|error| {
                let refusal = error.refusal().unwrap();
                (refusal.kind(), error.remedy(), error.request_id())
            });
            let later = (Kind::NotReady, Remedy::Later, Some("5e1f"));
            assert_eq!(refused, (!is_ready).then_some(later), "{body}");
        }
    }
}

#[test]
fn an_offset_may_be_a_text_and_a_limit_required() {
    let mut list = DescribeOrders::new()
        .with_limit(30)
        .with_offset("60")
        .with_of_month("2024-02".parse().unwrap());
    let start = list.start();
    assert_eq!((start.offset, start.limit), (Some(60), Some(30)));
    list.turn_to(&Slot::new(90, 300));
    let json = json!({"Limit": 300, "Offset": "90", "Month": "2024-02"});
    assert_eq!(serde_json::to_value(&list).unwrap(), json);
    assert_eq!(
        (DescribeOrders::END, DescribeOrders::MAX_PAGE_SIZE),
        (End::ShortPage, 300)
    );

    let output: DescribeOrdersResponse = serde_json::from_value(json!({"Total": -1, "OrderSet": [
        {"Id": "o1", "State": "paid", "Created": "2024-02-29 12:30:00", "Tags": [{"Key": "env"}]},
        {"State": "lost"}]}))
    .unwrap();
    let info = DescribeOrders::page_info(&output);
    assert_eq!((info.len, info.total), (2, None));
    assert_eq!(
        DescribeOrders::identity(&output.order_set[0]).as_deref(),
        Some("o1")
    );
    let states = output
        .order_set
        .iter()
        .map(|order| order.state.clone().unwrap());
    let states: Vec<_> = states.collect();
    assert_eq!(states, [State::PAID, State::new("lost")]);
    assert!(states[0].is_known() && !states[1].is_known());
    assert_eq!(State::KNOWN.len(), 4);
}

#[test]
fn the_first_page_has_the_token_that_the_action_requires() {
    let mut list = DescribeVisits::new(1, 10, "begin");
    list.turn_to(&Slot::new(0, 10));
    assert_eq!(list.cursor, "begin");
    let mut slot = Slot::new(0, 10);
    slot.token = Some("next".into());
    list.turn_to(&slot);
    assert_eq!(list.cursor, "next");
    let output: DescribeVisitsResponse =
        serde_json::from_str(r#"{"Days": ["2024-02-29"], "Next": ""}"#).unwrap();
    assert_eq!(DescribeVisits::page_info(&output).token, None);
    assert_eq!(DescribeVisits::into_items(output), ["2024-02-29"]);
}

/// The windows of a walk, as its errors name them.
fn windows<A: Paginate>(mut list: A) -> Vec<String> {
    let mut windows = Vec::new();
    loop {
        let rest = list.split();
        windows.extend(list.window());
        match rest {
            Some(rest) => list = rest,
            None => return windows,
        }
    }
}

#[test]
fn a_long_range_is_walked_in_windows() {
    let month = |text: &str| text.parse().unwrap();
    let reports = DescribeReports::new()
        .with_begin_month(month("2024-11"))
        .with_end_month(month("2025-06"));
    assert_eq!(
        windows(reports),
        [
            "2024-11 to 2025-01",
            "2025-02 to 2025-04",
            "2025-05 to 2025-06"
        ]
    );
    // Without both ends there is nothing to divide.
    assert!(windows(DescribeReports::new().with_begin_month(month("2024-11"))).is_empty());

    let shifts = |last: &str| {
        let (first, last) = ("20240201".parse().unwrap(), last.parse().unwrap());
        windows(DescribeShifts::new(first, last))
    };
    assert_eq!(shifts("20240302"), ["20240201 to 20240302"]);
    assert_eq!(
        shifts("20240303"),
        ["20240201 to 20240302", "20240303 to 20240303"]
    );
}

#[test]
fn windows_of_seconds_share_one_and_its_records_are_told() {
    let second = |text: &str| text.parse().unwrap();
    let (start, end) = (second("2024-01-01 00:00:00"), second("2024-12-31 23:59:59"));
    let mut list = DescribePayments::new(start, end);
    let rest = list.split().unwrap();
    assert_eq!(
        list.window().unwrap(),
        "2024-01-01 00:00:00 to 2024-07-01 00:00:00"
    );
    assert_eq!(
        rest.window().unwrap(),
        "2024-07-01 00:00:00 to 2024-12-31 23:59:59"
    );
    let page = json!({"Payments": [
        {"Id": "1", "PaidAt": "2024-06-30 23:59:59.999"},
        {"Id": "2", "PaidAt": "2024-07-01 00:00:00.250"},
        {"Id": "3"},
    ]});
    let mut page: DescribePaymentsResponse = serde_json::from_value(page).unwrap();
    let shared: Vec<bool> = page.payments.iter().map(|it| list.is_shared(it)).collect();
    assert_eq!(shared, [false, true, false]);
    DescribePayments::retain(&mut page, &mut |payment| !list.is_shared(payment));
    assert_eq!(page.payments.len(), 2);
}
