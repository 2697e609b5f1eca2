//! Answers that are not quite what the vendor describes: every record is read, or an error says where it can't be.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tc3_core::{
    Action, Error, Fen, Paginate, Reply, Untyped, Yuan,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList, PayType, SubPayType},
    essbasic::{ChannelDescribeBillUsageDetail, CostType},
    types::{FenSum, Percent, lenient},
    untyped::Fields,
    wire::response,
};

fn answer(body: impl Into<Vec<u8>>) -> http::Response<bytes::Bytes> {
    http::Response::new(body.into().into())
}

fn read<A: Action>(body: impl Into<Vec<u8>>) -> Result<Reply<A::Output>, Error> {
    response::read::<A>(&answer(body))
}

/// The documented answer, with the field of its first record, or of itself, put in as it stands here.
fn with<A: Action>(
    document: &str,
    list: &str,
    field: &str,
    json: &[u8],
) -> Result<A::Output, Error> {
    let mut envelope: Value = serde_json::from_str(document).unwrap();
    let response = &mut envelope["Response"];
    let place = match response[list][0].get(field) {
        Some(_) => &mut response[list][0][field],
        None => &mut response[field],
    };
    *place = "HERE".into();
    let text = envelope.to_string();
    let (before, after) = text.split_once("\"HERE\"").unwrap();
    let body = [before.as_bytes(), json, after.as_bytes()].concat();
    read::<A>(body).map(|reply| reply.output)
}

fn allocation(field: &str, json: &[u8]) -> Result<Value, Error> {
    let document = include_str!("data/describe_allocation_summary_by_business.response.json");
    with::<DescribeAllocationSummaryByBusiness>(document, "Detail", field, json)
        .map(|output| serde_json::to_value(output).unwrap())
}

fn bill(field: &str, json: &[u8]) -> Result<Value, Error> {
    let document = include_str!("data/describe_bill_list.response.json");
    with::<DescribeBillList>(document, "TransactionList", field, json)
        .map(|output| serde_json::to_value(output).unwrap())
}

fn usage(field: &str, json: &[u8]) -> Result<Value, Error> {
    let document = include_str!("data/channel_describe_bill_usage_detail.whole_app.response.json");
    with::<ChannelDescribeBillUsageDetail>(document, "Details", field, json)
        .map(|output| serde_json::to_value(output).unwrap())
}

#[track_caller]
fn misfit<T: std::fmt::Debug>(read: Result<T, Error>, field: &str) {
    let Err(error) = read else {
        panic!("{field}: {read:?}")
    };
    assert!(
        matches!(&error, Error::Decode { path, .. } if path.contains(field)),
        "{field}: {error}"
    );
    assert!(
        error.request_id().is_some() && !error.is_transient(),
        "{field}: {error}"
    );
}

