//! Which accounts there are: names of profiles, never keys.

use std::{collections::BTreeSet, fs, path::Path};

use serde::Deserialize;
use tc3_async::{Builder, Client, Settings, core::session::Endpoint, credential::Source};

use crate::{Result, data_set};

/// The accounts file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    account: Vec<Account>,
}

/// An account, by the profile that has its keys in the credentials file of each machine that asks for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The profile's name.
    #[serde(rename = "profile")]
    pub name: String,
    /// Where its requests go, instead of to the public service.
    pub endpoint: Option<String>,
    /// The app whose usage is read.
    pub app_id: Option<String>,
    /// Requests a second of each data set's list, instead of as many as the service documents.
    pub rate: Option<u32>,
}

/// Reads an accounts file.
///
/// # Errors
///
/// What is wrong with it, by the field's name.
pub fn read(path: &Path) -> Result<Vec<Account>> {
    let wrong = |wrong: String| format!("{}: {wrong}", path.display());
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let accounts = parse(&text).map_err(|error| wrong(error.to_string()))?;
    Ok(accounts)
}

fn parse(text: &str) -> Result<Vec<Account>> {
    // The error's own text shows the line, which may have a secret.
    let file: File = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        format!("line {line}: {}", error.message())
    })?;
    let mut names = BTreeSet::new();
    for account in &file.account {
        let name = &account.name;
        if name.is_empty() || name.trim() != name {
            return Err(format!("profile {name:?} must be a name, with no space around it").into());
        }
        if !names.insert(name) {
            return Err(format!("profile {name:?} must occur once").into());
        }
        if account.app_id.as_deref() == Some("") {
            return Err(format!("app_id of {name:?} must not be empty: leave it out").into());
        }
        account.endpoint()?;
        if account.rate == Some(0) {
            return Err(format!("rate of {name:?} must be at least 1").into());
        }
    }
    if names.is_empty() {
        return Err("there must be an [[account]] at least".into());
    }
    Ok(file.account)
}

impl Account {
    fn endpoint(&self) -> Result<Endpoint> {
        let endpoint = self.endpoint.as_deref().map(str::parse).transpose();
        Ok(endpoint
            .map_err(|error| format!("endpoint of {:?}: {error}", self.name))?
            .unwrap_or_default())
    }

    /// A client for this account is built from this: its keys are looked up in the credentials file.
    ///
    /// # Errors
    ///
    /// An endpoint that is none.
    pub fn client(&self) -> Result<Builder> {
        let mut settings = Settings::default().with_endpoint(self.endpoint()?);
        if let Some(rate) = self.rate {
            settings = data_set::with_rate(settings, rate);
        }
        Ok(Client::builder()
            .credentials(Source::named_profile(self.name.as_str()))
            .settings(settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_wrong_is_refused_by_field_and_rule() {
        let error = |text| parse(text).unwrap_err().to_string();
        let key = error("[[account]]\nprofile = \"a\"\nsecret_key = \"not-a-real-key\"\n");
        assert!(
            key.starts_with("line 3: unknown field `secret_key`"),
            "{key}"
        );
        assert!(!key.contains("not-a-real-key"), "{key}");
        let app = error("[[account]]\nprofile = \"a\"\napp_id = \"\"\n");
        assert_eq!(app, "app_id of \"a\" must not be empty: leave it out");
        let twice = "[[account]]\nprofile = \"a\"\n".repeat(2);
        assert_eq!(error(&twice), "profile \"a\" must occur once");
        assert!(
            error("[[account]]\nprofile = \"a\"\nendpoint = \"ftp://b\"")
                .contains("endpoint of \"a\"")
        );
        assert_eq!(
            error("[[account]]\nprofile = \"a\"\nrate = 0"),
            "rate of \"a\" must be at least 1"
        );
        for nobody in ["", "account = []"] {
            assert_eq!(error(nobody), "there must be an [[account]] at least");
        }
    }
}
