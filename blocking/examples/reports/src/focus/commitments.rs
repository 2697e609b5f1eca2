use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tc3_core::{Month, types::jiff::civil::Date};
use tc3_services::billing::BillDetailComponent;

use super::{
    Line, amortise,
    charge::{Charge, Plan},
    line::text,
    names,
    row::COST_DECIMALS,
};

/// The fees of commitments by account, type and month.
///
/// They have to be known before rows are made, since a bill names no commitment where it says that usage is covered:
/// lines of all months go through [`add`](Self::add) first.
#[derive(Clone, Debug, Default)]
pub struct Commitments {
    pools: BTreeMap<Place, Pool>,
}

/// An account, a type of commitment and a month.
pub(super) type Place = (usize, Plan, Date);

/// All commitments of a type that an account has in a month.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    /// What they cost in the month.
    pub(super) fee: Decimal,
    /// The hours of instances that they are for.
    pub(super) hours: Decimal,
    /// What their row of unused parts has of the bill.
    pub(super) source: Source,
    /// The only commitment, or that there are several.
    id: Option<Id>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Id {
    Only(String),
    Several,
}

/// What names a commitment: of its first fee.
#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    pub(super) payer: Option<String>,
    pub(super) business_code: Option<String>,
    pub(super) business_name: Option<String>,
    pub(super) item_code: Option<String>,
    pub(super) name: Option<String>,
    pub(super) currency: Option<String>,
}

impl Pool {
    /// The commitment's id, if there is exactly one.
    pub(super) fn only(&self) -> Option<&str> {
        match &self.id {
            Some(Id::Only(id)) => Some(id),
            _ => None,
        }
    }
}

impl Commitments {
    /// Takes what a line says about commitments. A line that no rows can be made of is passed over.
    pub fn add(&mut self, line: &Line) {
        for (place, component) in line.components() {
            if let Ok(charge) = Charge::of(line, place, component)
                && let Some(plan) = charge.fee_of(line, component)
            {
                self.take(line, component, &charge, plan);
            }
        }
    }

    fn take(&mut self, line: &Line, it: &BillDetailComponent, charge: &Charge, plan: Plan) {
        if !charge.is_spread() {
            let hours = charge.pricing.quantity.unwrap_or_default();
            let hours = if charge.is_negative() { -hours } else { hours };
            self.put(line, it, charge, plan, line.month, charge.real, hours);
        } else if !charge.is_negative() {
            // A refund has rows of its own.
            let instances = charge.used.unwrap_or(Decimal::ONE);
            let parts = amortise::parts(charge.period, line.month).unwrap_or_default();
            for (month, part) in parts {
                let fee = amortise::share(charge.real, part, charge.period, COST_DECIMALS)
                    .unwrap_or_default();
                let hours = instances * Decimal::from(part.seconds()) / Decimal::from(3_600);
                self.put(line, it, charge, plan, month, fee, hours);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a fee, and what it is for")]
    fn put(
        &mut self,
        line: &Line,
        it: &BillDetailComponent,
        charge: &Charge,
        plan: Plan,
        month: Month,
        fee: Decimal,
        hours: Decimal,
    ) {
        let place = (line.account, plan, month.first_day());
        let detail = &line.detail;
        let own = |value: &Option<String>| text(value).map(str::to_owned);
        let pool = self.pools.entry(place).or_insert_with(|| Pool {
            source: Source {
                payer: own(&detail.payer_uin),
                business_code: own(&detail.business_code),
                business_name: own(&detail.business_code_name),
                item_code: own(&it.item_code),
                name: names::resource_name(detail)
                    .filter(|it| it.is_ascii())
                    .map(str::to_owned),
                currency: charge.currency.clone(),
            },
            ..Pool::default()
        });
        pool.fee += fee;
        pool.hours += hours;
        let id = names::resource_id(detail).filter(|it| it.is_ascii());
        pool.id = match (pool.id.take(), id) {
            (None, Some(id)) => Some(Id::Only(id.to_owned())),
            (Some(Id::Only(only)), Some(id)) if only == id => Some(Id::Only(only)),
            _ => Some(Id::Several),
        };
    }

    pub(super) fn pool(&self, place: &Place) -> Option<&Pool> {
        self.pools.get(place)
    }
}

/// What was used of commitments so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Used(BTreeMap<Place, (Decimal, Decimal)>);

impl Used {
    pub(super) fn add(&mut self, place: Place, cost: Decimal, hours: Decimal) {
        let (costs, all) = self.0.entry(place).or_default();
        *costs += cost;
        *all += hours;
    }

    /// The cost and the hours, which are taken out.
    pub(super) fn take(&mut self, place: &Place) -> (Decimal, Decimal) {
        self.0.remove(place).unwrap_or_default()
    }
}
