use alloc::format;
use core::str;

use super::{
    Chain, Tried, Unreadable,
    errors::Sort,
    lookup::Reads,
    parts::{self, Parts},
    role::Assume,
};
use crate::{UnixTime, sts::AssumeRoleWithWebIdentity, trace::Scope};

/// The variables that describe a Kubernetes service account's role.
const NAMES: [&str; 4] = [REGION, PROVIDER_ID, TOKEN_FILE, ROLE_ARN];
const REGION: &str = "TKE_REGION";
const PROVIDER_ID: &str = "TKE_PROVIDER_ID";
const TOKEN_FILE: &str = "TKE_WEB_IDENTITY_TOKEN_FILE";
const ROLE_ARN: &str = "TKE_ROLE_ARN";

/// Assumes the account's role with the token in its file.
pub(super) fn role(reads: &mut Reads, now: UnixTime, scope: Scope) -> Result<Assume, Tried> {
    // Each variable is a part with its own name.
    let account = Parts::from_variables(NAMES.map(|name| (name, [name])), reads)?;
    if account.is_empty() {
        let reason = format!("none of {} is set", NAMES.join(", "));
        return Err(Tried::new(Sort::Absent, reason));
    }
    let region = account.required(REGION)?;
    let provider = account.required(PROVIDER_ID)?;
    let file = account.required(TOKEN_FILE)?;
    let role = account.required(ROLE_ARN)?;
    let region = parts::region(REGION, region)?;
    account.plain([PROVIDER_ID, ROLE_ARN])?;
    let token = reads.first_file(&[file], true)?;
    let token = token.map(|(_, token)| token).unwrap_or_default();
    let token = str::from_utf8(&token).unwrap_or_default().trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        let rule = "must hold a token of printable ASCII";
        return Err(Unreadable::new(file, rule).into());
    }
    let session = format!("tc3-rust-{now}");
    let action = AssumeRoleWithWebIdentity::new(provider, token, role, session);
    Ok(Assume::new(&action, Chain::of([]), Some(region), scope))
}
