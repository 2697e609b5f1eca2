//! What no description says, from a TOML file.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};
use tc3_description::{Description, Dialect, Member, Paging, Type};

use crate::{Error, names};

/// What no description says. The README has the keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Overlay {
    pub(crate) doc: Option<String>,
    pub(crate) actions: BTreeMap<String, ActionRule>,
    pub(crate) objects: BTreeMap<String, ObjectRule>,
    pub(crate) sets: BTreeMap<String, Set>,
}

/// What is said of an action.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ActionRule {
    pub(crate) doc: Option<String>,
    #[serde(rename = "use")]
    pub(crate) reused: Option<String>,
    #[serde(rename = "output_use")]
    pub(crate) reused_output: Option<String>,
    pub(crate) skip: Option<String>,
    pub(crate) rate: Option<u32>,
    pub(crate) repeatable: Option<bool>,
    pub(crate) confidential: Option<bool>,
    pub(crate) regional: bool,
    pub(crate) identity: Vec<String>,
    pub(crate) paging: Option<PagingRule>,
    pub(crate) page_size: Option<u32>,
    pub(crate) window: Option<WindowRule>,
    pub(crate) months: Option<MonthsRule>,
    pub(crate) ready: Option<String>,
}

/// The members of the input that are set to each month of a range.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MonthsRule {
    pub(crate) members: Vec<String>,
    /// The members that must not be set, since the service would pass over the month.
    #[serde(default)]
    pub(crate) without: Vec<String>,
}

/// The longest range that the service takes, of two members of the input.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WindowRule {
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) months: Option<u16>,
    pub(crate) days: Option<u16>,
    /// The time of a record, for ranges of seconds.
    pub(crate) time: Option<String>,
}

/// How pages follow one another, whatever the description says.
#[derive(Clone, Debug)]
pub(crate) enum PagingRule {
    None,
    Known(Box<PagingTable>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PagingTable {
    dialect: KnownDialect,
    offset: Option<String>,
    limit: Option<String>,
    token_in: Option<String>,
    token_out: Option<String>,
    last: Option<(String, bool)>,
    total: Option<String>,
    list: Option<String>,
    max_limit: Option<u32>,
    default_limit: Option<u32>,
    #[serde(default)]
    end: End,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KnownDialect {
    ItemOffset,
    #[serde(rename = "page_index0")]
    PageIndex,
    #[serde(rename = "page_number1")]
    PageNumber,
    Token,
}

/// Which page of a list is the last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    #[default]
    Total,
    ShortPage,
}

/// What is said of an object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ObjectRule {
    pub(crate) doc: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) members: BTreeMap<String, MemberRule>,
}

/// What is said of a member.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MemberRule {
    pub(crate) doc: Option<String>,
    pub(crate) r#type: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) name: Option<String>,
}

/// An open set of texts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Set {
    pub(crate) doc: String,
    pub(crate) values: BTreeMap<String, String>,
}

impl Overlay {
    /// Reads an overlay.
    ///
    /// # Errors
    ///
    /// [`Error`] for what is no TOML and for unknown keys.
    pub fn parse(toml: &str) -> Result<Self, Error> {
        toml::from_str(toml).map_err(|error| Error::new("the overlay", error.to_string().trim()))
    }

    pub(crate) fn action(&self, name: &str) -> Option<&ActionRule> {
        self.actions.get(name)
    }

    pub(crate) fn member(&self, object: &str, member: &str) -> Option<&MemberRule> {
        self.objects.get(object)?.members.get(member)
    }

    /// The paging of an action, and which page is its last.
    pub(crate) fn paging(&self, description: &Description, action: &str) -> Option<(Paging, End)> {
        let mut paging = description.paging(action)?;
        let Some(rule) = self.action(action).and_then(|rule| rule.paging.as_ref()) else {
            return Some((paging, End::Total));
        };
        paging.why = "by the overlay".into();
        let PagingRule::Known(table) = rule else {
            paging.dialect = Dialect::None;
            return Some((paging, End::Total));
        };
        let table = PagingTable::clone(table);
        paging.dialect = match table.dialect {
            KnownDialect::ItemOffset => Dialect::ItemOffset,
            KnownDialect::PageIndex => Dialect::PageIndex,
            KnownDialect::PageNumber => Dialect::PageNumber,
            KnownDialect::Token => Dialect::Token,
        };
        (paging.offset, paging.limit) = (table.offset, table.limit);
        (paging.token_in, paging.token_out) = (table.token_in, table.token_out);
        (paging.last, paging.total, paging.list) = (table.last, table.total, table.list);
        (paging.max_limit, paging.default_limit) = (table.max_limit, table.default_limit);
        Some((paging, table.end))
    }

