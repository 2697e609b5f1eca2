//! What rows come to, beside the service's own summaries.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use tc3_blocking::{Month, Yuan};
use tc3_example_reports::focus::Row;
use tc3_example_support::Result;
use tc3_services::billing::{
    BusinessSummaryOverviewItem, DescribeBillSummaryByPayModeResponse,
    DescribeBillSummaryByProductResponse, PayModeSummaryOverviewItem,
};

/// What is summed up, by the service's names.
pub(crate) const AMOUNTS: [&str; 5] = [
    "RealTotalCost",
    "CashPayAmount",
    "TransferPayAmount",
    "VoucherPayAmount",
    "IncentivePayAmount",
];

/// The sums of some rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Of [`AMOUNTS`], which are on one row of each component.
    amounts: [Decimal; 5],
    /// Of all rows' BilledCost, which is what is paid in cash or of split income.
    billed: Decimal,
    /// Of all rows' EffectiveCost, which no summary has.
    effective: Decimal,
}

impl Sums {
    fn add(&mut self, row: &Row) -> Result<()> {
        // The summaries' total has the tax of the international site in it.
        let real = plus(
            row.x_real_cost.unwrap_or_default(),
            row.x_tax_amount.unwrap_or_default(),
        )?;
        let amounts = [
            Some(real),
            row.x_cash_pay_amount,
            row.x_transfer_pay_amount,
            row.x_voucher_pay_amount,
            row.x_incentive_pay_amount,
        ];
        for (sum, amount) in self.amounts.iter_mut().zip(amounts) {
            *sum = plus(*sum, amount.unwrap_or_default())?;
        }
        self.billed = plus(self.billed, row.billed_cost)?;
        self.effective = plus(self.effective, row.effective_cost)?;
        Ok(())
    }

    fn reported(amounts: [Option<Yuan>; 5]) -> Result<Self> {
        let amounts = amounts.map(|amount| amount.map(Yuan::get).unwrap_or_default());
        let [_, cash, transfer, ..] = amounts;
        Ok(Self {
            amounts,
            billed: plus(cash, transfer)?,
            effective: Decimal::ZERO,
        })
    }

    /// Where these differ from what is reported, in words.
    fn differences(&self, reported: &Self, of: &str) -> Vec<String> {
        let names = AMOUNTS
            .into_iter()
            .chain(["CashPayAmount and TransferPayAmount"]);
        let ours = self.amounts.iter().chain([&self.billed]);
        let theirs = reported.amounts.iter().chain([&reported.billed]);
        let all = names.zip(ours.zip(theirs));
        let differ = all.filter(|(_, (ours, theirs))| ours != theirs);
        let said = differ.map(|(name, (ours, theirs))| {
            let ours = ours.normalize();
            format!("{of}: the rows come to {ours}, the service's {name} is {theirs}")
        });
        said.collect()
    }
}

/// The sums of a month of an account.
#[derive(Clone, Debug, Default)]
struct MonthSums {
    whole: Sums,
    products: BTreeMap<String, Sums>,
    pay_modes: BTreeMap<String, Sums>,
}

/// The sums of all rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    months: BTreeMap<(usize, Month), MonthSums>,
    /// Of all accounts and months.
    currencies: BTreeMap<String, Sums>,
    pay_modes: BTreeMap<String, Sums>,
    products: BTreeMap<String, Sums>,
}

impl Totals {
    /// Whether there is a row of this account and month.
    pub(crate) fn has(&self, account: usize, month: Month) -> bool {
        self.months.contains_key(&(account, month))
    }

    /// Adds a row of a bill line of this account and month.
    pub(crate) fn add(&mut self, account: usize, month: Month, row: &Row) -> Result<()> {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let currency = row.billing_currency.clone();
        self.currencies.entry(currency).or_default().add(row)?;
        let sums = self.months.entry((account, month)).or_default();
        sums.whole.add(row)?;
        let product = text(row.x_business_code.as_deref());
        let pay_mode = text(row.x_pay_mode_name.as_deref());
        for (sums, name) in [
            (&mut sums.products, &product),
            (&mut self.products, &product),
            (&mut sums.pay_modes, &pay_mode),
            (&mut self.pay_modes, &pay_mode),
        ] {
            sums.entry(name.clone()).or_default().add(row)?;
        }
        Ok(())
    }

    /// By currency, pay mode and product: BilledCost, EffectiveCost and RealTotalCost of all accounts and months.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &str, [Decimal; 3])> {
        let all = [
            ("currency", &self.currencies),
            ("pay mode", &self.pay_modes),
            ("product", &self.products),
        ];
        all.into_iter().flat_map(|(by, sums)| {
            sums.iter().map(move |(name, sums)| {
                let [real, ..] = sums.amounts;
                (by, name.as_str(), [sums.billed, sums.effective, real])
            })
        })
    }

    /// Compares with the summaries of a month. Returns how many sums there are, and which differ.
    pub(crate) fn compare(
        &self,
        (account, month): (usize, Month),
        named: &str,
        by_product: &DescribeBillSummaryByProductResponse,
        by_pay_mode: &DescribeBillSummaryByPayModeResponse,
    ) -> Result<(usize, Vec<String>)> {
        let none = MonthSums::default();
        let ours = self.months.get(&(account, month)).unwrap_or(&none);
        let mut products = BTreeMap::new();
        for item in &by_product.summary_overview {
            let code = item.business_code.clone().unwrap_or_default();
            insert(&mut products, code, of_product(item)?)?;
        }
        let mut pay_modes = BTreeMap::new();
        for item in &by_pay_mode.summary_overview {
            let name = item.pay_mode_name.clone().unwrap_or_default();
            insert(&mut pay_modes, name, of_pay_mode(item)?)?;
        }
        let (mut compared, mut differences) = each(named, &ours.products, &products);
        let (more, differ) = each(named, &ours.pay_modes, &pay_modes);
        compared += more;
        differences.extend(differ);
        if let Some(total) = &by_product.summary_total {
            let total = Sums::reported([
                total.real_total_cost,
                total.cash_pay_amount,
                total.transfer_pay_amount,
                total.voucher_pay_amount,
                total.incentive_pay_amount,
            ])?;
            compared += AMOUNTS.len() + 1;
            differences.extend(ours.whole.differences(&total, &format!("{named}, in all")));
        }
        Ok((compared, differences))
    }
}

