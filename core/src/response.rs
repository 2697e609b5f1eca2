//! An answer's bytes to a reply or an error: the way back, pure.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
};
use core::{fmt, marker::PhantomData};

use bytes::Bytes;
use http::StatusCode;
use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, IntoDeserializer,
        MapAccess, Visitor, value::MapAccessDeserializer,
    },
};

use crate::{Action, Error, Refusal, lenient};

/// How many characters of a body an error shows.
const SHOWN: usize = 200;
/// The most bytes that a character takes.
const UTF8_LEN: usize = 4;

/// What the service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply<T> {
    /// The action's output.
    pub output: T,
    /// The id under which the service knows this call; the vendor's support asks for it.
    pub request_id: String,
}

/// Reads the answer to an action, in one pass over its JSON.
///
/// ```
/// use tc3_core::{Error, Untyped, response};
///
/// let answer = |body: &'static str| http::Response::new(body.as_bytes().into());
/// let reply = response::read::<Untyped>(&answer(r#"{"Response": {"Total": 1, "RequestId": "5e1f"}}"#))?;
/// assert_eq!((&reply.output["Total"], reply.request_id.as_str()), (&1.into(), "5e1f"));
///
/// let refused = r#"{"Response": {"Error": {"Code": "A.B", "Message": "no"}, "RequestId": "5e1f"}}"#;
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
/// - [`Error::Service`] when the service refused.
/// - [`Error::NotAnAnswer`] for a status other than 200, and for a body that is not JSON or lacks
///   the `Response` object.
/// - [`Error::Decode`] when the JSON is an answer but doesn't fit the output, or has no `RequestId`.
pub fn read<A: Action>(response: &http::Response<Bytes>) -> Result<Reply<A::Output>, Error> {
    read_as(response.status(), response.body())
}

