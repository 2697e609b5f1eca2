//! Looking a chain through.
//!
//! Each source is written down as if its questions were answered at once. The first one that isn't yet stops it;
//! when the answer is there, all of it runs again and comes as far as the next one.

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::{mem, slice, str};

use bytes::Bytes;
use http::{Response, StatusCode};
use zeroize::Zeroizing;

use super::{
    IN_QUOTES, NoCredentials, QUOTES, Tried, Unreadable, broken,
    chain::{Chain, Kind, METADATA, Source},
    environment,
    identity::Identity,
    metadata_role,
};
use crate::{
    AssumeRole, AssumeRoleWithWebIdentity, Credential, Endpoint, Error, Invalid, Region, UnixTime,
    flow::Lookup,
};

const CREDENTIALS_FILE: &str = "TENCENTCLOUD_CREDENTIALS_FILE";
const REGION: &str = "TENCENTCLOUD_REGION";
const TCCLI_PROFILE: &str = "TCCLI_PROFILE";
/// Where the metadata endpoint tells the role's name and, with it appended, the role's credentials.
pub(crate) const ROLES: &str = "/latest/meta-data/cam/security-credentials/";

/// What has to be known to go on.
pub(super) enum Need {
    Look(Lookup),
    /// A GET of this address.
    Get(String),
    Assume(Box<(Credential, AssumeRole)>),
    AssumeWithWebIdentity(Box<(Region, AssumeRoleWithWebIdentity)>),
}

/// What has become of a need.
pub(super) enum Answer {
    Looked(Result<Option<Zeroizing<Vec<u8>>>, String>),
    Got(Result<Response<Bytes>, String>),
    Assumed(Result<Credential, Arc<Error>>),
}

/// Why a source can't go on.
enum Stop {
    Need(Need),
    Failed(Fault),
}

struct Fault {
    sort: Sort,
    reason: String,
    cause: Option<Arc<Error>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Sort {
    /// There is nothing.
    Absent,
    /// There is something, and it is wrong.
    Wrong,
    /// There may be something soon.
    Passing,
}

fn stop(sort: Sort, reason: impl Into<String>) -> Stop {
    Stop::Failed(Fault {
        sort,
        reason: reason.into(),
        cause: None,
    })
}

/// Says that something is wrong about a file or an answer.
fn wrong(place: &str) -> impl FnOnce(Unreadable) -> Stop {
    move |unreadable| stop(Sort::Wrong, format!("{place}: {unreadable}"))
}

/// The answers so far.
pub(super) struct Given<'a> {
    answers: slice::Iter<'a, Answer>,
    now: UnixTime,
    /// Whether the source has had credentials before.
    known: bool,
    /// Files at usual places that this source can't read, and why.
    unread: Vec<String>,
    /// What was of no use, and why: no error, but worth a word.
    passed_over: Vec<Tried>,
}

impl<'a> Given<'a> {
    pub(super) fn new(answers: &'a [Answer], now: UnixTime, known: bool) -> Self {
        Self {
            answers: answers.iter(),
            now,
            known,
            unread: Vec::new(),
            passed_over: Vec::new(),
        }
    }

    /// What was of no use, and why.
    pub(super) fn passed_over(self) -> Vec<Tried> {
        self.passed_over
    }

    fn pass_over(&mut self, source: impl ToString, reason: impl Into<String>) {
        self.passed_over.push(Tried {
            source: source.to_string(),
            reason: reason.into(),
            cause: None,
        });
    }

    /// Which files at usual places could not be read, as one text, if any.
    fn unread(&mut self) -> Option<String> {
        let unread = mem::take(&mut self.unread);
        (!unread.is_empty()).then(|| unread.join(", "))
    }

