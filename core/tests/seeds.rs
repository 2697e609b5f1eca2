//! The documented examples of the vendor's three pages.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tc3_core::{
    Action, Credential, Error, Fen, Reply, Session, UnixTime, Yuan,
    billing::{
        AllocationSummaryByBusiness, DescribeAllocationSummaryByBusiness, DescribeBillList,
        PayType, PeriodType, SubPayType,
    },
    error::Kind,
    essbasic::{Agent, ChannelDescribeBillUsageDetail, CostType, FlowStatus, QuotaType, UserInfo},
    wire::{request, response},
};

const USAGE_LIMIT_REQUEST: &str =
    include_str!("data/channel_describe_bill_usage_detail.limit_refused.request.json");
const USAGE_LIMIT_RESPONSE: &str =
    include_str!("data/channel_describe_bill_usage_detail.limit_refused.response.json");
const USAGE_APP_REQUEST: &str =
    include_str!("data/channel_describe_bill_usage_detail.whole_app.request.json");
const USAGE_APP_RESPONSE: &str =
    include_str!("data/channel_describe_bill_usage_detail.whole_app.response.json");
const USAGE_SUB_CUSTOMER_REQUEST: &str =
    include_str!("data/channel_describe_bill_usage_detail.one_sub_customer.request.json");
const USAGE_SUB_CUSTOMER_RESPONSE: &str =
    include_str!("data/channel_describe_bill_usage_detail.one_sub_customer.response.json");
const ALLOCATION_REQUEST: &str =
    include_str!("data/describe_allocation_summary_by_business.request.json");
const ALLOCATION_RESPONSE: &str =
    include_str!("data/describe_allocation_summary_by_business.response.json");
const BILLS_REQUEST: &str = include_str!("data/describe_bill_list.request.json");
const BILLS_RESPONSE: &str = include_str!("data/describe_bill_list.response.json");

const DOCUMENTED_APP: &str = "yDwFdUUckpsw******yQ0af8bHosXQtb";

fn read<A: Action>(document: &'static str) -> Result<Reply<A::Output>, Error> {
    response::read::<A>(&http::Response::new(document.as_bytes().into()))
}

/// The documented `Response` object.
fn response_of(document: &str) -> Value {
    let mut envelope: Value = serde_json::from_str(document).unwrap();
    envelope["Response"].take()
}

fn usage_of(agent: Agent) -> ChannelDescribeBillUsageDetail {
    let (start, end) = ("20230902".parse().unwrap(), "20230930".parse().unwrap());
    ChannelDescribeBillUsageDetail::new(agent, start, end).with_offset(0)
}

fn agent_of_sub_customer() -> Agent {
    Agent::new(DOCUMENTED_APP)
        .with_proxy_organization_open_id("org_dianziqian")
        .with_proxy_operator(UserInfo::new("n9527"))
        .with_proxy_app_id("")
}

/// Decodes, encodes and decodes again, and compares every field with the document.
fn nothing_is_lost<A: Action>(document: &'static str)
where
    A::Output: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let reply = read::<A>(document).unwrap();
    let encoded = serde_json::to_value(&reply.output).unwrap();
    let Value::Object(mut documented) = response_of(document) else {
        panic!("{document}")
    };
    assert_eq!(
        documented.remove("RequestId"),
        Some(reply.request_id.into())
    );
    assert_same("Response", &encoded, &Value::Object(documented));

    let text = serde_json::to_string(&reply.output).unwrap();
    let from_text: A::Output = serde_json::from_str(&text).unwrap();
    let from_value: A::Output = serde_json::from_value(encoded).unwrap();
    assert_eq!(from_text, reply.output);
    assert_eq!(from_value, reply.output);
}

fn assert_same(path: &str, ours: &Value, documented: &Value) {
    match (ours, documented) {
        (Value::Object(ours), Value::Object(documented)) => {
            assert_eq!(ours.len(), documented.len(), "{path}");
            for (name, value) in documented {
                let path = format!("{path}.{name}");
                assert_same(&path, ours.get(name).expect(&path), value);
            }
        }
        (Value::Array(ours), Value::Array(documented)) => {
            assert_eq!(ours.len(), documented.len(), "{path}");
            for (place, value) in documented.iter().enumerate() {
                assert_same(&format!("{path}[{place}]"), &ours[place], value);
            }
        }
        _ => assert_eq!(ours, documented, "{path}"),
    }
}

