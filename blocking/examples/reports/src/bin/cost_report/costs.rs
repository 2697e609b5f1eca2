use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tc3_blocking::{
    Month, Yuan,
    billing::{
        AllocationOverviewTotal, AllocationSummaryByBusiness,
        DescribeAllocationSummaryByBusinessResponse,
    },
};
use tc3_example_support::Result;

/// What the service reports of months, as it comes.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    months: Vec<Month>,
    /// By code: a name, and the cost in each month.
    products: BTreeMap<String, (String, BTreeMap<Month, Yuan>)>,
    /// The sums of a month's records, and the service's own.
    totals: BTreeMap<Month, (Sums, Option<AllocationOverviewTotal>)>,
}

/// The sums of records: of all costs, and of each way to pay; `None` where a record lacks it.
#[derive(Clone, Copy, Debug)]
struct Sums([Option<Yuan>; 5]);

pub(crate) const SUMS: [&str; 5] = [
    "RealTotalCost",
    "CashPayAmount",
    "IncentivePayAmount",
    "VoucherPayAmount",
    "TransferPayAmount",
];

/// What products cost in months that follow each other.
#[derive(Debug)]
pub(crate) struct Costs {
    pub(crate) months: Vec<Month>,
    /// The costliest first.
    pub(crate) products: Vec<Product>,
    /// Of all products.
    pub(crate) whole: Product,
    /// Where a month's sums and the service's own differ, in words.
    pub(crate) differences: Vec<String>,
}

/// What a product costs.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub(crate) code: String,
    pub(crate) name: String,
    /// In each month.
    pub(crate) costs: Vec<Yuan>,
    pub(crate) total: Yuan,
}

impl Gathered {
    /// A month that is asked for; it may come to have no costs.
    pub(crate) fn begin(&mut self, month: Month) {
        self.months.push(month);
        self.totals
            .insert(month, (Sums([Some(Yuan::ZERO); 5]), None));
    }

    /// Adds a page of a month.
    pub(crate) fn add(
        &mut self,
        month: Month,
        page: DescribeAllocationSummaryByBusinessResponse,
    ) -> Result<()> {
        let (sums, total) = self.totals.get_mut(&month).ok_or("no such month")?;
        for record in page.detail.unwrap_or_default() {
            sums.add(&record)?;
            let code = record.business_code;
            let (name, costs) = self.products.entry(code.clone()).or_default();
            *name = record.business_code_name.unwrap_or(code);
            let cost = costs.entry(month).or_default();
            *cost = plus(*cost, record.real_total_cost)?;
        }
        // The sums are over all pages: those of the last page count.
        *total = page.total.or(total.take());
        Ok(())
    }

    pub(crate) fn costs(self) -> Result<Costs> {
        let mut products = Vec::new();
        for (code, (name, by_month)) in self.products {
            let cost = |month| by_month.get(month).copied().unwrap_or_default();
            let costs = self.months.iter().map(cost).collect();
            products.push(Product::new(code, name, costs)?);
        }
        products.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.code.cmp(&b.code)));
        let whole = Product::sum("", "Total", &products, self.months.len())?;
        let mut differences = Vec::new();
        for (month, (sums, total)) in &self.totals {
            differences.extend(sums.differences(*month, total.as_ref()));
        }
        Ok(Costs {
            months: self.months,
            products,
            whole,
            differences,
        })
    }
}

impl Sums {
    fn add(&mut self, record: &AllocationSummaryByBusiness) -> Result<()> {
        let parts = [
            Some(record.real_total_cost),
            record.total_cash_pay_amount,
            record.total_incentive_pay_amount,
            record.total_voucher_pay_amount,
            record.total_transfer_pay_amount,
        ];
        for (sum, part) in self.0.iter_mut().zip(parts) {
            *sum = match (*sum, part) {
                (Some(sum), Some(part)) => Some(plus(sum, part)?),
                _ => None,
            };
        }
        Ok(())
    }

