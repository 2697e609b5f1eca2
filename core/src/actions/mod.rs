//! The actions that are typed here, a folder a service and a file an action.

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
