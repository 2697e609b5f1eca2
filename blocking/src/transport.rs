use std::io::Read;
use std::time::Duration;

use rustls::RootCertStore;
use tc3_core::{Attempt, Failure, Invalid, Outcome, wire::pem};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::{Agent, Proxy};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::connect::{agent, failure};

/// How long a connection may idle: the service closes idle ones after about 60 s.
const MAX_IDLE: Duration = Duration::from_secs(45);
/// How many connections may idle: enough for a wide walk to reuse them for each page.
const MAX_IDLE_CONNECTIONS: usize = 64;

/// Sends a request once. A closure `Fn(Attempt) -> Outcome` is one.
///
/// It sends through the attempt's [proxy](Attempt::proxy), keeps to the attempt's timeout, follows no redirect, reads at
/// most one byte more than the attempt's `max_body`, and returns every answer, whatever its status, as `Ok`. It should log
/// no sensitive header, and no body of a [confidential](Attempt::confidential) attempt.
pub trait Transport: Send + Sync + 'static {
    /// Sends the request and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// [`Failure::NotSent`] only if the request surely never reached the service, [`Failure::Unknown`] for any other
    /// failure.
    fn send(&self, attempt: Attempt) -> Outcome;
}

impl<F: Fn(Attempt) -> Outcome + Send + Sync + 'static> Transport for F {
    fn send(&self, attempt: Attempt) -> Outcome {
        self(attempt)
    }
}

/// The certificates in a PEM text.
pub(crate) fn roots(text: &[u8]) -> Result<Vec<Certificate<'static>>, Invalid> {
    let mut store = RootCertStore::empty();
    let root = |der: Vec<u8>| {
        let root = Certificate::from_der(&der).to_owned();
        // ureq ignores a certificate that can't be a root.
        let added = store.add(der.into());
        added.map_err(|_| Invalid::new("pem", "has a certificate that can't be a root"))?;
        Ok(root)
    };
    pem::certificates(text)?.into_iter().map(root).collect()
}

/// Mozilla's roots, as certificates.
pub(crate) fn mozilla() -> Vec<Certificate<'static>> {
    let roots = TLS_SERVER_ROOT_CERTS.iter();
    roots
        .map(|der| Certificate::from_der(der).to_owned())
        .collect()
}

/// The transport over ureq, with rustls and Mozilla's roots, or others. Connections are reused.
///
/// At the level trace, ureq logs every byte of a request and of its answer, signatures and tokens included. Filter it
/// by `ureq=info,ureq_proto=info`.
#[derive(Debug)]
pub(crate) struct Ureq(Agent);

impl Ureq {
    pub(crate) fn new(connect_timeout: Duration, roots: Option<Vec<Certificate<'static>>>) -> Self {
        let roots = roots.map_or(RootCerts::WebPki, Into::into);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_age(MAX_IDLE)
            .max_idle_connections(MAX_IDLE_CONNECTIONS)
            .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS)
            .proxy(None)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .timeout_connect(Some(connect_timeout))
            .user_agent(concat!("tc3-blocking/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(agent(config, DefaultResolver::default()))
    }
}

impl Transport for Ureq {
    fn send(&self, attempt: Attempt) -> Outcome {
        let proxy = attempt.proxy.map(|url| Proxy::new(url.expose()));
        let proxy = proxy.transpose().map_err(Failure::not_sent)?;
        let request = self.0.configure_request(attempt.request.map(Vec::from));
        let request = request.proxy(proxy).timeout_global(Some(attempt.timeout));
        let (parts, body) = self.0.run(request.build()).map_err(failure)?.into_parts();
        let bound = u64::try_from(attempt.max_body).unwrap_or(u64::MAX);
        let mut body = body.into_reader().take(bound.saturating_add(1));
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes).map_err(Failure::unknown)?;
        Ok(http::Response::from_parts(parts, bytes.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_mozillas_roots_can_be_one() {
        let mut store = RootCertStore::empty();
        for root in mozilla() {
            store.add(root.der().into()).unwrap();
        }
        assert!(store.len() > 100, "{}", store.len());
    }
}
