use alloc::{borrow::Cow, format, string::String, vec::Vec};
use core::fmt;

use serde::Serialize;

use crate::{
    Action, CompactDate, Invalid, Paginate, UnixTime,
    actions::check_limit,
    pagination::{PageInfo, Paging, Slot, Start},
    types::{lenient, open_set},
};

input! {
    /// Returns the consumption of an e-signature app's sub-customers, one record for each use.
    ///
    /// Both days of the range are included. The vendor's page doesn't name their time zone; the emulator uses Beijing
    /// time (UTC+8). A request covers at most [`MAX_DAYS`](Self::MAX_DAYS) days and, since 2026-10-10, only days of one
    /// calendar month. A walk covers any range, month by month.
    ///
    /// ```
    /// use tc3_core::{essbasic::{Agent, ChannelDescribeBillUsageDetail, QuotaType}, CompactDate};
    ///
    /// let start: CompactDate = "20230902".parse()?;
    /// let end: CompactDate = "20230930".parse()?;
    /// let action = ChannelDescribeBillUsageDetail::new(Agent::new("yDwFdUUckpsw"), start, end)
    ///     .with_quota_type(QuotaType::CLOUD_ENTERPRISE);
    /// assert_eq!(
    ///     serde_json::to_string(&action)?,
    ///     concat!(
    ///         r#"{"Agent":{"AppId":"yDwFdUUckpsw"},"StartTime":"20230902","#,
    ///         r#""EndTime":"20230930","QuotaType":"CloudEnterprise"}"#,
    ///     ),
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// An empty `AppId`, an `EndTime` before the `StartTime` and a `Limit` of 0 are refused before anything is sent.
    ///
    /// No field identifies a use: one contract (`FlowId`) may have several, e.g. text messages. A walk takes `FlowId`,
    /// `QuotaType`, `CostTime` and `UseCount` together for a use's [identity](Paginate::identity), and delivers uses that
    /// agree in all four as often as the list has them.
    ///
    /// ```
    /// use tc3_core::{
    ///     essbasic::{ChannelBillUsageDetail, ChannelDescribeBillUsageDetail}, Paginate,
    /// };
    ///
    /// let record = |count, status| {
    ///     serde_json::from_value::<ChannelBillUsageDetail>(serde_json::json!({
    ///         "FlowId": "yDw", "QuotaType": "FlowNotify", "CostTime": 1_694_016_000,
    ///         "UseCount": count, "FlowStatus": status,
    ///     }))
    /// };
    /// let identity = ChannelDescribeBillUsageDetail::identity;
    /// assert_eq!(identity(&record(1, "INIT")?), identity(&record(1, "ALL")?));
    /// assert_ne!(identity(&record(1, "ALL")?), identity(&record(-1, "ALL")?));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// Source: the vendor's page of `ChannelDescribeBillUsageDetail`, essbasic 2021-05-26.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ChannelDescribeBillUsageDetail {
        /// The app, and the sub-customer if only one is wanted.
        pub agent: Agent,
        /// The first day, included.
        pub start_time: CompactDate,
        /// The last day, included.
        pub end_time: CompactDate,
        /// The package to return; `None` asks for all.
        pub quota_type: Option<QuotaType> = "Option::is_none",
        /// The index of the page, from 0: page 1 follows page 0 whatever the `Limit`. A walk starts here.
        pub offset: Option<u64> = "Option::is_none",
        /// The maximum number of records on a page, at least 1. The service refuses more than 100 by the vendor's
        /// newest description, and more than 50 by an older one. A walk's default is 50.
        pub limit: Option<u32> = "Option::is_none",
    }
}

impl ChannelDescribeBillUsageDetail {
    /// The documented maximum of days in a range, both ends included. The service enforces it, not this crate.
    pub const MAX_DAYS: u32 = 31;

    /// The consumption of `agent` from the day `start` to the day `end`, both included.
    pub const fn new(agent: Agent, start: CompactDate, end: CompactDate) -> Self {
        Self {
            agent,
            start_time: start,
            end_time: end,
            quota_type: None,
            offset: None,
            limit: None,
        }
    }

    /// Returns only this package.
    pub fn with_quota_type(mut self, quota_type: QuotaType) -> Self {
        self.quota_type = Some(quota_type);
        self
    }

    /// Starts at the page with this index, from 0.
    pub fn with_offset(mut self, page: u64) -> Self {
        self.offset = Some(page);
        self
    }

