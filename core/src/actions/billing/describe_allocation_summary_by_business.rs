use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{SERVICE, VERSION};
use crate::{
    Action, Invalid, Month, Paginate, Yuan,
    actions::{check_limit, same},
    pagination::{PageInfo, Paging, Slot, Start},
    types::{BillDate, Percent, lenient, open_set},
};

/// The documented maximum of records on a page, and the default page size.
const MAX_PAGE_SIZE: u32 = 1_000;

input! {
    /// Returns the cost of each product for each cost-allocation unit in a month, and the month's sums.
    ///
    /// Amounts are in yuan. The service computes a month's summary after the month has ended. Until then it refuses
    /// with `FailedOperation.SummaryDataNotReady` ([`Kind::NotReady`](crate::error::Kind::NotReady)).
    ///
    /// ```
    /// use tc3_core::{billing::{DescribeAllocationSummaryByBusiness, Sort, SortType}, Month};
    ///
    /// let action = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 2)?)
    ///     .with_sort(Sort::REAL_TOTAL_COST, SortType::DESC)
    ///     .with_limit(30);
    /// assert_eq!(
    ///     serde_json::to_string(&action)?,
    ///     concat!(
    ///         r#"{"Limit":30,"Offset":0,"Month":"2024-02","#,
    ///         r#""SortType":"desc","Sort":"RealTotalCost"}"#,
    ///     ),
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A `Limit` of 0 is refused before anything is sent.
    ///
    /// No fields identify a record: a month may have several records of one `BusinessCode` and one `TreeNodeUniqKey`,
    /// and of one `BillDate` with [`PeriodType::DAY`]; all of them count. A walk takes these three for a record's
    /// [identity](Paginate::identity), without any cost, and delivers records that agree in them as often as the list
    /// has them. To store a month again, replace all of its records.
    ///
    /// ```
    /// use tc3_core::{
    ///     billing::{AllocationSummaryByBusiness, DescribeAllocationSummaryByBusiness}, Paginate,
    /// };
    ///
    /// let records: Vec<AllocationSummaryByBusiness> = serde_json::from_str(
    ///     r#"[{"BusinessCode": "p_cvm", "TreeNodeUniqKey": "1001", "RealTotalCost": "48.95"},
    ///         {"BusinessCode": "p_cvm", "TreeNodeUniqKey": "1001", "RealTotalCost": "-1.00"}]"#,
    /// )?;
    /// let identity = DescribeAllocationSummaryByBusiness::identity;
    /// assert_ne!(records[0], records[1]);
    /// assert_eq!(identity(&records[0]), identity(&records[1]));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// Source: the vendor's page of `DescribeAllocationSummaryByBusiness`, billing 2018-07-09.
    #[derive(Clone, Debug, Default, Eq)]
    pub struct DescribeAllocationSummaryByBusiness {
        /// The maximum number of records to return, 1 to 1000; `None` asks for 1000, or a walk's page size. `None` is
        /// serialized as 1000, since the service requires a `Limit`, and so is deserialized as 1000.
        #[serde(default, serialize_with = "lenient::integer_or::<MAX_PAGE_SIZE, _, _>")]
        pub limit: Option<u32>,
        /// How many records to skip. A walk starts here.
        #[serde(default)]
        pub offset: u64,
        /// The month of the bill; `None` asks for the current one, Beijing time.
        pub month: Option<Month> = "Option::is_none",
        /// Whether a record covers a month or a day.
        pub period_type: Option<PeriodType> = "Option::is_none",
        /// The keys of the cost-allocation units to return; all if empty.
        pub tree_node_uniq_keys: Vec<String> = "Vec::is_empty",
        /// Ascending or descending.
        pub sort_type: Option<SortType> = "Option::is_none",
        /// The field to sort by.
        pub sort: Option<Sort> = "Option::is_none",
        /// The days to return, only with [`PeriodType::DAY`]; all if empty.
        pub bill_dates: Vec<BillDate> = "Vec::is_empty",
        /// The codes of the products to return, e.g. `p_cvm`; all if empty.
        pub business_codes: Vec<String> = "Vec::is_empty",
    }
}

impl DescribeAllocationSummaryByBusiness {
    /// All records of a month.
    pub fn new(month: Month) -> Self {
        Self {
            month: Some(month),
            ..Self::default()
        }
    }

