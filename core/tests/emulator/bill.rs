//! Lines of a bill, and what is summed up from them.

#[path = "bill/costs.rs"]
mod costs;
#[path = "bill/lines.rs"]
mod lines;
#[path = "bill/money.rs"]
mod money;
#[path = "bill/organization.rs"]
mod organization;
#[path = "bill/requests.rs"]
mod requests;
#[path = "bill/sums.rs"]
mod sums;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use tc3_core::{Error, Untyped, emulator::Emulator};

use crate::common::{Client, credential};

fn service(records: u64, seed: u64) -> Emulator {
    Emulator::new(credential())
        .with_records(records)
        .with_seed(seed)
}

/// The fields of an answer.
fn ask(service: &mut Emulator, action: &'static str, input: Value) -> Result<Value, Error> {
    let action = Untyped::new("billing", "2018-07-09", action, input);
    let fields = Client::new().call(service, &action)?;
    Ok(serde_json::to_value(&fields).unwrap())
}

fn refused(service: &mut Emulator, action: &'static str, input: Value) -> (String, String) {
    let error = ask(service, action, input).unwrap_err();
    let refusal = error.refusal().unwrap();
    (refusal.code().to_owned(), refusal.message().to_owned())
}

/// All lines of a month.
fn lines(service: &mut Emulator, month: &str) -> Vec<Value> {
    let mut lines = Vec::new();
    loop {
        let input = json!({"Month": month, "Offset": lines.len(), "Limit": 300});
        let mut page = ask(service, "DescribeBillDetail", input).unwrap();
        let Value::Array(page) = page["DetailSet"].take() else {
            panic!("no list")
        };
        let count = page.len();
        lines.extend(page);
        if count < 300 {
            return lines;
        }
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name}: {value}"))
}

/// An amount, or `None` if it isn't shown.
fn shown(value: &Value, name: &str) -> Option<Decimal> {
    match text(value, name) {
        "-" => None,
        text => Some(text.parse().unwrap()),
    }
}

fn amount(value: &Value, name: &str) -> Decimal {
    shown(value, name).unwrap()
}

const PAID: [&str; 4] = [
    "CashPayAmount",
    "VoucherPayAmount",
    "IncentivePayAmount",
    "TransferPayAmount",
];

fn components(lines: &[Value]) -> impl Iterator<Item = (&Value, &Value)> {
    lines.iter().flat_map(|line| {
        let components = line["ComponentSet"].as_array().unwrap();
        components.iter().map(move |component| (line, component))
    })
}

/// The sum of an amount of components, of those that show it.
fn sum<'v>(components: impl Iterator<Item = (&'v Value, &'v Value)>, name: &str) -> Decimal {
    components.filter_map(|(_, it)| shown(it, name)).sum()
}

fn month(month: &str) -> Value {
    json!({"BeginTime": month, "EndTime": month})
}

/// Rounds halves away from 0.
fn rounded(amount: Decimal, decimals: u32) -> Decimal {
    amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}
