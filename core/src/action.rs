//! What an action of the API is, ours or yours.

use alloc::{borrow::Cow, string::String, vec::Vec};

use serde::{Serialize, de::DeserializeOwned};

use crate::Invalid;

/// An action's input, and all there is to know of the action.
///
/// Open: the actions of this crate have no privilege over yours, which is a struct and one `impl`.
///
/// ```
/// use tc3_core::{Action, lenient};
///
/// /// The balance of the account, in fen.
/// #[derive(serde::Serialize)]
/// struct DescribeAccountBalance {}
///
/// #[derive(Debug, serde::Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct AccountBalance {
///     #[serde(deserialize_with = "lenient::required")]
///     uin: i64,
///     balance: tc3_core::Fen,
/// }
///
/// impl Action for DescribeAccountBalance {
///     const SERVICE: &'static str = "billing";
///     const VERSION: &'static str = "2018-07-09";
///     const NAME: &'static str = "DescribeAccountBalance";
///     const REPEATABLE: bool = true; // it only reads
///     type Output = AccountBalance;
/// }
///
/// let answer = http::Response::new(
///     br#"{"Response": {"Uin": 100000000001, "Balance": 4200, "RequestId": "5e1f"}}"#.as_slice().into(),
/// );
/// let reply = tc3_core::response::read::<DescribeAccountBalance>(&answer)?;
/// assert_eq!(reply.output.balance, tc3_core::Fen::new(4200));
/// assert_eq!(reply.request_id, "5e1f");
/// # Ok::<(), tc3_core::Error>(())
/// ```
pub trait Action: Serialize {
    /// The service, which is also the first label of its host, e.g. `billing`.
    const SERVICE: &'static str;
    /// The API version, e.g. `2018-07-09`.
    const VERSION: &'static str;
    /// The action's name, e.g. `DescribeBillList`.
    const NAME: &'static str;
    /// Whether a request may be sent again when nobody knows whether it took effect. True for what only reads.
    const REPEATABLE: bool = false;
    /// How many calls a second the service allows.
    const RATE: u32 = 20;
    /// Whether requests are signed. The few that aren't (e.g. STS `AssumeRoleWithWebIdentity`) say so with `SKIP`.
    const SIGNED: bool = true;

    /// What the service answers with, less the `RequestId`.
    type Output: DeserializeOwned;

    /// Where the request goes: what the constants say. Only an action whose name is known at run time
    /// has anything else to say.
    fn target(&self) -> Target {
        Target {
            service: Self::SERVICE.into(),
            version: Self::VERSION.into(),
            action: Self::NAME.into(),
            repeatable: Self::REPEATABLE,
            rate: Self::RATE,
            signed: Self::SIGNED,
        }
    }

    /// Refuses an input that can never be right. Called before anything is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`] with the field, by the API's name, and the rule that it breaks.
    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }
}

/// Where a request goes and what the service allows there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// The service, e.g. `billing`.
    pub service: Cow<'static, str>,
    /// The API version, e.g. `2018-07-09`.
    pub version: Cow<'static, str>,
    /// The action's name, e.g. `DescribeBillList`.
    pub action: Cow<'static, str>,
    /// Whether a request may be sent again when nobody knows whether it took effect.
    pub repeatable: bool,
    /// How many calls a second the service allows.
    pub rate: u32,
    /// Whether requests are signed.
    pub signed: bool,
}

impl Target {
    /// Refuses names that could not be names: they become a host, headers and a part of what is signed.
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming `service`, `version` or `action`.
    pub fn check(&self) -> Result<(), Invalid> {
        let label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !named(&self.service, 63, label) || self.service.ends_with('-') {
            return Err(Invalid::new(
                "service",
                "must be a lower-case host label, e.g. billing",
            ));
        }
        let dated = self.version.len() == "2018-07-09".len()
            && self.version.bytes().enumerate().all(|(at, b)| {
                if matches!(at, 4 | 7) {
                    b == b'-'
                } else {
                    b.is_ascii_digit()
                }
            });
        if !dated {
            return Err(Invalid::new(
                "version",
                "must be a date written yyyy-MM-dd, e.g. 2018-07-09",
            ));
        }
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if !named(&self.action, 128, word) {
            return Err(Invalid::new(
                "action",
                "must be an identifier: a letter, then letters, digits and underscores",
            ));
        }
        Ok(())
    }
}

fn named(text: &str, most: usize, allowed: impl Fn(u8) -> bool) -> bool {
    text.len() <= most
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(allowed)
}

