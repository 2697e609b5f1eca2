//! Actions of a service that is described.

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value, json};
use tc3_core::{
    Action, Credential, Error, Paginate, Region, Session, Settings, Untyped,
    billing::DescribeBillList,
    emulator::{Account, Emulator, Fault, When},
    pagination::{PageInfo, Paging, Slot},
    session::Wire,
    wire::{request, response},
};

use super::bills;
use crate::common::{Client, START, credential};

const VERSION: &str = "2017-03-12";

/// Members, each with its name, its type (`[Tag]` for a list of them), its text, and `!` if it is required.
fn members(members: &[(&str, &str, &str)]) -> Value {
    let member = |(name, ty, text): &(&str, &str, &str)| {
        let (name, required) = match name.strip_suffix('!') {
            Some(name) => (name, true),
            None => (*name, false),
        };
        let each = ty.trim_matches(['[', ']']);
        let kind = match each {
            _ if ty.starts_with('[') => "list",
            "int64" | "uint64" => "int",
            "string" | "datetime" | "date" => "string",
            "float" | "bool" | "binary" => each,
            _ => "object",
        };
        let (text, example) = text.split_once(" e.g. ").unwrap_or((text, ""));
        let mut member = json!({
            "name": name, "type": kind, "member": each, "document": text, "required": required,
            "output_required": required, "value_allowed_null": text.ends_with('?'),
        });
        if !example.is_empty() {
            member["example"] = example.into();
        }
        member
    };
    json!({"members": members.iter().map(member).collect::<Vec<_>>()})
}

/// A service with lists of all dialects.
fn description() -> String {
    let paged = |offset: &str, text: &str, limit: &str| {
        members(&[
            (offset, "uint64", text),
            (limit, "uint64", "返回数量，默认为20，最大值为100"),
        ])
    };
    let actions = [
        "DescribeInstances",
        "DescribeDeals",
        "DescribeVouchers",
        "DescribeUsers",
        "DescribeKeys",
        "DescribeZones",
        "RunInstances",
        "DescribeTree",
        "ChatCompletions",
        "DescribeOpen",
    ];
    let action = |name: &str| {
        let (input, output) = (format!("{name}Request"), format!("{name}Response"));
        let mut action = json!({"input": input, "output": output, "name": name, "document": ""});
        if name == "DescribeOpen" {
            action["skip_sign"] = true.into();
        }
        (name.to_string(), action)
    };
    let objects = json!({
        "DescribeInstancesRequest": paged("Offset", "偏移量，默认为0", "Limit"),
        "DescribeInstancesResponse": members(&[
            ("TotalCount!", "uint64", "符合条件的实例数量"),
            ("InstanceSet!", "[Instance]", "实例列表"),
            ("RequestId!", "string", ""),
        ]),
        "Instance": members(&[
            ("State!", "string", "状态 e.g. RUNNING"),
            ("InstanceId!", "string", "实例 ID e.g. ins-8j3k"),
            ("CreatedTime!", "datetime", "创建时间 e.g. 2024-02-29 12:30:00"),
            ("Price!", "string", "价格 e.g. 123.4567"),
            ("Weight", "float", "权重? e.g. 0.25"),
            ("Locked", "bool", "是否锁定?"),
            ("Tags!", "[Tag]", "标签"),
        ]),
        "Tag": members(&[("Key!", "string", "键"), ("Values!", "[string]", "值")]),
        "DescribeDealsRequest": paged("PageNumber", "页码，从0开始", "PageSize"),
        "DescribeDealsResponse": members(&[("Data!", "Deals", "数据")]),
        "Deals": members(&[
            ("TotalCount!", "string", "总数"),
            ("Items!", "[string]", "订单列表 e.g. [\"deal-1\", \"deal-2\"]"),
        ]),
        "DescribeVouchersRequest": paged("PageNumber", "页码，从1开始", "PageSize"),
        "DescribeVouchersResponse": members(&[
            ("TotalCount", "int64", "总数"),
            ("Vouchers!", "[Voucher]", "代金券列表"),
        ]),
        "Voucher": members(&[("Uin!", "string", "账号 e.g. 100000000001"), ("Day!", "date", "日期")]),
        "DescribeUsersRequest": members(&[
            ("NextToken", "string", "下一页的令牌，首次请求不填"),
            ("MaxResults", "uint64", "每页数量，默认为20，最大值为100"),
        ]),
        "DescribeUsersResponse": members(&[
            ("Users!", "[User]", "用户列表"),
            ("NextToken!", "string", "下一页的令牌"),
        ]),
        "User": members(&[("Number!", "uint64", "编号")]),
        "DescribeKeysRequest": members(&[
            ("Marker", "uint64", "下一页的标记，首次请求不填"),
            ("MaxItems", "uint64", "每页数量，默认为20，最大值为100"),
        ]),
        "DescribeKeysResponse": members(&[
            ("IsTruncated!", "bool", "是否还有更多数据"),
            ("Keys!", "[User]", "列表"),
            ("Marker!", "uint64", "下一页的标记"),
        ]),
        "DescribeZonesRequest": members(&[]),
        "DescribeZonesResponse": members(&[
            ("TotalCount!", "uint64", "总数"),
            ("ZoneSet!", "[Tag]", "列表"),
        ]),
        "RunInstancesRequest": members(&[
            ("Names!", "[string]", ""),
            ("Disk!", "Disk", ""),
            ("Backup", "Disk", ""),
            ("Count", "int64", ""),
            ("DryRun", "bool", ""),
        ]),
        "RunInstancesResponse": members(&[("InstanceIdSet!", "[string]", "实例 ID e.g. ins-8j3k")]),
        "Disk": members(&[
            ("Size!", "uint64", ""),
            ("Ratio", "float", ""),
            ("Tags", "[Tag]", ""),
        ]),
        "DescribeTreeRequest": members(&[("Root", "Tree", "")]),
        "DescribeTreeResponse": members(&[("Root!", "Tree", "")]),
        "Tree": members(&[
            ("Name!", "string", ""),
            ("Parent!", "Tree", ""),
            ("Children!", "[Tree]", ""),
        ]),
        "ChatCompletionsRequest": members(&[]),
        "ChatCompletionsResponse": members(&[("RequestId!", "string", "在头部 X-TC-RequestId 中")]),
        "DescribeOpenRequest": members(&[]),
        "DescribeOpenResponse": members(&[("Open!", "bool", "")]),
    });
    json!({
        "metadata": {"serviceShortName": "cvm", "apiVersion": VERSION},
        "actions": actions.map(action).into_iter().collect::<Map<_, _>>(),
        "objects": objects,
    })
    .to_string()
}

