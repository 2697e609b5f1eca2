use alloc::{format, string::String};

use super::{
    Credential, Unreadable,
    lookup::Reads,
    parts::{self, EXPIRY, Parts, fields, json_text, text},
    source::Identity,
};
use crate::{Region, UnixTime};

/// An expiry from here on is taken for milliseconds.
const LATEST: UnixTime = UnixTime::new(100_000_000_000);

/// The parts of an identity, and their names in tccli's file.
const PARTS: [(&str, &str); 7] = [
    ("SecretId", "secretId"),
    ("SecretKey", "secretKey"),
    ("Token", "token"),
    (EXPIRY, "expiresAt"),
    ("RoleArn", "role-arn"),
    ("RoleSessionName", "role-session-name"),
    ("type", "type"),
];

/// The variables of tccli and Terraform that name the profile, and the one that replaces the folder `~/.tccli`.
const PROFILES: [&str; 2] = ["TCCLI_PROFILE", "TENCENTCLOUD_PROFILE"];
const FOLDER: &str = "TENCENTCLOUD_SHARED_CREDENTIALS_DIR";

/// The path of a profile's file with this extension, and whether a user named it.
pub(super) fn path(
    profile: Option<&str>,
    reads: &mut Reads,
    extension: &str,
) -> Result<(String, bool), Unreadable> {
    let profiles: &[_] = if profile.is_some() { &[] } else { &PROFILES };
    let parts = Parts::from_variables([("profile", profiles), ("folder", &[FOLDER])], reads)?;
    let (named, folder) = (profile.or(parts.text("profile")), parts.text("folder"));
    // The name becomes part of a path.
    if named.is_some_and(|name| name.is_empty() || name.contains(['/', '\\', '\0'])) {
        let rule = "must not be empty or a path";
        return Err(Unreadable::new("the profile's name", rule));
    }
    let name = named.unwrap_or("default");
    let path = format!("{}/{name}.{extension}", folder.unwrap_or("~/.tccli"));
    Ok((path, named.is_some() || folder.is_some()))
}

impl Credential {
    /// Reads the file `~/.tccli/<profile>.credential` of the vendor's command line tool, tccli: JSON with `secretId`,
    /// `secretKey` and, after a login that expires, `token` and `expiresAt` in Unix seconds.
    ///
    /// ```
    /// use tc3_core::{Credential, UnixTime};
    ///
    /// let login = r#"{"type": "oauth", "secretId": "AKIDEXAMPLE", "secretKey": "not-a-real-key",
    ///                 "token": "not-a-real-token", "expiresAt": 1760000000}"#;
    /// let credential = Credential::from_tccli(login)?;
    /// assert_eq!(credential.expires_at(), Some(UnixTime::new(1_760_000_000)));
    /// # Ok::<(), tc3_core::credential::Unreadable>(())
    /// ```
    ///
    /// Keys may also be in upper case, or with other hyphens and underscores, as in a profile.
    ///
    /// A file may name a role. `role-arn`, with or without `role-session-name`, names one to assume with the keys. The
    /// `type` `cvm-role` stands for the virtual machine's role, whatever keys are in the file. Both are errors here;
    /// only a [`Chain`](crate::Chain) can use them.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] with the line or key when the text isn't such JSON, when a key occurs twice, when the id or the
    /// key is missing, when a value is malformed, when a role is named, and when the `type` is not one of tccli's:
    /// `oauth`, `sso` and `default`, which is the same as none.
    pub fn from_tccli(file: impl AsRef<[u8]>) -> Result<Self, Unreadable> {
        Identity::from_tccli(file.as_ref())?.keys()
    }
}

impl Identity {
    /// Reads the signer from a file of tccli, as [`Credential::from_tccli`] documents.
    pub(super) fn from_tccli(file: &[u8]) -> Result<Self, Unreadable> {
        let parts = Parts::from_json(text(file)?, PARTS)?;
        match parts.text("type") {
            None | Some("default" | "oauth" | "sso") => {}
            Some("cvm-role") if parts.role()?.is_none() => return Self::machine(None, "type"),
            Some("cvm-role") => {
                let rule = "must be missing if the type is cvm-role";
                return Err(parts.wrong("RoleArn", rule));
            }
            Some(_) => {
                let rule = "must be oauth, sso, cvm-role, default or missing";
                return Err(parts.wrong("type", rule));
            }
        }
        let identity = parts.identity()?;
        if identity.expires_at().is_some_and(|time| time >= LATEST) {
            return Err(parts.wrong(EXPIRY, "must be Unix seconds"));
        }
        Ok(identity)
    }
}

