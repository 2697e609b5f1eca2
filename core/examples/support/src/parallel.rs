use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use tc3_core::{
    Action, Credential,
    billing::DescribeBillList,
    emulator::{Emulator, Fault, When},
    session::Endpoint,
};

use crate::{EXAMPLE_SECRET_ID, EXAMPLE_SECRET_KEY, Result, serve::serve};

/// How many transactions a page has.
const LIMIT: u32 = 10;

/// Times a walk over a list of transactions that fetches several pages at once.
///
/// The service is the emulator, on a loopback socket: it answers each request after a delay and applies the
/// service's limit of 20 requests a second.
#[derive(Clone, Copy, Debug, clap::Parser)]
pub struct Parallel {
    /// Number of pages to fetch at once
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub width: usize,
    /// Number of pages of the list
    #[arg(long, value_name = "N", default_value_t = 100)]
    pages: u32,
    /// Delay of each answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 200)]
    latency: u64,
}

/// A walk that is being timed.
#[derive(Debug)]
pub struct Timed {
    /// Who asks.
    pub credential: Credential,
    /// Where.
    pub endpoint: Endpoint,
    /// For what.
    pub action: DescribeBillList,
    began: Instant,
}

impl Parallel {
    /// Starts the service and the clock.
    pub fn start(&self) -> Result<Timed> {
        let credential = Credential::new(EXAMPLE_SECRET_ID, EXAMPLE_SECRET_KEY)?;
        // The ledger is spread evenly over 731 days, of which half a year has 182.
        let records = u64::from(self.pages) * u64::from(LIMIT) * 731 / 182;
        let slow = Fault::Slow(Duration::from_millis(self.latency));
        let emulator = Emulator::new(credential.clone())
            .with_records(records)
            .with_frequency_limits()
            .with_fault(When::From(1), slow);
        let (from, to) = (
            "2024-01-01 00:00:00".parse()?,
            "2024-06-30 23:59:59".parse()?,
        );
        Ok(Timed {
            credential,
            endpoint: format!("http://{}", serve(emulator)?).parse()?,
            action: DescribeBillList::new(from, to).with_limit(LIMIT),
            began: Instant::now(),
        })
    }
}

impl Timed {
    /// Prints how long the walk took, beside the least that the service's limit allows.
    pub fn finish(self, pages: u32, records: u64) -> Result<()> {
        let took = self.began.elapsed().as_secs_f64();
        let bound = f64::from(pages) / f64::from(DescribeBillList::RATE);
        let ratio = took / bound;
        writeln!(
            io::stdout(),
            r#"{{"pages": {pages}, "records": {records}, "seconds": {took:.2}, "bound": {bound:.2}, "ratio": {ratio:.2}}}"#
        )?;
        Ok(())
    }
}