fn service() -> Emulator {
    let service = Emulator::new(credential()).with_records(250);
    service.describe(description().as_bytes()).unwrap()
}

fn session(wire: Wire) -> Session {
    Session::new(credential()).with_settings(Settings::default().with_wire(wire))
}

fn untyped(action: &'static str, input: Value) -> Untyped {
    Untyped::new("cvm", VERSION, action, input)
}

fn handle(service: &mut Emulator, wire: Wire, action: &impl Action) -> Response<Bytes> {
    let signed = request::sign(action, &mut session(wire), START).unwrap();
    service.handle(START, &signed)
}

/// The fields of an answer without its id.
fn fields(answer: &Response<Bytes>) -> Value {
    let mut body: Value = serde_json::from_slice(answer.body()).unwrap();
    let fields = body["Response"].as_object_mut().unwrap();
    assert!(fields.remove("RequestId").unwrap().is_string());
    assert_eq!(fields.get("Error"), None);
    body["Response"].take()
}

fn answer(action: &'static str, input: Value) -> Value {
    let action = untyped(action, input);
    fields(&handle(&mut service(), Wire::Post, &action))
}

fn refusal(service: &mut Emulator, wire: Wire, action: &impl Action) -> (String, String) {
    let answer = handle(service, wire, action);
    let error = response::read::<Untyped>(&answer).unwrap_err();
    let refusal = error.refusal().unwrap();
    (refusal.code().into(), refusal.message().into())
}

/// Asserts the code with which the input is refused by POST and by GET, and that the message names the parameter.
fn is_refused(action: &'static str, input: Value, expected: &str, name: &str) {
    for wire in [Wire::Post, Wire::Get] {
        let action = untyped(action, input.clone());
        let (code, message) = refusal(&mut service(), wire, &action);
        assert_eq!(code, expected, "{input} {wire:?}");
        assert!(message.contains(&format!("`{name}`")), "{message}");
    }
}

