use alloc::{borrow::Cow, format, string::String, vec::Vec};

use jiff::Span;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{SERVICE, VERSION};
use crate::{
    Action, BeijingTime, Fen, Invalid, Paginate,
    actions::{check_limit, same},
    pagination::{PageInfo, Paging, Slot, Start},
    types::{BeijingSecond, FenSum, lenient, open_set},
};

/// The default page size. The service documents no maximum.
const PAGE_SIZE: u32 = 100;

input! {
    /// Returns the transactions that paid into and out of the account, and ten sums over them.
    ///
    /// Times are Beijing times (UTC+8), and both ends of the range are included. Amounts are in fen. A request covers
    /// at most [`MAX_MONTHS`](Self::MAX_MONTHS) months. A walk covers any range, in windows of so many months.
    ///
    /// ```
    /// use tc3_core::{billing::{DescribeBillList, PayType}, types::BeijingSecond};
    ///
    /// let start: BeijingSecond = "2024-01-01 00:00:00".parse()?;
    /// let end: BeijingSecond = "2024-01-31 23:59:59".parse()?;
    /// let action = DescribeBillList::new(start, end).with_pay_types([PayType::DEDUCT]);
    /// assert_eq!(
    ///     serde_json::to_string(&action)?,
    ///     concat!(
    ///         r#"{"StartTime":"2024-01-01 00:00:00","EndTime":"2024-01-31 23:59:59","#,
    ///         r#""Offset":0,"Limit":100,"PayType":["deduct"]}"#,
    ///     ),
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// An `EndTime` before the `StartTime` and a `Limit` of 0 are refused before anything is sent.
    ///
    /// No field identifies a transaction: several may have one `BillId`, or an empty one. A walk takes `BillId`,
    /// `OperationTime`, `ActionType` and `Amount` together for a transaction's [identity](Paginate::identity), and
    /// delivers transactions that agree in all four as often as the list has them.
    ///
    /// ```
    /// use tc3_core::{billing::{BillTransactionInfo, DescribeBillList}, Paginate};
    ///
    /// let record = |amount, balance| {
    ///     serde_json::from_value::<BillTransactionInfo>(serde_json::json!({
    ///         "BillId": "1", "OperationTime": "2024-01-01 00:00:00.250", "ActionType": "deduct",
    ///         "Amount": amount, "Balance": balance,
    ///     }))
    /// };
    /// let identity = DescribeBillList::identity;
    /// assert_eq!(identity(&record(-45, 7)?), identity(&record(-45, 8)?));
    /// assert_ne!(identity(&record(-45, 7)?), identity(&record(-46, 7)?));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// Source: the vendor's page of `DescribeBillList`, billing 2018-07-09.
    #[derive(Clone, Debug, Eq)]
    pub struct DescribeBillList {
        /// The beginning of the range, Beijing time, included.
        pub start_time: BeijingSecond,
        /// The end of the range, Beijing time, included.
        pub end_time: BeijingSecond,
        /// How many records to skip. A walk starts here.
        #[serde(default)]
        pub offset: u64,
        /// The maximum number of records to return, at least 1; `None` asks for 100, or a walk's page size. `None` is
        /// serialized as 100, since the service requires a `Limit`, and so is deserialized as 100.
        #[serde(default, serialize_with = "lenient::integer_or::<PAGE_SIZE, _, _>")]
        pub limit: Option<u32>,
        /// The kinds of transactions to return; all if empty.
        pub pay_type: Vec<PayType> = "Vec::is_empty",
        /// The modes within those kinds to return; all if empty.
        pub sub_pay_type: Vec<SubPayType> = "Vec::is_empty",
        /// Whether transactions of 0 yuan are returned; the service omits them by default.
        #[serde(with = "zero_or_one")]
        pub with_zero_amount: Option<bool> = "Option::is_none",
    }
}

impl DescribeBillList {
    /// The documented maximum of months between `StartTime` and `EndTime`. The service enforces it, not this crate.
    pub const MAX_MONTHS: u32 = 6;

    /// All transactions from `start` to `end`, both included.
    pub const fn new(start: BeijingSecond, end: BeijingSecond) -> Self {
        Self {
            start_time: start,
            end_time: end,
            offset: 0,
            limit: None,
            pay_type: Vec::new(),
            sub_pay_type: Vec::new(),
            with_zero_amount: None,
        }
    }

    /// Returns only these kinds of transactions.
    pub fn with_pay_types(mut self, pay_types: impl IntoIterator<Item = PayType>) -> Self {
        self.pay_type = pay_types.into_iter().collect();
        self
    }

