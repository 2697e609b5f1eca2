//! What an action of the API is, ours or yours.

use alloc::borrow::Cow;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Invalid;

/// An action's input, and all there is to know of the action.
///
/// Open: the actions of this crate have no privilege over yours, which is a struct and one `impl`.
///
/// ```
/// use tc3_core::{types::lenient, Action};
///
/// /// The balance of the account, in fen.
/// #[derive(serde::Serialize)]
/// struct DescribeAccountBalance {}
///
/// #[derive(Debug, serde::Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct AccountBalance {
///     #[serde(deserialize_with = "lenient::required")]
///     uin: i64,
///     balance: tc3_core::Fen,
/// }
///
/// impl Action for DescribeAccountBalance {
///     const SERVICE: &'static str = "billing";
///     const VERSION: &'static str = "2018-07-09";
///     const NAME: &'static str = "DescribeAccountBalance";
///     const REPEATABLE: bool = true; // it only reads
///     type Output = AccountBalance;
/// }
///
/// let answer = http::Response::new(
///     br#"{"Response": {"Uin": 100000000001, "Balance": 4200, "RequestId": "5e1f"}}"#.as_slice().into(),
/// );
/// let reply = tc3_core::wire::response::read::<DescribeAccountBalance>(&answer)?;
/// assert_eq!(reply.output.balance, tc3_core::Fen::new(4200));
/// assert_eq!(reply.request_id, "5e1f");
/// # Ok::<(), tc3_core::Error>(())
/// ```
pub trait Action: Serialize {
    /// The service, which is also the first label of its host, e.g. `billing`.
    const SERVICE: &'static str;
    /// The API version, e.g. `2018-07-09`.
    const VERSION: &'static str;
    /// The action's name, e.g. `DescribeBillList`.
    const NAME: &'static str;
    /// Whether a request may be sent again when nobody knows whether it took effect. True for what only reads.
    const REPEATABLE: bool = false;
    /// How many calls a second the service allows.
    const RATE: u32 = 20;
    /// Whether requests are signed. The few that aren't (e.g. STS `AssumeRoleWithWebIdentity`) say so with `SKIP`.
    const SIGNED: bool = true;
    /// Whether requests must name a region ([`Settings::with_region`](crate::Settings::with_region)), so that
    /// nothing is sent without one. Billing and e-signature need none.
    const REGIONAL: bool = false;
    /// Whether the input or the answer holds a key or a token, so that no body is to be logged
    /// ([`Attempt::confidential`](crate::Attempt::confidential)).
    const CONFIDENTIAL: bool = false;

    /// What the service answers with, less the `RequestId`.
    type Output: DeserializeOwned + Send + 'static;

    /// Where the request goes: what the constants say. Only an action whose name is known at run time
    /// has anything else to say.
    fn target(&self) -> Target {
        Target {
            service: Self::SERVICE.into(),
            version: Self::VERSION.into(),
            action: Self::NAME.into(),
            repeatable: Self::REPEATABLE,
            rate: Self::RATE,
            signed: Self::SIGNED,
            regional: Self::REGIONAL,
            confidential: Self::CONFIDENTIAL,
        }
    }

    /// Refuses an input that can never be right. Called before anything is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`] with the field, by the API's name, and the rule that it breaks.
    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }
}

/// Where a request goes and what the service allows there. A plain value that can be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Target {
    /// The service, e.g. `billing`.
    pub service: Cow<'static, str>,
    /// The API version, e.g. `2018-07-09`.
    pub version: Cow<'static, str>,
    /// The action's name, e.g. `DescribeBillList`.
    pub action: Cow<'static, str>,
    /// Whether a request may be sent again when nobody knows whether it took effect.
    pub repeatable: bool,
    /// How many calls a second the service allows.
    pub rate: u32,
    /// Whether requests are signed.
    pub signed: bool,
    /// Whether requests must name a region.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub regional: bool,
    /// Whether the input or the answer holds a key or a token.
    pub confidential: bool,
}

impl Target {
    /// Refuses names that could not be names: they become a host, headers and a part of what is signed.
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming `service`, `version` or `action`.
    pub fn check(&self) -> Result<(), Invalid> {
        let label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !named(&self.service, 63, label) || self.service.ends_with('-') {
            return Err(Invalid::new(
                "service",
                "must be a lower-case host label, e.g. billing",
            ));
        }
        let dated = self.version.len() == "2018-07-09".len()
            && self.version.bytes().enumerate().all(|(at, b)| {
                if matches!(at, 4 | 7) {
                    b == b'-'
                } else {
                    b.is_ascii_digit()
                }
            });
        if !dated {
            return Err(Invalid::new(
                "version",
                "must be a date written yyyy-MM-dd, e.g. 2018-07-09",
            ));
        }
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if !named(&self.action, 128, word) {
            return Err(Invalid::new(
                "action",
                "must be an identifier: a letter, then letters, digits and underscores",
            ));
        }
        Ok(())
    }
}

fn named(text: &str, most: usize, allowed: impl Fn(u8) -> bool) -> bool {
    text.len() <= most
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(allowed)
}
