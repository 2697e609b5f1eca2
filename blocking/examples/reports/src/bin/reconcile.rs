//! Compares the sums of transactions with the ten sums that the service reports.
//!
//! ```sh
//! cargo run -p tc3-example-reports --bin reconcile -- --help
//! ```

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
    process::ExitCode,
};

use tc3_blocking::{
    Client, Fen, Paginate,
    billing::{BillTransactionInfo, DescribeBillList, DescribeBillListResponse, PayType},
    core::types::FenSum,
    pagination::walk::windows,
};
use tc3_example_support::{
    Column, PaceArguments, Parser, Progress, Result, ServiceArguments, TimeArguments, finish,
    heading, line,
};

/// Compares the sums of transactions with the ten sums that the service reports (billing DescribeBillList).
///
/// Prints both, with the difference, for each window of six months; every amount is exact. The exit status is 1 if
/// any differ.
///
/// Without a key pair, on the command line or in the environment, it starts the service's emulator in this process
/// and calls that.
#[derive(Debug, Parser)]
struct Reconcile {
    #[command(flatten)]
    service: ServiceArguments,
    #[command(flatten)]
    time: TimeArguments,
    /// Records per page [default: 100]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u32>,
    #[command(flatten)]
    pace: PaceArguments<DescribeBillList>,
}

/// The sums that the service reports, and the kind of transactions that each is over.
const SUMS: [(&str, PayType); 10] = [
    ("DeductAmount", PayType::DEDUCT),
    ("ReturnAmount", PayType::RETURN),
    ("RechargeAmount", PayType::RECHARGE),
    ("WithdrawAmount", PayType::CASH),
    ("BlockAmount", PayType::BLOCK),
    ("UnblockAmount", PayType::UNBLOCK),
    ("AgentInAmount", PayType::AGENTIN),
    ("AgentOutAmount", PayType::AGENTOUT),
    ("AdvanceRechargeAmount", PayType::ADVANCED),
    ("AdvancePayAmount", PayType::REPAY),
];

const WHOLE: [Column; 2] = [("ActionType", 10, false), ("Transactions (yuan)", 20, true)];

const COLUMNS: [Column; 5] = [
    ("Sum", 21, false),
    ("ActionType", 10, false),
    ("Transactions (yuan)", 20, true),
    ("Service (yuan)", 20, true),
    ("Difference (yuan)", 20, true),
];

/// What transactions come to.
#[derive(Debug, Default)]
struct Ledger {
    transactions: u64,
    /// By kind, with the sign that the transactions have.
    sums: BTreeMap<PayType, Fen>,
}

impl Ledger {
    fn add(&mut self, transaction: &BillTransactionInfo) -> Result<()> {
        let sum = self.sums.entry(transaction.action_type.clone());
        let sum = sum.or_default();
        *sum = sum
            .checked_add(transaction.amount)
            .ok_or("a sum exceeds 64 bits")?;
        self.transactions += 1;
        Ok(())
    }

    /// Prints the sums beside the service's, and returns how many differ.
    fn compare(
        &self,
        out: &mut impl Write,
        window: &str,
        answer: &DescribeBillListResponse,
    ) -> Result<usize> {
        writeln!(out, "{window}: {} transactions", self.transactions)?;
        heading(out, &COLUMNS)?;
        let yuan = |amount: Fen| amount.to_yuan().to_string();
        let mut differences = 0;
        for (name, kind) in &SUMS {
            let ours = self.sums.get(kind).copied().unwrap_or_default();
            // The service's sums have no sign, where transactions are negative when money goes out.
            let ours = ours.get().checked_abs().map(Fen::new);
            let ours = ours.ok_or("a sum exceeds 64 bits")?;
            let service = answer.sum_of(kind);
            // A sum that the service left out is no confirmation of one that isn't 0.
            let difference = match service {
                None => Some(ours),
                // Nor is one with a fraction of a fen, which no transactions have.
                Some(sum) => sum.to_fen().and_then(|sum| ours.checked_sub(sum)),
            };
            differences += usize::from(difference != Some(Fen::ZERO));
            let cells = [
                (*name).into(),
                kind.to_string(),
                yuan(ours),
                match service {
                    None => "not reported".into(),
                    Some(FenSum::Whole(sum)) => yuan(*sum),
                    Some(FenSum::Other(sum)) => format!("{sum} fen"),
                },
                difference.map_or_else(|| "not whole fen".into(), yuan),
            ];
            line(out, &COLUMNS, &cells)?;
        }
        let no_sum = |kind: &&PayType| !SUMS.iter().any(|(_, known)| known == *kind);
        for kind in self.sums.keys().filter(no_sum) {
            let sum = yuan(self.sums[kind]);
            let cells = [
                "-".into(),
                kind.to_string(),
                sum,
                "no sum".into(),
                "-".into(),
            ];
            line(out, &COLUMNS, &cells)?;
        }
        writeln!(out)?;
        Ok(differences)
    }
}

fn run(arguments: Reconcile) -> Result<()> {
    let service = arguments.service.connect()?;
    let client = Client::builder()
        .credentials(service.credential.clone())
        .settings(service.settings(&arguments.pace))
        .build();

    let (start, end) = arguments.time.range(&service)?;
    let mut range = DescribeBillList::new(start, end);
    range.limit = arguments.limit;

    let mut whole = Ledger::default();
    let mut differences = 0;
    let mut compared = 0;
    // Two windows share the second where they meet, and the service counts what is in it in both. So each
    // window is compared by itself, and the range as a whole holds what they share once.
    let mut shared: HashMap<String, u64> = HashMap::new();
    let mut out = io::stdout();
    for window in windows(range) {
        let progress = Progress::new()?;
        let mut pages = client.pages(window.clone()).width(arguments.pace.width);
        let mut ledger = Ledger::default();
        let mut sharing: HashMap<String, u64> = HashMap::new();
        let mut last = None;
        while let Some(page) = pages.next() {
            let mut answer = page?.output;
            progress.show(pages.walk());
            for transaction in std::mem::take(&mut answer.transaction_list) {
                ledger.add(&transaction)?;
                if window.is_shared(&transaction) {
                    let id = transaction.bill_id.clone();
                    if let Some(times) = shared.get_mut(&id).filter(|times| **times > 0) {
                        *times -= 1;
                        continue;
                    }
                    *sharing.entry(id).or_default() += 1;
                }
                whole.add(&transaction)?;
            }
            // The sums are over all pages; the last answer knows of everything that was walked over.
            last = Some(answer);
        }
        drop(progress);
        let answer = last.ok_or("the service gave no page")?;
        let named = format!("{} to {}", window.start_time, window.end_time);
        differences += ledger.compare(&mut out, &named, &answer)?;
        compared += SUMS.len();
        shared = sharing;
    }
    let counted = whole.transactions;
    if compared > SUMS.len() {
        writeln!(out, "{start} to {end}: {counted} transactions, each once")?;
        heading(&mut out, &WHOLE)?;
        for (kind, sum) in &whole.sums {
            line(
                &mut out,
                &WHOLE,
                &[kind.to_string(), sum.to_yuan().to_string()],
            )?;
        }
        writeln!(out)?;
    }
    if differences > 0 {
        let many = format!("{differences} of {compared} sums differ from what the service reports");
        return Err(format!("{many}, over {counted} transactions from {start} to {end}").into());
    }
    writeln!(
        out,
        "{counted} transactions from {start} to {end} come to all {compared} sums that the service reports."
    )?;
    Ok(())
}

fn main() -> ExitCode {
    finish(run(Reconcile::parse()))
}
