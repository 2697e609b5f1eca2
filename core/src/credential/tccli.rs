use alloc::{string::String, string::ToString};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Credential, Unreadable,
    unreadable::{Places, field, number, object, required, text},
};
use crate::{Region, UnixTime};

/// The last moment that can be meant by a number of seconds; a number of milliseconds is later.
const LATEST: UnixTime = UnixTime::new(100_000_000_000);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Login<'a> {
    #[serde(borrow)]
    secret_id: Option<&'a RawValue>,
    secret_key: Option<&'a RawValue>,
    token: Option<&'a RawValue>,
    expires_at: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Configuration<'a> {
    #[serde(borrow, rename = "_sys_param")]
    system: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct System<'a> {
    #[serde(borrow)]
    region: Option<&'a RawValue>,
}

impl Credential {
    /// Reads what the vendor's command line tool, tccli, keeps in `~/.tccli/<profile>.credential`: JSON with
    /// `secretId`, `secretKey` and, after a login that expires, `token` and `expiresAt` in Unix seconds.
    ///
    /// ```
    /// use tc3_core::{Credential, UnixTime};
    ///
    /// let login = r#"{"type": "oauth", "secretId": "AKIDEXAMPLE", "secretKey": "not-a-real-key",
    ///                 "token": "not-a-real-token", "expiresAt": 1760000000}"#;
    /// let credential = Credential::from_tccli(login)?;
    /// assert_eq!(credential.expires_at(), Some(UnixTime::new(1_760_000_000)));
    /// # Ok::<(), tc3_core::Unreadable>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unreadable`] with the line or key when it isn't such JSON, when a key is there twice, when id or key is
    /// missing, and when a value can't be right.
    pub fn from_tccli(file: impl AsRef<[u8]>) -> Result<Self, Unreadable> {
        let login: Login<'_> = object(text(file.as_ref())?)?;
        let id = required(field(login.secret_id, "secretId")?, "secretId")?;
        let key = required(field(login.secret_key, "secretKey")?, "secretKey")?;
        let token = field(login.token, "token")?;
        let places = Places {
            secret_id: "secretId",
            secret_key: "secretKey",
            token: "token",
        };
        let credential = places.credential(&id, &key, token.as_deref().map(String::as_str))?;
        match number(login.expires_at, "expiresAt")? {
            Some(time) if time >= LATEST => {
                Err(Unreadable::new("expiresAt", "must be Unix seconds"))
            }
            Some(time) => Ok(credential.with_expiry(time)),
            None => Ok(credential),
        }
    }
}