    /// All records of the current month, Beijing time.
    pub fn current_month() -> Self {
        Self::default()
    }

    /// Returns this action for each month from its own to `last`, both included, for
    /// [`Walk::over`](crate::Walk::over).
    ///
    /// ```
    /// use tc3_core::{billing::DescribeAllocationSummaryByBusiness, Month};
    ///
    /// let summary = DescribeAllocationSummaryByBusiness::new(Month::new(2023, 11)?);
    /// let months = summary.through(Month::new(2024, 2)?)?;
    /// assert_eq!(months.len(), 4);
    /// assert_eq!(months[3].month, Some(Month::new(2024, 2)?));
    /// # Ok::<(), tc3_core::Invalid>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming `Month` when this action's month is `None` or after `last`.
    pub fn through(self, last: Month) -> Result<Vec<Self>, Invalid> {
        let first = self.month.ok_or(Invalid::new(
            "Month",
            "must be set to start a range of months",
        ))?;
        let months = first.through(last)?.map(|month| Self {
            month: Some(month),
            ..self.clone()
        });
        Ok(months.collect())
    }

    /// Sets whether a record covers a month or a day.
    pub fn with_period_type(mut self, period_type: PeriodType) -> Self {
        self.period_type = Some(period_type);
        self
    }

    /// Returns only these cost-allocation units.
    pub fn with_tree_node_uniq_keys(
        mut self,
        keys: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.tree_node_uniq_keys = keys.into_iter().map(Into::into).collect();
        self
    }

    /// Sorts by a field.
    pub fn with_sort(mut self, sort: Sort, sort_type: SortType) -> Self {
        self.sort = Some(sort);
        self.sort_type = Some(sort_type);
        self
    }

    /// Returns only these days, with [`PeriodType::DAY`].
    pub fn with_bill_dates(mut self, dates: impl IntoIterator<Item = BillDate>) -> Self {
        self.bill_dates = dates.into_iter().collect();
        self
    }

    /// Returns only these products.
    pub fn with_business_codes(
        mut self,
        codes: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.business_codes = codes.into_iter().map(Into::into).collect();
        self
    }

    /// Skips the first `offset` records.
    pub fn with_offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// Returns at most `limit` records, 1 to 1000.
    pub fn with_limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// Inputs are equal if they ask for the same; a `limit` of `None` equals 1000.
impl PartialEq for DescribeAllocationSummaryByBusiness {
    fn eq(&self, other: &Self) -> bool {
        // A month is the same in both of its forms, which JSON tells apart.
        let mut one = self.clone();
        one.month = other.month;
        self.month == other.month && same(&one, other)
    }
}

impl Action for DescribeAllocationSummaryByBusiness {
    const SERVICE: &'static str = SERVICE;
    const VERSION: &'static str = VERSION;
    const NAME: &'static str = "DescribeAllocationSummaryByBusiness";
    const REPEATABLE: bool = true;
    const RATE: u32 = 50;
    type Output = DescribeAllocationSummaryByBusinessResponse;

    fn check(&self) -> Result<(), Invalid> {
        check_limit(self.limit)
    }
}

impl Paginate for DescribeAllocationSummaryByBusiness {
    type Item = AllocationSummaryByBusiness;
    const PAGING: Paging = Paging::ItemOffset;
    const PAGE_SIZE: u32 = MAX_PAGE_SIZE;
    const MAX_PAGE_SIZE: u32 = MAX_PAGE_SIZE;

    fn start(&self) -> Start {
        Start::new(self.offset, self.limit)
    }

    fn turn_to(&mut self, slot: &Slot) {
        (self.offset, self.limit) = (slot.offset, Some(slot.limit));
    }

    fn page_info(output: &Self::Output) -> PageInfo {
        PageInfo::new(output.detail.as_ref().map_or(0, Vec::len)).with_total(output.record_num)
    }

    fn into_items(output: Self::Output) -> Vec<AllocationSummaryByBusiness> {
        output.detail.unwrap_or_default()
    }

    fn window(&self) -> Option<String> {
        Some(
            self.month
                .map_or_else(|| "the current month".into(), |month| month.to_string()),
        )
    }

