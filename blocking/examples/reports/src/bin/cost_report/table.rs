use std::{io::Write, path::Path};

use tc3_example_support::{Column, Result, heading, line};

use crate::costs::{Costs, Product, percent};

/// Prints a line a product, then a line a month.
pub(crate) fn print(costs: &Costs, out: &mut impl Write) -> Result<()> {
    let months = &costs.months;
    let last = months.len() - 1;
    let (from, to) = (months[0], months[last]);
    writeln!(
        out,
        "Costs by product from {from} to {to}, after discounts, in yuan; {to} against the month before\n"
    )?;
    let columns: [Column; 6] = [
        ("Product", 20, false),
        ("Code", 10, false),
        ("Last month", 20, true),
        ("Change (%)", 10, true),
        ("All months", 20, true),
        ("Share (%)", 9, true),
    ];
    heading(out, &columns)?;
    for product in costs.products.iter().chain([&costs.whole]) {
        let cells = [
            product.name.clone(),
            product.code.clone(),
            product.costs[last].to_string(),
            product.change(last),
            product.total.to_string(),
            share(product, costs),
        ];
        line(out, &columns, &cells)?;
    }
    writeln!(out)?;
    let columns: [Column; 3] = [
        ("Month", 7, false),
        ("Cost", 20, true),
        ("Change (%)", 10, true),
    ];
    heading(out, &columns)?;
    for (at, month) in months.iter().enumerate() {
        let cost = costs.whole.costs[at].to_string();
        line(
            out,
            &columns,
            &[month.to_string(), cost, costs.whole.change(at)],
        )?;
    }
    writeln!(out)?;
    Ok(())
}

/// A product's part of all costs, in percent.
pub(crate) fn share(product: &Product, costs: &Costs) -> String {
    let share = percent(product.total, costs.whole.total);
    share.map_or_else(|| "-".into(), |share| format!("{share:.2}"))
}

/// Writes a line for each product in each month.
pub(crate) fn csv(costs: &Costs, path: &Path) -> Result<()> {
    let mut csv = csv::Writer::from_path(path)?;
    csv.write_record([
        "Month",
        "BusinessCode",
        "BusinessCodeName",
        "RealTotalCost",
        "Change",
    ])?;
    for (at, month) in costs.months.iter().enumerate() {
        for product in &costs.products {
            let (code, name) = (&product.code, &product.name);
            let cost = product.costs[at].to_string();
            csv.write_record([&month.to_string(), code, name, &cost, &product.change(at)])?;
        }
    }
    Ok(csv.flush()?)
}