    /// Returns only these modes within the kinds of transactions.
    pub fn with_sub_pay_types(
        mut self,
        sub_pay_types: impl IntoIterator<Item = SubPayType>,
    ) -> Self {
        self.sub_pay_type = sub_pay_types.into_iter().collect();
        self
    }

    /// Sets whether transactions of 0 yuan are returned.
    pub fn with_zero_amount(mut self, returned: bool) -> Self {
        self.with_zero_amount = Some(returned);
        self
    }

    /// Skips the first `offset` records. A walk over several windows skips those of the first window; if that has fewer
    /// records, the walk ends with [`Error::Input`](crate::Error::Input).
    pub fn with_offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// Returns at most `limit` records, at least 1.
    pub fn with_limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// Inputs are equal if they ask for the same; a `limit` of `None` equals 100.
impl PartialEq for DescribeBillList {
    fn eq(&self, other: &Self) -> bool {
        same(self, other)
    }
}

impl Action for DescribeBillList {
    const SERVICE: &'static str = SERVICE;
    const VERSION: &'static str = VERSION;
    const NAME: &'static str = "DescribeBillList";
    const REPEATABLE: bool = true;
    const RATE: u32 = 20;
    type Output = DescribeBillListResponse;

    fn check(&self) -> Result<(), Invalid> {
        check_limit(self.limit)?;
        if self.end_time < self.start_time {
            return Err(Invalid::new("EndTime", "must not be before StartTime"));
        }
        Ok(())
    }
}

/// `Offset` counts records. The vendor's page says only "from 0", so a walk compares the number of records with the
/// total.
impl Paginate for DescribeBillList {
    type Item = BillTransactionInfo;
    const PAGING: Paging = Paging::ItemOffset;
    const PAGE_SIZE: u32 = PAGE_SIZE;

    fn start(&self) -> Start {
        Start::new(self.offset, self.limit)
    }

    fn turn_to(&mut self, slot: &Slot) {
        (self.offset, self.limit) = (slot.offset, Some(slot.limit));
    }

    fn page_info(output: &Self::Output) -> PageInfo {
        PageInfo::new(output.transaction_list.len()).with_total(output.total)
    }

    fn into_items(output: Self::Output) -> Vec<BillTransactionInfo> {
        output.transaction_list
    }

    fn split(&mut self) -> Option<Self> {
        let longest = Span::new().months(Self::MAX_MONTHS);
        let end = self.start_time.datetime().checked_add(longest).ok()?;
        let end = BeijingSecond::try_from(end).ok()?;
        if end >= self.end_time {
            return None;
        }
        // Both windows include the second between them: it is not documented whether a range includes all of its last
        // second or only its first instant.
        let rest = Self {
            start_time: end,
            ..self.clone()
        };
        self.end_time = end;
        Some(rest)
    }

    fn window(&self) -> Option<String> {
        Some(format!("{} to {}", self.start_time, self.end_time))
    }

    /// Several transactions may have one `BillId`, or an empty one.
    fn identity(item: &BillTransactionInfo) -> Option<Cow<'_, str>> {
        let (id, kind, amount) = (&item.bill_id, item.action_type.as_str(), item.amount.get());
        let second = item.operation_time.to_unix();
        let nanosecond = item.operation_time.datetime().subsec_nanosecond();
        Some(Cow::Owned(format!(
            "{id} {second} {nanosecond} {kind} {amount}"
        )))
    }

    fn is_shared(&self, item: &BillTransactionInfo) -> bool {
        let second = item.operation_time.second();
        second == self.start_time || second == self.end_time
    }

    fn retain(output: &mut Self::Output, keep: &mut dyn FnMut(&BillTransactionInfo) -> bool) {
        output.transaction_list.retain(keep);
    }
}

