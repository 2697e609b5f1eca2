use alloc::{borrow::Cow, collections::BTreeMap, string::String, vec::Vec};
use core::{fmt, time::Duration};

use http::Uri;

use crate::{
    Action, Attempt, Invalid, Target,
    flow::Retry,
    proxy::{Proxies, ProxyUrl},
    session::Endpoint,
};

/// How calls are made: endpoint, deadlines, retries, rates and page sizes.
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
#[must_use = "settings are returned, not changed"]
pub struct Settings {
    endpoint: Endpoint,
    pub(crate) failover: Vec<Endpoint>,
    proxies: Option<Proxies>,
    pub(crate) region: Option<Region>,
    pub(crate) language: Option<Language>,
    pub(crate) wire: Wire,
    deadline: Duration,
    attempt_timeout: Duration,
    connect_timeout: Duration,
    retry: Retry,
    /// The rates of actions, by service and name, instead of the actions' own.
    rates: BTreeMap<(Cow<'static, str>, Cow<'static, str>), Option<u32>>,
    /// How many processes share the rates.
    processes: u32,
    pub(crate) longest_rest: Duration,
    max_body: usize,
    page_size: Option<u32>,
    pub(crate) max_pages: u32,
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
            rates: BTreeMap::new(),
            processes: 1,
            longest_rest: Duration::from_secs(3_600),
            max_body: 32 << 20,
            page_size: None,
            max_pages: 100_000,
        }
    }
}

impl Settings {
    /// The endpoint of requests; [`Endpoint::PUBLIC`] by default.
    pub fn with_endpoint(self, endpoint: Endpoint) -> Self {
        Self { endpoint, ..self }
    }

    /// The endpoints to use when the first one can't be reached; none by default.
    ///
    /// A call that finds no connection is sent to the next endpoint at once, and so are all later calls. After a
    /// minute, the first endpoint is tried again.
    pub fn with_failover(self, endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        Self {
            failover: endpoints.into_iter().collect(),
            ..self
        }
    }

    /// The proxy for all requests, `http://[user:password@]host:port`, also for those to this machine; none by default.
    /// Only this machine's metadata endpoint is reached without it.
    ///
    /// Every request goes through a tunnel (`CONNECT`), also one over plain http. Of https the proxy sees only the host.
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming `proxy` when the text is no such URL.
    pub fn with_proxy(self, url: &str) -> Result<Self, Invalid> {
        let proxies = Some(Proxies::all(ProxyUrl::new(url)?));
        Ok(Self { proxies, ..self })
    }

    /// No proxy, whatever the environment says.
    pub fn without_proxy(self) -> Self {
        let proxies = Some(Proxies::default());
        Self { proxies, ..self }
    }