/// Compares sums by name. What one side lacks is 0 there.
fn each(
    named: &str,
    ours: &BTreeMap<String, Sums>,
    reported: &BTreeMap<String, Sums>,
) -> (usize, Vec<String>) {
    let names: BTreeSet<_> = ours.keys().chain(reported.keys()).collect();
    let differences = names.iter().flat_map(|name| {
        let ours = ours.get(*name).copied().unwrap_or_default();
        let reported = reported.get(*name).copied().unwrap_or_default();
        ours.differences(&reported, &format!("{named}, {name}"))
    });
    (names.len() * (AMOUNTS.len() + 1), differences.collect())
}

fn insert(sums: &mut BTreeMap<String, Sums>, name: String, more: Sums) -> Result<()> {
    let sum = sums.entry(name).or_default();
    for (amount, more) in sum.amounts.iter_mut().zip(more.amounts) {
        *amount = plus(*amount, more)?;
    }
    sum.billed = plus(sum.billed, more.billed)?;
    Ok(())
}

fn of_product(item: &BusinessSummaryOverviewItem) -> Result<Sums> {
    Sums::reported([
        item.real_total_cost,
        item.cash_pay_amount,
        item.transfer_pay_amount,
        item.voucher_pay_amount,
        item.incentive_pay_amount,
    ])
}

fn of_pay_mode(item: &PayModeSummaryOverviewItem) -> Result<Sums> {
    Sums::reported([
        item.real_total_cost,
        item.cash_pay_amount,
        item.transfer_pay_amount,
        item.voucher_pay_amount,
        item.incentive_pay_amount,
    ])
}

fn plus(sum: Decimal, part: Decimal) -> Result<Decimal> {
    let sum = sum.checked_add(part);
    Ok(sum.ok_or("a sum has more digits than can be held")?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tc3_example_reports::focus::{Commitments, Line, Mapping};

    use super::*;

    /// An hour of an instance for 0.5 yuan, of which a voucher paid 0.2.
    fn totals(january: Month) -> Totals {
        let line = json!({"PayerUin": "100000000001", "BusinessCode": "p_cvm", "PayModeName": "按量计费",
            "ActionType": "postpay_deduct_h", "FeeBeginTime": "2024-01-02 03:00:00",
            "FeeEndTime": "2024-01-02 03:59:59", "ComponentSet": [{"ItemCode": "sv_cvm",
            "SinglePrice": "0.5", "PriceUnit": "元/小时", "UsedAmount": "1", "TimeSpan": "1", "Cost": "0.5",
            "RealCost": "0.5", "CashPayAmount": "0.3", "VoucherPayAmount": "0.2"}]});
        let line = Line::from_json(0, january, &line.to_string()).unwrap();
        let mut mapping = Mapping::new(Vec::new(), january..=january, Commitments::default());
        let mut totals = Totals::default();
        for row in mapping.rows(&line).unwrap() {
            totals.add(0, january, &row).unwrap();
        }
        totals
    }

    #[test]
    fn sums_are_those_of_the_summaries_to_the_last_digit() {
        let january = Month::new(2024, 1).unwrap();
        let totals = totals(january);
        let billed: Vec<_> = totals.all().map(|(_, _, [billed, ..])| billed).collect();
        assert_eq!(billed, ["0.3".parse().unwrap(); 3]);

        let compare = |cash: &str| {
            let sums = json!({"RealTotalCost": "0.50000000", "CashPayAmount": cash,
                "VoucherPayAmount": "0.2", "IncentivePayAmount": "0", "TransferPayAmount": "0"});
            let mut product = sums.clone();
            product["BusinessCode"] = json!("p_cvm");
            let mut pay_mode = sums.clone();
            pay_mode["PayModeName"] = json!("按量计费");
            let by_product = json!({"SummaryTotal": sums, "SummaryOverview": [product]});
            let by_pay_mode = json!({"SummaryOverview": [pay_mode]});
            totals
                .compare(
                    (0, january),
                    "2024-01",
                    &serde_json::from_value(by_product).unwrap(),
                    &serde_json::from_value(by_pay_mode).unwrap(),
                )
                .unwrap()
        };
        assert_eq!(compare("0.30"), (18, Vec::new()));
        let (_, differences) = compare("0.30000001");
        assert_eq!(differences.len(), 6);
        assert_eq!(
            differences[0],
            "2024-01, p_cvm: the rows come to 0.3, the service's CashPayAmount is 0.30000001"
        );
    }

    #[test]
    fn what_one_side_lacks_is_zero_there() {
        let january = Month::new(2024, 1).unwrap();
        let none = DescribeBillSummaryByProductResponse::default();
        let no_mode = DescribeBillSummaryByPayModeResponse::default();
        let compare = |totals: &Totals| {
            let compared = totals.compare((0, january), "2024-01", &none, &no_mode);
            compared.unwrap().1.len()
        };
        assert_eq!(compare(&Totals::default()), 0);
        assert_eq!(compare(&totals(january)), 8);
    }
}
