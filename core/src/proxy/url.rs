use alloc::{format, string::String, vec::Vec};
use core::{fmt, hash};

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::{Invalid, session::endpoint};

const SCHEME: &str = "http://";

/// The address of a proxy: `http://[user:password@]host:port`.
///
/// Neither its `Debug` nor an error shows the user and password.
///
/// ```
/// use tc3_core::proxy::ProxyUrl;
///
/// let proxy = ProxyUrl::new("http://user:fake@proxy.example:3128")?;
/// assert_eq!(format!("{proxy:?}"), "ProxyUrl(http://proxy.example:3128)");
/// for wrong in [
///     "proxy.example:3128",
///     "http://proxy.example",
///     "http://proxy.example:99999",
///     "http://p:1/path",
/// ] {
///     assert_eq!(ProxyUrl::new(wrong).unwrap_err().field(), "proxy");
/// }
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    url: Zeroizing<String>,
    authority: String,
}

impl hash::Hash for ProxyUrl {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.url.hash(state);
    }
}

impl ProxyUrl {
    /// Reads `http://[user:password@]host:port`; user and password may be percent-encoded.
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming `proxy` for anything else.
    pub fn new(url: &str) -> Result<Self, Invalid> {
        let rest = url.strip_prefix(SCHEME);
        Self::read(rest, None).map_err(|rule| Invalid::new("proxy", rule))
    }

    /// Reads a value of the environment: scheme and port may be missing, and a slash may be at the end. The error is
    /// the rule that is broken.
    pub(super) fn lenient(text: &str) -> Result<Self, &'static str> {
        let rest = match text.split_once("://") {
            Some((scheme, rest)) => scheme.eq_ignore_ascii_case("http").then_some(rest),
            None => Some(text),
        };
        let rest = rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest));
        // The default port of most programs.
        Self::read(rest, Some((80, ":80")))
    }

    /// Reads the part after the scheme, which is `None` if that isn't http, with a default port.
    fn read(
        rest: Option<&str>,
        default: Option<(u16, &'static str)>,
    ) -> Result<Self, &'static str> {
        let rest = rest.ok_or("must begin with http://, as no other proxies are spoken to")?;
        let (user, host) = match rest.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, rest),
        };
        if user.is_some_and(|user| !is_user(user)) {
            return Err("must have a percent-encoded user and password, or none");
        }
        let (name, port) = endpoint::authority(host)?;
        let port = port.map(|port| (port, "")).or(default);
        let (port, added) = port.ok_or("must have a port from 1 to 65535")?;
        let parts = [SCHEME, rest, added];
        // Growing the string would leave copies of the password in memory.
        let room = parts.iter().map(|part| part.len()).sum();
        let mut url = Zeroizing::new(String::with_capacity(room));
        parts.iter().for_each(|part| url.push_str(part));
        Ok(Self {
            url,
            authority: format!("{name}:{port}"),
        })
    }

    /// Host and port alone.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The whole URL, user and password included.
    pub fn expose(&self) -> &str {
        &self.url
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl(http://{})", self.authority)
    }
}

/// Whether this is the `userinfo` of RFC 3986, and UTF-8 when decoded. HTTP stacks treat anything else differently.
fn is_user(user: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:%".contains(&b);
    let mut decoded = Zeroizing::new(Vec::with_capacity(user.len()));
    decoded.extend(percent_decode_str(user));
    !user.is_empty() && user.bytes().all(plain) && str::from_utf8(&decoded).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_has_a_host_and_a_port_and_keeps_its_password_to_itself() {
        for url in [
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://user@h:1",
            "http://us%40er:fake:@h:1",
            "http://HOST:1",
        ] {
            assert_eq!(ProxyUrl::new(url).unwrap().expose(), url);
        }
        for url in [
            "",
            "not a url",
            "http://",
            "http://h",
            "http://h:",
            "http://h:0",
            "http://h:65536",
            "http://h:port",
            "http://h:1/",
            "http://h:1?x",
            "http://@h:1",
            "http://user:fa ke@h:1",
            "http://user:fa@ke@h:1",
            "http://user:fa{ke@h:1",
            "http://user:fake%ff@h:1",
            "http://user:fake@",
            "http://user:fake@h:1\r\nX-Evil: y",
            "https://h:1",
            "ftp://h:1",
            "socks5://h:1",
            "h:1",
        ] {
            let invalid = ProxyUrl::new(url).unwrap_err();
            assert_eq!(invalid.field(), "proxy", "{url}");
            assert!(!format!("{invalid} {invalid:?}").contains("fake"));
        }
        let proxy = ProxyUrl::new("http://user:fake@h:1").unwrap();
        assert_eq!(format!("{proxy:?}"), "ProxyUrl(http://h:1)");
    }

    #[test]
    fn in_the_environment_scheme_and_port_may_be_missing() {
        for (text, url) in [
            ("h:3128", "http://h:3128"),
            ("h", "http://h:80"),
            ("HTTP://h/", "http://h:80"),
            ("http://h:3128/", "http://h:3128"),
            ("user:fake@[::1]", "http://user:fake@[::1]:80"),
        ] {
            assert_eq!(ProxyUrl::lenient(text).unwrap().expose(), url);
        }
        for text in [
            "",
            "/",
            "h/path",
            "h:1//",
            "socks5h://h:1",
            "https://h:1",
            "://h:1",
            "h:0",
        ] {
            assert!(ProxyUrl::lenient(text).is_err(), "{text}");
        }
    }
}
