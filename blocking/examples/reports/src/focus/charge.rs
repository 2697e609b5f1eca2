//! What a component of a line says: amounts, quantity, period and kind of charge.

use rust_decimal::Decimal;
use tc3_core::{
    Month, UnixTime, Yuan,
    types::{BeijingSecond, Number},
};
use tc3_services::billing::BillDetailComponent;

use super::{
    Error, Line,
    line::text,
    row::{COST_DECIMALS, QUANTITY_DECIMALS},
    tables::{self, Action, Kind},
    unit::Pricing,
};

/// What no amount of a line reaches. Below it, sums and products of amounts can't overflow.
const TOO_MUCH: Decimal = Decimal::from_parts(0xd4a5_1000, 0xe8, 0, false, 0);
const IS_TOO_MUCH: &str = "must be less than a trillion";

/// What no product of an amount and a time reaches: 10<sup>15</sup>.
const TOO_MANY: Decimal = Decimal::from_parts(0xa4c6_8000, 0x3_8d7e, 0, false, 0);
const IS_TOO_MANY: &str = "must be less than 10^15 with its time";

/// By how much payments may differ from `RealCost`: the vendor's own examples do so by 0.00001.
const DRIFT: Decimal = Decimal::from_parts(1, 0, 0, false, 5);

/// A type of commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Plan {
    /// A commitment to spend.
    Savings,
    /// A commitment to use instances.
    Reserved,
}

/// A component of a line, read and checked.
#[derive(Clone, Debug)]
pub(super) struct Charge {
    pub(super) action: Action,
    /// Whether the table has the action type.
    pub(super) known: bool,
    pub(super) currency: Option<String>,
    /// The list cost, unless the bill doesn't show it.
    pub(super) list: Option<Decimal>,
    /// After discounts, without tax: what was paid, if that is shown.
    pub(super) real: Decimal,
    /// What `RealCost` is more than that.
    pub(super) drift: Decimal,
    pub(super) tax: Decimal,
    pub(super) tax_rate: Option<Decimal>,
    pub(super) paid: Paid,
    /// What a savings plan covers, at list prices.
    pub(super) by_savings: Decimal,
    pub(super) savings_rate: Decimal,
    /// What reserved instances cover, at list prices.
    pub(super) by_reserved: Decimal,
    /// For how many hours of an instance.
    pub(super) reserved_hours: Decimal,
    pub(super) discount: Option<Decimal>,
    pub(super) used: Option<Decimal>,
    pub(super) pricing: Pricing,
    pub(super) period: Period,
}

/// How a component was paid. Absent amounts are `None`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Paid {
    pub(super) cash: Option<Decimal>,
    pub(super) voucher: Option<Decimal>,
    pub(super) incentive: Option<Decimal>,
    pub(super) transfer: Option<Decimal>,
}

impl Paid {
    /// The sum, if any of them is shown.
    fn sum(self) -> Option<Decimal> {
        let all = [self.cash, self.voucher, self.incentive, self.transfer];
        all.into_iter().flatten().reduce(|sum, it| sum + it)
    }
}

/// From a second up to another one, which isn't in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) start: UnixTime,
    pub(super) end: UnixTime,
}

impl Period {
    /// A month in Beijing.
    pub(super) fn month(month: Month) -> Self {
        let last = month.last_second().to_unix();
        Self {
            start: month.first_second().to_unix(),
            end: UnixTime::new(last.seconds() + 1),
        }
    }

    pub(super) fn seconds(self) -> i64 {
        self.end.seconds_since(self.start)
    }
}

