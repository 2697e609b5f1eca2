//! Whether a call is retried after a failed attempt, and when.

use core::time::Duration;

use crate::{Error, Failure, error::Kind};

/// The retry policy: how many attempts a call makes, and the delays between them, by exponential backoff with full
/// jitter.
///
/// The delay after `n` failed attempts is random, from 0 to `base · 2ⁿ⁻¹` but at most `cap`, and not shorter than the
/// answer's `Retry-After`. A call never waits past its deadline.
///
/// | the attempt failed with | another attempt |
/// | --- | --- |
/// | [`Failure::NotSent`], the obstacle is [final](crate::error::Obstacle::is_final): TLS or a proxy refused | never |
/// | any other [`Failure::NotSent`] | always; without delay if there is another endpoint |
/// | `RequestLimitExceeded*`, HTTP 429 | always, after the whole action has rested for `Retry-After`, from 1 s to [`Settings::with_longest_rest`](crate::Settings::with_longest_rest) |
/// | `AuthFailure.SignatureExpire` | once, with the service's time |
/// | `AuthFailure.TokenFailure`, `.SecretIdNotFound`, `.InvalidSecretId`, `.SignatureFailure` | once, if another search of the [`Chain`](crate::Chain) finds other credentials |
/// | [`Failure::Unknown`]: no answer | if the action is [`REPEATABLE`](crate::Action::REPEATABLE) |
/// | `InternalError*`, `ServiceUnavailable`, `ResourceUnavailable` | if the action is `REPEATABLE` |
/// | an answer that is none of the API's, with status 200, 408 or 5xx | if the action is `REPEATABLE` |
/// | anything else | never |
///
/// ```
/// use core::time::Duration;
/// use tc3_core::flow::Retry;
///
/// let retry = Retry::default();
/// assert_eq!(retry.attempts(), 6);
/// assert!((0..100).all(|entropy| retry.delay(2, entropy) <= Duration::from_millis(500)));
/// assert_eq!(Retry::NEVER.attempts(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    attempts: u32,
    base: Duration,
    cap: Duration,
}

impl Default for Retry {
    /// 6 attempts; delays of up to 250 ms, doubled each time, at most 10 s.
    fn default() -> Self {
        Self {
            attempts: 6,
            base: Duration::from_millis(250),
            cap: Duration::from_secs(10),
        }
    }
}

impl Retry {
    /// Exactly one attempt for each call.
    pub const NEVER: Self = Self {
        attempts: 1,
        base: Duration::ZERO,
        cap: Duration::ZERO,
    };

    /// The most attempts of a call; there is always one.
    #[must_use = "the policy is returned, not changed"]
    pub const fn with_attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// The longest delay after the first failed attempt.
    #[must_use = "the policy is returned, not changed"]
    pub const fn with_base(self, base: Duration) -> Self {
        Self { base, ..self }
    }

    /// The longest delay after any failed attempt. `Retry-After` may be longer.
    #[must_use = "the policy is returned, not changed"]
    pub const fn with_cap(self, cap: Duration) -> Self {
        Self { cap, ..self }
    }

    /// The most attempts of a call.
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns the delay after `failures` failed attempts, drawn by `entropy`: 64 bits that differ from call to call.
    pub fn delay(&self, failures: u32, entropy: u64) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let longest = self.base.saturating_mul(doubled).min(self.cap);
        // `longest · random / 2⁶⁴`
        let longest = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        let delay = u128::from(mix(entropy)).saturating_mul(longest.into()) >> 64;
        Duration::from_nanos(u64::try_from(delay).unwrap_or(u64::MAX))
    }
}

/// The increment of splitmix64's state.
pub(crate) const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

/// splitmix64's output for a state. Makes even a counter look random.
pub(crate) const fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(STRIDE);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What a call does after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAction {
    /// Ends with the error.
    GiveUp,
    /// Retries it after a delay.
    Retry,
    /// Retries it at the next endpoint, or after a delay. It has never arrived.
    Failover,
    /// Lets the whole action rest, then retries it.
    Rest,
    /// Sets the clock to the service's time, then retries it.
    SetClock,
    /// Searches for other credentials, then retries it if there are any.
    RenewCredentials,
}

/// Codes for credentials that may have been replaced. The last one occurs if id and key were read while they were being
/// written.
const MAYBE_REPLACED: [&str; 4] = [
    "AuthFailure.TokenFailure",
    "AuthFailure.SecretIdNotFound",
    "AuthFailure.InvalidSecretId",
    "AuthFailure.SignatureFailure",
];

impl RetryAction {
    /// Implements the table of [`Retry`].
    pub(crate) fn on(error: &Error, repeatable: bool) -> Self {
        let retry_if_repeatable = if repeatable {
            Self::Retry
        } else {
            Self::GiveUp
        };
        match error {
            Error::Transport(Failure::NotSent(not_sent)) if not_sent.obstacle().is_final() => {
                Self::GiveUp
            }
            Error::Transport(Failure::NotSent(_)) => Self::Failover,
            Error::Transport(Failure::Unknown(_)) => retry_if_repeatable,
            Error::Service(refusal) => match refusal.kind() {
                Kind::Throttled => Self::Rest,
                Kind::Clock => Self::SetClock,
                Kind::Server => retry_if_repeatable,
                // The service has done nothing, so any action may be retried.
                Kind::Denied if MAYBE_REPLACED.contains(&refusal.code()) => Self::RenewCredentials,
                _ => Self::GiveUp,
            },
            Error::NotAnAnswer { status: 429, .. } => Self::Rest,
            Error::NotAnAnswer {
                status: 200 | 408 | 500..=599,
                ..
            } => retry_if_repeatable,
            _ => Self::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_has_the_values_it_was_given() {
        let (base, cap) = (Duration::from_secs(3), Duration::from_secs(5));
        let retry = Retry::default().with_attempts(9);
        let retry = retry.with_base(base).with_cap(cap);
        assert_eq!(retry.attempts(), 9);
        for (failures, longest) in [(1, base), (2, cap), (9, cap)] {
            let waits = (0..1_000).map(|entropy| retry.delay(failures, entropy));
            let most = waits.max().unwrap();
            assert!(
                most <= longest && most > longest * 9 / 10,
                "{failures}: {most:?}"
            );
        }
    }

    #[test]
    fn bits_are_mixed_as_splitmix64_mixes_them() {
        let mut state = 0_u64;
        for number in [
            0xe220_a839_7b1d_cdaf,
            0x6e78_9e6a_a1b9_65f4,
            0x06c4_5d18_8009_454f,
        ] {
            assert_eq!(mix(state), number);
            state = state.wrapping_add(STRIDE);
        }
    }
}
