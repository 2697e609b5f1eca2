//! What a query asks the service, counted there.

use std::{sync::Arc, time::Duration};

use bills::{
    account::Account,
    data_set::{AllocationSummary, BillDetail, BillList, DataSet, UsageDetail},
};
use datafusion::{
    common::tree_node::{TreeNode, TreeNodeRecursion},
    physical_plan::execute_stream,
};
use futures_util::TryStreamExt;
use serde_json::json;
use tc3_async::{
    Client,
    emulator::{Fault, When},
};

use crate::service::{SECRET, Service, query, table, value};

#[tokio::test]
async fn one_account_and_one_month_are_that_months_requests_alone() {
    let service = Service::new(3, 1_000);
    let session = service.session("2024-01", "2024-12");
    for (name, action) in [
        ("bill_list", "DescribeBillList"),
        (
            "allocation_summary_by_business",
            "DescribeAllocationSummaryByBusiness",
        ),
        ("usage_detail", "ChannelDescribeBillUsageDetail"),
        ("bill_detail", "DescribeBillDetail"),
    ] {
        let sql = format!("SELECT count(*) FROM {name} WHERE account = 'a2' AND month = '2024-03'");
        assert_ne!(value(&session, &sql).await, "0", "{name}");
        let asked = service.asked();
        assert!(
            asked
                .iter()
                .all(|(account, asked, _)| account == "a2" && asked == action)
        );
        let march = |body: &serde_json::Value| {
            let text = body.to_string();
            text.contains("2024-03") || text.contains("202403")
        };
        assert!(asked.iter().all(|(_, _, body)| march(body)), "{asked:?}");
        // As many as a walk needs.
        plain_walk(&service, name).await;
        assert_eq!(asked.len(), service.asked().len(), "{name}");
    }
}

async fn plain_walk(service: &Service, table: &str) {
    async fn walk<D: DataSet>((account, client): &(Account, Client)) {
        let list = D::list(account, "2024-03".parse().unwrap()).unwrap();
        let mut pages = client.pages(list).width(2);
        while let Some(page) = pages.next().await {
            page.unwrap();
        }
    }
    let account = &service.accounts[1];
    match table {
        "bill_list" => walk::<BillList>(account).await,
        "bill_detail" => walk::<BillDetail>(account).await,
        "usage_detail" => walk::<UsageDetail>(account).await,
        _ => walk::<AllocationSummary>(account).await,
    }
}

#[tokio::test]
async fn any_filter_on_account_and_month_alone_picks_lists() {
    let service = Service::new(3, 100);
    let session = service.session("2024-01", "2024-12");
    for (filter, lists) in [
        ("true", 36),
        (
            "account <> 'a2' AND month BETWEEN '2024-02' AND '2024-04'",
            6,
        ),
        ("month LIKE '%-1_' OR account || month = 'a12024-01'", 10),
        (
            "substr(month, 6)::int % 6 = 0 AND account IN ('a1', 'a3')",
            4,
        ),
        (
            "(account, month) IN (('a1', '2024-05'), ('a2', '2024-06'))",
            2,
        ),
    ] {
        let sql =
            format!("SELECT account, month, count(*) FROM bill_list WHERE {filter} GROUP BY 1, 2");
        query(&session, &sql).await.unwrap();
        assert_eq!(service.asked().len(), lists, "{filter}");
    }
}

#[tokio::test]
async fn limit_stops_fetching() {
    let service = Service::new(1, 50_000);
    let session = service.session("2024-01", "2024-12");
    for sql in [
        "SELECT * FROM bill_list LIMIT 10",
        "SELECT * FROM bill_list WHERE balance IS NOT NULL LIMIT 10",
        "SELECT bill_id FROM bill_list WHERE month > '2024-02' LIMIT 10",
        "SELECT action_type, operation_time + interval '1 day' FROM bill_list WHERE amount < 0 LIMIT 10",
        "SELECT * FROM (SELECT * FROM bill_list) WHERE action_type <> 'x' LIMIT 5 OFFSET 5",
    ] {
        let rows = query(&session, sql).await.unwrap();
        assert_ne!(rows.iter().map(|it| it.num_rows()).sum::<usize>(), 0);
        let asked = service.asked().len();
        // The width is 2.
        assert!(asked <= 3, "{sql}: {asked}");
    }
}

#[tokio::test]
async fn times_cut_months_and_days() {
    let service = Service::new(1, 10_000);
    let session = service.session("2024-01", "2024-12");
    let sql = "SELECT count(*) FROM bill_list WHERE operation_time >= '2024-03-05 12:00:00'
        AND operation_time < '2024-03-06' AND amount < 0";
    assert_ne!(value(&session, sql).await, "0");
    let asked = service.asked();
    let [(_, _, body)] = &asked[..] else {
        panic!("{asked:?}")
    };
    assert_eq!(body["StartTime"], json!("2024-03-05 00:00:00"));
    assert_eq!(body["EndTime"], json!("2024-03-06 00:00:00"));

    // The days of usage may be those of another time zone.
    let sql =
        "SELECT count(*) FROM usage_detail WHERE cost_time BETWEEN '2024-03-05' AND '2024-03-06'";
    assert_ne!(value(&session, sql).await, "0");
    for (_, _, body) in service.asked() {
        assert_eq!(body["StartTime"], json!("20240304"));
        assert_eq!(body["EndTime"], json!("20240307"));
    }
}

