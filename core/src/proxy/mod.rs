//! Which proxy a request goes through, if any.

mod exceptions;
mod url;

use alloc::{string::String, vec::Vec};

use http::{Uri, uri::Scheme};
use zeroize::Zeroizing;

use crate::{Invalid, session::endpoint::is_loopback};
use exceptions::Exceptions;

pub use url::ProxyUrl;

/// The proxy for each request: none by default, one for all requests, or those of the environment.
///
/// ```
/// use tc3_core::proxy::{Proxies, ProxyUrl};
///
/// let environment = [
///     ("HTTPS_PROXY", "http://user:fake@proxy.example:3128"),
///     ("NO_PROXY", ".internal.tencentcloudapi.com, 10.0.0.0/8"),
/// ];
/// let proxies = Proxies::from_variables(|name| {
///     let variable = environment.iter().find(|(known, _)| *known == name)?;
///     Some(variable.1.as_bytes().to_vec())
/// });
/// let proxy = proxies.choose(&"https://sts.tencentcloudapi.com/".parse()?)?;
/// assert_eq!(proxy.map(ProxyUrl::expose), Some("http://user:fake@proxy.example:3128"));
/// for direct in [
///     "https://sts.internal.tencentcloudapi.com/",
///     "https://10.1.2.3/",
///     "http://127.0.0.1:8080/",
/// ] {
///     assert_eq!(proxies.choose(&direct.parse()?)?, None);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Result<ProxyUrl, Invalid>>,
    https: Option<Result<ProxyUrl, Invalid>>,
    exceptions: Exceptions,
    /// Whether loopback addresses are exceptions.
    spares_loopback: bool,
}

impl Proxies {
    /// One proxy for all requests, including those to this machine.
    pub fn all(proxy: ProxyUrl) -> Self {
        Self {
            http: Some(Ok(proxy.clone())),
            https: Some(Ok(proxy)),
            ..Self::default()
        }
    }

