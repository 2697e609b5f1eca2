//! The actions that are typed here, a folder a service and a file an action.

/// Declares an action's input, or a part of one, which is written and read in the API's own names.
///
/// What is read back is what somebody stored, so a field that is not known is refused, not dropped; and it is read
/// from an object alone, since by place a field that was left out when it was written would shift those after it.
macro_rules! input {
    (
        $(#[$outer:meta])*
        pub struct $name:ident {
            $( $(#[$inner:meta])* $visible:vis $field:ident: $type:ty, )*
        }
    ) => {
        $(#[$outer])*
        #[derive(serde::Serialize)]
        #[serde(rename_all = "PascalCase")]
        #[must_use = "an input does nothing until it is sent"]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$inner])* $visible $field: $type, )*
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(rename_all = "PascalCase", deny_unknown_fields)]
                struct Fields {
                    $( $(#[$inner])* $field: $type, )*
                }

                let object = $crate::types::lenient::Object::<Fields>::deserialize(deserializer);
                object.map(|$crate::types::lenient::Object(Fields { $($field),* })| Self { $($field),* })
            }
        }
    };
}

pub mod billing;
pub mod essbasic;
pub mod sts;

/// Writes `Limit`, which the service wants even where the caller leaves it open.
fn limit_or<const DEFAULT: u32, S: serde::Serializer>(
    limit: &Option<u32>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u32(limit.unwrap_or(DEFAULT))
}

/// The rule about `Limit` that all lists share.
fn check_limit(limit: Option<u32>) -> Result<(), crate::Invalid> {
    match limit {
        Some(0) => Err(crate::Invalid::new("Limit", "must be at least 1")),
        _ => Ok(()),
    }
}

/// Whether two inputs ask for the same, by what is sent: an open `Limit` is the one that is written.
fn same(one: &impl serde::Serialize, other: &impl serde::Serialize) -> bool {
    let sent = (serde_json::to_string(one), serde_json::to_string(other));
    matches!(sent, (Ok(one), Ok(other)) if one == other)
}
