use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};
use tc3_description::{Description, Type};

use super::{Refused, refuse};

/// The maximum depth of nested names in a query, far more than any parameter needs.
const MAX_DEPTH: usize = 32;

/// The parameters of an action, or of an object among them.
#[derive(Clone, Copy)]
pub(super) enum Fields<'a> {
    /// Of an action that the emulator has by hand.
    Written(&'a [Field<'a>]),
    /// Those of this object of the description. Looked up when it is needed, since objects may contain themselves.
    Described(&'a Description, &'a str),
}

/// A parameter of an action.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    name: &'a str,
    required: bool,
    kind: ParameterKind<'a>,
}

/// The type of a parameter.
#[derive(Clone, Copy)]
pub(super) enum ParameterKind<'a> {
    Text,
    /// An integer of 64 bits, which may be negative if `signed`.
    Integer {
        signed: bool,
    },
    Float,
    Bool,
    List(Each<'a>),
    Object(Fields<'a>),
}

/// The type of a list's elements.
#[derive(Clone, Copy)]
pub(super) enum Each<'a> {
    Written(&'a ParameterKind<'a>),
    Described(&'a Description, &'a Type),
}

pub(super) const fn required<'a>(name: &'a str, kind: ParameterKind<'a>) -> Field<'a> {
    Field {
        name,
        required: true,
        kind,
    }
}

pub(super) const fn optional<'a>(name: &'a str, kind: ParameterKind<'a>) -> Field<'a> {
    Field {
        name,
        required: false,
        kind,
    }
}

impl<'a> Fields<'a> {
    fn all(self) -> Vec<Field<'a>> {
        let (description, object) = match self {
            Self::Written(fields) => return fields.to_vec(),
            Self::Described(description, object) => (description, object),
        };
        let members = description.objects.get(object).map(|it| &it.members);
        let field = |member: &'a tc3_description::Member| Field {
            name: &member.name,
            required: member.required,
            kind: ParameterKind::described(description, &member.ty),
        };
        members.into_iter().flatten().map(field).collect()
    }
}

impl<'a> Each<'a> {
    fn kind(self) -> ParameterKind<'a> {
        match self {
            Self::Written(kind) => *kind,
            Self::Described(description, ty) => ParameterKind::described(description, ty),
        }
    }
}

/// The parameters of a POST.
pub(super) fn from_json(body: &[u8], fields: Fields<'_>) -> Result<Map<String, Value>, Refused> {
    check(object(body)?, fields, "", false)
}

/// The parameters of a POST, unchecked.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Refused> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        _ => refuse("InvalidParameter", "the body is not a JSON object"),
    }
}

/// The parameters of a query or a form, where every value is a text.
pub(super) fn from_pairs(
    pairs: Vec<(Cow<'_, str>, Cow<'_, str>)>,
    fields: Fields<'_>,
) -> Result<Map<String, Value>, Refused> {
    check(nested(pairs)?, fields, "", true)
}

/// The same, unchecked.
pub(super) fn nested(
    pairs: Vec<(Cow<'_, str>, Cow<'_, str>)>,
) -> Result<Map<String, Value>, Refused> {
    let mut root = Map::new();
    for (name, value) in pairs {
        let mut path: Vec<&str> = name.split('.').collect();
        if path.len() > MAX_DEPTH {
            return refuse("InvalidParameter", "a parameter is nested too deep");
        }
        let last = path.pop().unwrap_or_default();
        let mut at = &mut root;
        for key in path {
            let inner = at.entry(key).or_insert_with(|| Value::Object(Map::new()));
            at = match inner {
                Value::Object(map) => map,
                _ => {
                    return refuse(
                        "InvalidParameter",
                        format!("{name} is both a value and an object"),
                    );
                }
            };
        }
        if at.insert(last.into(), value.into()).is_some() {
            return refuse("InvalidParameter", format!("{name} is given twice"));
        }
    }
    Ok(root)
}

