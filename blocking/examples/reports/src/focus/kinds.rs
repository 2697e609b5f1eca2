//! The rows of each kind: charges, what commitments cover, credits, taxes and shares of subscriptions.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{
    Error, Line, Mapping, Row, Topic, amortise,
    charge::{Charge, Period, Plan},
    price::{self, ListCost},
    row::{COST_DECIMALS, QUANTITY_DECIMALS},
};

impl Mapping {
    /// The rows of a component in the month of its bill.
    pub(super) fn charged(
        &mut self,
        line: &Line,
        base: &Row,
        charge: &Charge,
        fee_of: Option<Plan>,
        rows: &mut Vec<Row>,
    ) {
        let first = rows.len();
        let covered = [
            (Plan::Savings, charge.by_savings),
            (Plan::Reserved, charge.by_reserved),
        ];
        let covered: Vec<_> = covered
            .into_iter()
            .filter(|(_, it)| !it.is_zero())
            .collect();
        let off = charge.by_savings + charge.by_reserved;
        let rest = charge.list.map(|list| list - off);
        let is_rest = covered.is_empty()
            || !charge.real.is_zero()
            || rest.is_some_and(|rest| !rest.is_zero());
        let rest = ListCost::of(rest, charge.real);

        let mut costs: Vec<Decimal> = covered.iter().map(|(_, list)| *list).collect();
        if is_rest {
            costs.insert(0, rest.cost);
        }
        let (quantity, unit, is_odd) = price::quantity(charge);
        if is_odd {
            self.notes.met(Topic::Quantity, &unit);
        }
        let mut quantities = price::split(quantity, &costs).into_iter();
        let mut base = base.clone();
        if matches!(base.charge_category, "Usage" | "Purchase") {
            base.pricing_unit = Some(unit);
        }

        if is_rest {
            let quantity = quantities.next().unwrap_or(quantity);
            rows.push(self.charge(&base, charge, rest, quantity, fee_of));
        }
        for ((plan, list), quantity) in covered.into_iter().zip(quantities) {
            rows.push(self.covered(line, &base, charge, (plan, list), quantity));
        }
        if let Some(row) = rows.get_mut(first) {
            put_amounts(row, charge);
        }
        for paid in [charge.paid.voucher, charge.paid.incentive] {
            rows.extend(paid.filter(|it| !it.is_zero()).map(|it| credit(&base, it)));
        }
        if !charge.tax.is_zero() {
            rows.push(tax(&base, charge, rest));
        }
    }

    /// What is charged and not covered.
    fn charge(
        &mut self,
        base: &Row,
        charge: &Charge,
        list: ListCost,
        quantity: Decimal,
        fee_of: Option<Plan>,
    ) -> Row {
        let mut row = base.clone();
        row.x_row_kind = "charge";
        row.billed_cost = charge.real;
        row.x_list_cost_source = Some(list.source);
        match base.charge_category {
            "Usage" | "Purchase" => {
                self.priced(&mut row, list.cost, charge.real, quantity, charge);
                row.pricing_category = Some(match is_spot(base, charge) {
                    true => "Dynamic",
                    false => "Standard",
                });
            }
            _ => {
                row.list_cost = charge.real;
                row.contracted_cost = charge.real;
                row.x_list_cost_source = None;
            }
        }
        // A purchase is for what is charged elsewhere: its effect is there.
        if base.charge_category != "Purchase" {
            put_effective(&mut row, charge.real);
        }
        if base.charge_category == "Usage" {
            consume(&mut row);
            if is(base, "capacityReserve") && row.resource_id.is_some() {
                row.capacity_reservation_id = row.resource_id.clone();
                row.capacity_reservation_status = Some("Unused");
            }
        }
        if let Some(plan) = fee_of {
            let amount = match plan {
                Plan::Savings => charge.real,
                Plan::Reserved => row.pricing_quantity.unwrap_or_default(),
            };
            put_commitment(&mut row, plan, amount);
        }
        row
    }

