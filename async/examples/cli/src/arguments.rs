use std::time::{SystemTime, UNIX_EPOCH};

use tc3_core::{
    Agent, BeijingSecond, ChannelDescribeBillUsageDetail, CompactDate,
    DescribeAllocationSummaryByBusiness, DescribeBillList, Emulator, Month, PayType, PeriodType,
    QuotaType, Sort, SortType, SubPayType, UnixTime,
};

use crate::{Format, Result, Service, ServiceArguments};

const DAY: i64 = 86_400;

/// Lists what was paid into and out of the account (billing DescribeBillList).
///
/// Without a key pair, on the command line or in the environment, it asks the service's emulator,
/// started in this process.
#[derive(Clone, Debug, clap::Parser)]
pub struct BillList {
    /// Which service to ask.
    #[command(flatten)]
    pub service: ServiceArguments,
    /// The beginning, Beijing time, "yyyy-MM-dd HH:mm:ss" or a day [default: 30 days ago; 2024-01-01 of the emulator]
    #[arg(long, value_name = "TIME", value_parser = first_second)]
    start: Option<BeijingSecond>,
    /// The end, included [default: now; 2024-06-30 of the emulator]
    #[arg(long, value_name = "TIME", value_parser = last_second)]
    end: Option<BeijingSecond>,
    /// How many records a request asks for [default: 100]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u32>,
    /// Only these kinds of transactions, e.g. deduct recharge
    #[arg(long, value_name = "TYPE", num_args = 1.., value_delimiter = ',')]
    pay_type: Vec<String>,
    /// Only these modes within the kinds, e.g. hour_h
    #[arg(long, value_name = "TYPE", num_args = 1.., value_delimiter = ',')]
    sub_pay_type: Vec<String>,
    /// Transactions of 0 yuan as well
    #[arg(long)]
    with_zero_amount: bool,
    /// How to write the records
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl BillList {
    /// The action to walk over.
    pub fn action(self, service: &Service) -> Result<DescribeBillList> {
        let (start, end) = if service.emulated {
            (
                "2024-01-01 00:00:00".parse()?,
                "2024-06-30 23:59:59".parse()?,
            )
        } else {
            let now = now();
            (
                BeijingSecond::from_unix(UnixTime::new(now - 30 * DAY))?,
                BeijingSecond::from_unix(UnixTime::new(now))?,
            )
        };
        let mut action =
            DescribeBillList::new(self.start.unwrap_or(start), self.end.unwrap_or(end))
                .with_pay_types(self.pay_type.into_iter().map(PayType::new))
                .with_sub_pay_types(self.sub_pay_type.into_iter().map(SubPayType::new));
        if self.with_zero_amount {
            action = action.with_zero_amount(true);
        }
        action.limit = self.limit;
        Ok(action)
    }
}

/// Lists what each product cost each cost-allocation unit in a month (billing DescribeAllocationSummaryByBusiness).
///
/// Without a key pair, on the command line or in the environment, it asks the service's emulator,
/// started in this process.
#[derive(Clone, Debug, clap::Parser)]
pub struct AllocationSummary {
    /// Which service to ask.
    #[command(flatten)]
    pub service: ServiceArguments,
    /// The month, yyyy-MM [default: last month; 2024-02 of the emulator]
    #[arg(long)]
    month: Option<Month>,
    /// A record a day instead of a month
    #[arg(long)]
    daily: bool,
    /// Only these products, e.g. p_cvm
    #[arg(long, value_name = "CODE", num_args = 1.., value_delimiter = ',')]
    business_code: Vec<String>,
    /// Only these cost-allocation units
    #[arg(long, value_name = "KEY", num_args = 1.., value_delimiter = ',')]
    tree_node_uniq_key: Vec<String>,
    /// The field to sort by, e.g. RealTotalCost
    #[arg(long, value_name = "FIELD")]
    sort: Option<String>,
    /// Sort descending
    #[arg(long, requires = "sort")]
    desc: bool,
    /// How many records a request asks for [default: 1000]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u32>,
    /// How to write the records
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl AllocationSummary {
    /// The action to walk over.
    pub fn action(self, service: &Service) -> Result<DescribeAllocationSummaryByBusiness> {
        let month = match self.month {
            Some(month) => month,
            None if service.emulated => Month::new(2024, 2)?,
            None => {
                let today = BeijingSecond::from_unix(UnixTime::new(now()))?.datetime();
                let first = BeijingSecond::new(today.year(), today.month(), 1, 0, 0, 0)?;
                let before = UnixTime::new(first.to_unix().seconds() - 1);
                let last = BeijingSecond::from_unix(before)?.datetime();
                Month::new(last.year(), last.month())?
            }
        };
        let mut action = DescribeAllocationSummaryByBusiness::new(month)
            .with_business_codes(self.business_code)
            .with_tree_node_uniq_keys(self.tree_node_uniq_key);
        if self.daily {
            action = action.with_period_type(PeriodType::DAY);
        }
        if let Some(sort) = self.sort {
            let order = if self.desc {
                SortType::DESC
            } else {
                SortType::ASC
            };
            action = action.with_sort(Sort::new(sort), order);
        }
        action.limit = self.limit;
        Ok(action)
    }
}

/// Lists what the sub-customers of an e-signature app consumed (essbasic ChannelDescribeBillUsageDetail).
///
/// Without a key pair, on the command line or in the environment, it asks the service's emulator,
/// started in this process.
#[derive(Clone, Debug, clap::Parser)]
pub struct UsageDetail {
    /// Which service to ask.
    #[command(flatten)]
    pub service: ServiceArguments,
    /// The app's id (Agent.AppId) [default: the emulator's only one]
    #[arg(long)]
    app_id: Option<String>,
    /// Only this sub-customer (Agent.ProxyOrganizationOpenId)
    #[arg(long, value_name = "ID")]
    sub_customer: Option<String>,
    /// The first day, yyyyMMdd [default: the current month's first; 20240101 of the emulator]
    #[arg(long, value_name = "DAY")]
    start: Option<CompactDate>,
    /// The last day, included [default: today; 20240131 of the emulator]
    #[arg(long, value_name = "DAY")]
    end: Option<CompactDate>,
    /// Only this package, e.g. CloudEnterprise
    #[arg(long, value_name = "TYPE")]
    quota_type: Option<String>,
    /// How many records a request asks for [default: 50]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u32>,
    /// How to write the records
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl UsageDetail {
    /// The action to walk over.
    pub fn action(self, service: &Service) -> Result<ChannelDescribeBillUsageDetail> {
        let app_id = match self.app_id {
            Some(app_id) => app_id,
            None if service.emulated => Emulator::APP_ID.into(),
            None => return Err("--app-id is missing".into()),
        };
        let mut agent = Agent::new(app_id);
        if let Some(sub_customer) = self.sub_customer {
            agent = agent.with_proxy_organization_open_id(sub_customer);
        }
        let (start, end) = if service.emulated {
            ("20240101".parse()?, "20240131".parse()?)
        } else {
            let today = BeijingSecond::from_unix(UnixTime::new(now()))?.datetime();
            (
                CompactDate::new(today.year(), today.month(), 1)?,
                CompactDate::new(today.year(), today.month(), today.day())?,
            )
        };
        let (start, end) = (self.start.unwrap_or(start), self.end.unwrap_or(end));
        let mut action = ChannelDescribeBillUsageDetail::new(agent, start, end);
        action.quota_type = self.quota_type.map(QuotaType::new);
        action.limit = self.limit;
        Ok(action)
    }
}

fn first_second(text: &str) -> std::result::Result<BeijingSecond, tc3_core::Invalid> {
    second(text, "00:00:00")
}

fn last_second(text: &str) -> std::result::Result<BeijingSecond, tc3_core::Invalid> {
    second(text, "23:59:59")
}

/// A time, or that time of a day.
fn second(text: &str, of_day: &str) -> std::result::Result<BeijingSecond, tc3_core::Invalid> {
    if text.contains(' ') {
        text.parse()
    } else {
        format!("{text} {of_day}").parse()
    }
}

fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}
