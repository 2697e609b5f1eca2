//! Billing, 2018-07-09.

mod describe_allocation_summary_by_business;
mod describe_bill_list;

pub use describe_allocation_summary_by_business::{
    AllocationOverviewTotal, AllocationSummaryByBusiness, DescribeAllocationSummaryByBusiness,
    DescribeAllocationSummaryByBusinessResponse, PeriodType, Sort, SortType, TrendType,
};
pub use describe_bill_list::{
    BillTransactionInfo, DescribeBillList, DescribeBillListResponse, PayType, SubPayType,
};

const SERVICE: &str = "billing";
const VERSION: &str = "2018-07-09";