    /// Returns pages of at most `limit` records, at least 1.
    pub fn with_limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl Action for ChannelDescribeBillUsageDetail {
    const SERVICE: &'static str = "essbasic";
    const VERSION: &'static str = "2021-05-26";
    const NAME: &'static str = "ChannelDescribeBillUsageDetail";
    const REPEATABLE: bool = true;
    const RATE: u32 = 20;
    type Output = ChannelDescribeBillUsageDetailResponse;

    fn check(&self) -> Result<(), Invalid> {
        check_limit(self.limit)?;
        if self.agent.app_id.is_empty() {
            return Err(Invalid::new("Agent.AppId", "must not be empty"));
        }
        if self.end_time < self.start_time {
            return Err(Invalid::new("EndTime", "must not be before StartTime"));
        }
        Ok(())
    }
}

impl Paginate for ChannelDescribeBillUsageDetail {
    type Item = ChannelBillUsageDetail;
    const PAGING: Paging = Paging::PageIndex;
    // Both descriptions of the service accept 50.
    const PAGE_SIZE: u32 = 50;
    const MAX_PAGE_SIZE: u32 = 100;

    fn start(&self) -> Start {
        Start::new(self.offset, self.limit)
    }

    fn turn_to(&mut self, slot: &Slot) {
        (self.offset, self.limit) = (Some(slot.offset), Some(slot.limit));
    }

    fn page_info(output: &Self::Output) -> PageInfo {
        PageInfo::new(output.details.as_ref().map_or(0, Vec::len)).with_total(output.total)
    }

    fn into_items(output: Self::Output) -> Vec<ChannelBillUsageDetail> {
        output.details.unwrap_or_default()
    }

    fn split(&mut self) -> Option<Self> {
        let last = self.start_time.date().last_of_month();
        let next = last
            .tomorrow()
            .ok()
            .filter(|next| *next <= self.end_time.date())?;
        let rest = Self {
            start_time: next.try_into().ok()?,
            ..self.clone()
        };
        self.end_time = last.try_into().ok()?;
        Some(rest)
    }

    fn window(&self) -> Option<String> {
        Some(format!("{} to {}", self.start_time, self.end_time))
    }

    /// The contract, the package, the time and the count; other fields may change, above all `FlowStatus`. Several
    /// records may have the same identity, e.g. text messages of one contract.
    fn identity(item: &ChannelBillUsageDetail) -> Option<Cow<'_, str>> {
        let contract = item.flow_id.as_deref().unwrap_or_default();
        let package = item.quota_type.as_ref().map_or("", QuotaType::as_str);
        let time = item.cost_time.map_or(0, UnixTime::seconds);
        let count = item.use_count.unwrap_or_default();
        Some(Cow::Owned(format!("{contract} {package} {time} {count}")))
    }

    fn retain(output: &mut Self::Output, keep: &mut dyn FnMut(&ChannelBillUsageDetail) -> bool) {
        if let Some(details) = &mut output.details {
            details.retain(keep);
        }
    }
}

input! {
    /// The app that makes a request, and optionally the sub-customer and its employee.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Agent {
        /// The app's id; mandatory.
        pub app_id: String,
        /// The sub-customer's id in the app; all sub-customers if `None`.
        pub proxy_organization_open_id: Option<String> = "Option::is_none",
        /// The sub-customer's employee.
        pub proxy_operator: Option<UserInfo> = "Option::is_none",
        /// The sub-customer's own app.
        pub proxy_app_id: Option<String> = "Option::is_none",
    }
}

impl Agent {
    /// All sub-customers of an app.
    pub fn new(app_id: impl Into<String>) -> Self {
        Self {
            app_id: app_id.into(),
            proxy_organization_open_id: None,
            proxy_operator: None,
            proxy_app_id: None,
        }
    }

    /// Only this sub-customer.
    pub fn with_proxy_organization_open_id(mut self, open_id: impl Into<String>) -> Self {
        self.proxy_organization_open_id = Some(open_id.into());
        self
    }

    /// As this employee of the sub-customer.
    pub fn with_proxy_operator(mut self, operator: UserInfo) -> Self {
        self.proxy_operator = Some(operator);
        self
    }

    /// With the sub-customer's own app.
    pub fn with_proxy_app_id(mut self, app_id: impl Into<String>) -> Self {
        self.proxy_app_id = Some(app_id.into());
        self
    }
}

