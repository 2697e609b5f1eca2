//! What an answer may cost in memory, however little of it is in its bytes.

use std::alloc::System;

use alloc_tracker::{Allocator, Session};
use tc3_core::{
    Action, Untyped,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    essbasic::ChannelDescribeBillUsageDetail,
    wire::response,
};

#[global_allocator]
static ALLOCATOR: Allocator<System> = Allocator::system();

/// How many records the page has.
const RECORDS: usize = 1_000_000;

/// A page of empty records in the field of that name.
fn page(list: &str) -> http::Response<bytes::Bytes> {
    let records = vec!["{}"; RECORDS].join(",");
    let body = format!(r#"{{"Response":{{"{list}":[{records}],"RequestId":"5e1f"}}}}"#);
    http::Response::new(body.into())
}

/// How many times its own bytes are asked for to read it, what is moved while it grows counted each time.
fn multiple<A: Action>(page: &http::Response<bytes::Bytes>, expect_read: bool) -> u64 {
    let session = Session::new();
    let operation = session.operation("read");
    let read = {
        let _span = operation.measure_thread();
        response::read::<A>(page).is_ok()
    };
    assert_eq!(read, expect_read);
    let report = session.to_report();
    let (_, counted) = report.operations().next().unwrap();
    let length = u64::try_from(page.body().len()).unwrap();
    counted.total_bytes_allocated().div_ceil(length)
}

/// The bound that `Settings::with_max_body` states.
#[test]
fn a_million_empty_records_take_at_most_200_times_their_bytes() {
    // Nothing is mandatory in a use, so that each becomes a record.
    let uses = multiple::<ChannelDescribeBillUsageDetail>(&page("Details"), true);
    assert!((1..=200).contains(&uses), "{uses}");
    // Something is in these, so that the first ends it.
    let summaries = multiple::<DescribeAllocationSummaryByBusiness>(&page("Detail"), false);
    let transactions = multiple::<DescribeBillList>(&page("TransactionList"), false);
    // JSON as it came.
    let untyped = multiple::<Untyped>(&page("Anything"), true);
    for small in [summaries, transactions, untyped] {
        assert!((1..=3).contains(&small), "{small}");
    }
}
