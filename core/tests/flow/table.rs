//! Lists of every dialect that change while they are walked over, and a service for them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tc3_core::{
    Action, Attempt, Outcome, Paginate,
    pagination::{End, PageInfo, Paging, Slot, Start},
};

pub(crate) use super::list::{ITEM_OFFSET, PAGE_INDEX, PAGE_NUMBER, TOKEN};
use super::{answer, input};

/// By items, with a cursor beside the offset.
pub(crate) const CURSOR: usize = 4;
/// By items, without a total.
pub(crate) const UNCOUNTED: usize = 5;
/// By items, with a total that is too small: a short page is the end.
pub(crate) const SHORT: usize = 6;

const PAGINGS: [Paging; 7] = [
    Paging::ItemOffset,
    Paging::PageIndex,
    Paging::PageNumber,
    Paging::Token,
    Paging::ItemOffset,
    Paging::ItemOffset,
    Paging::ItemOffset,
];

/// Runs something for each dialect.
macro_rules! each_dialect {
    ($run:ident($($argument:expr),*)) => {{
        $run::<{ $crate::table::ITEM_OFFSET }>($($argument),*);
        $run::<{ $crate::table::PAGE_INDEX }>($($argument),*);
        $run::<{ $crate::table::PAGE_NUMBER }>($($argument),*);
        $run::<{ $crate::table::TOKEN }>($($argument),*);
        $run::<{ $crate::table::CURSOR }>($($argument),*);
        $run::<{ $crate::table::UNCOUNTED }>($($argument),*);
        $run::<{ $crate::table::SHORT }>($($argument),*);
    }};
}
pub(crate) use each_dialect;

/// A list in parts, each of which is a window. It isn't signed, which takes a test most of its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Rows<const KIND: usize> {
    offset: Option<u64>,
    limit: Option<u32>,
    token: Option<String>,
    part: usize,
    /// The part after the last one.
    until: usize,
}

impl<const KIND: usize> Rows<KIND> {
    pub(crate) const fn new(limit: u32, parts: usize) -> Self {
        Self {
            offset: None,
            limit: Some(limit),
            token: None,
            part: 0,
            until: parts,
        }
    }

    pub(crate) fn with_offset(self, offset: u64) -> Self {
        Self {
            offset: Some(offset),
            ..self
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RowsPage {
    rows: Vec<u64>,
    total: Option<u64>,
    token: Option<String>,
}

impl<const KIND: usize> Action for Rows<KIND> {
    const SERVICE: &'static str = "cvm";
    const VERSION: &'static str = "2017-03-12";
    const NAME: &'static str = "DescribeRows";
    const REPEATABLE: bool = true;
    const SIGNED: bool = false;
    type Output = RowsPage;
}

impl<const KIND: usize> Paginate for Rows<KIND> {
    type Item = u64;
    const PAGING: Paging = PAGINGS[KIND];
    const END: End = if KIND == SHORT {
        End::ShortPage
    } else {
        End::Total
    };
    const PAGE_SIZE: u32 = 5;

    fn start(&self) -> Start {
        Start::new(self.offset, self.limit)
    }

    fn turn_to(&mut self, slot: &Slot) {
        (self.offset, self.limit) = (Some(slot.offset), Some(slot.limit));
        self.token.clone_from(&slot.token);
    }

    fn page_info(output: &RowsPage) -> PageInfo {
        PageInfo::new(output.rows.len())
            .with_total(output.total)
            .with_token(output.token.clone())
    }

    fn into_items(output: RowsPage) -> Vec<u64> {
        output.rows
    }

    fn split(&mut self) -> Option<Self> {
        let rest = Self {
            part: self.part + 1,
            ..self.clone()
        };
        let more = rest.part < self.until;
        self.until = self.part + 1;
        more.then_some(Self {
            until: self.until.max(rest.until),
            ..rest
        })
    }

    fn window(&self) -> Option<String> {
        Some(format!("part {}", self.part))
    }

    // Of some dialects, so that pages are told apart by their JSON as well.
    fn identity(item: &u64) -> Option<Cow<'_, str>> {
        KIND.is_multiple_of(2).then(|| item.to_string().into())
    }

    fn retain(output: &mut RowsPage, keep: &mut dyn FnMut(&u64) -> bool) {
        output.rows.retain(keep);
    }
}

/// The rows of each part, as the service has them at the moment.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) parts: Vec<Vec<u64>>,
}

impl Table {
    /// So many rows in each part, numbered from 1,000 on, 2,000 on and so forth.
    pub(crate) fn new(parts: &[u64]) -> Self {
        let rows = |(part, many): (u64, &u64)| (part..part + many).collect();
        let parts = (1..).map(|part| part * 1_000).zip(parts);
        Self {
            parts: parts.map(rows).collect(),
        }
    }

    pub(crate) fn all(&self) -> Vec<u64> {
        self.parts.concat()
    }

    /// The part and the place of the first row that an input asks for, and how many it asks for.
    pub(crate) fn place<const KIND: usize>(input: &Value) -> (usize, usize, usize) {
        let number = |name: &str| usize::try_from(input[name].as_u64().unwrap()).unwrap();
        let (offset, limit) = (number("Offset"), number("Limit"));
        let token = input["Token"].as_str();
        let start = match KIND {
            PAGE_INDEX => offset * limit,
            PAGE_NUMBER => (offset - 1) * limit,
            TOKEN => token.map_or(0, |token| token.parse().unwrap()),
            CURSOR => {
                let expected = (offset > 0).then(|| format!("before {offset}"));
                assert_eq!(token, expected.as_deref());
                offset
            }
            _ => offset,
        };
        (number("Part"), start, limit)
    }

    pub(crate) fn page<const KIND: usize>(&self, input: &Value) -> Value {
        let (part, start, limit) = Self::place::<KIND>(input);
        let rows = &self.parts[part];
        let end = rows.len().min(start + limit);
        let total = match KIND {
            UNCOUNTED => None,
            SHORT => Some(rows.len() / 2),
            _ => Some(rows.len()),
        };
        let token = match KIND {
            TOKEN => (end < rows.len()).then(|| end.to_string()),
            CURSOR => Some(format!("before {}", start + limit)),
            _ => None,
        };
        let page = rows.get(start..end).unwrap_or_default();
        json!({"Rows": page, "Total": total, "Token": token})
    }

    pub(crate) fn serve<const KIND: usize>(&self, attempt: &Attempt) -> Outcome {
        answer(self.page::<KIND>(&input(attempt)))
    }
}
