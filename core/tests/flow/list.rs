//! An action of the test's own, and a service for it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tc3_core::{
    Action, Attempt, Outcome, Paginate,
    pagination::{PageInfo, Paging, Slot, Start},
};

use super::{answer, input};

pub(crate) const ITEM_OFFSET: usize = 0;
pub(crate) const PAGE_INDEX: usize = 1;
pub(crate) const PAGE_NUMBER: usize = 2;
pub(crate) const TOKEN: usize = 3;

const PAGINGS: [Paging; 4] = [
    Paging::ItemOffset,
    Paging::PageIndex,
    Paging::PageNumber,
    Paging::Token,
];

/// The numbers from 0 on, in pages of each kind.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct List<const KIND: usize> {
    pub(crate) offset: Option<u64>,
    pub(crate) limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl<const KIND: usize> List<KIND> {
    pub(crate) fn new(offset: impl Into<Option<u64>>, limit: impl Into<Option<u32>>) -> Self {
        Self {
            offset: offset.into(),
            limit: limit.into(),
            token: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Numbers {
    numbers: Vec<u64>,
    total: Option<u64>,
    token: Option<String>,
}

impl<const KIND: usize> Action for List<KIND> {
    const SERVICE: &'static str = "cvm";
    const VERSION: &'static str = "2017-03-12";
    const NAME: &'static str = "DescribeNumbers";
    type Output = Numbers;
}

impl<const KIND: usize> Paginate for List<KIND> {
    type Item = u64;
    const PAGING: Paging = PAGINGS[KIND];
    const PAGE_SIZE: u32 = 5;
    const MAX_PAGE_SIZE: u32 = 8;

    fn start(&self) -> Start {
        Start::new(self.offset, self.limit)
    }

    fn turn_to(&mut self, slot: &Slot) {
        (self.offset, self.limit) = (Some(slot.offset), Some(slot.limit));
        self.token.clone_from(&slot.token);
    }

    fn page_info(output: &Numbers) -> PageInfo {
        PageInfo::new(output.numbers.len())
            .with_total(output.total)
            .with_token(output.token.clone())
    }

    fn into_items(output: Numbers) -> Vec<u64> {
        output.numbers
    }
}

/// Serves the numbers below `count` by what an input's offset or token means in `KIND`, and counts `total` of them.
pub(crate) fn serve<const KIND: usize>(attempt: &Attempt, count: u64, total: Value) -> Outcome {
    let input = input(attempt);
    let limit = input["Limit"].as_u64().unwrap();
    let offset = input["Offset"].as_u64().unwrap();
    let start = match KIND {
        ITEM_OFFSET => offset,
        PAGE_INDEX => offset * limit,
        PAGE_NUMBER => (offset - 1) * limit,
        _ => input["Token"]
            .as_str()
            .map_or(0, |token| token.parse().unwrap()),
    };
    let end = count.min(start + limit);
    let numbers: Vec<u64> = (start..end).collect();
    let token = (KIND == TOKEN && end < count).then(|| end.to_string());
    answer(json!({"Numbers": numbers, "Total": total, "Token": token}))
}
