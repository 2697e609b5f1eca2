//! DescribeBillDetail with its lines as they come, whatever fields a site adds: tax and currency on the
//! international one.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tc3_blocking::{
    Action, Invalid, Month, Paginate,
    pagination::{End, PageInfo, Paging, Slot, Start},
};
use tc3_services::billing::{DescribeBillDetail, PayMode};

/// The lines of a month.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct DescribeLines(DescribeBillDetail);

/// A page of lines.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page {
    #[serde(default)]
    detail_set: Option<Vec<Value>>,
    #[serde(default)]
    context: Option<String>,
}

impl DescribeLines {
    /// All lines, so many a page.
    pub(crate) fn new(month: Month, limit: u32) -> Self {
        let action = DescribeBillDetail::new().with_limit(limit.into());
        Self(action.with_month(month))
    }

    pub(crate) fn of_pay_mode(self, pay_mode: PayMode) -> Self {
        Self(self.0.with_pay_mode(pay_mode))
    }

    /// By the type's name: the service takes no code here.
    pub(crate) fn of_action_type(self, name: &str) -> Self {
        Self(self.0.with_action_type(name))
    }
}

impl Action for DescribeLines {
    const SERVICE: &'static str = DescribeBillDetail::SERVICE;
    const VERSION: &'static str = DescribeBillDetail::VERSION;
    const NAME: &'static str = DescribeBillDetail::NAME;
    const REPEATABLE: bool = DescribeBillDetail::REPEATABLE;
    const RATE: u32 = DescribeBillDetail::RATE;
    type Output = Page;

    fn check(&self) -> Result<(), Invalid> {
        self.0.check()
    }
}

impl Paginate for DescribeLines {
    type Item = Value;
    const PAGING: Paging = DescribeBillDetail::PAGING;
    const END: End = DescribeBillDetail::END;
    const PAGE_SIZE: u32 = DescribeBillDetail::PAGE_SIZE;
    const MAX_PAGE_SIZE: u32 = DescribeBillDetail::MAX_PAGE_SIZE;

    fn start(&self) -> Start {
        self.0.start()
    }

    fn turn_to(&mut self, slot: &Slot) {
        self.0.turn_to(slot);
    }

    fn page_info(page: &Page) -> PageInfo {
        let context = page.context.clone();
        PageInfo::new(page.detail_set.as_ref().map_or(0, Vec::len))
            .with_token(context.filter(|context| !context.is_empty()))
    }

    fn into_items(page: Page) -> Vec<Value> {
        page.detail_set.unwrap_or_default()
    }

    fn identity(line: &Value) -> Option<Cow<'_, str>> {
        line["Id"].as_str().map(Cow::Borrowed)
    }

    fn retain(page: &mut Page, keep: &mut dyn FnMut(&Value) -> bool) {
        if let Some(lines) = &mut page.detail_set {
            lines.retain(keep);
        }
    }
}
