//! When a call is sent again, and how long it waits before.

use core::time::Duration;

use crate::{Error, Failure, error::Kind};

/// How often a call is sent, and how long it waits in between: exponential backoff with full jitter.
///
/// Before the attempt after `n` failed ones, a call waits anything from 0 to `base · 2ⁿ⁻¹`, at most `cap`,
/// and at least as long as the answer's `Retry-After`. A call never waits past its deadline.
///
/// What is sent again:
///
/// | the attempt came to | sent again |
/// | --- | --- |
/// | not sent for an obstacle that is [final](crate::error::Obstacle::is_final): TLS or a proxy refused | never |
/// | not sent for any other ([`Failure::NotSent`]) | always, at once where there is another endpoint |
/// | `RequestLimitExceeded*`, HTTP 429 | always, after a rest of the whole action: `Retry-After`, from 1 s to [`Settings::longest_rest`](crate::Settings::longest_rest) |
/// | `AuthFailure.SignatureExpire` | once, with the service's time |
/// | `AuthFailure.TokenFailure`, `.SecretIdNotFound`, `.InvalidSecretId`, `.SignatureFailure` | once, if a [`Chain`](crate::Chain) that is looked through anew has other credentials by now |
/// | no answer ([`Failure::Unknown`]) | if the action is [`REPEATABLE`](crate::Action::REPEATABLE) |
/// | `InternalError*`, `ServiceUnavailable`, `ResourceUnavailable` | if the action is `REPEATABLE` |
/// | no API answer with status 200, 408 or 5xx | if the action is `REPEATABLE` |
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
    /// 6 attempts; waits of up to 250 ms, doubled each time, at most 10 s.
    fn default() -> Self {
        Self {
            attempts: 6,
            base: Duration::from_millis(250),
            cap: Duration::from_secs(10),
        }
    }
}

impl Retry {
    /// Each call is sent once, whatever comes of it.
    pub const NEVER: Self = Self {
        attempts: 1,
        base: Duration::ZERO,
        cap: Duration::ZERO,
    };

    /// A call is sent at most so many times, at least once.
    #[must_use = "the policy is returned, not changed"]
    pub const fn with_attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// The longest wait after the first failure.
    #[must_use = "the policy is returned, not changed"]
    pub const fn with_base(self, base: Duration) -> Self {
        Self { base, ..self }
    }

    /// The longest wait after any failure. `Retry-After` may ask for more.
    #[must_use = "the policy is returned, not changed"]
    pub const fn with_cap(self, cap: Duration) -> Self {
        Self { cap, ..self }
    }

    /// How many times a call is sent at most.
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The longest wait after the first failure.
    pub const fn base(&self) -> Duration {
        self.base
    }

    /// The longest wait after any failure.
    pub const fn cap(&self) -> Duration {
        self.cap
    }

    /// How long to wait after so many failures in a row, given 64 bits that differ from call to call.
    pub fn delay(&self, failures: u32, entropy: u64) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let longest = self.base.saturating_mul(doubled).min(self.cap);
        // The upper half of the product of a fraction of 2⁶⁴ and a number is that fraction of the number.
        let longest = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        let part = u128::from(mix(entropy)).saturating_mul(longest.into()) >> 64;
        Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX))
    }
}

/// How far splitmix64 goes from one state to the next.
pub(crate) const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads bits that may be no more than a counter over all 64: the number that splitmix64 makes of a state.
pub(crate) const fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(STRIDE);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What is to be done about an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// Nothing: it is the call's result.
    GiveUp,
    /// Send it again after a while.
    Again,
    /// It never arrived: send it to another endpoint, or again after a while.
    Elsewhere,
    /// Let the whole action rest, then send it again.
    Rest,
    /// Take over the service's time, then send it again.
    SetClock,
    /// Look for other credentials, then send it again if there are some.
    Renew,
}

/// What the service says of credentials that were replaced. The last one is for an id and a key that were read while
/// somebody wrote them.
const REPLACED: [&str; 4] = [
    "AuthFailure.TokenFailure",
    "AuthFailure.SecretIdNotFound",
    "AuthFailure.InvalidSecretId",
    "AuthFailure.SignatureFailure",
];

impl Advice {
    /// The table of [`Retry`].
    pub(crate) fn on(error: &Error, repeatable: bool) -> Self {
        let if_repeatable = if repeatable {
            Self::Again
        } else {
            Self::GiveUp
        };
        match error {
            Error::Transport(Failure::NotSent(not_sent)) if not_sent.obstacle().is_final() => {
                Self::GiveUp
            }
            Error::Transport(Failure::NotSent(_)) => Self::Elsewhere,
            Error::Transport(Failure::Unknown(_)) => if_repeatable,
            Error::Service(refusal) => match refusal.kind() {
                Kind::Throttled => Self::Rest,
                Kind::Clock => Self::SetClock,
                Kind::Server => if_repeatable,
                // The service has done nothing, whatever the action.
                Kind::Denied if REPLACED.contains(&refusal.code()) => Self::Renew,
                _ => Self::GiveUp,
            },
            Error::NotAnAnswer { status: 429, .. } => Self::Rest,
            Error::NotAnAnswer {
                status: 200 | 408 | 500..=599,
                ..
            } => if_repeatable,
            _ => Self::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_as_it_was_asked_for() {
        let (base, cap) = (Duration::from_secs(3), Duration::from_secs(5));
        let retry = Retry::default().with_attempts(9);
        let retry = retry.with_base(base).with_cap(cap);
        assert_eq!(
            (retry.attempts(), retry.base(), retry.cap()),
            (9, base, cap)
        );
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