impl Charge {
    pub(super) fn of(line: &Line, place: usize, it: &BillDetailComponent) -> Result<Self, Error> {
        let detail = &line.detail;
        let action = tables::action(text(&detail.action_type), text(&detail.action_type_name));
        let paid = Paid {
            cash: money(line, "CashPayAmount", it.cash_pay_amount)?,
            voucher: money(line, "VoucherPayAmount", it.voucher_pay_amount)?,
            incentive: money(line, "IncentivePayAmount", it.incentive_pay_amount)?,
            transfer: money(line, "TransferPayAmount", it.transfer_pay_amount)?,
        };
        let used = number(line, "UsedAmount", &it.used_amount)?;
        let mut charge = Self {
            known: action.is_some(),
            action: action.unwrap_or(Action {
                category: "Adjustment",
                frequency: "One-Time",
                kind: Kind::Adjustment,
            }),
            currency: None,
            list: money(line, "Cost", it.cost)?,
            real: Decimal::ZERO,
            drift: Decimal::ZERO,
            tax: Decimal::ZERO,
            tax_rate: None,
            paid,
            by_savings: money(line, "OriginalCostWithSP", it.original_cost_with_sp)?
                .unwrap_or_default(),
            savings_rate: rate(line, "SPDeductionRate", &it.sp_deduction_rate)?.unwrap_or_default(),
            by_reserved: money(line, "OriginalCostWithRI", it.original_cost_with_ri)?
                .unwrap_or_default(),
            reserved_hours: Decimal::ZERO,
            discount: rate(line, "Discount", &it.discount)?,
            used,
            pricing: Pricing::of(it, used, number(line, "TimeSpan", &it.time_span)?),
            period: period(line)?,
        };
        let too_many = |field| {
            let used = used.unwrap_or_default();
            line.error(field, IS_TOO_MANY, &used.to_string())
        };
        if used.is_some() && charge.pricing.quantity.is_none_or(|it| it >= TOO_MANY) {
            return Err(too_many("UsedAmount"));
        }
        if let Some(hours) = number(line, "RiTimeSpan", &it.ri_time_span)? {
            let hours = hours * used.unwrap_or(Decimal::ONE);
            if hours.abs() >= TOO_MANY {
                return Err(too_many("RiTimeSpan"));
            }
            charge.reserved_hours = hours.round_dp(QUANTITY_DECIMALS).normalize();
        }
        charge.take_tax(line, place, money(line, "RealCost", it.real_cost)?)?;
        // Only usage is covered by commitments.
        if charge.action.category != "Usage" {
            charge.by_savings = Decimal::ZERO;
            charge.by_reserved = Decimal::ZERO;
        }
        Ok(charge)
    }

    /// Tells cost and tax apart.
    ///
    /// Whether `RealCost` has the tax in it is seen by what was paid.
    fn take_tax(&mut self, line: &Line, place: usize, real: Option<Decimal>) -> Result<(), Error> {
        let tax = line.taxes.get(place);
        self.currency = tax.and_then(|it| text(&it.currency)).map(str::to_owned);
        if let Some(tax) = tax {
            self.tax = money(line, "TaxAmount", tax.tax_amount)?.unwrap_or_default();
            self.tax_rate = rate(line, "TaxRate", &tax.tax_rate)?;
        }
        let paid = self.paid.sum();
        let Some(real) = real.or(paid) else {
            return Err(line.error("RealCost", "must be there if no payment is", ""));
        };
        self.real = match paid {
            Some(paid) if paid == real => real - self.tax,
            Some(paid) if paid == real + self.tax => real,
            None if self.tax.is_zero() => real,
            Some(paid) if self.tax.is_zero() && (real - paid).abs() <= DRIFT => {
                self.drift = real - paid;
                paid
            }
            _ => {
                let rule = "must be what was paid, with or without the tax";
                return Err(line.error("RealCost", rule, &real.to_string()));
            }
        };
        Ok(())
    }

    /// The type of commitment that the charge is the fee of.
    pub(super) fn fee_of(&self, line: &Line, it: &BillDetailComponent) -> Option<Plan> {
        let special = text(&it.instance_type);
        let is_plan = || {
            special.is_some_and(|it| it.eq_ignore_ascii_case("svp"))
                || text(&line.detail.business_code) == Some("p_svp")
        };
        // "ri" as the InstanceType of ordinary charges is in the vendor's own examples.
        match self.action.kind {
            Kind::SavingsPlan => Some(Plan::Savings),
            Kind::ReservedInstance | Kind::ReservedInstanceUpfront => Some(Plan::Reserved),
            Kind::Subscription if is_plan() => Some(Plan::Savings),
            _ => None,
        }
    }

    /// Whether the charge is spread over its period.
    pub(super) fn is_spread(&self) -> bool {
        matches!(
            self.action.kind,
            Kind::Subscription | Kind::ReservedInstanceUpfront
        )
    }

    pub(super) fn is_negative(&self) -> bool {
        self.real.is_sign_negative() && !self.real.is_zero()
            || self
                .list
                .is_some_and(|it| it.is_sign_negative() && !it.is_zero())
    }

