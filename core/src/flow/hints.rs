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
    /// `Retry-After`, as seconds or as a date.
    retry_after: Option<u64>,
    retry_at: Option<UnixTime>,
}

impl Hints {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let date = |text: &str| {
            let parsed = DateTimeParser::new().parse_timestamp(text);
            let time = UnixTime::new(parsed.ok()?.as_second());
            PLAUSIBLE.contains(&time).then_some(time)
        };
        let retry_after = text(header::RETRY_AFTER);
        Self {
            date: text(header::DATE).and_then(date),
            retry_after: retry_after.and_then(|text| text.trim().parse().ok()),
            retry_at: retry_after.and_then(date),
        }
    }

    /// How long to wait, by `Retry-After`; a date there counts from the answer's own date, else from `now`.
    pub(super) fn delay(&self, now: UnixTime) -> Option<Duration> {
        let until = |at: UnixTime| {
            let seconds = at.seconds_since(self.date.unwrap_or(now));
            u64::try_from(seconds).unwrap_or_default()
        };
        let seconds = self.retry_after.or_else(|| self.retry_at.map(until));
        seconds.map(Duration::from_secs)
    }
}