    /// What commitments of a type cover of a charge.
    fn covered(
        &mut self,
        line: &Line,
        base: &Row,
        charge: &Charge,
        (plan, list): (Plan, Decimal),
        quantity: Decimal,
    ) -> Row {
        let mut row = base.clone();
        row.x_row_kind = "covered";
        row.x_list_cost_source = Some("Cost");
        let place = (line.account, plan, line.month.first_day());
        let (amount, cost) = match plan {
            Plan::Savings => {
                if charge.savings_rate.is_zero() {
                    let item = line.detail.product_code.as_deref();
                    self.notes.met(Topic::NoRate, item.unwrap_or("none"));
                }
                let amount = rounded(list * charge.savings_rate);
                (amount, amount)
            }
            Plan::Reserved => {
                let hours = match list.is_sign_negative() {
                    true => -charge.reserved_hours,
                    false => charge.reserved_hours,
                };
                (hours, self.fee_of_hours(line, hours))
            }
        };
        self.used.add(place, cost, amount);
        let contracted = rounded(list * charge.discount.unwrap_or(Decimal::ONE));
        self.priced(&mut row, list, contracted, quantity, charge);
        put_effective(&mut row, cost);
        consume(&mut row);
        row.pricing_category = Some("Committed");
        self.commit(&mut row, line.account, plan, line.month, None);
        put_commitment(&mut row, plan, amount);
        row.commitment_discount_status = Some("Used");
        row
    }

    /// What so many hours of reserved instances cost, at the mean of the month's fees.
    fn fee_of_hours(&mut self, line: &Line, hours: Decimal) -> Decimal {
        let place = (line.account, Plan::Reserved, line.month.first_day());
        let pool = self.commitments.pool(&place);
        let pool = pool.filter(|_| !hours.is_zero());
        let fee = pool.and_then(|pool| pool.fee.checked_mul(hours)?.checked_div(pool.hours));
        match fee {
            Some(fee) => rounded(fee),
            None => {
                let item = line.detail.product_code.as_deref();
                self.notes.met(Topic::NoFee, item.unwrap_or("none"));
                Decimal::ZERO
            }
        }
    }

    /// The shares of a subscription in the months that are exported.
    pub(super) fn spread(
        &mut self,
        line: &Line,
        base: &Row,
        charge: &Charge,
        fee_of: Option<Plan>,
        rows: &mut Vec<Row>,
    ) -> Result<(), Error> {
        let list = ListCost::of(charge.list, charge.real);
        let (quantity, unit, _) = price::quantity(charge);
        let parts = amortise::parts(charge.period, line.month)
            .map_err(|_| line.error("FeeEndTime", "must be before the year 10000", ""))?;
        for (month, part) in parts {
            if !self.exports(month) {
                continue;
            }
            let share = |total: Decimal, decimals: u32| {
                amortise::share(total, part, charge.period, decimals)
                    .ok_or_else(|| line.error("RealCost", "is too large", &total.to_string()))
            };
            let mut row = base.clone();
            row.x_row_kind = "amortised";
            row.charge_category = "Usage";
            row.charge_frequency = "Usage-Based";
            row.charge_description = format!("Amortised - {}", base.charge_description);
            row.pricing_category = Some("Standard");
            row.pricing_unit = Some(unit.clone());
            row.x_list_cost_source = Some(list.source);
            let bill = Period::month(month);
            row.billing_period_start = bill.start;
            row.billing_period_end = bill.end;
            row.charge_period_start = part.start;
            row.charge_period_end = part.end;
            let real = share(charge.real, COST_DECIMALS)?;
            let quantity = match share(quantity, QUANTITY_DECIMALS)? {
                none if none.is_zero() && !quantity.is_zero() => price::LEAST,
                share => share,
            };
            price::put(
                &mut row,
                share(list.cost, COST_DECIMALS)?,
                real,
                quantity,
                &charge.pricing,
            );
            put_effective(&mut row, real);
            consume(&mut row);
            if let Some(plan) = fee_of {
                // The refund of a commitment: what wasn't used of it.
                let amount = match plan {
                    Plan::Savings => real,
                    Plan::Reserved => row.pricing_quantity.unwrap_or_default(),
                };
                put_commitment(&mut row, plan, amount);
                put_unused(&mut row);
            }
            rows.push(row);
        }
        Ok(())
    }