    /// The proxies that the environment names, unless [`with_proxy`](Self::with_proxy) or
    /// [`without_proxy`](Self::without_proxy) was called. [`Proxies::from_variables`] has the rules.
    pub fn or_proxy_variables(mut self, get: impl FnMut(&'static str) -> Option<Vec<u8>>) -> Self {
        (self.proxies).get_or_insert_with(|| Proxies::from_variables(get));
        self
    }

    /// The region of requests; none by default, as billing and e-signature need none. An action that
    /// [needs a region](crate::Action::REGIONAL) is not sent without one.
    pub fn with_region(self, region: impl Into<Option<Region>>) -> Self {
        Self {
            region: region.into(),
            ..self
        }
    }

    /// The language of the service's error messages; the service's choice by default.
    pub fn with_language(self, language: impl Into<Option<Language>>) -> Self {
        Self {
            language: language.into(),
            ..self
        }
    }

    /// The form of requests; POST with signed JSON by default. An action that is confidential
    /// ([`Action::CONFIDENTIAL`](crate::Action::CONFIDENTIAL)) or isn't signed never goes by GET, since URLs are logged.
    pub fn with_wire(self, wire: Wire) -> Self {
        Self { wire, ..self }
    }

    /// The time limit of a call, from its first step, waits included; 60 s by default.
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The time limit of one attempt, which also ends at the deadline; 30 s by default.
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
    pub fn with_connect_timeout(self, connect_timeout: Duration) -> Self {
        Self {
            connect_timeout,
            ..self
        }
    }

    /// The retry policy; [`Retry::default`] by default.
    pub fn with_retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    /// The most requests of an action per second, at least 1, or `None` for no limit; by default [`Action::RATE`].
    ///
    /// All calls of one session count together. [`with_rate_share`](Self::with_rate_share) is for several processes.
    ///
    /// ```
    /// use tc3_core::{billing::DescribeBillList, Settings};
    ///
    /// let settings = Settings::default().with_rate_of::<DescribeBillList>(5);
    /// assert!(format!("{settings:?}").contains(r#"("billing", "DescribeBillList"): Some(5)"#));
    /// ```
    pub fn with_rate_of<A: Action>(self, rate: impl Into<Option<u32>>) -> Self {
        self.with_rate(A::SERVICE, A::NAME, rate)
    }

    /// As [`with_rate_of`](Self::with_rate_of), for an action that is known by its name alone, such as an
    /// [`Untyped`](crate::Untyped) one. A misspelt name has no effect.
    pub fn with_rate(
        mut self,
        service: impl Into<Cow<'static, str>>,
        action: impl Into<Cow<'static, str>>,
        rate: impl Into<Option<u32>>,
    ) -> Self {
        let action = (service.into(), action.into());
        self.rates.insert(action, rate.into());
        self
    }

    /// The number of processes that share the rates of all actions, as they use keys of one account; 1 by default.
    ///
    /// This one then sends at most its part of each rate in a second: 10 requests of 20 if there are two processes.
    /// Where the part is less than 1, it sends one request in several seconds: two processes that share a rate of 1 send
    /// one each in two seconds. The rate is then kept on average, and the service may throttle two requests that meet.
    /// They wait and are retried.
    ///
    /// ```
    /// use core::time::Duration;
    /// use tc3_core::{
    ///     Call, Credential, Flow, Now, Session, Settings, Step, UnixTime,
    ///     billing::DescribeBillList,
    /// };
    ///
    /// let (start, end) = ("2024-01-01 00:00:00".parse()?, "2024-01-31 23:59:59".parse()?);
    /// let action = DescribeBillList::new(start, end); // its rate is 20
    /// let mut session = Session::new(Credential::new("AKIDEXAMPLE", "not-a-real-key")?)
    ///     .with_settings(Settings::default().with_rate_share(2));
    /// let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
    /// let mut sent_at_once = 0;
    /// while let Step::Send(_) = Call::new(&action).step(&mut session, now) {
    ///     sent_at_once += 1;
    /// }
    /// assert_eq!(sent_at_once, 10);
    /// # Ok::<(), tc3_core::Invalid>(())
    /// ```
    pub fn with_rate_share(self, processes: u32) -> Self {
        Self { processes, ..self }
    }

    /// The longest rest of an action after the service has throttled it, whatever `Retry-After` says; an hour by
    /// default, and at least a second.
    ///
    /// During the rest, no request of the action is sent. Calls whose deadline is earlier end at once with an
    /// [`Error::Deadline`](crate::Error::Deadline) whose cause is the throttle.
    pub fn with_longest_rest(self, longest_rest: Duration) -> Self {
        Self {
            longest_rest,
            ..self
        }
    }

    /// The largest accepted answer, in bytes; 32 MiB by default.
    ///
    /// The decoded output may take more memory than the answer: at most 200 times as much, for a page of empty records.
    pub fn with_max_body(self, max_body: usize) -> Self {
        Self { max_body, ..self }
    }

    /// The page size of walks whose action names none, at least 1. It is capped at the documented maximum
    /// ([`Paginate::MAX_PAGE_SIZE`](crate::Paginate::MAX_PAGE_SIZE)). By default
    /// [`Paginate::PAGE_SIZE`](crate::Paginate::PAGE_SIZE).
    pub fn with_page_size(self, page_size: impl Into<Option<u32>>) -> Self {
        Self {
            page_size: page_size.into(),
            ..self
        }
    }

    /// The most pages of a list, or of each window of one; 100,000 by default.
    pub fn with_max_pages(self, max_pages: u32) -> Self {
        Self { max_pages, ..self }
    }

    /// The proxy for a request to this URI.
    pub(crate) fn proxy(&self, uri: &Uri) -> Result<Option<&ProxyUrl>, Invalid> {
        let proxies = self.proxies.as_ref();
        proxies.map_or(Ok(None), |proxies| proxies.choose(uri))
    }

    /// The endpoint at a place: 0 is the first one, then come those for failover.
    pub(crate) fn endpoint_at(&self, place: usize) -> &Endpoint {
        let place = place.checked_sub(1);
        let other = place.and_then(|place| self.failover.get(place));
        other.unwrap_or(&self.endpoint)
    }

    /// The region of requests.
    pub const fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// The time limit of a call.
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The time limit of one attempt.
    pub const fn attempt_timeout(&self) -> Duration {
        self.attempt_timeout
    }

    /// How long connecting may take, at most [`attempt_timeout`](Self::attempt_timeout) and a day.
    pub fn connect_timeout(&self) -> Duration {
        let longest = self.attempt_timeout.min(Attempt::MAX_TIMEOUT);
        self.connect_timeout.min(longest)
    }

    /// The retry policy.
    pub const fn retry(&self) -> &Retry {
        &self.retry
    }

    /// The most requests of an action per second, and the number of processes that share them; both at least 1.
    pub(crate) fn rate(&self, target: &Target) -> Result<(u32, u32), Invalid> {
        let action = (target.service.clone(), target.action.clone());
        let rate = self.rates.get(&action).copied();
        let rate = rate.unwrap_or(Some(target.rate));
        let shared = (rate.unwrap_or(u32::MAX), self.processes);
        match shared {
            (0, _) | (_, 0) => Err(Invalid::new(
                "rate",
                "must be at least 1 per second, or none, for at least 1 process",
            )),
            _ => Ok(shared),
        }
    }

    /// The largest accepted answer, in bytes.
    pub const fn max_body(&self) -> usize {
        self.max_body
    }

    /// The page size of walks whose action names none.
    pub const fn page_size(&self) -> Option<u32> {
        self.page_size
    }
}

/// The form of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wire {
    /// POST with the input as JSON, signed; at most 10 MB.
    #[default]
    Post,
    /// POST with the input as JSON, which the signature doesn't cover; at most 10 MB.
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
            /// Takes `text` as it is.
            ///
            /// # Errors
            ///
            #[doc = concat!("[`Invalid`] naming `", $field, "` if it is empty or contains anything but ASCII letters, digits and hyphens.")]
            pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
                let text = text.into();
                // It becomes a header; a region may also become part of a host name.
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
