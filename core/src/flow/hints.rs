use core::{ops::Range, time::Duration};

use http::{HeaderMap, header};
use jiff::fmt::rfc2822::DateTimeParser;

use crate::UnixTime;

/// Dates outside this range are ignored, so that a wrong `Date` header sets no clock: TC3 signatures exist since 2018.
const PLAUSIBLE: Range<UnixTime> = UnixTime::new(1_514_764_800)..UnixTime::new(4_102_444_800);

/// The time headers of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hints {
    /// The service's time.
    pub(crate) date: Option<UnixTime>,
    retry_after: Option<RetryAfter>,
}

#[derive(Clone, Copy, Debug)]
enum RetryAfter {
    Seconds(u64),
    Date(UnixTime),
}

impl Hints {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let date = |text: &str| {
            let parsed = DateTimeParser::new().parse_timestamp(text);
            let time = UnixTime::new(parsed.ok()?.as_second());
            PLAUSIBLE.contains(&time).then_some(time)
        };
        let retry_after = text(header::RETRY_AFTER).and_then(|text| {
            let seconds = text.trim().parse().map(RetryAfter::Seconds);
            seconds.ok().or_else(|| date(text).map(RetryAfter::Date))
        });
        Self {
            date: text(header::DATE).and_then(date),
            retry_after,
        }
    }

    /// How long to wait, by `Retry-After`; a date there counts from the answer's own date, else from `now`.
    pub(super) fn delay(&self, now: UnixTime) -> Option<Duration> {
        let seconds = match self.retry_after? {
            RetryAfter::Seconds(seconds) => seconds,
            RetryAfter::Date(date) => {
                let from = self.date.unwrap_or(now);
                u64::try_from(date.seconds_since(from)).unwrap_or_default()
            }
        };
        Some(Duration::from_secs(seconds))
    }
}
