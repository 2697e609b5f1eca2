use alloc::{boxed::Box, format, string::String};
use core::str;

use super::{
    Unreadable, broken,
    lookup::Variables,
    missing::{Fault, Sort},
    parts::Grant,
    unreadable,
};
use crate::{AssumeRoleWithWebIdentity, UnixTime};

/// All variables that say which role a Kubernetes service account has.
pub(super) const NAMES: [&str; 4] = [
    "TKE_REGION",
    "TKE_PROVIDER_ID",
    "TKE_WEB_IDENTITY_TOKEN_FILE",
    "TKE_ROLE_ARN",
];

/// What the variables say: the region, the provider, the path of the token and the role.
fn account(variables: &Variables) -> Result<[&str; 4], Fault> {
    let mut values = [""; 4];
    for (value, name) in values.iter_mut().zip(NAMES) {
        *value = variables.get(name)?.unwrap_or_default();
    }
    if values == [""; 4] {
        let reason = format!("none of {} is set", NAMES.join(", "));
        return Err(Fault::new(Sort::Absent, reason));
    }
    for (value, name) in values.into_iter().zip(NAMES) {
        if value.is_empty() {
            return Err(Unreadable::new(name, "is missing").into());
        }
    }
    Ok(values)
}

/// The path of the token.
pub(super) fn token_file(variables: &Variables) -> Result<String, Fault> {
    let [region, provider, file, role] = account(variables)?;
    let [region_name, provider_name, _, role_name] = NAMES;
    unreadable::region(region_name, region)?;
    for (name, value) in [(provider_name, provider), (role_name, role)] {
        if let Some(rule) = broken(value) {
            return Err(Unreadable::new(name, rule).into());
        }
    }
    Ok(file.into())
}

/// The role of the account whose token the file holds.
pub(super) fn grant(variables: &Variables, token: &[u8], now: UnixTime) -> Result<Grant, Fault> {
    let [region, provider, file, role] = account(variables)?;
    let token = str::from_utf8(token).map(str::trim).unwrap_or_default();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Unreadable::new(file, "must hold a token of printable ASCII").into());
    }
    let session = format!("tc3-rust-{now}");
    let action = AssumeRoleWithWebIdentity::new(provider, token, role, session);
    let region = unreadable::region("TKE_REGION", region)?;
    Ok(Grant::ServiceAccount(region, Box::new(action)))
}