    fn priced(
        &mut self,
        row: &mut Row,
        list: Decimal,
        contracted: Decimal,
        quantity: Decimal,
        charge: &Charge,
    ) {
        if !price::put(row, list, contracted, quantity, &charge.pricing) {
            let unit = row.x_price_unit.as_deref();
            self.notes
                .met(Topic::ListPrice, unit.unwrap_or("no PriceUnit"));
        }
    }
}

/// A row for what was paid with a voucher or gifted balance.
fn credit(base: &Row, paid: Decimal) -> Row {
    let mut row = beside(base, "credit", "Credit");
    row.billed_cost = -paid;
    row.list_cost = -paid;
    row.contracted_cost = -paid;
    put_effective(&mut row, -paid);
    row
}

/// A row for the tax on a charge.
fn tax(base: &Row, charge: &Charge, list: ListCost) -> Row {
    let mut row = beside(base, "tax", "Tax");
    let on = |cost: Decimal| {
        charge
            .tax_rate
            .map_or(charge.tax, |rate| rounded(cost * rate))
    };
    row.billed_cost = charge.tax;
    row.list_cost = on(list.cost);
    row.contracted_cost = on(charge.real);
    // It is due at once, so that what is spent is the sum of what is effective.
    put_effective(&mut row, charge.tax);
    row
}

/// A row beside a charge, without quantities and prices.
fn beside(base: &Row, kind: &'static str, category: &'static str) -> Row {
    let mut row = base.clone();
    row.x_row_kind = kind;
    row.charge_category = category;
    row.charge_description = format!("{category} - {}", row.charge_description);
    row.pricing_unit = None;
    row.sku_id = None;
    row.sku_meter = None;
    row.sku_price_id = None;
    row.sku_price_details = None;
    row
}

pub(super) fn put_effective(row: &mut Row, cost: Decimal) {
    row.effective_cost = cost;
    row.pricing_currency_effective_cost = cost;
}

pub(super) fn put_commitment(row: &mut Row, plan: Plan, amount: Decimal) {
    row.commitment_discount_quantity = Some(amount);
    row.commitment_discount_unit = Some(plan.unit(&row.billing_currency));
}

pub(super) fn put_unused(row: &mut Row) {
    row.pricing_category = Some("Committed");
    row.commitment_discount_status = Some("Unused");
    row.consumed_quantity = None;
    row.consumed_unit = None;
}

fn consume(row: &mut Row) {
    row.consumed_quantity = row.pricing_quantity;
    row.consumed_unit = row.pricing_unit.clone();
}

/// Puts the bill's amounts, on a component's first row alone.
fn put_amounts(row: &mut Row, charge: &Charge) {
    row.x_cost = charge.list;
    row.x_real_cost = Some(charge.real + charge.drift);
    row.x_cash_pay_amount = charge.paid.cash;
    row.x_voucher_pay_amount = charge.paid.voucher;
    row.x_incentive_pay_amount = charge.paid.incentive;
    row.x_transfer_pay_amount = charge.paid.transfer;
    row.x_tax_amount = (!charge.tax.is_zero()).then_some(charge.tax);
}

fn is_spot(base: &Row, charge: &Charge) -> bool {
    base.charge_category == "Usage"
        && (charge.action.kind == super::tables::Kind::Spot || is(base, "si"))
}

/// Whether the charge is for an instance of this type.
fn is(base: &Row, instance: &str) -> bool {
    let own = base.x_instance_type.as_deref();
    own.is_some_and(|own| own.eq_ignore_ascii_case(instance))
}

/// Rounded as the bill's amounts are: half up at 8 decimals.
fn rounded(cost: Decimal) -> Decimal {
    cost.round_dp_with_strategy(COST_DECIMALS, RoundingStrategy::MidpointAwayFromZero)
        .normalize()
}