    /// Whether the charge corrects a bill of an earlier month.
    pub(super) fn is_correction(&self, line: &Line) -> bool {
        let rated_anew = match self.action.kind {
            Kind::Adjustment | Kind::Reversal => true,
            Kind::Rounding | Kind::Guarantee => false,
            _ => self.is_negative(),
        };
        let period_counts = matches!(
            self.action.kind,
            Kind::Adjustment | Kind::Reversal | Kind::Usage | Kind::Spot
        );
        let month = line.month.first_second().to_unix();
        rated_anew && (period_counts && self.period.start < month || orders_before(line))
    }
}

/// Whether an associated order is of an earlier month. The ids of orders start with their days.
fn orders_before(line: &Line) -> bool {
    let Some(orders) = &line.detail.associated_order else {
        return false;
    };
    let orders = [
        &orders.prepay_purchase,
        &orders.prepay_renew,
        &orders.prepay_modify_up,
        &orders.reverse_order,
        &orders.new_order,
        &orders.original,
    ];
    let month = |id: &str| -> Option<Month> {
        let (year, month) = (id.get(..4)?, id.get(4..6)?);
        Month::new(year.parse().ok()?, month.parse().ok()?).ok()
    };
    orders
        .into_iter()
        .filter_map(text)
        .flat_map(|ids| ids.split(','))
        .filter_map(|id| month(id.trim()))
        .any(|month| month.first_day() < line.month.first_day())
}

/// The amount, which has 8 decimals at most.
fn money(line: &Line, field: &'static str, amount: Option<Yuan>) -> Result<Option<Decimal>, Error> {
    let Some(amount) = amount.map(|it| it.get().normalize()) else {
        return Ok(None);
    };
    let broken = |rule| Err(line.error(field, rule, &amount.to_string()));
    if amount.scale() > COST_DECIMALS {
        return broken("must have 8 decimals at most");
    }
    if amount.abs() >= TOO_MUCH {
        return broken(IS_TOO_MUCH);
    }
    Ok(Some(amount))
}

/// A number that isn't negative, even on a refund.
fn rate(
    line: &Line,
    field: &'static str,
    value: &Option<Number>,
) -> Result<Option<Decimal>, Error> {
    match number(line, field, value)? {
        Some(rate) if rate < Decimal::ZERO => {
            Err(line.error(field, "must not be negative", &rate.to_string()))
        }
        rate => Ok(rate),
    }
}

fn number(
    line: &Line,
    field: &'static str,
    number: &Option<Number>,
) -> Result<Option<Decimal>, Error> {
    let read = |it: &Number| {
        let number = it.to_decimal();
        let number = number.ok_or("must have 28 digits at most")?;
        match number.abs() < TOO_MUCH {
            true => Ok(number.normalize()),
            false => Err(IS_TOO_MUCH),
        }
    };
    let broken = |it: &Number| read(it).map_err(|rule| line.error(field, rule, it.as_str()));
    number.as_ref().map(broken).transpose()
}

/// The bill's day, with a time.
fn bill_day(line: &Line) -> Option<String> {
    let day = text(&line.detail.bill_day)?;
    Some(match day.contains(' ') {
        true => day.into(),
        false => format!("{day} 00:00:00"),
    })
}

/// The charge period.
///
/// The bill's ends are inclusive if they are the last second of an hour. A period without a length has one second.
fn period(line: &Line) -> Result<Period, Error> {
    let detail = &line.detail;
    let start = match line.time("FeeBeginTime", &detail.fee_begin_time)? {
        Some(start) => Some(start),
        None => match line.time("PayTime", &detail.pay_time)? {
            Some(paid) => Some(paid),
            None => line.time("BillDay", &bill_day(line))?,
        },
    };
    let start = start.unwrap_or(line.month.first_second().to_unix());
    let end = line.time("FeeEndTime", &detail.fee_end_time)?;
    let mut end = end.unwrap_or(start).seconds();
    let is_last = BeijingSecond::from_unix(UnixTime::new(end))
        .is_ok_and(|it| (it.datetime().minute(), it.datetime().second()) == (59, 59));
    if is_last {
        end += 1;
    }
    Ok(Period {
        start,
        end: UnixTime::new(end.max(start.seconds() + 1)),
    })
}
