use rust_decimal::Decimal;
use tc3_core::UnixTime;

use super::column::{Cell, Column, Json, Type, Version};

/// How many decimals costs have: as the bill's.
pub(super) const COST_DECIMALS: u32 = 8;
/// How many decimals quantities have: those of a used amount times a time span.
pub(super) const QUANTITY_DECIMALS: u32 = 16;
/// How many decimals unit prices have, which are costs divided by quantities.
pub(super) const PRICE_DECIMALS: u32 = 24;

macro_rules! columns {
    ($($(#[$doc:meta])* $field:ident: $type:ty => $name:literal, $kind:expr, $since:ident;)*) => {
        /// A row of FOCUS's table "cost and usage".
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Row {
            $(#[doc = concat!("`", $name, "`")] $(#[$doc])* pub $field: $type,)*
        }

        impl Row {
            /// Without texts, with costs of 0.
            pub(super) fn empty() -> Self {
                Self {
                    $($field: <$type as Cell>::empty(),)*
                }
            }
        }

        /// All columns, in order: FOCUS's, and then what FOCUS has no column for.
        pub const COLUMNS: &[Column] = &[
            $(Column {
                name: $name,
                kind: $kind,
                since: Version::$since,
                nullable: <$type as Cell>::NULLABLE,
                get: |row| row.$field.value(),
            },)*
        ];
    };
}

columns! {
    availability_zone: Option<String> => "AvailabilityZone", Type::Text, V1_0;
    billed_cost: Decimal => "BilledCost", Type::Decimal(COST_DECIMALS), V1_0;
    billing_account_id: String => "BillingAccountId", Type::Text, V1_0;
    billing_account_name: String => "BillingAccountName", Type::Text, V1_0;
    billing_account_type: &'static str => "BillingAccountType", Type::Text, V1_2;
    billing_currency: String => "BillingCurrency", Type::Text, V1_0;
    billing_period_end: UnixTime => "BillingPeriodEnd", Type::Time, V1_0;
    billing_period_start: UnixTime => "BillingPeriodStart", Type::Time, V1_0;
    capacity_reservation_id: Option<String> => "CapacityReservationId", Type::Text, V1_2;
    capacity_reservation_status: Option<&'static str> => "CapacityReservationStatus", Type::Text, V1_2;
    charge_category: &'static str => "ChargeCategory", Type::Text, V1_0;
    charge_class: Option<&'static str> => "ChargeClass", Type::Text, V1_0;
    charge_description: String => "ChargeDescription", Type::Text, V1_0;
    charge_frequency: &'static str => "ChargeFrequency", Type::Text, V1_0;
    charge_period_end: UnixTime => "ChargePeriodEnd", Type::Time, V1_0;
    charge_period_start: UnixTime => "ChargePeriodStart", Type::Time, V1_0;
    commitment_discount_category: Option<&'static str> => "CommitmentDiscountCategory", Type::Text, V1_0;
    commitment_discount_id: Option<String> => "CommitmentDiscountId", Type::Text, V1_0;
    commitment_discount_name: Option<String> => "CommitmentDiscountName", Type::Text, V1_0;
    commitment_discount_quantity: Option<Decimal> => "CommitmentDiscountQuantity", Type::Decimal(QUANTITY_DECIMALS), V1_2;
    commitment_discount_status: Option<&'static str> => "CommitmentDiscountStatus", Type::Text, V1_0;
    commitment_discount_type: Option<&'static str> => "CommitmentDiscountType", Type::Text, V1_0;
    commitment_discount_unit: Option<String> => "CommitmentDiscountUnit", Type::Text, V1_2;
    consumed_quantity: Option<Decimal> => "ConsumedQuantity", Type::Decimal(QUANTITY_DECIMALS), V1_0;
    consumed_unit: Option<String> => "ConsumedUnit", Type::Text, V1_0;
    contracted_cost: Decimal => "ContractedCost", Type::Decimal(COST_DECIMALS), V1_0;
    contracted_unit_price: Option<Decimal> => "ContractedUnitPrice", Type::Decimal(PRICE_DECIMALS), V1_0;
    effective_cost: Decimal => "EffectiveCost", Type::Decimal(COST_DECIMALS), V1_0;
    invoice_id: Option<String> => "InvoiceId", Type::Text, V1_2;
    invoice_issuer_name: &'static str => "InvoiceIssuerName", Type::Text, V1_0;
    list_cost: Decimal => "ListCost", Type::Decimal(COST_DECIMALS), V1_0;
    list_unit_price: Option<Decimal> => "ListUnitPrice", Type::Decimal(PRICE_DECIMALS), V1_0;
    pricing_category: Option<&'static str> => "PricingCategory", Type::Text, V1_0;
    pricing_currency: String => "PricingCurrency", Type::Text, V1_2;
    pricing_currency_contracted_unit_price: Option<Decimal> => "PricingCurrencyContractedUnitPrice", Type::Decimal(PRICE_DECIMALS), V1_2;
    pricing_currency_effective_cost: Decimal => "PricingCurrencyEffectiveCost", Type::Decimal(COST_DECIMALS), V1_2;
    pricing_currency_list_unit_price: Option<Decimal> => "PricingCurrencyListUnitPrice", Type::Decimal(PRICE_DECIMALS), V1_2;
    pricing_quantity: Option<Decimal> => "PricingQuantity", Type::Decimal(QUANTITY_DECIMALS), V1_0;
    pricing_unit: Option<String> => "PricingUnit", Type::Text, V1_0;
    provider_name: &'static str => "ProviderName", Type::Text, V1_0;
    publisher_name: &'static str => "PublisherName", Type::Text, V1_0;
    region_id: Option<&'static str> => "RegionId", Type::Text, V1_0;
    region_name: Option<&'static str> => "RegionName", Type::Text, V1_0;
    resource_id: Option<String> => "ResourceId", Type::Text, V1_0;
    resource_name: Option<String> => "ResourceName", Type::Text, V1_0;
    resource_type: Option<String> => "ResourceType", Type::Text, V1_0;
    service_category: &'static str => "ServiceCategory", Type::Text, V1_0;
    service_name: String => "ServiceName", Type::Text, V1_0;
    service_subcategory: &'static str => "ServiceSubcategory", Type::Text, V1_2;
    sku_id: Option<String> => "SkuId", Type::Text, V1_0;
    sku_meter: Option<String> => "SkuMeter", Type::Text, V1_2;
    sku_price_details: Option<Json> => "SkuPriceDetails", Type::Json, V1_2;
    sku_price_id: Option<String> => "SkuPriceId", Type::Text, V1_0;
    sub_account_id: String => "SubAccountId", Type::Text, V1_0;
    sub_account_name: String => "SubAccountName", Type::Text, V1_0;
    sub_account_type: &'static str => "SubAccountType", Type::Text, V1_2;
    tags: Option<Json> => "Tags", Type::Json, V1_0;
    ///
    /// The name of the account that was read, or its UIN.
    x_account: String => "x_Account", Type::Text, V1_0;
    ///
    /// The month of the bill, `2024-01`.
    x_bill_month: String => "x_BillMonth", Type::Text, V1_0;
    ///
    /// Why there is the row.
    x_row_kind: &'static str => "x_RowKind", Type::Text, V1_0;
    ///
    /// The `Id` of the bill line.
    x_bill_detail_id: Option<String> => "x_BillDetailId", Type::Text, V1_0;
    x_bill_id: Option<String> => "x_BillId", Type::Text, V1_0;
    x_order_id: Option<String> => "x_OrderId", Type::Text, V1_0;
    ///
    /// Which component of the line it is, from 0.
    x_component: Option<Decimal> => "x_Component", Type::Decimal(0), V1_0;
    x_business_code: Option<String> => "x_BusinessCode", Type::Text, V1_0;
    x_business_code_name: Option<String> => "x_BusinessCodeName", Type::Text, V1_0;
    x_product_code: Option<String> => "x_ProductCode", Type::Text, V1_0;
    x_product_code_name: Option<String> => "x_ProductCodeName", Type::Text, V1_0;
    x_component_code: Option<String> => "x_ComponentCode", Type::Text, V1_0;
    x_component_code_name: Option<String> => "x_ComponentCodeName", Type::Text, V1_0;
    x_item_code: Option<String> => "x_ItemCode", Type::Text, V1_0;
    x_item_code_name: Option<String> => "x_ItemCodeName", Type::Text, V1_0;
    x_action_type: Option<String> => "x_ActionType", Type::Text, V1_0;
    x_action_type_name: Option<String> => "x_ActionTypeName", Type::Text, V1_0;
    ///
    /// `prePay`, `postPay` or `riPay`.
    x_pay_mode: Option<&'static str> => "x_PayMode", Type::Text, V1_0;
    x_pay_mode_name: Option<String> => "x_PayModeName", Type::Text, V1_0;
    x_project_id: Option<String> => "x_ProjectId", Type::Text, V1_0;
    x_project_name: Option<String> => "x_ProjectName", Type::Text, V1_0;
    x_region_id: Option<String> => "x_RegionId", Type::Text, V1_0;
    x_region_name: Option<String> => "x_RegionName", Type::Text, V1_0;
    x_zone_name: Option<String> => "x_ZoneName", Type::Text, V1_0;
    x_resource_id: Option<String> => "x_ResourceId", Type::Text, V1_0;
    x_resource_name: Option<String> => "x_ResourceName", Type::Text, V1_0;
    x_operator_id: Option<String> => "x_OperatorId", Type::Text, V1_0;
    x_pay_time: Option<UnixTime> => "x_PayTime", Type::Time, V1_0;
    x_instance_type: Option<String> => "x_InstanceType", Type::Text, V1_0;
    x_price_unit: Option<String> => "x_PriceUnit", Type::Text, V1_0;
    x_single_price: Option<Decimal> => "x_SinglePrice", Type::Decimal(PRICE_DECIMALS), V1_0;
    x_discount: Option<Decimal> => "x_Discount", Type::Decimal(QUANTITY_DECIMALS), V1_0;
    x_reduce_type: Option<String> => "x_ReduceType", Type::Text, V1_0;
    ///
    /// `Cost` of the component. As the further amounts here: on the component's first row alone, so that their sums are the bill's.
    x_cost: Option<Decimal> => "x_Cost", Type::Decimal(COST_DECIMALS), V1_0;
    x_real_cost: Option<Decimal> => "x_RealCost", Type::Decimal(COST_DECIMALS), V1_0;
    x_cash_pay_amount: Option<Decimal> => "x_CashPayAmount", Type::Decimal(COST_DECIMALS), V1_0;
    x_voucher_pay_amount: Option<Decimal> => "x_VoucherPayAmount", Type::Decimal(COST_DECIMALS), V1_0;
    x_incentive_pay_amount: Option<Decimal> => "x_IncentivePayAmount", Type::Decimal(COST_DECIMALS), V1_0;
    x_transfer_pay_amount: Option<Decimal> => "x_TransferPayAmount", Type::Decimal(COST_DECIMALS), V1_0;
    x_tax_amount: Option<Decimal> => "x_TaxAmount", Type::Decimal(COST_DECIMALS), V1_0;
    ///
    /// Where `ListCost` is from: `Cost`, or `ContractedCost` where the bill shows no list price.
    x_list_cost_source: Option<&'static str> => "x_ListCostSource", Type::Text, V1_0;
    ///
    /// `ResourceId`, `OnlyCommitment` of the account in the month, or `Pool` of all of a type.
    x_commitment_discount_id_source: Option<&'static str> => "x_CommitmentDiscountIdSource", Type::Text, V1_0;
    x_associated_orders: Option<Json> => "x_AssociatedOrders", Type::Json, V1_0;
    x_price_info: Option<String> => "x_PriceInfo", Type::Text, V1_0;
    x_reserve_detail: Option<String> => "x_ReserveDetail", Type::Text, V1_0;
}
