use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    groups::{Group, Sums, by, exact, ratio},
    request::{Scope, WRONG, check_month, payer_and_owner, short, tag},
};
use crate::Month;
use crate::emulator::{
    Answer, Asked, Emulator, Handled, Refused, Served,
    ledger::lines::{TAG_KEYS, project_name},
    parameters::{self, Field, ParameterKind, optional, required},
    refuse,
    served::billing,
};

pub(crate) const BY_PRODUCT: Served = Served {
    target: billing("DescribeBillSummaryByProduct", 20),
    total: &[],
    answer: Answer::Handler(
        &[
            MONTH[0],
            MONTH[1],
            MONTH[2],
            optional("PayType", ParameterKind::Text),
        ],
        |emulator, asked, input| answer(emulator, asked, input, by_product),
    ),
};

pub(crate) const BY_PROJECT: Served = Served {
    target: billing("DescribeBillSummaryByProject", 20),
    total: &[],
    answer: Answer::Handler(&MONTH, |emulator, asked, input| {
        answer(emulator, asked, input, by_project)
    }),
};

pub(crate) const BY_REGION: Served = Served {
    target: billing("DescribeBillSummaryByRegion", 20),
    total: &[],
    answer: Answer::Handler(&MONTH, |emulator, asked, input| {
        answer(emulator, asked, input, by_region)
    }),
};

pub(crate) const BY_PAY_MODE: Served = Served {
    target: billing("DescribeBillSummaryByPayMode", 20),
    total: &[],
    answer: Answer::Handler(&MONTH, |emulator, asked, input| {
        answer(emulator, asked, input, by_pay_mode)
    }),
};

pub(crate) const BY_TAG: Served = Served {
    target: billing("DescribeBillSummaryByTag", 20),
    total: &[],
    answer: Answer::Handler(
        &[
            MONTH[0],
            MONTH[1],
            MONTH[2],
            required("TagKey", ParameterKind::Text),
            optional("TagValue", ParameterKind::Text),
        ],
        |emulator, asked, input| answer(emulator, asked, input, by_tag),
    ),
};

const MONTH: [Field; 3] = [
    required("BeginTime", ParameterKind::Text),
    required("EndTime", ParameterKind::Text),
    optional("PayerUin", ParameterKind::Text),
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    begin_time: Month,
    end_time: Month,
    payer_uin: Option<String>,
    pay_type: Option<String>,
    tag_key: Option<String>,
    tag_value: Option<String>,
}

/// What a summary is made of: its groups and the difference of its sums in fen.
struct Bill<'b> {
    month: Month,
    groups: &'b [Group],
    off: i64,
}

/// Answers a summary by `sum_up`, once it is computed.
fn answer(
    emulator: &mut Emulator,
    asked: Asked,
    input: Map<String, Value>,
    sum_up: fn(&Bill, &Input) -> Map<String, Value>,
) -> Handled {
    let input: Input = parameters::typed(input, WRONG)?;
    let month = short(input.begin_time)?;
    if input.end_time != month {
        return refuse(WRONG, "BeginTime and EndTime must be the same month");
    }
    check_month(month, &asked)?;
    input.check()?;
    let payer_uin = input.payer_uin.as_deref();
    let (payer, _) = payer_and_owner(emulator, &asked, Scope::Paid, payer_uin)?;
    let bill = Bill {
        month,
        groups: if asked.ready {
            emulator.groups(payer, month)
        } else {
            &[]
        },
        off: asked.sums,
    };
    let mut output = sum_up(&bill, &input);
    output.insert("Ready".to_owned(), u8::from(asked.ready).into());
    if let Some(total) = output.get_mut("SummaryTotal")
        && !asked.ready
    {
        *total = Value::Null;
    }
    Ok(output)
}