    /// Refuses what the description doesn't have, and names that can't be any.
    pub(crate) fn check(&self, description: &Description) -> Result<(), Error> {
        for (action, rule) in &self.actions {
            let path = format!("actions.{action}");
            if !description.actions.contains_key(action) {
                return Err(Error::new(path, "there is no such action"));
            }
            let paths = [("use", &rule.reused), ("output_use", &rule.reused_output)];
            for (key, value) in paths {
                if let Some(value) = value {
                    type_path(&format!("{path}.{key}"), value)?;
                }
            }
            if rule.reused.is_none() && rule.reused_output.is_some() {
                let what = "needs `use` beside it";
                return Err(Error::new(format!("{path}.output_use"), what));
            }
            if let Some(PagingRule::Known(table)) = &rule.paging {
                table.check(&format!("{path}.paging"))?;
            }
            for (key, value) in [("rate", rule.rate), ("page_size", rule.page_size)] {
                if value == Some(0) {
                    return Err(Error::new(format!("{path}.{key}"), "must be at least 1"));
                }
            }
        }
        for (object, rule) in &self.objects {
            let path = format!("objects.{object}");
            let Some(described) = description.objects.get(object) else {
                return Err(Error::new(path, "there is no such object"));
            };
            if let Some(name) = rule.name.as_deref().filter(|it| !names::is_type_name(it)) {
                let what = format!("`{name}` is no name of a type");
                return Err(Error::new(format!("{path}.name"), what));
            }
            let named = |it: &Member| match rule.members.get(&it.name) {
                Some(MemberRule {
                    name: Some(own), ..
                }) => own.clone(),
                _ => names::field_name(&it.name),
            };
            let members = &described.members;
            for (member, rule) in &rule.members {
                let path = format!("{path}.members.{member}");
                let Some(described) = described.member(member) else {
                    return Err(Error::new(path, "there is no such member"));
                };
                if let Some(name) = &rule.name
                    && let Some(other) = members
                        .iter()
                        .find(|it| it.name != *member && named(it) == *name)
                {
                    let what = format!("`{name}` is the name of `{}`", other.name);
                    return Err(Error::new(format!("{path}.name"), what));
                }
                self.check_member(&path, &described.ty, rule)?;
            }
        }
        self.sets.iter().try_for_each(|(name, set)| set.check(name))
    }

    fn check_member(&self, path: &str, ty: &Type, rule: &MemberRule) -> Result<(), Error> {
        if let Some(name) = &rule.name {
            let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
                && name
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
                && !matches!(&**name, "self" | "super" | "crate");
            if !is_name {
                let what = format!("`{name}` is no name of a field");
                return Err(Error::new(format!("{path}.name"), what));
            }
        }
        let Some(own) = &rule.r#type else {
            return Ok(());
        };
        let path = format!("{path}.type");
        if ty.object().is_some() {
            return Err(Error::new(
                path,
                "an object has the type that is made of it",
            ));
        }
        match self.sets.contains_key(own) {
            true => Ok(()),
            false => type_path(&path, own).map(drop),
        }
    }
}

impl PagingTable {
    /// Refuses a table that does not say how to ask for the next page.
    fn check(&self, path: &str) -> Result<(), Error> {
        let needed = match self.dialect {
            KnownDialect::Token => [
                ("token_in", self.token_in.is_some()),
                ("token_out", self.token_out.is_some()),
                ("list", self.list.is_some()),
            ],
            _ => [
                ("offset", self.offset.is_some()),
                ("list", self.list.is_some()),
                (
                    "token_in",
                    self.token_in.is_some() || self.token_out.is_none(),
                ),
            ],
        };
        match needed.into_iter().find(|(_, is_there)| !is_there) {
            Some((key, _)) => Err(Error::new(path, format!("needs `{key}`"))),
            None => Ok(()),
        }
    }
}

impl Set {
    fn check(&self, name: &str) -> Result<(), Error> {
        let path = format!("sets.{name}");
        if !names::is_type_name(name) {
            return Err(Error::new(path, "this is no name of a type"));
        }
        if TYPES.contains(&name) {
            let what = "a type of tc3-core has this name";
            return Err(Error::new(path, what));
        }
        let mut constants = BTreeMap::new();
        for text in self.values.keys() {
            if let Some(other) = constants.insert(names::constant(text), text) {
                let what = format!("`{text}` and `{other}` give the same constant");
                return Err(Error::new(format!("{path}.values"), what));
            }
        }
        Ok(())
    }
}

/// The types of core that an overlay names without a path.
const TYPES: [&str; 11] = [
    "BeijingSecond",
    "BeijingTime",
    "BillDate",
    "CompactDate",
    "Fen",
    "FenSum",
    "Month",
    "Number",
    "Percent",
    "UnixTime",
    "Yuan",
];

/// The path to a type of core or of the user's own.
pub(crate) fn type_path(path: &str, name: &str) -> Result<syn::Path, Error> {
    let full = match TYPES.contains(&name) {
        true => format!("::tc3_core::types::{name}"),
        false => match name.split_once("::") {
            // From the name of a crate, whatever the module calls its own.
            Some(("tc3_core", _)) => format!("::{name}"),
            Some(_) => name.into(),
            None => {
                let what = format!(
                    "`{name}` is no set of this overlay, no path with `::` and none of {}",
                    TYPES.join(", ")
                );
                return Err(Error::new(path, what));
            }
        },
    };
    syn::parse_str(&full).map_err(|_| Error::new(path, format!("`{name}` is no path to a type")))
}

impl<'de> Deserialize<'de> for PagingRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rule;

        impl<'de> Visitor<'de> for Rule {
            type Value = PagingRule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"none\" or a table")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<PagingRule, E> {
                match text {
                    "none" => Ok(PagingRule::None),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<PagingRule, M::Error> {
                let table = PagingTable::deserialize(MapAccessDeserializer::new(map));
                table
                    .map(Box::new)
                    .map(PagingRule::Known)
                    .map_err(M::Error::custom)
            }
        }

        deserializer.deserialize_any(Rule)
    }
}
