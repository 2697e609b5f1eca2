//! Parses a response into a reply or an error.

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    string::{String, ToString},
};
use core::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _},
};
use serde_json::value::RawValue;

use super::envelope::{Envelope, ErrorBody, Response};
pub(crate) use super::mend::{Halves, mended, read as read_mended};
use crate::{
    Action, Error,
    error::Refusal,
    types::lenient::{self, Object},
};

/// How many characters of a body an error shows.
const SHOWN: usize = 200;
/// The most bytes of a character.
const UTF8_LEN: usize = 4;

/// A successful response: the action's output and the request id.
///
/// Serde writes and reads it like the service's object `Response`: the output's fields, with `RequestId` beside them.
///
/// ```
/// use tc3_core::{billing::DescribeBillList, wire::response, Reply};
///
/// let answer = br#"{"Response": {
///     "TransactionList": [], "Total": 0, "DeductAmount": -45, "RequestId": "5e1f"
/// }}"#;
/// let answer = http::Response::new(answer.as_slice().into());
/// let reply = response::read::<DescribeBillList>(&answer)?;
/// let stored = serde_json::to_value(&reply).unwrap();
/// assert_eq!(stored["DeductAmount"], -45);
/// assert_eq!(stored["RequestId"], "5e1f");
/// assert_eq!(serde_json::from_value::<Reply<_>>(stored).unwrap(), reply);
/// # Ok::<(), tc3_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reply<T> {
    /// The action's output.
    #[serde(flatten)]
    pub output: T,
    /// The service's id of this request, which the vendor's support asks for.
    #[serde(rename = "RequestId")]
    pub request_id: String,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Reply<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Object(Response { read, .. }) = Object::deserialize(deserializer)?;
        read.map_err(|_| D::Error::custom("an Error stands in place of the output"))
    }
}

/// Parses the response to an action.
///
/// ```
/// use tc3_core::{Error, Untyped, wire::response};
///
/// let answer = |body: &'static str| http::Response::new(body.as_bytes().into());
/// let given = answer(r#"{"Response": {"Total": 1, "RequestId": "5e1f"}}"#);
/// let reply = response::read::<Untyped>(&given)?;
/// assert_eq!(reply.output.read::<u64>("Total").unwrap(), 1);
/// assert_eq!(reply.request_id, "5e1f");
///
/// let refused =
///     r#"{"Response": {"Error": {"Code": "A.B", "Message": "no"}, "RequestId": "5e1f"}}"#;
/// let error = response::read::<Untyped>(&answer(refused)).unwrap_err();
/// assert_eq!((error.refusal().unwrap().code(), error.request_id()), ("A.B", Some("5e1f")));
///
/// let page = response::read::<Untyped>(&answer("<html>"));
/// assert!(matches!(page, Err(Error::NotAnAnswer { status: 200, .. })));
/// # Ok::<(), tc3_core::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::Service`] when the service refused, or its answer is [not ready](Action::is_ready).
/// - [`Error::NotAnAnswer`] for a status other than 200, and for a body that is not JSON or lacks
///   the `Response` object.
/// - [`Error::ContentCoding`] for a body with status 200 that can't be read and has a `Content-Encoding`.
/// - [`Error::Decode`] when the JSON has a `Response` that doesn't fit the output or has no `RequestId`.
///
/// The errors of a [confidential](Action::CONFIDENTIAL) action show nothing of the body.
pub fn read<A: Action>(response: &http::Response<Bytes>) -> Result<Reply<A::Output>, Error> {
    read_for::<A>(response, A::CONFIDENTIAL)
}

/// Like [`read`], for an action that is confidential or not at run time.
pub(crate) fn read_for<A: Action>(
    response: &http::Response<Bytes>,
    confidential: bool,
) -> Result<Reply<A::Output>, Error> {
    let reply = read_as(response.status(), response.body());
    let reply = reply.map_err(|error| match coding(response.headers()) {
        Some(coding) => error.in_coding(coding),
        None => error,
    });
    let reply = match confidential {
        true => reply.map_err(Error::without_body),
        false => reply,
    }?;
    match A::is_ready(&reply.output) {
        true => Ok(reply),
        false => Err(Error::Service(Refusal::new(
            Refusal::SUMMARY_NOT_READY,
            "the answer says that its data is not ready",
            Some(reply.request_id),
        ))),
    }
}

/// The body's content coding, if it has one.
fn coding(headers: &HeaderMap) -> Option<String> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut codings = codings.map(|coding| coding.as_bytes().trim_ascii());
    let coding =
        codings.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))?;
    Some(beginning(coding))
}

