//! A service for `DescribeBillList` with any transactions, and more than one idea of what a range includes.

use jiff::{Span, civil::DateTime};
use serde_json::{Value, json};
use tc3_core::{Attempt, Outcome, billing::DescribeBillList};

use super::{answer, input, refusal};

/// What a range with `EndTime` 12:00:00 includes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Everything before 12:00:01.
    WholeSecond,
    /// Everything up to 12:00:00.000.
    Instant,
}

/// Transactions, each with its number as `BillId`, in order of time.
#[derive(Clone, Debug)]
pub(crate) struct Bills {
    times: Vec<DateTime>,
    pub(crate) reading: Reading,
    /// The ranges that were asked for, without repetition.
    pub(crate) windows: Vec<(String, String)>,
}

impl Bills {
    pub(crate) fn new(times: impl IntoIterator<Item = DateTime>, reading: Reading) -> Self {
        let mut times: Vec<_> = times.into_iter().collect();
        times.sort();
        Self {
            times,
            reading,
            windows: Vec::new(),
        }
    }

    /// The numbers of those from `start` on to the end of the second `end`, or its beginning.
    pub(crate) fn within(&self, start: &str, end: &str) -> Vec<u64> {
        let (start, end) = (time(start), time(end));
        let within = |time: &DateTime| match self.reading {
            Reading::WholeSecond => *time < end + Span::new().seconds(1),
            Reading::Instant => *time <= end,
        };
        (0..)
            .zip(&self.times)
            .filter(|(_, time)| **time >= start && within(time))
            .map(|(number, _)| number)
            .collect()
    }

    pub(crate) fn serve(&mut self, attempt: &Attempt) -> Outcome {
        let input = input(attempt);
        let text = |name: &str| input[name].as_str().unwrap().to_owned();
        let (start, end) = (text("StartTime"), text("EndTime"));
        if time(&end) > time(&start) + Span::new().months(6) {
            return refusal("InvalidParameter");
        }
        let window = (start, end);
        let records = self.within(&window.0, &window.1);
        if self.windows.last() != Some(&window) {
            self.windows.push(window);
        }
        let place = |name: &str| usize::try_from(input[name].as_u64().unwrap()).unwrap();
        let page = records.iter().skip(place("Offset")).take(place("Limit"));
        let page: Vec<_> = page.map(|number| self.transaction(*number)).collect();
        answer(json!({"TransactionList": page, "Total": records.len()}))
    }

    fn transaction(&self, number: u64) -> Value {
        let time = self.times[usize::try_from(number).unwrap()];
        let shown = format!(
            "{} {}.{:03}",
            time.date(),
            time.time()
                .with()
                .nanosecond(0)
                .microsecond(0)
                .millisecond(0)
                .build()
                .unwrap(),
            time.millisecond()
        );
        json!({
            "ActionType": "deduct",
            "Amount": -1,
            "BillId": number.to_string(),
            "OperationTime": shown,
        })
    }
}

/// A time as the service writes it, with milliseconds or without.
pub(crate) fn time(text: &str) -> DateTime {
    text.replace(' ', "T").parse().unwrap()
}

pub(crate) fn range(start: &str, end: &str) -> DescribeBillList {
    DescribeBillList::new(start.parse().unwrap(), end.parse().unwrap())
}
