use tc3_core::{
    Credential, Error, Region, Session, Settings,
    emulator::{Account, Emulator},
    essbasic::Agent,
    sts::AssumeRole,
    wire::{request, response},
};

use super::{allocations, bills, usage_of};
use crate::common::{Client, START, credential};

fn other() -> Credential {
    Credential::new("AKIDOTHER", "another-fake-key").unwrap()
}

fn service() -> Emulator {
    let other = Account::new(other()).with_records(60).with_seed(9);
    Emulator::new(credential())
        .with_records(300)
        .with_account(other)
}

fn client(credential: Credential) -> Client {
    let region = Region::new("ap-guangzhou").unwrap();
    let settings = Settings::default().with_region(region);
    Client::with_session(Session::new(credential).with_settings(settings))
}

fn code<T>(result: Result<T, Error>) -> String {
    let error = result.map(drop).unwrap_err();
    error.refusal().unwrap().code().into()
}

#[test]
fn each_account_has_a_ledger_of_its_own() {
    let mut service = service();
    let january = bills("2024-01-01 00:00:00", "2024-06-30 23:59:59");
    let uses = usage_of(Agent::new(Emulator::APP_ID), "20240101", "20240131");
    for (credential, records, seed) in [(credential(), 300, 0), (other(), 60, 9)] {
        let mut client = client(credential.clone());
        let mut alone = Emulator::new(credential)
            .with_records(records)
            .with_seed(seed);
        let rows = client.walk(&mut service, january.clone()).unwrap();
        assert_eq!(rows.len() as u64, records / 4);
        assert_eq!(rows, client.walk(&mut alone, january.clone()).unwrap());
        let rows = client.walk(&mut service, allocations(2024, 2)).unwrap();
        assert_eq!(rows.len() as u64, records);
        assert_eq!(rows, client.walk(&mut alone, allocations(2024, 2)).unwrap());
        let rows = client.walk(&mut service, uses.clone()).unwrap();
        assert_eq!(rows, client.walk(&mut alone, uses.clone()).unwrap());
    }
}

#[test]
fn the_first_accounts_records_and_seed_are_its_own() {
    let mut service = service().with_records(30).with_seed(4);
    let total = |service: &mut Emulator, credential| {
        let answer = client(credential).call(service, &allocations(2024, 2));
        answer.unwrap().record_num.unwrap()
    };
    assert_eq!(total(&mut service, credential()), 30);
    assert_eq!(total(&mut service, other()), 60);
}

#[test]
fn an_unknown_id_and_anothers_key_are_refused() {
    let mut service = service();
    let month = allocations(2024, 2);
    for (id, key, expected) in [
        (
            "AKIDNOBODY",
            "not-a-real-key",
            "AuthFailure.SecretIdNotFound",
        ),
        (
            "AKIDOTHER",
            "not-a-real-key",
            "AuthFailure.SignatureFailure",
        ),
        (
            "AKIDEXAMPLE",
            "another-fake-key",
            "AuthFailure.SignatureFailure",
        ),
    ] {
        let mut stranger = client(Credential::new(id, key).unwrap());
        assert_eq!(code(stranger.call(&mut service, &month)), expected, "{id}");
    }
}

#[test]
fn a_role_sees_the_ledger_of_the_account_that_assumed_it() {
    let mut service = service();
    let role = AssumeRole::new(Emulator::ROLE_ARN, "report");
    let mut temporary = [credential(), other()].map(|credential| {
        let role = client(credential).call(&mut service, &role).unwrap();
        client(Credential::try_from(role).unwrap())
    });
    let month = allocations(2024, 2);
    let mut total = |client: &mut Client| client.call(&mut service, &month);
    assert_eq!(total(&mut temporary[0]).unwrap().record_num, Some(300));
    assert_eq!(total(&mut temporary[1]).unwrap().record_num, Some(60));

    // A new credential of the first account is no matter of the other one.
    service.set_credential(Credential::new("AKIDNEW", "not-a-real-key").unwrap());
    let mut total = |client: &mut Client| client.call(&mut service, &month);
    assert_eq!(
        code(total(&mut temporary[0])),
        "AuthFailure.SecretIdNotFound"
    );
    assert_eq!(total(&mut temporary[1]).unwrap().record_num, Some(60));
}

#[test]
fn an_account_with_a_known_id_replaces_it() {
    let with = |key: &str, records| {
        let credential = Credential::new("AKIDOTHER", key).unwrap();
        Account::new(credential).with_records(records)
    };
    let mut service = service().with_account(with("new-fake-key", 7));
    assert_eq!(
        code(client(other()).call(&mut service, &allocations(2024, 2))),
        "AuthFailure.SignatureFailure"
    );
    let new = Credential::new("AKIDOTHER", "new-fake-key").unwrap();
    let answer = client(new)
        .call(&mut service, &allocations(2024, 2))
        .unwrap();
    assert_eq!(answer.record_num, Some(7));
}

#[test]
fn each_account_has_its_own_rate_and_its_own_added_records() {
    let mut service = service().with_frequency_limits();
    let month = bills("2024-01-01 00:00:00", "2024-01-31 23:59:59");
    for credential in [credential(), other()] {
        let signed = request::sign(&month, &mut Session::new(credential), START).unwrap();
        for number in 1..=21 {
            let result = response::read::<tc3_core::billing::DescribeBillList>(
                &service.handle(START, &signed),
            );
            assert_eq!(result.is_ok(), number <= 20, "{number}");
        }
    }

    let script = "head=2@1".parse::<tc3_core::emulator::Scripted>().unwrap();
    let mut service = self::service().with_fault(script.when, script.fault);
    let mut total = |credential| client(credential).call(&mut service, &month).unwrap().total;
    assert_eq!(total(credential()), Some(13 + 2));
    assert_eq!(total(other()), Some(3));
    assert_eq!(total(credential()), Some(13 + 2));
}
