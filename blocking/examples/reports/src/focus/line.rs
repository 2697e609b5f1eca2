use serde::Deserialize;
use tc3_core::{
    Month, UnixTime, Yuan,
    types::{BeijingSecond, Number},
};
use tc3_services::billing::{BillDetail, BillDetailComponent};

/// Whose bill it is, where its lines don't say so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The account that pays.
    pub uin: Option<String>,
    /// What to call it.
    pub name: Option<String>,
}

/// What a component of the international site's bill has besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Tax {
    /// The currency of the component's amounts.
    pub currency: Option<String>,
    /// The rate of the tax: 0.09 is 9 %.
    #[serde(deserialize_with = "tc3_core::types::lenient::optional")]
    pub tax_rate: Option<Number>,
    /// The tax, in the currency's main unit.
    #[serde(deserialize_with = "tc3_core::types::lenient::optional")]
    pub tax_amount: Option<Yuan>,
}

/// A line of an account's bill.
#[derive(Clone, Debug)]
pub struct Line {
    /// Which of the accounts has it, from 0.
    pub account: usize,
    /// The month of the bill.
    pub month: Month,
    /// The line.
    pub detail: BillDetail,
    /// One for each component on the international site, otherwise empty.
    pub taxes: Vec<Tax>,
}

impl Line {
    /// A line of the site in China.
    pub const fn new(account: usize, month: Month, detail: BillDetail) -> Self {
        Self {
            account,
            month,
            detail,
            taxes: Vec::new(),
        }
    }

    /// Reads a line as either site has it.
    ///
    /// # Errors
    ///
    /// If it is no line: which one, where in it, and why.
    pub fn from_json(account: usize, month: Month, json: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Taxed {
            #[serde(default)]
            component_set: Option<Vec<Tax>>,
        }
        let taxed: Taxed = read(json)?;
        Ok(Self {
            taxes: taxed.component_set.unwrap_or_default(),
            ..Self::new(account, month, read(json)?)
        })
    }

    /// The line's `Id`, or what it has instead.
    pub(super) fn named(&self) -> &str {
        let id = text(&self.detail.id).or(text(&self.detail.bill_id));
        id.unwrap_or("without an Id")
    }

    /// An error about this line.
    pub(super) fn error(&self, field: &'static str, rule: &'static str, value: &str) -> Error {
        Error {
            line: self.named().into(),
            field,
            rule,
            value: value.into(),
        }
    }

    /// A time of the line.
    pub(super) fn time(
        &self,
        field: &'static str,
        value: &Option<String>,
    ) -> Result<Option<UnixTime>, Error> {
        let Some(time) = text(value) else {
            return Ok(None);
        };
        let second: Result<BeijingSecond, _> = time.parse();
        match second {
            Ok(second) => Ok(Some(second.to_unix())),
            Err(_) => Err(self.error(field, "must be a time yyyy-MM-dd HH:mm:ss", time)),
        }
    }

    /// The components, each with its place.
    pub(super) fn components(&self) -> impl Iterator<Item = (usize, &BillDetailComponent)> {
        self.detail.component_set.iter().enumerate()
    }
}

/// The text, unless it is empty or a dash.
pub(super) fn text(value: &Option<String>) -> Option<&str> {
    value
        .as_deref()
        .map(str::trim)
        .filter(|it| !it.is_empty() && *it != "-")
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Unreadable> {
    let mut reader = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut reader).map_err(|why| {
        let line: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
        Unreadable {
            line: line["Id"].as_str().unwrap_or("without an Id").into(),
            why,
        }
    })
}

/// A line whose fields can't be read.
#[derive(Debug, thiserror::Error)]
#[error("bill line {line}: {why}")]
pub struct Unreadable {
    line: String,
    why: serde_path_to_error::Error<serde_json::Error>,
}

/// A line that no rows can be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bill line {line}: {field} {rule}, but is `{value}`")]
#[non_exhaustive]
pub struct Error {
    /// The line's `Id`.
    pub line: String,
    /// The field that is wrong.
    pub field: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// What it holds.
    pub value: String,
}
