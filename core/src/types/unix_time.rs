use core::fmt;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, datetime},
};
use serde::{Deserialize, Serialize};

use super::lenient;
use crate::Invalid;

/// Whole seconds since 1970-01-01 00:00:00 UTC, as in the header `X-TC-Timestamp`.
///
/// Core reads no clock: the caller passes the time in.
///
/// ```
/// use tc3_core::UnixTime;
///
/// let time = UnixTime::new(1_551_113_065);
/// assert_eq!(time.utc_date()?.to_string(), "2019-02-25");
/// assert_eq!(time.seconds_since(UnixTime::new(1_551_113_000)), 65);
///
/// // From and to a timestamp of the crate `jiff`; a fraction of a second has no place here.
/// use tc3_core::types::jiff::Timestamp;
///
/// let timestamp = Timestamp::try_from(time)?;
/// assert_eq!(timestamp.to_string(), "2019-02-25T16:44:25Z");
/// assert_eq!(UnixTime::new(timestamp.as_second()), time);
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(i64);

const TOO_FAR: Invalid = Invalid::new("timestamp", "lies outside the years -9999 to 9999");

impl UnixTime {
    /// This number of seconds after the epoch, or before it if negative.
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The number of seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// The seconds from `earlier` to `self`, negative if `earlier` is later; saturating.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The time so many seconds later, or earlier if negative; saturating.
    pub(crate) const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The days since the epoch, in UTC.
    pub(crate) const fn day(self) -> i64 {
        self.0.div_euclid(86_400)
    }

    /// The calendar date in UTC, which TC3 signs.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a time outside the years -9999 to 9999.
    pub fn utc_date(self) -> Result<Date, Invalid> {
        self.shown(0).map(DateTime::date)
    }

    /// The time on clocks that are so many seconds ahead of UTC.
    pub(crate) fn shown(self, ahead: i64) -> Result<DateTime, Invalid> {
        // `jiff::Timestamp` ends a day before the calendar does.
        datetime(1970, 1, 1, 0, 0, 0, 0)
            .checked_add(SignedDuration::from_secs(self.0.saturating_add(ahead)))
            .map_err(|_| TOO_FAR)
    }
}

/// Fails outside the range of a `Timestamp`, which ends on 9999-12-30.
impl TryFrom<UnixTime> for Timestamp {
    type Error = Invalid;

    fn try_from(time: UnixTime) -> Result<Self, Invalid> {
        Self::from_second(time.0).map_err(|_| TOO_FAR)
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

lenient::read_as_i64!(UnixTime);

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_timestamp_is_the_same_second() {
        for seconds in [0, -1, 1_551_113_065, -62_167_219_200] {
            let timestamp = Timestamp::try_from(UnixTime::new(seconds)).unwrap();
            assert_eq!(
                (timestamp.as_second(), timestamp.subsec_nanosecond()),
                (seconds, 0)
            );
        }
        for seconds in [i64::MAX, i64::MIN] {
            assert_eq!(Timestamp::try_from(UnixTime::new(seconds)), Err(TOO_FAR));
        }
    }

    #[test]
    fn a_date_is_known_to_the_calendars_last_second() {
        for (seconds, date) in [
            (253_402_300_799, "9999-12-31"),
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (-62_167_219_200, "0000-01-01"),
        ] {
            let known = UnixTime::new(seconds).utc_date();
            assert_eq!(known.unwrap().to_string(), date);
        }
        for seconds in [253_402_300_800, i64::MAX, i64::MIN] {
            assert!(UnixTime::new(seconds).utc_date().is_err(), "{seconds}");
        }
    }
}
