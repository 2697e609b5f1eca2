//! Security token service (STS), 2018-08-13: temporary credentials, and whose a credential is.

mod assume_role;
mod assume_role_with_web_identity;
mod assumed_role;
mod get_caller_identity;

pub use assume_role::{AssumeRole, Tag};
pub use assume_role_with_web_identity::AssumeRoleWithWebIdentity;
pub use assumed_role::{AssumedRole, TemporaryCredentials};
pub use get_caller_identity::{CallerIdentity, CallerType, GetCallerIdentity};

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use zeroize::Zeroizing;

use crate::Invalid;

const SERVICE: &str = "sts";
const VERSION: &str = "2018-08-13";

/// The rules for the parameters that both actions have.
fn check(role_arn: &str, session_name: &str, duration: Option<u32>) -> Result<(), Invalid> {
    if role_arn.is_empty() {
        return Err(Invalid::new("RoleArn", "must not be empty"));
    }
    let named = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
    if !(2..=128).contains(&session_name.len()) || !session_name.bytes().all(named) {
        return Err(Invalid::new(
            "RoleSessionName",
            "must be 2 to 128 letters, digits and +=,.@_-",
        ));
    }
    if duration == Some(0) {
        return Err(Invalid::new("DurationSeconds", "must be at least 1"));
    }
    Ok(())
}

/// A text that is wiped from memory when dropped, and that `Debug` hides.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
struct Secret(Zeroizing<String>);

/// The deserializer's own error would show a number.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::deserialize(deserializer);
        text.map(Self)
            .map_err(|_| D::Error::custom("a secret must be a text"))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        "…".fmt(f)
    }
}
