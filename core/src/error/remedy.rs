use super::{Error, Failure, Kind};
use crate::flow::retry::RetryAction;

/// What to do about the [`Error`] of a call or a walk, returned by [`Error::remedy`]. [`Error`] has a table of them.
///
/// All attempts of the [`Retry`](crate::flow::Retry) policy have been made by then. If the action writes, check first
/// whether it [may have taken effect](Error::may_have_taken_effect).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remedy {
    /// Retry the call, or continue the stored walk. It may succeed in seconds or minutes.
    Resume,
    /// Like `Resume`, but after a longer wait: the service asked for it.
    ///
    /// For [`Kind::NotReady`] that is 10 minutes: when an account first asks for the summaries of its bills, the vendor
    /// takes 5 to 10 minutes to compute them. Summaries of cost allocation are there only after their month has ended.
    Later,
    /// Start the walk over. The delivered records are incomplete or outdated.
    StartOver,
    /// A person has to fix something first: the program, a setting, the credentials, the network. After that, a stored
    /// walk can continue.
    Mend,
}

impl Remedy {
    /// The remedy as one word, e.g. `start_over`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::Later => "later",
            Self::StartOver => "start_over",
            Self::Mend => "mend",
        }
    }
}

impl Error {
    /// What to do about this error, by the [table](Self#what-happened-and-what-to-do).
    ///
    /// ```
    /// use tc3_core::{Error, Failure, Invalid, Remedy, error::Refusal};
    ///
    /// let refused = |code| Error::Service(Refusal::new(code, "", None)).remedy();
    /// assert_eq!(Error::from(Failure::unknown("connection reset")).remedy(), Remedy::Resume);
    /// assert_eq!(refused("FailedOperation.SummaryDataNotReady"), Remedy::Later);
    /// assert_eq!(refused("UnauthorizedOperation.CamNoAuth"), Remedy::Mend);
    /// assert_eq!(
    ///     Error::Input(Invalid::new("Limit", "must be at least 1")).remedy(),
    ///     Remedy::Mend
    /// );
    /// ```
    pub fn remedy(&self) -> Remedy {
        match self.cause() {
            Self::Incomplete { .. } | Self::Repeated { .. } | Self::Shifted { .. } => {
                Remedy::StartOver
            }
            Self::Deadline { .. } => Remedy::Resume,
            Self::Credentials(missing) => missing.remedy(),
            Self::Service(refusal) if refusal.kind() == Kind::NotReady => Remedy::Later,
            error => match RetryAction::on(error, true) {
                RetryAction::Retry | RetryAction::Failover => Remedy::Resume,
                RetryAction::Rest => Remedy::Later,
                RetryAction::GiveUp | RetryAction::SetClock | RetryAction::RenewCredentials => {
                    Remedy::Mend
                }
            },
        }
    }

    /// Whether the program can continue without a person: any [`remedy`](Self::remedy) but [`Remedy::Mend`].
    ///
    /// ```
    /// use tc3_core::{Error, Failure, Invalid};
    ///
    /// let refused = Error::from(Failure::not_sent("connection refused"));
    /// assert!(refused.is_transient() && !refused.may_have_taken_effect());
    /// let lost = Error::from(Failure::unknown("connection reset"));
    /// assert!(lost.is_transient() && lost.may_have_taken_effect());
    /// assert!(!Error::Input(Invalid::new("Limit", "must be at least 1")).is_transient());
    /// ```
    pub fn is_transient(&self) -> bool {
        self.remedy() != Remedy::Mend
    }