#[test]
fn no_documented_answer_loses_anything_on_the_way_through_our_types() {
    nothing_is_lost::<ChannelDescribeBillUsageDetail>(USAGE_APP_RESPONSE);
    nothing_is_lost::<ChannelDescribeBillUsageDetail>(USAGE_SUB_CUSTOMER_RESPONSE);
    nothing_is_lost::<DescribeAllocationSummaryByBusiness>(ALLOCATION_RESPONSE);
    nothing_is_lost::<DescribeBillList>(BILLS_RESPONSE);
}

#[test]
fn the_documented_refusal_is_a_service_error_with_its_request_id() {
    let error = read::<ChannelDescribeBillUsageDetail>(USAGE_LIMIT_RESPONSE).unwrap_err();
    let Error::Service(refusal) = &error else {
        panic!("{error}")
    };
    assert_eq!(refusal.code(), "InvalidParameter.Limit");
    assert_eq!(refusal.message(), "分页参数不合法");
    assert_eq!(refusal.kind(), Kind::Request);
    assert_eq!(error.request_id(), Some("s169935778xxxxxxx"));
}

#[test]
fn the_documented_refusal_is_one_for_every_action() {
    let codes = [
        read::<DescribeBillList>(USAGE_LIMIT_RESPONSE).map(|_| ()),
        read::<DescribeAllocationSummaryByBusiness>(USAGE_LIMIT_RESPONSE).map(|_| ()),
        read::<tc3_core::Untyped>(USAGE_LIMIT_RESPONSE).map(|_| ()),
    ]
    .map(|result| result.unwrap_err().refusal().unwrap().code().to_owned());
    assert_eq!(codes, ["InvalidParameter.Limit"; 3]);
}

#[test]
fn the_documented_usage_is_read() {
    for document in [USAGE_APP_RESPONSE, USAGE_SUB_CUSTOMER_RESPONSE] {
        let reply = read::<ChannelDescribeBillUsageDetail>(document).unwrap();
        assert_eq!(reply.request_id, "s16992572741898xxxx");
        assert_eq!(reply.output.total, Some(1));
        let details = reply.output.details.unwrap();
        assert_eq!(details.len(), 1);
        let usage = &details[0];
        assert_eq!(usage.cost_time, Some(UnixTime::new(1_695_037_514)));
        assert_eq!(usage.cost_type, Some(CostType::DEDUCTION));
        let name = usage.create_organization_name.as_deref();
        assert_eq!(name, Some("典子谦示例企业"));
        let flow_id = usage.flow_id.as_deref();
        assert_eq!(flow_id, Some("yDwFdUUckps******uzcbXwoXbRF6ja3"));
        assert_eq!(usage.flow_name.as_deref(), Some("典子谦示例合同"));
        assert_eq!(usage.operator_name.as_deref(), Some("张三;典子谦"));
        assert_eq!(usage.quota_name.as_deref(), Some("企业版运营礼包"));
        assert_eq!(usage.quota_type, Some(QuotaType::CLOUD_ENTERPRISE));
        assert_eq!(usage.remark.as_deref(), Some(""));
        assert_eq!(usage.flow_status, Some(FlowStatus::ALL));
        assert_eq!(usage.use_count, Some(1));
    }
}

#[test]
fn a_null_is_none() {
    let reply = read::<DescribeAllocationSummaryByBusiness>(ALLOCATION_RESPONSE).unwrap();
    let rows = reply.output.detail.unwrap();
    assert_eq!(rows.len(), 3);
    for row in rows {
        assert_eq!(row.tree_node_uniq_key, None);
        assert_eq!(row.tree_node_uniq_key_name.as_deref(), Some("未分配"));
        assert_eq!(row.trend, None);
        assert_eq!(row.trend_type, None);
    }
}

#[test]
fn the_documented_allocation_is_read() {
    let reply = read::<DescribeAllocationSummaryByBusiness>(ALLOCATION_RESPONSE).unwrap();
    assert_eq!(reply.request_id, "1cd9694c-88a7-4cfe-846c-182f1f9dbf6c");
    assert_eq!(reply.output.record_num, Some(611));
    let rows = reply.output.detail.unwrap();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.business_code.as_str(),
                row.business_code_name.as_deref().unwrap(),
                row.bill_date.unwrap().to_string(),
                row.ratio.as_ref().unwrap().as_str(),
            )
        })
        .collect();
    let day = || "2024-02-01".to_owned();
    assert_eq!(
        shown,
        [
            ("p_ci", "数据万象CI", day(), "-0.15"),
            ("p_rav", "实时音视频", day(), "-7.18"),
            ("p_ccc", "云联络中心", day(), "0.00"),
        ]
    );
}