/// A list of the service: its action, its dialect, and the names of what chooses a page.
type List = (&'static str, Paging, [&'static str; 2]);

const LISTS: [List; 5] = [
    ("DescribeInstances", Paging::ItemOffset, ["Offset", "Limit"]),
    (
        "DescribeDeals",
        Paging::PageIndex,
        ["PageNumber", "PageSize"],
    ),
    (
        "DescribeVouchers",
        Paging::PageNumber,
        ["PageNumber", "PageSize"],
    ),
    ("DescribeUsers", Paging::Token, ["NextToken", "MaxResults"]),
    ("DescribeKeys", Paging::Token, ["Marker", "MaxItems"]),
];

/// A walk over one of these.
#[derive(Clone, Debug, Default, serde::Serialize)]
#[serde(transparent)]
struct Walk<const LIST: usize>(Map<String, Value>);

impl<const LIST: usize> Action for Walk<LIST> {
    const SERVICE: &'static str = "cvm";
    const VERSION: &'static str = VERSION;
    const NAME: &'static str = LISTS[LIST].0;
    const REPEATABLE: bool = true;
    type Output = Value;
}

impl<const LIST: usize> Paginate for Walk<LIST> {
    type Item = Value;
    const PAGING: Paging = LISTS[LIST].1;
    const PAGE_SIZE: u32 = 30;

    fn turn_to(&mut self, slot: &Slot) {
        let [place, limit] = LISTS[LIST].2;
        self.0.insert(limit.into(), slot.limit.into());
        match (Self::PAGING, &slot.token) {
            (Paging::Token, None) => self.0.remove(place),
            (Paging::Token, Some(token)) if place == "Marker" => self
                .0
                .insert(place.into(), token.parse::<u64>().unwrap().into()),
            (Paging::Token, Some(token)) => self.0.insert(place.into(), token.as_str().into()),
            _ => self.0.insert(place.into(), slot.offset.into()),
        };
    }

    fn page_info(output: &Value) -> PageInfo {
        let info = PageInfo::new(Self::into_items(output.clone()).len());
        match LISTS[LIST].0 {
            "DescribeDeals" => {
                let total: Option<&str> = output["Data"]["TotalCount"].as_str();
                info.with_total(total.unwrap().parse::<u64>().unwrap())
            }
            "DescribeUsers" => {
                let token = output["NextToken"].as_str().unwrap();
                info.with_token(Some(token.into()).filter(|it: &String| !it.is_empty()))
            }
            "DescribeKeys" => {
                // The last page has a marker too.
                let marker = output["Marker"].as_u64().unwrap().to_string();
                let goes_on = output["IsTruncated"].as_bool().unwrap();
                info.with_token(goes_on.then_some(marker))
            }
            _ => match output["TotalCount"].as_u64() {
                Some(total) => info.with_total(total),
                None => info,
            },
        }
    }

    fn into_items(output: Value) -> Vec<Value> {
        let list = match LISTS[LIST].0 {
            "DescribeInstances" => &output["InstanceSet"],
            "DescribeDeals" => &output["Data"]["Items"],
            "DescribeVouchers" => &output["Vouchers"],
            "DescribeUsers" => &output["Users"],
            _ => &output["Keys"],
        };
        list.as_array().unwrap().clone()
    }
}

fn walked<const LIST: usize>(service: &mut Emulator, wire: Wire) -> Vec<Value> {
    let mut client = Client::with_session(session(wire));
    client.walk(service, Walk::<LIST>::default()).unwrap()
}

fn gives_each_record_once<const LIST: usize>() {
    let records = walked::<LIST>(&mut service(), Wire::Post);
    assert_eq!(records.len(), 250);
    for (at, record) in records.iter().enumerate() {
        assert!(!records[..at].contains(record), "{record}");
    }
    assert_eq!(walked::<LIST>(&mut service(), Wire::Get), records);
}

#[test]
fn a_walk_by_a_bare_offset_gives_each_record_once() {
    gives_each_record_once::<0>();
}

#[test]
fn a_walk_by_page_index_gives_each_record_once_where_total_and_list_are_nested() {
    gives_each_record_once::<1>();
}

#[test]
fn a_walk_by_page_number_gives_each_record_once() {
    gives_each_record_once::<2>();
}

