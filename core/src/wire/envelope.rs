//! Reads `{"Response": {…output…, "RequestId": "…"}}`, or `Error` instead of the output, in one pass.

use alloc::string::{String, ToString};
use core::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, IntoDeserializer, MapAccess,
        Visitor,
    },
};

use crate::{
    Reply,
    error::Refusal,
    types::lenient::{self, Lent, Object},
};

#[derive(Deserialize)]
pub(super) struct Envelope<R> {
    #[serde(rename = "Response")]
    pub(super) response: R,
}

/// The object `Response`: an output with a request id, or a refusal.
pub(super) struct Response<T> {
    pub(super) read: Result<Reply<T>, Refusal>,
    /// Whether an `Error` that was read into the output, which has such a field, has no other field beside it. Then it may be
    /// a refusal.
    pub(super) only_error: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ErrorBody {
    #[serde(deserialize_with = "code")]
    code: String,
    /// Any JSON type, so that an unusual message doesn't hide the code.
    message: Option<serde_json::Value>,
}

fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let code: String = lenient::required(deserializer)?;
    if code.is_empty() {
        return Err(D::Error::custom("an error code must not be empty"));
    }
    Ok(code)
}

impl ErrorBody {
    pub(super) fn with(self, request_id: Option<String>) -> Refusal {
        let message = match self.message {
            None => String::new(),
            Some(serde_json::Value::String(text)) => text,
            Some(other) => other.to_string(),
        };
        Refusal::new(self.code, message, request_id)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Response<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts<T>(PhantomData<T>);

        impl<'de, T: DeserializeOwned> Visitor<'de> for Parts<T> {
            type Value = Response<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Response<T>, M::Error> {
                let mut members = Members {
                    map: &mut map,
                    refusal: None,
                    request_id: None,
                    ended: false,
                    own_error: false,
                    others: false,
                };
                let read = T::deserialize(Body(&mut members)).and_then(|output| {
                    // The output may not have read all fields.
                    IgnoredAny::deserialize(Body(&mut members)).map(|_| output)
                });
                let only_error = members.own_error && !members.others;
                let request_id = members.request_id.filter(|id| !id.is_empty());
                let read = match members.refusal {
                    Some(refusal) => Err(refusal.with(request_id)),
                    None => Ok(Reply {
                        output: read?,
                        request_id: request_id.ok_or(M::Error::missing_field("RequestId"))?,
                    }),
                };
                Ok(Response { read, only_error })
            }
        }

        deserializer.deserialize_map(Parts(PhantomData))
    }
}

/// The fields of `Response` as the output sees them. `Error` and `RequestId` are read and stored here as they occur, so
/// that one pass over the JSON is enough.
struct Members<'a, M> {
    map: &'a mut M,
    /// The refusal. Only the request id is read after it.
    refusal: Option<ErrorBody>,
    request_id: Option<String>,
    /// Whether the object has been read to its end.
    ended: bool,
    /// Whether the output has a field `Error`, as a few good answers have. Beside other fields it is not a refusal.
    own_error: bool,
    /// Whether there are fields other than `Error` and `RequestId`.
    others: bool,
}

/// `Response` as the output sees it: an object, or a unit if the output has no fields.
struct Body<'a, 'm, M>(&'a mut Members<'m, M>);

impl<'de, M: MapAccess<'de>> Deserializer<'de> for Body<'_, '_, M> {
    type Error = M::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_map(self.0)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.own_error = fields.contains(&"Error");
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de, M: MapAccess<'de>> MapAccess<'de> for &mut Members<'_, M> {
    type Error = M::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        while !self.ended {
            match self.map.next_key::<Lent<'_>>()? {
                None => self.ended = true,
                Some(Lent(name)) => match &*name {
                    "RequestId" => self.read_request_id()?,
                    "Error" if self.refusal.is_none() && !self.own_error => {
                        let refusal: Option<Object<ErrorBody>> = self.map.next_value()?;
                        self.refusal = refusal.map(|Object(refusal)| refusal);
                    }
                    _ if self.refusal.is_some() => drop(self.map.next_value::<IgnoredAny>()?),
                    name => {
                        self.others |= name != "Error";
                        return seed.deserialize(name.into_deserializer()).map(Some);
                    }
                },
            }
        }
        match self.refusal {
            Some(_) => Err(M::Error::custom("the service refused")),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Self::Error> {
        self.map.next_value_seed(seed)
    }
}

impl<'de, M: MapAccess<'de>> Members<'_, M> {
    fn read_request_id(&mut self) -> Result<(), M::Error> {
        if self.request_id.is_some() {
            return Err(M::Error::duplicate_field("RequestId"));
        }
        let OptionalText(request_id) = self.map.next_value()?;
        self.request_id = request_id;
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct OptionalText(#[serde(deserialize_with = "lenient::optional")] Option<String>);