    /// Whether the action may have taken effect: the request was sent, and no answer tells its result. An action that
    /// is not [`REPEATABLE`](crate::Action::REPEATABLE) is not retried after such an error.
    ///
    /// If a call was sent several times, this is about the last attempt only.
    pub fn may_have_taken_effect(&self) -> bool {
        match self.cause() {
            Self::Transport(failure) => matches!(failure, Failure::Unknown(_)),
            Self::Decode { .. } | Self::TooLarge { .. } | Self::ContentCoding { .. } => true,
            Self::Service(refusal) => refusal.kind() == Kind::Server,
            // No attempt has ended.
            Self::Deadline { attempts, .. } => *attempts > 0,
            error @ Self::NotAnAnswer { .. } => RetryAction::on(error, true) == RetryAction::Retry,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{boxed::Box, collections::BTreeSet, format, string::String, vec, vec::Vec};
    use core::time::Duration;

    use serde::de::Error as _;

    use super::*;
    use crate::{
        Invalid,
        Remedy::{Later, Mend, Resume, StartOver},
        credential::{NoCredentials, Sort, Tried},
        error::{Obstacle, Refusal},
    };

    fn service(code: &str) -> Error {
        Error::Service(Refusal::new(code, "", None))
    }

    fn page(status: u16) -> Error {
        Error::NotAnAnswer {
            status,
            reason: String::new(),
            beginning: String::new(),
            context: None,
        }
    }

    fn not_sent(obstacle: Obstacle) -> Error {
        Failure::not_sent("").with_obstacle(obstacle).into()
    }

    fn deadline(attempts: u32, source: Option<Error>) -> Error {
        Error::Deadline {
            after: Duration::from_secs(60),
            attempts,
            source: source.map(Box::new),
            context: None,
        }
    }

    fn gave_up(source: Error) -> Error {
        Error::GaveUp {
            attempts: 6,
            source: Box::new(source),
            context: None,
        }
    }

    fn credentials(cause: Option<Error>, passing: bool) -> Error {
        let sort = if passing { Sort::Passing } else { Sort::Wrong };
        let mut tried = Tried::new(sort, "");
        tried.cause = cause.map(Into::into);
        NoCredentials::new(vec![tried]).into()
    }

    /// Every variant, its remedy, and whether the action may have taken effect.
    fn cases() -> Vec<(Error, Remedy, bool)> {
        let json = || serde_json::Error::custom("");
        let (window, delivered, total) = (None, 1, 2);
        vec![
            (Invalid::new("Limit", "must be 1").into(), Mend, false),
            (
                Error::Encode {
                    action: String::new(),
                    source: json(),
                },
                Mend,
                false,
            ),
            (service("RequestLimitExceeded"), Later, false),
            (
                service("RequestLimitExceeded.UinLimitExceeded"),
                Later,
                false,
            ),
            (service("FailedOperation.SummaryDataNotReady"), Later, false),
            (service("InternalError"), Resume, true),
            (service("ResourceUnavailable"), Resume, true),
            (service("AuthFailure.SignatureFailure"), Mend, false),
            (service("AuthFailure.TokenFailure"), Mend, false),
            (service("AuthFailure.SignatureExpire"), Mend, false),
            (service("UnauthorizedOperation.CamNoAuth"), Mend, false),
            (service("IpNotInWhitelist"), Mend, false),
            (service("InvalidParameter"), Mend, false),
            (service("ResourceNotFound"), Mend, false),
            (service("LimitExceeded"), Mend, false),
            (service("FailedOperation"), Mend, false),
            (service("SomethingNew"), Mend, false),
            (page(200), Resume, true),
            (page(408), Resume, true),
            (page(502), Resume, true),
            (page(429), Later, false),
            (page(302), Mend, false),
            (page(404), Mend, false),
            (
                Error::ContentCoding {
                    coding: "gzip".into(),
                    context: None,
                },
                Mend,
                true,
            ),
            (
                Error::Decode {
                    path: String::new(),
                    request_id: None,
                    source: json(),
                    context: None,
                },
                Mend,
                true,
            ),
            (
                Error::TooLarge {
                    limit: 1,
                    context: None,
                },
                Mend,
                true,
            ),
            (credentials(None, false), Mend, false),
            (credentials(None, true), Resume, false),
            (
                credentials(Some(service("RequestLimitExceeded")), true),
                Later,
                false,
            ),
            (
                credentials(Some(gave_up(service("InternalError"))), true),
                Resume,
                false,
            ),
            (
                credentials(Some(deadline(1, Some(Failure::unknown("").into()))), true),
                Resume,
                false,
            ),
            (
                credentials(Some(service("AuthFailure.SecretIdNotFound")), false),
                Mend,
                false,
            ),
            (not_sent(Obstacle::NameLookup), Resume, false),
            (not_sent(Obstacle::Connection), Resume, false),
            (not_sent(Obstacle::Tls), Mend, false),
            (not_sent(Obstacle::proxy(407)), Mend, false),
            (not_sent(Obstacle::proxy(503)), Resume, false),
            (Failure::unknown("").into(), Resume, true),
            (deadline(0, None), Resume, false),
            (deadline(1, None), Resume, true),
            (
                Error::Incomplete {
                    window,
                    delivered,
                    total,
                    short_page: None,
                    context: None,
                },
                StartOver,
                false,
            ),
            (
                Error::Repeated {
                    window: None,
                    delivered,
                    context: None,
                },
                StartOver,
                false,
            ),
            (
                Error::Shifted {
                    window: None,
                    delivered,
                    total,
                    context: None,
                },
                StartOver,
                false,
            ),
            (
                Error::TooManyPages {
                    window: None,
                    limit: 1,
                    context: None,
                },
                Mend,
                false,
            ),
            (Error::Ended, Mend, false),
            (Error::Shutdown, Mend, false),
        ]
    }

    #[track_caller]
    fn check(error: &Error, remedy: Remedy, effect: bool) {
        assert_eq!(error.remedy(), remedy, "{error:?}");
        assert_eq!(error.is_transient(), remedy != Mend, "{error:?}");
        assert_eq!(error.may_have_taken_effect(), effect, "{error:?}");
    }

    #[test]
    fn every_error_says_what_to_do_and_whether_it_may_have_taken_effect() {
        for (error, remedy, effect) in cases() {
            check(&error, remedy, effect);
        }
    }

    /// The words in backticks.
    fn quoted(text: &str) -> impl Iterator<Item = &str> {
        text.split('`').skip(1).step_by(2)
    }

    /// The variant's name.
    fn named(error: &Error) -> String {
        let shown = format!("{error:?}");
        shown.split([' ', '(']).next().unwrap().into()
    }

    #[test]
    fn the_table_of_errors_has_each_variant_with_its_remedies_and_no_other() {
        let source = include_str!("mod.rs");
        let rows = source
            .lines()
            .filter_map(|line| line.strip_prefix("/// | "));
        let rows: Vec<Vec<&str>> = rows.map(|row| row.split(" | ").collect()).collect();
        let (_, variants) = source.split_once("pub enum Error {\n").unwrap();
        let (variants, _) = variants.split_once("\n}\n").unwrap();
        let variants = variants
            .lines()
            .filter_map(|line| line.strip_prefix("    "));
        let variants = variants.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
        let variants: BTreeSet<&str> = variants
            .map(|line| line.split([' ', '(', ',']).next().unwrap())
            .collect();
        let in_rows: BTreeSet<&str> = rows
            .iter()
            .flat_map(|row| quoted(row[0]).filter(|name| variants.contains(name)))
            .collect();
        assert_eq!(in_rows, variants);
        let written: BTreeSet<(String, String)> = rows
            .iter()
            .flat_map(|row| quoted(row[0]).map(|name| (name, row[2])))
            .filter(|(name, _)| variants.contains(name))
            .flat_map(|(name, remedies)| quoted(remedies).map(|it| (name.into(), it.into())))
            .collect();
        let tested = cases().into_iter();
        let tested = tested.map(|(error, remedy, _)| (named(&error), format!("{remedy:?}")));
        assert_eq!(written, tested.collect());
    }

    #[test]
    fn gave_up_and_deadline_have_the_remedy_of_their_cause() {
        for (error, remedy, effect) in cases() {
            check(&gave_up(error), remedy, effect);
        }
        for (error, remedy, effect) in cases() {
            check(&deadline(1, Some(gave_up(error))), remedy, effect);
        }
        for (error, remedy, effect) in cases() {
            check(&gave_up(deadline(1, Some(error))), remedy, effect);
        }
    }

    #[test]
    fn each_remedy_is_one_word() {
        let words = [Resume, Later, StartOver, Mend].map(Remedy::as_str);
        assert_eq!(words, ["resume", "later", "start_over", "mend"]);
    }
}
