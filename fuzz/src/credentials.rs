//! Texts that hold credentials.

use std::fmt::{Debug, Display};

use tc3_core::{Credential, Region, Settings, credential::metadata_role};

use crate::texts::signs;

/// No message has a word as long, so that one which has it is taken from the text.
const LONG: usize = 20;

/// Any bytes, as a profile, as what tccli keeps, or as a machine's metadata, are read as a credential that
/// signs, or refused; neither its `Debug` nor the error shows what may be a secret.
///
/// # Panics
///
/// When that does not hold.
pub fn credentials(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let credentials = [
        Credential::from_profile(bytes, "default"),
        Credential::from_profile(bytes, "dev"),
        Credential::from_tccli(bytes),
        Credential::from_metadata(bytes),
    ];
    for read in credentials {
        match read {
            Ok(credential) => usable(&credential),
            Err(error) => silent(&text, &error),
        }
    }
    match Region::from_tccli(bytes) {
        Ok(Some(region)) => assert_eq!(Region::new(region.as_str()), Ok(region)),
        Ok(None) => {}
        Err(error) => silent(&text, &error),
    }
    match metadata_role(bytes) {
        Ok(role) => assert_eq!(metadata_role(&role), Ok(role)),
        Err(error) => silent(&text, &error),
    }
}

/// Signs with a credential, and looks at its `Debug`.
pub(crate) fn usable(credential: &Credential) {
    signs(credential, Settings::default());
    let other = Credential::new(credential.secret_id(), "x").expect("its id is an id");
    let other = match credential.token() {
        Some(_) => other.with_token("x").expect("a token"),
        None => other,
    };
    let other = match credential.expires_at() {
        Some(time) => other.with_expiry(time),
        None => other,
    };
    assert_eq!(format!("{credential:?}"), format!("{other:?}"));
}

fn silent(text: &str, error: &(impl Display + Debug)) {
    let shown = format!("{error} {error:?}");
    let word = |c: char| !c.is_ascii_graphic() || "\"'=:,{}[]".contains(c);
    for word in text.split(word).filter(|word| word.len() >= LONG) {
        assert!(!shown.contains(word), "{shown}");
    }
}