    /// The product, the unit and the day, but no cost, since the costs of a running month change. Several records may
    /// have the same identity.
    fn identity(item: &AllocationSummaryByBusiness) -> Option<Cow<'_, str>> {
        let unit = item.tree_node_uniq_key.as_deref().unwrap_or_default();
        let product = &item.business_code;
        let date = item
            .bill_date
            .map(|date| date.to_string())
            .unwrap_or_default();
        Some(Cow::Owned(format!("{product} {unit} {date}")))
    }

    fn retain(
        output: &mut Self::Output,
        keep: &mut dyn FnMut(&AllocationSummaryByBusiness) -> bool,
    ) {
        if let Some(detail) = &mut output.detail {
            detail.retain(keep);
        }
    }
}

output! {
    /// A page of records, and the sums over all pages.
    pub struct DescribeAllocationSummaryByBusinessResponse {
        /// The number of records on all pages; `None` if the service gives none.
        pub record_num: Option<u64> = "lenient::optional_total",
        /// The sums; `None` if the service gives none.
        pub total: Option<AllocationOverviewTotal> = "lenient::optional_object",
        /// The records of this page; `None` if the service gives none.
        pub detail: Option<Vec<AllocationSummaryByBusiness>> = "lenient::optional_objects",
    }

    /// Sums in yuan. A sum is `None` if the service gives none.
    pub struct AllocationOverviewTotal {
        /// The total cost after discounts.
        pub real_total_cost: Option<Yuan> = "lenient::optional",
        /// Of that, paid in cash.
        pub cash_pay_amount: Option<Yuan> = "lenient::optional",
        /// Of that, paid with free credits.
        pub incentive_pay_amount: Option<Yuan> = "lenient::optional",
        /// Of that, paid with vouchers.
        pub voucher_pay_amount: Option<Yuan> = "lenient::optional",
        /// Of that, paid from shared proceeds.
        pub transfer_pay_amount: Option<Yuan> = "lenient::optional",
    }

    /// The cost of one product for one cost-allocation unit. Amounts are in yuan.
    ///
    /// A cost is *gathered* if a rule assigns a resource to the unit, and *allocated* if a rule divides a common cost
    /// among units; *total* is the sum of both. A field that the service omitted is `None`.
    pub struct AllocationSummaryByBusiness {
        /// The key of the cost-allocation unit; `None` for costs that no rule assigns.
        pub tree_node_uniq_key: Option<String> = "lenient::optional",
        /// The name of the cost-allocation unit.
        pub tree_node_uniq_key_name: Option<String> = "lenient::optional_text",
        /// The day of the bill, or the first day of its month.
        pub bill_date: Option<BillDate> = "lenient::optional",
        /// Gathered, paid in cash.
        pub gather_cash_pay_amount: Option<Yuan> = "lenient::optional",
        /// Gathered, paid with vouchers.
        pub gather_voucher_pay_amount: Option<Yuan> = "lenient::optional",
        /// Gathered, paid with free credits.
        pub gather_incentive_pay_amount: Option<Yuan> = "lenient::optional",
        /// Gathered, paid from shared proceeds.
        pub gather_transfer_pay_amount: Option<Yuan> = "lenient::optional",
        /// Allocated, paid in cash.
        pub allocate_cash_pay_amount: Option<Yuan> = "lenient::optional",
        /// Allocated, paid with vouchers.
        pub allocate_voucher_pay_amount: Option<Yuan> = "lenient::optional",
        /// Allocated, paid with free credits.
        pub allocate_incentive_pay_amount: Option<Yuan> = "lenient::optional",
        /// Allocated, paid from shared proceeds.
        pub allocate_transfer_pay_amount: Option<Yuan> = "lenient::optional",
        /// Total, paid in cash.
        pub total_cash_pay_amount: Option<Yuan> = "lenient::optional",
        /// Total, paid with vouchers.
        pub total_voucher_pay_amount: Option<Yuan> = "lenient::optional",
        /// Total, paid with free credits.
        pub total_incentive_pay_amount: Option<Yuan> = "lenient::optional",
        /// Total, paid from shared proceeds.
        pub total_transfer_pay_amount: Option<Yuan> = "lenient::optional",
        /// Gathered cost after discounts.
        pub gather_real_cost: Option<Yuan> = "lenient::optional",
        /// Allocated cost after discounts.
        pub allocate_real_cost: Option<Yuan> = "lenient::optional",
        /// Total cost after discounts.
        pub real_total_cost: Yuan,
        /// This record's share of the whole cost after discounts, in percent.
        pub ratio: Option<Percent> = "lenient::optional",
        /// The change of the total cost against the month before, in percent; `None` without a month before.
        pub trend: Option<Percent> = "lenient::optional",
        /// The direction of that change.
        pub trend_type: Option<TrendType>,
        /// The product's code, e.g. `p_cvm`.
        #[serde(deserialize_with = "lenient::required")]
        pub business_code: String,
        /// The product's name.
        pub business_code_name: Option<String> = "lenient::optional_text",
        /// The list price of what was used.
        pub total_cost: Option<Yuan> = "lenient::optional",
        /// The list price of what reserved instances covered.
        #[serde(rename = "RICost")]
        pub ri_cost: Option<Yuan> = "lenient::optional",
        /// The list price of what savings plans covered.
        #[serde(rename = "SPCost", default, deserialize_with = "lenient::optional")]
        pub sp_cost: Option<Yuan>,
        /// Paid in cash.
        pub cash_pay_amount: Option<Yuan> = "lenient::optional",
        /// Paid with vouchers.
        pub voucher_pay_amount: Option<Yuan> = "lenient::optional",
        /// Paid with free credits.
        pub incentive_pay_amount: Option<Yuan> = "lenient::optional",
        /// Paid from shared proceeds.
        pub transfer_pay_amount: Option<Yuan> = "lenient::optional",
        /// The price after discounts.
        pub allocation_real_total_cost: Option<Yuan> = "lenient::optional",
    }
}

