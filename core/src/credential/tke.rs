use alloc::{format, string::String};
use core::str;

use super::{
    Chain, Tried, Unreadable,
    errors::Sort,
    lookup::Variables,
    parts::{self, Parts},
    role::Assume,
};
use crate::{UnixTime, sts::AssumeRoleWithWebIdentity, trace::Scope};

/// The variables that describe a Kubernetes service account's role.
pub(super) const NAMES: [&str; 4] = [REGION, PROVIDER_ID, TOKEN_FILE, ROLE_ARN];
const REGION: &str = "TKE_REGION";
const PROVIDER_ID: &str = "TKE_PROVIDER_ID";
const TOKEN_FILE: &str = "TKE_WEB_IDENTITY_TOKEN_FILE";
const ROLE_ARN: &str = "TKE_ROLE_ARN";

/// Reads and checks the variables; each is a part with its own name.
fn account(variables: &Variables) -> Result<Parts, Tried> {
    let account = Parts::from_variables(NAMES.map(|name| (name, [name])), variables)?;
    if account.is_empty() {
        let reason = format!("none of {} is set", NAMES.join(", "));
        return Err(Tried::new(Sort::Absent, reason));
    }
    for name in NAMES {
        account.required(name)?;
    }
    parts::region(REGION, account.required(REGION)?)?;
    account.plain([PROVIDER_ID, ROLE_ARN])?;
    Ok(account)
}

/// The path of the account's token.
pub(super) fn token_file(variables: &Variables) -> Result<String, Tried> {
    Ok(account(variables)?.required(TOKEN_FILE)?.into())
}

/// Assumes the account's role with the token in the file.
pub(super) fn role(
    variables: &Variables,
    file: Option<(&str, &[u8])>,
    now: UnixTime,
    scope: Scope,
) -> Result<Assume, Tried> {
    let account = account(variables)?;
    let token = file.and_then(|(_, token)| str::from_utf8(token).ok());
    let token = token.unwrap_or_default().trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        let rule = "must hold a token of printable ASCII";
        return Err(Unreadable::new(account.required(TOKEN_FILE)?, rule).into());
    }
    let (provider, role) = (account.required(PROVIDER_ID)?, account.required(ROLE_ARN)?);
    let session = format!("tc3-rust-{now}");
    let action = AssumeRoleWithWebIdentity::new(provider, token, role, session);
    let region = parts::region(REGION, account.required(REGION)?)?;
    Ok(Assume::new(&action, Chain::of([]), Some(region), scope))
}
