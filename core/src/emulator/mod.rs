//! An emulator of the service: verifies requests and returns responses, without IO.

mod account;
mod described;
mod faults;
mod first_version;
mod frequency;
mod language;
mod ledger;
mod own_action;
mod parameters;
mod roles;
mod script;
mod served;
pub(crate) mod signature;
mod verification;

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Map, Value};

use crate::{Credential, UnixTime, error::Refusal};

pub use account::Account;
use account::AccountState;
use described::DescribedAction;
pub use described::DescriptionError;
pub use faults::{Fault, Scripted, When};
use first_version::Parameters;
pub use frequency::Frequency;
use language::Language;
use ledger::{Calendar, Random, usage_detail};
pub use own_action::ActionRequest;
use parameters::Fields;
use roles::Roles;
pub use script::Exchange;
use script::{PageFaults, Script};
use served::{Answer, Asked, Served, target};

/// The default of [`Emulator::with_usage_limit`].
const USAGE_LIMIT: u32 = 100;

/// An emulator of the service: verifies every request as the service does, and answers it from a ledger.
///
/// The ledger is computed on request from a seed, so the same seed gives the same ledger, and any number of records
/// takes no memory but for the order of a sorted list. A ledger has 24 months, Beijing time: the years 2024 and 2025,
/// or those that end [with a given day](Self::with_until). With `n` records there are
///
/// - `n` transactions, spread evenly over these months, in order of time; and
///   one of 0 yuan after every 32 of them, which are returned only with `WithZeroAmount`;
/// - `n` records of products in each month, distributed over five cost-allocation units, one of which
///   has the unassigned costs;
/// - `n + 1` lines of [the bill](#the-bill) in each month;
/// - `n` uses in each month for the app [`APP_ID`](Self::APP_ID), distributed over its five
///   [`SUB_CUSTOMERS`](Self::SUB_CUSTOMERS).
///
/// Costs look like an account's, so that reports and charts have something to show. Of 12 products, three make more
/// than half of the cost. The whole grows by about the half in 24 months, and object storage more than doubles. In the
/// sixth to last month, OCR ends and a large language model begins, which grows fast. In the fourth to last month, half
/// the usual cost of MySQL is given back instead of charged, and transactions of the type `return` are 20 times as
/// large. All sums that the emulator reports are exactly those of its records.
///
/// ```
/// use tc3_core::{
///     Credential, Session, UnixTime,
///     emulator::Emulator,
///     essbasic::{Agent, ChannelDescribeBillUsageDetail},
///     wire::{request, response},
/// };
///
/// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
/// let mut service = Emulator::new(credential.clone()).with_records(10);
/// let now = UnixTime::new(1_760_000_000);
///
/// let (start, end) = ("20240101".parse()?, "20240131".parse()?);
/// let action =
///     ChannelDescribeBillUsageDetail::new(Agent::new(Emulator::APP_ID), start, end);
/// let signed = request::sign(&action, &mut Session::new(credential), now)?;
/// let reply =
///     response::read::<ChannelDescribeBillUsageDetail>(&service.handle(now, &signed))?;
/// assert_eq!(reply.output.total, Some(10));
///
/// // Another key signs something else, and the emulator sees it.
/// let mut forger = Session::new(Credential::new("AKIDEXAMPLE", "another-key")?);
/// let forged = request::sign(&action, &mut forger, now)?;
/// let error =
///     response::read::<ChannelDescribeBillUsageDetail>(&service.handle(now, &forged))
///         .unwrap_err();
/// assert_eq!(error.refusal().unwrap().code(), "AuthFailure.SignatureFailure");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It may have [several accounts](Self::with_account), each with a ledger of its own, [all actions of a described
/// service](Self::describe), and [actions of your own](Self::with_action).
///
/// [`GetCallerIdentity`](crate::sts::GetCallerIdentity) tells whose a key is: the first account has the number
/// 100000000001, the next one 100000000002, and so on; their key pairs belong to the sub-accounts 200000000001,
/// 200000000002, ….
///
/// It also issues temporary keys: by `AssumeRole` and `AssumeRoleWithWebIdentity` for its one [role](Self::ROLE_ARN),
/// and by the metadata endpoint of a [machine with a role](Self::with_machine_role). They are valid until they expire.
///
/// # The bill
///
/// Each record of a product is a line of the month's bill, with the same product and the same amounts in cash, vouchers,
/// credits and proceeds, split over one to three components. One more line, `billVirtualId`, rounds the month's cost to
/// whole fen, and moves a few yuan from cash to credits. All sums of a month are those of its lines, to the last digit:
///
/// - `DescribeBillDetail` lists the lines, `DescribeAllocationBillDetail` their components by cost-allocation unit, and
///   `DescribeBillResourceSummary` sums by resource and kind of charge.
/// - `DescribeBillSummaryByProduct`, `…ByProject`, `…ByRegion`, `…ByPayMode` and `…ByTag` have exact sums,
///   `DescribeBillSummary` has them in whole fen. A list price that is not shown (`-`) is not in any sum.
/// - `DescribeCostDetail` spreads a subscription over its days, which add up to it. All other lines are as in the bill.
///   No subscription began before the ledger.
/// - `DescribeVoucherInfo` lists two vouchers for each month. `DescribeVoucherUsageDetails` lists the lines that they
///   paid a part of.
/// - `DescribeAccountBalance` has the balance after the newest transaction.
///
/// A bill has usage by the hour, day, month and second; subscriptions of 1, 3 and 12 months, and refunds of them;
/// adjustments of this month and of the one before; the hourly fees of a savings plan and of two reserved instances, and
/// usage in the same hour that they cover in part or completely. Quantities have up to eight decimals, even where a real
/// bill has whole numbers, so that price × quantity × discount is the amount to the last digit.
///
/// A month that has not begun is refused. The vendor's limit of 18 months into the past is not applied.
///
/// All accounts form one organisation, managed by the first one, which can read the bill of another account by
/// `PayerUin`. It also pays for resources of two members: the actions `…ForOrganization` return to a member what is paid
/// for it, and to the first account what it pays for all members.
///
/// # What it accepts
///
/// It accepts signatures of both versions: `TC3-HMAC-SHA256`, and `HmacSHA1` and `HmacSHA256` by GET or as a form. For
/// a host of the vendor (`*.tencentcloudapi.com`), the signature must fit the `Host` header, and the service must be
/// the host's first label. For any other host (`127.0.0.1:8080`, `billing.localhost:8080`), some of the vendor's SDKs
/// can't sign correctly. There
///
/// - a signature over the host without its port is accepted as well;
/// - a signature for the service that the host's first label names (`127`, `billing`) is accepted for any service; the
///   action and its version say which one is meant.
///
/// `X-TC-Region` must name an existing region if it is sent; the actions of STS require it. A refusal's message is
/// English, or Chinese if `X-TC-Language` is `zh-CN`.
///
/// The rules of the vendor's pages are enforced strictly, even if examples on the same pages break them;
/// [`with_documented_examples`](Self::with_documented_examples) accepts these too.
///
/// Nothing fails by default; [`with_fault`](Self::with_fault) adds faults.
#[derive(Clone, Debug)]
pub struct Emulator {
    first: AccountState,
    others: Vec<AccountState>,
    calendar: Calendar,
    own: Vec<Served>,
    described: Vec<described::Service>,
    seed: u64,
    answered: u64,
    exact_end_time: bool,
    takes_documented_examples: bool,
    usage_limit: u32,
    frequency_limits: bool,
    script: Script,
    roles: Roles,
}

