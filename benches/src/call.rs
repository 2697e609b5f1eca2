//! A whole call without a network: written down, signed, sent to a transport that answers at once, decoded.

use std::{hint::black_box, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use tc3_core::{Call, Flow, Now, Outcome, Session, Settings, Step};

use crate::{
    Role, Stage, TIME, credential,
    request::{BillDetail, DescribeBillDetail, session},
    sign,
};

/// A small answer.
pub const ANSWER: &str =
    r#"{"Response":{"Total":1,"Context":null,"RequestId":"3f1c9a52-7d0e-4b8f-9a37-5f2a61c0d4e8"}}"#;
/// The output in it.
const OUTPUT: &[u8] = br#"{"Total":1,"Context":null}"#;

/// An answer of the service.
pub fn answer(body: impl Into<Bytes>) -> Response<Bytes> {
    let mut answer = Response::new(body.into());
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

/// Does what a flow says, on a clock of its own that shows whatever it was told to wait.
pub fn drive<F: Flow>(
    flow: &mut F,
    session: &mut Session,
    tick: &mut Duration,
    mut send: impl FnMut(http::Request<Bytes>) -> Outcome,
) -> F::Output {
    loop {
        match flow.step(session, Now::new(TIME, *tick, 0)) {
            Step::Send(attempt) => flow.handle(send(attempt.request)),
            Step::Wait(delay) => *tick += delay,
            Step::Done(output) => return output,
        }
    }
}

/// Through core alone, and through the blocking client.
pub fn stage() -> Stage {
    let action = DescribeBillDetail::new();
    let (blocking, plain) = (action.clone(), action.clone());
    let (body, response) = (action.json(), answer(ANSWER));
    let mut session = session();
    let mut tick = Duration::ZERO;
    let mut compressions = sign::compressions(sign::floor(body.len()));
    let client = {
        let response = response.clone();
        tc3_blocking::Client::builder()
            .credentials(credential())
            .settings(Settings::default().with_rate("billing", "DescribeBillDetail", None))
            .transport(move |_| Ok(response.clone()))
    };
    let stage = Stage::new("call_203", body.len() + ANSWER.len(), move || {
        drive(
            &mut Call::new(black_box(&action)),
            &mut session,
            &mut tick,
            |_| Ok(response.clone()),
        )
        .expect("the answer is sound")
    })
    .with("floor", Role::Floor, move || {
        let written = serde_json::to_vec(black_box(&plain)).expect("the action can be written");
        let read: BillDetail = serde_json::from_slice(black_box(OUTPUT)).expect("it is sound");
        (compressions(), written, read)
    })
    .with("tc3-blocking", Role::Reference, move || {
        client.call(black_box(&blocking)).expect("it is sound")
    });
    #[cfg(feature = "peers")]
    let stage = stage.with(
        "tencentcloud-sdk",
        Role::Peer,
        crate::peers::sdk_call::<BillDetail>(ANSWER.into()),
    );
    stage
}
