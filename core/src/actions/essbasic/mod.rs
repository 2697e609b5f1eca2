//! E-signature for platforms (essbasic), 2021-05-26.

mod channel_describe_bill_usage_detail;

pub use channel_describe_bill_usage_detail::{
    Agent, ChannelBillUsageDetail, ChannelDescribeBillUsageDetail,
    ChannelDescribeBillUsageDetailResponse, CostType, FlowStatus, QuotaType, UserInfo,
};
