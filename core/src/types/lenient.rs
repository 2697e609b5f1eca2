//! Deserializers for responses whose types vary: numbers as texts, texts as numbers, null or absent fields.
//!
//! They are for `#[serde(deserialize_with = "…")]`, in this crate and in your own outputs. A value that can't be read
//! exactly is an error, never a default.
//!
//! ```
//! use tc3_core::{types::lenient, Yuan};
//!
//! #[derive(serde::Deserialize)]
//! struct Row {
//!     #[serde(deserialize_with = "lenient::required")]
//!     count: u64,
//!     #[serde(default, deserialize_with = "lenient::optional")]
//!     cost: Option<Yuan>,
//!     #[serde(default, deserialize_with = "lenient::optional_text")]
//!     name: Option<String>,
//! }
//!
//! let row: Row = serde_json::from_str(r#"{"count": "39", "cost": 1.50, "name": 7}"#)?;
//! assert_eq!((row.count, row.name.as_deref()), (39, Some("7")));
//! assert_eq!(row.cost.unwrap().to_string(), "1.50");
//! // If a number or an amount is optional, an empty text and dashes are read as `None`.
//! let row: Row = serde_json::from_str(r#"{"count": 39.0, "cost": "-", "name": null}"#)?;
//! assert_eq!((row.count, row.cost, row.name), (39, None, None));
//! assert!(serde_json::from_str::<Row>(r#"{"count": 39.5}"#).is_err());
//! assert!(serde_json::from_str::<Row>(r#"{"count": ""}"#).is_err());
//!
//! // What is true or false may be a text or a number, and lists may be null.
//! #[derive(serde::Deserialize)]
//! struct Port {
//!     #[serde(deserialize_with = "lenient::required")]
//!     open: bool,
//!     #[serde(default, deserialize_with = "lenient::list")]
//!     numbers: Vec<u32>,
//! }
//!
//! let port: Port = serde_json::from_str(r#"{"open": "true", "numbers": [80, "443"]}"#)?;
//! assert_eq!((port.open, port.numbers), (true, vec![80, 443]));
//! let port: Port = serde_json::from_str(r#"{"open": 0, "numbers": null}"#)?;
//! assert_eq!((port.open, port.numbers), (false, vec![]));
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! The feature `arbitrary_precision` of `serde_json`, which another crate may enable, makes no difference.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{
        self, DeserializeSeed, Error as _, IntoDeserializer, MapAccess, Visitor,
        value::MapAccessDeserializer,
    },
    ser,
};

use super::decimal::{exact, whole};
use crate::Invalid;

/// A type that can be read from a JSON text or integer.
pub trait FromScalar: Sized {
    /// What errors say was expected, e.g. "an integer".
    const EXPECTED: &'static str;

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when the text is no such value.
    fn from_text(text: &str) -> Result<Self, Invalid>;

    /// Reads an integer.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when the integer is no such value.
    fn from_integer(number: i128) -> Result<Self, Invalid> {
        Self::from_text(&number.to_string())
    }

    /// Reads true or false; `None` if the type has neither.
    fn from_bool(value: bool) -> Option<Self> {
        let _ = value;
        None
    }

    /// Whether a number such as `39.0` may be read as the integer 39. Set it to false if the digits matter.
    const WHOLE_FLOATS: bool = false;

    /// Whether a number is read by its digits, like a text. Otherwise a number with a fraction is read as a float.
    const DIGITS: bool = false;

    /// Whether every text with a backslash is refused. It is then read before escapes are looked for, which saves 5 % of the
    /// instructions that it takes to read an allocation summary.
    const NO_ESCAPES: bool = false;
}

impl FromScalar for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "true" | "True" | "1" => Ok(true),
            "false" | "False" | "0" => Ok(false),
            _ => Err(Invalid::new("value", "is neither true nor false")),
        }
    }

    fn from_bool(value: bool) -> Option<Self> {
        Some(value)
    }
}

impl FromScalar for String {
    const EXPECTED: &'static str = "a text";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(text.into())
    }
}

