use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    bill_detail::{WRONG, check_month, payer, short},
    lines::{Charge, Lines, Project, Region, Tags, eighth},
    products::{FEN, add, total},
};
use crate::Month;
use crate::emulator::{
    Answer, Asked, Emulator, Handled, Refused, Served,
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
        by_product,
    ),
};

pub(crate) const BY_PAY_MODE: Served = Served {
    target: billing("DescribeBillSummaryByPayMode", 20),
    total: &[],
    answer: Answer::Handler(&MONTH, by_pay_mode),
};

const MONTH: [Field; 3] = [
    required("BeginTime", ParameterKind::Text),
    required("EndTime", ParameterKind::Text),
    optional("PayerUin", ParameterKind::Text),
];

/// What the lines of one kind have in common.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) charge: Charge,
    pub(crate) product: (&'static str, &'static str),
    pub(crate) project: Project,
    pub(crate) region: &'static Region,
    pub(crate) tags: Tags,
}

/// Sums of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sums {
    /// By the list, of the lines that show it.
    pub(crate) cost: i64,
    /// Cash, vouchers, credits, proceeds.
    pub(crate) paid: [i64; 4],
}

/// The sums of a month, by group.
pub(crate) type Groups = Vec<(Group, Sums)>;

impl Sums {
    fn add(&mut self, other: &Self) {
        self.cost = self.cost.saturating_add(other.cost);
        self.paid = add(self.paid, other.paid);
    }

    pub(crate) fn real(&self) -> i64 {
        total(self.paid)
    }

    /// The fields of the sums, each off by so many fen.
    fn fields(&self, off: i64) -> Map<String, Value> {
        let sum = |amount: i64| {
            let off = off.saturating_mul(FEN);
            Value::String(eighth(amount.saturating_add(off)))
        };
        let [cash, vouchers, credits, proceeds] = self.paid;
        Map::from_iter([
            ("TotalCost".to_owned(), sum(self.cost)),
            ("RealTotalCost".to_owned(), sum(self.real())),
            ("CashPayAmount".to_owned(), sum(cash)),
            ("VoucherPayAmount".to_owned(), sum(vouchers)),
            ("IncentivePayAmount".to_owned(), sum(credits)),
            ("TransferPayAmount".to_owned(), sum(proceeds)),
        ])
    }
}

/// The sums of a month's lines.
pub(crate) fn groups(lines: &Lines, rounding: [i64; 4]) -> Groups {
    let mut groups = Groups::new();
    for index in 0..lines.count() {
        let line = lines.line(index, rounding);
        let sums = Sums {
            cost: line.cost(),
            paid: line.paid,
        };
        let group = Group {
            charge: line.charge,
            product: line.product,
            project: line.resource.project,
            region: line.resource.region,
            tags: line.resource.tags,
        };
        add_to(&mut groups, group, &sums);
    }
    groups
}

/// Sums up what has the same key.
fn add_to<K: PartialEq>(groups: &mut Vec<(K, Sums)>, key: K, sums: &Sums) {
    match groups.iter_mut().find(|(known, _)| *known == key) {
        Some((_, known)) => known.add(sums),
        None => groups.push((key, *sums)),
    }
}

/// The sums by key, the largest cost first.
fn by<K: PartialEq>(groups: &[(Group, Sums)], key: impl Fn(&Group) -> Option<K>) -> Vec<(K, Sums)> {
    let mut summed = Vec::new();
    for (group, sums) in groups {
        if let Some(key) = key(group) {
            add_to(&mut summed, key, sums);
        }
    }
    summed.sort_by_key(|(_, sums)| core::cmp::Reverse(sums.real()));
    summed
}

/// The share of the positive costs, in percent with two decimals; 0 for a negative one.
fn ratio<K>(real: i64, all: &[(K, Sums)]) -> Value {
    let positive = all.iter().map(|(_, sums)| i128::from(sums.real().max(0)));
    let whole = positive.fold(0, i128::saturating_add);
    let part = i128::from(real.max(0)).saturating_mul(10_000);
    let hundredths = part.checked_div(whole).unwrap_or_default();
    let hundredths = i64::try_from(hundredths).unwrap_or_default();
    Decimal::new(hundredths, 2).to_string().into()
}