fn read_as<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<Reply<T>, Error> {
    let foreign = |reason: &dyn fmt::Display| Error::NotAnAnswer {
        status: status.as_u16(),
        reason: reason.to_string(),
        beginning: beginning(body),
        context: None,
    };
    if status != StatusCode::OK {
        return Err(foreign(&"the API answers with status 200 alone"));
    }
    if body.trim_ascii().is_empty() {
        return Err(foreign(&"the body is empty"));
    }
    let text = super::mend::text(body);
    match read_mended(&text, parse) {
        Ok(Response { read, only_error }) => {
            let refused = match only_error {
                true => fields(&text).ok().and_then(|fields| refusal(&fields)),
                false => None,
            };
            let read = refused.map_or(read, Err);
            read.map_err(Error::Service)
        }
        Err(error) => Err(explain::<T>(&text, error, &foreign)),
    }
}

fn parse<T: DeserializeOwned>(body: &str) -> Result<Response<T>, serde_json::Error> {
    serde_json::from_str(body).map(|Object(Envelope { response })| response)
}

/// Finds out why a body can't be read, by parsing it again.
fn explain<T: DeserializeOwned>(
    body: &str,
    error: serde_json::Error,
    foreign: &dyn Fn(&dyn fmt::Display) -> Error,
) -> Error {
    let fields = match fields(body) {
        Ok(fields) => fields,
        Err(error) if error.is_data() => {
            return foreign(&"it is JSON without the one object Response of an answer");
        }
        Err(error) => return foreign(&error),
    };
    // The first parse may have failed before a refusal or the request id. An answer with an `Error` of its own, of
    // which another field can't be read, is told as that error.
    if let Some(refusal) = refusal(&fields) {
        return Error::Service(refusal);
    }
    let misfit = |json| {
        let mut json = serde_json::Deserializer::from_str(json);
        let located =
            serde_path_to_error::deserialize::<_, Object<Envelope<Response<T>>>>(&mut json)
                .err()?;
        Some((located.path().to_string(), located.into_inner()))
    };
    let (marked, replaced) = (mended(body, Halves::Marked), mended(body, Halves::Replaced));
    let (path, source) = misfit(replaced.as_deref().unwrap_or(body))
        .or_else(|| {
            misfit(marked.as_deref().unwrap_or(body))
                .map(|(path, _)| (path, super::mend::not_unicode()))
        })
        .unwrap_or_else(|| (".".into(), error));
    Error::Decode {
        path,
        request_id: request_id(&fields),
        context: None,
        source,
    }
}

type Fields = BTreeMap<String, Box<RawValue>>;

/// The fields of `Response`. The code and the request id must not be read from a text that was cut.
fn fields(body: &str) -> Result<Fields, serde_json::Error> {
    let marked = mended(body, Halves::Marked);
    serde_json::from_str(marked.as_deref().unwrap_or(body))
        .map(|Object(Envelope { response })| response)
}

fn refusal(fields: &Fields) -> Option<Refusal> {
    let error = serde_json::from_str(fields.get("Error")?.get());
    let Object(refusal): Object<ErrorBody> = error.ok()?;
    Some(refusal.with(request_id(fields)))
}

fn request_id(fields: &Fields) -> Option<String> {
    let json = fields.get("RequestId")?.get();
    let id: Option<String> =
        lenient::optional(&mut serde_json::Deserializer::from_str(json)).ok()?;
    id.filter(|id| !id.is_empty())
}

