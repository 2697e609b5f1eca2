use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use super::{
    Answer, Asked, Emulator, Handled, Refused, Served, http_date,
    ledger::{Random, lines::uin},
    object, page,
    parameters::{self, Field, ParameterKind, optional, required},
    refuse, target,
};
use crate::{
    Action, Credential, UnixTime,
    credential::ROLES,
    sts::{AssumeRole, AssumeRoleWithWebIdentity, CallerIdentity, CallerType, GetCallerIdentity},
};

pub(super) const ASSUME_ROLE: Served = Served {
    target: target::<AssumeRole>(),
    total: &[],
    answer: Answer::Handler(
        &[
            required("RoleArn", ParameterKind::Text),
            required("RoleSessionName", ParameterKind::Text),
            optional("DurationSeconds", ParameterKind::Integer { signed: false }),
            optional("Policy", ParameterKind::Text),
            optional("ExternalId", ParameterKind::Text),
            optional("Tags", ParameterKind::list(&TAG)),
            optional("SourceIdentity", ParameterKind::Text),
            optional("SerialNumber", ParameterKind::Text),
            optional("TokenCode", ParameterKind::Text),
        ],
        assume,
    ),
};

pub(super) const WITH_WEB_IDENTITY: Served = Served {
    target: target::<AssumeRoleWithWebIdentity>(),
    total: &[],
    answer: Answer::Handler(FIELDS, |emulator, asked, mut input| {
        if input.remove("ProviderId") == Some(json!("")) {
            return refuse(WRONG, "ProviderId must not be empty");
        }
        if input.remove("WebIdentityToken") != Some(json!(Emulator::WEB_IDENTITY_TOKEN)) {
            return refuse(
                "InvalidParameter.WebIdentityTokenError",
                "the web identity token is not the provider's",
            );
        }
        assume(emulator, asked, input)
    }),
};

pub(super) const CALLER_IDENTITY: Served = Served {
    target: target::<GetCallerIdentity>(),
    total: &[],
    answer: Answer::Handler(&[], |emulator, asked, _| {
        let number = u64::try_from(asked.account).unwrap_or(u64::MAX);
        let account = uin(number).to_string();
        let owner = FIRST_SUB_ACCOUNT.saturating_add(number).to_string();
        let issued = &emulator.account(asked.account).temporary;
        let session = issued
            .iter()
            .find(|(key, _)| Some(key.secret_id()) == asked.secret_id);
        let (kind, user, arn) = match session {
            Some((_, session)) => (
                CallerType::CAM_ROLE,
                format!("{ROLE_ID}:{session}"),
                format!("qcs::sts:{account}:assumed-role/{ROLE_ID}"),
            ),
            None => (
                CallerType::CAM_USER,
                owner.clone(),
                format!("qcs::cam:{account}:uin/{owner}"),
            ),
        };
        object(&CallerIdentity {
            r#type: kind,
            account_id: account,
            user_id: user,
            principal_id: owner,
            arn,
        })
    }),
};

/// The number of the sub-account with the first account's key pair.
pub(super) const FIRST_SUB_ACCOUNT: u64 = 200_000_000_001;
/// The number of the only role.
const ROLE_ID: &str = "4611686018427397919";

const FIELDS: &[Field] = &[
    required("ProviderId", ParameterKind::Text),
    required("WebIdentityToken", ParameterKind::Text),
    required("RoleArn", ParameterKind::Text),
    required("RoleSessionName", ParameterKind::Text),
    optional("DurationSeconds", ParameterKind::Integer { signed: true }),
];
const TAG: ParameterKind = ParameterKind::object(&[
    required("Key", ParameterKind::Text),
    required("Value", ParameterKind::Text),
]);
/// The error code for a parameter without a code of its own.
const WRONG: &str = "InvalidParameter.ParamError";
/// The default lifetime of temporary credentials.
const SECONDS: i64 = 7_200;
/// How long expired credentials are remembered, so that they are refused as expired.
const REMEMBERED: i64 = 86_400;

/// The roles.
#[derive(Clone, Debug, Default)]
pub(super) struct Roles {
    count: u64,
    /// The maximum lifetime in seconds.
    longest: Option<u32>,
    /// The role of the virtual machine.
    machine: Option<String>,
}

impl Emulator {
    /// The only role.
    pub const ROLE_ARN: &'static str = "qcs::cam::uin/100000000001:roleName/tc3";
    /// The same role by its number, which the service accepts too.
    pub const ROLE_ARN_BY_ID: &'static str = "qcs::cam::uin/100000000001:role/4611686018427397919";
    /// The only valid web identity token.
    pub const WEB_IDENTITY_TOKEN: &'static str = "not-a-real-web-identity-token";