/// How the pages of an action follow one another.
///
/// ```
/// use tc3_core::{Action, PageInfo, Paginate, Paging, Slot, lenient};
///
/// #[derive(serde::Serialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct DescribeVoucherInfo {
///     offset: u64, // the number of the page, from 1
///     limit: u32,
/// }
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Vouchers {
///     #[serde(deserialize_with = "lenient::required")]
///     total_count: u64,
///     voucher_infos: Vec<serde_json::Value>,
/// }
///
/// impl Action for DescribeVoucherInfo {
///     const SERVICE: &'static str = "billing";
///     const VERSION: &'static str = "2018-07-09";
///     const NAME: &'static str = "DescribeVoucherInfo";
///     const REPEATABLE: bool = true;
///     type Output = Vouchers;
/// }
///
/// impl Paginate for DescribeVoucherInfo {
///     type Item = serde_json::Value;
///     const PAGING: Paging = Paging::PageNumber;
///     const PAGE_SIZE: u32 = 100;
///
///     fn turn_to(&mut self, slot: &Slot) {
///         (self.offset, self.limit) = (slot.offset, slot.limit);
///     }
///
///     fn page_info(output: &Vouchers) -> PageInfo {
///         PageInfo::new(output.voucher_infos.len()).with_total(output.total_count)
///     }
///
///     fn into_items(output: Vouchers) -> Vec<serde_json::Value> {
///         output.voucher_infos
///     }
/// }
/// ```
pub trait Paginate: Action {
    /// A record of the list.
    type Item;

    /// What `Offset`, or whatever this action calls it, counts.
    const PAGING: Paging;
    /// How many records to ask for at once when neither the action nor the settings say.
    const PAGE_SIZE: u32;
    /// The most that the service serves at once, as documented.
    const MAX_PAGE_SIZE: u32 = u32::MAX;

    /// Where the action, as it is, says the walk begins, and its own page size if it has one.
    fn start(&self) -> Start {
        Start::default()
    }

    /// Makes the action ask for the page at `slot`.
    fn turn_to(&mut self, slot: &Slot);

    /// What a page says of itself and of the whole.
    fn page_info(output: &Self::Output) -> PageInfo;

    /// The records of a page.
    fn into_items(output: Self::Output) -> Vec<Self::Item>;
}

/// What a page's offset counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Paging {
    /// Records, from 0: the next page is at the offset plus the page size. A page that is shorter, before
    /// the last one, leaves a gap, and the walk says so at its end.
    ItemOffset,
    /// Pages, from 0: the next page is at the offset plus 1.
    PageIndex,
    /// Pages, from 1: the next page is at the offset plus 1.
    PageNumber,
    /// Nothing: each page names the next one by a token, and the last one names none.
    Token,
}

/// Which page to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slot {
    /// The offset, in the unit of the action's [`Paging`].
    pub offset: u64,
    /// How many records to ask for, at least 1.
    pub limit: u32,
    /// The token or cursor that the page before came with.
    pub token: Option<String>,
}

/// Where a walk begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Start {
    /// The offset that the action names, in the unit of its [`Paging`]; `None` is the first page.
    pub offset: Option<u64>,
    /// The page size that the action names.
    pub limit: Option<u32>,
}

impl Start {
    /// Where the action's own offset and page size say, as far as it has them.
    pub fn new(offset: impl Into<Option<u64>>, limit: impl Into<Option<u32>>) -> Self {
        Self {
            offset: offset.into(),
            limit: limit.into(),
        }
    }
}

/// What a page says of itself and of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageInfo {
    /// How many records it holds.
    pub len: usize,
    /// How many records there are in all, if the service says.
    pub total: Option<u64>,
    /// The token or cursor of the next page, if there is one.
    pub token: Option<String>,
}

impl PageInfo {
    /// A page of `len` records.
    pub const fn new(len: usize) -> Self {
        Self {
            len,
            total: None,
            token: None,
        }
    }

    /// The service says how many records there are in all, or leaves it open with `None`.
    #[must_use = "the page info is returned, not changed"]
    pub fn with_total(self, total: impl Into<Option<u64>>) -> Self {
        Self {
            total: total.into(),
            ..self
        }
    }

    /// The page names the next one, or is the last one with `None`.
    #[must_use = "the page info is returned, not changed"]
    pub fn with_token(self, token: Option<String>) -> Self {
        Self { token, ..self }
    }
}
