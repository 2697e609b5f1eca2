use rust_decimal::Decimal;
use serde_json::{Value, json};
use tc3_core::{
    Credential, Error, Session, Untyped,
    emulator::{Account, Emulator},
};

use super::{amount, ask, components, lines, service, sum};
use crate::common::Client;

/// An organisation of two accounts, and the keys of the second one.
fn organization() -> (Emulator, Credential) {
    let plant = Credential::new("AKIDPLANT", "another-fake-key").unwrap();
    let member = Account::new(plant.clone()).with_records(20).with_seed(1);
    (service(100, 0).with_account(member), plant)
}

#[test]
fn the_first_account_may_read_a_members_bill() {
    let (mut service, plant) = organization();
    let input =
        |payer: Value| json!({"Month": "2024-02", "Offset": 0, "Limit": 300, "PayerUin": payer});
    let bill = ask(
        &mut service,
        "DescribeBillDetail",
        input(json!("100000000002")),
    )
    .unwrap();
    let bill = bill["DetailSet"].as_array().unwrap();
    assert_eq!(bill.len(), 21);
    assert!(bill.iter().all(|line| line["PayerUin"] == "100000000002"));
    let mut as_plant = Client::with_session(Session::new(plant));
    let mut ask_as_plant = |payer| {
        let action = Untyped::new("billing", "2018-07-09", "DescribeBillDetail", input(payer));
        let answer = as_plant.call(&mut service, &action)?;
        Ok::<_, Error>(answer.read::<Vec<Value>>("DetailSet").unwrap())
    };
    assert_eq!(ask_as_plant(Value::Null).unwrap(), *bill);
    assert_eq!(ask_as_plant(json!("100000000002")).unwrap(), *bill);
    for other in ["100000000001", "100000000003"] {
        let error = ask_as_plant(json!(other)).unwrap_err();
        let code = error.refusal().unwrap().code();
        assert_eq!(code, "AuthFailure.UnauthorizedOperation");
    }
}

#[test]
fn a_member_reads_what_the_first_account_pays_for_it() {
    let (mut service, plant) = organization();
    let mine = lines(&mut service, "2024-02");
    let of = |owner: &'static str| move |line: &&Value| line["OwnerUin"] == owner;
    let owned = |owner| mine.iter().filter(of(owner)).count();
    let input = json!({"Month": "2024-02", "Offset": 0, "Limit": 100, "NeedRecordNum": 1});
    let details = "DescribeBillDetailForOrganization";
    let members = ask(&mut service, details, input.clone()).unwrap();
    assert_eq!(members["Total"], mine.len() - owned("100000000001"));

    let mut as_plant = Client::with_session(Session::new(plant));
    let mut ask = |action: &'static str, input: Value| {
        let action = Untyped::new("billing", "2018-07-09", action, input);
        let answer = as_plant.call(&mut service, &action).unwrap();
        serde_json::to_value(answer).unwrap()
    };
    let answer = ask(details, input.clone());
    let paid = answer["DetailSet"].as_array().unwrap();
    assert_eq!(paid.len(), owned("100000000002"));
    assert!(!paid.is_empty());
    let ids =
        |lines: &[Value]| -> Vec<Value> { lines.iter().map(|it| it["BillId"].clone()).collect() };
    let same: Vec<Value> = mine.iter().filter(of("100000000002")).cloned().collect();
    assert_eq!(ids(paid), ids(&same));
    assert!(
        paid.iter()
            .all(|line| line.get("PayerUin").is_none() && line.get("Id").is_none())
    );
    // Its sums and resources are those of these lines.
    let cost = sum(components(paid), "RealCost");
    let input = json!({"Month": "2024-02", "Offset": 0, "Limit": 1_000});
    let resources = ask("DescribeBillResourceSummaryForOrganization", input);
    let resources = resources["ResourceSummarySet"].as_array().unwrap();
    assert!(resources.iter().all(|it| it.get("PayerUin").is_none()));
    let of_resources: Decimal = resources.iter().map(|it| amount(it, "RealTotalCost")).sum();
    assert_eq!(of_resources, cost);
    let input = json!({"Month": "2024-02", "GroupType": "payMode"});
    let summary = ask("DescribeBillSummaryForOrganization", input);
    let groups = summary["SummaryDetail"].as_array().unwrap();
    let of_groups: Decimal = groups.iter().map(|it| amount(it, "RealTotalCost")).sum();
    assert!((of_groups - cost).abs() <= Decimal::new(1, 2));
}