#[test]
fn a_walk_by_token_gives_each_record_once() {
    gives_each_record_once::<3>();
}

#[test]
fn a_walk_by_a_token_that_is_a_number_ends_by_its_flag() {
    gives_each_record_once::<4>();
    let last = answer("DescribeKeys", json!({"MaxItems": 100}));
    assert_eq!(last["IsTruncated"], true);
    let mut service = service().with_records(100);
    let keys = untyped("DescribeKeys", json!({"MaxItems": 100}));
    let last = fields(&handle(&mut service, Wire::Post, &keys));
    assert_eq!(
        (&last["IsTruncated"], last["Marker"].is_u64()),
        (&json!(false), true)
    );
}

#[test]
fn a_page_without_a_limit_has_the_documented_number_of_records() {
    for (name, list) in [
        ("DescribeInstances", "/InstanceSet"),
        ("DescribeDeals", "/Data/Items"),
        ("DescribeUsers", "/Users"),
    ] {
        let page = answer(name, json!({}));
        assert_eq!(page.pointer(list).unwrap().as_array().unwrap().len(), 20);
    }
}

#[test]
fn records_look_like_their_examples() {
    let page = answer("DescribeInstances", json!({"Limit": 100}));
    let (mut absent, mut null) = (0, 0);
    for (at, instance) in page["InstanceSet"].as_array().unwrap().iter().enumerate() {
        let text = |name: &str| instance[name].as_str().unwrap();
        assert_eq!(text("InstanceId"), format!("ins-8j3k-{at}"));
        assert_eq!(text("State"), "RUNNING");
        let (date, time) = text("CreatedTime").split_once(' ').unwrap();
        assert!(date.parse::<jiff::civil::Date>().is_ok() && time == "12:30:00");
        let (whole, decimals) = text("Price").split_once('.').unwrap();
        assert_eq!((whole.len(), decimals.len()), (3, 4));
        assert!((whole.parse::<u32>().unwrap() + decimals.parse::<u32>().unwrap()) > 0);
        assert!((1..=3).contains(&instance["Tags"].as_array().unwrap().len()));
        assert!(instance["Tags"][0]["Values"][0].is_string());
        match instance.get("Weight") {
            None => absent += 1,
            Some(Value::Null) => null += 1,
            Some(weight) => assert!((0.0..1.0).contains(&weight.as_f64().unwrap())),
        }
    }
    assert!(
        (3..30).contains(&absent) && (3..30).contains(&null),
        "{absent} {null}"
    );
    assert_eq!(page["TotalCount"], 250);
}

#[test]
fn a_number_in_a_text_stays_one_in_what_tells_records_apart() {
    let page = answer("DescribeVouchers", json!({"PageNumber": 2, "PageSize": 20}));
    let first = &page["Vouchers"][0];
    assert_eq!(first["Uin"], "100000000020");
    assert!(
        first["Day"]
            .as_str()
            .unwrap()
            .parse::<jiff::civil::Date>()
            .is_ok()
    );
}

#[test]
fn the_same_seed_gives_the_same_answers_and_another_one_others() {
    let instances = untyped("DescribeInstances", json!({}));
    let page = |service: &mut Emulator| fields(&handle(service, Wire::Post, &instances));
    let first = page(&mut service());
    assert_eq!(page(&mut service()), first);
    assert_ne!(page(&mut service().with_seed(1)), first);
    let other = Credential::new("AKIDOTHER", "another-fake-key").unwrap();
    let account = Account::new(other.clone()).with_records(7).with_seed(2);
    let mut service = service().with_account(account);
    let mut session = Session::new(other);
    let signed = request::sign(&instances, &mut session, START).unwrap();
    let theirs = fields(&service.handle(START, &signed));
    assert_eq!(
        (theirs["TotalCount"].as_u64(), theirs != first),
        (Some(7), true)
    );
}

#[test]
fn an_object_within_itself_ends() {
    let tree = answer("DescribeTree", json!({}));
    let name = &tree["Root"]["Name"];
    assert!(name.is_string());
    assert_eq!(tree, json!({"Root": {"Name": name, "Children": []}}));
    // One that requires itself can't be sent.
    let endless = untyped("DescribeTree", json!({"Root": {"Name": "a"}}));
    for wire in [Wire::Post, Wire::Get] {
        let (code, _) = refusal(&mut service(), wire, &endless);
        assert_eq!(code, "MissingParameter");
    }
}

