//! How calls are made.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::{fmt, time::Duration};

use http::Uri;

use crate::{
    Attempt, Invalid, Target,
    flow::Retry,
    proxy::{Proxies, ProxyUrl},
    session::Endpoint,
};

/// How calls are made.
///
/// ```
/// use core::time::Duration;
/// use tc3_core::{session::{Language, Wire}, Settings};
///
/// let settings = Settings::default()
///     .with_language(Language::EN_US)
///     .with_wire(Wire::Get)
///     .with_deadline(Duration::from_secs(10));
/// assert_eq!(settings.deadline(), Duration::from_secs(10));
/// assert_eq!(settings.attempt_timeout(), Duration::from_secs(30));
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    endpoint: Endpoint,
    failover: Vec<Endpoint>,
    proxies: Option<Proxies>,
    region: Option<Region>,
    language: Option<Language>,
    wire: Wire,
    deadline: Duration,
    attempt_timeout: Duration,
    connect_timeout: Duration,
    retry: Retry,
    rates: Vec<Rate>,
    longest_rest: Duration,
    max_body: usize,
    page_size: Option<u32>,
    max_pages: u32,
}

/// How often an action may be sent, where it isn't what the action says.
#[derive(Clone, Debug)]
struct Rate {
    service: Cow<'static, str>,
    action: Cow<'static, str>,
    rate: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint: Endpoint::PUBLIC,
            failover: Vec::new(),
            proxies: None,
            region: None,
            language: None,
            wire: Wire::default(),
            deadline: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            retry: Retry::default(),
            rates: Vec::new(),
            longest_rest: Duration::from_secs(3_600),
            max_body: 32 << 20,
            page_size: None,
            max_pages: 100_000,
        }
    }
}

impl Settings {
    /// Where requests go; [`Endpoint::PUBLIC`] by default.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_endpoint(self, endpoint: Endpoint) -> Self {
        Self { endpoint, ..self }
    }

    /// Where requests go when the endpoint can't be reached; nowhere else by default.
    ///
    /// A call that finds no connection goes to the next endpoint at once, and all later calls go there
    /// too, until the first one is tried again after a minute.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_failover(self, endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        Self {
            failover: endpoints.into_iter().collect(),
            ..self
        }
    }

    /// The proxy for all requests, `http://[user:password@]host:port`, those to this machine included; none by default.
    /// Only this machine's metadata endpoint is reached without it.
    ///
    /// A proxy is asked for a tunnel (`CONNECT`), for plain http as well. Of a request over https it sees only the host.
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming `proxy` when the text is no such URL.
    pub fn with_proxy(self, url: &str) -> Result<Self, Invalid> {
        let proxies = Some(Proxies::all(ProxyUrl::new(url)?));
        Ok(Self { proxies, ..self })
    }

    /// No proxy, whatever the environment says.
    #[must_use = "the settings are returned, not changed"]
    pub fn without_proxy(self) -> Self {
        let proxies = Some(Proxies::default());
        Self { proxies, ..self }
    }

    /// The proxies that the environment names, unless [`with_proxy`](Self::with_proxy) or
    /// [`without_proxy`](Self::without_proxy) was called. [`Proxies::from_variables`] has the rules.
    #[must_use = "the settings are returned, not changed"]
    pub fn or_proxy_variables(mut self, get: impl FnMut(&'static str) -> Option<Vec<u8>>) -> Self {
        (self.proxies).get_or_insert_with(|| Proxies::from_variables(get));
        self
    }

    /// The region that requests name; none by default, as billing and e-signature need none. An action that
    /// [needs one](crate::Action::REGIONAL) is not sent without.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_region(self, region: impl Into<Option<Region>>) -> Self {
        Self {
            region: region.into(),
            ..self
        }
    }

    /// The language of the service's error messages; the service's choice by default.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_language(self, language: impl Into<Option<Language>>) -> Self {
        Self {
            language: language.into(),
            ..self
        }
    }

    /// The form of requests; POST with signed JSON by default.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_wire(self, wire: Wire) -> Self {
        Self { wire, ..self }
    }

    /// How long a call may take in all, waiting and sending, from its first step; 60 s by default.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// How long one attempt of a call may take, never past the deadline; 30 s by default.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_attempt_timeout(self, attempt_timeout: Duration) -> Self {
        Self {
            attempt_timeout,
            ..self
        }
    }

    /// How long connecting may take, the name lookup and TLS included, within the attempt's own time; 10 s by default.
    /// The addresses of a name share it, so that one that never answers leaves time for the next.
    ///
    /// Core leaves it to what sends: the clients' own transports keep it.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_connect_timeout(self, connect_timeout: Duration) -> Self {
        Self {
            connect_timeout,
            ..self
        }
    }

    /// When a call is sent again; [`Retry::default`] by default.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    /// How many calls of an action a second are sent, at least 1, or `None` for any number; by default as
    /// many as the action says that the service allows.
    ///
    /// All calls through one session count together. Give a part of the rate to each of several
    /// programs that use one key pair.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_rate(
        mut self,
        service: impl Into<Cow<'static, str>>,
        action: impl Into<Cow<'static, str>>,
        rate: impl Into<Option<u32>>,
    ) -> Self {
        // The last word counts, so it stands first.
        let (service, action, rate) = (service.into(), action.into(), rate.into());
        let rate = Rate {
            service,
            action,
            rate,
        };
        self.rates.insert(0, rate);
        self
    }

    /// How long an action rests at most after the service has throttled it, whatever `Retry-After` asks for; an hour
    /// by default, and at least a second.
    ///
    /// Meanwhile nothing of the action is sent, and its calls that can't wait for so long end at once with an
    /// [`Error::Deadline`](crate::Error::Deadline) whose cause is the throttle.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_longest_rest(self, longest_rest: Duration) -> Self {
        Self {
            longest_rest,
            ..self
        }
    }

    /// The largest answer that is read, in bytes; 32 MiB by default.
    ///
    /// What an answer is read into may be larger than its bytes: at most 200 times, where a page is made of
    /// empty records.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_max_body(self, max_body: usize) -> Self {
        Self { max_body, ..self }
    }

    /// How many records a walk asks for at once where the action doesn't say, at least 1 and capped
    /// at what the action's service is documented to serve; the action's own default otherwise.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_page_size(self, page_size: impl Into<Option<u32>>) -> Self {
        Self {
            page_size: page_size.into(),
            ..self
        }
    }

    /// How many pages a list, or each window of one, may have; 100,000 by default.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_max_pages(self, max_pages: u32) -> Self {
        Self { max_pages, ..self }
    }

    /// Where requests go.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Where requests go when the endpoint can't be reached.
    pub fn failover(&self) -> &[Endpoint] {
        &self.failover
    }

    /// The proxy for a request to this URI.
    pub(crate) fn proxy(&self, uri: &Uri) -> Result<Option<&ProxyUrl>, Invalid> {
        match &self.proxies {
            Some(proxies) => proxies.choose(uri),
            None => Ok(None),
        }
    }

    /// The endpoint and what it fails over to, counted from 0.
    pub(crate) fn endpoint_at(&self, place: usize) -> &Endpoint {
        let place = place.checked_sub(1);
        let other = place.and_then(|place| self.failover.get(place));
        other.unwrap_or(&self.endpoint)
    }

    /// The region that requests name.
    pub const fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// The language of the service's error messages.
    pub const fn language(&self) -> Option<&Language> {
        self.language.as_ref()
    }

    /// The form of requests.
    pub const fn wire(&self) -> Wire {
        self.wire
    }

    /// How long a call may take in all.
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// How long one attempt of a call may take.
    pub const fn attempt_timeout(&self) -> Duration {
        self.attempt_timeout
    }

    /// How long connecting may take, at most [`attempt_timeout`](Self::attempt_timeout) and a day.
    pub fn connect_timeout(&self) -> Duration {
        let longest = self.attempt_timeout.min(Attempt::MAX_TIMEOUT);
        self.connect_timeout.min(longest)
    }

    /// When a call is sent again.
    pub const fn retry(&self) -> &Retry {
        &self.retry
    }

    /// How many calls a second are sent to where an action goes; `None` for any number.
    pub fn rate(&self, target: &Target) -> Option<u32> {
        let of = |rate: &&Rate| rate.service == target.service && rate.action == target.action;
        self.rates
            .iter()
            .find(of)
            .map_or(Some(target.rate), |rate| rate.rate)
    }

    /// How long an action rests at most after the service has throttled it.
    pub const fn longest_rest(&self) -> Duration {
        self.longest_rest
    }

    /// The largest answer that is read, in bytes.
    pub const fn max_body(&self) -> usize {
        self.max_body
    }

    /// How many records a walk asks for at once where the action doesn't say.
    pub const fn page_size(&self) -> Option<u32> {
        self.page_size
    }

    /// How many pages a list, or each window of one, may have.
    pub const fn max_pages(&self) -> u32 {
        self.max_pages
    }
}

