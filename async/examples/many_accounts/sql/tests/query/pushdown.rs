//! A filter that the service or the choice of lists takes part in gives the rows that it gives over all rows.

use std::sync::Arc;

use datafusion::{
    arrow::util::pretty::pretty_format_batches, datasource::MemTable, prelude::SessionContext,
};
use proptest::{prelude::*, sample::select, test_runner::TestRunner};
use tc3_async::Paginate;
use tc3_sql::ListTable;
use tokio::runtime::Runtime;

use crate::service::{Service, query};

/// Comparisons with the times and texts around which lists are cut.
const TIMES: &[&str] = &[
    "2023-12-31 23:59:59.999",
    "2024-01-01",
    "2024-01-01T00:00:00+00:00",
    "2024-01-15 23:59:59.500",
    "2024-01-16 00:00:00",
    "2024-01-31 23:59:59",
    "2024-02-01",
    "2024-02-10 12:30:00",
    "2024-02-10T12:30:00Z",
    "2024-02-29 23:59:59.999",
    "2024-03-01 00:00:00.001",
    "2024-03-31 23:59:59.999999",
    "2024-04-01",
];

fn comparison(column: &'static str, values: Vec<String>) -> BoxedStrategy<String> {
    let one = select(values.clone());
    let some = prop::collection::vec(select(values.clone()), 1..4);
    let operator = select(vec!["=", "=", "=", "<>", "<", "<=", ">", ">="]);
    prop_oneof![
        4 => (operator, one.clone()).prop_map(move |(operator, value)| format!("{column} {operator} {value}")),
        1 => (one.clone(), one).prop_map(move |(low, high)| format!("{column} BETWEEN {low} AND {high}")),
        2 => (some, any::<bool>()).prop_map(move |(values, not)| {
            let not = if not { "NOT " } else { "" };
            format!("{column} {not}IN ({})", values.join(", "))
        }),
        1 => Just(format!("{column} IS NULL")),
    ]
    .boxed()
}

fn quoted(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| format!("'{value}'")).collect()
}

fn filter(atoms: Vec<BoxedStrategy<String>>) -> BoxedStrategy<String> {
    let constants = [
        comparison("account", quoted(&["a1", "a2", "a3"])),
        comparison("month", quoted(&["2024-01", "2024-02", "2024-03"])),
        select(vec![
            "account LIKE '%2'".to_owned(),
            "month LIKE '2024-_3'".into(),
            "account || month > 'a2'".into(),
            "NOT (account = 'a1' AND month = '2024-02')".into(),
            "CASE WHEN account = 'a1' THEN month = '2024-01' ELSE NULL END".into(),
        ])
        .boxed(),
    ];
    let atom = prop::strategy::Union::new(atoms.into_iter().chain(constants));
    let tree = atom.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 2..4).prop_map(|all| format!("({})", all.join(" AND "))),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|all| format!("({})", all.join(" OR "))),
            1 => inner.prop_map(|one| format!("NOT ({one})")),
        ]
    });
    tree.boxed()
}

/// The rows, in order, as a text.
async fn rows(
    session: &SessionContext,
    columns: &str,
    table: &str,
    filter: &str,
) -> Result<Vec<String>, String> {
    let sql = format!("SELECT {columns} FROM {table} WHERE {filter}");
    let batches = query(session, &sql)
        .await
        .map_err(|error| error.to_string())?;
    let text = pretty_format_batches(&batches).unwrap().to_string();
    // Cells are padded to the widest of the result.
    let cells = |line: &str| line.split('|').map(str::trim).collect::<Vec<_>>().join("|");
    let mut rows: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(cells)
        .collect();
    rows.sort_unstable();
    Ok(rows)
}

