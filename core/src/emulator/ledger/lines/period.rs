use jiff::{Span, civil::Date};

use super::Charge;
use crate::{
    UnixTime,
    emulator::ledger::{
        allocation_summary::Rows,
        calendar::{DAY, midnight},
    },
    types::BeijingSecond,
};

/// When something was used, and paid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Period {
    pub(crate) begin: i64,
    pub(crate) end: i64,
    pub(crate) paid: i64,
    /// How many months a subscription lasts.
    pub(crate) months: i64,
    /// An adjustment or a refund concerns an earlier month.
    pub(crate) earlier: bool,
}

const HOUR: i64 = 3_600;

impl Period {
    /// The period of a charge at a time.
    pub(super) fn of(charge: Charge, time: i64, rows: &Rows, months: i64, earlier: bool) -> Self {
        let month = rows.seconds();
        let into_hour = time.saturating_sub(month.start).rem_euclid(HOUR);
        let into_day = time.saturating_sub(month.start).rem_euclid(DAY);
        let (hour, day) = (
            time.saturating_sub(into_hour),
            time.saturating_sub(into_day),
        );
        let through = |begin: i64, length: i64| {
            let end = begin.saturating_add(length).saturating_sub(1);
            (begin, end, end.saturating_add(939))
        };
        let (begin, end, paid) = match charge {
            Charge::Day => through(day, DAY),
            Charge::Month | Charge::Rounding => {
                through(month.start, month.end.saturating_sub(month.start))
            }
            Charge::Purchase | Charge::Renewal => {
                let end = later(time, months).unwrap_or(time);
                (time, end, time.saturating_sub(3))
            }
            Charge::Return | Charge::ToPostpaid => (time, time, time.saturating_sub(3)),
            // Of a day of the month before.
            Charge::Debit | Charge::Compensation if earlier => {
                let (begin, end, _) = through(month.start.saturating_sub(DAY), DAY);
                (begin, end, time)
            }
            Charge::Debit | Charge::Compensation => (day, time, time),
            _ => through(hour, HOUR),
        };
        Self {
            begin,
            end,
            paid,
            months,
            earlier,
        }
    }

    /// How many days there are from its first day to its last one.
    pub(super) fn days(&self) -> i64 {
        let days = date(self.begin).zip(date(self.end));
        let days = days.and_then(|(begin, end)| end.since(begin).ok());
        days.map_or(0, |days| days.get_days().into())
    }

    /// Takes in another one.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.begin = self.begin.min(other.begin);
        self.end = self.end.max(other.end);
        self.paid = self.paid.max(other.paid);
    }

    /// The day of the order that a refund or an adjustment is about: 40 days before, or the same.
    pub(super) fn ordered(&self) -> Option<Date> {
        let back = if self.earlier { 40 } else { 0 };
        date(self.begin.saturating_sub(DAY.saturating_mul(back)))
    }
}

/// The same time of day some months later.
fn later(time: i64, months: i64) -> Option<i64> {
    let time = second(time)?.datetime();
    let later = time
        .checked_add(Span::new().try_months(months).ok()?)
        .ok()?;
    let into_day = later.time().duration_since(jiff::civil::Time::midnight());
    midnight(later.date()).checked_add(into_day.as_secs())
}

/// A second in Beijing.
pub(super) fn second(time: i64) -> Option<BeijingSecond> {
    BeijingSecond::from_unix(UnixTime::new(time)).ok()
}

pub(super) fn date(time: i64) -> Option<Date> {
    Some(second(time)?.datetime().date())
}
