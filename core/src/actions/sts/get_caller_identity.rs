use alloc::string::String;

use super::{SERVICE, VERSION};
use crate::{Action, types::open_set};

input! {
    /// Returns the account and the identity that a credential belongs to.
    ///
    /// ```
    /// use tc3_core::{sts::{CallerType, GetCallerIdentity}, wire::response};
    ///
    /// let answer = br#"{"Response": {
    ///     "Type": "CAMUser", "AccountId": "100000000001", "UserId": "100000000002",
    ///     "PrincipalId": "100000000002", "Arn": "qcs::cam:100000000001:uin/100000000002",
    ///     "RequestId": "5e1f"
    /// }}"#;
    /// let answer = http::Response::new(answer.as_slice().into());
    /// let caller = response::read::<GetCallerIdentity>(&answer)?.output;
    /// assert_eq!(caller.r#type, CallerType::CAM_USER);
    /// assert_eq!(caller.account_id, "100000000001");
    /// # Ok::<(), tc3_core::Error>(())
    /// ```
    ///
    /// It has no input, and any credential may call it: long-term keys of a root account or a sub-account, and temporary
    /// keys of a role or a federated user. So it is a check of a new key, and tells which account pays for a bill. It
    /// needs a region. The action may be retried.
    ///
    /// Source: the vendor's description of `GetCallerIdentity`, STS 2018-08-13.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct GetCallerIdentity {}
}

impl GetCallerIdentity {
    /// Asks for the caller's identity.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Action for GetCallerIdentity {
    const SERVICE: &'static str = SERVICE;
    const VERSION: &'static str = VERSION;
    const NAME: &'static str = "GetCallerIdentity";
    const REPEATABLE: bool = true;
    const REGIONAL: bool = true;
    type Output = CallerIdentity;
}

output! {
    /// Whose credential signed the request.
    pub struct CallerIdentity {
        /// What kind of identity the caller is.
        #[serde(deserialize_with = "crate::types::lenient::required")]
        pub r#type: CallerType,
        /// The `Uin` of the root account, which pays.
        #[serde(deserialize_with = "crate::types::lenient::required")]
        pub account_id: String,
        /// The identity: an account's `Uin`, a role's `roleId:roleSessionName`, or `uin:federatedUserName`.
        #[serde(deserialize_with = "crate::types::lenient::required")]
        pub user_id: String,
        /// The `Uin` of the account that owns the keys. For a role, that of the account that assumed it.
        #[serde(deserialize_with = "crate::types::lenient::required")]
        pub principal_id: String,
        /// The caller's ARN, such as `qcs::cam:100000000001:uin/100000000002` or
        /// `qcs::sts:100000000001:assumed-role/4611686018427397919`.
        #[serde(deserialize_with = "crate::types::lenient::required")]
        pub arn: String,
    }
}

open_set! {
    /// The kind of a caller.
    pub struct CallerType {
        /// A sub-account, or a federated user.
        CAM_USER = "CAMUser",
        /// A role.
        CAM_ROLE = "CAMRole",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::response;

    /// The vendor's documented examples.
    #[test]
    fn each_documented_answer_is_read() {
        for (kind, user, arn) in [
            (
                "CAMUser",
                "1000261***",
                "qcs::cam:1000262***:uin/1000261***",
            ),
            (
                "CAMRole",
                "461168601842741***:roleSessionName",
                "qcs::sts:1000262***:assumed-role/461168601842741***",
            ),
            (
                "CAMUser",
                "1000261****:federatedUserName",
                "qcs::sts:1000262***:federated-user/1000261****",
            ),
        ] {
            let answer = serde_json::json!({"Response": {
                "Type": kind, "AccountId": "1000262***", "UserId": user,
                "PrincipalId": "1000261****", "Arn": arn, "RequestId": "r",
            }});
            let answer = http::Response::new(serde_json::to_vec(&answer).unwrap().into());
            let output = response::read::<GetCallerIdentity>(&answer).unwrap().output;
            assert!(output.r#type.is_known());
            assert_eq!(output.account_id, "1000262***");
            assert_eq!((&*output.user_id, &*output.arn), (user, arn));
            assert_eq!(output.principal_id, "1000261****");
        }
    }

    #[test]
    fn it_sends_no_fields_and_takes_none() {
        let json = serde_json::to_string(&GetCallerIdentity::new()).unwrap();
        assert_eq!(json, "{}");
        assert!(serde_json::from_str::<GetCallerIdentity>("{}").is_ok());
        assert!(serde_json::from_str::<GetCallerIdentity>(r#"{"a":1}"#).is_err());
    }
}