    /// Adds the metadata endpoint of a virtual machine with this role, at the path of the real one.
    ///
    /// It belongs to the first account. Its temporary keys are valid until they expire, like those of `AssumeRole` and
    /// `AssumeRoleWithWebIdentity`. Use [`exchange`](Self::exchange) or [`handle`](Self::handle), not
    /// [`send`](Self::send), which doesn't know the time of a request for metadata.
    ///
    /// ```
    /// use tc3_core::{Credential, UnixTime, emulator::Emulator};
    ///
    /// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
    /// let mut service = Emulator::new(credential).with_machine_role("billing-reader");
    /// let now = UnixTime::new(1_760_000_000);
    /// let mut get = |path| {
    ///     let url =
    ///         format!("http://127.0.0.1/latest/meta-data/cam/security-credentials/{path}");
    ///     service.handle(now, &http::Request::get(url).body(Default::default()).unwrap())
    /// };
    /// assert_eq!(&get("").body()[..], b"billing-reader");
    /// let temporary = Credential::from_metadata(get("billing-reader").body())?;
    /// assert_eq!(temporary.expires_at(), Some(UnixTime::new(1_760_007_200)));
    /// assert_eq!(get("another").status(), 404);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "the emulator is returned, not changed"]
    pub fn with_machine_role(mut self, role: impl Into<String>) -> Self {
        self.roles.machine = Some(role.into());
        self
    }

    /// Limits the lifetime of temporary keys to so many seconds, whatever a request asks for.
    #[must_use = "the emulator is returned, not changed"]
    pub fn with_longest_role(mut self, seconds: u32) -> Self {
        self.roles.longest = Some(seconds);
        self
    }

    /// Replaces the credential of the first account. The old one, and all temporary keys issued to it so far, are
    /// unknown from now on.
    ///
    /// ```
    /// use tc3_core::{
    ///     Credential, Session, UnixTime,
    ///     billing::DescribeBillList,
    ///     emulator::Emulator,
    ///     wire::{request, response},
    /// };
    ///
    /// let old = Credential::new("AKIDOLD", "not-a-real-key")?;
    /// let mut service = Emulator::new(old.clone());
    /// service.set_credential(Credential::new("AKIDNEW", "not-a-real-key")?);
    /// let now = UnixTime::new(1_760_000_000);
    /// let action =
    ///     DescribeBillList::new("2024-01-01 00:00:00".parse()?, "2024-01-31 23:59:59".parse()?)
    ///         .with_limit(1);
    /// let signed = request::sign(&action, &mut Session::new(old), now)?;
    /// let error =
    ///     response::read::<DescribeBillList>(&service.handle(now, &signed)).unwrap_err();
    /// assert_eq!(error.refusal().unwrap().code(), "AuthFailure.SecretIdNotFound");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_credential(&mut self, credential: Credential) {
        self.first.account.credential = credential;
        self.first.temporary.clear();
    }

    /// Issues temporary credentials to an account, for a session of this name.
    fn give(
        &mut self,
        account: usize,
        session: String,
        now: UnixTime,
        seconds: i64,
    ) -> Result<Credential, Refused> {
        let roles = &mut self.roles;
        roles.count = roles.count.wrapping_add(1);
        let mut random = Random::new(self.seed, "temporary key", roles.count);
        let (id, key, token) = (random.next(), random.next(), random.next());
        let longest = roles.longest.map_or(i64::MAX, i64::from);
        let expires_at = now.plus(seconds.min(longest));
        let credential = Credential::new(
            format!("AKIDTEMPORARY{id:016x}"),
            format!("not-a-real-key-{key:016x}"),
        )
        .and_then(|pair| pair.with_token(format!("not-a-real-token-{token:016x}")))
        .map_err(|invalid| Refused::new("InternalError", format!("{invalid}")))?
        .with_expiry(expires_at);
        let remembered = |(credential, _): &(Credential, String)| {
            let expiry = credential.expires_at();
            expiry.is_none_or(|expiry| now.seconds_since(expiry) < REMEMBERED)
        };
        let temporary = &mut self.account(account).temporary;
        temporary.retain(remembered);
        temporary.push((credential.clone(), session));
        Ok(credential)
    }

    /// The response of the metadata endpoint, if the request is for it.
    pub(super) fn metadata(
        &mut self,
        now: UnixTime,
        request: &Request<Bytes>,
    ) -> Option<Response<Bytes>> {
        let role = request.uri().path().strip_prefix(ROLES)?;
        let machine = self.roles.machine.clone()?;
        if request.method() != Method::GET {
            return Some(page(StatusCode::METHOD_NOT_ALLOWED));
        }
        let body = match role {
            "" => machine,
            role if role == machine => match self.give(0, machine, now, SECONDS) {
                Ok(credential) => json!({
                    "TmpSecretId": credential.secret_id(),
                    "TmpSecretKey": credential.secret_key(),
                    "Token": credential.token(),
                    "ExpiredTime": credential.expires_at(),
                    "Expiration": expiration(&credential),
                    "Code": "Success",
                })
                .to_string(),
                Err(_) => return Some(page(StatusCode::INTERNAL_SERVER_ERROR)),
            },
            _ => return Some(page(StatusCode::NOT_FOUND)),
        };
        let mut response = Response::new(Bytes::from(body));
        let text = HeaderValue::from_static("text/plain");
        response.headers_mut().insert(header::CONTENT_TYPE, text);
        if let Some(date) = http_date(now) {
            response.headers_mut().insert(header::DATE, date);
        }
        Some(response)
    }
}