input! {
    /// An employee of a sub-customer.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct UserInfo {
        /// The employee's id in the app.
        pub open_id: Option<String> = "Option::is_none",
    }
}

impl UserInfo {
    /// The employee with this id.
    pub fn new(open_id: impl Into<String>) -> Self {
        Self {
            open_id: Some(open_id.into()),
        }
    }
}

output! {
    /// A page of uses. The service may omit either field.
    pub struct ChannelDescribeBillUsageDetailResponse {
        /// The number of uses on all pages.
        pub total: Option<u64> = "lenient::optional_total",
        /// The uses of this page.
        pub details: Option<Vec<ChannelBillUsageDetail>> = "lenient::optional_objects",
    }

    /// One use. A field that the service omitted is `None`.
    pub struct ChannelBillUsageDetail {
        /// The id of the contract's flow.
        pub flow_id: Option<String> = "lenient::optional",
        /// The names of those who handled it, separated by semicolons.
        pub operator_name: Option<String> = "lenient::optional_text",
        /// The organisation that started the flow.
        pub create_organization_name: Option<String> = "lenient::optional_text",
        /// The name of the contract's flow.
        pub flow_name: Option<String> = "lenient::optional_text",
        /// The state of the flow.
        pub flow_status: Option<FlowStatus>,
        /// The package that the use was taken from.
        pub quota_type: Option<QuotaType>,
        /// The number used; negative if it was given back.
        pub use_count: Option<i64> = "lenient::optional",
        /// The time of the use, in Unix seconds.
        pub cost_time: Option<UnixTime> = "lenient::optional",
        /// The name of the package.
        pub quota_name: Option<String> = "lenient::optional_text",
        /// Whether the use was taken or given back.
        pub cost_type: Option<CostType> = "lenient::optional",
        /// A remark.
        pub remark: Option<String> = "lenient::optional_text",
    }
}

open_set! {
    /// A package of uses.
    pub struct QuotaType {
        /// Contracts of the enterprise edition.
        CLOUD_ENTERPRISE = "CloudEnterprise",
        /// Seals by one party.
        SINGLE_SIGNATURE = "SingleSignature",
        /// Signing reports.
        CLOUD_PROVE = "CloudProve",
        /// Signing in a Tencent Meeting.
        CLOUD_ONLINE_SIGN = "CloudOnlineSign",
        /// WeCard for temporary workers.
        CHANNEL_WE_CARD = "ChannelWeCard",
        /// Contract packages.
        SIGN_FLOW = "SignFlow",
        /// Signing intent shown by face recognition.
        SIGN_FACE = "SignFace",
        /// Signing intent shown by password.
        SIGN_PASSWORD = "SignPassword",
        /// Signing intent shown by SMS.
        SIGN_SMS = "SignSMS",
        /// A signer's identity, verified by Tencent E-Sign.
        PERSONAL_ESS_AUTH = "PersonalEssAuth",
        /// A signer's identity, verified by a trusted third party.
        PERSONAL_THIRD_AUTH = "PersonalThirdAuth",
        /// A signing company's identity.
        ORG_ESS_AUTH = "OrgEssAuth",
        /// Notices by SMS.
        FLOW_NOTIFY = "FlowNotify",
        /// Queries of company registration data.
        AUTH_SERVICE = "AuthService",
    }
}

open_set! {
    /// The state of a contract's flow.
    pub struct FlowStatus {
        /// Created.
        INIT = "INIT",
        /// Signed by some.
        PART = "PART",
        /// Refused by a signer.
        REJECT = "REJECT",
        /// Signed by all.
        ALL = "ALL",
        /// Expired unsigned.
        DEADLINE = "DEADLINE",
        /// Withdrawn.
        CANCEL = "CANCEL",
        /// Dissolved by agreement.
        RELIEVED = "RELIEVED",
        /// About to expire.
        WILLEXPIRE = "WILLEXPIRE",
        /// In an abnormal state.
        EXCEPTION = "EXCEPTION",
    }
}

/// Whether a use was taken or given back.
///
/// An open set: the constants are the values that the vendor documents, and any other number is kept unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CostType(i64);

impl CostType {
    /// Taken.
    pub const DEDUCTION: Self = Self(1);
    /// Given back after a withdrawal; the count is negative.
    pub const RETURN: Self = Self(2);

    /// The value with this number, documented or not.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number as the service writes it.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for CostType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

lenient::read_as_scalars!(CostType);

lenient::read_as_i64!(CostType);
