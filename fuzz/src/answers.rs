//! Reading answers.

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
