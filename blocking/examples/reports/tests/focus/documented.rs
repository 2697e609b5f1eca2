//! The lines of the vendor's documented answers.

use super::*;

fn documented(name: &str, month: &str) -> Row {
    let lines: Object = serde_json::from_str(include_str!("documented_lines.json")).unwrap();
    let rows = rows(month, month, &[line(month, &lines[name])]);
    rows.into_iter().next().unwrap()
}

/// The columns that are null in all three rows aren't named.
fn assert_row(row: &Row, expected: &[(&str, &str)]) {
    let constant = [
        ("BillingAccountId", "uin:909619400"),
        ("BillingAccountName", "uin 909619400"),
        ("BillingAccountType", "Account"),
        ("BillingCurrency", "CNY"),
        ("InvoiceIssuerName", "Tencent Cloud"),
        ("PricingCategory", "Standard"),
        ("PricingCurrency", "CNY"),
        ("ProviderName", "Tencent Cloud"),
        ("PublisherName", "Tencent Cloud"),
        ("SubAccountType", "Account"),
    ];
    let has = |name: &str| {
        let mut all = constant.iter().chain(expected);
        let found = all.find(|(column, _)| *column == name);
        found.map_or("", |(_, value)| value)
    };
    for column in COLUMNS.iter().filter(|it| !it.name.starts_with("x_")) {
        assert_eq!(value(row, column.name), has(column.name), "{}", column.name);
    }
}