fn read_as<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<Reply<T>, Error> {
    let foreign = |reason: &dyn fmt::Display| Error::NotAnAnswer {
        status: status.as_u16(),
        reason: reason.to_string(),
        beginning: beginning(body),
    };
    if status != StatusCode::OK {
        return Err(foreign(&"the API answers with status 200 alone"));
    }
    if body.trim_ascii().is_empty() {
        return Err(foreign(&"the body is empty"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let envelope = Envelope::<T>::deserialize(&mut json);
    match envelope.and_then(|envelope| json.end().map(|()| envelope)) {
        Ok(Envelope { response }) => match response {
            Response {
                refusal: Some(refusal),
                request_id,
                ..
            } => Err(Error::Service(refusal.with(request_id))),
            Response {
                output: Some(output),
                request_id: Some(request_id),
                ..
            } => Ok(Reply { output, request_id }),
            _ => Err(Error::Decode {
                path: "Response".into(),
                request_id: None,
                source: serde_json::Error::missing_field("RequestId"),
            }),
        },
        Err(error) if error.is_data() => Err(explain::<T>(body, error, &foreign)),
        Err(error) => Err(foreign(&error)),
    }
}

/// Finds out why JSON did not fit. Looks at the body again, which only failures pay for.
fn explain<T: DeserializeOwned>(
    body: &[u8],
    error: serde_json::Error,
    foreign: &dyn Fn(&dyn fmt::Display) -> Error,
) -> Error {
    #[derive(Deserialize)]
    struct Shape {
        #[serde(rename = "Response")]
        _response: BTreeMap<String, IgnoredAny>,
    }

    if let Err(shape) = serde_json::from_slice::<Shape>(body) {
        return if shape.is_data() {
            foreign(&"it is JSON without the object Response of an answer")
        } else {
            foreign(&shape)
        };
    }
    // The misfit may stand before a refusal or the request id.
    let request_id = match serde_json::from_slice::<Envelope<IgnoredAny>>(body) {
        Ok(Envelope { response }) => match response.refusal {
            Some(refusal) => return Error::Service(refusal.with(response.request_id)),
            None => response.request_id,
        },
        Err(_) => None,
    };
    let mut json = serde_json::Deserializer::from_slice(body);
    let (path, source) = match serde_path_to_error::deserialize::<_, Envelope<T>>(&mut json) {
        Err(located) => (located.path().to_string(), located.into_inner()),
        Ok(_) => (".".into(), error),
    };
    Error::Decode {
        path,
        request_id,
        source,
    }
}

/// The first characters of a body.
fn beginning(body: &[u8]) -> String {
    let most = SHOWN.saturating_mul(UTF8_LEN);
    let start = body.get(..most).unwrap_or(body);
    String::from_utf8_lossy(start).chars().take(SHOWN).collect()
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Envelope<T> {
    #[serde(rename = "Response")]
    response: Response<T>,
}

/// What stands in `Response`: an output or a refusal, and the request id beside either.
struct Response<T> {
    output: Option<T>,
    refusal: Option<ErrorBody>,
    request_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorBody {
    code: String,
    #[serde(default, deserialize_with = "lenient::optional")]
    message: Option<String>,
}

impl ErrorBody {
    fn with(self, request_id: Option<String>) -> Refusal {
        Refusal::new(self.code, self.message.unwrap_or_default(), request_id)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Response<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);

        impl<'de, T: DeserializeOwned> Visitor<'de> for Object<T> {
            type Value = Response<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Response<T>, M::Error> {
                let mut fields = Fields {
                    map: &mut map,
                    refusal: None,
                    request_id: None,
                };
                let output = T::deserialize(MapAccessDeserializer::new(&mut fields));
                if fields.refusal.is_some() {
                    // An output without mandatory fields decodes from a refusal as well, so it is void.
                    return Ok(Response {
                        output: None,
                        refusal: fields.refusal,
                        request_id: fields.request_id,
                    });
                }
                let output = output?;
                // An output need not have read to the end.
                IgnoredAny::deserialize(MapAccessDeserializer::new(&mut fields))?;
                Ok(Response {
                    output: Some(output),
                    refusal: fields.refusal,
                    request_id: fields.request_id,
                })
            }
        }

        deserializer.deserialize_map(Object(PhantomData))
    }
}

/// The fields of `Response` as the output sees them: without `Error` and `RequestId`, which are kept
/// aside as they come by, so that one pass over the JSON reads all three.
struct Fields<'a, M> {
    map: &'a mut M,
    refusal: Option<ErrorBody>,
    request_id: Option<String>,
}

impl<'de, M: MapAccess<'de>> Fields<'_, M> {
    fn read_request_id(&mut self) -> Result<(), M::Error> {
        struct Text;

        impl<'de> DeserializeSeed<'de> for Text {
            type Value = Option<String>;

            fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
                lenient::optional(value)
            }
        }

        if self.request_id.is_some() {
            return Err(de::Error::duplicate_field("RequestId"));
        }
        self.request_id = self.map.next_value_seed(Text)?;
        Ok(())
    }
}

impl<'de, M: MapAccess<'de>> MapAccess<'de> for &mut Fields<'_, M> {
    type Error = M::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        mut seed: K,
    ) -> Result<Option<K::Value>, M::Error> {
        loop {
            seed = match self.map.next_key_seed(KeySeed(seed))? {
                None => return Ok(None),
                Some(Key::Output(key)) => return Ok(Some(key)),
                Some(Key::RequestId(seed)) => {
                    self.read_request_id()?;
                    seed
                }
                Some(Key::Error(seed)) => {
                    self.refusal = self.map.next_value()?;
                    seed
                }
            };
            if self.refusal.is_some() {
                // Nothing else counts any more but the request id, and the output sees the end.
                return self.skip_to_end().map(|()| None);
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, M::Error> {
        self.map.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.map.size_hint()
    }
}

impl<'de, M: MapAccess<'de>> Fields<'_, M> {
    fn skip_to_end(&mut self) -> Result<(), M::Error> {
        while let Some(key) = self.map.next_key_seed(KeySeed(PhantomData::<IgnoredAny>))? {
            match key {
                Key::RequestId(_) => self.read_request_id()?,
                Key::Error(_) | Key::Output(_) => {
                    self.map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A key of `Response`: one of the envelope's own, which gives the seed back, or one of the output's.
enum Key<'de, K: DeserializeSeed<'de>> {
    Error(K),
    RequestId(K),
    Output(K::Value),
}

struct KeySeed<K>(K);

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<K> {
    type Value = Key<'de, K>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, K: DeserializeSeed<'de>> Visitor<'de> for KeySeed<K> {
    type Value = Key<'de, K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        match name {
            "Error" => Ok(Key::Error(self.0)),
            "RequestId" => Ok(Key::RequestId(self.0)),
            _ => self
                .0
                .deserialize(name.into_deserializer())
                .map(Key::Output),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec::Vec};

    use super::*;

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
    fn a_refusal_never_decodes_into_an_output() {
        for body in [
            r#"{"Response":{"Error":{"Code":"A.B","Message":"m"},"RequestId":"r"}}"#,
            r#"{"Response":{"RequestId":"r","Error":{"Message":"m","Code":"A.B","New":1}}}"#,
            r#"{"Response":{"Total":1,"Error":{"Code":"A.B","Message":"m"},"Items":["x"],"RequestId":"r"}}"#,
            // The misfit stands before the refusal.
            r#"{"Response":{"Total":"x","Error":{"Code":"A.B","Message":"m"},"RequestId":"r"}}"#,
        ] {
            let error = read_body(body.as_bytes()).unwrap_err();
            let expected = Refusal::new("A.B", "m", Some("r".into()));
            assert_eq!(error.refusal(), Some(&expected), "{body}");
        }
        let bare = read_body(br#"{"Response":{"Error":{"Code":"A"}}}"#).unwrap_err();
        assert_eq!(bare.refusal(), Some(&Refusal::new("A", "", None)));
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
                None,
            ),
            (
                r#"{"Response":{"Error":"no","RequestId":"r"}}"#,
                "Response.Error",
                None,
            ),
            (
                r#"{"Response":{"Error":{},"RequestId":"r"}}"#,
                "Response.Error",
                None,
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
            br#"{"response":{"RequestId":"r"}}"#,
            br#"{"Response":{"Total":1,"RequestId":"r"}"#,
            br#"{"Response":{"Total":1,"RequestId":"r"}}}"#,
            br#"{"Response":{"Total":"x","Items":[1"#,
            b"{\"Response\":{\"Total\":1,\"RequestId\":\"\xff\"}}",
            deep.as_bytes(),
        ] {
            let error = read_body(body).unwrap_err();
            let shown: String = String::from_utf8_lossy(body).chars().take(60).collect();
            assert!(
                matches!(error, Error::NotAnAnswer { status: 200, .. }),
                "{shown}: {error}"
            );
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
    fn a_long_body_is_shown_by_its_first_characters() {
        let body = "日".repeat(10_000);
        assert_eq!(beginning(body.as_bytes()).chars().count(), SHOWN);
        assert_eq!(beginning(b"\xff\xfe"), "\u{fffd}\u{fffd}");
    }
}
