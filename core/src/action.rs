//! Actions of the API, ours or yours.

use alloc::borrow::Cow;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Invalid;

/// An action: its input, its name and its properties.
///
/// Implement it for an action of your own, with a struct and one `impl`, or let `tc3-codegen` do so. The actions of this
/// crate have no privileges.
///
/// ```
/// use tc3_core::{Action, types::lenient};
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
///     br#"{"Response": {"Uin": 100000000001, "Balance": 4200, "RequestId": "5e1f"}}"#
///         .as_slice()
///         .into(),
/// );
/// let reply = tc3_core::wire::response::read::<DescribeAccountBalance>(&answer)?;
/// assert_eq!(reply.output.balance, tc3_core::Fen::new(4200));
/// assert_eq!(reply.request_id, "5e1f");
/// # Ok::<(), tc3_core::Error>(())
/// ```
pub trait Action: Serialize {
    /// The service, e.g. `billing`. It is also the first label of the host name.
    const SERVICE: &'static str;
    /// The API version, e.g. `2018-07-09`.
    const VERSION: &'static str;
    /// The action's name, e.g. `DescribeBillList`.
    const NAME: &'static str;
    /// Whether a request may be retried when it is unknown whether it took effect. True for actions that only read.
    const REPEATABLE: bool = false;
    /// The most requests per second that the service allows.
    const RATE: u32 = 20;
    /// Whether requests are signed. The few others (e.g. STS `AssumeRoleWithWebIdentity`) send `SKIP` instead.
    const SIGNED: bool = true;
    /// Whether requests need a region ([`Settings::with_region`](crate::Settings::with_region)). Without one, nothing
    /// is sent. Billing and e-signature need none.
    const REGIONAL: bool = false;
    /// Whether the input or the answer contains a key or a token, so that no body may be logged
    /// ([`Attempt::confidential`](crate::Attempt::confidential)).
    const CONFIDENTIAL: bool = false;

    /// The answer, without the `RequestId`.
    type Output: DeserializeOwned + Send + 'static;

    /// The constants as a value. Override it only for an action whose name is known at run time.
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

    /// Refuses an invalid input. Called before anything is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`] with the field's name in the API and the rule that it breaks.
    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }

    /// Whether the service has computed the data of this answer. A few answers say in a field that it has not (`Ready`
    /// 0), with empty lists that look like a month without costs. A call or a walk then ends with the refusal
    /// [`SUMMARY_NOT_READY`](crate::error::Refusal::SUMMARY_NOT_READY) instead.
    ///
    /// ```
    /// use tc3_core::{Action, Remedy, error::Kind, wire::response};
    ///
    /// #[derive(serde::Serialize)]
    /// struct DescribeBillSummary {}
    ///
    /// #[derive(serde::Deserialize)]
    /// #[serde(rename_all = "PascalCase")]
    /// struct Summary {
    ///     ready: Option<u64>,
    /// }
    ///
    /// impl Action for DescribeBillSummary {
    ///     const SERVICE: &'static str = "billing";
    ///     const VERSION: &'static str = "2018-07-09";
    ///     const NAME: &'static str = "DescribeBillSummary";
    ///     type Output = Summary;
    ///
    ///     fn is_ready(output: &Summary) -> bool {
    ///         output.ready != Some(0)
    ///     }
    /// }
    ///
    /// let answer = br#"{"Response": {"Ready": 0, "SummaryDetail": null, "RequestId": "5e1f"}}"#;
    /// let answer = http::Response::new(answer.as_slice().into());
    /// let error = response::read::<DescribeBillSummary>(&answer).err().unwrap();
    /// assert_eq!(error.refusal().unwrap().kind(), Kind::NotReady);
    /// assert_eq!((error.remedy(), error.request_id()), (Remedy::Later, Some("5e1f")));
    /// ```
    fn is_ready(output: &Self::Output) -> bool {
        let _ = output;
        true
    }
}

/// The name and the properties of an action: [`Action`]'s constants as a plain value that can be stored.
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
    /// Whether a request may be retried when it is unknown whether it took effect.
    pub repeatable: bool,
    /// The most requests per second that the service allows.
    pub rate: u32,
    /// Whether requests are signed.
    pub signed: bool,
    /// Whether requests need a region.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub regional: bool,
    /// Whether the input or the answer contains a key or a token.
    pub confidential: bool,
}

impl Target {
    /// Refuses malformed names: they become part of the host, the headers and the signature.
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming `service`, `version` or `action`.
    pub fn check(&self) -> Result<(), Invalid> {
        let label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !is_name(&self.service, 63, label) || self.service.ends_with('-') {
            return Err(Invalid::new(
                "service",
                "must be a lower-case host label, e.g. billing",
            ));
        }
        let is_date = self.version.len() == "2018-07-09".len()
            && self.version.bytes().enumerate().all(|(at, b)| {
                if matches!(at, 4 | 7) {
                    b == b'-'
                } else {
                    b.is_ascii_digit()
                }
            });
        if !is_date {
            return Err(Invalid::new(
                "version",
                "must be a date written yyyy-MM-dd, e.g. 2018-07-09",
            ));
        }
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if !is_name(&self.action, 128, word) {
            return Err(Invalid::new(
                "action",
                "must be an identifier: a letter, then letters, digits and underscores",
            ));
        }
        Ok(())
    }
}

fn is_name(text: &str, max_len: usize, allowed: impl Fn(u8) -> bool) -> bool {
    text.len() <= max_len
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(allowed)
}
