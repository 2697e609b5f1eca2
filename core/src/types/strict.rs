use core::fmt;

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
        Visitor,
    },
    forward_to_deserialize_any,
};

use super::lenient::Lent;

/// A deserializer for stored inputs: it refuses unknown fields at any depth, and lists in the place of objects.
///
/// Derived code decides by the type whether an unknown field is an error. An object that inputs and outputs have in common
/// needs both: ignored in an answer, refused in an input. Derived code also accepts a list for an object, by position. The
/// format must describe itself, as JSON and CBOR do.
///
/// Within `#[serde(flatten)]` and enums derived code keeps unknown fields to itself, so they are not refused there. Keys of
/// maps must be texts.
///
/// ```
/// use serde::{Deserialize, Deserializer};
/// use tc3_core::types::Strict;
///
/// #[derive(Debug, Deserialize)]
/// struct Tag {
///     key: String,
/// }
///
/// #[derive(Debug, Deserialize)]
/// #[serde(remote = "Self")]
/// struct TagResources {
///     tags: Vec<Tag>,
/// }
///
/// impl<'de> Deserialize<'de> for TagResources {
///     fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
///         Self::deserialize(Strict::new(deserializer))
///     }
/// }
///
/// let read = serde_json::from_str::<TagResources>;
/// assert_eq!(read(r#"{"tags": [{"key": "env"}]}"#)?.tags[0].key, "env");
/// for (json, error) in [
///     (r#"{"tags": [{"key": "env", "kye": 1}]}"#, "unknown field `kye`, expected `key`"),
///     (r#"{"tags": [["env"]]}"#, "invalid type: sequence, expected an object"),
/// ] {
///     assert!(read(json).unwrap_err().to_string().starts_with(error));
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct Strict<'a, D> {
    inner: D,
    /// The field that is read, and those that its object has.
    field: &'a str,
    known: Names,
}

type Names = &'static [&'static str];

impl<D> Strict<'_, D> {
    /// Reads from `deserializer`.
    pub const fn new(deserializer: D) -> Self {
        Self {
            inner: deserializer,
            field: "",
            known: &[],
        }
    }
}

/// Without what is read.
impl<D> fmt::Debug for Strict<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strict").finish_non_exhaustive()
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(Inner(visitor))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_option(Inner(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_newtype_struct(name, Inner(visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: Names,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(Object { visitor, known })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: Names,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_i128(visitor)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_u128(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, D::Error> {
        Err(match self.known {
            [] => D::Error::custom(format_args!("unknown field `{}`", self.field)),
            known => D::Error::unknown_field(self.field, known),
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier
    }
}

/// Hands over what is inside strictly.
struct Inner<T>(T);

/// Takes nothing but an object.
struct Object<V> {
    visitor: V,
    known: Names,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Object<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    /// The error doesn't show the text, which may be a misplaced secret.
    fn visit_str<E: Error>(self, _: &str) -> Result<V::Value, E> {
        Err(E::invalid_type(Unexpected::Other("text"), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Members::new(map, self.known))
    }
}

macro_rules! unchanged {
    ($($visit:ident: $type:ty),*) => { $(
        fn $visit<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.0.$visit(value)
        }
    )* };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Inner<V> {
    type Value = V::Value;

    unchanged! {
        visit_bool: bool, visit_i64: i64, visit_i128: i128, visit_u64: u64, visit_u128: u128, visit_f64: f64,
        visit_str: &str, visit_borrowed_str: &'de str, visit_bytes: &[u8], visit_borrowed_bytes: &'de [u8]
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Strict::new(inner))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Strict::new(inner))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Inner(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Members::new(map, &[]))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(data)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Inner<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Seed {
            seed,
            field: "",
            known: &[],
        })
    }
}

struct Members<'de, A> {
    map: A,
    field: Lent<'de>,
    known: Names,
}

impl<A> Members<'_, A> {
    fn new(map: A, known: Names) -> Self {
        let field = Lent::default();
        Self { map, field, known }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'de, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let Some(field) = self.map.next_key()? else {
            return Ok(None);
        };
        self.field = field;
        seed.deserialize(self.field.0.as_ref().into_deserializer())
            .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = Seed {
            seed,
            field: &self.field.0,
            known: self.known,
        };
        self.map.next_value_seed(seed)
    }
}

struct Seed<'a, S> {
    seed: S,
    field: &'a str,
    known: Names,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let Self { seed, field, known } = self;
        seed.deserialize(Strict {
            inner,
            field,
            known,
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::{
        boxed::Box,
        collections::BTreeMap,
        string::{String, ToString},
        vec::Vec,
    };

    use serde::Deserialize;

    use super::*;
    use crate::types::{Number, lenient};

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(remote = "Self")]
    struct Input {
        #[serde(default, deserialize_with = "lenient::optional_objects")]
        tags: Option<Vec<Tag>>,
        #[serde(default)]
        owner: Option<Owner>,
        #[serde(default)]
        tree: Option<Tree>,
        #[serde(default)]
        map: BTreeMap<String, Owner>,
        #[serde(default, deserialize_with = "lenient::optional")]
        share: Option<Number>,
        #[serde(default, deserialize_with = "lenient::optional_list")]
        counts: Option<Vec<i64>>,
        #[serde(default)]
        large: Option<(i128, u128)>,
        #[serde(default)]
        on: bool,
    }

    impl<'de> Deserialize<'de> for Input {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Self::deserialize(Strict::new(deserializer))
        }
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Tag {
        key: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Owner(String);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Tree {
        inner: Option<Box<Self>>,
    }

    #[test]
    fn what_has_no_unknown_field_is_read_as_ever() {
        let json = r#"{
            "tags": [{"key": "a\"b"}], "owner": "o", "tree": {"inner": {"inner": null}}, "map": {"x": "y"},
            "share": 0.10, "counts": [1, "2"],
            "large": [-170141183460469231731687303715884105728, 340282366920938463463374607431768211455]
        }"#;
        let input: Input = serde_json::from_str(json).unwrap();
        let tag = Tag { key: "a\"b".into() };
        assert_eq!(input.tags.as_deref(), Some(&[tag][..]));
        assert_eq!(input.owner, Some(Owner("o".into())));
        let tree = input.tree.and_then(|tree| tree.inner);
        assert!(tree.is_some_and(|tree| tree.inner.is_none()));
        assert_eq!(input.map["x"], Owner("y".into()));
        assert_eq!(input.share.unwrap().as_str(), "0.10");
        assert_eq!(input.counts.unwrap(), [1, 2]);
        assert_eq!(input.large, Some((i128::MIN, u128::MAX)));
    }

    #[test]
    fn an_unknown_field_is_refused_at_any_depth_and_named_with_those_there_are() {
        for (json, error) in [
            (
                r#"{"Tags": []}"#,
                "unknown field `Tags`, expected one of `tags`, `owner`",
            ),
            (
                r#"{"tags": [{"key": "a", "kye": 1}]}"#,
                "unknown field `kye`",
            ),
            (
                r#"{"tree": {"inner": {"off": null}}}"#,
                "unknown field `off`",
            ),
        ] {
            let found = serde_json::from_str::<Input>(json).unwrap_err();
            assert!(found.to_string().starts_with(error), "{json}: {found}");
        }
    }

    #[test]
    fn a_list_is_no_object() {
        for json in ["[]", r#"{"tags": [["a"]]}"#, r#"{"tree": {"inner": []}}"#] {
            let found = serde_json::from_str::<Input>(json).unwrap_err();
            assert!(
                found.to_string().starts_with("invalid type: sequence"),
                "{json}: {found}"
            );
        }
    }
}
