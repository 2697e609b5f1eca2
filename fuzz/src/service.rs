//! The emulator, as whoever can reach it sees it.

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde_json::Value;
use tc3_core::{
    Error, Untyped,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    emulator::{Emulator, Fault, Scripted},
    essbasic::ChannelDescribeBillUsageDetail,
    sts::{AssumeRole, AssumeRoleWithWebIdentity},
    wire::response,
};

use crate::{
    decode_as, decode_role,
    message::{self, NOW, credential, single},
};

/// A service with a list that has pages, and with parameters of every type.
const DESCRIPTION: &[u8] = include_bytes!("nodes.json");

/// Any request is answered as the service would: with JSON that has a request id and is a refusal or an
/// output of the action, or with a gateway's page where it is not for the API. What is scripted to go wrong
/// goes wrong, and nothing else.
///
/// An `Authorization` of `sign` is replaced with the right one, and each `X-Fault` goes into the script.
///
/// # Panics
///
/// When that does not hold.
pub fn emulator(message: &[u8]) {
    let Some(mut request) = message::request(message) else {
        return;
    };
    let faults: Vec<Scripted> = request
        .headers()
        .get_all("x-fault")
        .iter()
        .filter_map(|fault| fault.to_str().ok()?.parse().ok())
        .filter(is_small)
        .collect();
    request.headers_mut().remove("x-fault");
    if single(request.headers(), "authorization") == Some("sign") {
        message::sign(&mut request);
    }

    let new = || {
        let service = Emulator::new(credential()).with_records(40);
        service.describe(DESCRIPTION).expect("a description")
    };
    let mut service = new().with_frequency_limits();
    let answer = service.handle(NOW, &request);
    let id = answered(&request, &answer);
    let same = new().handle(NOW, &request);
    assert_eq!(same.body(), answer.body(), "another answer to the same");
    let next = answered(&request, &service.handle(NOW, &request));
    assert!(id.is_none() || id != next, "a request id came twice");

    let mut service = faults.into_iter().fold(new(), |service, fault| {
        service.with_fault(fault.when, fault.fault)
    });
    for number in 1..=3 {
        if let Ok(answer) = service.exchange(NOW, &request).outcome {
            assert!((200..=599).contains(&answer.status().as_u16()));
            if let Err(error) = response::read::<Untyped>(&answer) {
                let known = matches!(error, Error::Service(_) | Error::NotAnAnswer { .. });
                assert!(known, "{error:?}");
            }
        }
        assert_eq!(service.requests(), number);
    }
}

/// Whether it is a page of the described list.
fn has_nodes(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).expect("JSON");
    let (total, nodes) = (
        &body["Response"]["TotalCount"],
        &body["Response"]["NodeSet"],
    );
    *total == 40 && nodes.as_array().is_some_and(|nodes| nodes.len() <= 40)
}

/// Records that are added cost memory, so whoever writes the script is to know how many there may be.
fn is_small(scripted: &Scripted) -> bool {
    match scripted.fault {
        Fault::AddHead(records) | Fault::AddTail(records) => records <= 1_000,
        _ => true,
    }
}

/// Checks the answer of a service that nothing is wrong with, and returns its request id.
fn answered(request: &Request<Bytes>, answer: &Response<Bytes>) -> Option<String> {
    if request.uri().path() != "/" {
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        return None;
    }
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    assert!(answer.headers().contains_key(header::DATE));
    let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
    let id = body["Response"]["RequestId"].as_str().expect("an id");
    assert_eq!(id.len(), 36);
    match response::read::<Untyped>(answer) {
        Ok(_) => {
            let fits = match request.headers()["x-tc-action"].as_bytes() {
                b"DescribeBillList" => decode_as::<DescribeBillList>,
                b"DescribeAllocationSummaryByBusiness" => {
                    decode_as::<DescribeAllocationSummaryByBusiness>
                }
                b"ChannelDescribeBillUsageDetail" => decode_as::<ChannelDescribeBillUsageDetail>,
                b"DescribeNodes" => has_nodes,
                b"AssumeRole" => decode_role::<AssumeRole>,
                b"AssumeRoleWithWebIdentity" => decode_role::<AssumeRoleWithWebIdentity>,
                _ => panic!("{request:?} was answered"),
            };
            assert!(fits(answer.body()), "{body}");
        }
        Err(Error::Service(refusal)) => {
            assert!(!refusal.code().is_empty());
            assert_eq!(refusal.request_id(), Some(id));
        }
        Err(error) => panic!("{error:?}"),
    }
    Some(id.to_owned())
}
