//! Outputs are read from any JSON that the service may write, and nothing of it is lost.

use std::{fmt::Debug, ops::Not};

use proptest::{prelude::*, sample::Index, strategy::Union, test_runner::TestCaseResult};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use tc3_core::{
    Action, Reply, Untyped,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    essbasic::ChannelDescribeBillUsageDetail,
    untyped::Fields,
    wire::response,
};

use super::{cases, stored::comes_back};

/// What a field holds, and so in which forms it comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Yuan,
    Fen,
    /// Fen, or anything else.
    Sum,
    Percent,
    Text,
    /// For people to read.
    Words,
    /// A value of an open set.
    Set,
    Count,
    Integer,
    Time,
    Date,
}
use Kind::{Count, Date, Fen, Integer, Percent, Set, Sum, Text, Time, Words, Yuan};

/// A field: whether it must be there, its name and its kind.
type Field = (bool, &'static str, Kind);

const fn must(name: &'static str, kind: Kind) -> Field {
    (true, name, kind)
}

const fn may(name: &'static str, kind: Kind) -> Field {
    (false, name, kind)
}

const BILLS: [Field; 11] = [
    may("Total", Count),
    may("ReturnAmount", Sum),
    may("RechargeAmount", Sum),
    may("BlockAmount", Sum),
    may("UnblockAmount", Sum),
    may("DeductAmount", Sum),
    may("AgentInAmount", Sum),
    may("AdvanceRechargeAmount", Sum),
    may("WithdrawAmount", Sum),
    may("AgentOutAmount", Sum),
    may("AdvancePayAmount", Sum),
];

const TRANSACTION: [Field; 11] = [
    must("ActionType", Set),
    must("Amount", Fen),
    may("Balance", Fen),
    must("BillId", Text),
    may("OperationInfo", Words),
    must("OperationTime", Time),
    may("Cash", Fen),
    may("Incentive", Fen),
    may("Freezing", Fen),
    may("PayChannel", Words),
    may("DeductMode", Set),
];

const USAGE: [Field; 1] = [may("Total", Count)];

const USE: [Field; 11] = [
    may("FlowId", Text),
    may("OperatorName", Words),
    may("CreateOrganizationName", Words),
    may("FlowName", Words),
    may("FlowStatus", Set),
    may("QuotaType", Set),
    may("UseCount", Integer),
    may("CostTime", Integer),
    may("QuotaName", Words),
    may("CostType", Integer),
    may("Remark", Words),
];

const ALLOCATION: [Field; 1] = [may("RecordNum", Count)];

const ALLOCATION_TOTAL: [Field; 5] = [
    may("RealTotalCost", Yuan),
    may("CashPayAmount", Yuan),
    may("IncentivePayAmount", Yuan),
    may("VoucherPayAmount", Yuan),
    may("TransferPayAmount", Yuan),
];

const ALLOCATION_ROW: [Field; 31] = [
    may("TreeNodeUniqKey", Text),
    may("TreeNodeUniqKeyName", Words),
    may("BillDate", Date),
    may("GatherCashPayAmount", Yuan),
    may("GatherVoucherPayAmount", Yuan),
    may("GatherIncentivePayAmount", Yuan),
    may("GatherTransferPayAmount", Yuan),
    may("AllocateCashPayAmount", Yuan),
    may("AllocateVoucherPayAmount", Yuan),
    may("AllocateIncentivePayAmount", Yuan),
    may("AllocateTransferPayAmount", Yuan),
    may("TotalCashPayAmount", Yuan),
    may("TotalVoucherPayAmount", Yuan),
    may("TotalIncentivePayAmount", Yuan),
    may("TotalTransferPayAmount", Yuan),
    may("GatherRealCost", Yuan),
    may("AllocateRealCost", Yuan),
    must("RealTotalCost", Yuan),
    may("Ratio", Percent),
    may("Trend", Percent),
    may("TrendType", Set),
    must("BusinessCode", Text),
    may("BusinessCodeName", Words),
    may("TotalCost", Yuan),
    may("RICost", Yuan),
    may("SPCost", Yuan),
    may("CashPayAmount", Yuan),
    may("VoucherPayAmount", Yuan),
    may("IncentivePayAmount", Yuan),
    may("TransferPayAmount", Yuan),
    may("AllocationRealTotalCost", Yuan),
];

/// What the service writes, if it writes the field at all, and what is read from it, in the form that our
/// types write it.
type Written = (Option<String>, Value);

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{1,9}", "\\PC{0,9}", any::<String>()]
}

/// Digits, in a text and as a number: of any magnitude and with any number of decimals, up to the 28
/// digits that are held exactly.
fn decimal() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,9})\\.[0-9]{8}",
        "-?(0|[1-9][0-9]{0,15})(\\.[0-9]{1,12})?",
        "-?(0|[1-9][0-9]{0,27})",
        "-?0\\.[0-9]{1,28}",
    ]
}