    fn look(&mut self, lookup: Lookup, named: &str) -> Result<Option<&'a [u8]>, Stop> {
        match self.answers.next() {
            Some(Answer::Looked(Ok(None))) => Ok(None),
            Some(Answer::Looked(Ok(Some(bytes)))) if bytes.len() > Lookup::MAX_SIZE => {
                Err(stop(Sort::Wrong, format!("{named} is too large")))
            }
            Some(Answer::Looked(Ok(Some(bytes)))) => Ok(Some(bytes)),
            Some(Answer::Looked(Err(cause))) => {
                let reason = format!("{named} can't be read: {cause}");
                Err(stop(Sort::Wrong, reason))
            }
            _ => Err(Stop::Need(Need::Look(lookup))),
        }
    }

    /// The value of an environment variable; an empty one is none.
    fn variable(&mut self, name: &'static str) -> Result<Option<&'a str>, Stop> {
        let value = self.look(Lookup::Variable(name), name)?;
        let text = value.map(str::from_utf8).transpose();
        let text = text.map_err(|_| stop(Sort::Wrong, format!("{name} is not UTF-8")))?;
        if text.is_some_and(|text| text.starts_with(QUOTES) && text.ends_with(QUOTES)) {
            return Err(stop(Sort::Wrong, format!("{name} {IN_QUOTES}")));
        }
        Ok(text.filter(|text| !text.is_empty()))
    }

    fn file(&mut self, path: &str) -> Result<Option<&'a [u8]>, Stop> {
        match path.strip_prefix("~/") {
            Some(rest) => self.look(Lookup::HomeFile(rest.into()), path),
            None => self.look(Lookup::File(path.into()), path),
        }
    }

    /// A file at a place where nobody has to have one. What keeps it from being read is no more than a reason for
    /// there being none: a home that is no folder, or is somebody else's, is usual in containers.
    fn usual_file(&mut self, path: &str) -> Result<Option<&'a [u8]>, Stop> {
        let mut rest = self.answers.clone();
        if let Some(Answer::Looked(Err(cause))) = rest.next() {
            self.unread.push(format!("{path} can't be read: {cause}"));
            self.answers = rest;
            return Ok(None);
        }
        self.file(path)
    }

    /// A file that someone has named.
    fn named_file(&mut self, path: &str) -> Result<&'a [u8], Stop> {
        let file = self.file(path)?;
        file.ok_or_else(|| stop(Sort::Wrong, format!("{path} is not there")))
    }

    /// The body of an answer of the metadata endpoint, `None` for what it doesn't have.
    fn metadata(&mut self, url: &str) -> Result<Option<&'a Bytes>, Stop> {
        match self.answers.next() {
            Some(Answer::Got(Ok(response))) => match response.status() {
                StatusCode::OK => Ok(Some(response.body())),
                StatusCode::NOT_FOUND => Ok(None),
                status => {
                    let passing =
                        status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                    let sort = if passing { Sort::Passing } else { Sort::Wrong };
                    let status = status.as_u16();
                    Err(stop(sort, format!("{url} answers with status {status}")))
                }
            },
            Some(Answer::Got(Err(cause))) => {
                // Elsewhere than in such a machine nobody answers.
                let sort = if self.known {
                    Sort::Passing
                } else {
                    Sort::Absent
                };
                Err(stop(sort, format!("{url} doesn't answer: {cause}")))
            }
            _ => Err(Stop::Need(Need::Get(url.into()))),
        }
    }

    fn assumed(&mut self, need: impl FnOnce() -> Need) -> Result<Credential, Stop> {
        match self.answers.next() {
            Some(Answer::Assumed(Ok(credential))) => Ok(credential.clone()),
            Some(Answer::Assumed(Err(error))) => Err(Stop::Failed(Fault {
                sort: if error.is_transient() {
                    Sort::Passing
                } else {
                    Sort::Wrong
                },
                reason: with_causes(&**error),
                cause: Some(Arc::clone(error)),
            })),
            _ => Err(Stop::Need(need())),
        }
    }
}

