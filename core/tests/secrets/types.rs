//! Each public type that is a value, as text.

use std::fmt::Debug;

use bytes::Bytes;
use serde::Serialize;
use tc3_core::{
    Action, BeijingTime, Chain, CompactDate, Credential, Fen, Month, Paginate, Region, Reply,
    Session, Settings, Untyped, Yuan,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    credential::Source,
    emulator::{Account, ActionRequest, Emulator, Fault, Scripted, When},
    error::Kind,
    essbasic::{Agent, ChannelDescribeBillUsageDetail, UserInfo},
    flow::Retry,
    pagination::{End, Items, PageInfo, Paging, Slot, Start},
    proxy::{Proxies, ProxyUrl},
    session::{Endpoint, Language, Wire},
    sts::{AssumeRole, AssumeRoleWithWebIdentity, CallerIdentity, GetCallerIdentity},
    tc3::{self, CanonicalRequest, Payload, Scope, SigningKey},
    types::{BillDate, Number, Percent, Strict},
    wire::{request, response},
};

use super::{START, january};
use crate::marks::{KEY, TOKEN, Texts, credential};

pub(crate) fn values(texts: &mut Texts) {
    let settings = Settings::default().with_region(Region::new("ap-guangzhou").unwrap());
    texts.debug(
        "Settings",
        &settings
            .with_language(Language::EN_US)
            .with_rate("a", "B", 1),
    );
    let chain = Chain::from(Source::role(AssumeRole::new("qcs", "report"), credential()));
    texts.debug("Chain", &chain);
    texts.debug("Source", &chain.sources()[0]);
    texts.add("Source", &chain.sources()[0]);
    let tagged = AssumeRole::new("qcs", "report")
        .with_tag("team", "finance")
        .with_external_id(KEY);
    texts.debug("Tag", &tagged.tags[0]);
    texts.debug("AssumeRole", &tagged);
    let action = AssumeRoleWithWebIdentity::new("provider", TOKEN, "qcs", "report");
    texts.debug("AssumeRoleWithWebIdentity", &action);
    let role = format!(
        r#"{{"Response":{{"Credentials":{{"TmpSecretId":"AKIDEXAMPLE","TmpSecretKey":"{KEY}","Token":"{TOKEN}"}},"ExpiredTime":1,"RequestId":"r"}}}}"#
    );
    let role = response::read::<AssumeRole>(&http::Response::new(role.into())).unwrap();
    texts.debug("AssumedRole", &role.output);
    texts.debug("TemporaryCredentials", &role.output.credentials);
    for line in [format!("secret_id = {KEY} x"), KEY.to_string()] {
        let file = format!("[default]\n{line}\nsecret_key = {KEY}");
        let unreadable = Credential::from_profile(file, "default").unwrap_err();
        texts.error("Unreadable", &unreadable);
    }
    let endpoint = Endpoint::plain_http_readable_by_anyone("http://10.0.0.1").unwrap();
    texts.add("Endpoint", &endpoint);
    texts.debug("Endpoint", &endpoint);
    let proxy = ProxyUrl::new(&format!("http://user:{KEY}@proxy:1")).unwrap();
    texts.debug("ProxyUrl", &proxy);
    texts.debug("Proxies", &Proxies::all(proxy));
    for proxy in [format!("user:{KEY}@proxy"), format!("socks5://{KEY}@proxy")] {
        let proxies = Proxies::from_variables(|_| Some(proxy.clone().into_bytes()));
        texts.debug("Proxies", &proxies);
        texts.debug("Proxies", &proxies.choose(&"https://h".parse().unwrap()));
    }
    texts.debug("Credential", &credential().with_expiry(START));

    let headers = [("content-type", "application/json"), ("host", "h")];
    let canonical = CanonicalRequest::new("POST", "/", "", headers, Payload::Unsigned);
    let scope = Scope::new(START, "billing").unwrap();
    let key = SigningKey::derive(KEY, &scope);
    texts.debug("CanonicalRequest", &canonical);
    texts.add("CanonicalRequest", &canonical);
    texts.debug("Payload", &Payload::Signed(b"{}"));
    texts.add(
        "Scope",
        tc3::string_to_sign(START, &scope, &canonical.hash()),
    );
    texts.debug("Scope", &scope);
    texts.debug("SigningKey", &key);
    texts.debug("Signature", &key.sign("what is to be signed"));
    let mut signer = tc3::Signer::new(credential());
    signer.sign(&canonical, "billing", START).unwrap();
    texts.debug("Signer", &signer);

    texts.debug("Language", &Language::ZH_CN);
    texts.debug("Region", &Region::new("ap-guangzhou").unwrap());
    texts.debug("Wire", &Wire::Get);
    texts.debug("Retry", &Retry::default());
    texts.debug("Kind", &Kind::of("AuthFailure"));
    texts.debug("Fault", &Fault::Cut);
    texts.debug("When", &When::At(1));
    let undescribed = Emulator::new(credential()).describe(KEY.as_bytes());
    texts.error("DescriptionError", &undescribed.unwrap_err());
    texts.debug("Scripted", &Scripted::new(When::At(1), Fault::Cut));
    texts.debug("Account", &Account::new(credential()));
    exchanges(texts);
    let untyped = Untyped::new("billing", "2018-07-09", "A", serde_json::json!({"A": 1}));
    texts.debug("Target", &untyped.target());
    texts.debug("Untyped", &untyped);
    let shown = |request: &ActionRequest| Ok(serde_json::json!({"A": format!("{request:?}")}));
    let mut service = Emulator::new(credential()).with_action(untyped.target(), shown);
    let keys = Untyped::of(untyped.target(), serde_json::json!({"A": KEY, "B": TOKEN}));
    let request = request::sign(&keys, &mut Session::new(credential()), START).unwrap();
    let answer = service.handle(START, &request);
    texts.add("ActionRequest", String::from_utf8_lossy(answer.body()));
    let answer = http::Response::new(Bytes::from_static(
        br#"{"Response":{"A":1,"RequestId":"r"}}"#,
    ));
    texts.debug("Fields", &response::read::<Untyped>(&answer).unwrap());
    texts.debug("End", &End::Total);
    texts.debug("Paging", &Paging::Token);
    texts.debug(
        "PageInfo",
        &PageInfo::new(1).with_token(Some("next".into())),
    );
    texts.debug("Slot", &Slot::new(1, 2));
    texts.debug("Start", &Start::new(1, 2));
    texts.debug("Items", &Items::<_, DescribeBillList>::new([0].into_iter()));
    texts.debug("BeijingSecond", &january().start_time);
    let values: (
        BeijingTime,
        BillDate,
        CompactDate,
        Month,
        Fen,
        Number,
        Percent,
        Yuan,
    ) = serde_json::from_str(
        r#"["2024-01-01 00:00:00.000", "2024-01-01", "20240101", "2024-01", 1, 0.5, "1.5%", "1.00"]"#,
    )
    .unwrap();
    let names = [
        "BeijingTime",
        "BillDate",
        "CompactDate",
        "Month",
        "Fen",
        "FenSum",
        "Number",
        "Percent",
        "Yuan",
    ];
    names.iter().for_each(|name| texts.debug(name, &values));
    texts.debug("UnixTime", &START);
    texts.debug("Strict", &Strict::new(KEY));
}