#[test]
fn every_documented_amount_of_yuan_keeps_its_digits() {
    let documented = response_of(ALLOCATION_RESPONSE);
    let reply = read::<DescribeAllocationSummaryByBusiness>(ALLOCATION_RESPONSE).unwrap();
    let rows = reply.output.detail.unwrap();
    for (place, row) in rows.iter().enumerate() {
        for (name, amount) in amounts(row) {
            let text = documented["Detail"][place][name].as_str();
            let printed = amount.unwrap().to_string();
            assert_eq!(Some(printed.as_str()), text, "{place}: {name}");
        }
    }
    let total = reply.output.total.unwrap();
    for (name, amount) in [
        ("RealTotalCost", total.real_total_cost),
        ("CashPayAmount", total.cash_pay_amount),
        ("IncentivePayAmount", total.incentive_pay_amount),
        ("VoucherPayAmount", total.voucher_pay_amount),
        ("TransferPayAmount", total.transfer_pay_amount),
    ] {
        let printed = amount.unwrap().to_string();
        let text = documented["Total"][name].as_str();
        assert_eq!(Some(printed.as_str()), text, "{name}");
    }
}

/// The amounts of a row by the names that the page gives them.
fn amounts(row: &AllocationSummaryByBusiness) -> [(&'static str, Option<Yuan>); 23] {
    [
        ("GatherCashPayAmount", row.gather_cash_pay_amount),
        ("GatherVoucherPayAmount", row.gather_voucher_pay_amount),
        ("GatherIncentivePayAmount", row.gather_incentive_pay_amount),
        ("GatherTransferPayAmount", row.gather_transfer_pay_amount),
        ("AllocateCashPayAmount", row.allocate_cash_pay_amount),
        ("AllocateVoucherPayAmount", row.allocate_voucher_pay_amount),
        (
            "AllocateIncentivePayAmount",
            row.allocate_incentive_pay_amount,
        ),
        (
            "AllocateTransferPayAmount",
            row.allocate_transfer_pay_amount,
        ),
        ("TotalCashPayAmount", row.total_cash_pay_amount),
        ("TotalVoucherPayAmount", row.total_voucher_pay_amount),
        ("TotalIncentivePayAmount", row.total_incentive_pay_amount),
        ("TotalTransferPayAmount", row.total_transfer_pay_amount),
        ("GatherRealCost", row.gather_real_cost),
        ("AllocateRealCost", row.allocate_real_cost),
        ("RealTotalCost", Some(row.real_total_cost)),
        ("TotalCost", row.total_cost),
        ("RICost", row.ri_cost),
        ("SPCost", row.sp_cost),
        ("CashPayAmount", row.cash_pay_amount),
        ("VoucherPayAmount", row.voucher_pay_amount),
        ("IncentivePayAmount", row.incentive_pay_amount),
        ("TransferPayAmount", row.transfer_pay_amount),
        ("AllocationRealTotalCost", row.allocation_real_total_cost),
    ]
}

#[test]
fn every_documented_amount_of_fen_keeps_its_digits() {
    let documented = response_of(BILLS_RESPONSE);
    let output = read::<DescribeBillList>(BILLS_RESPONSE).unwrap().output;
    for (name, amount) in [
        ("ReturnAmount", output.return_amount),
        ("DeductAmount", output.deduct_amount),
        ("RechargeAmount", output.recharge_amount),
        ("BlockAmount", output.block_amount),
        ("UnblockAmount", output.unblock_amount),
        ("AgentInAmount", output.agent_in_amount),
        ("AdvanceRechargeAmount", output.advance_recharge_amount),
        ("WithdrawAmount", output.withdraw_amount),
        ("AgentOutAmount", output.agent_out_amount),
        ("AdvancePayAmount", output.advance_pay_amount),
    ] {
        let text = documented[name].to_string();
        assert_eq!(amount.unwrap().to_string(), text, "{name}");
    }
    let row = &output.transaction_list[0];
    for (name, amount) in [
        ("Amount", Some(row.amount)),
        ("Balance", row.balance),
        ("Cash", row.cash),
        ("Incentive", row.incentive),
        ("Freezing", row.freezing),
    ] {
        let text = documented["TransactionList"][0][name].to_string();
        assert_eq!(amount.unwrap().to_string(), text, "{name}");
    }
}

#[test]
fn the_documented_transaction_is_read() {
    let reply = read::<DescribeBillList>(BILLS_RESPONSE).unwrap();
    assert_eq!(reply.request_id, "d40b48bf-6755-4128-910b-b54f8b9df6c3");
    assert_eq!(reply.output.total, Some(39));
    assert_eq!(
        reply.output.recharge_amount,
        Some(Fen::new(2_247_483_647).into())
    );
    assert_eq!(reply.output.transaction_list.len(), 1);
    let row = &reply.output.transaction_list[0];
    assert_eq!(row.operation_time.to_string(), "2020-07-08 15:52:30.941");
    assert_eq!(row.action_type, PayType::DEDUCT);
    assert_eq!(row.pay_channel.as_deref(), Some("用户余额"));
    let words = row.operation_info.as_deref();
    assert_eq!(words, Some("OCR文字识别-广州-07月按月结算扣费"));
    assert_eq!(row.amount, Fen::new(-45));
    assert_eq!(row.bill_id, "20200708000000005009170242661921");
    assert_eq!(row.deduct_mode, Some(SubPayType::TRADE));
}

/// The built action and the documented request are the same, whichever way one looks from.
fn is_written_as<A>(built: &A, document: &str)
where
    A: Action + DeserializeOwned + PartialEq + Debug,
{
    let documented: Value = serde_json::from_str(document).unwrap();
    assert_eq!(serde_json::to_value(built).unwrap(), documented);
    assert_eq!(&serde_json::from_str::<A>(document).unwrap(), built);
    assert_eq!(&serde_json::from_value::<A>(documented).unwrap(), built);

    let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap());
    let signed = request::sign(built, &mut session, UnixTime::new(1_700_000_000)).unwrap();
    let body: Value = serde_json::from_slice(signed.body()).unwrap();
    assert_eq!(
        body,
        serde_json::from_str::<Value>(document).unwrap(),
        "{}",
        A::NAME
    );
    assert_eq!(signed.headers()["x-tc-action"], A::NAME);
    assert_eq!(signed.headers()["x-tc-version"], A::VERSION);
}

