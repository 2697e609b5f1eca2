//! The bill's lines, summed up by product and month, beside what summaries say of them.

use std::collections::{BTreeMap, BTreeSet};

use tc3_blocking::{Action, Client, Month, Walk, Yuan};
use tc3_example_support::{Progress, Result};
use tc3_services::billing::{
    BillDetail, BillDetailComponent, DescribeBillDetail, DescribeBillSummaryByProduct,
    DescribeBillSummaryByProductResponse,
};

use crate::costs::{Costs, SUMS, plus};

/// The bill line that makes up for costs with more decimals than are paid. No unit has a part of it.
const ROUNDING: &str = "billVirtualId";

/// How many lines a page has.
const LIMIT: u32 = 300;

/// Of [`SUMS`], in their order.
type Sums = [Yuan; 5];

/// What the lines of months come to.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) count: u64,
    /// By month and product.
    months: BTreeMap<Month, BTreeMap<String, Sums>>,
    /// Where the service's summary of the bill says otherwise, in words.
    pub(crate) differences: Vec<String>,
}

impl Lines {
    /// Reads all lines of these months, and compares them with DescribeBillSummaryByProduct.
    pub(crate) fn fetch(client: &Client, months: &[Month]) -> Result<Self> {
        let mut lines = Self::default();
        for month in months {
            let progress = Progress::new()?;
            let list = DescribeBillDetail::new()
                .with_limit(LIMIT.into())
                .with_month(*month);
            let mut pages = client.pages(Walk::from(list));
            let products = lines.months.entry(*month).or_default();
            while let Some(page) = pages.next() {
                for line in page?.output.detail_set {
                    add(products, &line)?;
                    lines.count += 1;
                }
                progress.show(pages.walk());
            }
            let summary = client.call(&DescribeBillSummaryByProduct::new(*month, *month))?;
            let differences = differences(*month, products, &reported(summary.output)?);
            lines.differences.extend(differences);
        }
        Ok(lines)
    }

    /// Where the costs of units come to other sums than the lines, in words.
    pub(crate) fn differ_from(&self, costs: &Costs) -> Vec<String> {
        let mut differ = Vec::new();
        for (at, month) in costs.months.iter().enumerate() {
            let of_unit = costs.products.iter();
            let mut units: BTreeMap<&str, Yuan> = of_unit
                .map(|product| (product.code.as_str(), product.costs[at]))
                .collect();
            for (code, [lines, ..]) in self.months.get(month).into_iter().flatten() {
                let units = units.remove(code.as_str()).unwrap_or_default();
                if units != *lines && code != ROUNDING {
                    differ.push(format!(
                        "{month}: the lines of {code} come to {lines} yuan, its units to {units}"
                    ));
                }
            }
            for (code, units) in units {
                if units != Yuan::ZERO {
                    differ.push(format!(
                        "{month}: {code} has units with {units} yuan, no lines"
                    ));
                }
            }
        }
        differ
    }
}

fn add(products: &mut BTreeMap<String, Sums>, line: &BillDetail) -> Result<()> {
    let code = line.business_code.clone().unwrap_or_default();
    let sums = products.entry(code).or_default();
    for component in &line.component_set {
        for (sum, amount) in sums.iter_mut().zip(amounts(component)) {
            *sum = plus(*sum, amount.unwrap_or_default())?;
        }
    }
    Ok(())
}

const fn amounts(component: &BillDetailComponent) -> [Option<Yuan>; 5] {
    [
        component.real_cost,
        component.cash_pay_amount,
        component.incentive_pay_amount,
        component.voucher_pay_amount,
        component.transfer_pay_amount,
    ]
}

/// What the summary of a month says of each product.
fn reported(summary: DescribeBillSummaryByProductResponse) -> Result<BTreeMap<String, Sums>> {
    let mut products: BTreeMap<String, Sums> = BTreeMap::new();
    for product in summary.summary_overview {
        let sums = [
            product.real_total_cost,
            product.cash_pay_amount,
            product.incentive_pay_amount,
            product.voucher_pay_amount,
            product.transfer_pay_amount,
        ];
        let code = product.business_code.unwrap_or_default();
        for (sum, amount) in products.entry(code).or_default().iter_mut().zip(sums) {
            *sum = plus(*sum, amount.unwrap_or_default())?;
        }
    }
    Ok(products)
}

/// Where sums by product differ, in words.
fn differences(
    month: Month,
    lines: &BTreeMap<String, Sums>,
    reported: &BTreeMap<String, Sums>,
) -> Vec<String> {
    let codes: BTreeSet<_> = lines.keys().chain(reported.keys()).collect();
    let mut differ = Vec::new();
    for code in codes {
        let of = |sums: &BTreeMap<String, Sums>| sums.get(code).copied().unwrap_or_default();
        let sums = SUMS.iter().zip(of(lines)).zip(of(reported));
        for ((name, lines), reported) in sums.filter(|((_, lines), reported)| lines != reported) {
            let action = DescribeBillSummaryByProduct::NAME;
            differ.push(format!(
                "{month}: the lines' {name} of {code} come to {lines} yuan, {action} has {reported}"
            ));
        }
    }
    differ
}