impl Input {
    fn check(&self) -> Result<(), Refused> {
        let pay_type = self.pay_type.as_deref().unwrap_or_default();
        if !["", "consume", "refund", "adjustment"].contains(&pay_type) {
            return refuse(WRONG, "PayType must be consume, refund or adjustment");
        }
        let tag_key = self.tag_key.as_deref();
        if tag_key.is_some_and(|key| !TAG_KEYS.contains(&key)) {
            return refuse("FailedOperation.TagKeyNotExist", "there is no such TagKey");
        }
        Ok(())
    }
}

impl Bill<'_> {
    /// The elements of a list of sums, each with its month or not.
    fn overview<K>(
        &self,
        sums: &[(K, Sums)],
        with_month: bool,
        names: impl Fn(&K) -> Value,
    ) -> Value {
        let item = |(key, own): &(K, Sums)| {
            let mut fields = own.fields(exact(self.off));
            fields.insert("RealTotalCostRatio".into(), ratio(own, sums).into());
            if with_month {
                fields.insert("BillMonth".into(), self.month.to_string().into());
            }
            if let Value::Object(names) = names(key) {
                fields.extend(names);
            }
            Value::Object(fields)
        };
        sums.iter().map(item).collect()
    }

    /// The sum of all elements.
    fn total<K>(&self, sums: &[(K, Sums)]) -> Map<String, Value> {
        let mut whole = Sums::default();
        sums.iter().for_each(|(_, sums)| whole.add(sums));
        whole.fields(exact(self.off))
    }
}

fn listed(overview: Value) -> Map<String, Value> {
    Map::from_iter([("SummaryOverview".to_owned(), overview)])
}

fn by_product(bill: &Bill, input: &Input) -> Map<String, Value> {
    let pay_type = input.pay_type.as_deref().filter(|it| !it.is_empty());
    let sums = by(bill.groups, |group| {
        let is_wanted = pay_type.is_none_or(|it| it == group.first.charge.pay_type());
        is_wanted.then_some(group.first.product)
    });
    let mut output = listed(bill.overview(
        &sums,
        true,
        |(code, name)| json!({"BusinessCode": code, "BusinessCodeName": name}),
    ));
    output.insert("SummaryTotal".into(), bill.total(&sums).into());
    output
}

fn by_project(bill: &Bill, _: &Input) -> Map<String, Value> {
    let sums = by(bill.groups, |group| Some(group.first.resource.project.0));
    listed(bill.overview(
        &sums,
        true,
        |id| json!({"ProjectId": id.to_string(), "ProjectName": project_name(*id)}),
    ))
}

fn by_region(bill: &Bill, _: &Input) -> Map<String, Value> {
    let sums = by(bill.groups, |group| {
        let region = group.first.resource.region;
        Some((region.id, region.name))
    });
    listed(bill.overview(
        &sums,
        true,
        |(id, name)| json!({"RegionId": id.to_string(), "RegionName": name}),
    ))
}

fn by_pay_mode(bill: &Bill, _: &Input) -> Map<String, Value> {
    let sums = by(bill.groups, |group| Some(group.first.charge.pay_mode()));
    listed(bill.overview(&sums, false, |mode| {
        let actions = by(bill.groups, |group| {
            let charge = group.first.charge;
            (charge.pay_mode() == *mode).then_some(charge.action())
        });
        let detail = bill.overview(
            &actions,
            true,
            |(code, name)| json!({"ActionType": code, "ActionTypeName": name}),
        );
        json!({"PayMode": mode.code(), "PayModeName": mode.name(), "Detail": detail})
    }))
}

fn by_tag(bill: &Bill, input: &Input) -> Map<String, Value> {
    let key = input.tag_key.as_deref().unwrap_or_default();
    let sums: Vec<_> = by(bill.groups, |group| {
        let value = tag(&group.first.resource.tags, key);
        let wanted = input.tag_value.as_deref();
        wanted.is_none_or(|it| it == value).then_some(value)
    });
    let mut output = listed(bill.overview(&sums, false, |value| json!({"TagValue": value})));
    let mut total = bill.total(&sums);
    total.retain(|name, _| name.ends_with("TotalCost"));
    output.insert("SummaryTotal".into(), total.into());
    output
}
