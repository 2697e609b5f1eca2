//! The lines of bills.

use tc3_async::{Client, Error, Month, Yuan};
use tc3_services::billing::{self, DescribeBillDetail, DescribeBillSummaryByProduct};

use super::{DataSet, Total};
use crate::{
    Result,
    account::Account,
    column::{Column, Kind, Row},
};

/// The lines of `DescribeBillDetail`, a row for each of a line's components, amounts in yuan.
#[derive(Clone, Copy, Debug, Default)]
pub struct BillDetail;

/// The fields of a line, but for `ComponentSet`, and those of a component.
const COLUMNS: &[Column] = &[
    Column::new("BusinessCodeName", "business_code_name", Kind::Text),
    Column::new("ProductCodeName", "product_code_name", Kind::Text),
    Column::new("PayModeName", "pay_mode_name", Kind::Text),
    Column::new("ProjectName", "project_name", Kind::Text),
    Column::new("RegionName", "region_name", Kind::Text),
    Column::new("ZoneName", "zone_name", Kind::Text),
    Column::new("ResourceId", "resource_id", Kind::Text),
    Column::new("ResourceName", "resource_name", Kind::Text),
    Column::new("ActionTypeName", "action_type_name", Kind::Text),
    Column::new("OrderId", "order_id", Kind::Text),
    Column::new("BillId", "bill_id", Kind::Text),
    Column::new("PayTime", "pay_time", Kind::BeijingTime),
    Column::new("FeeBeginTime", "fee_begin_time", Kind::BeijingTime),
    Column::new("FeeEndTime", "fee_end_time", Kind::BeijingTime),
    Column::new("PayerUin", "payer_uin", Kind::Text),
    Column::new("OwnerUin", "owner_uin", Kind::Text),
    Column::new("OperateUin", "operate_uin", Kind::Text),
    Column::new("Tags", "tags", Kind::Json),
    Column::new("BusinessCode", "business_code", Kind::Text),
    Column::new("ProductCode", "product_code", Kind::Text),
    Column::new("ActionType", "action_type", Kind::Text),
    Column::new("RegionId", "region_id", Kind::Text),
    Column::new("ProjectId", "project_id", Kind::Integer),
    Column::new("PriceInfo", "price_info", Kind::Json),
    Column::new("AssociatedOrder", "associated_order", Kind::Json),
    Column::new("Formula", "formula", Kind::Text),
    Column::new("FormulaUrl", "formula_url", Kind::Text),
    Column::new("BillDay", "bill_day", Kind::Text),
    Column::new("BillMonth", "bill_month", Kind::Text),
    Column::new("Id", "id", Kind::Text),
    Column::new("RegionType", "region_type", Kind::Text),
    Column::new("RegionTypeName", "region_type_name", Kind::Text),
    Column::new("ReserveDetail", "reserve_detail", Kind::Text),
    Column::new("DiscountObject", "discount_object", Kind::Text),
    Column::new("DiscountType", "discount_type", Kind::Text),
    Column::new("DiscountContent", "discount_content", Kind::Text),
    Column::new("ExtendField", "extend_field", Kind::Text),
    Column::new("ComponentCodeName", "component_code_name", Kind::Text),
    Column::new("ItemCodeName", "item_code_name", Kind::Text),
    Column::new("SinglePrice", "single_price", Kind::Numeric),
    Column::new("PriceUnit", "price_unit", Kind::Text),
    Column::new("UsedAmount", "used_amount", Kind::Numeric),
    Column::new("UsedAmountUnit", "used_amount_unit", Kind::Text),
    Column::new("RealTotalMeasure", "real_total_measure", Kind::Numeric),
    Column::new("DeductedMeasure", "deducted_measure", Kind::Numeric),
    Column::new("TimeSpan", "time_span", Kind::Numeric),
    Column::new("TimeUnitName", "time_unit_name", Kind::Text),
    Column::new("Cost", "cost", Kind::Numeric),
    Column::new("Discount", "discount", Kind::Numeric),
    Column::new("ReduceType", "reduce_type", Kind::Text),
    Column::new("RealCost", "real_cost", Kind::Numeric),
    Column::new("VoucherPayAmount", "voucher_pay_amount", Kind::Numeric),
    Column::new("CashPayAmount", "cash_pay_amount", Kind::Numeric),
    Column::new("IncentivePayAmount", "incentive_pay_amount", Kind::Numeric),
    Column::new("TransferPayAmount", "transfer_pay_amount", Kind::Numeric),
    Column::new("ItemCode", "item_code", Kind::Text),
    Column::new("ComponentCode", "component_code", Kind::Text),
    Column::new("ContractPrice", "contract_price", Kind::Numeric),
    Column::new("InstanceType", "instance_type", Kind::Text),
    Column::new("RiTimeSpan", "ri_time_span", Kind::Numeric),
    Column::new("OriginalCostWithRI", "original_cost_with_ri", Kind::Numeric),
    Column::new("SPDeductionRate", "sp_deduction_rate", Kind::Numeric),
    Column::new("OriginalCostWithSP", "original_cost_with_sp", Kind::Numeric),
    Column::new("BlendedDiscount", "blended_discount", Kind::Numeric),
    Column::new("ComponentConfig", "component_config", Kind::Json),
];

impl DataSet for BillDetail {
    type Action = DescribeBillDetail;

    const NAME: &'static str = "bill_detail";
    const COLUMNS: &'static [Column] = COLUMNS;

    fn list(_: &Account, month: Month) -> Option<DescribeBillDetail> {
        Some(DescribeBillDetail::new().with_month(month))
    }

    fn rows(records: &[billing::BillDetail]) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for (line, record) in (0..).zip(records) {
            rows.extend(Row::of_parts(COLUMNS, line, record, &record.component_set)?);
        }
        Ok(rows)
    }

    async fn totals(client: &Client, _: &Account, month: Month) -> Result<Vec<Total>, Error> {
        let summary = DescribeBillSummaryByProduct::new(month, month);
        let Some(sums) = client.call(&summary).await?.output.summary_total else {
            return Ok(Vec::new());
        };
        let sums = [
            ("real_cost", sums.real_total_cost),
            ("voucher_pay_amount", sums.voucher_pay_amount),
            ("incentive_pay_amount", sums.incentive_pay_amount),
            ("cash_pay_amount", sums.cash_pay_amount),
            ("transfer_pay_amount", sums.transfer_pay_amount),
        ];
        let sums = sums.into_iter().filter_map(|(column, sum)| {
            Some(Total {
                name: column.into(),
                value: sum.map(Yuan::get)?,
                expression: format!("sum({column})"),
            })
        });
        Ok(sums.collect())
    }
}
