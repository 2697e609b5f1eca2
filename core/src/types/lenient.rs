//! Reading answers whose types drift: numbers as texts, texts as numbers, null or absent.
//!
//! For `#[serde(deserialize_with = "…")]`, in this crate and in outputs of one's own. What can't be
//! read exactly is an error, never a default.
//!
//! ```
//! #[derive(serde::Deserialize)]
//! struct Row {
//!     #[serde(deserialize_with = "tc3_core::lenient::required")]
//!     count: u64,
//!     #[serde(default, deserialize_with = "tc3_core::lenient::optional")]
//!     name: Option<String>,
//! }
//!
//! let row: Row = serde_json::from_str(r#"{"count": "39", "name": 7}"#)?;
//! assert_eq!((row.count, row.name.as_deref()), (39, Some("7")));
//! let row: Row = serde_json::from_str(r#"{"count": 39.0, "name": null}"#)?;
//! assert_eq!((row.count, row.name), (39, None));
//! assert!(serde_json::from_str::<Row>(r#"{"count": 39.5}"#).is_err());
//! # Ok::<(), serde_json::Error>(())
//! ```

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::Invalid;

/// A value that a JSON text or a JSON integer can stand for.
pub trait FromScalar: Sized {
    /// What an error says was expected, e.g. "an integer".
    const EXPECTED: &'static str;

    /// The value that a text stands for.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when the text stands for none.
    fn from_text(text: &str) -> Result<Self, Invalid>;

    /// The value that an integer stands for.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when the integer stands for none.
    fn from_integer(number: i128) -> Result<Self, Invalid>;

    /// Whether a number such as `39.0` may be read as the integer 39. Not for texts, where the digits count.
    const WHOLE_FLOATS: bool = false;
}

impl FromScalar for String {
    const EXPECTED: &'static str = "a text";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(text.into())
    }

    fn from_integer(number: i128) -> Result<Self, Invalid> {
        Ok(number.to_string())
    }
}

macro_rules! integers {
    ($($integer:ty),*) => { $(
        impl FromScalar for $integer {
            const EXPECTED: &'static str = concat!("an integer (", stringify!($integer), ")");
            const WHOLE_FLOATS: bool = true;

            fn from_text(text: &str) -> Result<Self, Invalid> {
                text.parse().map_err(|_| Invalid::new("number", "is not a whole number in range"))
            }

            fn from_integer(number: i128) -> Result<Self, Invalid> {
                number.try_into().map_err(|_| Invalid::new("number", "is out of range"))
            }
        }
    )* };
}
integers!(u32, u64, i64);

/// Reads a text or a number; null and absent are errors.
///
/// # Errors
///
/// The deserializer's, for any other JSON type or a value that does not stand for a `T`.
pub fn required<'de, D: Deserializer<'de>, T: FromScalar>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(Scalar(PhantomData))
}

/// Reads a text or a number, or `None` for null; with `#[serde(default)]`, absent is `None` too.
///
/// # Errors
///
/// As [`required`].
pub fn optional<'de, D: Deserializer<'de>, T: FromScalar>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    struct Nullable<T>(PhantomData<T>);

    impl<'de, T: FromScalar> Visitor<'de> for Nullable<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} or null", T::EXPECTED)
        }

        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
            required(inner).map(Some)
        }
    }

    deserializer.deserialize_option(Nullable(PhantomData))
}

/// Reads a list of objects, and null as an empty one.
///
/// # Errors
///
/// As [`optional_objects`].
pub fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    optional_objects(deserializer).map(Option::unwrap_or_default)
}

/// Reads a list of objects, or `None` for null; with `#[serde(default)]`, absent is `None` too.
///
/// # Errors
///
/// The deserializer's, for any other JSON type or an element that isn't a `T` as an object.
pub fn optional_objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let list: Option<Vec<Object<T>>> = Option::deserialize(deserializer)?;
    Ok(list.map(|list| list.into_iter().map(|Object(object)| object).collect()))
}

/// Reads an object, or `None` for null; with `#[serde(default)]`, absent is `None` too.
///
/// # Errors
///
/// The deserializer's, for any other JSON type or an object that isn't a `T`.
pub fn optional_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer).map(|object| object.map(|Object(object)| object))
}

/// A struct that is read from an object alone. Derived code reads one from a list as well, by place,
/// which would give values to fields that nobody named.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            /// Without the text, which may be a secret that stands in the wrong place.
            fn visit_str<E: de::Error>(self, _: &str) -> Result<Object<T>, E> {
                Err(E::invalid_type(de::Unexpected::Other("text"), &self))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Object<T>, M::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        // Asked for a map, serde_json would show a text that stands in its place before the visitor can hide it.
        deserializer.deserialize_any(Fields(PhantomData))
    }
}

struct Scalar<T>(PhantomData<T>);

impl<T: FromScalar> Visitor<'_> for Scalar<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        T::from_integer(number.into()).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        T::from_integer(number.into()).map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        // Above 2^53 neighbouring integers share one float, so the digits on the wire are lost.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the guard holds it below 2^53"
        )]
        if T::WHOLE_FLOATS && number.abs() < EXACT && number == (number as i64) as f64 {
            return self.visit_i64(number as i64);
        }
        Err(E::invalid_type(de::Unexpected::Float(number), &self))
    }
}
