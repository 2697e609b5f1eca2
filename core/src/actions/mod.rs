//! The typed actions: a folder for each service, a file for each action.

/// Declares an action's input, or a part of one, with serde's traits in the API's field names.
///
/// A field with a test behind it, such as `Option::is_none`, may be absent, and is left out if the test holds.
///
/// Only stored inputs are deserialized, so an unknown field is an error. A list is an error too: omitted fields would
/// shift the positions of the others.
macro_rules! input {
    (
        $(#[$outer:meta])*
        pub struct $name:ident {
            $( $(#[$inner:meta])* $visible:vis $field:ident: $type:ty $(= $unset:literal)?, )*
        }
    ) => {
        $(#[$outer])*
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase", remote = "Self")]
        #[must_use = "an input does nothing until it is sent"]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$inner])* $(#[serde(default, skip_serializing_if = $unset)])? $visible $field: $type, )*
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize($crate::types::Strict::new(deserializer))
            }
        }
    };
}

/// Declares an output, or a part of one, with serde's traits in the API's field names.
///
/// A field with a function of [`lenient`](crate::types::lenient) behind it is read by that function, and may be absent.
macro_rules! output {
    ($(
        $(#[$outer:meta])*
        pub struct $name:ident {
            $( $(#[$inner:meta])* pub $field:ident: $type:ty $(= $read:literal)?, )*
        }
    )*) => { $(
        $(#[$outer])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$inner])* $(#[serde(default, deserialize_with = $read)])? pub $field: $type, )*
        }
    )* };
}

pub mod billing;
pub mod essbasic;
pub mod sts;

/// The rule for `Limit` in all lists.
fn check_limit(limit: Option<u32>) -> Result<(), crate::Invalid> {
    match limit {
        Some(0) => Err(crate::Invalid::new("Limit", "must be at least 1")),
        _ => Ok(()),
    }
}

/// Whether two inputs are sent as the same JSON, where an absent `Limit` is its default.
fn same(one: &impl serde::Serialize, other: &impl serde::Serialize) -> bool {
    let sent = (serde_json::to_string(one), serde_json::to_string(other));
    matches!(sent, (Ok(one), Ok(other)) if one == other)
}
