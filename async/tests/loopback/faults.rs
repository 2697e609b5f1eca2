//! What goes wrong on the wire, and what is seen of it: the same cases for both IO crates.

use std::time::Duration;

use futures_util::StreamExt;
use tc3_async::{
    Action, BillTransactionInfo, Client, DescribeBillList, Error, Invalid, Reply, Settings,
};
use tc3_test_peer as peer;
use tc3_test_peer::{Setup, Subject, Via};
use tokio::{
    runtime::{Builder, Runtime},
    time::sleep,
};

use crate::common::credential;

/// On a runtime of its own, which stands still between calls.
struct Async(Client, Runtime);

impl Async {
    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.1.block_on(async {
            let output = future.await;
            // Tasks of the runtime close connections that were given up, and keep the others.
            sleep(Duration::from_millis(1)).await;
            output
        })
    }
}

impl Subject for Async {
    fn new(setup: &Setup) -> Self {
        let builder = Client::builder()
            .credentials(setup.credential.clone())
            .settings(
                Settings::default()
                    .with_failover(setup.failover.clone())
                    .with_endpoint(setup.endpoint.clone())
                    .with_deadline(setup.deadline)
                    .with_attempt_timeout(setup.attempt_timeout)
                    .with_retry(setup.retry)
                    .with_max_body(setup.max_body)
                    .with_rate("billing", "DescribeBillList", None),
            );
        let builder = match &setup.proxy {
            Via::Environment => builder,
            Via::None => builder.without_proxy(),
            Via::Proxy(url) => builder.proxy(url).unwrap(),
        };
        let client = builder.trust_only(&setup.trusted).unwrap().build();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Self(client, runtime)
    }

    fn call<A: Action>(&self, action: &A) -> Result<Reply<A::Output>, Error> {
        self.run(self.0.call(action))
    }

    fn walk(&self, list: DescribeBillList) -> Vec<Result<BillTransactionInfo, Error>> {
        self.run(self.0.items(list).collect())
    }

    fn trusts(pem: &[u8]) -> Result<(), Invalid> {
        Client::builder()
            .credentials(credential())
            .trust_only(pem)
            .map(drop)
    }
}

#[test]
fn each_fault_is_seen_as_what_it_is() {
    peer::each_fault_is_seen_as_what_it_is::<Async>();
}

#[test]
fn what_is_safe_to_send_again_is_and_nothing_else() {
    peer::what_is_safe_to_send_again_is_and_nothing_else::<Async>();
}

#[test]
fn a_stall_ends_at_the_deadline() {
    peer::a_stall_ends_at_the_deadline::<Async>();
}

#[test]
fn a_call_that_ends_at_its_deadline_leaves_the_client_usable() {
    peer::a_call_that_ends_at_its_deadline_leaves_the_client_usable::<Async>();
}

#[test]
fn a_walk_survives_what_may_be_repeated() {
    peer::a_walk_survives_what_may_be_repeated::<Async>();
}

#[test]
fn an_idle_connection_that_was_closed_is_replaced() {
    peer::an_idle_connection_that_was_closed_is_replaced::<Async>();
}

#[test]
fn a_root_that_cannot_be_one_is_named() {
    peer::a_root_that_cannot_be_one_is_named::<Async>();
}

#[test]
fn a_tunnel_shows_no_secret_to_the_proxy() {
    peer::a_tunnel_shows_no_secret_to_the_proxy::<Async>();
}

#[test]
fn a_proxy_that_opens_no_tunnel_means_not_sent() {
    peer::a_proxy_that_opens_no_tunnel_means_not_sent::<Async>();
}

#[test]
fn a_proxy_that_stalls_ends_at_the_deadline() {
    peer::a_proxy_that_stalls_ends_at_the_deadline::<Async>();
}

#[test]
fn the_environment_says_which_hosts_have_a_proxy() {
    peer::the_environment_says_which_hosts_have_a_proxy::<Async>(
        "faults::the_environment_says_which_hosts_have_a_proxy",
    );
}

#[test]
fn a_variable_that_cannot_be_used_is_named_and_the_builder_overrules_it() {
    peer::a_variable_that_cannot_be_used_is_named_and_the_builder_overrules_it::<Async>(
        "faults::a_variable_that_cannot_be_used_is_named_and_the_builder_overrules_it",
    );
}
