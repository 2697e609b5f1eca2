//! What crates from crates.io do, by their public functions.
//!
//! - `tencentcloud-sign-sdk` 0.1 signs; it wants the headers in canonical form, which they are given in.
//! - `tencentcloud-sdk` 0.2 keeps its signing and decoding to itself, so its `execute` runs: with a
//!   transport that takes the request and fails, or with one that answers at once.
//! - `aws-sigv4` 1.6 signs by another vendor's scheme of the same kind: a date and a region more.

use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::{
    http_request::{self, SignableBody, SignableRequest, SigningParams, SigningSettings},
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use serde::de::DeserializeOwned;
use tencentcloud_sdk::{
    ApiResponse, BoxFuture, Client, Credentials, Operation, SdkError,
    runtime::Clock,
    transport::{Transport, TransportRequest, TransportResponse},
};
use tencentcloud_sign_sdk::{Tc3Signer, sha256_hex};

use crate::{
    SECRET_ID, SECRET_KEY, TIME,
    request::DescribeBillDetail,
    sign::{self, CANONICAL_HEADERS, SIGNED_HEADERS},
};

/// `tencentcloud-sign-sdk` makes the header for a body of that length.
pub fn sign_sdk(len: usize) -> impl FnMut() -> String {
    let (id, key) = (SECRET_ID.to_string(), SECRET_KEY.to_string());
    let signer = Tc3Signer::new(id, key, "billing".into(), false);
    let body = sign::body(len);
    move || {
        let hash = sha256_hex(black_box(&body));
        let (headers, names) = (black_box(CANONICAL_HEADERS), SIGNED_HEADERS);
        let signed = signer.sign("POST", "/", "", headers, names, &hash, TIME.seconds());
        signer.create_authorization_header(&signed, names)
    }
}

/// `aws-sigv4` signs a body of that length.
pub fn sigv4(len: usize) -> impl FnMut() -> String {
    let body = sign::body(len);
    let identity = identity();
    move || {
        let params = params(&identity);
        let signed = http_request::sign(signable(black_box(body.as_bytes())), &params);
        signed.expect("the request is sound").into_parts().1
    }
}

/// `aws-sigv4` signs the request that is built by hand for it.
pub fn sigv4_request() -> impl FnMut() -> Request<Bytes> {
    let action = DescribeBillDetail::new();
    let identity = identity();
    move || {
        let body = serde_json::to_vec(black_box(&action)).expect("the action can be written");
        let params = params(&identity);
        let signed = http_request::sign(signable(&body), &params);
        let (instructions, _) = signed.expect("the request is sound").into_parts();
        let mut request = Request::builder()
            .method("POST")
            .uri("https://billing.tencentcloudapi.com/")
            .header(header::HOST, "billing.tencentcloudapi.com")
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-tc-action", "DescribeBillDetail")
            .header("x-tc-version", "2018-07-09")
            .body(Bytes::from(body))
            .expect("the request is sound");
        instructions.apply_to_request_http1x(&mut request);
        request
    }
}

fn identity() -> Identity {
    AwsCredentials::new(SECRET_ID, SECRET_KEY, None, None, "benches").into()
}

fn params(identity: &Identity) -> SigningParams<'_> {
    let time = Duration::from_secs(TIME.seconds().unsigned_abs());
    v4::SigningParams::builder()
        .identity(identity)
        .region("ap-guangzhou")
        .name("billing")
        .time(SystemTime::UNIX_EPOCH + time)
        .settings(SigningSettings::default())
        .build()
        .expect("nothing is missing")
        .into()
}

fn signable(body: &[u8]) -> SignableRequest<'_> {
    let uri = "https://billing.tencentcloudapi.com/";
    let headers = sign::HEADERS.into_iter();
    SignableRequest::new("POST", uri, headers, SignableBody::Bytes(body))
        .expect("the request is sound")
}

/// `tencentcloud-sdk` makes a request.
pub fn sdk_request() -> impl FnMut() {
    let mut execute = sdk::<serde_json::Value>(None);
    move || assert!(matches!(execute(), Err(SdkError::Timeout)))
}

/// `tencentcloud-sdk` makes a call that gets this answer.
pub fn sdk_call<O: DeserializeOwned + 'static>(answer: Bytes) -> impl FnMut() -> O {
    let mut execute = sdk::<O>(Some(answer));
    move || execute().expect("the answer is sound").data
}

/// `tencentcloud-sdk` makes a call that gets this refusal.
pub fn sdk_refusal(answer: Bytes) -> impl FnMut() -> SdkError {
    let mut execute = sdk::<serde_json::Value>(Some(answer));
    move || execute().expect_err("it is a refusal")
}

fn sdk<O: DeserializeOwned + 'static>(
    answer: Option<Bytes>,
) -> impl FnMut() -> Result<ApiResponse<O>, SdkError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be had");
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    let client = Client::builder()
        .credentials(Credentials::new(SECRET_ID, SECRET_KEY).expect("a key pair"))
        .clock(Fixed)
        .transport(Answer { headers, answer })
        .build()
        .expect("nothing is missing");
    let operation = Operation::new("billing", "2018-07-09", "DescribeBillDetail");
    let operation = operation.expect("it is one");
    let action = DescribeBillDetail::new();
    move || {
        // It asks for a runtime, and never waits: polling once costs less than the runtime's own loop.
        let _entered = runtime.enter();
        let execute = pin!(client.execute(&operation, black_box(&action)));
        match execute.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => unreachable!("the transport answers at once"),
        }
    }
}

struct Fixed;

impl Clock for Fixed {
    fn unix_timestamp(&self) -> Result<i64, SdkError> {
        Ok(TIME.seconds())
    }
}

struct Answer {
    headers: HeaderMap,
    answer: Option<Bytes>,
}

impl Transport for Answer {
    fn send(
        &self,
        request: TransportRequest,
    ) -> BoxFuture<'_, Result<TransportResponse, SdkError>> {
        black_box(request);
        let response = match &self.answer {
            Some(answer) => {
                let (headers, answer) = (self.headers.clone(), answer.clone());
                Ok(TransportResponse::from_bytes(
                    StatusCode::OK,
                    headers,
                    answer,
                ))
            }
            None => Err(SdkError::Timeout),
        };
        Box::pin(std::future::ready(response))
    }
}