#[test]
fn an_empty_text_or_a_dash_is_no_amount_where_one_is_optional() {
    let amounts = [
        "GatherCashPayAmount",
        "AllocateVoucherPayAmount",
        "TotalTransferPayAmount",
        "GatherRealCost",
        "AllocateRealCost",
        "TotalCost",
        "RICost",
        "SPCost",
        "CashPayAmount",
        "AllocationRealTotalCost",
        "BillDate",
    ];
    for blank in ["\"\"", "\"-\"", "\"--\"", "\" \"", "\"\\u002d\"", "null"] {
        for field in amounts {
            let output = allocation(field, blank.as_bytes()).unwrap();
            assert_eq!(output["Detail"][0][field], Value::Null, "{field}: {blank}");
            assert_eq!(output["Detail"].as_array().unwrap().len(), 3);
        }
        assert_eq!(
            allocation("RecordNum", blank.as_bytes()).unwrap()["RecordNum"],
            Value::Null
        );
        for field in ["Balance", "Cash", "Incentive", "Freezing"] {
            let output = bill(field, blank.as_bytes()).unwrap();
            assert_eq!(output["TransactionList"][0][field], Value::Null);
        }
        for field in ["Total", "DeductAmount"] {
            assert_eq!(bill(field, blank.as_bytes()).unwrap()[field], Value::Null);
        }
        for field in ["UseCount", "CostTime", "CostType"] {
            let output = usage(field, blank.as_bytes()).unwrap();
            assert_eq!(output["Details"][0][field], Value::Null);
        }
        misfit(
            allocation("RealTotalCost", blank.as_bytes()),
            "RealTotalCost",
        );
        misfit(bill("Amount", blank.as_bytes()), "Amount");
    }
    // A sum over all is one as well.
    let totals = r#"{"Response":{"Total":{"RealTotalCost":"","CashPayAmount":"-","VoucherPayAmount":"1.50"},"RequestId":"r"}}"#;
    let total = read::<DescribeAllocationSummaryByBusiness>(totals)
        .unwrap()
        .output
        .total
        .unwrap();
    assert_eq!((total.real_total_cost, total.cash_pay_amount), (None, None));
    assert_eq!(total.voucher_pay_amount.unwrap().to_string(), "1.50");
    // What is no amount and no blank is still an error.
    for wrong in ["\"1,5\"", "\"n/a\"", "\"- 5\"", "true", "[]", "{}"] {
        misfit(allocation("TotalCost", wrong.as_bytes()), "TotalCost");
    }
    // A sign for a percentage is kept as it came, a blank is none.
    let ratio = |json: &str| allocation("Ratio", json.as_bytes()).unwrap();
    assert_eq!(ratio(r#""∞""#)["Detail"][0]["Ratio"], "∞");
    for blank in [r#""""#, r#""-""#, "null"] {
        assert!(ratio(blank)["Detail"][0]["Ratio"].is_null());
    }
    assert_eq!(Percent::new("∞").to_decimal(), None);
}

#[test]
fn a_sum_that_is_no_whole_fen_costs_no_record_and_is_not_rounded() {
    for (json, kept) in [
        ("-4512345.000000001", json!("-4512345.000000001")),
        ("\"9667.5\"", json!("9667.5")),
        ("1e400", json!("1e400")),
        ("9223372036854775808", json!("9223372036854775808")),
        (
            "0.1000000000000000055511151231257827021181583404541015625",
            json!("0.1000000000000000055511151231257827021181583404541015625"),
        ),
        ("-4512345.000", json!(-4_512_345)),
        ("2.247483647E9", json!(2_247_483_647_i64)),
    ] {
        let output = bill("DeductAmount", json.as_bytes()).unwrap();
        assert_eq!(output["DeductAmount"], kept, "{json}");
        assert_eq!(output["TransactionList"].as_array().unwrap().len(), 1);
        let again: FenSum = serde_json::from_value(output["DeductAmount"].clone()).unwrap();
        assert_eq!(serde_json::to_value(again).unwrap(), kept);
    }
    let sum: FenSum = serde_json::from_str("-4512345.000000001").unwrap();
    assert_eq!(sum.to_decimal().unwrap().to_string(), "-4512345.000000001");
    assert_eq!(sum.to_string(), "-4512345.000000001");
    assert_eq!(FenSum::from(Fen::new(-4_512_345)).to_string(), "-4512345");
    // What was paid is whole, or an error.
    misfit(bill("Amount", b"-4512345.000000001"), "Amount");
}

#[test]
fn both_spellings_of_a_mode_are_one() {
    for (mode, spellings) in [
        (SubPayType::HOUR_H, ["hour_h", "hourh"]),
        (SubPayType::HOUR_D, ["hour_d", "hourd"]),
        (SubPayType::HOUR_M, ["hour_m", "hourm"]),
    ] {
        for spelling in spellings {
            let output = bill("DeductMode", json!(spelling).to_string().as_bytes()).unwrap();
            assert_eq!(output["TransactionList"][0]["DeductMode"], mode.as_str());
            assert_eq!(SubPayType::new(spelling), mode);
            assert!(SubPayType::new(spelling).is_known());
        }
    }
    for other in ["month", "hour", "hourx"] {
        assert_eq!(SubPayType::new(other).as_str(), other);
    }
}

fn page<A: Paginate>(response: &str) -> (Option<u64>, usize) {
    let body = format!(r#"{{"Response":{{{response}"RequestId":"r"}}}}"#);
    let output = read::<A>(body).unwrap().output;
    let total = A::page_info(&output).total;
    (total, A::into_items(output).len())
}

#[test]
fn lists_and_totals_are_read_by_one_rule() {
    for (total, expected) in [
        ("", None),
        ("\"{}\":null,", None),
        ("\"{}\":\"\",", None),
        ("\"{}\":0,", Some(0)),
        ("\"{}\":100.0,", Some(100)),
        ("\"{}\":\"100\",", Some(100)),
        ("\"{}\":\"100.0\",", Some(100)),
        ("\"{}\":1e2,", Some(100)),
    ] {
        for list in ["", "\"{}\":null,", "\"{}\":[],"] {
            let response =
                |names: [&str; 2]| total.replace("{}", names[0]) + &list.replace("{}", names[1]);
            for read in [
                page::<DescribeBillList>(&response(["Total", "TransactionList"])),
                page::<ChannelDescribeBillUsageDetail>(&response(["Total", "Details"])),
                page::<DescribeAllocationSummaryByBusiness>(&response(["RecordNum", "Detail"])),
            ] {
                assert_eq!(read, (expected, 0), "{total}{list}");
            }
        }
    }
}

#[test]
fn a_total_that_is_no_count_is_none() {
    for json in [
        "-1",
        "\"-1\"",
        "-1.0",
        "-1.5",
        "\"-\\u00311.5\"",
        "-9223372036854775808",
        "-9223372036854775809",
        "\"-20.00\"",
        "0.5",
        "18446744073709551616",
        "1e400",
    ] {
        let bills = bill("Total", json.as_bytes()).unwrap();
        assert_eq!(bills["Total"], Value::Null, "{json}");
        assert_eq!(bills["TransactionList"].as_array().unwrap().len(), 1);
        let uses = usage("Total", json.as_bytes()).unwrap();
        assert_eq!(uses["Total"], Value::Null, "{json}");
        let rows = allocation("RecordNum", json.as_bytes()).unwrap();
        assert_eq!(rows["RecordNum"], Value::Null, "{json}");
        // A count of anything else is as it is said to be, or an error.
        let mut json = serde_json::Deserializer::from_str(json);
        assert!(lenient::optional::<_, u64>(&mut json).is_err());
    }
    for json in ["18446744073709551615", "\"18446744073709551615\""] {
        assert_eq!(bill("Total", json.as_bytes()).unwrap()["Total"], u64::MAX);
    }
    for json in ["\"-x\"", "true", "[]"] {
        misfit(bill("Total", json.as_bytes()), "Total");
        misfit(usage("Total", json.as_bytes()), "Total");
        misfit(allocation("RecordNum", json.as_bytes()), "RecordNum");
    }
}

#[test]
fn a_whole_number_may_come_with_a_point() {
    let output = usage("CostType", b"1.0").unwrap();
    assert_eq!(
        output["Details"][0]["CostType"],
        json!(CostType::DEDUCTION.get())
    );
    for (field, json, read) in [
        ("UseCount", "-1.0", json!(-1)),
        ("CostTime", "1695037514.0", json!(1_695_037_514)),
        ("QuotaType", "7.0", json!("7")),
        ("FlowId", "20200708", json!("20200708")),
    ] {
        assert_eq!(
            usage(field, json.as_bytes()).unwrap()["Details"][0][field],
            read
        );
    }
    for (field, json) in [
        ("UseCount", "1.5"),
        ("CostType", "1.5"),
        ("FlowId", "1.0"),
        ("CostTime", "1e300"),
    ] {
        misfit(usage(field, json.as_bytes()), field);
    }
}

#[test]
fn what_is_no_amount_is_named_in_the_error() {
    for (json, found) in [
        ("true", "boolean `true`"),
        ("false", "boolean `false`"),
        ("null", "null"),
        ("[1]", "sequence"),
        ("{}", "map"),
        (r#"{"a":1}"#, "map"),
    ] {
        let error = serde_json::from_str::<Yuan>(json).unwrap_err().to_string();
        let expected = format!("invalid type: {found}, expected ");
        assert!(error.starts_with(&expected), "{json}: {error}");
    }
}

#[test]
fn a_required_amount_is_not_blank() {
    for blank in ["\"\"", "\"-\"", "\" \""] {
        let error = serde_json::from_str::<Yuan>(blank).unwrap_err().to_string();
        assert!(
            error.contains("is not a decimal number"),
            "{blank}: {error}"
        );
    }
    // A text that may be anything is what it is, blank or not.
    let kept = lenient::optional::<_, String>(&mut serde_json::Deserializer::from_str("\"-\""));
    assert_eq!(kept.unwrap().as_deref(), Some("-"));
}

#[test]
fn a_number_is_no_object() {
    for (field, found) in [
        ("Total", "5"),
        ("Total", "5.5"),
        ("Detail", "5"),
        ("Detail", "[5]"),
    ] {
        let body = format!(r#"{{"Response":{{"{field}":{found},"RequestId":"r"}}}}"#);
        misfit(read::<DescribeAllocationSummaryByBusiness>(body), field);
    }
}

/// Half of a character, as an escape, and as it is cut from UTF-8.
const HALVES: [&[u8]; 4] = [
    br#""x\ud83d""#,
    br#""x\ude00""#,
    b"\"x\xe5\x90\"",
    b"\"x\xff\"",
];

#[test]
fn half_a_character_is_replaced_in_what_people_read() {
    for half in HALVES {
        for field in [
            "OperatorName",
            "CreateOrganizationName",
            "FlowName",
            "QuotaName",
            "Remark",
        ] {
            assert_eq!(
                usage(field, half).unwrap()["Details"][0][field],
                "x\u{fffd}"
            );
        }
        for field in ["OperationInfo", "PayChannel"] {
            assert_eq!(
                bill(field, half).unwrap()["TransactionList"][0][field],
                "x\u{fffd}"
            );
        }
        for field in ["TreeNodeUniqKeyName", "BusinessCodeName"] {
            assert_eq!(
                allocation(field, half).unwrap()["Detail"][0][field],
                "x\u{fffd}"
            );
        }
    }
    let both = usage("FlowName", r#""\ud83d\ude00日""#.as_bytes()).unwrap();
    assert_eq!(both["Details"][0]["FlowName"], "😀日");
}

#[test]
fn half_a_character_in_an_amount_an_id_or_a_code_is_a_misfit() {
    for half in HALVES {
        for field in [
            "FlowId",
            "FlowStatus",
            "QuotaType",
            "UseCount",
            "CostTime",
            "CostType",
        ] {
            misfit(usage(field, half), field);
        }
        for field in [
            "BillId",
            "ActionType",
            "Amount",
            "Balance",
            "OperationTime",
            "DeductMode",
        ] {
            misfit(bill(field, half), field);
        }
        misfit(bill("DeductAmount", half), "DeductAmount");
        for field in [
            "TreeNodeUniqKey",
            "RealTotalCost",
            "TotalCost",
            "Ratio",
            "BusinessCode",
            "TrendType",
            "BillDate",
        ] {
            misfit(allocation(field, half), field);
        }
        let text = [br#"{"Response":{"Total":1,"RequestId":"#, half, b"}}"].concat();
        let error = read::<DescribeBillList>(text).unwrap_err();
        assert!(
            matches!(&error, Error::Decode { path, .. } if path.starts_with("Response.RequestId")),
            "{error}"
        );
        assert!(!error.is_transient());
    }
    let error = usage("FlowId", HALVES[0]).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        source.starts_with("the text has something that is not Unicode"),
        "{source}"
    );
}

#[test]
fn half_a_character_where_nobody_reads_is_passed_over() {
    for half in HALVES {
        for body in [
            [
                b"{\"New\":".as_slice(),
                half,
                br#","Response":{"Total":1,"RequestId":"r"}}"#,
            ]
            .concat(),
            [
                b"{\"Response\":{\"Total\":1,\"New\":[".as_slice(),
                half,
                br#"],"RequestId":"r"}}"#,
            ]
            .concat(),
            [
                b"{\"Response\":{\"Total\":1,".as_slice(),
                half,
                br#":5,"RequestId":"r"}}"#,
            ]
            .concat(),
        ] {
            assert_eq!(
                read::<DescribeBillList>(body).unwrap().output.total,
                Some(1)
            );
        }
        let refused = [
            br#"{"Response":{"Error":{"Code":"A.B","Message":"#,
            half,
            br#"},"RequestId":"r"}}"#,
        ]
        .concat();
        let error = read::<DescribeBillList>(refused).unwrap_err();
        let refusal = error.refusal().unwrap();
        assert_eq!((refusal.code(), refusal.message()), ("A.B", "x\u{fffd}"));
        let refused = [
            br#"{"Response":{"Error":{"Code":"#,
            half,
            br#"},"RequestId":"r"}}"#,
        ]
        .concat();
        misfit(read::<DescribeBillList>(refused), "Response.Error.Code");
    }
    for body in [
        b"<html>\xe5\x90</html>".as_slice(),
        b"\xff",
        b"{\"Response\":{}}\xff",
        b"{\"Response\":{\xff}}",
    ] {
        let error = read::<DescribeBillList>(body).unwrap_err();
        assert!(matches!(error, Error::NotAnAnswer { .. }), "{error}");
    }
}

#[test]
fn an_untyped_field_has_its_half_a_character_until_it_is_read() {
    #[derive(Deserialize)]
    struct Row {
        #[serde(rename = "Name", deserialize_with = "lenient::optional_text")]
        name: Option<String>,
    }

    for half in HALVES {
        let body = [
            br#"{"Response":{"Row":{"Name":"#,
            half,
            br#"},"Total":1,"RequestId":"r"}}"#,
        ]
        .concat();
        let reply = read::<Untyped>(body).unwrap();
        let fields = &reply.output;
        assert_eq!(
            fields.to_value(),
            json!({"Row": {"Name": "x\u{fffd}"}, "Total": 1})
        );
        assert_eq!(
            fields.read::<Row>("Row").unwrap().name.as_deref(),
            Some("x\u{fffd}")
        );
        assert!(fields.read::<BTreeMap<String, String>>("Row").is_err());
        let stored = serde_json::to_string(&reply).unwrap();
        assert_eq!(
            &serde_json::from_str::<Reply<Fields>>(&stored).unwrap(),
            &reply
        );
    }
}

#[test]
fn what_may_be_anything_has_u_fffd_and_no_mark_of_ours() {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Page {
        rows: Vec<Value>,
        #[serde(flatten)]
        others: BTreeMap<String, Value>,
    }

    struct List;

    impl serde::Serialize for List {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([("Limit", 1)])
        }
    }

    impl Action for List {
        const SERVICE: &'static str = "cvm";
        const VERSION: &'static str = "2017-03-12";
        const NAME: &'static str = "List";
        type Output = Page;
    }

    for half in HALVES {
        let body = |row: &str| {
            let (before, after) = row.split_once("HERE").unwrap();
            [
                br#"{"Response":{"Rows":["#.as_slice(),
                before.as_bytes(),
                half,
                after.as_bytes(),
                br#"],"New":"#,
                half,
                br#","RequestId":"r"}}"#,
            ]
            .concat()
        };
        for (row, expected) in [
            (r#"{"Name":HERE}"#, json!({"Name": "x\u{fffd}"})),
            ("HERE", json!("x\u{fffd}")),
            (
                r#"[{"A":[HERE,"\n\""]}]"#,
                json!([{"A": ["x\u{fffd}", "\n\""]}]),
            ),
        ] {
            let page = read::<List>(body(row)).unwrap().output;
            assert_eq!(Value::from(page.rows), json!([expected]));
            assert_eq!(page.others["New"], "x\u{fffd}");
            let fields = read::<Untyped>(body(row)).unwrap().output;
            assert_eq!(fields.read::<Value>("Rows").unwrap(), json!([expected]));
            assert_eq!(fields.read::<Value>("New").unwrap(), "x\u{fffd}");
        }
        let fields = read::<Untyped>(body("HERE")).unwrap().output;
        for error in [
            fields.read::<String>("New").unwrap_err(),
            fields.read::<Vec<String>>("Rows").unwrap_err(),
        ] {
            assert_eq!(
                error.to_string(),
                "the text has something that is not Unicode"
            );
        }
        // A text is no object, cut or not.
        let error = fields.read::<BTreeMap<String, String>>("New").unwrap_err();
        assert!(
            error.to_string().starts_with("invalid type: string"),
            "{error}"
        );
    }
}

#[test]
fn a_key_that_is_cut_costs_an_untyped_answer_nothing() {
    let body = r#"{"Response":{"\ud83d":1,"Name":"x\ud83d","Tab":"a\tb","RequestId":"r"}}"#;
    for body in [body.into(), body.replace("\\t", "\t")] {
        let fields = read::<Untyped>(body).unwrap().output;
        assert_eq!(fields.json("\u{fffd}"), Some("1"));
        assert_eq!(fields.json("Name"), Some(r#""x\ud83d""#));
        assert_eq!(fields.read::<String>("Tab").unwrap(), "a\tb");
    }
}

#[test]
fn a_text_is_kept_exactly_though_it_is_not_escaped() {
    for (json, text) in [
        ("\"a\tb\"", "a\tb"),
        ("\"a\r\nb\"", "a\r\nb"),
        ("\"\u{7}\0\u{1f}\"", "\u{7}\0\u{1f}"),
        (r#""C:\data""#, r"C:\data"),
        (r#""\u12\"""#, r#"\u12""#),
    ] {
        for field in ["OperationInfo", "BillId"] {
            let output = bill(field, json.as_bytes()).unwrap();
            assert_eq!(output["TransactionList"][0][field], text);
        }
        misfit(bill("Amount", json.as_bytes()), "Amount");
        misfit(bill("Total", json.as_bytes()), "Total");
        misfit(allocation("TotalCost", json.as_bytes()), "TotalCost");
        // What was cut on its way is none of it, and is asked for again.
        let cut = format!(r#"{{"Response":{{"RequestId":"r","New":{json},"Last":"x"#);
        for cut in [cut.clone(), format!("{cut}\\"), format!("{cut}\"}}")] {
            let error = read::<DescribeBillList>(cut).unwrap_err();
            assert!(matches!(error, Error::NotAnAnswer { .. }), "{error}");
        }
    }
}

#[test]
fn a_pair_is_not_completed_by_what_is_no_utf_8() {
    let json = b"\"x\\ud83d\xe5\x90\"";
    misfit(bill("BillId", json), "BillId");
    let output = bill("OperationInfo", json).unwrap();
    assert_eq!(
        output["TransactionList"][0]["OperationInfo"],
        "x\u{fffd}\u{fffd}"
    );
}

/// A row with an amount, in the ways in which serde keeps a value until it knows its type.
fn kept<T: DeserializeOwned>(json: &str) -> [Result<T, String>; 3] {
    #[derive(Deserialize)]
    struct Amount<T> {
        amount: T,
    }
    #[derive(Deserialize)]
    struct Flat<T> {
        #[serde(flatten)]
        inner: Amount<T>,
    }
    #[derive(Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged<T> {
        #[serde(rename = "one")]
        One { amount: T },
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Untagged<T> {
        One { amount: T },
        Other(()),
    }

    let json = format!(r#"{{"kind":"one","amount":{json}}}"#);
    let text = |error: serde_json::Error| error.to_string();
    [
        serde_json::from_str::<Flat<T>>(&json)
            .map(|it| it.inner.amount)
            .map_err(text),
        serde_json::from_str::<Tagged<T>>(&json)
            .map(|Tagged::One { amount }| amount)
            .map_err(text),
        serde_json::from_str::<Untagged<T>>(&json)
            .map_err(text)
            .map(|it| match it {
                Untagged::One { amount } => amount,
                Untagged::Other(()) => panic!("{json}"),
            }),
    ]
}

#[test]
fn an_amount_is_read_where_serde_keeps_values() {
    for json in ["\"-48.95000000\"", "5", "-5", "\"7\""] {
        let expected: Yuan = serde_json::from_str(json).unwrap();
        for amount in kept::<Yuan>(json) {
            assert_eq!(amount.unwrap().to_string(), expected.to_string());
        }
        for amount in kept::<Option<Yuan>>(json) {
            assert_eq!(amount.unwrap().unwrap().to_string(), expected.to_string());
        }
    }
    for json in ["-45", "\"-45\"", "\"-45.0\""] {
        for amount in kept::<Fen>(json) {
            assert_eq!(amount, Ok(Fen::new(-45)));
        }
    }
    for ratio in kept::<Percent>("\"-7.18\"") {
        assert_eq!(ratio.unwrap().as_str(), "-7.18");
    }
    for day in kept::<tc3_core::types::BillDate>("\"2024-02-01\"") {
        assert_eq!(day.unwrap().to_string(), "2024-02-01");
    }
    for kind in kept::<PayType>("7") {
        assert_eq!(kind, Ok(PayType::new("7")));
    }
}

#[test]
fn an_amount_that_has_become_a_float_is_exact_or_an_error_that_says_so() {
    let number = "12345678.12345678901";
    let [flat, tagged, untagged] = kept::<Yuan>(number);
    for amount in [flat, tagged] {
        match amount {
            // `arbitrary_precision` is switched on.
            Ok(amount) => assert_eq!(amount.to_string(), number),
            Err(error) => assert!(
                error.starts_with("the number has become a float"),
                "{error}"
            ),
        }
    }
    // Of an untagged enum serde says no more than that.
    assert!(
        untagged.is_err_and(|error| error.contains("did not match"))
            || kept::<Yuan>(number)[0].is_ok()
    );
    let cbor = ciborium::Value::Float(12_345_678.125).deserialized::<Yuan>();
    assert!(cbor.unwrap_err().to_string().contains("has become a float"));
}

#[test]
fn an_answer_may_have_an_error_of_its_own_beside_other_fields() {
    #[derive(serde::Serialize)]
    struct GetSplitDocumentResult {}

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Split {
        status: Option<String>,
        error: Option<Value>,
    }

    impl Action for GetSplitDocumentResult {
        const SERVICE: &'static str = "lkeap";
        const VERSION: &'static str = "2024-05-22";
        const NAME: &'static str = "GetSplitDocumentResult";
        type Output = Split;
    }

    let read = |body: String| read::<GetSplitDocumentResult>(body);
    let error = r#"{"Code": "FailedOperation", "Message": "no"}"#;
    for fields in [
        format!(r#""Error": {error}, "Status": "Failed", "RequestId": "1""#),
        format!(r#""RequestId": "1", "Status": "Failed", "Error": {error}"#),
    ] {
        let reply = read(format!(r#"{{"Response": {{{fields}}}}}"#)).unwrap();
        assert_eq!(reply.output.status.as_deref(), Some("Failed"));
        assert_eq!(reply.output.error.unwrap()["Code"], "FailedOperation");
    }
    // Nor is one that is absent, null or no refusal.
    for (fields, own) in [
        (r#""Status": "Done", "Error": null, "#, None),
        (r#""Error": null, "#, None),
        ("", None),
        (r#""Error": "disk full", "#, Some(json!("disk full"))),
        (
            r#""Error": {"Message": "no"}, "#,
            Some(json!({"Message": "no"})),
        ),
    ] {
        let answer = format!(r#"{{{fields}"RequestId": "1"}}"#);
        let stored: Reply<Split> = serde_json::from_str(&answer).unwrap();
        assert_eq!(stored.output.error, own);
        let reply = read(format!(r#"{{"Response": {answer}}}"#)).unwrap();
        assert_eq!(reply.output.error, own);
    }
    for fields in [
        format!(r#""Error": {error}, "RequestId": "1""#),
        format!(r#""RequestId": "1", "Error": {error}"#),
    ] {
        let refused = read(format!(r#"{{"Response": {{{fields}}}}}"#)).unwrap_err();
        let refusal = refused.refusal().unwrap();
        assert_eq!(
            (refusal.code(), refusal.request_id()),
            ("FailedOperation", Some("1"))
        );
    }
}
