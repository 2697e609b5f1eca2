use serde::Serialize;
use tc3_description::{Description, Dialect};

use crate::{Error, Overlay};

/// What is in a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// The service, e.g. `cvm`.
    pub service: String,
    /// The version, e.g. `2017-03-12`.
    pub version: String,
    /// The actions that were asked for.
    pub actions: usize,
    /// Those of them that the module has, of its own or from elsewhere.
    pub typed: usize,
    /// Those of its own that can be walked.
    pub paged: usize,
    /// The structs beside the actions' inputs.
    pub objects: usize,
    /// The actions that the module doesn't have.
    pub skipped: Vec<Skipped>,
}

/// An action that was not generated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Skipped {
    /// Its name.
    pub action: String,
    /// Why it was not generated.
    pub why: String,
}

/// What is known of an action: whether it may be repeated, and how its pages follow one another.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Listed {
    /// Its name.
    pub action: String,
    /// Whether it surely only reads.
    pub repeatable: bool,
    /// What finds the next page.
    pub dialect: Dialect,
    /// The input's member with the offset or the page.
    pub offset_field: Option<String>,
    /// The input's member with the page size.
    pub limit_field: Option<String>,
    /// The input's member with the token.
    pub token_in: Option<String>,
    /// The output's member with the token of the next page.
    pub token_out: Option<String>,
    /// The output's member with the number of records.
    pub total_path: Option<String>,
    /// The output's list of records.
    pub list_path: Option<String>,
    /// The largest page size.
    pub max_limit: Option<u32>,
    /// The page size if none is named.
    pub default_limit: Option<u32>,
    /// What says so, or why it is unclear.
    pub why: String,
}

/// Returns what is known of each action of a description, with an overlay.
///
/// # Errors
///
/// [`Error`] for an overlay that doesn't fit the description.
pub fn list(description: &Description, overlay: &Overlay) -> Result<Vec<Listed>, Error> {
    overlay.check(description)?;
    let actions = description.actions.keys().filter_map(|action| {
        let (paging, _) = overlay.paging(description, action)?;
        let effects = description.effects(action)?;
        let rule = overlay.action(action).and_then(|rule| rule.repeatable);
        Some(Listed {
            action: action.clone(),
            repeatable: rule.unwrap_or(effects.repeatable),
            dialect: paging.dialect,
            offset_field: paging.offset,
            limit_field: paging.limit,
            token_in: paging.token_in,
            token_out: paging.token_out,
            total_path: paging.total,
            list_path: paging.list,
            max_limit: paging.max_limit,
            default_limit: paging.default_limit,
            why: paging.why,
        })
    });
    Ok(actions.collect())
}
