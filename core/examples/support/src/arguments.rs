use std::{
    marker::PhantomData,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use serde_json::{Map, Value};
use tc3_core::{
    Action, CompactDate, Month, UnixTime, Walk,
    billing::{
        DescribeAllocationSummaryByBusiness, DescribeBillList, PayType, PeriodType, Sort, SortType,
        SubPayType,
    },
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail, QuotaType},
    types::BeijingSecond,
};

use crate::{Export, OutputArguments, Result, Service, ServiceArguments};

const DAY: i64 = 86_400;

/// Lists what was paid into and out of the account (billing DescribeBillList).
///
/// Without a key pair, on the command line or in the environment, it starts the service's emulator in this process
/// and calls that.
#[derive(Clone, Debug, Serialize, clap::Parser)]
#[serde(rename_all = "kebab-case")]
pub struct BillList {
    /// Which service to ask.
    #[serde(skip)]
    #[command(flatten)]
    pub service: ServiceArguments,
    /// Of when.
    #[serde(flatten)]
    #[command(flatten)]
    time: TimeArguments,
    /// Records per page [default: 100]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u32>,
    /// Only these kinds of transactions, e.g. deduct recharge
    #[arg(long, value_name = "TYPE", num_args = 1.., value_delimiter = ',')]
    pay_type: Vec<String>,
    /// Only these modes within the kinds, e.g. hour_h
    #[arg(long, value_name = "TYPE", num_args = 1.., value_delimiter = ',')]
    sub_pay_type: Vec<String>,
    /// Include transactions of 0 yuan
    #[arg(long)]
    with_zero_amount: bool,
    /// How fast.
    #[serde(skip)]
    #[command(flatten)]
    pub pace: PaceArguments<DescribeBillList>,
    /// Where the records go, and in which form.
    #[serde(flatten)]
    #[command(flatten)]
    pub output: OutputArguments,
}

impl BillList {
    /// What is walked over, and where its records go.
    pub fn export(&self, service: &Service) -> Result<Export<DescribeBillList>> {
        let given = given(self, service)?;
        Export::begin(self.output.clone(), given, || {
            Ok(self.action(service)?.into())
        })
    }

    fn action(&self, service: &Service) -> Result<DescribeBillList> {
        let (start, end) = self.time.range(service)?;
        let mut action = DescribeBillList::new(start, end)
            .with_pay_types(self.pay_type.iter().cloned().map(PayType::new))
            .with_sub_pay_types(self.sub_pay_type.iter().cloned().map(SubPayType::new));
        if self.with_zero_amount {
            action = action.with_zero_amount(true);
        }
        action.limit = self.limit;
        Ok(action)
    }
}

/// Lists what each product cost each cost-allocation unit, month by month (billing DescribeAllocationSummaryByBusiness).
///
/// Without a key pair, on the command line or in the environment, it starts the service's emulator in this process
/// and calls that.
#[derive(Clone, Debug, Serialize, clap::Parser)]
#[serde(rename_all = "kebab-case")]
pub struct AllocationSummary {
    /// Which service to ask.
    #[serde(skip)]
    #[command(flatten)]
    pub service: ServiceArguments,
    /// The month, yyyy-MM [default: last month; 2024-02 of the emulator]
    #[arg(long)]
    month: Option<Month>,
    /// The last month of a range
    #[arg(long, value_name = "MONTH", requires = "month")]
    through: Option<Month>,
    /// One record a day instead of a month
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
    /// Records per page [default: 1000]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u32>,
    /// How fast.
    #[serde(skip)]
    #[command(flatten)]
    pub pace: PaceArguments<DescribeAllocationSummaryByBusiness>,
    /// Where the records go, and in which form.
    #[serde(flatten)]
    #[command(flatten)]
    pub output: OutputArguments,
}

impl AllocationSummary {
    /// What is walked over, and where its records go.
    pub fn export(&self, service: &Service) -> Result<Export<DescribeAllocationSummaryByBusiness>> {
        let given = given(self, service)?;
        Export::begin(self.output.clone(), given, || {
            let first = self.action(service)?;
            Ok(match self.through {
                Some(last) => Walk::over(first.through(last)?),
                None => first.into(),
            })
        })
    }

    fn action(&self, service: &Service) -> Result<DescribeAllocationSummaryByBusiness> {
        let month = match self.month {
            Some(month) => month,
            None if service.emulated.is_some() => Month::new(2024, 2)?,
            None => last_month()?,
        };
        let mut action = DescribeAllocationSummaryByBusiness::new(month)
            .with_business_codes(&self.business_code)
            .with_tree_node_uniq_keys(&self.tree_node_uniq_key);
        if self.daily {
            action = action.with_period_type(PeriodType::DAY);
        }
        if let Some(sort) = &self.sort {
            let order = if self.desc {
                SortType::DESC
            } else {
                SortType::ASC
            };
            action = action.with_sort(Sort::new(sort.clone()), order);
        }
        action.limit = self.limit;
        Ok(action)
    }
}