#[test]
fn an_hour_of_a_nat_gateway() {
    let row = documented("nat", "2023-08");
    assert_row(
        &row,
        &[
            ("BilledCost", "0.3402025"),
            ("BillingPeriodEnd", "2023-08-31T16:00:00Z"),
            ("BillingPeriodStart", "2023-07-31T16:00:00Z"),
            ("ChargeCategory", "Usage"),
            (
                "ChargeDescription",
                "NAT Gateway - Instance - postpay_deduct_h",
            ),
            ("ChargeFrequency", "Usage-Based"),
            ("ChargePeriodEnd", "2023-08-16T13:00:00Z"),
            ("ChargePeriodStart", "2023-08-16T12:00:00Z"),
            ("ConsumedQuantity", "100"),
            ("ConsumedUnit", "Unit-Hours"),
            ("ContractedCost", "0.3402025"),
            ("ContractedUnitPrice", "0.003402025"),
            ("EffectiveCost", "0.3402025"),
            ("ListCost", "0.5"),
            ("ListUnitPrice", "0.005"),
            ("PricingCurrencyContractedUnitPrice", "0.003402025"),
            ("PricingCurrencyEffectiveCost", "0.3402025"),
            ("PricingCurrencyListUnitPrice", "0.005"),
            ("PricingQuantity", "100"),
            ("PricingUnit", "Unit-Hours"),
            ("RegionId", "ap-shanghai"),
            ("RegionName", "East China (Shanghai)"),
            ("ResourceId", "nat-ftuh6xel"),
            ("ResourceName", "migration-nat-test3"),
            ("ResourceType", "NAT Gateway"),
            ("ServiceCategory", "Networking"),
            ("ServiceName", "NAT Gateway"),
            ("ServiceSubcategory", "Network Connectivity"),
            ("SkuId", "sv_nat_hour_instance_small"),
            ("SkuMeter", "Instance"),
            ("SkuPriceId", "sv_nat_hour_instance_small/h@ap-shanghai#3"),
            ("SubAccountId", "uin:700000686592"),
            ("SubAccountName", "uin 700000686592"),
            ("Tags", r#"{"jemmahuang":"jemmahuang"}"#),
        ],
    );
}

#[test]
fn a_subscription_that_is_paid_by_use_from_now_on() {
    let row = documented("refund", "2023-07");
    assert_row(
        &row,
        &[
            ("AvailabilityZone", "ap-guangzhou-2"),
            ("BilledCost", "-80.89"),
            ("BillingPeriodEnd", "2023-07-31T16:00:00Z"),
            ("BillingPeriodStart", "2023-06-30T16:00:00Z"),
            ("ChargeCategory", "Purchase"),
            (
                "ChargeDescription",
                "Cloud Virtual Machine (CVM) - Compute - pre_to_post",
            ),
            ("ChargeFrequency", "One-Time"),
            ("ChargePeriodEnd", "2023-07-07T08:14:22Z"),
            ("ChargePeriodStart", "2023-07-07T08:14:21Z"),
            ("ContractedCost", "-80.89"),
            ("ContractedUnitPrice", "80.89"),
            ("EffectiveCost", "0"),
            ("ListCost", "-80.89"),
            ("ListUnitPrice", "80.89"),
            ("PricingCurrencyContractedUnitPrice", "80.89"),
            ("PricingCurrencyEffectiveCost", "0"),
            ("PricingCurrencyListUnitPrice", "80.89"),
            ("PricingQuantity", "-1"),
            ("PricingUnit", "Unit-Months"),
            ("RegionId", "ap-guangzhou"),
            ("RegionName", "South China (Guangzhou)"),
            ("ResourceId", "ins-wxf3fmq8"),
            ("ResourceType", "Cloud Virtual Machine"),
            ("ServiceCategory", "Compute"),
            ("ServiceName", "Cloud Virtual Machine (CVM)"),
            ("ServiceSubcategory", "Virtual Machines"),
            ("SkuId", "virtual_v_cvm_compute_s2"),
            ("SkuMeter", "Compute"),
            ("SkuPriceDetails", r#"{"OperatingSystem":"Linux"}"#),
            ("SkuPriceId", "virtual_v_cvm_compute_s2/month@ap-guangzhou"),
            ("SubAccountId", "uin:909619400"),
            ("SubAccountName", "uin 909619400"),
        ],
    );
}

#[test]
fn an_hour_of_a_serverless_containers_memory() {
    let row = documented("serverless", "2023-02");
    let price = "0.0000046598305084745762711864";
    assert!(price.starts_with(&value(&row, "ContractedUnitPrice")[..22]));
    let price = value(&row, "ContractedUnitPrice");
    assert_row(
        &row,
        &[
            ("AvailabilityZone", "ap-guangzhou-4"),
            ("BilledCost", "0.01677073"),
            ("BillingPeriodEnd", "2023-02-28T16:00:00Z"),
            ("BillingPeriodStart", "2023-01-31T16:00:00Z"),
            ("ChargeCategory", "Usage"),
            (
                "ChargeDescription",
                "TKE Serverless - Memory - postpay_deduct_h",
            ),
            ("ChargeFrequency", "Usage-Based"),
            ("ChargePeriodEnd", "2023-02-05T03:00:00Z"),
            ("ChargePeriodStart", "2023-02-05T02:00:00Z"),
            ("ConsumedQuantity", "3599"),
            ("ConsumedUnit", "GiB-Seconds"),
            ("ContractedCost", "0.01677073"),
            ("ContractedUnitPrice", &price),
            ("EffectiveCost", "0.01677073"),
            ("ListCost", "0.04999011"),
            ("ListUnitPrice", "0.00001389"),
            ("PricingCurrencyContractedUnitPrice", &price),
            ("PricingCurrencyEffectiveCost", "0.01677073"),
            ("PricingCurrencyListUnitPrice", "0.00001389"),
            ("PricingQuantity", "3599"),
            ("PricingUnit", "GiB-Seconds"),
            ("RegionId", "ap-guangzhou"),
            ("RegionName", "South China (Guangzhou)"),
            ("ResourceId", "eks-bzmzprry"),
            ("ResourceType", "Serverless Container"),
            ("ServiceCategory", "Compute"),
            ("ServiceName", "TKE Serverless"),
            ("ServiceSubcategory", "Containers"),
            ("SkuId", "sv_eks_mem"),
            ("SkuMeter", "Memory"),
            ("SkuPriceId", "sv_eks_mem/s@ap-guangzhou"),
            ("SubAccountId", "uin:909619400"),
            ("SubAccountName", "uin 909619400"),
        ],
    );
    let own = ["x_ResourceName", "x_BillId", "x_ItemCodeName"];
    assert_eq!(
        values(&row, &own),
        "资源名称 20230205400491987853552 弹性容器服务EKS-内存"
    );
}