/// As a text and as a number.
fn both_ways(digits: &str, as_text: bool) -> String {
    if as_text {
        quoted(digits)
    } else {
        digits.into()
    }
}

fn written(kind: Kind) -> BoxedStrategy<Written> {
    let integer = |numbers: BoxedStrategy<i128>, point: bool| {
        (numbers, any::<bool>(), any::<bool>()).prop_map(move |(number, as_text, with_point)| {
            // An integer may come with a point, where no float is in the way that would round it.
            let exact = point || as_text || number.abs() < 10_i128.pow(15);
            let zeros = if exact && with_point { ".0" } else { "" };
            let raw = both_ways(&format!("{number}{zeros}"), as_text);
            (
                Some(raw),
                serde_json::from_str(&number.to_string()).unwrap(),
            )
        })
    };
    match kind {
        Yuan => (decimal(), any::<bool>())
            .prop_map(|(digits, as_text)| (Some(both_ways(&digits, as_text)), digits.into()))
            .boxed(),
        Percent => prop_oneof![
            (decimal(), any::<bool>())
                .prop_map(|(digits, as_text)| (Some(both_ways(&digits, as_text)), digits.into())),
            text().prop_map(|text| {
                let is_blank = text.chars().all(|it| it == '-' || it.is_whitespace());
                let kept = if is_blank { Value::Null } else { text.as_str().into() };
                (Some(quoted(&text)), kept)
            }),
        ]
        .boxed(),
        Text | Set => prop_oneof![
            9 => text().prop_map(|text| (Some(quoted(&text)), text.into())),
            1 => any::<i64>().prop_map(|number| (Some(number.to_string()), number.to_string().into())),
        ]
        .boxed(),
        Words => prop_oneof![
            3 => written(Text),
            1 => (text(), text(), "\\\\u(d[89ab]|D[c-f])[0-9a-f]{2}").prop_map(|(before, after, half)| {
                let mut raw = quoted(&before);
                raw.truncate(raw.len() - 1);
                raw.push_str(&half);
                raw.push_str(&quoted(&after)[1..]);
                (Some(raw), format!("{before}\u{fffd}{after}").into())
            }),
        ]
        .boxed(),
        Fen => integer(any::<i64>().prop_map(i128::from).boxed(), true).boxed(),
        Sum => prop_oneof![
            2 => written(Fen),
            1 => ("-?[1-9][0-9]{0,30}\\.[0-9]{0,30}[1-9]", any::<bool>())
                .prop_map(|(digits, as_text)| (Some(both_ways(&digits, as_text)), digits.into())),
        ]
        .boxed(),
        Integer => integer(any::<i64>().prop_map(i128::from).boxed(), false).boxed(),
        Count => integer(any::<u64>().prop_map(i128::from).boxed(), false).boxed(),
        Time => "[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]) ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}"
            .prop_map(|text| (Some(quoted(&text)), text.into()))
            .boxed(),
        Date => "[12][0-9]{3}-(0[1-9]|1[0-2])(-(0[1-9]|1[0-9]|2[0-8]))?"
            .prop_map(|text| (Some(quoted(&text)), text.into()))
            .boxed(),
    }
}

/// Anything that nobody knows of.
fn unknown() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[A-Za-z]{1,6}", inner, 0..3)
                .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

/// An object as it is written, and as our types write it.
#[derive(Clone, Debug)]
struct Object {
    raw: Vec<String>,
    read: Map<String, Value>,
    /// Where fields that nobody knows stand among the others.
    unknown: Vec<(Index, String, Value)>,
}

impl Object {
    fn insert(&mut self, name: &str, (raw, value): Written) {
        self.raw
            .extend(raw.map(|raw| format!("{}:{raw}", quoted(name))));
        self.read.insert(name.into(), value);
    }

    fn written(&self) -> String {
        let mut fields = self.raw.clone();
        for (place, name, value) in &self.unknown {
            let at = place.index(fields.len() + 1);
            fields.insert(at, format!("{}:{value}", quoted(name)));
        }
        format!("{{{}}}", fields.join(","))
    }
}

fn object(fields: &'static [Field]) -> impl Strategy<Value = Object> {
    let fields: Vec<_> = fields
        .iter()
        .map(|(required, name, kind)| {
            let mut forms = vec![(6, written(*kind))];
            if !required {
                forms.push((1, Just((Some("null".into()), Value::Null)).boxed()));
                forms.push((1, Just((None, Value::Null)).boxed()));
                if matches!(kind, Yuan | Fen | Sum | Count | Integer | Date) {
                    let blank = "\"( ?|-{1,3}|\\\\u002d)\"";
                    forms.push((
                        1,
                        blank.prop_map(|blank| (Some(blank), Value::Null)).boxed(),
                    ));
                }
            }
            (Just(*name), Union::new_weighted(forms), any::<u32>())
        })
        .collect();
    // Lower-case, as no known name is.
    let others = prop::collection::btree_map("[a-z]{1,6}|名", (any::<Index>(), unknown()), 0..3);
    (fields, others).prop_map(|(mut fields, others)| {
        // In any order.
        fields.sort_by_key(|(.., order)| *order);
        let others = others.into_iter();
        let mut object = Object {
            raw: Vec::new(),
            read: Map::new(),
            unknown: others
                .map(|(name, (place, value))| (place, name, value))
                .collect(),
        };
        for (name, written, _) in fields {
            object.insert(name, written);
        }
        object
    })
}

