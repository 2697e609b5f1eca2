use alloc::{borrow::Cow, string::ToString};
use core::{fmt, str::FromStr, time::Duration};

use crate::Invalid;

/// A fault of a request to the [`Emulator`](crate::emulator::Emulator).
///
/// Its text form is the part of [`Scripted`] before the `@`.
///
/// Several faults may hit one request. Delays and differences add up, and `Cut` cuts any body. Of several responses, or
/// several clocks, the first in the script wins. With `Throttle`, `Refuse`, `Status` and `Lost` the service has handled
/// the request, so it counts, and other faults take effect; with `NotReached` only a delay and a clock do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A refusal for too many requests, with the `Retry-After` header, in seconds, when there is one:
    /// `throttle`, `throttle=2`.
    Throttle {
        /// The seconds that the client is asked to wait.
        retry_after: Option<u32>,
    },
    /// A refusal with this error code: `refuse=InternalError.GatewayError`.
    Refuse(Cow<'static, str>),
    /// An HTML page of a gateway: `status=502`, `status=503:1`.
    Status {
        /// The HTTP status, 200 to 599. Any other number is sent as 502.
        status: u16,
        /// The `Retry-After` header, in seconds.
        retry_after: Option<u32>,
    },
    /// The second half of the body is missing, while the HTTP message is whole: `cut`.
    Cut,
    /// The request doesn't reach the service: `not-reached`.
    NotReached,
    /// The request takes effect, and the response is lost: `lost`.
    Lost,
    /// The response or the failure takes this long: `slow=200`, in milliseconds.
    Slow(Duration),
    /// The page is the first one, whatever `Offset` says: `ignore-offset`.
    IgnoreOffset,
    /// The reported total is off by this number, though never below 0: `total=+5`, `total=-3`. The records are
    /// unchanged. It has no effect if no total is reported.
    Total(i64),
    /// Each reported sum is off by this number of fen: `sums=+1`, `sums=-250`. The records are unchanged. It has no
    /// effect if no sums are reported.
    Sums(i64),
    /// From this request on, the requested list has this number of new records at its head, the newest first: `head=1`.
    ///
    /// A list belongs to an account, an action and a range, i.e. the text of `StartTime` and `EndTime` or of `Month`;
    /// requests for another range don't see its new records. In any order, a new record has the first kind that the filters name,
    /// the time of the range's start (at the tail: of its end), and its own id if records have ids. It counts in the
    /// total and in the sums, as 1.00 yuan in the sum of its kind. A new record of a product and a new line of a bill
    /// cost nothing, so that no sum and no other record's `Ratio` changes.
    AddHead(u64),
    /// The same at the tail of the list, the newest last: `tail=2`.
    AddTail(u64),
    /// The summary of a bill is not computed yet: it has `Ready` 0 and no records. Written `not-ready`. It has no effect
    /// on other actions.
    NotReady,
    /// From this request on, the service's clock is off by so many seconds, in its verification and in its `Date`
    /// header: `clock=-3600`.
    Clock(i64),
}

/// The requests that a fault hits, counted from 1 over all requests, retries included.
///
/// Its text form is the part of [`Scripted`] after the `@`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum When {
    /// This request: `5`.
    At(u64),
    /// This request and all later ones: `5..`.
    From(u64),
    /// From the first to the second, both included: `1..3`.
    Within(u64, u64),
    /// Every n-th request: `/7` hits the 7th, the 14th and so on. 0 hits none.
    Every(u64),
    /// A share of all requests in hundredths of a percent, chosen by the emulator's seed: `10%`, `1.25%`.
    ///
    /// Each request is hit by at most one share of a script: `throttle@5%` and `cut@5%` hit 10 % together. Shares
    /// beyond 100 % in total hit none.
    Share(u16),
}

impl When {
    /// All requests, as a [`Share`](Self::Share).
    pub(super) const ALL: u16 = 10_000;

