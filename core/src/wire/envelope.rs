//! Reads `{"Response": {…output…, "RequestId": "…"}}`, or `Error` instead of the output, in one pass.

use alloc::string::{String, ToString};
use core::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, IntoDeserializer,
        MapAccess, Visitor,
    },
};

use crate::{
    Reply,
    error::Refusal,
    types::lenient::{self, Lent, Object},
};

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
pub(super) struct Envelope<T> {
    #[serde(rename = "Response")]
    pub(super) response: Response<T>,
}

/// The object `Response`: an output or a refusal, and a request id.
pub(super) struct Response<T> {
    pub(super) output: Option<T>,
    pub(super) refusal: Option<ErrorBody>,
    pub(super) request_id: Option<String>,
}

impl<T> Response<T> {
    /// The reply, or the refusal if there is one; `Err(None)` without a request id.
    pub(super) fn reply(self) -> Result<Reply<T>, Option<Refusal>> {
        let Self {
            output,
            refusal,
            request_id,
        } = self;
        match (refusal, output, request_id) {
            (Some(refusal), _, request_id) => Err(Some(refusal.with(request_id))),
            (None, Some(output), Some(request_id)) => Ok(Reply { output, request_id }),
            _ => Err(None),
        }
    }
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
                let mut fields = Members {
                    map: &mut map,
                    refusal: None,
                    request_id: None,
                    ended: false,
                };
                let read = T::deserialize(Body(&mut fields)).and_then(|output| {
                    // The output may not have read all fields.
                    IgnoredAny::deserialize(Body(&mut fields)).map(|_| output)
                });
                let output = match read {
                    // A refusal has no output.
                    _ if fields.refused() => None,
                    read => Some(read?),
                };
                Ok(Response {
                    output,
                    refusal: fields.refusal,
                    request_id: fields.request_id.filter(|id| !id.is_empty()),
                })
            }
        }

        deserializer.deserialize_map(Parts(PhantomData))
    }
}

/// The fields of `Response` as the output sees them. `Error` and `RequestId` are read and stored here as they occur, so
/// that one pass over the JSON is enough.
struct Members<'a, M> {
    map: &'a mut M,
    refusal: Option<ErrorBody>,
    request_id: Option<String>,
    /// Whether the object has been read to its end.
    ended: bool,
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

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, M: MapAccess<'de>> MapAccess<'de> for &mut Members<'_, M> {
    type Error = M::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        mut seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        if self.ended {
            return Ok(None);
        }
        loop {
            let key = self.map.next_key_seed(KeySeed(seed));
            seed = match key? {
                None => {
                    self.ended = true;
                    return Ok(None);
                }
                Some(Key::Output(key)) => return Ok(Some(key)),
                Some(Key::RequestId(seed)) => {
                    self.read_request_id()?;
                    seed
                }
                Some(Key::Error(seed)) => {
                    self.read_refusal()?;
                    seed
                }
            };
            if self.refused() {
                return Err(de::Error::custom("the service refused"));
            }
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
    /// Whether the object has been read to its end and has a refusal.
    const fn refused(&self) -> bool {
        self.ended && self.refusal.is_some()
    }

    fn read_request_id(&mut self) -> Result<(), M::Error> {
        if self.request_id.is_some() {
            return Err(de::Error::duplicate_field("RequestId"));
        }
        let OptionalText(request_id) = self.map.next_value()?;
        self.request_id = request_id;
        Ok(())
    }

    /// Reads `Error`. If it is a refusal, only the request id is read after it.
    fn read_refusal(&mut self) -> Result<(), M::Error> {
        let refusal: Option<Object<ErrorBody>> = self.map.next_value()?;
        self.refusal = refusal.map(|Object(refusal)| refusal);
        if self.refusal.is_none() {
            return Ok(());
        }
        while let Some(key) = self.map.next_key_seed(KeySeed(PhantomData::<IgnoredAny>))? {
            match key {
                Key::RequestId(_) => self.read_request_id()?,
                Key::Error(_) | Key::Output(_) => {
                    self.map.next_value::<IgnoredAny>()?;
                }
            }
        }
        self.ended = true;
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct OptionalText(#[serde(deserialize_with = "lenient::optional")] Option<String>);

/// A key of `Response`: the envelope's own, with the unused seed, or one of the output.
enum Key<'de, K: DeserializeSeed<'de>> {
    Error(K),
    RequestId(K),
    Output(K::Value),
}

struct KeySeed<K>(K);

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<K> {
    type Value = Key<'de, K>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let Lent(name) = Lent::deserialize(deserializer)?;
        match &*name {
            "Error" => Ok(Key::Error(self.0)),
            "RequestId" => Ok(Key::RequestId(self.0)),
            _ => self
                .0
                .deserialize(name.into_deserializer())
                .map(Key::Output),
        }
    }
}
