//! Settings as a value, so that a test says only what it is about.

use std::time::Duration;

use tc3_core::{Credential, Settings, flow::Retry, session::Endpoint};
use tc3_test_peer::{MAX_BODY, PATIENCE, credential, tls};

use crate::driver::Client;

/// How much later than it has to a call may end, on a machine that is busy.
pub(super) const LENIENCE: Duration = Duration::from_secs(5);

/// Settings of a client.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    /// Where the service is.
    pub(super) endpoint: Endpoint,
    /// How long a call may take.
    pub(super) deadline: Duration,
    /// How long an attempt may take, connecting included.
    pub(super) attempt_timeout: Duration,
    /// When a call is retried.
    pub(super) retry: Retry,
    /// The largest body.
    pub(super) max_body: usize,
    /// The authority to trust, in PEM.
    pub(super) trusted: String,
    /// Who signs.
    pub(super) credential: Credential,
    /// Where else it is.
    pub(super) failover: Vec<Endpoint>,
    /// Which proxy there is.
    pub(super) proxy: Via,
}

/// What a client is told about proxies.
#[derive(Clone, Debug)]
pub(super) enum Via {
    /// Nothing.
    Environment,
    /// That there is none.
    None,
    /// To use this one.
    Proxy(String),
}

impl Setup {
    pub(super) fn to(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            deadline: PATIENCE,
            attempt_timeout: PATIENCE,
            retry: Retry::NEVER,
            max_body: MAX_BODY,
            trusted: tls::trusted(),
            credential: credential(),
            failover: Vec::new(),
            proxy: Via::Environment,
        }
    }

    pub(super) fn with_attempts(self, attempts: u32) -> Self {
        let retry = Retry::default()
            .with_attempts(attempts)
            .with_base(Duration::from_millis(1))
            .with_cap(Duration::from_millis(20));
        Self { retry, ..self }
    }

    /// A client with these settings.
    pub(super) fn client(&self) -> Client {
        let builder = Client::builder()
            .credentials(self.credential.clone())
            .settings(
                self.proxied(Settings::default())
                    .with_failover(self.failover.clone())
                    .with_endpoint(self.endpoint.clone())
                    .with_deadline(self.deadline)
                    .with_attempt_timeout(self.attempt_timeout)
                    .with_retry(self.retry)
                    .with_max_body(self.max_body)
                    .with_rate("billing", "DescribeBillList", None),
            );
        builder.trust_only(&self.trusted).unwrap().build()
    }

    fn proxied(&self, settings: Settings) -> Settings {
        match &self.proxy {
            Via::Environment => settings,
            Via::None => settings.without_proxy(),
            Via::Proxy(url) => settings.with_proxy(url).unwrap(),
        }
    }
}