    /// Where the service's own sums are others. One that it left out is none where there is nothing to sum.
    fn differences(self, month: Month, total: Option<&AllocationOverviewTotal>) -> Vec<String> {
        let reported = [
            total.and_then(|total| total.real_total_cost),
            total.and_then(|total| total.cash_pay_amount),
            total.and_then(|total| total.incentive_pay_amount),
            total.and_then(|total| total.voucher_pay_amount),
            total.and_then(|total| total.transfer_pay_amount),
        ];
        let sums = SUMS.iter().zip(self.0).zip(reported);
        let differs = sums.filter_map(|((name, sum), reported)| {
            // What a record lacks can't be compared.
            let sum = sum?;
            if reported.unwrap_or_default() == sum {
                return None;
            }
            let reported = reported.map_or_else(|| "none".into(), |reported| reported.to_string());
            Some(format!(
                "{month}: the records' {name} come to {sum} yuan, the service's Total has {reported}"
            ))
        });
        differs.collect()
    }
}

impl Product {
    pub(crate) fn new(code: String, name: String, costs: Vec<Yuan>) -> Result<Self> {
        let total = costs
            .iter()
            .try_fold(Yuan::ZERO, |sum, cost| plus(sum, *cost))?;
        Ok(Self {
            code,
            name,
            costs,
            total,
        })
    }

    /// Several as one.
    pub(crate) fn sum(code: &str, name: &str, products: &[Self], months: usize) -> Result<Self> {
        let mut costs = vec![Yuan::ZERO; months];
        for product in products {
            for (sum, cost) in costs.iter_mut().zip(&product.costs) {
                *sum = plus(*sum, *cost)?;
            }
        }
        Self::new(code.into(), name.into(), costs)
    }

    /// The change against the month before, in words.
    pub(crate) fn change(&self, month: usize) -> String {
        let before = month.checked_sub(1).map(|before| self.costs[before]);
        change(before, self.costs[month])
    }
}

/// The change in percent, with a sign: "-" without a month before, "from 0" where there is no percentage.
pub(crate) fn change(before: Option<Yuan>, now: Yuan) -> String {
    let Some(before) = before else {
        return "-".into();
    };
    if before == Yuan::ZERO {
        return if now == before { "0.00" } else { "from 0" }.into();
    }
    let percent = now
        .checked_sub(before)
        .and_then(|change| percent(change, before));
    percent.map_or_else(|| "-".into(), |percent| format!("{percent:+.2}"))
}

/// How much a part is of the size of a whole, in percent, rounded to two decimals; `None` of nothing.
pub(crate) fn percent(part: Yuan, whole: Yuan) -> Option<Decimal> {
    let part = part.get().checked_mul(Decimal::ONE_HUNDRED)?;
    Some(part.checked_div(whole.get().abs())?.round_dp(2))
}

pub(crate) fn plus(sum: Yuan, part: Yuan) -> Result<Yuan> {
    let sum = sum.checked_add(part);
    Ok(sum.ok_or("a sum has more digits than can be held")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_a_sign_and_from_nothing_has_words() {
        let yuan = |text: &str| text.parse::<Yuan>().unwrap();
        for (before, now, expected) in [
            ("100", "110.005", "+10.00"),
            ("100", "90", "-10.00"),
            ("3", "4", "+33.33"),
            ("-50", "-75", "-50.00"),
            ("-50", "50", "+200.00"),
            ("0", "0.01", "from 0"),
            ("0", "-5", "from 0"),
            ("0.00000000", "0", "0.00"),
            ("7", "7.0", "+0.00"),
            ("7", "0", "-100.00"),
        ] {
            assert_eq!(
                change(Some(yuan(before)), yuan(now)),
                expected,
                "{before} {now}"
            );
        }
        assert_eq!(change(None, yuan("7")), "-");
    }
}
