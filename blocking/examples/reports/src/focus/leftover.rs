//! The rows of what is left of commitments.

use rust_decimal::Decimal;
use tc3_core::Month;

use super::{
    Mapping, Row, Topic,
    charge::Plan,
    kinds::{put_commitment, put_effective, put_unused},
    line::text,
    mapping::empty,
    names,
    row::QUANTITY_DECIMALS,
};

impl Mapping {
    /// What is left of each type of commitment at the end of a month, after all lines of the account's month.
    pub fn end_of_month(&mut self, account: usize, month: Month) -> Vec<Row> {
        let plans = [Plan::Savings, Plan::Reserved].into_iter();
        let rows: Vec<Row> = plans
            .filter_map(|plan| self.unused(account, plan, month))
            .collect();
        for row in &rows {
            self.notes.row(row.charge_category);
        }
        rows
    }

    fn unused(&mut self, account: usize, plan: Plan, month: Month) -> Option<Row> {
        let place = (account, plan, month.first_day());
        let (cost, amount) = self.used.take(&place);
        let pool = self.commitments.pool(&place).cloned().unwrap_or_default();
        let left = pool.fee - cost;
        if left.is_zero() {
            return None;
        }
        let own = self.accounts.get(account).cloned().unwrap_or_default();
        let payer = pool.source.payer.or(own.uin).unwrap_or_default();
        // Of a fee that is given back nothing was used.
        if left.is_sign_negative() && !cost.is_zero() {
            let pool = plan.pool_id(&names::account_id(&payer));
            self.notes.met(Topic::Overused, &pool);
            return None;
        }
        let currency = pool
            .source
            .currency
            .unwrap_or_else(|| self.currency.clone());
        let mut row = empty(month, &payer, text(&own.name), &currency);
        row.x_row_kind = "unused";
        row.charge_category = "Usage";
        row.charge_frequency = "Usage-Based";
        let name = &pool.source.business_name;
        self.put_service(&mut row, pool.source.business_code.as_ref(), name);
        row.x_business_code = pool.source.business_code;
        row.x_business_code_name = pool.source.business_name;
        self.commit(&mut row, account, plan, month, None);
        let left_amount = match plan {
            Plan::Savings => left,
            Plan::Reserved => (pool.hours - amount).max(Decimal::ZERO),
        };
        put_commitment(
            &mut row,
            plan,
            left_amount.round_dp(QUANTITY_DECIMALS).normalize(),
        );
        put_unused(&mut row);
        row.resource_id = row.commitment_discount_id.clone();
        row.resource_type = Some(plan.name().into());
        row.charge_description = format!("{} - unused", plan.name());
        let sku = pool.source.item_code.filter(|it| it.is_ascii());
        let sku = sku.unwrap_or_else(|| plan.name().into());
        row.sku_meter = Some(plan.name().into());
        row.sku_price_id = Some(sku.clone());
        row.sku_id = Some(sku);
        // Nothing was used, so nothing has a list price.
        row.pricing_quantity = row.commitment_discount_quantity;
        row.pricing_unit = row.commitment_discount_unit.clone();
        row.list_unit_price = Some(Decimal::ZERO);
        row.contracted_unit_price = Some(Decimal::ZERO);
        row.pricing_currency_list_unit_price = Some(Decimal::ZERO);
        row.pricing_currency_contracted_unit_price = Some(Decimal::ZERO);
        put_effective(&mut row, left);
        Some(row)
    }
}
