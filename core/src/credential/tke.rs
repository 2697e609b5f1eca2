use alloc::{format, string::String};
use core::str;

use super::{
    broken,
    fault::{Fault, absent, wrong},
    lookup::Variables,
};
use crate::{AssumeRoleWithWebIdentity, Invalid, Region, UnixTime};

const REGION: &str = "TKE_REGION";
const PROVIDER_ID: &str = "TKE_PROVIDER_ID";
const TOKEN_FILE: &str = "TKE_WEB_IDENTITY_TOKEN_FILE";
const ROLE_ARN: &str = "TKE_ROLE_ARN";

/// All variables that say which role a Kubernetes service account has.
pub(super) const NAMES: [&str; 4] = [REGION, PROVIDER_ID, TOKEN_FILE, ROLE_ARN];

/// The role of a service account.
pub(super) struct ServiceAccount {
    region: Region,
    provider: String,
    role: String,
    /// Where its token is.
    pub(super) token_file: String,
}

impl ServiceAccount {
    /// What the variables say.
    pub(super) fn new(variables: &Variables) -> Result<Self, Fault> {
        let mut values = [""; 4];
        for (value, name) in values.iter_mut().zip(NAMES) {
            *value = variables.get(name)?.unwrap_or_default();
        }
        if values == [""; 4] {
            return Err(absent(format!("none of {} is set", NAMES.join(", "))));
        }
        let mut pairs = NAMES.iter().zip(&values);
        if let Some((name, _)) = pairs.find(|(_, value)| value.is_empty()) {
            return Err(wrong(format!("{name} is missing")));
        }
        let [region, provider, token_file, role] = values;
        let invalid = |invalid: Invalid| wrong(format!("{REGION} {}", invalid.rule()));
        let region = Region::new(region).map_err(invalid)?;
        for (name, value) in [(PROVIDER_ID, provider), (ROLE_ARN, role)] {
            if let Some(rule) = broken(value) {
                return Err(wrong(format!("{name} {rule}")));
            }
        }
        Ok(Self {
            region,
            provider: provider.into(),
            role: role.into(),
            token_file: token_file.into(),
        })
    }

    /// The request for the role, with what the file holds, and its region.
    pub(super) fn request(
        self,
        file: &[u8],
        now: UnixTime,
    ) -> Result<(Region, AssumeRoleWithWebIdentity), Fault> {
        let token = str::from_utf8(file).map(str::trim).unwrap_or_default();
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
            let path = self.token_file;
            return Err(wrong(format!(
                "{path} must hold a token of printable ASCII"
            )));
        }
        let session = format!("tc3-rust-{now}");
        let action = AssumeRoleWithWebIdentity::new(self.provider, token, self.role, session);
        Ok((self.region, action))
    }
}
