//! Reports what products cost, month by month: a table, and a chart as SVG and PNG.
//!
//! ```sh
//! cargo run -p tc3-example-reports --bin cost_report -- --help
//! ```

mod chart;
mod costs;
mod font;
mod lines;
mod scale;
mod table;

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use tc3_blocking::{Client, Month, Walk, billing::DescribeAllocationSummaryByBusiness};
use tc3_example_support::{
    PaceArguments, Parser, Progress, Result, Service, ServiceArguments, finish, last_month, say,
};

use costs::Gathered;
use font::Font;
use lines::Lines;

/// Reports what products cost, month by month (billing DescribeAllocationSummaryByBusiness).
///
/// Prints a table, and writes cost.csv (every product in every month), cost.svg and cost.png to a folder. Amounts
/// are exact and in yuan, after discounts. They are compared with the service's own totals of each month; if any
/// differ, the exit status is 1.
///
/// Without a key pair, on the command line or in the environment, it starts the service's emulator in this process
/// and calls that.
#[derive(Debug, Parser)]
struct CostReport {
    #[command(flatten)]
    service: ServiceArguments,
    /// The folder to write to; created if it doesn't exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The first month, yyyy-MM [default: 11 months before the last]
    #[arg(long, value_name = "MONTH")]
    from: Option<Month>,
    /// The last month [default: the month before this one; 2025-12 of the emulator]
    #[arg(long, value_name = "MONTH")]
    to: Option<Month>,
    /// Number of products in the chart; the others are summed up
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=chart::MOST))]
    top: u8,
    /// The font of cost.png, a .ttf, .otf or .ttc file [default: a Chinese one that is installed, else any]
    #[arg(long, value_name = "FILE")]
    font: Option<PathBuf>,
    /// Also read every line of the bills (billing DescribeBillDetail), and compare: they must come to the same sums,
    /// and to those of DescribeBillSummaryByProduct
    #[arg(long)]
    lines: bool,
    #[command(flatten)]
    pace: PaceArguments<DescribeAllocationSummaryByBusiness>,
}

impl CostReport {
    fn months(&self, service: &Service) -> Result<Vec<DescribeAllocationSummaryByBusiness>> {
        let last = match self.to {
            Some(last) => last,
            None if service.emulated.is_some() => Month::new(2025, 12)?,
            None => last_month()?,
        };
        let first = self.from.map_or_else(|| last.minus(11), Ok)?;
        Ok(DescribeAllocationSummaryByBusiness::new(first).through(last)?)
    }
}

fn run(arguments: CostReport) -> Result<()> {
    let font = Font::find(arguments.font.as_deref())?;
    fs::create_dir_all(&arguments.out)?;
    let service = arguments.service.clone().connect()?;
    let client = Client::builder()
        .credentials(service.credential.clone())
        .settings(service.settings(&arguments.pace))
        .build();

    let months = arguments.months(&service)?;
    let mut gathered = Gathered::default();
    for month in &months {
        gathered.begin(month.month.ok_or("there is no month")?);
    }
    let progress = Progress::new()?;
    let mut pages = client.pages(Walk::over(months)).width(arguments.pace.width);
    while let Some(page) = pages.next() {
        let month = pages.walk().list().and_then(|list| list.month);
        gathered.add(month.ok_or("there is no month")?, page?.output)?;
        progress.show(pages.walk());
    }
    drop(progress);

    let mut costs = gathered.costs()?;
    let lines = if arguments.lines {
        let lines = Lines::fetch(&client, &costs.months)?;
        costs.differences.extend(lines.differences.iter().cloned());
        costs.differences.extend(lines.differ_from(&costs));
        Some(lines.count)
    } else {
        None
    };
    let mut out = io::stdout();
    table::print(&costs, &mut out)?;
    let file = |name: &str| arguments.out.join(name);
    table::csv(&costs, &file("cost.csv"))?;
    let chart = chart::Chart::new(&costs, arguments.top.into())?;
    fs::write(file("cost.svg"), chart.svg()?)?;
    let drawn = match &font {
        Some(font) => chart.png(font, &file("cost.png")).map(|()| true)?,
        None => false,
    };
    for differs in &costs.differences {
        say(differs);
    }
    if !costs.differences.is_empty() {
        let many = costs.differences.len();
        return Err(format!("{many} sums differ from the service's own totals").into());
    }
    if !drawn {
        let hint = "no font is installed: give one with --font FILE";
        return Err(format!("cost.png is not drawn, since {hint}").into());
    }
    if let Some(lines) = lines {
        writeln!(out, "The {lines} lines of the bills come to the same sums.")?;
    }
    let folder = arguments.out.display();
    writeln!(
        out,
        "All sums are the service's own totals. See cost.csv, cost.svg and cost.png in {folder}."
    )?;
    Ok(())
}

fn main() -> ExitCode {
    finish(run(CostReport::parse()))
}