    /// The proxies of the environment. `get` returns the value of a variable.
    ///
    /// - `https_proxy` or `HTTPS_PROXY` is for https, and `http_proxy` or `HTTP_PROXY` for http. `all_proxy` or
    ///   `ALL_PROXY` replaces either if it is missing. The first spelling wins, and an empty variable counts as
    ///   missing. If `REQUEST_METHOD` is set, `HTTP_PROXY` is ignored, since it may be a header of a request to a CGI
    ///   program.
    /// - The value is `[http://][user:password@]host[:port]`, with port 80 by default.
    /// - `no_proxy` or `NO_PROXY` lists exceptions, separated by commas or spaces: a domain with all names below it,
    ///   with or without a leading dot or `*.`; an address; a network such as `10.0.0.0/8` or `2001:db8::/32`; `*` for
    ///   everything. `:port` may follow a domain or an address. Other entries are ignored.
    /// - `localhost`, `127.0.0.0/8` and `::1` are always exceptions: to a proxy they would mean its own machine.
    pub fn from_variables(mut get: impl FnMut(&'static str) -> Option<Vec<u8>>) -> Self {
        let cgi = get("REQUEST_METHOD").is_some();
        let mut first = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| {
                let value = Zeroizing::new(get(name)?);
                (!value.is_empty()).then_some((name, value))
            })
        };
        let mut proxy = |names| {
            let (name, value) = first(names)?;
            let text = str::from_utf8(&value).map_err(|_| "must be a text");
            let proxy = text.and_then(|text| ProxyUrl::lenient(text.trim()));
            Some(proxy.map_err(|rule| Invalid::new(name, rule)))
        };
        let http = match cgi {
            // On Windows, names of variables ignore case.
            true if cfg!(windows) => None,
            true => proxy(["http_proxy"; 2]),
            false => proxy(["http_proxy", "HTTP_PROXY"]),
        };
        let https = proxy(["https_proxy", "HTTPS_PROXY"]);
        let all = proxy(["all_proxy", "ALL_PROXY"]);
        let list = first(["no_proxy", "NO_PROXY"]).map(|(_, list)| list);
        let list = list.unwrap_or_default();
        Self {
            http: http.or_else(|| all.clone()),
            https: https.or(all),
            exceptions: Exceptions::new(&String::from_utf8_lossy(&list)),
            spares_loopback: true,
        }
    }

    /// The proxy for a request to this absolute URI, or `None` for a direct connection.
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming the environment variable, if the proxy in it is malformed. Used as the cause of a
    /// [`Failure::NotSent`](crate::Failure::NotSent), it ends a call with [`Error::Input`](crate::Error::Input).
    pub fn choose(&self, uri: &Uri) -> Result<Option<&ProxyUrl>, Invalid> {
        let (proxy, port) = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => (&self.http, 80),
            _ => (&self.https, 443),
        };
        let (Some(proxy), Some(host)) = (proxy, uri.host()) else {
            return Ok(None);
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = host.to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(port);
        if self.spares_loopback && is_loopback(&host) || self.exceptions.contain(&host, port) {
            return Ok(None);
        }
        proxy.as_ref().map(Some).map_err(|invalid| *invalid)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString, vec};

    use super::*;

    const HTTPS: &str = "https://billing.tencentcloudapi.com/";
    const HTTP: &str = "http://10.0.0.1/";

    fn environment(variables: &[(&str, &str)]) -> Proxies {
        Proxies::from_variables(|name| {
            let variable = variables.iter().find(|(known, _)| *known == name)?;
            Some(variable.1.into())
        })
    }

    #[track_caller]
    fn check(variables: &[(&str, &str)], uri: &str, expected: Option<&str>) {
        let proxies = environment(variables);
        let proxy = proxies.choose(&uri.parse().unwrap()).unwrap();
        assert_eq!(proxy.map(ProxyUrl::expose), expected, "{variables:?}");
    }

    #[test]
    fn each_scheme_has_its_variable_and_all_have_one() {
        let (http, https) = (("http_proxy", "h:1"), ("HTTPS_PROXY", "s:2"));
        let all = ("ALL_PROXY", "a:3");
        check(&[http, https, all], HTTP, Some("http://h:1"));
        check(&[http, https, all], HTTPS, Some("http://s:2"));
        check(&[http, all], HTTPS, Some("http://a:3"));
        check(&[https, all], HTTP, Some("http://a:3"));
        check(&[http], HTTPS, None);
        check(&[https], HTTP, None);
        check(&[], HTTP, None);
        check(&[], HTTPS, None);
    }

    #[test]
    fn lower_case_comes_first_and_what_is_empty_is_missing() {
        for (names, uri) in [
            (["http_proxy", "HTTP_PROXY"], HTTP),
            (["https_proxy", "HTTPS_PROXY"], HTTPS),
            (["all_proxy", "ALL_PROXY"], HTTPS),
        ] {
            check(
                &[(names[0], "a"), (names[1], "b")],
                uri,
                Some("http://a:80"),
            );
            check(
                &[(names[0], ""), (names[1], " b ")],
                uri,
                Some("http://b:80"),
            );
        }
        let https = ("https_proxy", "a");
        check(&[https, ("no_proxy", "com"), ("NO_PROXY", "")], HTTPS, None);
        check(&[https, ("no_proxy", ""), ("NO_PROXY", "com")], HTTPS, None);
        check(
            &[https, ("no_proxy", "org"), ("NO_PROXY", "com")],
            HTTPS,
            Some("http://a:80"),
        );
    }

    #[test]
    fn a_header_of_a_request_to_a_cgi_program_is_no_proxy() {
        let cgi = ("REQUEST_METHOD", "GET");
        check(&[cgi, ("HTTP_PROXY", "evil")], HTTP, None);
        check(
            &[cgi, ("HTTP_PROXY", "evil"), ("ALL_PROXY", "a")],
            HTTP,
            Some("http://a:80"),
        );
        check(&[cgi, ("http_proxy", "a")], HTTP, Some("http://a:80"));
        check(&[cgi, ("HTTPS_PROXY", "a")], HTTPS, Some("http://a:80"));
    }

    #[test]
    fn this_machine_is_spared_by_the_environment_alone() {
        let proxies = [
            environment(&[("all_proxy", "a")]),
            Proxies::all(ProxyUrl::new("http://a:80").unwrap()),
        ];
        for uri in [
            "http://localhost:1",
            "https://LOCALHOST",
            "http://127.9.9.9",
            "https://[::1]:1",
        ] {
            let uri = uri.parse().unwrap();
            let [environment, all] = proxies.each_ref().map(|it| it.choose(&uri).unwrap());
            assert_eq!((environment, all.is_some()), (None, true), "{uri}");
        }
    }

    #[test]
    fn an_exception_is_of_each_requests_own_host_and_port() {
        let variables = [
            ("all_proxy", "a"),
            ("no_proxy", "intl.tencentcloudapi.com,[2001:db8::1]:80"),
        ];
        let proxied = Some("http://a:80");
        for (uri, expected) in [
            (HTTPS, proxied),
            ("https://billing.intl.tencentcloudapi.com/", None),
            ("https://billing.intl.tencentcloudapi.com:8443/", None),
            ("http://[2001:db8::1]/", None),
            ("https://[2001:db8::1]/", proxied),
            ("https://[2001:db8::1]:80/", None),
        ] {
            check(&variables, uri, expected);
        }
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_named_where_it_would_be() {
        for wrong in [
            "socks5://user:fake@h:1",
            "https://user:fake@h",
            "user:fake fake@h",
            "h:0",
            "a b",
        ] {
            let proxies = environment(&[("ALL_PROXY", wrong), ("NO_PROXY", "spared.example")]);
            let invalid = proxies.choose(&HTTPS.parse().unwrap()).unwrap_err();
            assert_eq!(invalid.field(), "ALL_PROXY", "{wrong}");
            assert!(
                !format!("{invalid} {proxies:?}").contains("fake"),
                "{invalid}"
            );
            for spared in ["https://spared.example", "http://127.0.0.1:1"] {
                assert_eq!(proxies.choose(&spared.parse().unwrap()), Ok(None));
            }
        }
        let proxies = Proxies::from_variables(|name| (name == "HTTPS_PROXY").then(|| vec![0xff]));
        let invalid = proxies.choose(&HTTPS.parse().unwrap()).unwrap_err();
        assert_eq!(invalid.to_string(), "HTTPS_PROXY must be a text");
        assert_eq!(proxies.choose(&HTTP.parse().unwrap()), Ok(None));
    }
}
