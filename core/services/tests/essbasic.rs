//! What the overlay of essbasic says.
#![cfg(feature = "essbasic")]

use tc3_core::{Action, Paginate, UnixTime, pagination::Paging};
use tc3_services::essbasic::{
    ChannelDescribeEmployees, CreateConsoleLoginUrl, CreateSignUrls, DescribeTemplates,
    FlowDetailInfo, OperateChannelTemplate, Staff,
};

#[test]
fn times_are_seconds() {
    let flow: FlowDetailInfo = serde_json::from_str(r#"{"CreateOn":1606910798}"#).unwrap();
    assert_eq!(flow.create_on, Some(UnixTime::new(1_606_910_798)));
}

#[test]
fn lists_of_a_platform_only_read() {
    const { assert!(ChannelDescribeEmployees::REPEATABLE && DescribeTemplates::REPEATABLE) };
    const { assert!(!CreateSignUrls::REPEATABLE && !OperateChannelTemplate::REPEATABLE) };
    const { assert!(OperateChannelTemplate::RATE == 200 && DescribeTemplates::RATE == 20) };
    const { assert!(CreateConsoleLoginUrl::CONFIDENTIAL) };
}

#[test]
fn staff_are_known_by_their_ids() {
    assert_eq!(ChannelDescribeEmployees::PAGING, Paging::ItemOffset);
    let staff: Staff = serde_json::from_str(r#"{"UserId":"yDRS","DisplayName":"x"}"#).unwrap();
    assert_eq!(
        ChannelDescribeEmployees::identity(&staff).as_deref(),
        Some("yDRS")
    );
}