open_set! {
    /// What span a record is of.
    pub struct PeriodType {
        /// A month.
        MONTH = "month",
        /// A day.
        DAY = "day",
    }
}

open_set! {
    /// An order of sorting.
    pub struct SortType {
        /// Ascending.
        ASC = "asc",
        /// Descending.
        DESC = "desc",
    }
}

open_set! {
    /// A field to sort by.
    pub struct Sort {
        /// Gathered, paid in cash.
        GATHER_CASH_PAY_AMOUNT = "GatherCashPayAmount",
        /// Gathered, paid with vouchers.
        GATHER_VOUCHER_PAY_AMOUNT = "GatherVoucherPayAmount",
        /// Gathered, paid with free credits.
        GATHER_INCENTIVE_PAY_AMOUNT = "GatherIncentivePayAmount",
        /// Gathered, paid from shared proceeds.
        GATHER_TRANSFER_PAY_AMOUNT = "GatherTransferPayAmount",
        /// Allocated, paid in cash.
        ALLOCATE_CASH_PAY_AMOUNT = "AllocateCashPayAmount",
        /// Allocated, paid with vouchers.
        ALLOCATE_VOUCHER_PAY_AMOUNT = "AllocateVoucherPayAmount",
        /// Allocated, paid with free credits.
        ALLOCATE_INCENTIVE_PAY_AMOUNT = "AllocateIncentivePayAmount",
        /// Allocated, paid from shared proceeds.
        ALLOCATE_TRANSFER_PAY_AMOUNT = "AllocateTransferPayAmount",
        /// Total, paid in cash.
        TOTAL_CASH_PAY_AMOUNT = "TotalCashPayAmount",
        /// Total, paid with vouchers.
        TOTAL_VOUCHER_PAY_AMOUNT = "TotalVoucherPayAmount",
        /// Total, paid with free credits.
        TOTAL_INCENTIVE_PAY_AMOUNT = "TotalIncentivePayAmount",
        /// Total, paid from shared proceeds.
        TOTAL_TRANSFER_PAY_AMOUNT = "TotalTransferPayAmount",
        /// Gathered cost after discounts.
        GATHER_REAL_COST = "GatherRealCost",
        /// Allocated cost after discounts.
        ALLOCATE_REAL_COST = "AllocateRealCost",
        /// Total cost after discounts.
        REAL_TOTAL_COST = "RealTotalCost",
        /// The product's code.
        BUSINESS_CODE = "BusinessCode",
        /// The part of the whole cost.
        RATIO = "Ratio",
        /// The change against the month before.
        TREND = "Trend",
    }
}

open_set! {
    /// The direction of a change.
    pub struct TrendType {
        /// Up.
        UPWARD = "upward",
        /// Down.
        DOWNWARD = "downward",
        /// Level.
        NONE = "none",
    }
}