/// The first characters of a body, up to a word that a key or a token may follow.
fn beginning(body: &[u8]) -> String {
    let most = SHOWN.saturating_mul(UTF8_LEN);
    let text = String::from_utf8_lossy(body.get(..most).unwrap_or(body));
    let lower = text.to_ascii_lowercase();
    let secrets = ["secret", "token"].map(|word| lower.find(word));
    let end = secrets.into_iter().flatten().min().unwrap_or(text.len());
    let shown = text.get(..end).unwrap_or_default();
    shown.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec::Vec};

    use super::*;
    use crate::error::Refusal;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Optional {
        total: Option<u64>,
        items: Option<Vec<u64>>,
    }

    fn read_body(body: &[u8]) -> Result<Reply<Optional>, Error> {
        read_as(StatusCode::OK, body)
    }

    #[test]
    fn a_reply_has_its_output_and_request_id_in_any_order() {
        for body in [
            r#"{"Response":{"Total":1,"Items":[2],"RequestId":"r"}}"#,
            r#"{"Response":{"RequestId":"r","New":{"Error":[]},"Items":[2],"Total":1}}"#,
            r#" {"Other":0,"Response":{"Items":[2],"RequestId":"r","Error":null,"Total":1}} "#,
        ] {
            let reply = read_body(body.as_bytes()).unwrap();
            let expected = Optional {
                total: Some(1),
                items: Some(alloc::vec![2]),
            };
            assert_eq!((reply.output, reply.request_id.as_str()), (expected, "r"));
        }
    }

    #[test]
    fn what_nobody_reads_need_not_be_utf_8() {
        let body = b"{\"Response\":{\"New\":\"\xff\",\"Total\":1,\"RequestId\":\"r\"}}";
        assert_eq!(read_body(body).unwrap().output.total, Some(1));
    }

    #[test]
    fn a_refusal_never_decodes_into_an_output() {
        for body in [
            r#"{"Response":{"Error":{"Code":"A.B","Message":"m"},"RequestId":"r"}}"#,
            r#"{"Response":{"RequestId":"r","Error":{"Message":"m","Code":"A.B","New":1}}}"#,
            r#"{"Response":{"Total":1,"Error":{"Code":"A.B","Message":"m"},"Items":["x"],"RequestId":"r"}}"#,
            // The first refusal counts.
            r#"{"Response":{"Error":{"Code":"A.B","Message":"m"},"Error":null,"Total":1,"RequestId":"r"}}"#,
            r#"{"Response":{"Error":{"Code":"A.B","Message":"m"},"Error":{"Code":"C"},"RequestId":"r"}}"#,
            // The misfit stands before the refusal.
            r#"{"Response":{"Total":"x","Error":{"Code":"A.B","Message":"m"},"RequestId":"r"}}"#,
        ] {
            let error = read_body(body.as_bytes()).unwrap_err();
            let expected = Refusal::new("A.B", "m", Some("r".into()));
            assert_eq!(error.refusal(), Some(&expected), "{body}");
        }
        for body in [
            r#"{"Response":{"Error":{"Code":"A","Message":""},"RequestId":{"x":1}}}"#,
            r#"{"Response":{"RequestId":"","Error":{"Code":"A"}}}"#,
        ] {
            let error = read_body(body.as_bytes()).unwrap_err();
            assert_eq!(
                error.refusal(),
                Some(&Refusal::new("A", "", None)),
                "{body}"
            );
        }
        let odd = br#"{"Response":{"Error":{"Code":5,"Message":{"x":[1]}},"RequestId":"r"}}"#;
        let expected = Refusal::new("5", r#"{"x":[1]}"#, Some("r".into()));
        assert_eq!(read_body(odd).unwrap_err().refusal(), Some(&expected));
        let bare = read_body(br#"{"Response":{"Error":{"Code":"A"}}}"#).unwrap_err();
        assert_eq!(bare.refusal(), Some(&Refusal::new("A", "", None)));
    }

    #[test]
    fn a_refusal_is_read_at_first_sight_whatever_the_output_lacks() {
        #[derive(Debug, Deserialize)]
        struct Needy {
            #[expect(dead_code, reason = "it never comes")]
            needed: u64,
        }

        for body in [
            r#"{"Response":{"Error":{"Code":"A"},"RequestId":"r"}}"#,
            r#"{"Response":{"RequestId":"r","New":1,"Error":{"Code":"A"},"Last":2}}"#,
            r#"{"Response":{"Error":{"Code":"A"},"needed":"x","RequestId":"r"}}"#,
        ] {
            let Response { read, .. } = parse::<Needy>(body).unwrap();
            assert_eq!(read.unwrap_err().request_id(), Some("r"), "{body}");
        }
    }

    #[test]
    fn a_misfit_names_the_path_and_the_request_id() {
        let cases = [
            (
                r#"{"Response":{"Items":[1,"x"],"RequestId":"r"}}"#,
                "Response.Items[1]",
                Some("r"),
            ),
            (
                r#"{"Response":{"Total":-1,"RequestId":"r"}}"#,
                "Response.Total",
                Some("r"),
            ),
            (
                r#"{"Response":{"Total":1,"Total":1,"RequestId":"r"}}"#,
                "Response",
                Some("r"),
            ),
            (r#"{"Response":{"Total":1}}"#, "Response", None),
            (
                r#"{"Response":{"Total":1,"RequestId":null}}"#,
                "Response",
                None,
            ),
            (
                r#"{"Response":{"RequestId":{}}}"#,
                "Response.RequestId",
                None,
            ),
            (
                r#"{"Response":{"RequestId":"r","RequestId":"s"}}"#,
                "Response",
                Some("s"),
            ),
            (
                r#"{"Response":{"Error":"no","RequestId":"r"}}"#,
                "Response.Error",
                Some("r"),
            ),
            (
                r#"{"Response":{"Error":["A.B","m"],"RequestId":"r"}}"#,
                "Response.Error",
                Some("r"),
            ),
            (
                r#"{"Response":{"Error":{"Code":"","Message":"m"},"RequestId":"r"}}"#,
                "Response.Error.Code",
                Some("r"),
            ),
            (
                r#"{"Response":{"Total":1,"RequestId":""}}"#,
                "Response",
                None,
            ),
            (
                r#"{"Response":{"Error":{},"RequestId":"r"}}"#,
                "Response.Error",
                Some("r"),
            ),
        ];
        for (body, expected, id) in cases {
            match read_body(body.as_bytes()) {
                Err(Error::Decode {
                    path, request_id, ..
                }) => {
                    assert!(path.starts_with(expected), "{body}: {path}");
                    assert_eq!(request_id.as_deref(), id, "{body}");
                }
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_nested_too_deep_to_be_read_is_a_misfit() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Any {
            #[expect(dead_code, reason = "it can't be read")]
            items: serde_json::Value,
        }

        let (open, close) = ("[".repeat(200), "]".repeat(200));
        let body = format!(r#"{{"Response":{{"RequestId":"r","Items":{open}{close}}}}}"#);
        let error = read_as::<Any>(StatusCode::OK, body.as_bytes()).unwrap_err();
        assert_eq!(error.request_id(), Some("r"));
        assert!(
            matches!(&error, Error::Decode { path, .. } if path.starts_with("Response.Items")),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_answer_is_not_reported_as_one() {
        let deep = format!(r#"{{"Response":{{"Items":{}"#, "[".repeat(100_000));
        for body in [
            &b""[..],
            b" \n",
            b"<html>502</html>",
            b"null",
            b"[]",
            b"{}",
            b"\"Response\"",
            br#"{"Response":null}"#,
            br#"{"Response":[]}"#,
            br#"{"Response":"x"}"#,
            br#"[{"Total":1,"RequestId":"r"}]"#,
            br#"{"Response":[1,[2],"r"]}"#,
            br#"{"Response":{"RequestId":"r"},"Response":{"RequestId":"r"}}"#,
            br#"{"response":{"RequestId":"r"}}"#,
            br#"{"Response":{"Total":1,"RequestId":"r"}"#,
            br#"{"Response":{"Total":1,"RequestId":"r"}}}"#,
            br#"{"Response":{"Total":"x","Items":[1"#,
            deep.as_bytes(),
        ] {
            let error = read_body(body).unwrap_err();
            let shown: String = String::from_utf8_lossy(body).chars().take(60).collect();
            assert!(
                matches!(error, Error::NotAnAnswer { status: 200, .. }),
                "{shown}: {error}"
            );
        }
        let without = "it is JSON without the one object Response of an answer";
        for (body, said) in [
            ("[]", without),
            (r#"{"Response":null}"#, without),
            ("<html>", "expected value at line 1 column 1"),
            (r#"{"Response":{"#, "EOF while parsing"),
        ] {
            let error = read_body(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{body}: {error}");
        }
        let valid = br#"{"Response":{"Total":1,"RequestId":"r"}}"#;
        for status in [
            StatusCode::BAD_GATEWAY,
            StatusCode::FOUND,
            StatusCode::CREATED,
        ] {
            let error = read_as::<Optional>(status, valid).unwrap_err();
            assert!(
                matches!(error, Error::NotAnAnswer { status: shown, .. } if shown == status.as_u16())
            );
        }
    }

    #[test]
    fn an_output_without_fields_may_be_a_unit() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Empty;
        #[derive(Debug, PartialEq, Deserialize)]
        struct Wrapped(Optional);

        let ok = br#"{"Response":{"New":[1],"RequestId":"r"}}"#;
        let refused = br#"{"Response":{"RequestId":"r","Error":{"Code":"A"}}}"#;
        assert_eq!(read_as::<()>(StatusCode::OK, ok).unwrap().request_id, "r");
        assert_eq!(read_as::<Empty>(StatusCode::OK, ok).unwrap().output, Empty);
        assert!(
            read_as::<()>(StatusCode::OK, refused)
                .unwrap_err()
                .refusal()
                .is_some()
        );
        let total = br#"{"Response":{"Total":3,"RequestId":"r"}}"#;
        let wrapped = read_as::<Option<Wrapped>>(StatusCode::OK, total).unwrap();
        assert_eq!(wrapped.output.unwrap().0.total, Some(3));
    }

    #[test]
    fn a_long_body_is_shown_by_its_first_characters() {
        let body = "日".repeat(10_000);
        assert_eq!(beginning(body.as_bytes()).chars().count(), SHOWN);
        assert_eq!(beginning(b"\xff\xfe"), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_body_is_not_shown_from_a_key_or_a_token_on() {
        for (body, shown) in [
            (
                r#"{"Id":"AKID","TmpSecretKey":"fake"}"#,
                r#"{"Id":"AKID","Tmp"#,
            ),
            (r#"{"token":"fake","secret":1}"#, r#"{""#),
            ("TOKEN", ""),
            ("a toke, a secre", "a toke, a secre"),
        ] {
            assert_eq!(beginning(body.as_bytes()), shown);
        }
    }
}
