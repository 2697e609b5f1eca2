//! Reading answers.

use std::fmt::Debug;

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use tc3_core::{
    Action, Credential, Error, Untyped,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    essbasic::ChannelDescribeBillUsageDetail,
    sts::{AssumeRole, AssumeRoleWithWebIdentity, AssumedRole},
    wire::response,
};

use crate::credentials::usable;

/// Any body is read into a reply or an error, for each action; what is read is written and read again
/// as the same, but for roles, which are not written and whose `Debug` shows no key.
///
/// # Panics
///
/// When that does not hold.
pub fn decode(body: &[u8]) {
    decode_as::<DescribeBillList>(body);
    decode_as::<DescribeAllocationSummaryByBusiness>(body);
    decode_as::<ChannelDescribeBillUsageDetail>(body);
    decode_as::<Untyped>(body);
    decode_role::<AssumeRole>(body);
    decode_role::<AssumeRoleWithWebIdentity>(body);
}

/// Whether a body is an answer to the action, having checked what [`decode`] promises.
///
/// # Panics
///
/// When that does not hold.
pub fn decode_as<A>(body: &[u8]) -> bool
where
    A: Action,
    A::Output: Serialize + PartialEq + Debug,
{
    let answer = |body| response::read::<A>(&http::Response::new(body));
    match answer(Bytes::copy_from_slice(body)) {
        Ok(reply) => {
            // As text: through a `Value`, the digits of untyped fields would be lost.
            let output = serde_json::to_string(&reply.output).expect("an output can be written");
            let request_id = serde_json::to_string(&reply.request_id).expect("and so can a text");
            let fields = output.strip_prefix('{').expect("an output is an object");
            let comma = if fields == "}" { "" } else { "," };
            let written = format!(r#"{{"Response":{{"RequestId":{request_id}{comma}{fields}}}"#);
            let again = answer(written.into()).expect("what was written can be read");
            assert_eq!(again.output, reply.output);
            assert_eq!(again.request_id, reply.request_id);
            true
        }
        Err(error) => {
            known(&error);
            false
        }
    }
}

/// The same for a role that was taken, which is never written: whatever its keys are, its `Debug` is the same.
///
/// # Panics
///
/// When that does not hold.
pub fn decode_role<A: Action<Output = AssumedRole>>(body: &[u8]) -> bool {
    let answer = |body| response::read::<A>(&http::Response::new(body));
    match answer(Bytes::copy_from_slice(body)) {
        Ok(reply) => {
            let role = &reply.output;
            let other = json!({"Response": {
                "Credentials": {
                    "TmpSecretId": role.credentials.tmp_secret_id(),
                    "TmpSecretKey": "x",
                    "Token": "y",
                },
                "ExpiredTime": role.expired_time,
                "Expiration": role.expiration,
                "RequestId": reply.request_id,
            }});
            let other = answer(other.to_string().into()).expect("another role can be read");
            assert_eq!(format!("{reply:?}"), format!("{other:?}"));
            if let Ok(credential) = Credential::try_from(reply.output) {
                usable(&credential);
            }
            true
        }
        Err(error) => {
            known(&error);
            false
        }
    }
}

fn known(error: &Error) {
    assert!(!format!("{error} {error:?}").is_empty());
    let known = matches!(
        error,
        Error::Service(_) | Error::Decode { .. } | Error::NotAnAnswer { .. }
    );
    assert!(known, "{error:?}");
}