impl DescribeBillListResponse {
    /// The sum over the transactions of this type, as an absolute value. `None` if the service omitted it, for
    /// [`PayType::ALL`], for the types of international credit accounts and for an unknown type: they have no sum.
    ///
    /// ```
    /// use tc3_core::{billing::{DescribeBillListResponse, PayType}, Fen};
    ///
    /// let answer: DescribeBillListResponse = serde_json::from_str(
    ///     r#"{"DeductAmount": 145, "WithdrawAmount": 0, "TransactionList": [
    ///         {"ActionType": "deduct", "Amount": -45, "BillId": "1",
    ///             "OperationTime": "2024-01-01 00:00:00.250"},
    ///         {"ActionType": "deduct", "Amount": -100, "BillId": "2",
    ///             "OperationTime": "2024-01-02 00:00:00.000"}
    ///     ]}"#,
    /// )?;
    /// let records = answer.transaction_list.iter();
    /// let paid: Option<Fen> = records.map(|record| record.amount).sum();
    /// assert_eq!(paid, Some(Fen::new(-145)));
    /// let sum = answer.sum_of(&PayType::DEDUCT).and_then(|sum| sum.to_fen());
    /// assert_eq!(sum, Some(Fen::new(145)));
    /// assert_eq!(answer.sum_of(&PayType::CASH), answer.withdraw_amount.as_ref());
    /// assert_eq!(answer.sum_of(&PayType::ADJ_DEDUCT), None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn sum_of(&self, pay_type: &PayType) -> Option<&FenSum> {
        let sums = [
            (PayType::RETURN, &self.return_amount),
            (PayType::RECHARGE, &self.recharge_amount),
            (PayType::BLOCK, &self.block_amount),
            (PayType::UNBLOCK, &self.unblock_amount),
            (PayType::DEDUCT, &self.deduct_amount),
            (PayType::AGENTIN, &self.agent_in_amount),
            (PayType::ADVANCED, &self.advance_recharge_amount),
            (PayType::CASH, &self.withdraw_amount),
            (PayType::AGENTOUT, &self.agent_out_amount),
            (PayType::REPAY, &self.advance_pay_amount),
        ];
        let (_, sum) = sums.into_iter().find(|(known, _)| known == pay_type)?;
        sum.as_ref()
    }
}

output! {
    /// A page of transactions, and the sums over all pages of the range that was requested.
    ///
    /// A walk over a longer range has sums for each of its windows. Neighbouring windows share a second: a walk delivers
    /// its transactions once, but they are in the sums of both. For sums over more than six months, add up lists that
    /// share no second, such as months ([`Month::first_second`](crate::Month::first_second) to `last_second`).
    ///
    /// A sum is `None` if the service omitted it. The service documents the sums as floats in fen. A sum that is not a
    /// whole number of fen is kept unchanged, so that the transactions can still be read.
    ///
    /// Sums have no sign: they are absolute values, while a transaction's amount is negative if it is paid out. The
    /// vendor's pages don't say so; their example does. [`sum_of`](Self::sum_of) has the sum for each [`PayType`].
    pub struct DescribeBillListResponse {
        /// The transactions of this page; empty if null or absent.
        pub transaction_list: Vec<BillTransactionInfo> = "lenient::objects",
        /// The number of transactions on all pages; `None` if the service gives none.
        pub total: Option<u64> = "lenient::optional_total",
        /// Refunds ([`PayType::RETURN`]), in fen.
        pub return_amount: Option<FenSum> = "lenient::optional",
        /// Recharges ([`PayType::RECHARGE`]), in fen.
        pub recharge_amount: Option<FenSum> = "lenient::optional",
        /// Freezes ([`PayType::BLOCK`]), in fen.
        pub block_amount: Option<FenSum> = "lenient::optional",
        /// Unfreezes ([`PayType::UNBLOCK`]), in fen.
        pub unblock_amount: Option<FenSum> = "lenient::optional",
        /// Deductions ([`PayType::DEDUCT`]), in fen.
        pub deduct_amount: Option<FenSum> = "lenient::optional",
        /// Transfers in ([`PayType::AGENTIN`]), in fen.
        pub agent_in_amount: Option<FenSum> = "lenient::optional",
        /// Recharges by advance payment ([`PayType::ADVANCED`]), in fen.
        pub advance_recharge_amount: Option<FenSum> = "lenient::optional",
        /// Withdrawals ([`PayType::CASH`]), in fen.
        pub withdraw_amount: Option<FenSum> = "lenient::optional",
        /// Transfers out ([`PayType::AGENTOUT`]), in fen.
        pub agent_out_amount: Option<FenSum> = "lenient::optional",
        /// Repayments of advances ([`PayType::REPAY`]), in fen.
        pub advance_pay_amount: Option<FenSum> = "lenient::optional",
    }

    /// One transaction. A field that the service omitted is `None`.
    pub struct BillTransactionInfo {
        /// The kind of transaction.
        pub action_type: PayType,
        /// The amount in fen; positive is paid in, negative is paid out.
        pub amount: Fen,
        /// The available balance after the transaction, in fen.
        pub balance: Option<Fen> = "lenient::optional",
        /// The transaction's number.
        #[serde(deserialize_with = "lenient::required")]
        pub bill_id: String,
        /// A description for people.
        pub operation_info: Option<String> = "lenient::optional_text",
        /// The time of the transaction, Beijing time, with milliseconds.
        pub operation_time: BeijingTime,
        /// The cash balance after the transaction, in fen.
        pub cash: Option<Fen> = "lenient::optional",
        /// The balance of free credits after the transaction, in fen.
        pub incentive: Option<Fen> = "lenient::optional",
        /// The frozen balance after the transaction, in fen.
        pub freezing: Option<Fen> = "lenient::optional",
        /// The account or channel that paid, as a text for people.
        pub pay_channel: Option<String> = "lenient::optional_text",
        /// The mode within the kind of transaction.
        pub deduct_mode: Option<SubPayType>,
    }
}