/// Lists what the sub-customers of an e-signature app consumed (essbasic ChannelDescribeBillUsageDetail).
///
/// Without a key pair, on the command line or in the environment, it starts the service's emulator in this process
/// and calls that.
#[derive(Clone, Debug, Serialize, clap::Parser)]
#[serde(rename_all = "kebab-case")]
pub struct UsageDetail {
    /// Which service to ask.
    #[serde(skip)]
    #[command(flatten)]
    pub service: ServiceArguments,
    /// Of which app and when.
    #[serde(flatten)]
    #[command(flatten)]
    days: DayArguments,
    /// Only this sub-customer (Agent.ProxyOrganizationOpenId)
    #[arg(long, value_name = "ID")]
    sub_customer: Option<String>,
    /// Only this package, e.g. CloudEnterprise
    #[arg(long, value_name = "TYPE")]
    quota_type: Option<String>,
    /// Records per page [default: 50]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u32>,
    /// How fast.
    #[serde(skip)]
    #[command(flatten)]
    pub pace: PaceArguments<ChannelDescribeBillUsageDetail>,
    /// Where the records go, and in which form.
    #[serde(flatten)]
    #[command(flatten)]
    pub output: OutputArguments,
}

impl UsageDetail {
    /// What is walked over, and where its records go.
    pub fn export(&self, service: &Service) -> Result<Export<ChannelDescribeBillUsageDetail>> {
        let given = given(self, service)?;
        Export::begin(self.output.clone(), given, || {
            Ok(self.action(service)?.into())
        })
    }

    fn action(&self, service: &Service) -> Result<ChannelDescribeBillUsageDetail> {
        let mut agent = Agent::new(self.days.app_id(service)?);
        if let Some(sub_customer) = &self.sub_customer {
            agent = agent.with_proxy_organization_open_id(sub_customer);
        }
        let (start, end) = self.days.range(service)?;
        let mut action = ChannelDescribeBillUsageDetail::new(agent, start, end);
        action.quota_type = self.quota_type.clone().map(QuotaType::new);
        action.limit = self.limit;
        Ok(action)
    }
}

/// Of which time transactions are listed.
#[derive(Clone, Copy, Debug, Serialize, clap::Args)]
pub struct TimeArguments {
    /// The beginning, Beijing time, "yyyy-MM-dd HH:mm:ss" or a day [default: 30 days ago; 2024-01-01 of the emulator]
    #[arg(long, value_name = "TIME", value_parser = first_second)]
    start: Option<BeijingSecond>,
    /// The end, included [default: now; 2024-06-30 of the emulator]
    #[arg(long, value_name = "TIME", value_parser = last_second)]
    end: Option<BeijingSecond>,
}

impl TimeArguments {
    /// The first and the last second.
    pub fn range(&self, service: &Service) -> Result<(BeijingSecond, BeijingSecond)> {
        let (start, end) = if service.emulated.is_some() {
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
        Ok((self.start.unwrap_or(start), self.end.unwrap_or(end)))
    }
}

/// Of which app and which days uses are listed.
#[derive(Clone, Debug, Serialize, clap::Args)]
#[serde(rename_all = "kebab-case")]
pub struct DayArguments {
    /// The app's id (Agent.AppId) [default: the emulator's only one]
    #[arg(long)]
    app_id: Option<String>,
    /// The first day, yyyyMMdd [default: the current month's first; 20240101 of the emulator]
    #[arg(long, value_name = "DAY")]
    start: Option<CompactDate>,
    /// The last day, included [default: today; 20240131 of the emulator]
    #[arg(long, value_name = "DAY")]
    end: Option<CompactDate>,
}

impl DayArguments {
    /// The app's id.
    pub fn app_id(&self, service: &Service) -> Result<&str> {
        match &self.app_id {
            Some(app_id) => Ok(app_id),
            None if service.emulated.is_some() => Ok(Emulator::APP_ID),
            None => Err("--app-id is missing".into()),
        }
    }

    /// The first and the last day.
    pub fn range(&self, service: &Service) -> Result<(CompactDate, CompactDate)> {
        let (start, end) = if service.emulated.is_some() {
            ("20240101".parse()?, "20240131".parse()?)
        } else {
            let today = BeijingSecond::from_unix(UnixTime::new(now()))?.datetime();
            (
                CompactDate::new(today.year(), today.month(), 1)?,
                CompactDate::new(today.year(), today.month(), today.day())?,
            )
        };
        Ok((self.start.unwrap_or(start), self.end.unwrap_or(end)))
    }
}

/// How fast a list of an action is walked over.
#[derive(Clone, Debug, clap::Args)]
pub struct PaceArguments<A: Action> {
    /// Number of pages to fetch at once, and to hold until they are written
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        allow_negative_numbers = true
    )]
    pub width: usize,
    /// Maximum number of requests a second; by default as many as the service allows
    #[arg(long, value_name = "N", default_value_t = A::RATE, allow_negative_numbers = true)]
    pub rate: u32,
    #[arg(skip)]
    action: PhantomData<A>,
}

/// What decides an export's content: the arguments, without those that serde skips, and the emulator's number of records.
pub fn given(arguments: &impl Serialize, service: &Service) -> Result<Map<String, Value>> {
    let mut given = match serde_json::to_value(arguments)? {
        Value::Object(given) => given,
        _ => Map::new(),
    };
    given.insert("records".into(), service.emulated.into());
    Ok(given)
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

/// The month before the current one, in Beijing.
pub fn last_month() -> Result<Month> {
    Ok(Month::of(UnixTime::new(now()))?.minus(1)?)
}

/// The time, in seconds since 1970.
pub(crate) fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}
