use alloc::{boxed::Box, string::String};

use super::Context;

/// The service's refusal of a request that it understood.
///
/// ```
/// use tc3_core::error::{Kind, Refusal};
///
/// let refusal = Refusal::new("AuthFailure.SignatureExpire", "…", Some("d40b48bf".into()));
/// assert_eq!(refusal.kind(), Kind::Clock);
/// assert_eq!(refusal.to_string(), "AuthFailure.SignatureExpire: … (RequestId d40b48bf)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message} (RequestId {})", self.request_id().unwrap_or("none"))]
pub struct Refusal {
    code: String,
    message: String,
    request_id: Option<String>,
    pub(super) context: Option<Box<Context>>,
}

impl Refusal {
    /// The code of a refusal because the data is not computed yet ([`Kind::NotReady`]). An answer that says so in a field
    /// ([`Action::is_ready`](crate::Action::is_ready)) counts as a refusal with this code, and with a message of this
    /// crate.
    pub const SUMMARY_NOT_READY: &'static str = "FailedOperation.SummaryDataNotReady";

    /// A refusal with the service's code and message.
    pub fn new(
        code: impl Into<String>,
        message: impl Into<String>,
        request_id: Option<String>,
    ) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            request_id,
            context: None,
        }
    }

    /// The whole error code, e.g. `InvalidParameter.Limit`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The service's message, in the language of [`Settings`](crate::Settings).
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The `RequestId`, which the vendor's support asks for.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The kind of refusal, by its [code](Kind::of).
    pub fn kind(&self) -> Kind {
        Kind::of(&self.code)
    }
}

/// What a refusal means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Too many requests per second: wait, then retry.
    Throttled,
    /// The request's time and the service's time differ by more than 300 seconds.
    Clock,
    /// The credentials, their permissions, or the caller's address.
    Denied,
    /// The request itself: a parameter, the action, the version, its size or that of its answer.
    Request,
    /// The resource does not exist.
    NotFound,
    /// A quota of the account is used up. Unlike throttling, waiting does not help.
    Quota,
    /// The data is not computed yet. Wait 10 minutes or longer, see [`Remedy::Later`](super::Remedy::Later).
    NotReady,
    /// An internal error of the service, or an outage.
    Server,
    /// The operation failed, e.g. because a resource is in use or sold out.
    Failed,
    /// Any other code.
    Other,
}

impl Kind {
    /// The kind as one word, e.g. `not_found`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Clock => "clock",
            Self::Denied => "denied",
            Self::Request => "request",
            Self::NotFound => "not_found",
            Self::Quota => "quota",
            Self::NotReady => "not_ready",
            Self::Server => "server",
            Self::Failed => "failed",
            Self::Other => "other",
        }
    }

    /// The kind of an error code, by the part before the dot; two codes are special.
    pub fn of(code: &str) -> Self {
        match code {
            "AuthFailure.SignatureExpire" => return Self::Clock,
            Refusal::SUMMARY_NOT_READY => return Self::NotReady,
            _ => {}
        }
        match code.split_once('.').map_or(code, |(class, _)| class) {
            "RequestLimitExceeded" => Self::Throttled,
            "AuthFailure"
            | "UnauthorizedOperation"
            | "OperationDenied"
            | "IpNotInWhitelist"
            | "IpInBlacklist" => Self::Denied,
            "InvalidParameter"
            | "InvalidParameterValue"
            | "MissingParameter"
            | "UnknownParameter"
            | "InvalidAction"
            | "ActionOffline"
            | "InvalidRequest"
            | "DryRunOperation"
            | "NoSuchVersion"
            | "NoSuchProduct"
            | "RequestSizeLimitExceeded"
            | "ResponseSizeLimitExceeded"
            | "UnsupportedOperation"
            | "UnsupportedProtocol"
            | "UnsupportedRegion" => Self::Request,
            "ResourceNotFound" => Self::NotFound,
            "LimitExceeded" => Self::Quota,
            "InternalError" | "ServiceUnavailable" | "ResourceUnavailable" => Self::Server,
            "FailedOperation" | "ResourceInUse" | "ResourceInsufficient" | "ResourcesSoldOut" => {
                Self::Failed
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_matched_by_the_part_before_the_dot() {
        for (code, kind) in [
            ("RequestLimitExceeded", Kind::Throttled),
            ("RequestLimitExceeded.UinLimitExceeded", Kind::Throttled),
            ("LimitExceeded.Anything", Kind::Quota),
            ("RequestSizeLimitExceeded", Kind::Request),
            ("InternalError.GatewayError", Kind::Server),
            ("FailedOperation.SummaryDataNotReady", Kind::NotReady),
            ("FailedOperation.Other", Kind::Failed),
            ("AuthFailure.SignatureExpire", Kind::Clock),
            ("AuthFailure.SignatureFailure", Kind::Denied),
            ("UnauthorizedOperation.CamNoAuth", Kind::Denied),
            ("InvalidParameterValue.InvalidTime", Kind::Request),
            ("ResourceNotFound.NotExistApplication", Kind::NotFound),
            ("IpNotInWhitelist", Kind::Denied),
            ("IpInBlacklist", Kind::Denied),
            ("OperationDenied", Kind::Denied),
            ("OperationDenied.NoIdentityVerify", Kind::Denied),
            ("ActionOffline", Kind::Request),
            ("ResponseSizeLimitExceeded", Kind::Request),
            ("DryRunOperation", Kind::Request),
            ("ResourceInUse.Flow", Kind::Failed),
            ("ResourceInsufficient.Balance", Kind::Failed),
            ("ResourcesSoldOut.SpecifiedInstanceType", Kind::Failed),
            ("InternalErrors", Kind::Other),
            ("IpNotInWhitelists", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(Kind::of(code), kind, "{code}");
        }
    }
}