#[test]
fn the_documented_limit_of_500_is_carried() {
    let built = usage_of(agent_of_sub_customer()).with_limit(500);
    is_written_as(&built, USAGE_LIMIT_REQUEST);
}

#[test]
fn the_documented_request_for_a_whole_app_is_written() {
    let built = usage_of(Agent::new(DOCUMENTED_APP)).with_limit(20);
    is_written_as(&built, USAGE_APP_REQUEST);
}

#[test]
fn the_documented_request_for_one_sub_customer_is_written() {
    let built = usage_of(agent_of_sub_customer()).with_limit(20);
    is_written_as(&built, USAGE_SUB_CUSTOMER_REQUEST);
}

#[test]
fn the_documented_month_with_its_first_instant_is_carried() {
    let month = "2022-11-01 00:00:00".parse().unwrap();
    let built = DescribeAllocationSummaryByBusiness::new(month)
        .with_period_type(PeriodType::MONTH)
        .with_offset(0)
        .with_limit(30);
    is_written_as(&built, ALLOCATION_REQUEST);
    // It asks for the same as the other form does.
    let mut short = built.clone();
    short.month = Some("2022-11".parse().unwrap());
    assert_eq!(short, built);
    assert_ne!(short.with_limit(31), built);
}

#[test]
fn the_documented_range_of_a_year_is_carried() {
    let start = "2019-07-31 00:00:00".parse().unwrap();
    let end = "2020-07-31 00:00:00".parse().unwrap();
    let built = DescribeBillList::new(start, end)
        .with_pay_types([PayType::ALL])
        .with_sub_pay_types([SubPayType::ALL])
        .with_zero_amount(true)
        .with_offset(0)
        .with_limit(1);
    is_written_as(&built, BILLS_REQUEST);
}
