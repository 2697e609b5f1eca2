//! An action to a signed `http::Request`.

use std::hint::black_box;

use serde::{Deserialize, Serialize};
use tc3_core::{Action, Session, Settings, tc3::Signer, wire::request};

#[cfg(feature = "peers")]
use crate::peers;
use crate::{Role, Stage, TIME, credential, sign};

/// An action of one's own, of 203 bytes: nothing but a struct and an `impl`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeBillDetail {
    offset: u64,
    limit: u32,
    period_type: String,
    month: String,
    begin_time: String,
    end_time: String,
    need_record_num: u8,
    pay_mode: String,
    resource_id: String,
}

/// What it answers with, as far as a small answer goes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BillDetail {
    /// How many records there are.
    pub total: u64,
    /// Where the next page begins.
    pub context: Option<String>,
}

impl Action for DescribeBillDetail {
    const SERVICE: &'static str = "billing";
    const VERSION: &'static str = "2018-07-09";
    const NAME: &'static str = "DescribeBillDetail";
    const REPEATABLE: bool = true;
    type Output = BillDetail;
}

impl DescribeBillDetail {
    /// A month of one resource.
    #[expect(clippy::new_without_default, reason = "no value here is a default")]
    pub fn new() -> Self {
        Self {
            offset: 0,
            limit: 100,
            period_type: "byUsedTime".into(),
            month: "2019-02".into(),
            begin_time: "2019-02-01 00:00:00".into(),
            end_time: "2019-02-28 23:59:59".into(),
            need_record_num: 1,
            pay_mode: "prePay".into(),
            resource_id: "ins-0000example0".into(),
        }
    }

    /// The body.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("the action can be written down")
    }
}

/// A session whose calls nothing holds up.
pub fn session() -> Session {
    Session::new(credential())
        .with_settings(Settings::default().with_rate_of::<DescribeBillDetail>(None))
}

/// The whole way from the action.
pub fn stage() -> Stage {
    let action = DescribeBillDetail::new();
    let body = action.json();
    let mut session = session();
    let mut signer = Signer::new(credential());
    let stage = Stage::new("request_203", body.len(), move || {
        request::sign(black_box(&action), &mut session, TIME).expect("the action is sound")
    })
    .with(
        "floor",
        Role::Floor,
        sign::compressions(sign::floor(body.len())),
    )
    .with("signature alone", Role::Reference, move || {
        sign::authorization(&mut signer, black_box(body.as_bytes()))
    });
    #[cfg(feature = "peers")]
    let stage = stage
        .with("tencentcloud-sdk", Role::Peer, peers::sdk_request())
        .with("aws-sigv4", Role::Peer, peers::sigv4_request());
    stage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_203_bytes() {
        assert_eq!(DescribeBillDetail::new().json().len(), 203);
    }
}
