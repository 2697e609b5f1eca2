use alloc::{borrow::Cow, format, string::String};
use core::{fmt, net::IpAddr, str::FromStr};

use crate::{Invalid, Region};

/// Where requests go: a domain with one host per service, or one address for all services.
///
/// ```
/// use tc3_core::{Region, session::Endpoint};
///
/// assert_eq!(Endpoint::PUBLIC.url("billing"), "https://billing.tencentcloudapi.com");
/// assert_eq!(
///     Endpoint::INTERNATIONAL.url("billing"),
///     "https://billing.intl.tencentcloudapi.com"
/// );
/// let regional = Endpoint::regional(&Region::new("ap-guangzhou")?);
/// assert_eq!(regional.url("cvm"), "https://cvm.ap-guangzhou.tencentcloudapi.com");
///
/// // One address for all services. Plain http is only allowed to this machine.
/// let local: Endpoint = "http://127.0.0.1:8080".parse()?;
/// assert_eq!(local.url("billing"), "http://127.0.0.1:8080");
/// for wrong in [
///     "http://example.com",
///     "https://user@example.com",
///     "https://example.com/api",
///     "example.com",
/// ] {
///     assert_eq!(wrong.parse::<Endpoint>().unwrap_err().field(), "endpoint");
/// }
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub(crate) scheme: &'static str,
    /// The host, and the port unless it is the scheme's default.
    host: Cow<'static, str>,
    /// Whether each service has a host of its own below this one.
    by_service: bool,
}

impl Default for Endpoint {
    /// [`Endpoint::PUBLIC`].
    fn default() -> Self {
        Self::PUBLIC
    }
}

impl Endpoint {
    /// `https://{service}.tencentcloudapi.com`
    pub const PUBLIC: Self = Self::domain(Cow::Borrowed("tencentcloudapi.com"));
    /// `https://{service}.intl.tencentcloudapi.com`, for accounts of the international site.
    pub const INTERNATIONAL: Self = Self::domain(Cow::Borrowed("intl.tencentcloudapi.com"));
    /// `https://{service}.internal.tencentcloudapi.com`, from inside the vendor's network.
    pub const INTERNAL: Self = Self::domain(Cow::Borrowed("internal.tencentcloudapi.com"));
    /// The metadata endpoint of a virtual machine. It is the only plain http address outside of loopback: it is
    /// link-local in the cloud, so the traffic never leaves the machine's host.
    pub(crate) const METADATA: Self = Self {
        scheme: "http",
        host: Cow::Borrowed("metadata.tencentyun.com"),
        by_service: false,
    };

    const fn domain(host: Cow<'static, str>) -> Self {
        Self {
            scheme: "https",
            host,
            by_service: true,
        }
    }

    /// `https://{service}.{region}.tencentcloudapi.com`, for services that have regional hosts.
    pub fn regional(region: &Region) -> Self {
        Self::domain(format!("{}.tencentcloudapi.com", region.as_str()).into())
    }

    /// An endpoint that allows plain http to any host, for your own test network only: everybody on the network path
    /// can read the bills and the token.
    ///
    /// # Errors
    ///
    /// The same as for parsing an endpoint, except the rule about http.
    pub fn plain_http_readable_by_anyone(url: &str) -> Result<Self, Invalid> {
        parse(url, true)
    }

    /// Scheme and authority for `service`, without a trailing slash.
    pub fn url(&self, service: &str) -> String {
        format!("{}://{}", self.scheme, self.authority(service))
    }

    /// The `Host` header.
    pub(crate) fn authority(&self, service: &str) -> String {
        match self.by_service {
            true => format!("{service}.{}", self.host),
            false => self.host.clone().into(),
        }
    }
}

impl FromStr for Endpoint {
    type Err = Invalid;

    /// Reads `https://host[:port]`, or `http://` to `localhost`, `127.0.0.0/8` or `[::1]`.
    fn from_str(url: &str) -> Result<Self, Invalid> {
        parse(url, false)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url("{service}"))
    }
}

fn parse(url: &str, allows_plain_http: bool) -> Result<Endpoint, Invalid> {
    let wrong = |rule| Invalid::new("endpoint", rule);
    let (scheme, default_port, rest) = match url.split_once("://") {
        Some(("https", rest)) => ("https", 443, rest),
        Some(("http", rest)) => ("http", 80, rest),
        _ => return Err(wrong("must begin with https:// (or http:// for loopback)")),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = authority(rest).map_err(wrong)?;
    if scheme == "http" && !allows_plain_http && !is_loopback(&host) {
        return Err(wrong(
            "must be https, as plain http is allowed to loopback only",
        ));
    }
    let host = match port {
        Some(port) if port != default_port => format!("{host}:{port}"),
        _ => host,
    };
    Ok(Endpoint {
        scheme,
        host: host.into(),
        by_service: false,
    })
}

/// Parses `host[:port]` into the host in lower case and the port, or returns the rule that it breaks.
pub(crate) fn authority(text: &str) -> Result<(String, Option<u16>), &'static str> {
    if text.contains(['/', '?', '#', '\\']) {
        return Err("must have no path, query or fragment");
    }
    if text.contains('@') {
        return Err("must have no user or password");
    }
    let (host, port) = match text.rsplit_once(':') {
        // The colons of an IPv6 address are inside brackets.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let host = host.to_ascii_lowercase();
    if !is_host(&host) {
        return Err("must have a host name or address");
    }
    let port = port
        .map(|port| match port.parse::<u16>() {
            Ok(number) if number > 0 && port.bytes().all(|b| b.is_ascii_digit()) => Ok(number),
            _ => Err("must have a port from 1 to 65535, or none"),
        })
        .transpose()?;
    Ok((host, port))
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']').map(str::parse::<IpAddr>);
        return matches!(address, Some(Ok(IpAddr::V6(_))));
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    host.len() <= 253 && host.split('.').all(label)
}

pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_scheme_and_an_authority() {
        for (url, base) in [
            ("https://example.com", "https://example.com"),
            ("https://EXAMPLE.com:443/", "https://example.com"),
            ("https://example.com:80", "https://example.com:80"),
            ("http://localhost:80", "http://localhost"),
            ("http://127.8.9.10:8080", "http://127.8.9.10:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ] {
            assert_eq!(url.parse::<Endpoint>().unwrap().url("billing"), base);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for url in [
            "",
            "example.com",
            "127.0.0.1:80",
            "ftp://example.com",
            "HTTPS//example.com",
            "https://",
            "https:///",
            "https://example.com/api",
            "https://example.com//",
            "https://example.com?x",
            "https://example.com#x",
            "https://example.com\\x",
            "https://user@example.com",
            "https://user:password@example.com",
            "https://example.com:",
            "https://example.com:0",
            "https://example.com:65536",
            "https://example.com:+80",
            "https://exa mple.com",
            "https://example..com",
            "https://example.com\r\nX-Evil: y",
            "https://ex\u{e4}mple.com",
            "https://::1",
            "https://[::1",
            "https://[127.0.0.1]",
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "http://[::2]",
            "http://0.0.0.0",
            "http://user@127.0.0.1",
        ] {
            let refused = url.parse::<Endpoint>();
            assert_eq!(
                refused.map_err(|invalid| invalid.field()),
                Err("endpoint"),
                "{url}"
            );
        }
        assert!(Endpoint::plain_http_readable_by_anyone("http://10.0.0.1").is_ok());
        assert!(Endpoint::plain_http_readable_by_anyone("http://10.0.0.1/x").is_err());
    }
}