/// The form of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wire {
    /// POST with the input as JSON, signed; at most 10 MB.
    #[default]
    Post,
    /// POST with the input as JSON that is left out of the signature; at most 10 MB.
    PostUnsigned,
    /// GET with the input as a flattened query (`A.0=x&B.C=y`); at most 32 KB.
    Get,
}

macro_rules! header_text {
    ($(#[$outer:meta])* $name:ident, $field:literal) => {
        $(#[$outer])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(Cow<'static, str>);

        impl $name {
            /// Holds `text` as it is.
            ///
            /// # Errors
            ///
            #[doc = concat!("[`Invalid`] naming `", $field, "` when it is empty or has a character other than an ASCII letter, a digit or a hyphen.")]
            pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
                let text = text.into();
                // It becomes a header, and a region may become part of a host.
                if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                    return Err(Invalid::new($field, "must be letters, digits and hyphens"));
                }
                Ok(Self(text.into()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl core::str::FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

header_text! {
    /// A region, e.g. `ap-guangzhou`.
    ///
    /// ```
    /// use tc3_core::Region;
    ///
    /// assert_eq!(Region::new("ap-guangzhou")?.as_str(), "ap-guangzhou");
    /// assert_eq!(Region::new("ap\r\nX-Evil: y").unwrap_err().field(), "region");
    /// # Ok::<(), tc3_core::Invalid>(())
    /// ```
    Region, "region"
}

header_text! {
    /// A language for the service's error messages.
    ///
    /// ```
    /// use tc3_core::session::Language;
    ///
    /// assert_eq!(Language::new("en-US")?, Language::EN_US);
    /// assert_eq!(Language::new("").unwrap_err().field(), "language");
    /// # Ok::<(), tc3_core::Invalid>(())
    /// ```
    Language, "language"
}

impl Language {
    /// Chinese.
    pub const ZH_CN: Self = Self(Cow::Borrowed("zh-CN"));
    /// English.
    pub const EN_US: Self = Self(Cow::Borrowed("en-US"));
}