open_set! {
    /// A kind of transaction.
    pub struct PayType {
        /// All kinds; only in requests.
        ALL = "all",
        /// A recharge.
        RECHARGE = "recharge",
        /// A refund.
        RETURN = "return",
        /// An unfreeze.
        UNBLOCK = "unblock",
        /// A transfer in.
        AGENTIN = "agentin",
        /// An advance payment.
        ADVANCED = "advanced",
        /// A withdrawal.
        CASH = "cash",
        /// A deduction.
        DEDUCT = "deduct",
        /// A freeze.
        BLOCK = "block",
        /// A transfer out.
        AGENTOUT = "agentout",
        /// A repayment of an advance.
        REPAY = "repay",
        /// A repayment; credit accounts of the international site only.
        REPAYMENT = "repayment",
        /// An adjustment up; credit accounts of the international site only.
        ADJ_REFUND = "adj_refund",
        /// An adjustment down; credit accounts of the international site only.
        ADJ_DEDUCT = "adj_deduct",
    }
}

open_set! {
    /// A mode within a kind of transaction. Each constant names its kinds.
    ///
    /// Requests and responses spell some modes differently, e.g. `hour_h` and `hourh`. Both are read as the same mode,
    /// with the spelling of requests.
    ///
    /// ```
    /// use tc3_core::billing::SubPayType;
    ///
    /// let mode: SubPayType = serde_json::from_str("\"hourh\"")?;
    /// assert_eq!(mode, SubPayType::HOUR_H);
    /// assert_eq!(
    ///     (mode, SubPayType::new("hourd").as_str()),
    ///     (SubPayType::new("hour_h"), "hour_d")
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct SubPayType {
        /// All modes; only in requests.
        ALL = "all",
        /// A prepaid purchase (deduct), or the refund of one (return).
        TRADE = "trade",
        /// Pay as you go, settled by the hour (deduct).
        HOUR_H = "hour_h" | "hourh",
        /// Pay as you go, settled by the day (deduct).
        HOUR_D = "hour_d" | "hourd",
        /// Pay as you go, settled by the month (deduct).
        HOUR_M = "hour_m" | "hourm",
        /// A deduction by adjustment (deduct).
        DECOMPENSATE = "decompensate",
        /// Of a third party (deduct, block, unblock).
        OTHER = "other",
        /// An offline project (deduct), free credits reset (cash), or an advance repaid (repay).
        PANSHI = "panshi",
        /// Offline: a product (deduct), a recharge (recharge) or a withdrawal (cash).
        OFFLINE = "offline",
        /// Online: a recharge (recharge) or a withdrawal (cash).
        ONLINE = "online",
        /// A recharge from a company's bank (recharge), in the service's own spelling.
        BANK_ENTERPRICE = "bank-enterprice",
        /// A recharge from shared proceeds (recharge).
        TRANSFER = "transfer",
        /// A recharge by advance payment (advanced).
        ADVANCED = "advanced",
        /// Pay as you go (block, unblock).
        HOUR = "hour",
        /// By the month (block, unblock).
        MONTH = "month",
        /// A compensation by adjustment (return).
        COMPENSATE = "compensate",
    }
}

/// A yes or no that the service writes as 1 or 0.
mod zero_or_one {
    use serde::de::Error as _;

    use super::{Deserialize, Deserializer, Invalid, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        value: &Option<bool>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(u8::from).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<bool>, D::Error> {
        let number = Option::<u64>::deserialize(deserializer)?;
        if number > Some(1) {
            let invalid = Invalid::new("WithZeroAmount", "must be 0 or 1");
            return Err(D::Error::custom(invalid));
        }
        Ok(number.map(|number| number == 1))
    }
}
