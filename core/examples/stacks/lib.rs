//! What the programs beside this file share, so that each of them is a run loop and a transport: the service
//! they ask, a walk over its bills, and a clock. None of them uses another crate of tc3 than core to ask.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    io::{self, Write},
    process::ExitCode,
    sync::OnceLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use clap::Parser;
use tc3_core::{
    Action, Fen, Now, Pages, Reply, Session, Settings, UnixTime, billing::DescribeBillList,
};
pub use tc3_example_support::Result;
use tc3_example_support::{ServiceArguments, finish};

/// Prints how many transactions the first half of 2024 had, and what was paid.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    service: ServiceArguments,
}

/// What the pages of a walk add up to.
#[derive(Debug, Default)]
pub struct Bills {
    transactions: usize,
    paid: Fen,
}

impl Bills {
    /// Takes a page.
    ///
    /// # Errors
    ///
    /// When the sum is larger than an amount can be.
    pub fn add(&mut self, page: &Reply<<DescribeBillList as Action>::Output>) -> Result<()> {
        let amounts = page
            .output
            .transaction_list
            .iter()
            .map(|transaction| transaction.amount);
        let paid = Fen::checked_sum(amounts.chain([self.paid]));
        self.paid = paid.ok_or("the sum is larger than an amount can be")?;
        self.transactions += page.output.transaction_list.len();
        Ok(())
    }
}

/// Asks the service that the arguments name, or the emulator; `drive` is the run loop.
pub fn run(
    drive: impl FnOnce(Pages<DescribeBillList>, Session, &mut Bills) -> Result<()>,
) -> ExitCode {
    let work = || {
        let service = Arguments::parse().service.connect()?;
        let settings = Settings::default().with_endpoint(service.endpoint);
        let session = Session::new(service.credential).with_settings(settings);
        let (start, end) = (
            "2024-01-01 00:00:00".parse()?,
            "2024-06-30 23:59:59".parse()?,
        );
        let mut bills = Bills::default();
        drive(
            Pages::new(DescribeBillList::new(start, end)),
            session,
            &mut bills,
        )?;
        let (count, paid) = (bills.transactions, bills.paid.to_yuan());
        writeln!(io::stdout(), "{count} transactions, {paid} yuan in all")?;
        Ok(())
    };
    finish(work())
}

/// The time by this machine's clocks, and the standard library's randomness.
pub fn now() -> Now {
    static START: OnceLock<Instant> = OnceLock::new();
    let unix = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let unix = UnixTime::new(i64::try_from(unix.as_secs()).unwrap_or(i64::MAX));
    let tick = START.get_or_init(Instant::now).elapsed();
    Now::new(unix, tick, RandomState::new().build_hasher().finish())
}
