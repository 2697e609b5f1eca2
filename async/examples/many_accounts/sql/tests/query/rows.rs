//! What a query answers.

use crate::service::{SECRET, Service, query, value};
use bills::data_set::{AllocationSummary, BillDetail, BillList, DataSet, UsageDetail};
use datafusion::prelude::SessionContext;
use tc3_async::{
    Month, Yuan,
    emulator::{Fault, When},
};

async fn check_totals<D: DataSet>(service: &Service, session: &SessionContext) {
    let month = "2024-05".parse::<Month>().unwrap();
    for (account, client) in &service.accounts {
        let totals = D::totals(client, account, month).await.unwrap();
        assert!(!totals.is_empty(), "{}", D::NAME);
        for total in totals {
            let sql = format!(
                "SELECT coalesce({}, 0) FROM {} WHERE account = '{}' AND month = '{month}'",
                total.expression,
                D::NAME,
                account.name
            );
            let sum: Yuan = value(session, &sql).await.parse().unwrap();
            assert_eq!(sum.get(), total.value, "{sql}");
        }
    }
}

#[tokio::test]
async fn sums_are_the_services_own() {
    let service = Service::new(2, 600);
    let session = service.session("2024-01", "2024-12");
    check_totals::<BillList>(&service, &session).await;
    check_totals::<BillDetail>(&service, &session).await;
    check_totals::<AllocationSummary>(&service, &session).await;
    check_totals::<UsageDetail>(&service, &session).await;
}

#[tokio::test]
async fn a_list_that_fails_is_an_error_and_never_fewer_rows() {
    let denied = Fault::Refuse("UnauthorizedOperation.CamNoAuth".into());
    let service = Service::with_fault(3, 3_000, When::From(2), denied);
    let session = service.session("2024-01", "2024-03");
    let error = query(&session, "SELECT count(*) FROM bill_list")
        .await
        .unwrap_err();
    let error = error.to_string();
    for part in [
        "bill_list of account a1, month 2024-0",
        "UnauthorizedOperation.CamNoAuth",
        "what to do (mend): mend what it names, then run the query again",
        "ticket: billing 2018-07-09 DescribeBillList",
    ] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!error.contains(SECRET), "{error}");
    // The others are none the worse.
    let sql = "SELECT count(*) FROM bill_list WHERE account <> 'a1'";
    assert_ne!(value(&session, sql).await, "0");
}

#[tokio::test]
async fn what_passes_is_retried() {
    let service = Service::with_fault(1, 3_000, When::At(2), Fault::Lost);
    let session = service.session("2024-01", "2024-03");
    let count = value(&session, "SELECT count(*) FROM bill_list").await;
    let whole = Service::new(1, 3_000);
    let session = whole.session("2024-01", "2024-03");
    assert_eq!(
        count,
        value(&session, "SELECT count(*) FROM bill_list").await
    );
}

#[tokio::test]
async fn an_account_or_month_that_there_is_not_is_an_error_that_names_those_that_there_are() {
    let service = Service::new(2, 100);
    let session = service.session("2024-01", "2024-03");
    for (filter, part) in [
        (
            "account = 'a3'",
            "there is no account for \"a3\"; there is a1, a2",
        ),
        ("account IN ('a1', 'a3')", "there is no account for \"a3\""),
        (
            "month = '2023-12'",
            "there is 2024-01, 2024-02, 2024-03: --from and --to",
        ),
        ("month > '2024-03' AND amount > 0", "there is no month for"),
    ] {
        let sql = format!("SELECT count(*) FROM bill_list WHERE {filter}");
        let error = query(&session, &sql).await.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(service.asked().len(), 0);
}