macro_rules! integers {
    ($($integer:ty),*) => { $(
        impl FromScalar for $integer {
            const EXPECTED: &'static str = concat!("an integer (", stringify!($integer), ")");
            const WHOLE_FLOATS: bool = true;

            fn from_text(text: &str) -> Result<Self, Invalid> {
                let invalid = Invalid::new("number", "is not a whole number in range");
                text.parse().or_else(|_| {
                    let number = whole(exact(text)?);
                    number.and_then(|it| it.try_into().ok()).ok_or(invalid)
                })
            }

            fn from_integer(number: i128) -> Result<Self, Invalid> {
                number.try_into().map_err(|_| Invalid::new("number", "is out of range"))
            }
        }
    )* };
}
integers!(u32, u64, i64, i128);

/// Reads newtypes of `i64` as an `i64` is read.
macro_rules! read_as_i64 {
    ($($name:ident),*) => { $(
        impl $crate::types::lenient::FromScalar for $name {
            const EXPECTED: &'static str = i64::EXPECTED;
            const WHOLE_FLOATS: bool = true;

            fn from_text(text: &str) -> Result<Self, $crate::Invalid> {
                i64::from_text(text).map(Self)
            }

            fn from_integer(number: i128) -> Result<Self, $crate::Invalid> {
                i64::from_integer(number).map(Self)
            }
        }
    )* };
}

pub(crate) use read_as_i64;

/// Reads a text or a number; null and absent are errors.
///
/// # Errors
///
/// The deserializer's, for any other JSON type or a value that is no `T`.
pub fn required<'de, D: Deserializer<'de>, T: FromScalar>(deserializer: D) -> Result<T, D::Error> {
    let value = Scalar::new(false, false).read(deserializer)?;
    // The visitor returns `None` only for optional values.
    value.ok_or_else(|| D::Error::custom(T::EXPECTED))
}

/// Reads a text or a number, or `None` for null. For numbers and amounts, an empty text or dashes are `None` too, and
/// so is an absent field with `#[serde(default)]`.
///
/// # Errors
///
/// As [`required`].
pub fn optional<'de, D: Deserializer<'de>, T: FromScalar>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_option(Scalar::new(true, false))
}

/// Reads a text for people as [`optional`] does, with U+FFFD where the service cut it within a character. Don't use it
/// for ids and codes, which would become different ones.
///
/// # Errors
///
/// As [`required`].
pub fn optional_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_option(Scalar::new(true, true))
}

/// Writes a value as the text that it is by `Display`, e.g. a [`Number`](super::Number) that the service takes as a text.
/// [`as_number`] writes a text as a number.
///
/// ```
/// use tc3_core::{Yuan, types::{Number, lenient}};
///
/// #[derive(serde::Serialize)]
/// struct Budget {
///     #[serde(serialize_with = "lenient::as_text")]
///     share: Option<Number>,
///     #[serde(serialize_with = "lenient::as_number")]
///     quota: Option<Yuan>,
/// }
///
/// let budget = Budget { share: Some("0.50".parse()?), quota: Some("12.50".parse()?) };
/// assert_eq!(serde_json::to_string(&budget)?, r#"{"share":"0.50","quota":12.50}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The serializer's.
pub fn as_text<T: fmt::Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// Writes a value as the number that it is by `Display`, e.g. a [`Yuan`](super::Yuan) that the service takes as a number.
///
/// # Errors
///
/// The serializer's; and an error for a value that is no number.
pub fn as_number<T: fmt::Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let number = |value: &T| value.to_string().parse::<super::Number>();
    let number = value.as_ref().map(number).transpose();
    number.map_err(ser::Error::custom)?.serialize(serializer)
}

/// Writes an integer that the service requires, such as a page size, and `DEFAULT` for `None`.
///
/// # Errors
///
/// The serializer's.
pub fn integer_or<const DEFAULT: u32, T: Serialize, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => value.serialize(serializer),
        None => serializer.serialize_u32(DEFAULT),
    }
}

/// Reads a number of records as [`optional`] does. A number that is no `u64`, e.g. a negative one, is `None`: it can't be
/// true, and must not make the records unreadable.
///
/// # Errors
///
/// As [`required`], for what is no number.
pub fn optional_total<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    struct Total(Option<u64>);

    impl FromScalar for Total {
        const EXPECTED: &'static str = u64::EXPECTED;
        const WHOLE_FLOATS: bool = true;
        const DIGITS: bool = true;

        fn from_text(text: &str) -> Result<Self, Invalid> {
            match u64::from_text(text) {
                Err(invalid) if text.parse::<super::Number>().is_err() => Err(invalid),
                total => Ok(Self(total.ok())),
            }
        }
    }

    let total: Option<Total> = optional(deserializer)?;
    Ok(total.and_then(|Total(total)| total))
}