#[test]
fn a_list_without_pages_has_a_total_that_is_right() {
    let zones = answer("DescribeZones", json!({}));
    let len = zones["ZoneSet"].as_array().unwrap().len();
    assert!((1..=3).contains(&len));
    assert_eq!(zones["TotalCount"], len);
}

#[test]
fn parameters_are_checked_at_every_depth() {
    let run = |changed: Value| {
        let mut input = json!({"Names": ["a"], "Disk": {"Size": 50}});
        for (name, value) in changed.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    };
    for (changed, code, name) in [
        (json!({"Nemo": "x"}), "UnknownParameter", "Nemo"),
        (
            json!({"Disk": {"Size": 1, "Sise": 1}}),
            "UnknownParameter",
            "Disk.Sise",
        ),
        (
            json!({"Backup": {"Size": 1, "Tags": [{"Key": "k", "Values": ["v"], "Kay": "k"}]}}),
            "UnknownParameter",
            "Backup.Tags.0.Kay",
        ),
        (json!({"Names": null}), "MissingParameter", "Names"),
        (json!({"Names": []}), "MissingParameter", "Names"),
        (
            json!({"Backup": {"Ratio": 1.5}}),
            "MissingParameter",
            "Backup.Size",
        ),
        (
            json!({"Backup": {"Size": 1, "Tags": [{"Key": "k", "Values": []}]}}),
            "MissingParameter",
            "Backup.Tags.0.Values",
        ),
        (json!({"Names": "a"}), "InvalidParameter", "Names"),
        (json!({"Names": [["a"]]}), "InvalidParameter", "Names.0"),
        (json!({"Disk": "a"}), "InvalidParameter", "Disk"),
        (
            json!({"Disk": {"Size": -1}}),
            "InvalidParameter",
            "Disk.Size",
        ),
        (
            json!({"Disk": {"Size": 1.5}}),
            "InvalidParameter",
            "Disk.Size",
        ),
        (
            json!({"Disk": {"Size": "many"}}),
            "InvalidParameter",
            "Disk.Size",
        ),
        (
            json!({"Disk": {"Size": 1, "Ratio": "half"}}),
            "InvalidParameter",
            "Disk.Ratio",
        ),
        (json!({"Count": true}), "InvalidParameter", "Count"),
        (json!({"DryRun": 1}), "InvalidParameter", "DryRun"),
    ] {
        is_refused("RunInstances", run(changed), code, name);
    }
    // By POST alone, since in a query all is text.
    for changed in [
        json!({"Names": [1]}),
        json!({"Disk": {"Size": "1"}}),
        json!({"Disk": {"Size": 1, "Ratio": "0.5"}}),
        json!({"DryRun": "true"}),
    ] {
        let run = untyped("RunInstances", run(changed));
        let (code, _) = refusal(&mut service(), Wire::Post, &run);
        assert_eq!(code, "InvalidParameter", "{:?}", run.input());
    }
    for changed in [
        json!({}),
        json!({"Count": i64::MIN, "DryRun": false, "Backup": {"Size": u64::MAX}}),
        json!({"Disk": {"Size": 0, "Ratio": -0.5, "Tags": []}, "Count": null}),
    ] {
        let run = untyped("RunInstances", run(changed));
        for wire in [Wire::Post, Wire::Get] {
            let answer = fields(&handle(&mut service(), wire, &run));
            assert_eq!(answer["InstanceIdSet"][0], "ins-8j3k");
        }
    }
}

#[test]
fn what_chooses_no_page_is_refused() {
    for (name, input, parameter) in [
        ("DescribeInstances", json!({"Limit": 0}), "Limit"),
        ("DescribeInstances", json!({"Limit": 101}), "Limit"),
        ("DescribeVouchers", json!({"PageNumber": 0}), "PageNumber"),
        ("DescribeUsers", json!({"NextToken": "x"}), "NextToken"),
        ("DescribeUsers", json!({"NextToken": "65537"}), "NextToken"),
        ("DescribeKeys", json!({"Marker": 1}), "Marker"),
    ] {
        let code = format!("InvalidParameterValue.{parameter}");
        is_refused(name, input, &code, parameter);
    }
    // Nor is the token of one list one of another.
    let token = &answer("DescribeUsers", json!({}))["NextToken"];
    let marker: u64 = token.as_str().unwrap().parse().unwrap();
    let code = "InvalidParameterValue.Marker";
    is_refused("DescribeKeys", json!({"Marker": marker}), code, "Marker");
    // An empty token is none.
    let first = answer("DescribeUsers", json!({"NextToken": ""}));
    assert_eq!(first["Users"][0]["Number"], 0);
}

