//! Certificates, made anew for each run, and what shows them.

use std::sync::{Arc, LazyLock};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

type Authority = CertifiedIssuer<'static, KeyPair>;

static TRUSTED: LazyLock<Authority> = LazyLock::new(|| authority("trusted by the tests"));
static UNKNOWN: LazyLock<Authority> = LazyLock::new(|| authority("known to nobody"));

/// What a server's certificate has wrong, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// Nobody trusts who signed it.
    UnknownIssuer,
    /// It is another host's.
    WrongName,
    /// It was valid once.
    Expired,
}

/// The PEM text of the authority that signs what is right, and of all but the unknown one what is not.
pub fn trusted() -> String {
    TRUSTED.pem()
}

/// The PEM text of the authority that nobody is told to trust.
pub fn unknown() -> String {
    UNKNOWN.pem()
}

/// TLS as a server of 127.0.0.1 speaks it.
pub fn server(flaw: Flaw) -> Arc<ServerConfig> {
    static ALL: LazyLock<[Arc<ServerConfig>; 4]> = LazyLock::new(|| {
        [
            Flaw::None,
            Flaw::UnknownIssuer,
            Flaw::WrongName,
            Flaw::Expired,
        ]
        .map(config)
    });
    Arc::clone(&ALL[flaw as usize])
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn config(flaw: Flaw) -> Arc<ServerConfig> {
    let host = if flaw == Flaw::WrongName {
        "service.invalid"
    } else {
        "127.0.0.1"
    };
    let mut params = CertificateParams::new([host.to_string()]).unwrap();
    if flaw == Flaw::Expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    let issuer = if flaw == Flaw::UnknownIssuer {
        &UNKNOWN
    } else {
        &TRUSTED
    };
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    Arc::new(config)
}
