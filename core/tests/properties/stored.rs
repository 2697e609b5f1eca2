//! What is stored of an input or an output is read back as it was, and what can't be right is refused.

use std::{fmt::Debug, io::Cursor};

use proptest::{prelude::*, test_runner::TestCaseResult};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tc3_core::{
    Action, CompactDate, Month, Reply, Target, UnixTime, Untyped,
    billing::{
        DescribeAllocationSummaryByBusiness, DescribeBillList, PayType, PeriodType, Sort, SortType,
        SubPayType,
    },
    essbasic::{Agent, ChannelDescribeBillUsageDetail, QuotaType, UserInfo},
    sts::{AssumeRole, AssumeRoleWithWebIdentity, AssumedRole, Tag},
    types::{BeijingSecond, BillDate},
    untyped::Fields,
    wire::response,
};

use super::cases;

/// Through JSON as a text, bytes, a stream and a value, and through a binary format.
pub(super) fn comes_back<T>(value: &T) -> TestCaseResult
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let text = serde_json::to_string(value).unwrap();
    prop_assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
    let pretty = serde_json::to_vec_pretty(value).unwrap();
    prop_assert_eq!(&serde_json::from_slice::<T>(&pretty).unwrap(), value);
    let read: T = serde_json::from_reader(text.as_bytes()).unwrap();
    prop_assert_eq!(&read, value);
    prop_assert_eq!(&serde_json::to_string(&read).unwrap(), &text);
    let json = serde_json::to_value(value).unwrap();
    prop_assert_eq!(&serde_json::from_value::<T>(json).unwrap(), value);
    let mut cbor = Vec::new();
    ciborium::into_writer(value, &mut cbor).unwrap();
    let read: T = ciborium::from_reader(Cursor::new(cbor)).unwrap();
    prop_assert_eq!(&read, value);
    Ok(())
}

/// An input comes back, is written under these names alone, and is refused with one more, or as a list.
fn input_comes_back<A>(action: &A, names: &[&str]) -> TestCaseResult
where
    A: Action + DeserializeOwned + PartialEq + Debug,
{
    comes_back(action)?;
    let mut json = serde_json::to_value(action).unwrap();
    let fields = json.as_object().unwrap();
    for name in fields.keys() {
        prop_assert!(names.contains(&name.as_str()), "{}", name);
    }
    let by_place: Value = fields.values().cloned().collect();
    prop_assert!(serde_json::from_value::<A>(by_place).is_err());
    json["Colour"] = json!(1);
    let error = serde_json::from_value::<A>(json).unwrap_err().to_string();
    prop_assert!(error.contains("unknown field `Colour`"), "{}", error);
    Ok(())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{1,9}", "\\PC{0,9}", any::<String>()]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..4)
}

fn maybe<T: Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(value)
}

prop_compose! {
    fn second()(time in -62_135_625_600..=253_402_271_999_i64) -> BeijingSecond {
        BeijingSecond::from_unix(UnixTime::new(time)).unwrap()
    }
}

prop_compose! {
    fn day()(second in second()) -> (i16, i8, i8) {
        let shown = second.datetime();
        (shown.year(), shown.month(), shown.day())
    }
}

prop_compose! {
    /// In both forms that are read.
    fn month()((year, month, _) in day(), long in any::<bool>()) -> Month {
        let end = if long { "-01 00:00:00" } else { "" };
        format!("{year:04}-{month:02}{end}").parse().unwrap()
    }
}