#[test]
fn a_described_action_is_verified_like_any_other() {
    let mut service = service();
    let signed = |action: &Untyped| request::sign(action, &mut session(Wire::Post), START).unwrap();
    let code = |answer: &Response<Bytes>| {
        let error = response::read::<Untyped>(answer).unwrap_err();
        error.refusal().unwrap().code().to_string()
    };
    for (action, expected) in [
        (
            Untyped::new("cvn", VERSION, "DescribeInstances", json!({})),
            "NoSuchProduct",
        ),
        (
            Untyped::new("cvm", "2020-01-01", "DescribeInstances", json!({})),
            "NoSuchVersion",
        ),
        (untyped("StopInstances", json!({})), "InvalidAction"),
    ] {
        assert_eq!(code(&service.handle(START, &signed(&action))), expected);
    }
    let instances = untyped("DescribeInstances", json!({}));
    let mut forger = Session::new(Credential::new("AKIDEXAMPLE", "forged").unwrap());
    let forged = request::sign(&instances, &mut forger, START).unwrap();
    assert_eq!(
        code(&service.handle(START, &forged)),
        "AuthFailure.SignatureFailure"
    );
    let mut nowhere = signed(&instances);
    nowhere
        .headers_mut()
        .insert("x-tc-region", "ap-nowhere".parse().unwrap());
    assert_eq!(
        code(&service.handle(START, &nowhere)),
        "InvalidParameterValue"
    );
    let region = Region::new("ap-guangzhou").unwrap();
    let settings = Settings::default().with_region(region);
    let mut somewhere = Session::new(credential()).with_settings(settings);
    let somewhere = request::sign(&instances, &mut somewhere, START).unwrap();
    fields(&service.handle(START, &somewhere));

    let mut service = service.with_frequency_limits();
    let codes = (0..21)
        .map(|_| response::read::<Untyped>(&service.handle(START, &signed(&instances))).is_ok());
    assert_eq!(codes.filter(|is_ok| *is_ok).count(), 20);
}

#[test]
fn an_action_that_is_not_signed_needs_no_key() {
    let mut target = untyped("DescribeOpen", json!({})).target();
    target.signed = false;
    let open = Untyped::of(target.clone(), json!({}));
    assert!(fields(&handle(&mut service(), Wire::Post, &open))["Open"].is_boolean());
    target.action = "DescribeZones".into();
    let (code, _) = refusal(&mut service(), Wire::Post, &Untyped::of(target, json!({})));
    assert_eq!(code, "AuthFailure.InvalidAuthorization");
}

#[test]
fn an_answer_in_events_is_refused() {
    let chat = untyped("ChatCompletions", json!({}));
    let (code, _) = refusal(&mut service(), Wire::Post, &chat);
    assert_eq!(code, "UnsupportedOperation");
}

#[test]
fn ones_own_actions_and_those_by_hand_come_first() {
    let billing = json!({
        "metadata": {"serviceShortName": "billing", "apiVersion": "2018-07-09"},
        "actions": {
            "DescribeBillList": {"input": "Empty", "output": "Empty"},
            "DescribeVouchers": {"input": "Empty", "output": "Empty"},
        },
        "objects": {"Empty": {"members": []}},
    });
    let mut service = service().describe(billing.to_string().as_bytes()).unwrap();
    let list = bills("2024-01-01 00:00:00", "2024-01-31 23:59:59");
    let by_hand = response::read::<DescribeBillList>(&handle(&mut service, Wire::Post, &list));
    assert!(by_hand.unwrap().output.total > Some(0));
    let vouchers = Untyped::new("billing", "2018-07-09", "DescribeVouchers", json!({}));
    assert_eq!(
        fields(&handle(&mut service, Wire::Post, &vouchers)),
        json!({})
    );
    let zones = untyped("DescribeZones", json!({}));
    let mut service = service.with_action(zones.target(), |_| Ok(json!({"Own": true})));
    assert_eq!(
        fields(&handle(&mut service, Wire::Post, &zones)),
        json!({"Own": true})
    );
    // The last description of a service counts.
    let newer = json!({
        "metadata": {"serviceShortName": "cvm", "apiVersion": VERSION},
        "actions": {"DescribeInstances": {"input": "Empty", "output": "Empty"}},
        "objects": {"Empty": {"members": []}},
    });
    let mut service = service.describe(newer.to_string().as_bytes()).unwrap();
    let instances = untyped("DescribeInstances", json!({}));
    assert_eq!(
        fields(&handle(&mut service, Wire::Post, &instances)),
        json!({})
    );
}