    /// Whether the request with this number is hit. It is false for a [`Share`](Self::Share), which the emulator
    /// chooses.
    ///
    /// ```
    /// use tc3_core::emulator::When;
    ///
    /// assert!(When::Within(1, 3).hits(3));
    /// assert!(When::Every(7).hits(14));
    /// assert!(!When::At(5).hits(6));
    /// ```
    pub fn hits(self, number: u64) -> bool {
        match self {
            Self::At(at) => number == at,
            Self::From(first) => first <= number,
            Self::Within(first, last) => (first..=last).contains(&number),
            Self::Every(many) => number > 0 && number.checked_rem(many) == Some(0),
            Self::Share(_) => false,
        }
    }
}

/// A fault and the requests that it hits, written `FAULT@WHEN`.
///
/// ```
/// use tc3_core::emulator::{Fault, Scripted, When};
///
/// let scripted: Scripted = "throttle=2@5..".parse()?;
/// assert_eq!(scripted.when, When::From(5));
/// assert_eq!(scripted.fault, Fault::Throttle { retry_after: Some(2) });
/// assert_eq!(scripted.to_string(), "throttle=2@5..");
///
/// let wrong = "throttle@0".parse::<Scripted>().unwrap_err();
/// assert_eq!(
///     wrong.to_string(),
///     "fault must hit N, N.., N..M or /K, counted from 1, N not after M, or P%"
/// );
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scripted {
    /// The requests that are hit.
    pub when: When,
    /// Their fault.
    pub fault: Fault,
}

impl Scripted {
    /// This fault for these requests.
    pub const fn new(when: When, fault: Fault) -> Self {
        Self { when, fault }
    }
}

impl FromStr for Scripted {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // Only an error code may contain an `@` itself.
        let (fault, when) = text
            .rsplit_once('@')
            .ok_or(invalid("must be written FAULT@WHEN, e.g. throttle@5"))?;
        Ok(Self {
            fault: fault.parse()?,
            when: when.parse()?,
        })
    }
}

impl fmt::Display for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.fault, self.when)
    }
}

impl FromStr for When {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let number = |text| unsigned(text).filter(|number| *number > 0);
        let when = if let Some(many) = text.strip_prefix('/') {
            number(many).map(Self::Every)
        } else if let Some(share) = text.strip_suffix('%') {
            percent(share).map(Self::Share)
        } else {
            match text.split_once("..") {
                None => number(text).map(Self::At),
                Some((first, "")) => number(first).map(Self::From),
                Some((first, last)) => number(first)
                    .zip(number(last))
                    .filter(|(first, last)| first <= last)
                    .map(|(first, last)| Self::Within(first, last)),
            }
        };
        when.ok_or(invalid(
            "must hit N, N.., N..M or /K, counted from 1, N not after M, or P%",
        ))
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => write!(f, "{at}"),
            Self::From(first) => write!(f, "{first}.."),
            Self::Within(first, last) => write!(f, "{first}..{last}"),
            Self::Every(many) => write!(f, "/{many}"),
            Self::Share(share) => match (share / 100, share % 100) {
                (whole, 0) => write!(f, "{whole}%"),
                (whole, part) if part % 10 == 0 => write!(f, "{whole}.{}%", part / 10),
                (whole, part) => write!(f, "{whole}.{part:02}%"),
            },
        }
    }
}

