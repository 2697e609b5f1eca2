//! The bodies of the fuzz targets: what must hold for any input at all. Each panics when it does not.

use std::fmt::Debug;

use bytes::Bytes;
use serde::Serialize;
use tc3_core::{
    Action, ChannelDescribeBillUsageDetail, DescribeAllocationSummaryByBusiness, DescribeBillList,
    Error, Untyped, response,
};

/// Any body is read into a reply or an error, for each action; what is read is written and read again
/// as the same.
///
/// # Panics
///
/// When that does not hold.
pub fn decode(body: &[u8]) {
    decode_as::<DescribeBillList>(body);
    decode_as::<DescribeAllocationSummaryByBusiness>(body);
    decode_as::<ChannelDescribeBillUsageDetail>(body);
    decode_as::<Untyped>(body);
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
            let mut fields = match serde_json::to_value(&reply.output) {
                Ok(serde_json::Value::Object(fields)) => fields,
                other => panic!("an output is written as {other:?}"),
            };
            fields.insert("RequestId".into(), reply.request_id.clone().into());
            let written = serde_json::json!({ "Response": fields }).to_string();
            let again = answer(written.into()).expect("what was written can be read");
            assert_eq!(again.output, reply.output);
            assert_eq!(again.request_id, reply.request_id);
            true
        }
        Err(error) => {
            assert!(!format!("{error} {error:?}").is_empty());
            let known = matches!(
                error,
                Error::Service(_) | Error::Decode { .. } | Error::NotAnAnswer { .. }
            );
            assert!(known, "{error:?}");
            false
        }
    }
}