/// An answer with keys of a role, one with keys of a machine's role, and none.
fn exchanges(texts: &mut Texts) {
    let mut service = Emulator::new(credential())
        .with_machine_role("reader")
        .with_fault(When::At(3), Fault::Lost);
    let region = Settings::default().with_region(Region::new("ap-guangzhou").unwrap());
    let mut session = Session::new(credential()).with_settings(region);
    let role = AssumeRole::new(Emulator::ROLE_ARN, "report");
    let signed = request::sign(&role, &mut session, START).unwrap();
    let machine = "/latest/meta-data/cam/security-credentials/reader";
    let machine = http::Request::get(machine).body(Bytes::new()).unwrap();
    for request in [&signed, &machine] {
        let exchange = service.exchange(START, request);
        let body = exchange.outcome.as_ref().unwrap().body();
        assert!(String::from_utf8_lossy(body).contains("not-a-real-token-"));
        texts.debug("Exchange", &exchange);
    }
    texts.debug("Exchange", &service.exchange(START, &signed));
}

/// The actions, what they answer with, and the types of both, which can't hold a credential.
pub(crate) fn data(texts: &mut Texts) {
    fn data<A: Paginate<Output: Serialize + Debug> + Debug>(
        texts: &mut Texts,
        action: A,
        names: &[&str],
    ) {
        let mut service = Emulator::new(credential());
        let request = request::sign(&action, &mut Session::new(credential()), START).unwrap();
        let reply: Reply<A::Output> =
            response::read::<A>(&service.handle(START, &request)).unwrap();
        for name in names {
            texts.debug(name, &(&action, &reply));
            texts.add(
                name,
                serde_json::to_string(&(&action, &reply.output)).unwrap(),
            );
        }
    }
    data(
        texts,
        january(),
        &[
            "BillTransactionInfo",
            "DescribeBillList",
            "DescribeBillListResponse",
            "PayType",
            "SubPayType",
        ],
    );
    let identity = serde_json::json!({"Type": "CAMUser", "AccountId": "1", "UserId": "2", "PrincipalId": "2", "Arn": "qcs::cam:1:uin/2"});
    let identity: CallerIdentity = serde_json::from_value(identity).unwrap();
    texts.debug("CallerIdentity", &identity);
    texts.debug("CallerType", &identity.r#type);
    texts.debug("GetCallerIdentity", &GetCallerIdentity::new());
    let summary = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 1).unwrap());
    data(
        texts,
        summary,
        &[
            "AllocationOverviewTotal",
            "AllocationSummaryByBusiness",
            "DescribeAllocationSummaryByBusiness",
            "DescribeAllocationSummaryByBusinessResponse",
            "PeriodType",
            "Sort",
            "SortType",
            "TrendType",
        ],
    );
    let (start, end) = ("20240101".parse().unwrap(), "20240131".parse().unwrap());
    let usage = ChannelDescribeBillUsageDetail::new(Agent::new(Emulator::APP_ID), start, end);
    data(
        texts,
        usage,
        &[
            "Agent",
            "ChannelBillUsageDetail",
            "ChannelDescribeBillUsageDetail",
            "ChannelDescribeBillUsageDetailResponse",
            "CostType",
            "FlowStatus",
            "QuotaType",
        ],
    );
    texts.debug("UserInfo", &UserInfo::new("an id"));
}