/// Whether a text has no characters but dashes and spaces.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|it| it == '-' || it.is_whitespace())
}

/// Reads a list of objects; null is an empty list.
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

/// Reads a list of texts or numbers; null is an empty list.
///
/// # Errors
///
/// As [`required`], for each element.
pub fn list<'de, D: Deserializer<'de>, T: FromScalar>(deserializer: D) -> Result<Vec<T>, D::Error> {
    optional_list(deserializer).map(Option::unwrap_or_default)
}

/// Reads a list of texts or numbers, or `None` for null; with `#[serde(default)]`, absent is `None` too.
///
/// # Errors
///
/// As [`required`], for each element.
pub fn optional_list<'de, D: Deserializer<'de>, T: FromScalar>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    struct Element<T>(T);

    impl<'de, T: FromScalar> Deserialize<'de> for Element<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            required(deserializer).map(Self)
        }
    }

    let list: Option<Vec<Element<T>>> = Option::deserialize(deserializer)?;
    Ok(list.map(|list| list.into_iter().map(|Element(value)| value).collect()))
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

/// A struct that is read from a JSON object only. Derived code also accepts a list, by position, and would assign
/// values to fields that nobody named.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            /// The error doesn't show the text, which may be a misplaced secret.
            fn visit_str<E: de::Error>(self, _: &str) -> Result<Object<T>, E> {
                Err(E::invalid_type(de::Unexpected::Other("text"), &self))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Object<T>, M::Error> {
                let fields = Named { map, first: true };
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }

        // With `deserialize_map`, serde_json would show a misplaced text itself.
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

/// The fields of an object. Refuses the special key by which serde_json represents a number.
struct Named<M> {
    map: M,
    first: bool,
}

impl<'de, M: MapAccess<'de>> MapAccess<'de> for Named<M> {
    type Error = M::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, M::Error> {
        if !core::mem::take(&mut self.first) {
            return self.map.next_key_seed(seed);
        }
        let Some(Lent(name)) = self.map.next_key()? else {
            return Ok(None);
        };
        if name == NUMBER {
            let found = de::Unexpected::Other("number");
            return Err(M::Error::invalid_type(found, &"an object"));
        }
        seed.deserialize(name.into_deserializer()).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, M::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Reads a text or a number.
struct Scalar<T> {
    /// Whether null and blank texts are `None`.
    optional: bool,
    /// Whether a text that isn't Unicode is read with U+FFFD.
    mended: bool,
    value: PhantomData<T>,
}

impl<'de, T: FromScalar> Visitor<'de> for Scalar<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_none<E: de::Error>(self) -> Result<Option<T>, E> {
        self.visit_unit()
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<T>, E> {
        match self.optional {
            true => Ok(None),
            false => Err(E::invalid_type(de::Unexpected::Unit, &self)),
        }
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Option<T>, D::Error> {
        self.read(inner)
    }

    #[inline]
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<T>, E> {
        self.text(text).map_err(E::custom)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Option<T>, E> {
        match T::from_bool(value) {
            Some(value) => Ok(Some(value)),
            None => Err(E::invalid_type(de::Unexpected::Bool(value), &self)),
        }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Option<T>, E> {
        T::from_integer(number.into()).map(Some).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Option<T>, E> {
        T::from_integer(number.into()).map(Some).map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Option<T>, E> {
        // A float keeps 15 digits. Beyond them it may be a neighbour of the integer on the wire: `serde_json` reads
        // 9007199254740991.0 as one less.
        const EXACT: f64 = 1e15;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the guard holds it below 10^15"
        )]
        if T::WHOLE_FLOATS && number.abs() < EXACT && number == (number as i64) as f64 {
            return self.visit_i64(number as i64);
        }
        if T::DIGITS {
            return Err(E::custom(
                "the number has become a float on the way here, which may have rounded it: it can be read from a \
                 text, or with the feature arbitrary_precision of serde_json",
            ));
        }
        Err(E::invalid_type(de::Unexpected::Float(number), &self))
    }

    /// A value in a format that has no values of its own text, or one that was kept until its type was known.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Option<T>, D::Error> {
        inner.deserialize_any(self)
    }

    #[inline]
    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Option<T>, M::Error> {
        let name = map.next_key::<Lent<'_>>()?;
        match name.as_ref().map(|Lent(name)| &**name) {
            Some(RAW_VALUE) => self.raw(&map.next_value::<Lent<'_>>()?.0),
            Some(NUMBER) => self.digits(&map.next_value::<Lent<'_>>()?.0),
            _ => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
        }
    }
}

impl<T: FromScalar> Scalar<T> {
    const fn new(optional: bool, mended: bool) -> Self {
        Self {
            optional,
            mended,
            value: PhantomData,
        }
    }

    #[inline]
    fn read<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        match T::DIGITS {
            true => deserializer.deserialize_newtype_struct(RAW_VALUE, self),
            false => deserializer.deserialize_any(self),
        }
    }

    #[inline]
    fn text(&self, text: &str) -> Result<Option<T>, Invalid> {
        match T::from_text(text) {
            Err(_) if self.optional && is_blank(text) => Ok(None),
            value => value.map(Some),
        }
    }

    /// Reads a value's own JSON.
    fn raw<E: de::Error>(self, json: &str) -> Result<Option<T>, E> {
        if let Some(text) = json.strip_prefix('"') {
            let plain = self.text(text.strip_suffix('"').unwrap_or(text));
            if T::NO_ESCAPES && plain.is_ok() || !text.contains('\\') {
                return plain.map_err(E::custom);
            }
        }
        let found = match json.as_bytes() {
            [b'-' | b'0'..=b'9', ..] => return self.digits(json),
            [b't', ..] => return self.visit_bool(true),
            [b'f', ..] => return self.visit_bool(false),
            [b'n', ..] => de::Unexpected::Unit,
            [b'[', ..] => de::Unexpected::Seq,
            [first, ..] if *first == b'"' || (*first == b' ' && self.mended) => {
                let text: String = serde_json::from_str(json).map_err(E::custom)?;
                return self.visit_str(&text);
            }
            _ => de::Unexpected::Map,
        };
        Err(E::invalid_type(found, &self))
    }

    /// Reads a number's digits, as `serde_json` does where nobody has switched them on.
    fn digits<E: de::Error>(self, digits: &str) -> Result<Option<T>, E> {
        if T::DIGITS {
            self.visit_str(digits)
        } else if let Ok(number) = digits.parse() {
            self.visit_u64(number)
        } else if let Ok(number) = digits.parse() {
            self.visit_i64(number)
        } else {
            self.visit_f64(digits.parse().map_err(E::custom)?)
        }
    }
}

/// What an error says of a text that must be exact, and was cut within a character.
pub(crate) const NOT_UNICODE: &str = "the text has something that is not Unicode";

/// The name under which `serde_json` hands over a value's own text, here a number's digits, instead of
/// a float. `RawValue` itself would do, but it allocates for each amount or can't be read from a stream.
/// Should the name ever change, fractions are refused, not rounded, and tests fail.
///
/// A mended text that is not Unicode comes by this name too, so that what may be anything is read as that text. A
/// space in front of it, which no value's own text has, tells it from others.
pub(crate) const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// The name under which it hands over a number's digits, with `arbitrary_precision`.
const NUMBER: &str = "$serde_json::private::Number";

/// A text, borrowed where the deserializer can lend it.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Lent<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// Reads types with serde as [`required`] does.
macro_rules! read_as_scalars {
    ($($name:ty),*) => { $(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::types::lenient::required(deserializer)
            }
        }
    )* };
}

pub(crate) use read_as_scalars;

/// Reads types with serde by their `FromStr`, numbers by their digits if that is asked for.
macro_rules! read_by_parsing {
    ($expected:literal, $digits:literal: $($name:ident),*) => {
        $crate::types::lenient::read_as_scalars!($($name),*);
        $(
            impl $crate::types::lenient::FromScalar for $name {
                const EXPECTED: &'static str = $expected;
                const DIGITS: bool = $digits;
                const NO_ESCAPES: bool = true;

                fn from_text(text: &str) -> Result<Self, $crate::Invalid> {
                    text.parse()
                }
            }
        )*
    };
}

pub(crate) use read_by_parsing;