/// The parameters of a query or a form in which each object with the names 0, 1 and so on is a list.
pub(super) fn with_lists(map: Map<String, Value>) -> Map<String, Value> {
    let listed = |(name, value)| match value {
        Value::Object(map) => {
            let mut map = with_lists(map);
            let places = (0..map.len()).map(|place| place.to_string());
            let is_list = places.clone().all(|place| map.contains_key(&place));
            let value = if is_list {
                places.filter_map(|place| map.remove(&place)).collect()
            } else {
                Value::Object(map)
            };
            (name, value)
        }
        value => (name, value),
    };
    map.into_iter().map(listed).collect()
}

/// The typed input of an action, from parameters whose names and types have been checked.
pub(super) fn typed<A: DeserializeOwned>(
    input: Map<String, Value>,
    code: &'static str,
) -> Result<A, Refused> {
    serde_path_to_error::deserialize(Value::Object(input)).map_err(|located| {
        Refused::new(
            code,
            format!("the parameter `{}`: {}", located.path(), located.inner()),
        )
    })
}

/// Checks names and types, and converts the texts of a query.
fn check(
    mut given: Map<String, Value>,
    fields: Fields<'_>,
    within: &str,
    texts: bool,
) -> Result<Map<String, Value>, Refused> {
    let fields = fields.all();
    given.retain(|_, value| !value.is_null());
    if let Some(unknown) = given
        .keys()
        .find(|name| fields.iter().all(|field| field.name != name.as_str()))
    {
        return refuse(
            "UnknownParameter",
            format!("the parameter `{within}{unknown}` is not known"),
        );
    }
    for field in fields {
        let path = format!("{within}{}", field.name);
        let missing = |what: &str| {
            refuse(
                "MissingParameter",
                format!("the parameter `{path}` is {what}"),
            )
        };
        match given.remove(field.name) {
            // A query can't tell an empty list from none.
            Some(Value::Array(list)) if field.required && list.is_empty() => {
                return missing("empty");
            }
            Some(value) => {
                let value = field.kind.check(value, &path, texts)?;
                given.insert(field.name.into(), value);
            }
            None if !field.required => {}
            // Nor an empty object from none. An object that requires itself can't be sent.
            None if texts
                && matches!(field.kind, ParameterKind::Object(_))
                && within.split('.').count() <= MAX_DEPTH =>
            {
                let empty = Value::Object(Map::new());
                let value = field.kind.check(empty, &path, texts)?;
                given.insert(field.name.into(), value);
            }
            None => return missing("missing"),
        }
    }
    Ok(given)
}

impl<'a> ParameterKind<'a> {
    pub(super) const fn list(each: &'a Self) -> Self {
        Self::List(Each::Written(each))
    }

