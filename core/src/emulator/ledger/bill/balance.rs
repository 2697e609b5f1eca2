use alloc::string::String;

use serde_json::{Map, Value, json};

use crate::emulator::{
    Answer, Asked, Emulator, Handled, Served,
    ledger::lines::uin,
    object,
    parameters::{ParameterKind, optional},
    served::billing,
};

pub(crate) const SERVED: Served = Served {
    target: billing("DescribeAccountBalance", 20),
    total: &[],
    answer: Answer::Handler(&[optional("TempCredit", ParameterKind::Bool)], answer),
};

/// What may be spent on credit, in fen.
const CREDIT: i64 = 5_000_000;

/// The balance of the newest transaction.
fn answer(emulator: &mut Emulator, asked: Asked, input: Map<String, Value>) -> Handled {
    let account = u64::try_from(asked.account).unwrap_or(u64::MAX);
    let bills = &emulator.account(asked.account).ledgers.bills;
    let [cash, present, frozen] = bills.balance(asked.now);
    let (income, owed) = (0, 0);
    let all = cash.saturating_add(income).saturating_add(present);
    let real = all.saturating_sub(frozen).saturating_sub(owed);
    let on_credit = all.saturating_add(CREDIT).saturating_sub(owed);
    let mut output = object(&json!({
        "Uin": uin(account),
        "Balance": real,
        "RealBalance": real,
        "CashAccountBalance": cash,
        "IncomeIntoAccountBalance": income,
        "PresentAccountBalance": present,
        "FreezeAmount": frozen,
        "OweAmount": owed,
        "IsAllowArrears": true,
        "IsCreditLimited": true,
        "CreditAmount": CREDIT,
        "CreditBalance": on_credit,
        "RealCreditBalance": on_credit.saturating_sub(frozen),
    }))?;
    if input.get("TempCredit") == Some(&json!(true)) {
        output.insert("TempCredit".into(), 0.into());
        output.insert("TempAmountInfoList".into(), json!([]));
    }
    Ok(output)
}
