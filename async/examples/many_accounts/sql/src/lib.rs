//! SQL over the lists of Tencent Cloud's API 3.0, by [DataFusion](datafusion).
//!
//! A [`ListTable`] is a table over any action that implements [`Paginate`](tc3_async::Paginate): its rows are the
//! records of some lists, a batch for each page, fetched while the query runs. [`tables`] has four ready ones: the bills
//! of many accounts, by month.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use bills::column::{Column, Kind, Row};
//! use datafusion::{assert_batches_eq, prelude::SessionContext};
//! use tc3_async::{Attempt, Client, Credential, core::emulator::Emulator};
//! use tc3_services::billing::DescribeVoucherInfo;
//! use tc3_sql::{List, ListTable};
//!
//! const COLUMNS: &[Column] = &[
//!     Column::new("VoucherId", "voucher_id", Kind::Text),
//!     Column::new("Status", "status", Kind::Text),
//!     Column::new("NominalValue", "nominal_value", Kind::Numeric),
//!     Column::new("EndTime", "end_time", Kind::Text),
//! ];
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! # let client = |seed| {
//! #     let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap();
//! #     let emulator = Mutex::new(Emulator::new(credential.clone()).with_seed(seed));
//! #     let send = move |attempt: Attempt| {
//! #         std::future::ready(emulator.lock().unwrap().send(&attempt))
//! #     };
//! #     Client::builder().credentials(credential).transport(send)
//! # };
//! # let (sales, research) = (client(1), client(2));
//! let mut table = ListTable::new("vouchers", &["account"], COLUMNS, |records| {
//!     let rows = (0..).zip(records);
//!     rows.map(|(line, record)| Row::new(COLUMNS, line, record)).collect()
//! });
//! // A client for each account.
//! for (account, client) in [("sales", sales), ("research", research)] {
//!     let vouchers = List {
//!         action: DescribeVoucherInfo::new(),
//!         constants: vec![account.into()],
//!     };
//!     table = table.with_lists(client, [vouchers]);
//! }
//! let session = SessionContext::new();
//! session.register_table("vouchers", Arc::new(table))?;
//! let query = session.sql(
//!     // Asks for the vouchers of `sales` alone. Values are in 1e-8 yuan.
//!     "SELECT account, count(*) AS count, sum(nominal_value) / 100000000 AS yuan FROM vouchers
//!      WHERE account = 'sales' GROUP BY account",
//! );
//! let expected = [
//!     "+---------+-------+--------------------------+",
//!     "| account | count | yuan                     |",
//!     "+---------+-------+--------------------------+",
//!     "| sales   | 48    | 3376600.0000000000000000 |",
//!     "+---------+-------+--------------------------+",
//! ];
//! assert_batches_eq!(expected, &query.await?.collect().await?);
//! # Ok(())
//! # }
//! ```
//!
//! # Columns
//!
//! A table has its constant columns, such as `account` and `month`, which are texts that all rows of a list have in
//! common, and a column for each [`Column`](bills::column::Column) of a record:
//!
//! | kind | type |
//! | --- | --- |
//! | `Numeric` | `Decimal128(38, 12)`: [`SCALE`](columns::SCALE) |
//! | `Integer` | `Int64` |
//! | `BeijingTime`, `UnixTime` | `Timestamp(µs, "+08:00")`, and `…_text`, the service's own text; a text that is no time is null |
//! | `Text`, `Json` | `Utf8` |
//!
//! A number that doesn't fit is an error of the query, never rounded. A text in SQL that is compared with a time is a
//! Beijing time unless it names another offset. Two things are a session's own: a `DATE` is midnight in Beijing with
//! [`LocalDates`], else midnight UTC; and `1.06` in SQL is a float, with which an amount becomes one, unless
//! `datafusion.sql_parser.parse_float_as_decimal` is set.
//!
//! A row has no number: which place it has on which page depends on what the service is asked to leave out.
//!
//! # Which lists are asked for
//!
//! - A filter that names only constant columns is evaluated on the constants of each list, by DataFusion, whatever
//!   expression it is. Lists that don't pass are not asked for.
//! - A filter on the times of a list drops lists and cuts the others to some of their days, if the table says
//!   [how](Days).
//! - An equality, or an `IN`, of a column that the service filters itself is set on the action, if the table says
//!   [how](Filter). DataFusion filters the rows again, so the service may return more.
//! - A subquery and the other side of a join pick no lists, since their values are not known when the query is planned.
//! - `LIMIT` stops fetching, and so does dropping a stream.
//!
//! `EXPLAIN` shows what is left as `ListScan`: how many lists, of which constants, and what the service filters.
//! `EXPLAIN ANALYZE` shows `requests`, those that were sent, with [`CountRequests`].
//!
//! # Errors
//!
//! A list that fails ends the query with a [`ListError`], which says of which list, what to do, and what a ticket needs. A
//! query never has fewer rows because of an error.
//!
//! # Limits
//!
//! All is done within one process, and nothing is kept: each query asks the service anew, at most as fast as its
//! frequency limits allow. Lists of one client follow each other; clients are asked at once. For many accounts every
//! night, `bill_sync` writes the same rows to PostgreSQL.

pub mod columns;
mod dates;
mod narrow;
mod requests;
mod scan;
mod table;
pub mod tables;

pub use bills::Result;
pub use dates::LocalDates;
pub use requests::CountRequests;
pub use scan::ListError;
pub use table::{Days, Filter, List, ListTable, WIDTH};