impl FromStr for Fault {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let bare = |fault: Self| value.is_none().then_some(fault);
        let (fault, rule) = match name {
            "throttle" => (throttle(value), "must be throttle or throttle=SECONDS"),
            "refuse" => (
                value
                    .filter(|code| !code.is_empty())
                    .map(|code| Self::Refuse(code.to_string().into())),
                "must be refuse=CODE",
            ),
            "status" => (
                value.and_then(status),
                "must be status=STATUS or status=STATUS:SECONDS, STATUS from 200 to 599",
            ),
            "cut" => (bare(Self::Cut), "must be cut alone"),
            "not-reached" => (bare(Self::NotReached), "must be not-reached alone"),
            "lost" => (bare(Self::Lost), "must be lost alone"),
            "slow" => (
                value
                    .and_then(unsigned)
                    .map(|time| Self::Slow(Duration::from_millis(time))),
                "must be slow=MILLISECONDS",
            ),
            "ignore-offset" => (bare(Self::IgnoreOffset), "must be ignore-offset alone"),
            "total" => (
                value.and_then(signed).map(Self::Total),
                "must be total=CHANGE, e.g. total=+5",
            ),
            "sums" => (
                value.and_then(signed).map(Self::Sums),
                "must be sums=FEN, e.g. sums=+1",
            ),
            "head" => (
                value.and_then(unsigned).map(Self::AddHead),
                "must be head=RECORDS",
            ),
            "tail" => (
                value.and_then(unsigned).map(Self::AddTail),
                "must be tail=RECORDS",
            ),
            "not-ready" => (bare(Self::NotReady), "must be not-ready alone"),
            "clock" => (
                value.and_then(signed).map(Self::Clock),
                "must be clock=SECONDS, e.g. clock=-3600",
            ),
            _ => (
                None,
                "must be one of throttle, refuse, status, cut, not-reached, lost, slow, ignore-offset, \
                 total, sums, head, tail, not-ready and clock",
            ),
        };
        fault.ok_or(invalid(rule))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Throttle { retry_after: None } => f.write_str("throttle"),
            Self::Throttle {
                retry_after: Some(seconds),
            } => write!(f, "throttle={seconds}"),
            Self::Refuse(code) => write!(f, "refuse={code}"),
            Self::Status {
                status,
                retry_after: None,
            } => write!(f, "status={status}"),
            Self::Status {
                status,
                retry_after: Some(seconds),
            } => write!(f, "status={status}:{seconds}"),
            Self::Cut => f.write_str("cut"),
            Self::NotReached => f.write_str("not-reached"),
            Self::Lost => f.write_str("lost"),
            Self::Slow(time) => write!(f, "slow={}", time.as_millis()),
            Self::IgnoreOffset => f.write_str("ignore-offset"),
            Self::Total(change) => write!(f, "total={change:+}"),
            Self::Sums(fen) => write!(f, "sums={fen:+}"),
            Self::AddHead(records) => write!(f, "head={records}"),
            Self::AddTail(records) => write!(f, "tail={records}"),
            Self::NotReady => f.write_str("not-ready"),
            Self::Clock(seconds) => write!(f, "clock={seconds}"),
        }
    }
}

const fn invalid(rule: &'static str) -> Invalid {
    Invalid::new("fault", rule)
}

fn throttle(value: Option<&str>) -> Option<Fault> {
    let retry_after = match value {
        None => None,
        Some(seconds) => Some(unsigned(seconds)?),
    };
    Some(Fault::Throttle { retry_after })
}

fn status(value: &str) -> Option<Fault> {
    let (status, retry_after) = match value.split_once(':') {
        None => (value, None),
        Some((status, seconds)) => (status, Some(unsigned(seconds)?)),
    };
    let status = unsigned(status).filter(|status| (200..=599).contains(status))?;
    Some(Fault::Status {
        status,
        retry_after,
    })
}

/// Digits alone: no sign.
fn unsigned<T: FromStr>(text: &str) -> Option<T> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Hundredths of a percent.
fn percent(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let scale = match part.len() {
        1 => 10,
        2 => 1,
        _ => return None,
    };
    let part = unsigned::<u16>(part)?.checked_mul(scale)?;
    let share = unsigned::<u16>(whole)?
        .checked_mul(100)?
        .checked_add(part)?;
    (1..=When::ALL).contains(&share).then_some(share)
}

fn signed(text: &str) -> Option<i64> {
    text.parse().ok()
}