#[tokio::test]
async fn the_service_filters_what_it_can() {
    let service = Service::new(1, 1_000);
    let session = service.session("2024-01", "2024-01");
    for (table, filter, field, expected) in [
        (
            "bill_list",
            "action_type = 'deduct'",
            "PayType",
            json!(["deduct"]),
        ),
        (
            "bill_list",
            "action_type IN ('return', 'deduct') AND amount > 0",
            "PayType",
            json!(["deduct", "return"]),
        ),
        (
            "bill_list",
            "action_type IN ('deduct', 'new')",
            "PayType",
            json!(null),
        ),
        (
            "bill_list",
            "action_type <> 'deduct'",
            "PayType",
            json!(null),
        ),
        (
            "bill_list",
            "action_type = 'deduct' OR amount > 0",
            "PayType",
            json!(null),
        ),
        (
            "bill_detail",
            "business_code = 'p_cvm'",
            "BusinessCode",
            json!("p_cvm"),
        ),
        (
            "bill_detail",
            "business_code = ''",
            "BusinessCode",
            json!(null),
        ),
        (
            "bill_detail",
            "business_code IN ('p_cvm', 'p_cbs')",
            "BusinessCode",
            json!(null),
        ),
        ("bill_detail", "project_id = 0", "ProjectId", json!(0)),
        (
            "allocation_summary_by_business",
            "business_code = 'p_cvm' OR business_code = 'p_cos'",
            "BusinessCodes",
            json!(["p_cos", "p_cvm"]),
        ),
        // A product's share is that of the list.
        (
            "allocation_summary_by_business",
            "business_code = 'p_cvm' AND ratio > '10'",
            "BusinessCodes",
            json!(null),
        ),
        (
            "usage_detail",
            "quota_type = 'SignSMS'",
            "QuotaType",
            json!("SignSMS"),
        ),
        (
            "usage_detail",
            "quota_type = 'New'",
            "QuotaType",
            json!(null),
        ),
    ] {
        let sql = format!("SELECT count(*) FROM {table} WHERE {filter}");
        query(&session, &sql).await.unwrap();
        let asked = service.asked();
        assert!(
            asked.iter().all(|(_, _, body)| body[field] == expected),
            "{filter}: {asked:?}"
        );
    }
}

#[tokio::test]
async fn explain_shows_the_lists_and_asks_for_none() {
    let service = Service::new(50, 100);
    let session = service.session("2024-01", "2024-12");
    let sql = "EXPLAIN SELECT * FROM bill_list WHERE month >= '2024-11' AND action_type = 'deduct'
        AND operation_time < '2024-12-05'";
    let plan = table(&session, sql).await;
    let shown = "ListScan: table=bill_list, action=DescribeBillList, clients=50, lists=100, \
        account=[a1 … a9 (50)], month=[2024-11, 2024-12], \
        asked=[operation_time from 2024-11-01 to 2024-12-04; action_type in (deduct)]";
    assert!(plan.contains(shown), "{plan}");
    assert!(!plan.contains(SECRET), "{plan}");
    assert_eq!(service.asked().len(), 0);

    let plan = table(&session, "EXPLAIN SELECT * FROM bill_list LIMIT 7").await;
    assert!(plan.contains("limit=7"), "{plan}");
}

#[tokio::test]
async fn the_metric_counts_what_the_service_was_sent() {
    // One in seven is lost after it took effect, and sent again.
    let service = Service::with_fault(2, 30_000, When::Every(7), Fault::Lost);
    let session = service.session("2024-01", "2024-02");
    for sql in [
        "SELECT count(*) FROM bill_list",
        "SELECT * FROM bill_list LIMIT 10",
        "SELECT * FROM bill_list WHERE amount < 0 LIMIT 150",
    ] {
        let plan = session
            .sql(sql)
            .await
            .unwrap()
            .create_physical_plan()
            .await
            .unwrap();
        let stream = execute_stream(Arc::clone(&plan), session.task_ctx()).unwrap();
        stream.try_collect::<Vec<_>>().await.unwrap();
        // Aborted tasks end when they are polled next.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let mut requests = 0;
        plan.apply(|plan| {
            let sum = plan.metrics().and_then(|it| it.sum_by_name("requests"));
            requests += sum.map_or(0, |sum| sum.as_usize());
            Ok(TreeNodeRecursion::Continue)
        })
        .unwrap();
        assert_eq!(requests, service.asked().len(), "{sql}");
    }
}
