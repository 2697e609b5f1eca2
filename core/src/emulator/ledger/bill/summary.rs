use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    groups::{Group, Sums, by, in_fen},
    request::{Scope, WRONG, check_month, payer_and_owner, short, tag},
};
use crate::Month;
use crate::emulator::{
    Answer, Asked, Emulator, Handled, Served,
    ledger::lines::{TAG_KEYS, project_name},
    parameters::{self, Field, ParameterKind, optional, required},
    refuse,
    served::billing,
};

pub(crate) const SERVED: Served = Served {
    target: billing("DescribeBillSummary", 20),
    total: &[],
    answer: Answer::Handler(
        &[
            GROUPED[0],
            GROUPED[1],
            GROUPED[2],
            optional("OperateUin", ParameterKind::Text),
            optional("PayerUin", ParameterKind::Text),
        ],
        |emulator, asked, input| answer(emulator, asked, input, Scope::Paid),
    ),
};

pub(crate) const FOR_ORGANIZATION: Served = Served {
    target: billing("DescribeBillSummaryForOrganization", 20),
    total: &[],
    answer: Answer::Handler(&GROUPED, |emulator, asked, input| {
        answer(emulator, asked, input, Scope::PaidByOrganization)
    }),
};

const GROUPED: [Field; 3] = [
    required("Month", ParameterKind::Text),
    required("GroupType", ParameterKind::Text),
    optional("TagKey", ParameterKind::list(&ParameterKind::Text)),
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    month: Month,
    group_type: String,
    #[serde(default)]
    tag_key: Vec<String>,
    operate_uin: Option<String>,
    payer_uin: Option<String>,
}

/// The code and the name of what is summed up.
type Key = (String, String);

fn answer(
    emulator: &mut Emulator,
    asked: Asked,
    input: Map<String, Value>,
    scope: Scope,
) -> Handled {
    let input: Input = parameters::typed(input, WRONG)?;
    let month = short(input.month)?;
    check_month(month, &asked)?;
    let by_tag = input.group_type == "tag";
    if !by_tag && !["business", "project", "region", "payMode"].contains(&&*input.group_type) {
        return refuse(
            WRONG,
            "GroupType must be business, project, region, payMode or tag",
        );
    }
    if by_tag == input.tag_key.is_empty() {
        return refuse(WRONG, "TagKey goes with GroupType tag");
    }
    if input.tag_key.iter().any(|key| !TAG_KEYS.contains(&&**key)) {
        return refuse("FailedOperation.TagKeyNotExist", "there is no such TagKey");
    }
    let payer_uin = input.payer_uin.as_deref();
    let (payer, owner) = payer_and_owner(emulator, &asked, scope, payer_uin)?;
    let lines = emulator.lines(payer, month);
    let operator = lines.operator().to_string();
    let operated = |wanted: &String| wanted.is_empty() || *wanted == operator;
    let wanted = asked.ready && input.operate_uin.as_ref().is_none_or(operated);
    let groups = if wanted {
        emulator.groups(payer, month)
    } else {
        &[]
    };
    let groups: Vec<&Group> = (groups.iter())
        .filter(|group| owner.is(lines.owner(&group.first)))
        .collect();
    let detail: Vec<Value> = if by_tag {
        let keys = input.tag_key.iter();
        keys.flat_map(|key| {
            let value = |group: &Group| tag(&group.first.resource.tags, key).to_owned();
            summed(
                &groups,
                |group| (key.clone(), value(group)),
                true,
                asked.sums,
            )
        })
        .collect()
    } else {
        let with_products = input.group_type != "business";
        let key = |group: &Group| key_of(&input.group_type, group);
        summed(&groups, key, with_products, asked.sums)
    };
    Ok(Map::from_iter([
        ("Ready".to_owned(), u8::from(asked.ready).into()),
        ("SummaryDetail".to_owned(), detail.into()),
    ]))
}

fn key_of(group_type: &str, group: &Group) -> Key {
    let line = &group.first;
    let (project, region) = (line.resource.project.0, line.resource.region);
    match group_type {
        "business" => (line.product.0.to_owned(), line.product.1.to_owned()),
        "project" => (project.to_string(), project_name(project).to_owned()),
        "region" => (region.id.to_string(), region.name.to_owned()),
        _ => {
            let mode = line.charge.pay_mode();
            (mode.code().to_owned(), mode.name().to_owned())
        }
    }
}

/// The sums by key, and by product within each.
fn summed(
    groups: &[&Group],
    key: impl Fn(&Group) -> Key,
    with_products: bool,
    off: i64,
) -> Vec<Value> {
    let all = groups.iter().copied();
    let item = |(of, sums): (Key, Sums)| {
        let products = by(all.clone(), |group| {
            (with_products && key(group) == of).then_some(group.first.product)
        });
        let product = |((code, name), sums): ((&str, &str), Sums)| {
            let mut fields = sums.fields(in_fen(off));
            fields.insert("BusinessCode".into(), code.into());
            fields.insert("BusinessCodeName".into(), name.into());
            Value::Object(fields)
        };
        let products: Vec<Value> = products.into_iter().map(product).collect();
        let mut fields = sums.fields(in_fen(off));
        let (code, value) = of;
        fields.insert("GroupKey".into(), code.into());
        fields.insert("GroupValue".into(), value.into());
        fields.insert("Business".into(), json!(products));
        Value::Object(fields)
    };
    by(all.clone(), |group| Some(key(group)))
        .into_iter()
        .map(item)
        .collect()
}
