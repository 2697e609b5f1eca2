//! Secrets that are marked, and all the text that is searched for them.

use std::{
    collections::BTreeSet,
    error::Error,
    fmt::{Debug, Display},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tc3_core::{Credential, UnixTime, tc3::Scope};

pub(crate) const ID: &str = "AKIDEXAMPLE";
pub(crate) const KEY: &str = "MARKED-not-a-real-key";
pub(crate) const TOKEN: &str = "MARKED-not-a-real-token";
/// The mark alone: it is found even where a text is cut.
const MARK: &str = "MARKED";

/// A temporary credential; its id is no secret.
pub(crate) fn credential() -> Credential {
    let credential = Credential::new(ID, KEY).unwrap();
    credential.with_token(TOKEN).unwrap()
}

/// All text that came by, each with the public name that it is of.
#[derive(Debug, Default)]
pub(crate) struct Texts(pub(crate) Vec<(String, String)>);

impl Texts {
    pub(crate) fn add(&mut self, name: &str, text: impl Display) {
        self.0.push((name.into(), text.to_string()));
    }

    pub(crate) fn debug(&mut self, name: &str, value: &impl Debug) {
        self.add(name, format!("{value:?}"));
        self.add(name, format!("{value:#?}"));
    }

    /// An error, its causes included.
    pub(crate) fn error(&mut self, name: &str, error: &(dyn Error + 'static)) {
        let mut cause = Some(error);
        while let Some(error) = cause {
            self.debug(name, &error);
            self.add(name, error);
            cause = error.source();
        }
    }

    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// There is text of each type that these sources make public, but for some.
    #[track_caller]
    pub(crate) fn assert_complete(&self, sources: &[&str], without_text: &[&str]) {
        let seen = self.names();
        let public = sources.iter().flat_map(|source| public_types(source));
        let forgotten: Vec<_> = public
            .filter(|name| !seen.contains(name) && !without_text.contains(name))
            .collect();
        assert!(forgotten.is_empty(), "nobody looked at {forgotten:?}");
    }

    /// Looks for the secrets, and for what is derived from them to sign requests to a service at these times.
    #[track_caller]
    pub(crate) fn assert_clean(&self, service: &str, times: impl IntoIterator<Item = UnixTime>) {
        assert!(!self.0.is_empty());
        let mut forms = forms("mark", MARK.as_bytes());
        for time in times {
            for (what, key) in derived(service, time) {
                forms.extend(self::forms(what, &key));
            }
        }
        // Any signature at all: which it is depends on the time.
        forms.push(("signature", "Signature=".into()));
        // What the emulator issues has no mark.
        forms.push(("temporary key", "not-a-real-key-".into()));
        forms.push(("token", "not-a-real-token-".into()));
        for (name, text) in &self.0 {
            for (what, form) in &forms {
                assert!(!text.contains(form), "{name} shows the {what}: {text}");
            }
        }
    }
}

/// The keys of one day, as the vendor's page derives them.
pub(crate) fn derived(service: &str, time: UnixTime) -> [(&'static str, Vec<u8>); 3] {
    let step = |key: &[u8], message: &str| {
        let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.chain_update(message).finalize().into_bytes().to_vec()
    };
    let scope = Scope::new(time, service).unwrap();
    let date = step(format!("TC3{KEY}").as_bytes(), scope.date());
    let of_service = step(&date, service);
    let signing = step(&of_service, "tc3_request");
    [
        ("date key", date),
        ("service key", of_service),
        ("signing key", signing),
    ]
}

/// How bytes may show: as they are, in either hexadecimal, and as a list; enough of them to be sure.
fn forms(what: &'static str, bytes: &[u8]) -> Vec<(&'static str, String)> {
    let some = &bytes[..bytes.len().min(8)];
    let lower: String = some.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{some:?}");
    let mut forms = vec![
        (what, lower.to_uppercase()),
        (what, lower),
        (what, list.trim_matches(['[', ']']).into()),
    ];
    if bytes.is_ascii() {
        forms.push((what, String::from_utf8(bytes.to_vec()).unwrap()));
    }
    forms
}

/// The types that a module makes public: by `pub use`, and by definition.
fn public_types(source: &str) -> BTreeSet<&str> {
    let exported = source
        .split(';')
        .filter_map(|part| part.rsplit_once("pub use "))
        .map(|(_, list)| list)
        // Core's own are looked at there.
        .filter(|list| !list.starts_with("tc3_core"));
    let defined = ["pub struct ", "pub enum "].into_iter().flat_map(|word| {
        source
            .lines()
            .filter_map(move |line| line.strip_prefix(word))
            .filter_map(|line| line.split(|c: char| !c.is_alphanumeric()).next())
    });
    exported
        .flat_map(|list| list.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .chain(defined)
        .filter(|name| name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase))
        .collect()
}