/// The elements of a list of sums.
fn overview<K>(
    sums: &[(K, Sums)],
    month: Option<Month>,
    off: i64,
    names: impl Fn(&K) -> Value,
) -> Value {
    let item = |(key, own): &(K, Sums)| {
        let mut fields = own.fields(off);
        fields.insert("RealTotalCostRatio".into(), ratio(own.real(), sums));
        if let Some(month) = month {
            fields.insert("BillMonth".into(), month.to_string().into());
        }
        if let Value::Object(names) = names(key) {
            fields.extend(names);
        }
        Value::Object(fields)
    };
    sums.iter().map(item).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    begin_time: Month,
    end_time: Month,
    payer_uin: Option<String>,
    pay_type: Option<String>,
}

/// The sums that a summary asks for, and its month; `None` while they are not computed.
fn summed<'e>(
    emulator: &'e mut Emulator,
    asked: &Asked,
    input: &Input,
) -> Result<(Month, Option<&'e Groups>), Refused> {
    let month = short(input.begin_time)?;
    if short(input.end_time)? != month {
        return refuse(WRONG, "BeginTime and EndTime must be the same month");
    }
    check_month(month, asked)?;
    let payer = payer(emulator, asked.account, input.payer_uin.as_deref())?;
    if !asked.ready {
        return Ok((month, None));
    }
    Ok((month, emulator.groups(payer, month)))
}

impl Emulator {
    /// The sums of the lines of an account's month.
    pub(crate) fn groups(&mut self, account: usize, month: Month) -> Option<&Groups> {
        let lines = self.lines(account, month);
        let ledger = &mut self.account(account).ledgers.lines;
        let rounding = ledger.rounding(month, &lines);
        ledger.groups.get(month, |_| groups(&lines, rounding))
    }
}

fn not_ready() -> Map<String, Value> {
    Map::from_iter([
        ("Ready".to_owned(), 0.into()),
        ("SummaryOverview".to_owned(), json!([])),
    ])
}

fn ready(overview: Value) -> Map<String, Value> {
    Map::from_iter([
        ("Ready".to_owned(), 1.into()),
        ("SummaryOverview".to_owned(), overview),
    ])
}

fn by_product(emulator: &mut Emulator, asked: Asked, input: Map<String, Value>) -> Handled {
    let input: Input = parameters::typed(input, WRONG)?;
    let pay_type = input.pay_type.as_deref().filter(|it| !it.is_empty());
    if pay_type.is_some_and(|it| !["consume", "refund", "adjustment"].contains(&it)) {
        return refuse(WRONG, "PayType must be consume, refund or adjustment");
    }
    let (month, Some(groups)) = summed(emulator, &asked, &input)? else {
        let mut output = not_ready();
        output.insert("SummaryTotal".into(), Value::Null);
        return Ok(output);
    };
    let sums = by(groups, |group| {
        let wanted = pay_type.is_none_or(|it| it == group.charge.pay_type());
        wanted.then_some(group.product)
    });
    let mut whole = Sums::default();
    sums.iter().for_each(|(_, sums)| whole.add(sums));
    let mut output = ready(overview(
        &sums,
        Some(month),
        asked.sums,
        |(code, name)| json!({"BusinessCode": code, "BusinessCodeName": name}),
    ));
    output.insert(
        "SummaryTotal".into(),
        Value::Object(whole.fields(asked.sums)),
    );
    Ok(output)
}

fn by_pay_mode(emulator: &mut Emulator, asked: Asked, input: Map<String, Value>) -> Handled {
    let input: Input = parameters::typed(input, WRONG)?;
    let (month, Some(groups)) = summed(emulator, &asked, &input)? else {
        return Ok(not_ready());
    };
    let sums = by(groups, |group| Some(group.charge.pay_mode()));
    Ok(ready(overview(&sums, None, asked.sums, |mode| {
        let actions = by(groups, |group| {
            let action = group.charge.action();
            (group.charge.pay_mode() == *mode).then_some(action)
        });
        let detail = overview(
            &actions,
            Some(month),
            asked.sums,
            |(code, name)| json!({"ActionType": code, "ActionTypeName": name}),
        );
        json!({"PayMode": mode.code(), "PayModeName": mode.name(), "Detail": detail})
    })))
}
