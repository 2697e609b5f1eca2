use alloc::{format, string::String};

use serde_json::{Map, Value};
use tc3_description::{Dialect, Paging};

use super::{super::Refused, at, samples::Samples};

/// The records of a page that names no limit, if the description doesn't say.
const DEFAULT_LIMIT: u64 = 20;

/// The page that a request asks for.
pub(super) struct Page {
    /// The number of records before it.
    pub(super) skipped: u64,
    pub(super) limit: u64,
}

impl Page {
    /// Reads the page from checked parameters; the first one, whatever they say, if `is_first`.
    pub(super) fn of(
        paging: &Paging,
        input: &Map<String, Value>,
        samples: &Samples<'_>,
        is_first: bool,
    ) -> Result<Self, Refused> {
        let most = paging.max_limit.map(u64::from);
        let limit = match number(input, paging.limit.as_deref())? {
            Some(limit) => {
                if limit == 0 || most.is_some_and(|most| limit > most) {
                    return Err(wrong(paging.limit.as_deref()));
                }
                limit
            }
            None => paging
                .default_limit
                .or(paging.max_limit)
                .map_or(DEFAULT_LIMIT, u64::from),
        };
        let offset = || number(input, paging.offset.as_deref());
        let after_token = match number(input, paging.token_in.as_deref())? {
            None | Some(0) => None,
            Some(token) => Some(
                samples
                    .skipped_by(token)
                    .ok_or_else(|| wrong(paging.token_in.as_deref()))?,
            ),
        };
        let skipped = match paging.dialect {
            Dialect::ItemOffset => offset()?.unwrap_or(0),
            Dialect::PageIndex => offset()?.unwrap_or(0).saturating_mul(limit),
            Dialect::PageNumber => offset()?
                .unwrap_or(1)
                .checked_sub(1)
                .ok_or_else(|| wrong(paging.offset.as_deref()))?
                .saturating_mul(limit),
            _ => after_token.unwrap_or(0),
        };
        let skipped = if is_first { 0 } else { skipped };
        Ok(Self { skipped, limit })
    }
}

/// The number that the parameter has, as a number or as a text. `None` if it is absent or empty.
fn number(input: &Map<String, Value>, path: Option<&str>) -> Result<Option<u64>, Refused> {
    match path.and_then(|path| at(input, path)) {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|_| wrong(path)),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| wrong(path)),
    }
}

fn wrong(path: Option<&str>) -> Refused {
    let path = path.unwrap_or_default();
    let name = path.rsplit('.').next().unwrap_or_default();
    Refused::new(
        format!("InvalidParameterValue.{name}"),
        format!("the parameter `{path}` does not choose a page"),
    )
}
