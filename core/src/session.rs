//! What the calls of one client share.

use alloc::{borrow::Cow, string::String};
use core::{fmt, time::Duration};

use crate::{Credential, Endpoint, Invalid, tc3::Signer};

/// What calls share: the settings, the credential and its cached signing keys.
///
/// A plain value behind `&mut`: an IO crate keeps it in a lock, a single-threaded program need not.
/// One session for all calls with one key pair, since the service counts and times them together.
///
/// ```
/// use tc3_core::{Credential, Region, Session, Settings};
///
/// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
/// let session = Session::new(credential)
///     .with_settings(Settings::default().with_region(Region::new("ap-guangzhou")?));
/// assert_eq!(session.settings().region().unwrap().as_str(), "ap-guangzhou");
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    settings: Settings,
    signer: Signer,
}

impl Session {
    /// A session with the default settings.
    pub fn new(credential: Credential) -> Self {
        Self {
            settings: Settings::default(),
            signer: Signer::new(credential),
        }
    }

    /// The same session with other settings.
    #[must_use = "the session is returned, not changed"]
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// The settings.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The credential that signs.
    pub const fn credential(&self) -> &Credential {
        self.signer.credential()
    }

    /// Signs with another credential from now on; id, key and token change as one.
    pub fn set_credential(&mut self, credential: Credential) {
        self.signer = Signer::new(credential);
    }

    /// What a request is built from.
    pub(crate) const fn parts(&mut self) -> (&Settings, &mut Signer) {
        (&self.settings, &mut self.signer)
    }
}

/// How calls are made.
///
/// ```
/// use core::time::Duration;
/// use tc3_core::{Language, Settings, Wire};
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
    region: Option<Region>,
    language: Option<Language>,
    wire: Wire,
    deadline: Duration,
    attempt_timeout: Duration,
    max_body: usize,
    page_size: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint: Endpoint::PUBLIC,
            region: None,
            language: None,
            wire: Wire::default(),
            deadline: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(30),
            max_body: 32 << 20,
            page_size: None,
        }
    }
}

impl Settings {
    /// Where requests go; [`Endpoint::PUBLIC`] by default.
    #[must_use = "the settings are returned, not changed"]
    pub fn with_endpoint(self, endpoint: Endpoint) -> Self {
        Self { endpoint, ..self }
    }

    /// The region that requests name; none by default, as billing and e-signature need none.
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

    /// How long a call may take in all, from its first step; 60 s by default.
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

    /// The largest answer that is read, in bytes; 32 MiB by default.
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

    /// Where requests go.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
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

    /// The largest answer that is read, in bytes.
    pub const fn max_body(&self) -> usize {
        self.max_body
    }

    /// How many records a walk asks for at once where the action doesn't say.
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
    /// use tc3_core::Language;
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

/// The words of a client's builder that only change its `settings`, so that both IO crates have the same.
#[doc(hidden)]
#[macro_export]
macro_rules! settings_words {
    () => {
        /// Where requests go; [`Endpoint::PUBLIC`] by default.
        pub fn endpoint(self, endpoint: $crate::Endpoint) -> Self {
            self.map_settings(|settings| settings.with_endpoint(endpoint))
        }

        /// The region that requests name; none by default.
        pub fn region(
            self,
            region: impl ::core::convert::Into<::core::option::Option<$crate::Region>>,
        ) -> Self {
            self.map_settings(|settings| settings.with_region(region))
        }

        /// The language of the service's error messages; the service's choice by default.
        pub fn language(
            self,
            language: impl ::core::convert::Into<::core::option::Option<$crate::Language>>,
        ) -> Self {
            self.map_settings(|settings| settings.with_language(language))
        }

        /// The form of requests; POST with signed JSON by default.
        pub fn wire(self, wire: $crate::Wire) -> Self {
            self.map_settings(|settings| settings.with_wire(wire))
        }

        /// How long a call may take in all; 60 s by default.
        pub fn deadline(self, deadline: ::core::time::Duration) -> Self {
            self.map_settings(|settings| settings.with_deadline(deadline))
        }

        /// How long one attempt may take, never past the deadline; 30 s by default.
        pub fn attempt_timeout(self, timeout: ::core::time::Duration) -> Self {
            self.map_settings(|settings| settings.with_attempt_timeout(timeout))
        }

        /// The largest answer that is read, in bytes; 32 MiB by default.
        pub fn max_body(self, bytes: usize) -> Self {
            self.map_settings(|settings| settings.with_max_body(bytes))
        }

        /// How many records a walk asks for at once where the action doesn't say.
        pub fn page_size(
            self,
            page_size: impl ::core::convert::Into<::core::option::Option<u32>>,
        ) -> Self {
            self.map_settings(|settings| settings.with_page_size(page_size))
        }

        fn map_settings(
            self,
            change: impl ::core::ops::FnOnce($crate::Settings) -> $crate::Settings,
        ) -> Self {
            Self {
                settings: change(self.settings),
                ..self
            }
        }
    };
}