prop_compose! {
    fn bill_date()((year, month, day) in day(), whole_month in any::<bool>()) -> BillDate {
        let date = if whole_month {
            BillDate::month(year, month)
        } else {
            BillDate::day(year, month, day)
        };
        date.unwrap()
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_bill_list_comes_back(
        (one, other) in (second(), second()),
        (offset, limit) in (any::<u64>(), any::<Option<u32>>()),
        (pay, sub) in (texts(), texts()),
        with_zero_amount in any::<Option<bool>>(),
    ) {
        let mut action = DescribeBillList::new(one, other)
            .with_offset(offset)
            .with_pay_types(pay.into_iter().map(PayType::new))
            .with_sub_pay_types(sub.into_iter().map(SubPayType::new));
        (action.limit, action.with_zero_amount) = (limit, with_zero_amount);
        let names = [
            "StartTime", "EndTime", "Offset", "Limit", "PayType", "SubPayType", "WithZeroAmount",
        ];
        input_comes_back(&action, &names)?;
    }

    #[test]
    fn an_allocation_summary_comes_back(
        (offset, limit, month) in (any::<u64>(), any::<Option<u32>>(), maybe(month())),
        (period_type, sort_type, sort) in (maybe(text()), maybe(text()), maybe(text())),
        (keys, codes) in (texts(), texts()),
        dates in prop::collection::vec(bill_date(), 0..4),
    ) {
        let mut action = DescribeAllocationSummaryByBusiness::current_month()
            .with_offset(offset)
            .with_tree_node_uniq_keys(keys)
            .with_business_codes(codes)
            .with_bill_dates(dates);
        (action.limit, action.month) = (limit, month);
        action.period_type = period_type.map(PeriodType::new);
        action.sort_type = sort_type.map(SortType::new);
        action.sort = sort.map(Sort::new);
        let names = [
            "Limit", "Offset", "Month", "PeriodType", "TreeNodeUniqKeys", "SortType", "Sort", "BillDates",
            "BusinessCodes",
        ];
        input_comes_back(&action, &names)?;
    }

    #[test]
    fn a_usage_detail_comes_back(
        (app_id, organization, app) in (text(), maybe(text()), maybe(text())),
        operator in maybe(maybe(text())),
        ((year, month, day), other) in (day(), day()),
        quota_type in maybe(text()),
        (offset, limit) in any::<(Option<u64>, Option<u32>)>(),
    ) {
        let start = CompactDate::new(year, month, day).unwrap();
        let end = CompactDate::new(other.0, other.1, other.2).unwrap();
        let mut agent = Agent::new(app_id);
        agent.proxy_organization_open_id = organization;
        agent.proxy_app_id = app;
        agent.proxy_operator = operator.map(|id| {
            let mut operator = UserInfo::new("");
            operator.open_id = id;
            operator
        });
        comes_back(&agent)?;
        let mut action = ChannelDescribeBillUsageDetail::new(agent, start, end);
        action.quota_type = quota_type.map(QuotaType::new);
        (action.offset, action.limit) = (offset, limit);
        let names = ["Agent", "StartTime", "EndTime", "QuotaType", "Offset", "Limit"];
        input_comes_back(&action, &names)?;
        for at in ["/Agent", "/Agent/ProxyOperator"] {
            let mut more = serde_json::to_value(&action).unwrap();
            if let Some(inner) = more.pointer_mut(at) {
                inner["Colour"] = json!(1);
                prop_assert!(serde_json::from_value::<ChannelDescribeBillUsageDetail>(more).is_err());
            }
        }
    }

    #[test]
    fn roles_to_take_come_back(
        (arn, name, provider, token) in (text(), text(), text(), text()),
        seconds in any::<Option<u32>>(),
        (policy, external_id, source) in (maybe(text()), maybe(text()), maybe(text())),
        tags in prop::collection::vec((text(), text()), 0..3),
    ) {
        let tags = tags.into_iter().map(|(key, value)| Tag::new(key, value)).collect();
        let mut action = AssumeRole::new(arn.as_str(), name.as_str());
        action.duration_seconds = seconds;
        (action.policy, action.external_id) = (policy, external_id);
        (action.tags, action.source_identity) = (tags, source);
        let names = [
            "RoleArn", "RoleSessionName", "DurationSeconds", "Policy", "ExternalId", "Tags",
            "SourceIdentity",
        ];
        input_comes_back(&action, &names)?;

        let mut action = AssumeRoleWithWebIdentity::new(provider, token.as_str(), arn, name);
        action.duration_seconds = seconds;
        let names = [
            "ProviderId", "WebIdentityToken", "RoleArn", "RoleSessionName", "DurationSeconds",
        ];
        input_comes_back(&action, &names)?;
        let json = serde_json::to_value(&action).unwrap();
        let again: AssumeRoleWithWebIdentity = serde_json::from_value(json).unwrap();
        prop_assert_eq!(again.web_identity_token(), token);
    }

    #[test]
    fn a_role_that_was_taken_comes_back(
        (id, key, token) in (text(), text(), text()),
        (expired_time, expiration) in (any::<i64>(), maybe(text())),
    ) {
        let mut response = json!({
            "Credentials": {"TmpSecretId": id, "TmpSecretKey": key, "Token": token},
            "ExpiredTime": expired_time,
            "Expiration": expiration,
            "RequestId": "5e1f",
        });
        let answer = json!({"Response": &response}).to_string();
        let reply = response::read::<AssumeRole>(&http::Response::new(answer.into())).unwrap();
        prop_assert_eq!(&serde_json::to_value(&reply).unwrap(), &response);
        response.as_object_mut().unwrap().remove("RequestId");
        prop_assert_eq!(serde_json::to_value(&reply.output).unwrap(), response);
        comes_back::<AssumedRole>(&reply.output)?;
        comes_back::<Reply<AssumedRole>>(&reply)?;
    }

    #[test]
    fn an_untyped_action_comes_back_with_its_target(
        (service, action) in (text(), text()),
        (number, rate) in any::<(i64, u32)>(),
        repeatable in any::<bool>(),
    ) {
        let untyped = Untyped::new(service, "2018-07-09", action, json!({"Number": [number]}));
        let untyped = if repeatable { untyped.repeatable() } else { untyped }.with_rate(rate);
        let stored = (untyped.target(), untyped.input().clone());
        comes_back(&stored)?;
        let (target, input): (Target, Value) =
            serde_json::from_value(serde_json::to_value(&stored).unwrap()).unwrap();
        prop_assert_eq!(Untyped::of(target, input), untyped);
    }
}

/// What is said of a stored input, by the one who reads it or by the check before it is sent.
fn refused<A: Action + DeserializeOwned>(json: &Value) -> String {
    let texts = [
        serde_json::from_value::<A>(json.clone()),
        serde_json::from_str(&json.to_string()),
    ];
    let [one, other] = texts.map(|read| match read {
        Ok(action) => action.check().unwrap_err().to_string(),
        Err(error) => error.to_string(),
    });
    // With `arbitrary_precision`, a value says no more of a number that does not fit.
    let one = match one.as_str() {
        "invalid number" => other.split(" at line").next().unwrap().into(),
        _ => one,
    };
    assert!(other.starts_with(&one), "{one}: {other}");
    one
}

#[test]
fn a_stored_input_that_can_never_be_right_is_refused() {
    let bills = |name: &str, value: Value| {
        let mut json =
            json!({"StartTime": "2024-01-01 00:00:00", "EndTime": "2024-01-31 23:59:59"});
        json[name] = value;
        refused::<DescribeBillList>(&json)
    };
    for (name, value, said) in [
        ("Limit", json!(0), "Limit must be at least 1"),
        (
            "Limit",
            json!(-1),
            "invalid value: integer `-1`, expected u32",
        ),
        ("Offset", Value::Null, "invalid type: null, expected u64"),
        (
            "EndTime",
            json!("2023-12-31 23:59:59"),
            "EndTime must not be before StartTime",
        ),
        (
            "EndTime",
            json!("2024-02-30 00:00:00"),
            "date is not a day of the calendar in the years 1 to 9999",
        ),
        (
            "EndTime",
            json!("2024-01-31 24:00:00"),
            "time is not a time of the day",
        ),
        (
            "EndTime",
            json!("2024-01-31"),
            "time must be a Beijing time written yyyy-MM-dd HH:mm:ss",
        ),
        ("WithZeroAmount", json!(2), "WithZeroAmount must be 0 or 1"),
        (
            "WithZeroAmount",
            json!(true),
            "invalid type: boolean `true`, expected u64",
        ),
        (
            "PayType",
            Value::Null,
            "invalid type: null, expected a sequence",
        ),
        (
            "Paytype",
            json!([]),
            "unknown field `Paytype`, expected one of `StartTime`, `EndTime`, `Offset`, `Limit`, `PayType`, `SubPayType`, `WithZeroAmount`",
        ),
    ] {
        assert_eq!(bills(name, value), said, "{name}");
    }
    let missing = json!({"StartTime": "2024-01-01 00:00:00"});
    assert_eq!(
        refused::<DescribeBillList>(&missing),
        "missing field `EndTime`"
    );
    // By place, and as what it is not.
    for (json, found) in [
        (
            json!(["2024-01-01 00:00:00", "2024-01-31 23:59:59"]),
            "sequence",
        ),
        (json!("2024-01-01 00:00:00"), "text"),
        (Value::Null, "null"),
    ] {
        let expected = format!("invalid type: {found}, expected an object");
        assert_eq!(refused::<DescribeBillList>(&json), expected);
    }

    type Summary = DescribeAllocationSummaryByBusiness;
    for (json, said) in [
        (
            json!({"Month": "2024-13"}),
            "Month must be a month from 1 to 12 of a year from 1 to 9999",
        ),
        (
            json!({"Month": "January"}),
            "Month must be a month written yyyy-MM",
        ),
        (json!({"Limit": 0}), "Limit must be at least 1"),
        (
            json!({"BillDates": ["20240101"]}),
            "BillDate must be a day written yyyy-MM-dd or a month written yyyy-MM",
        ),
    ] {
        assert_eq!(refused::<Summary>(&json), said);
    }

    type Usage = ChannelDescribeBillUsageDetail;
    for (agent, start, end, said) in [
        ("", "20240101", "20240131", "Agent.AppId must not be empty"),
        (
            "a",
            "20240201",
            "20240131",
            "EndTime must not be before StartTime",
        ),
        (
            "a",
            "20240101",
            "20240132",
            "date is not a day of the calendar in the years 1 to 9999",
        ),
        (
            "a",
            "20240101",
            "2024-01-31",
            "date must be a day written yyyyMMdd",
        ),
    ] {
        let json = json!({"Agent": {"AppId": agent}, "StartTime": start, "EndTime": end});
        assert_eq!(refused::<Usage>(&json), said);
    }
    let nobody = json!({"RoleArn": "", "RoleSessionName": "ab"});
    assert_eq!(refused::<AssumeRole>(&nobody), "RoleArn must not be empty");
}

#[test]
fn a_stored_reply_that_is_not_one_is_refused() {
    let refused = |json: Value| {
        let read = serde_json::from_value::<Reply<AssumedRole>>(json);
        read.unwrap_err().to_string()
    };
    let role = json!({
        "Credentials": {"TmpSecretId": "AKIDEXAMPLE", "TmpSecretKey": "fake", "Token": "fake"},
        "ExpiredTime": 1,
    });
    assert_eq!(refused(role), "missing field `RequestId`");
    let error = json!({"Error": {"Code": "A.B", "Message": "no"}, "RequestId": "5e1f"});
    assert_eq!(refused(error), "an Error stands in place of the output");
    assert_eq!(
        refused(json!({"RequestId": "5e1f"})),
        "no TmpSecretId, TmpSecretKey and Token as texts"
    );
}

#[test]
fn the_fields_of_an_untyped_answer_come_back_from_a_binary_format() {
    let answer = r#"{"Cost": 0.10000000000000000001, "Deep": {"a": [1, null, "\ud83d\ude00"]}, "Text": "a\\b\n",
        "RequestId": "5e1f"}"#;
    let reply: Reply<Fields> = serde_json::from_str(answer).unwrap();
    let mut cbor = Vec::new();
    ciborium::into_writer(&reply, &mut cbor).unwrap();
    let read: Reply<Fields> = ciborium::from_reader(Cursor::new(cbor)).unwrap();
    assert_eq!(read, reply);
    assert_eq!(read.output.json("Cost"), Some("0.10000000000000000001"));
    // What was not written as JSON is no field.
    let wrong = json!({"Cost": "0.1 yuan"});
    let mut cbor = Vec::new();
    ciborium::into_writer(&wrong, &mut cbor).unwrap();
    assert!(ciborium::from_reader::<Fields, _>(Cursor::new(cbor)).is_err());
}