fn check<A>(
    service: &Service,
    columns: &str,
    table: impl Fn() -> ListTable<A>,
    whole: ListTable<A>,
    atoms: Vec<BoxedStrategy<String>>,
) where
    A: Paginate<Item: Send, Output: Send> + Clone + Send + Sync + 'static,
{
    let runtime = Runtime::new().unwrap();
    let session = SessionContext::new();
    let all = runtime.block_on(async {
        session.register_table("asked", Arc::new(table())).unwrap();
        session.register_table("whole", Arc::new(whole)).unwrap();
        query(&session, "SELECT * FROM whole").await.unwrap()
    });
    let schema = all[0].schema();
    let all = MemTable::try_new(schema, vec![all]).unwrap();
    session.register_table("rows", Arc::new(all)).unwrap();
    let most = service.asked().len();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(48));
    runner
        .run(&filter(atoms), |filter| {
            let expected = runtime
                .block_on(rows(&session, columns, "rows", &filter))
                .unwrap();
            service.asked();
            match runtime.block_on(rows(&session, columns, "asked", &filter)) {
                Ok(rows) => prop_assert_eq!(rows, expected, "{}", filter),
                // No account or month passes.
                Err(error) => {
                    prop_assert!(error.contains("there is no"), "{filter}: {error}");
                    prop_assert_eq!(expected.len(), 0, "{}", filter);
                }
            }
            let asked = service.asked().len();
            prop_assert!(asked <= most, "{}: {} requests", filter, asked);
            Ok(())
        })
        .unwrap();
    // The filters do take part.
    let sql = "SELECT count(*) FROM asked WHERE account = 'a1' AND month = '2024-01'";
    runtime.block_on(query(&session, sql)).unwrap();
    let fewer = service.asked().len();
    assert!(fewer * 3 <= most, "{fewer} of {most} requests");
}

#[test]
fn transactions() {
    for exact_end in [false, true] {
        let service = Service::with(3, |emulator| {
            let emulator = emulator.with_records(480);
            if exact_end {
                emulator.with_exact_end_time()
            } else {
                emulator
            }
        });
        let accounts = service.accounts("2024-01", "2024-03");
        let mut times = quoted(TIMES);
        times.push("now()".into());
        let atoms = vec![
            comparison("operation_time", times),
            comparison(
                "action_type",
                quoted(&["deduct", "return", "block", "all", "new", "", "Deduct"]),
            ),
            comparison(
                "deduct_mode",
                quoted(&["hour_h", "hourh", "trade", "all", "new"]),
            ),
            comparison("amount", vec!["0".into(), "-100.5".into(), "1e6".into()]),
            Just("date_trunc('day', operation_time) = '2024-02-10'".to_owned()).boxed(),
            Just("operation_time::date = '2024-01-31'".to_owned()).boxed(),
            Just("operation_time + interval '1 day' > '2024-03-31'".to_owned()).boxed(),
            Just("operation_time_text LIKE '2024-03%'".to_owned()).boxed(),
        ];
        let whole = accounts.table::<bills::data_set::BillList>();
        check(&service, "*", || accounts.bill_list(), whole, atoms);
    }
}

#[test]
fn lines_of_bills() {
    let service = Service::new(3, 16);
    let accounts = service.accounts("2024-01", "2024-03");
    let atoms = vec![
        comparison(
            "business_code",
            quoted(&["p_cvm", "p_cbs", "p_cos", "p_new", "", "P_CVM"]),
        ),
        comparison("product_code", quoted(&["sp_cvm_s5", "p_cvm"])),
        comparison(
            "project_id",
            vec!["0".into(), "1".into(), "1000001".into(), "-1".into()],
        ),
        comparison("resource_id", quoted(&["ins-1", ""])),
        comparison("pay_time", quoted(TIMES)),
        comparison("fee_begin_time", quoted(TIMES)),
        comparison("real_cost", vec!["0".into(), "10.5".into()]),
    ];
    let whole = accounts.table::<bills::data_set::BillDetail>().with_parts();
    check(&service, "*", || accounts.bill_detail(), whole, atoms);
}

#[test]
fn products() {
    let service = Service::new(3, 40);
    let accounts = service.accounts("2024-01", "2024-03");
    let atoms = vec![
        comparison(
            "business_code",
            quoted(&["p_cvm", "p_cbs", "p_cos", "p_new", ""]),
        ),
        comparison(
            "tree_node_uniq_key",
            quoted(&["unit-finance", "unit-research", "new", ""]),
        ),
        comparison("real_total_cost", vec!["0".into(), "10.5".into()]),
    ];
    // `ratio` is a share of the list, so a query that reads it asks for the whole list.
    for columns in ["*", "* EXCEPT (ratio)"] {
        let whole = accounts.table::<bills::data_set::AllocationSummary>();
        let table = || accounts.allocation_summary_by_business();
        check(&service, columns, table, whole, atoms.clone());
    }
}

#[test]
fn usage() {
    let service = Service::new(3, 40);
    let accounts = service.accounts("2024-01", "2024-03");
    let atoms = vec![
        comparison(
            "quota_type",
            quoted(&["SignSMS", "CloudEnterprise", "New", ""]),
        ),
        comparison("cost_time", quoted(TIMES)),
        comparison("use_count", vec!["1".into(), "0".into(), "2".into()]),
    ];
    let whole = accounts.table::<bills::data_set::UsageDetail>();
    check(&service, "*", || accounts.usage_detail(), whole, atoms);
}