    pub(super) const fn object(fields: &'a [Field<'a>]) -> Self {
        Self::Object(Fields::Written(fields))
    }

    fn described(description: &'a Description, ty: &'a Type) -> Self {
        match ty {
            Type::Integer { signed } => Self::Integer { signed: *signed },
            Type::Float => Self::Float,
            Type::Bool => Self::Bool,
            Type::List(each) => Self::List(Each::Described(description, each)),
            Type::Object(name) => Self::Object(Fields::Described(description, name)),
            // An action that sends a file is refused before.
            _ => Self::Text,
        }
    }

    fn check(self, value: Value, path: &str, texts: bool) -> Result<Value, Refused> {
        let wrong = |expected: &str| {
            refuse(
                "InvalidParameter",
                format!("the parameter `{path}` must be {expected}"),
            )
        };
        match (self, value) {
            (Self::Text, value @ Value::String(_)) => Ok(value),
            (Self::Text, _) => wrong("a text"),
            (Self::Integer { signed }, value) => {
                let number = match value {
                    Value::Number(number) => Some(number),
                    // Only the canonical form: no plus sign, no leading zeros.
                    Value::String(text) if texts => {
                        let number = text.parse().ok();
                        number.filter(|number: &Number| number.to_string() == text)
                    }
                    _ => None,
                };
                match number.filter(|number| !number.is_f64()) {
                    Some(number) if signed || number.is_u64() => Ok(number.into()),
                    _ if signed => wrong("an integer"),
                    _ => wrong("an integer that is not negative"),
                }
            }
            (Self::Float, Value::Number(number)) => Ok(number.into()),
            (Self::Float, Value::String(text)) if texts => match text.parse::<Number>() {
                Ok(number) => Ok(number.into()),
                Err(_) => wrong("a number"),
            },
            (Self::Float, _) => wrong("a number"),
            (Self::Bool, value @ Value::Bool(_)) => Ok(value),
            (Self::Bool, Value::String(text)) if texts => match &*text {
                // The vendor's SDK for Python writes it as Python does.
                "true" | "True" => Ok(true.into()),
                "false" | "False" => Ok(false.into()),
                _ => wrong("true or false"),
            },
            (Self::Bool, _) => wrong("true or false"),
            (Self::List(each), value) => {
                let list = match value {
                    Value::Array(list) => Some(list),
                    // In a query, the elements of a list are numbered from 0.
                    Value::Object(mut map) if texts => {
                        let places = 0..map.len();
                        places.map(|place| map.remove(&place.to_string())).collect()
                    }
                    _ => None,
                };
                let Some(list) = list else {
                    return wrong("a list");
                };
                let list = list.into_iter().enumerate();
                let each = each.kind();
                list.map(|(place, value)| each.check(value, &format!("{path}.{place}"), texts))
                    .collect::<Result<_, _>>()
                    .map(Value::Array)
            }
            (Self::Object(fields), Value::Object(map)) => {
                check(map, fields, &format!("{path}."), texts).map(Value::Object)
            }
            (Self::Object(_), _) => wrong("an object"),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::fmt::Debug;

    use http::Method;
    use proptest::{prelude::*, test_runner::TestCaseResult};

    use super::{
        super::{Answer, Emulator},
        *,
    };
    use crate::{
        Action, CompactDate, Credential, Month, Region, Session, Settings, UnixTime, Untyped,
        billing::{
            DescribeAllocationSummaryByBusiness, DescribeBillList, PayType, PeriodType, Sort,
            SortType, SubPayType,
        },
        essbasic::UserInfo,
        essbasic::{Agent, ChannelDescribeBillUsageDetail, QuotaType},
        session::Wire,
        sts::AssumeRole,
        types::{BeijingSecond, BillDate},
        wire::request,
    };

    const NOW: UnixTime = UnixTime::new(1_551_113_065);

    fn credential() -> Credential {
        Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap()
    }

    /// What the emulator understands of an action that is sent.
    fn understood<A: Action + DeserializeOwned>(action: &A, wire: Wire) -> A {
        let region = Region::new("ap-guangzhou").unwrap();
        let settings = Settings::default().with_wire(wire).with_region(region);
        let mut session = Session::new(credential()).with_settings(settings);
        let request = request::sign(action, &mut session, NOW).unwrap();
        let found = Emulator::new(credential()).find(Some(A::SERVICE), A::NAME, A::VERSION);
        let Answer::Handler(fields, _) = found.unwrap().answer else {
            panic!("{} is not the emulator's own", A::NAME);
        };
        let fields = Fields::Written(fields);
        // What is confidential is never sent by GET.
        let input = match *request.method() {
            Method::GET => {
                let query = request.uri().query().unwrap_or_default();
                from_pairs(form_urlencoded::parse(query.as_bytes()).collect(), fields)
            }
            _ => from_json(request.body(), fields),
        };
        typed(input.unwrap(), "InvalidParameter").unwrap()
    }

    fn is_understood<A>(action: &A) -> TestCaseResult
    where
        A: Action + DeserializeOwned + PartialEq + Debug,
    {
        for wire in [Wire::Post, Wire::PostUnsigned, Wire::Get] {
            prop_assert_eq!(&understood(action, wire), action, "{:?}", wire);
        }
        Ok(())
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z_]{1,9}", "\\PC{0,9}", any::<String>()]
    }

    fn list<T: Debug>(item: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
        // Of more than ten, whose places in a query sort differently as texts.
        prop::collection::vec(item, 0..13)
    }

    fn limit() -> impl Strategy<Value = u32> {
        prop_oneof![1..1_001_u32, Just(u32::MAX)]
    }

    fn offset() -> impl Strategy<Value = u64> {
        prop_oneof![0..10_000_u64, any::<u64>(), Just(u64::MAX)]
    }

    prop_compose! {
        fn day()(year in 1..=9999_i16, month in 1..=12_i8, day in 1..=28_i8) -> (i16, i8, i8) {
            (year, month, day)
        }
    }

    fn second() -> impl Strategy<Value = BeijingSecond> {
        (day(), 0..24_i8, 0..60_i8, 0..60_i8).prop_map(
            |((year, month, day), hour, minute, second)| {
                BeijingSecond::new(year, month, day, hour, minute, second).unwrap()
            },
        )
    }

    fn bill_date() -> impl Strategy<Value = BillDate> {
        (day(), any::<bool>()).prop_map(|((year, month, day), whole_month)| {
            let date = if whole_month {
                BillDate::month(year, month)
            } else {
                BillDate::day(year, month, day)
            };
            date.unwrap()
        })
    }

    /// In both forms that are read.
    fn month() -> impl Strategy<Value = Month> {
        (day(), any::<bool>()).prop_map(|((year, month, _), long)| {
            let end = if long { "-01 00:00:00" } else { "" };
            format!("{year:04}-{month:02}{end}").parse().unwrap()
        })
    }

    /// An object with members of every type, itself among them.
    const NODE: &str = r#"{
        "metadata": {"serviceShortName": "cvm", "apiVersion": "2017-03-12"},
        "actions": {"DescribeNodes": {"input": "Node", "output": "Node"}},
        "objects": {"Node": {"members": [
            {"name": "Text", "type": "string", "member": "string", "required": true},
            {"name": "Integer", "type": "int", "member": "int64"},
            {"name": "Count", "type": "int", "member": "uint64"},
            {"name": "Float", "type": "float", "member": "float"},
            {"name": "Bool", "type": "bool", "member": "bool"},
            {"name": "Texts", "type": "list", "member": "string"},
            {"name": "Node", "type": "object", "member": "Node"},
            {"name": "Nodes", "type": "list", "member": "Node"}
        ]}}
    }"#;

    fn node() -> impl Strategy<Value = Value> {
        let leaf = text().prop_map(|text| serde_json::json!({"Text": text}));
        leaf.prop_recursive(3, 20, 12, |node| {
            // Quarters, which are read exactly.
            let float = any::<i32>().prop_map(|quarters| f64::from(quarters) / 4.0);
            let numbers = (any::<i64>(), any::<u64>(), float, any::<bool>());
            // A query has no empty lists.
            let texts = prop::collection::vec(text(), 1..13);
            let nodes = prop::collection::vec(node.clone(), 1..4);
            (text(), numbers, texts, node, nodes).prop_map(
                |(text, (integer, count, float, flag), texts, node, nodes)| {
                    serde_json::json!({
                        "Text": text, "Integer": integer, "Count": count, "Float": float,
                        "Bool": flag, "Texts": texts, "Node": node, "Nodes": nodes,
                    })
                },
            )
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_role_is_understood_as_it_was_meant(
            (arn, source) in ("[a-z:/]{1,9}", prop::option::of(text())),
            seconds in prop::option::of(1..u32::MAX),
            (policy, texts) in (prop::option::of(text()), list(text())),
        ) {
            let mut action = AssumeRole::new(arn, "report");
            action.duration_seconds = seconds;
            (action.policy, action.source_identity) = (policy, source);
            for (at, text) in texts.into_iter().enumerate() {
                action = action.with_tag(format!("{at}"), text);
            }
            is_understood(&action)?;
        }

        #[test]
        fn a_bill_list_is_understood_as_it_was_meant(
            (one, other) in (second(), second()),
            offset in offset(),
            limit in prop::option::of(limit()),
            pay_type in list(text().prop_map(PayType::new)),
            sub_pay_type in list(prop_oneof![
                prop::sample::select(SubPayType::KNOWN),
                text().prop_map(SubPayType::new),
            ]),
            with_zero_amount in any::<Option<bool>>(),
        ) {
            let mut action = DescribeBillList {
                offset,
                limit,
                pay_type,
                sub_pay_type,
                with_zero_amount,
                ..DescribeBillList::new(one.min(other), one.max(other))
            };
            // What is left open is sent as the default, since the service wants it.
            for wire in [Wire::Post, Wire::Get] {
                let limit = understood(&action, wire).limit;
                prop_assert_eq!(limit, action.limit.or(Some(100)));
            }
            action.limit = action.limit.or(Some(100));
            is_understood(&action)?;
        }

        #[test]
        fn an_allocation_summary_is_understood_as_it_was_meant(
            (offset, limit) in (offset(), limit()),
            month in prop::option::of(month()),
            period_type in prop::option::of(text().prop_map(PeriodType::new)),
            sort_type in prop::option::of(text().prop_map(SortType::new)),
            sort in prop::option::of(text().prop_map(Sort::new)),
            bill_dates in list(bill_date()),
            (tree_node_uniq_keys, business_codes) in (list(text()), list(text())),
        ) {
            is_understood(&DescribeAllocationSummaryByBusiness {
                limit: Some(limit),
                offset,
                month,
                period_type,
                tree_node_uniq_keys,
                sort_type,
                sort,
                bill_dates,
                business_codes,
            })?;
        }

        #[test]
        fn a_described_input_is_understood_as_it_was_meant(input in node()) {
            let description = Description::parse(NODE.as_bytes()).unwrap();
            let fields = Fields::Described(&description, "Node");
            let action = Untyped::new("cvm", "2017-03-12", "DescribeNodes", input.clone());
            let settings = Settings::default().with_wire(Wire::Get);
            let mut session = Session::new(credential()).with_settings(settings);
            if let Ok(request) = request::sign(&action, &mut session, NOW) {
                let query = request.uri().query().unwrap_or_default().as_bytes();
                let pairs = form_urlencoded::parse(query).collect();
                prop_assert_eq!(&Value::Object(from_pairs(pairs, fields).unwrap()), &input);
            }
            let body = input.to_string();
            prop_assert_eq!(Value::Object(from_json(body.as_bytes(), fields).unwrap()), input);
        }

        #[test]
        fn a_usage_detail_is_understood_as_it_was_meant(
            app_id in "\\PC{1,9}",
            proxy_organization_open_id in prop::option::of(text()),
            proxy_app_id in prop::option::of(text()),
            // Nobody is no operator in a query, which has no empty objects.
            proxy_operator in prop::option::of(text().prop_map(UserInfo::new)),
            ((from_year, from_month, from_day), (year, month, day)) in (day(), day()),
            quota_type in prop::option::of(text().prop_map(QuotaType::new)),
            (offset, limit) in (prop::option::of(offset()), prop::option::of(limit())),
        ) {
            let one = CompactDate::new(from_year, from_month, from_day).unwrap();
            let other = CompactDate::new(year, month, day).unwrap();
            is_understood(&ChannelDescribeBillUsageDetail {
                agent: Agent {
                    app_id,
                    proxy_organization_open_id,
                    proxy_operator,
                    proxy_app_id,
                },
                start_time: one.min(other),
                end_time: one.max(other),
                quota_type,
                offset,
                limit,
            })?;
        }
    }
}