/// The expiry as a text.
fn expiration(credential: &Credential) -> Option<String> {
    let expiry: jiff::Timestamp = credential.expires_at()?.try_into().ok()?;
    Some(format!("{expiry}"))
}

fn assume(emulator: &mut Emulator, asked: Asked, mut input: Map<String, Value>) -> Handled {
    let seconds = input.remove("DurationSeconds");
    check_code(input.remove("SerialNumber"), input.remove("TokenCode"))?;
    let action: AssumeRole = parameters::typed(input, WRONG)?;
    (action.check()).map_err(|invalid| Refused::new(WRONG, invalid.to_string()))?;
    if let Some(policy) = &action.policy {
        check_policy(policy)?;
    }
    if ![Emulator::ROLE_ARN, Emulator::ROLE_ARN_BY_ID].contains(&&*action.role_arn) {
        return refuse("ResourceNotFound.RoleNotFound", "the role does not exist");
    }
    let seconds = seconds.map_or(Some(SECONDS), |seconds| seconds.as_i64());
    let seconds = seconds.filter(|it| (1..=i64::from(AssumeRole::MAX_SECONDS)).contains(it));
    let Some(seconds) = seconds else {
        return refuse(
            "InvalidParameter.OverTimeError",
            "the duration is not one that the service gives",
        );
    };
    let name = action.role_session_name;
    let credential = emulator.give(asked.account, name, asked.now, seconds)?;
    object(&json!({
        "Credentials": {
            "Token": credential.token(),
            "TmpSecretId": credential.secret_id(),
            "TmpSecretKey": credential.secret_key(),
        },
        "ExpiredTime": credential.expires_at(),
        "Expiration": expiration(&credential),
    }))
}

/// Refuses a policy that is not percent-encoded JSON, or names principals.
fn check_policy(encoded: &str) -> Result<(), Refused> {
    let spaced = encoded.replace('+', " ");
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(&spaced).collect();
    let Ok(policy) = serde_json::from_slice::<Map<String, Value>>(&decoded) else {
        return refuse(
            "InvalidParameter.StrategyFormatError",
            "the policy is not percent-encoded JSON",
        );
    };
    let statements = match policy.get("statement") {
        Some(Value::Array(statements)) => &**statements,
        Some(statement) => core::slice::from_ref(statement),
        None => &[],
    };
    if statements.iter().any(|it| it.get("principal").is_some()) {
        return refuse(
            "InvalidParameter.StrategyInvalid",
            "the policy of a session names no principal",
        );
    }
    Ok(())
}

/// Refuses a malformed MFA code. The emulator has no device, so it accepts any six digits.
fn check_code(device: Option<Value>, code: Option<Value>) -> Result<(), Refused> {
    let (device, code) = match (&device, &code) {
        (None, None) => return Ok(()),
        (Some(Value::String(device)), Some(Value::String(code))) => (device, code),
        _ => return refuse(WRONG, "SerialNumber and TokenCode go together"),
    };
    let kind = device
        .strip_prefix("qcs::cam:uin/")
        .and_then(|device| device.split_once("::mfa/"));
    match kind {
        None => return refuse(WRONG, "SerialNumber is not that of a device"),
        Some((_, "softToken")) => {}
        Some(_) => {
            return refuse(
                "FailedOperation.MFATypeNotSupported",
                "the device must be a softToken",
            );
        }
    }
    if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return refuse("FailedOperation.CheckMFAError", "the code is not right");
    }
    Ok(())
}