prop_compose! {
    /// The objects, or in place of them what is read as `otherwise`.
    fn list(fields: &'static [Field], otherwise: Value)(
        rows in prop::option::weighted(0.9, prop::collection::vec(object(fields), 0..4)),
        absent in any::<bool>(),
        otherwise in Just(otherwise),
    ) -> Written {
        match rows {
            Some(rows) => {
                let raw: Vec<_> = rows.iter().map(Object::written).collect();
                let read = rows.into_iter().map(|row| Value::from(row.read)).collect();
                (Some(format!("[{}]", raw.join(","))), Value::Array(read))
            }
            None => (absent.not().then(|| "null".into()), otherwise),
        }
    }
}

/// The answer with such a `Response`, which has the request id somewhere.
fn answer(mut response: Object, place: &Index) -> String {
    let at = place.index(response.raw.len() + 1);
    response.raw.insert(at, r#""RequestId":"5e1f""#.into());
    format!(r#"{{"other":[],"Response":{}}}"#, response.written())
}

fn read<A: Action>(answer: String) -> Reply<A::Output> {
    response::read::<A>(&http::Response::new(answer.into())).unwrap()
}

fn nothing_is_lost<A: Action>(response: Object, place: &Index) -> TestCaseResult
where
    A::Output: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let expected = Value::from(response.read.clone());
    let reply = read::<A>(answer(response, place));
    prop_assert_eq!(&reply.request_id, "5e1f");
    // Neither a field more nor one less.
    let json = serde_json::to_string(&reply.output).unwrap();
    prop_assert_eq!(&serde_json::from_str::<Value>(&json).unwrap(), &expected);
    // What was read is read again, from our own JSON and from the value that it is.
    let again: A::Output = serde_json::from_str(&json).unwrap();
    prop_assert_eq!(&again, &reply.output);
    prop_assert_eq!(serde_json::to_string(&again).unwrap(), json);
    let from_value: A::Output = serde_json::from_value(expected.clone()).unwrap();
    prop_assert_eq!(&from_value, &reply.output);
    comes_back(&reply.output)?;
    // And so is the whole reply, which has the request id beside the output's fields.
    let mut with_id = expected;
    with_id["RequestId"] = "5e1f".into();
    prop_assert_eq!(&serde_json::to_value(&reply).unwrap(), &with_id);
    comes_back(&reply)
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn no_transaction_loses_anything(
        mut response in object(&BILLS),
        rows in list(&TRANSACTION, json!([])),
        place in any::<Index>(),
    ) {
        response.insert("TransactionList", rows);
        nothing_is_lost::<DescribeBillList>(response, &place)?;
    }

    #[test]
    fn no_use_loses_anything(
        mut response in object(&USAGE),
        rows in list(&USE, Value::Null),
        place in any::<Index>(),
    ) {
        response.insert("Details", rows);
        nothing_is_lost::<ChannelDescribeBillUsageDetail>(response, &place)?;
    }

    #[test]
    fn no_allocation_loses_anything(
        mut response in object(&ALLOCATION),
        total in prop::option::of(object(&ALLOCATION_TOTAL)),
        rows in list(&ALLOCATION_ROW, Value::Null),
        place in any::<Index>(),
    ) {
        response.insert("Detail", rows);
        let total = total.map(|total| (Some(total.written()), total.read.into()));
        response.insert("Total", total.unwrap_or((None, Value::Null)));
        nothing_is_lost::<DescribeAllocationSummaryByBusiness>(response, &place)?;
    }

    #[test]
    fn no_untyped_field_loses_anything(
        response in object(&ALLOCATION_ROW),
        place in any::<Index>(),
    ) {
        let fields = read::<Untyped>(answer(response.clone(), &place)).output;
        // A value holds no half a character.
        match serde_json::from_str::<Value>(&response.written()) {
            Ok(raw) => prop_assert_eq!(fields.to_value(), raw),
            Err(_) => prop_assert_eq!(fields.to_value().as_object().unwrap().len(), fields.names().count()),
        }
        for written in &response.raw {
            let (name, json) = written.split_once(':').unwrap();
            prop_assert_eq!(fields.json(name.trim_matches('"')), Some(json));
        }
        // Each digit comes back from a text; a value's own numbers are floats where they have a fraction.
        let reply = read::<Untyped>(answer(response, &place));
        let json = serde_json::to_string(&reply).unwrap();
        let again: Reply<Fields> = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(again, reply);
    }
}
