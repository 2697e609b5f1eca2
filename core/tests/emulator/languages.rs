//! The language of refusals.

use serde_json::{Value, json};
use tc3_core::{
    Settings, Untyped,
    emulator::{Emulator, Fault, When},
    session::{Language, Wire},
    wire::{request, response},
};

use crate::common::{Client, START, credential};

fn message(service: &mut Emulator, language: Option<Language>, action: &Untyped) -> String {
    let settings = Settings::default().with_language(language);
    let mut client = Client::with_settings(settings);
    let request = request::sign(action, &mut client.session, START).unwrap();
    let error = response::read::<Untyped>(&service.handle(START, &request)).unwrap_err();
    error.refusal().unwrap().message().into()
}

fn usage(input: Value) -> Untyped {
    let name = "ChannelDescribeBillUsageDetail";
    Untyped::new("essbasic", "2021-05-26", name, input)
}

fn chinese() -> Option<Language> {
    Some(Language::ZH_CN)
}

#[test]
fn a_refusal_is_chinese_for_who_asks_for_chinese_and_else_english() {
    let app = json!({"AppId": Emulator::APP_ID});
    let days = |limit| json!({"Agent": app, "StartTime": "20240101", "EndTime": "20240131", "Limit": limit});
    let mut service = Emulator::new(credential());
    for action in [
        usage(days(500)),
        usage(json!({})),
        usage(json!({"X": 1})),
        Untyped::new("essbasic", "2021-05-26", "Sign", json!({})),
        Untyped::new("essbasic", "2021-05-27", "Sign", json!({})),
        Untyped::new("cvm", "2017-03-12", "DescribeZones", json!({})),
    ] {
        let mut ask = |language| message(&mut service, language, &action);
        let english = ask(Some(Language::EN_US));
        assert!(english.is_ascii(), "{english}");
        assert_eq!(ask(None), english);
        assert_eq!(ask(Some(Language::new("fr-FR").unwrap())), english);
        let chinese = ask(chinese());
        assert!(!chinese.is_ascii() && !chinese.is_empty(), "{chinese}");
    }
    // As the vendor's page shows it.
    assert_eq!(
        message(&mut service, chinese(), &usage(days(500))),
        "分页参数不合法"
    );
}

#[test]
fn what_is_refused_by_script_is_chinese_as_well() {
    let mut service = Emulator::new(credential())
        .with_fault(When::At(1), Fault::Throttle { retry_after: None })
        .with_fault(
            When::At(2),
            Fault::Refuse("FailedOperation.SummaryDataNotReady".into()),
        );
    for _ in 1..=2 {
        let chinese = message(&mut service, chinese(), &usage(json!({})));
        assert!(!chinese.is_ascii(), "{chinese}");
    }
}

#[test]
fn a_parameter_names_the_language_of_a_request_signed_by_the_first_version() {
    let ask = |query: &str| {
        let url = format!("/?Action=DescribeBillList&{query}");
        let request = http::Request::get(url).body(bytes::Bytes::new()).unwrap();
        let answer = Emulator::new(credential()).handle(START, &request);
        let error = response::read::<Untyped>(&answer).unwrap_err();
        let refusal = error.refusal().unwrap();
        assert_eq!(refusal.code(), "MissingParameter");
        refusal.message().to_string()
    };
    assert!(ask("Language=en-US").is_ascii());
    assert!(ask("").is_ascii());
    assert!(!ask("Language=zh-CN").is_ascii());
}

#[test]
fn a_parameter_of_that_name_is_none_of_the_third_version() {
    let settings = Settings::default().with_wire(Wire::Get);
    let mut client = Client::with_settings(settings);
    let action = usage(json!({"Language": "zh-CN", "Action": "x"}));
    let request = request::sign(&action, &mut client.session, START).unwrap();
    let answer = Emulator::new(credential()).handle(START, &request);
    let error = response::read::<Untyped>(&answer).unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.code(), "UnknownParameter");
    assert!(refusal.message().is_ascii());
}