pub(super) fn with_causes(error: &(dyn core::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// What a search has come to.
pub(super) enum Ended {
    Need(Need),
    Missing(NoCredentials),
}

impl Chain {
    /// The first credential there is, and the place of its source; or that of the source at `only`.
    pub(super) fn look(
        &self,
        given: &mut Given<'_>,
        only: Option<usize>,
    ) -> Result<(usize, Credential), Ended> {
        let mut tried = Vec::new();
        let places = self.sources().iter().enumerate();
        for (place, source) in places.filter(|(place, _)| only.is_none_or(|only| only == *place)) {
            let looked = source.look(given);
            let unread = given.unread();
            if let Some(unread) = &unread {
                given.pass_over(source, unread.as_str());
            }
            let mut fault = match looked {
                Ok(credential) => return Ok((place, credential)),
                Err(Stop::Need(need)) => return Err(Ended::Need(need)),
                Err(Stop::Failed(fault)) => fault,
            };
            if let (Sort::Absent, Some(unread)) = (fault.sort, unread) {
                fault.reason = unread;
            }
            tried.push(Tried {
                source: source.to_string(),
                reason: fault.reason,
                cause: fault.cause,
            });
            if fault.sort != Sort::Absent {
                let passing = fault.sort == Sort::Passing;
                return Err(Ended::Missing(NoCredentials::new(tried, passing)));
            }
        }
        Err(Ended::Missing(NoCredentials::new(tried, false)))
    }

    /// The region that is kept where these sources are. It is optional, so that what is wrong there is passed over.
    pub(super) fn region(&self, given: &mut Given<'_>) -> Result<Option<Region>, Ended> {
        let region = self.region_of(given);
        let reason = match region {
            Ok(region) => match given.unread() {
                Some(unread) => unread,
                None => return Ok(region),
            },
            Err(Stop::Need(need)) => return Err(Ended::Need(need)),
            Err(Stop::Failed(fault)) => fault.reason,
        };
        given.pass_over("region", reason);
        Ok(None)
    }

    fn region_of(&self, given: &mut Given<'_>) -> Result<Option<Region>, Stop> {
        let environment = self.find(&|kind| matches!(kind, Kind::Environment).then_some(()));
        if environment.is_some()
            && let Some(region) = given.variable(REGION)?
        {
            let region = Region::new(region);
            let region = region.map_err(|it| stop(Sort::Wrong, format!("{REGION} {}", it.rule())));
            return region.map(Some);
        }
        let tccli = self.find(&|kind| match kind {
            Kind::Tccli(profile) => Some(profile.clone()),
            _ => None,
        });
        let Some(profile) = tccli else {
            return Ok(None);
        };
        let (profile, _) = tccli_profile(profile.as_deref(), given)?;
        let path = format!("~/.tccli/{profile}.configure");
        match given.usual_file(&path)? {
            Some(file) => Region::from_tccli(file).map_err(wrong(&path)),
            None => Ok(None),
        }
    }
}

impl Source {
    fn look(&self, given: &mut Given<'_>) -> Result<Credential, Stop> {
        match &self.0 {
            Kind::Fixed(credential) => Ok(credential.clone()),
            Kind::Environment => environment(given),
            Kind::Profile { file, profile } => profile_file(file.as_deref(), profile, given),
            Kind::Tccli(profile) => tccli(profile.as_deref(), given),
            Kind::Tke => tke(given),
            Kind::CvmRole { metadata, role } => {
                cvm_role(&metadata.url("metadata"), role.as_deref(), given)
            }
            Kind::Role(action, over) => {
                let (_, credential) = over.look(given, None).map_err(|ended| match ended {
                    Ended::Need(need) => Stop::Need(need),
                    Ended::Missing(missing) => Stop::Failed(Fault {
                        sort: if missing.is_passing() {
                            Sort::Passing
                        } else {
                            Sort::Wrong
                        },
                        reason: missing.to_string(),
                        cause: missing.tried().last().and_then(|it| it.cause.clone()),
                    }),
                })?;
                given.assumed(|| Need::Assume(Box::new((credential, (**action).clone()))))
            }
        }
    }
}

/// The credential of who is to sign. `place` is where that is said.
fn identified(
    identity: Identity,
    place: Option<&str>,
    given: &mut Given<'_>,
) -> Result<Credential, Stop> {
    let (said, looked) = match identity {
        Identity::Keys(keys) => return Ok(keys),
        Identity::Role(keys, role) => {
            let assumed = given.assumed(|| Need::Assume(Box::new((keys, *role.action))));
            (role.place, assumed)
        }
        Identity::Machine { place, role } => {
            let base = Endpoint::plain(METADATA).url("metadata");
            (place.into(), cvm_role(&base, role.as_deref(), given))
        }
    };
    looked.map_err(|stop| match stop {
        Stop::Need(need) => Stop::Need(need),
        Stop::Failed(fault) => Stop::Failed(Fault {
            // The role is named, so nobody else may sign.
            sort: match fault.sort {
                Sort::Passing => Sort::Passing,
                Sort::Absent | Sort::Wrong => Sort::Wrong,
            },
            reason: match place {
                Some(place) => format!("{place}: {said}: {}", fault.reason),
                None => format!("{said}: {}", fault.reason),
            },
            cause: fault.cause,
        }),
    })
}

fn environment(given: &mut Given<'_>) -> Result<Credential, Stop> {
    let mut values = Vec::new();
    for name in environment::names() {
        values.push((name, given.variable(name)?));
    }
    let read = Identity::from_environment(|name| {
        let value = values.iter().find(|(known, _)| *known == name);
        value.and_then(|(_, value)| value.map(ToOwned::to_owned))
    });
    match read.map_err(|unreadable| stop(Sort::Wrong, unreadable.to_string()))? {
        Some(identity) => identified(identity, None, given),
        None => {
            let (id, key) = (environment::SECRET_ID, environment::SECRET_KEY);
            let reason = format!("neither {id} nor {key} is set");
            Err(stop(Sort::Absent, reason))
        }
    }
}

fn profile_file(
    file: Option<&str>,
    profile: &str,
    given: &mut Given<'_>,
) -> Result<Credential, Stop> {
    let named = match file {
        Some(path) => Some(path),
        None => given.variable(CREDENTIALS_FILE)?,
    };
    let read = |path: &str, file, given: &mut Given<'_>| {
        let identity = Identity::from_profile(file, profile).map_err(wrong(path))?;
        identified(identity, Some(path), given)
    };
    if let Some(path) = named {
        let file = given.named_file(path)?;
        return read(path, file, given);
    }
    let usual = [
        "~/.tencentcloud/credentials",
        "/etc/tencentcloud/credentials",
    ];
    for path in usual {
        if let Some(file) = given.usual_file(path)? {
            return read(path, file, given);
        }
    }
    let [home, etc] = usual;
    let reason = format!("neither {home} nor {etc} is there, and {CREDENTIALS_FILE} is not set");
    Err(stop(Sort::Absent, reason))
}

/// The profile of tccli, and whether someone has named it.
fn tccli_profile(profile: Option<&str>, given: &mut Given<'_>) -> Result<(String, bool), Stop> {
    let named = match profile {
        Some(profile) => Some(profile),
        None => given.variable(TCCLI_PROFILE)?,
    };
    let Some(name) = named else {
        return Ok(("default".into(), false));
    };
    // It becomes a part of a path.
    if name.is_empty() || name.contains(['/', '\\', '\0']) {
        let reason = "the profile's name must not be empty or a path";
        return Err(stop(Sort::Wrong, reason));
    }
    Ok((name.into(), true))
}

fn tccli(profile: Option<&str>, given: &mut Given<'_>) -> Result<Credential, Stop> {
    let (profile, named) = tccli_profile(profile, given)?;
    let path = format!("~/.tccli/{profile}.credential");
    let file = if named {
        given.named_file(&path)?
    } else {
        let file = given.usual_file(&path)?;
        file.ok_or_else(|| stop(Sort::Absent, format!("{path} is not there")))?
    };
    let identity = Identity::from_tccli(file).map_err(wrong(&path))?;
    let keys = match &identity {
        Identity::Keys(keys) | Identity::Role(keys, _) => Some(keys),
        Identity::Machine { .. } => None,
    };
    if let Some(time) = keys.and_then(Credential::expires_at)
        && time <= given.now
    {
        let reason = format!("{path}: expired at Unix second {time}; log in again");
        return Err(stop(Sort::Wrong, reason));
    }
    identified(identity, Some(&path), given)
}

fn tke(given: &mut Given<'_>) -> Result<Credential, Stop> {
    const NAMES: [&str; 4] = [
        "TKE_REGION",
        "TKE_PROVIDER_ID",
        "TKE_WEB_IDENTITY_TOKEN_FILE",
        "TKE_ROLE_ARN",
    ];
    let mut values = [""; 4];
    for (value, name) in values.iter_mut().zip(NAMES) {
        *value = given.variable(name)?.unwrap_or_default();
    }
    if values == [""; 4] {
        let reason = format!("none of {} is set", NAMES.join(", "));
        return Err(stop(Sort::Absent, reason));
    }
    let pairs = NAMES.iter().zip(&values);
    if let Some((name, _)) = pairs.into_iter().find(|(_, value)| value.is_empty()) {
        return Err(stop(Sort::Wrong, format!("{name} is missing")));
    }
    let [region, provider, path, role] = values;
    let invalid = |invalid: Invalid| stop(Sort::Wrong, format!("TKE_REGION {}", invalid.rule()));
    let region = Region::new(region).map_err(invalid)?;
    for (name, value) in [("TKE_PROVIDER_ID", provider), ("TKE_ROLE_ARN", role)] {
        if let Some(rule) = broken(value) {
            return Err(stop(Sort::Wrong, format!("{name} {rule}")));
        }
    }
    let file = given.named_file(path)?;
    let token = str::from_utf8(file).map(str::trim).unwrap_or_default();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        let reason = format!("{path} must hold a token of printable ASCII");
        return Err(stop(Sort::Wrong, reason));
    }
    let session = format!("tc3-rust-{}", given.now);
    given.assumed(|| {
        let action = AssumeRoleWithWebIdentity::new(provider, token, role, session);
        Need::AssumeWithWebIdentity(Box::new((region, action)))
    })
}

fn cvm_role(base: &str, role: Option<&str>, given: &mut Given<'_>) -> Result<Credential, Stop> {
    let roles = format!("{base}{ROLES}");
    let role = match role {
        Some(role) => metadata_role(role).map_err(|it| stop(Sort::Wrong, it.to_string()))?,
        None => match given.metadata(&roles)? {
            Some(answer) => metadata_role(answer).map_err(wrong(&roles))?,
            None => return Err(stop(Sort::Absent, "the machine has no role")),
        },
    };
    let url = format!("{roles}{role}");
    match given.metadata(&url)? {
        Some(answer) => Credential::from_metadata(answer).map_err(wrong(&url)),
        None => Err(stop(Sort::Wrong, format!("the machine has no role {role}"))),
    }
}
