use std::{io::Read, time::Duration};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tc3_core::{Attempt, Failure, Invalid, Outcome, Proxies, ProxyUrl, pem};
use ureq::{
    Agent, Proxy,
    tls::{Certificate, RootCerts, TlsConfig},
    unversioned::{resolver::DefaultResolver, transport::Connector},
};

use crate::{
    connect::{Deadline, Later, connector, failure},
    covered::Covered,
    hidden::Hidden,
};

/// How long a connection may idle: the service drops idle ones after about 60 s.
const MAX_IDLE: Duration = Duration::from_secs(45);
/// How many may: those of a wide walk, which would otherwise be made anew for each page.
const MAX_IDLE_CONNECTIONS: usize = 64;
/// How long a body may say it is for all of its room to be had at once.
const MAX_TRUST: u64 = 1 << 20;

/// What sends a request once. A closure `Fn(Attempt) -> Outcome` is one.
///
/// It sends what is [direct](Attempt::direct) through no proxy, keeps to the attempt's timeout, follows no
/// redirect, reads at most one byte more than the attempt's bound, and reports every answer, whatever its
/// status, as an answer. It logs no sensitive header, and no body of what is
/// [confidential](Attempt::confidential).
pub trait Transport: Send + Sync {
    /// Sends the request and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// [`Failure::NotSent`] when the request surely never reached the service, [`Failure::Unknown`]
    /// for anything else.
    fn send(&self, attempt: Attempt) -> Outcome;
}

impl<F: Fn(Attempt) -> Outcome + Send + Sync> Transport for F {
    fn send(&self, attempt: Attempt) -> Outcome {
        self(attempt)
    }
}

pub(crate) fn roots(text: &[u8]) -> Result<RootCerts, Invalid> {
    let invalid = |rule| Invalid::new("trust_only", rule);
    // ureq passes over what can't be a root, and would then trust nobody.
    let mut store = RootCertStore::empty();
    let mut roots = Vec::new();
    for section in pem::certificates(text)? {
        let root = CertificateDer::from_pem_slice(&section);
        let root = root.map_err(|_| invalid("must be PEM with whole sections of base64"))?;
        roots.push(Certificate::from_der(&root).to_owned());
        let added = store.add(root);
        added.map_err(|_| invalid("has a certificate that can't be a root"))?;
    }
    Ok(roots.into())
}

/// The transport over ureq, with rustls and Mozilla's roots, or others. Connections are kept and used again.
#[derive(Debug)]
pub struct Ureq {
    agent: Agent,
    proxies: Proxies,
}

impl Ureq {
    pub(crate) fn new(
        connect_timeout: Duration,
        proxies: Proxies,
        roots: Option<RootCerts>,
    ) -> Self {
        let roots = roots.unwrap_or(RootCerts::WebPki);
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
            .accept("")
            // A program may have ureq unpack answers for itself.
            .accept_encoding("")
            .user_agent(concat!("tc3-blocking/", env!("CARGO_PKG_VERSION")))
            .build();
        let connector = connector(DefaultResolver::default());
        Self {
            agent: Agent::with_parts(config, connector, Later),
            proxies,
        }
    }

    /// The proxy that an attempt goes through. Connections through another one, or none, are kept apart by ureq.
    fn proxy(&self, attempt: &Attempt) -> Result<Option<&ProxyUrl>, Failure> {
        if attempt.direct {
            return Ok(None);
        }
        let proxy = self.proxies.choose(attempt.request.uri());
        proxy.map_err(Failure::not_sent)
    }
}

impl Transport for Ureq {
    fn send(&self, mut attempt: Attempt) -> Outcome {
        let url = self.proxy(&attempt)?;
        let proxy = url.map(|url| Proxy::new(url.expose())).transpose();
        let proxy = proxy.map_err(Failure::not_sent)?;
        let through = |failure: Failure| match url {
            Some(url) => failure.through(url),
            None => failure,
        };
        if !attempt.confidential {
            return exchange(&self.agent, proxy, attempt).map_err(through);
        }
        let covered = Covered::take(&mut attempt, proxy.is_some());
        let connector = connector(DefaultResolver::default()).chain(covered.clone());
        let agent = Agent::with_parts(self.agent.config().clone(), connector, Later);
        let (parts, body) = exchange(&agent, proxy, attempt)
            .map_err(through)?
            .into_parts();
        let body = covered.answer(body.len())?;
        Ok(http::Response::from_parts(parts, body.into()))
    }
}

fn exchange(agent: &Agent, proxy: Option<Proxy>, attempt: Attempt) -> Outcome {
    let (mut parts, body) = attempt.request.into_parts();
    let _hidden = Hidden::take(&mut parts.headers);
    let _deadline = Deadline::after(attempt.timeout);
    let mut request = http::Request::from_parts(parts, &body[..]);
    if proxy.is_some() {
        request = agent.configure_request(request).proxy(proxy).build();
    }
    let (parts, body) = agent.run(request).map_err(failure)?.into_parts();
    let bound = u64::try_from(attempt.max_body).unwrap_or(u64::MAX);
    let length = body.content_length().unwrap_or(0).min(bound).min(MAX_TRUST);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    body.into_reader()
        .take(bound.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(Failure::unknown)?;
    Ok(http::Response::from_parts(parts, bytes.into()))
}