impl Region {
    /// Reads what the vendor's command line tool, tccli, keeps in `~/.tccli/<profile>.configure`: JSON with
    /// the region at `_sys_param.region`. `None` when there is none, or an empty one.
    ///
    /// ```
    /// use tc3_core::Region;
    ///
    /// let file = r#"{"_sys_param": {"region": "ap-guangzhou", "output": "json"}}"#;
    /// assert_eq!(Region::from_tccli(file)?, Some(Region::new("ap-guangzhou").unwrap()));
    /// assert_eq!(Region::from_tccli("{}")?, None);
    /// # Ok::<(), tc3_core::Unreadable>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unreadable`] with the line or key when it isn't such JSON, or holds a region that can't be one.
    pub fn from_tccli(file: impl AsRef<[u8]>) -> Result<Option<Self>, Unreadable> {
        let configuration: Configuration<'_> = object(text(file.as_ref())?)?;
        let Some(system) = configuration.system else {
            return Ok(None);
        };
        let system: System<'_> = object(system.get())
            .map_err(|_| Unreadable::new("_sys_param", "must be an object with one region"))?;
        let place = "_sys_param.region";
        let region = field(system.region, place)?;
        let region = region.filter(|region| !region.is_empty());
        let region = region.map(|region| Self::new(region.to_string()));
        region
            .transpose()
            .map_err(|invalid| Unreadable::new(place, invalid.rule()))
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_login_may_be_permanent() {
        for file in [
            r#"{"secretId":"AKIDEXAMPLE","secretKey":"fake-key"}"#,
            "\u{feff}{\"secretKey\":\"fake-key\",\"secretId\":\"AKIDEXAMPLE\",\r\n\"token\":null,\"expiresAt\":null}",
            r#"{"secretId":"AKIDEXAMPLE","secretKey":"fake-\u006bey","token":"","more":[{"a":1},1e999]}"#,
        ] {
            let credential = Credential::from_tccli(file).unwrap();
            assert_eq!(credential.secret_id(), "AKIDEXAMPLE");
            assert_eq!(credential.secret_key(), "fake-key");
            assert_eq!((credential.token(), credential.expires_at()), (None, None));
        }
    }

    #[test]
    fn an_expiry_may_be_a_text() {
        let file =
            r#"{"secretId":"AKIDEXAMPLE","secretKey":"k","token":"t","expiresAt":"1760000000"}"#;
        let credential = Credential::from_tccli(file).unwrap();
        assert_eq!(credential.expires_at(), Some(UnixTime::new(1_760_000_000)));
    }

    #[test]
    fn a_login_that_is_wrong_is_named_by_its_place() {
        let pair = r#""secretId":"fake-id","secretKey":"fake-key""#;
        for (file, place) in [
            (String::new(), "line 1"),
            ("fake".into(), "line 1"),
            (format!("{{\n{pair}"), "line 2"),
            (format!("{{{pair}}} fake"), "line 1"),
            ("null".into(), "line 1"),
            (r#"["fake-id","fake-key"]"#.into(), "line 1"),
            (format!(r#"{{{pair},"secretKey":"fake"}}"#), "line 1"),
            ("{}".into(), "secretId"),
            (r#"{"type":"cvm"}"#.into(), "secretId"),
            (r#"{"secretId":"fake"}"#.into(), "secretKey"),
            (
                r#"{"secretId":"fake","secretKey":null}"#.into(),
                "secretKey",
            ),
            (r#"{"secretId":"","secretKey":"fake"}"#.into(), "secretId"),
            (
                r#"{"secretId":"fake","secretKey":["fake"]}"#.into(),
                "secretKey",
            ),
            (format!(r#"{{{pair},"token":"fake token"}}"#), "token"),
            (format!(r#"{{{pair},"token":7}}"#), "token"),
            (format!(r#"{{{pair},"expiresAt":"fake"}}"#), "expiresAt"),
            (format!(r#"{{{pair},"expiresAt":1.5}}"#), "expiresAt"),
            (
                format!(r#"{{{pair},"expiresAt":1760000000000}}"#),
                "expiresAt",
            ),
        ] {
            let wrong = Credential::from_tccli(&file).unwrap_err();
            assert_eq!(wrong.place(), place, "{file}");
            assert!(!format!("{wrong} {wrong:?}").contains("fake"));
        }
    }

    #[test]
    fn a_region_that_is_wrong_is_no_region() {
        for file in [
            r#"{"_sys_param":null}"#,
            r#"{"_sys_param":{"region":null}}"#,
            r#"{"_sys_param":{"region":""},"x":1}"#,
        ] {
            assert_eq!(Region::from_tccli(file), Ok(None), "{file}");
        }
        for (file, place) in [
            ("", "line 1"),
            (r#"{"_sys_param":7}"#, "_sys_param"),
            (
                r#"{"_sys_param":{"region":"a","region":"b"}}"#,
                "_sys_param",
            ),
            (r#"{"_sys_param":{"region":7}}"#, "_sys_param.region"),
            (
                r#"{"_sys_param":{"region":"ap guangzhou"}}"#,
                "_sys_param.region",
            ),
        ] {
            assert_eq!(Region::from_tccli(file).unwrap_err().place(), place);
        }
    }
}