impl Region {
    /// Reads the file `~/.tccli/<profile>.configure` of the vendor's command line tool, tccli: JSON with the region at
    /// `_sys_param.region`. Returns `None` if the region is missing or empty.
    ///
    /// ```
    /// use tc3_core::Region;
    ///
    /// let file = r#"{"_sys_param": {"region": "ap-guangzhou", "output": "json"}}"#;
    /// assert_eq!(Region::from_tccli(file)?, Some(Region::new("ap-guangzhou").unwrap()));
    /// assert_eq!(Region::from_tccli("{}")?, None);
    /// # Ok::<(), tc3_core::credential::Unreadable>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unreadable`] with the line or key when the text isn't such JSON, or the region is malformed.
    pub fn from_tccli(file: impl AsRef<[u8]>) -> Result<Option<Self>, Unreadable> {
        let [system] = fields(text(file.as_ref())?, ["_sys_param"])?;
        let Some(system) = system else {
            return Ok(None);
        };
        let [region] = fields(system.get(), ["region"])
            .map_err(|_| Unreadable::new("_sys_param", "must be an object with one region"))?;
        let place = "_sys_param.region";
        let region = json_text(place, region)?.filter(|name| !name.is_empty());
        region.map(|name| parts::region(place, &name)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{credential::source::SourceKind, sts::AssumeRole};

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
            (r#"{"type":"oauth"}"#.into(), "secretId"),
            (r#"{"type":"cvm"}"#.into(), "type"),
            (format!(r#"{{{pair},"type":"fake"}}"#), "type"),
            (format!(r#"{{{pair},"type":1}}"#), "type"),
            (
                r#"{"secretId":"\"fake\"","secretKey":"fake"}"#.into(),
                "secretId",
            ),
            (
                r#"{"secretId":"fake","secretKey":"'fake'"}"#.into(),
                "secretKey",
            ),
            (format!(r#"{{{pair},"token":"'fake'"}}"#), "token"),
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
    fn a_role_that_a_login_names_is_not_passed_over() {
        let pair = r#""secretId":"AKIDEXAMPLE","secretKey":"fake-key""#;
        let arn = "qcs::cam::uin/1:roleName/a";
        for (more, session) in [
            (format!(r#""role-arn":"{arn}""#), "tc3-rust"),
            (
                format!(r#""role-arn":"{arn}","role-session-name":"report""#),
                "report",
            ),
            (
                format!(r#""type":"default","role_arn":"{arn}","role-session-name":null"#),
                "tc3-rust",
            ),
            (
                format!(r#""roleArn":"{arn}","roleSessionName":"","type":"oauth""#),
                "tc3-rust",
            ),
            (
                format!(r#""RoleArn":"{arn}","RoleSessionName":"report""#),
                "report",
            ),
        ] {
            let file = format!("{{{pair},{more}}}");
            let identity = Identity::from_tccli(file.as_bytes()).unwrap();
            let SourceKind::Role(role, keys) = identity.source.0 else {
                panic!("no role: {file}");
            };
            assert_eq!(keys.fixed().unwrap().secret_id(), "AKIDEXAMPLE");
            assert_eq!(*role, AssumeRole::new(arn, session));
            let refused = Credential::from_tccli(file).unwrap_err();
            assert_eq!(refused.place(), "role-arn");
        }
        for more in [r#""type":"cvm-role""#, r#""type":"cvm-role","role-arn":"""#] {
            for file in [format!("{{{pair},{more}}}"), format!("{{{more}}}")] {
                let identity = Identity::from_tccli(file.as_bytes()).unwrap();
                assert!(
                    matches!(identity.source.0, SourceKind::CvmRole(_, None)),
                    "{file}"
                );
                let refused = Credential::from_tccli(file).unwrap_err();
                assert_eq!(refused.place(), "type");
            }
        }
        for (more, place) in [
            (r#""role-session-name":"report""#, "role-arn"),
            (r#""role-arn":"a b""#, "role-arn"),
            (r#""role-arn":"'a'""#, "role-arn"),
            (r#""role-arn":7"#, "role-arn"),
            (r#""role-arn":"a","role_arn":"a""#, "line 1"),
            (r#""type":"cvm-role","role-arn":"a""#, "role-arn"),
            (
                r#""role-arn":"a","role-session-name":"a b""#,
                "role-session-name",
            ),
        ] {
            let refused = Credential::from_tccli(format!("{{{pair},{more}}}")).unwrap_err();
            assert_eq!(refused.place(), place, "{more}");
        }
        // None is named.
        for more in [
            r#""type":"default""#,
            r#""type":"sso""#,
            r#""type":null,"role-arn":"""#,
        ] {
            let file = format!("{{{pair},{more}}}");
            assert!(Credential::from_tccli(file).is_ok(), "{more}");
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