impl Emulator {
    /// The id of the only e-signature app.
    pub const APP_ID: &'static str = "yDwFdUUckpsw00000000yQ0af8bHosXQtb";
    /// The `ProxyOrganizationOpenId` of each of the app's sub-customers.
    pub const SUB_CUSTOMERS: [&'static str; 5] = usage_detail::SUB_CUSTOMERS;

    /// A service with one account, which has 1,000 records and seed 0.
    pub fn new(credential: Credential) -> Self {
        Self {
            first: AccountState::new(Account::new(credential), Calendar::default()),
            others: Vec::new(),
            calendar: Calendar::default(),
            own: Vec::new(),
            described: Vec::new(),
            seed: 0,
            answered: 0,
            exact_end_time: false,
            takes_documented_examples: false,
            usage_limit: USAGE_LIMIT,
            frequency_limits: false,
            script: Script::default(),
            roles: Roles::default(),
        }
    }

    /// Enables the service's rate limits: in one second of its clock, each action accepts as many requests as its
    /// documented rate from each account, [`Action::RATE`](crate::Action::RATE), and refuses more with
    /// `RequestLimitExceeded`.
    ///
    /// Every verified request counts, even if it is refused, unless its `Content-Type` is wrong;
    /// [`frequencies`](Self::frequencies) has the numbers. There is no limit by default, since tests may have a clock that
    /// stands still.
    #[must_use = "the emulator is returned, not changed"]
    pub fn with_frequency_limits(self) -> Self {
        Self {
            frequency_limits: true,
            ..self
        }
    }

    /// Interprets the `EndTime` of `DescribeBillList` strictly: the last included instant is its millisecond `.000`. By
    /// default the whole second is included.
    #[must_use = "the emulator is returned, not changed"]
    pub fn with_exact_end_time(self) -> Self {
        Self {
            exact_end_time: true,
            ..self
        }
    }

    /// Sets the default and the maximum of the `Limit` of `ChannelDescribeBillUsageDetail`. It is 100 by default, as in
    /// the vendor's newest description; an older one, which the service may still follow, has 50.
    #[must_use = "the emulator is returned, not changed"]
    pub fn with_usage_limit(self, limit: u32) -> Self {
        Self {
            usage_limit: limit,
            ..self
        }
    }

    /// Accepts examples on the vendor's pages that break the rules of the same pages: a range of a year for
    /// `DescribeBillList`, a `Sort` of `realCost` (the total cost) for `DescribeAllocationSummaryByBusiness`, and an
    /// `AppId` with asterisks, which stands for [`APP_ID`](Self::APP_ID). A `Month` of `2022-11-01 00:00:00` is always
    /// accepted.
    ///
    /// They are refused by default, since a client that keeps the rules works with any service.
    #[must_use = "the emulator is returned, not changed"]
    pub fn with_documented_examples(self) -> Self {
        Self {
            takes_documented_examples: true,
            ..self
        }
    }

    /// The response without faults, or an HTML page for a request that is not for the API.
    fn respond(
        &mut self,
        now: UnixTime,
        request: &Request<Bytes>,
        faults: &PageFaults,
    ) -> Response<Bytes> {
        if request.uri().path() != "/" {
            let answer = self.metadata(now, request);
            return answer.unwrap_or_else(|| page(StatusCode::NOT_FOUND));
        }
        let request_id = self.request_id();
        let answer = self.answer(now, request, faults);
        enveloped(request_id, now, Language::of(request), answer)
    }

    fn answer(&mut self, now: UnixTime, request: &Request<Bytes>, faults: &PageFaults) -> Handled {
        let call = match Parameters::of(request) {
            Some(parameters) => self.first_version(now, request, parameters)?,
            None => self.third_version(now, request)?,
        };
        let served = self.find(call.service.as_deref(), &call.action, &call.version)?;
        let target = &served.target;
        let secret_id = call.secret_id.as_deref();
        let signer = secret_id.and_then(|id| Some(self.known(id)?.0));
        let Some(account) = signer.or((!target.signed).then_some(0)) else {
            return refuse(
                "AuthFailure.InvalidAuthorization",
                "the request is not signed",
            );
        };
        if self.frequency_limits {
            let frequencies = &mut self.account(account).frequencies;
            if !frequencies.admits(target, now) {
                return refuse(
                    "RequestLimitExceeded",
                    format!("more than {} requests in a second", target.rate),
                );
            }
        }
        call.check_region(target)?;
        let mut output = match served.answer {
            Answer::Handler(fields, handler) => {
                let mut input = call.input.read(Fields::Written(fields))?;
                if faults.first_page {
                    input.insert("Offset".into(), 0.into());
                }
                let added = &mut self.account(account).added;
                let asked = Asked {
                    account,
                    secret_id,
                    now,
                    added: added.grow(&target.action, &input, faults),
                    sums: faults.sums,
                    ready: !faults.not_ready,
                };
                handler(self, asked, input)?
            }
            Answer::Closure(answer) => {
                let mut request = ActionRequest {
                    secret_id: self.account(account).secret_id().into(),
                    now,
                    region: call.region.map(Into::into),
                    parameters: call.input.unchecked()?,
                };
                if faults.first_page
                    && let Some(offset) = request.parameters.get_mut("Offset")
                {
                    *offset = 0.into();
                }
                object(&answer(&request)?)?
            }
            Answer::Described(description) => {
                let Some(action) = DescribedAction::new(&description, &target.action) else {
                    return refuse("InvalidAction", "there is no such action");
                };
                let input = call.input.read(action.fields())?;
                let account = self.account(account);
                let added = account.added.grow(&action.full_name(), &input, faults);
                action.answer(&input, &account.account, added, faults)?
            }
            Answer::Unsupported(why) => return refuse("UnsupportedOperation", why),
        };
        for name in served.total {
            if let Some(total) = output.get_mut(*name)
                && let Some(number) = total.as_u64()
            {
                *total = number.saturating_add_signed(faults.total).into();
            }
        }
        Ok(output)
    }

    fn request_id(&mut self) -> String {
        self.answered = self.answered.wrapping_add(1);
        let mut random = Random::new(self.seed, "request id", self.answered);
        let (high, low) = (random.next(), random.next());
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}

/// The fields of `Response`, or a refusal.
type Handled = Result<Map<String, Value>, Refused>;

/// A refusal.
#[derive(Debug)]
struct Refused {
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    /// Whether the message has the words of an action of the user's own, which are not translated.
    own: bool,
}

impl Refused {
    fn new(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            own: false,
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            own: true,
            ..Self::new(refusal.code().to_string(), refusal.message().to_string())
        }
    }
}

fn refuse<T>(code: &'static str, message: impl Into<Cow<'static, str>>) -> Result<T, Refused> {
    Err(Refused::new(code, message))
}

/// An answer of the API.
fn enveloped(
    request_id: String,
    now: UnixTime,
    language: Language,
    answer: Handled,
) -> Response<Bytes> {
    let mut body = answer.unwrap_or_else(|refused| {
        let message = language.message(&refused);
        Map::from_iter([(
            "Error".to_string(),
            serde_json::json!({"Code": refused.code, "Message": message}),
        )])
    });
    body.insert("RequestId".into(), request_id.into());
    let envelope = Value::Object(Map::from_iter([("Response".into(), Value::Object(body))]));
    let mut response = Response::new(Bytes::from(envelope.to_string()));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    if let Some(date) = http_date(now) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// A gateway's page, which is no answer of the API.
fn page(status: StatusCode) -> Response<Bytes> {
    let mut page = Response::new(Bytes::from(format!("<html>{status}</html>")));
    *page.status_mut() = status;
    page
}

fn http_date(now: UnixTime) -> Option<HeaderValue> {
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now.try_into().ok()?);
    HeaderValue::from_str(&date.ok()?).ok()
}

/// The fields of an output.
fn object(output: &impl serde::Serialize) -> Handled {
    match serde_json::to_value(output) {
        Ok(Value::Object(map)) => Ok(map),
        _ => refuse("FailedOperation", "the output is no object"),
    }
}