#[test]
fn faults_hit_described_lists_too() {
    let mut service = service()
        .with_fault(When::At(1), Fault::IgnoreOffset)
        .with_fault(When::At(2), Fault::Total(-5))
        .with_fault(When::At(3), Fault::AddHead(2))
        .with_fault(When::At(4), Fault::AddTail(1))
        .with_fault(When::At(5), Fault::Lost)
        .with_fault(When::At(6), Fault::Throttle { retry_after: None })
        .with_fault(When::At(7), Fault::Cut);
    let page = |offset: u64| untyped("DescribeInstances", json!({"Offset": offset}));
    let mut get = |offset: u64| {
        let page = fields(&handle(&mut service, Wire::Post, &page(offset)));
        let list = page["InstanceSet"].as_array().unwrap();
        let ids = list
            .iter()
            .map(|it| it["InstanceId"].as_str().unwrap().to_string());
        (
            page["TotalCount"].as_u64().unwrap(),
            ids.collect::<Vec<_>>(),
        )
    };
    assert_eq!(get(20).1[0], "ins-8j3k-0");
    assert_eq!(get(20).0, 245);
    let (total, ids) = get(0);
    assert_eq!(
        (total, &*ids[2], ids[0] != ids[1]),
        (252, "ins-8j3k-0", true)
    );
    let (total, ids) = get(250);
    assert_eq!((total, ids.len(), &*ids[1]), (253, 3, "ins-8j3k-249"));
    let request = request::sign(&page(0), &mut session(Wire::Post), START).unwrap();
    let mut send = || service.exchange(START, &request).outcome;
    assert!(send().is_err());
    assert!(
        response::read::<Untyped>(&send().unwrap())
            .unwrap_err()
            .is_throttled()
    );
    assert!(response::read::<Untyped>(&send().unwrap()).is_err());

    let mut faulty = self::service()
        .with_fault(When::At(2), Fault::Throttle { retry_after: None })
        .with_fault(When::At(4), Fault::Lost);
    let records = walked::<0>(&mut faulty, Wire::Post);
    assert_eq!(records, walked::<0>(&mut self::service(), Wire::Post));
    for ignored in [
        walked_with::<1>(Fault::IgnoreOffset),
        walked_with::<2>(Fault::IgnoreOffset),
    ] {
        assert_eq!(ignored.unwrap_err().name(), "repeated");
    }
}

fn walked_with<const LIST: usize>(fault: Fault) -> Result<Vec<Value>, Error> {
    let mut service = service().with_fault(When::From(1), fault);
    Client::new().walk(&mut service, Walk::<LIST>::default())
}

#[test]
fn an_emulator_with_descriptions_is_shown_in_a_few_words() {
    fn is_shared(_: &(impl Send + Sync + std::fmt::Debug)) {}
    is_shared(&service());
    let shown = format!("{:?}", service());
    assert!(shown.contains("described: [cvm 2017-03-12]"), "{shown}");
    assert!(!shown.contains("InstanceSet"));
}

#[test]
fn what_is_no_description_is_an_error_with_its_path() {
    let describe = |json: &str| {
        let service = Emulator::new(credential()).describe(json.as_bytes());
        service.map(drop).unwrap_err()
    };
    assert_eq!(describe("[]").path(), "the description");
    let unknown = description().replace(r#""member":"Instance""#, r#""member":"Instanz""#);
    let error = describe(&unknown);
    assert_eq!(
        error.path(),
        "objects.DescribeInstancesResponse.members[1].member"
    );
    assert!(
        error
            .to_string()
            .contains("`Instanz` is neither a type nor an object")
    );
}
