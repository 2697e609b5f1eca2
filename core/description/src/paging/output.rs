use alloc::{format, string::String, vec::Vec};

use super::{
    list::{is_generic, is_noun, pick},
    text::Text,
    total::is_total,
};
use crate::{Description, Member, Object, Type};

/// A member of the output, or of an object in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    /// The member with the object that it is in; `None` at the top.
    pub(super) parent: Option<&'a str>,
    pub(super) member: &'a Member,
}

impl Found<'_> {
    fn path(&self) -> String {
        match self.parent {
            None => self.member.name.clone(),
            Some(parent) => format!("{parent}.{}", self.member.name),
        }
    }
}

/// An output's members, those of its objects included.
#[derive(Debug)]
pub(super) struct Output<'a> {
    description: &'a Description,
    found: Vec<Found<'a>>,
}

impl<'a> Output<'a> {
    pub(super) fn new(description: &'a Description, output: &'a Object) -> Self {
        let mut found = Vec::new();
        for member in &output.members {
            if member.name == "RequestId" {
                continue;
            }
            found.push(Found {
                parent: None,
                member,
            });
            let Type::Object(name) = &member.ty else {
                continue;
            };
            let inner = description.objects.get(name);
            for inner in inner.iter().flat_map(|object| &object.members) {
                found.push(Found {
                    parent: Some(&member.name),
                    member: inner,
                });
            }
        }
        Self { description, found }
    }

    pub(super) fn has_list(&self) -> bool {
        self.found
            .iter()
            .any(|found| matches!(found.member.ty, Type::List(_)))
    }

    /// The member called so, in lower case, and its path.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = (String, &'a Member)> {
        self.found
            .iter()
            .filter(move |found| found.member.name.eq_ignore_ascii_case(name))
            .map(|found| (found.path(), found.member))
    }

    /// The list of records and the number of all of them.
    ///
    /// # Errors
    ///
    /// Why it can't be known which list it is.
    pub(super) fn records(&self, noun: &str) -> Result<(String, Option<String>), &'static str> {
        let totals: Vec<_> = self.totals();
        let of_parent = |parent: Option<&str>| {
            let lists = self.found.iter().copied();
            lists
                .filter(|found| found.parent == parent)
                .filter(|found| matches!(found.member.ty, Type::List(_)))
                .filter(|found| !is_gone(&Text::new(&found.member.document)))
                .collect::<Vec<_>>()
        };
        let mut parents: Vec<Option<&str>> = Vec::new();
        for found in &self.found {
            if !parents.contains(&found.parent) && !of_parent(found.parent).is_empty() {
                parents.push(found.parent);
            }
        }
        let counted = |parent: &Option<&str>| totals.iter().any(|total| total.parent == *parent);
        let parent = match *parents {
            [] => return Err("there is no list of records"),
            [only] => only,
            _ => match *parents.iter().copied().filter(counted).collect::<Vec<_>>() {
                [only] => only,
                [] if parents.contains(&None) => None,
                _ => return Err("several objects have lists"),
            },
        };
        let lists = of_parent(parent);
        let total = single(totals.iter().filter(|total| total.parent == parent))
            .or_else(|| single(totals.iter()));
        let list = pick(&lists, noun, total.is_some())
            .ok_or("it is not known which of several lists has the records")?;
        if self.has_pages(&list) {
            return Err("the output has a list of pages");
        }
        if self.has_rows_in_a_text(&list, noun) {
            return Err("the records may be in a text");
        }
        let surely = is_noun(&list, noun) || is_generic(&list.member.name) && lists.len() == 1;
        if parents.len() > 1 && total.is_none() && !surely {
            return Err("several objects have lists");
        }
        Ok((list.path(), total.map(|total| total.path())))
    }

    /// Whether each element of a list is a page: a list, and how many there are of it.
    fn has_pages(&self, list: &Found<'_>) -> bool {
        let object = list.member.ty.object();
        let object = object.and_then(|name| self.description.objects.get(name));
        let members = object.map(|object| &*object.members).unwrap_or_default();
        members.iter().any(is_total)
            && members
                .iter()
                .any(|member| matches!(member.ty, Type::List(_)))
            && members.len() <= 4
    }

    /// Whether a text beside a list has the name that a list of records would have.
    fn has_rows_in_a_text(&self, list: &Found<'_>, noun: &str) -> bool {
        let text = |found: &Found<'_>| {
            found.parent == list.parent
                && matches!(found.member.ty, Type::Text(_))
                && (is_generic(&found.member.name) || is_noun(found, noun))
        };
        !is_generic(&list.member.name) && !is_noun(list, noun) && self.found.iter().any(text)
    }

    /// The members that are the number of all records.
    fn totals(&self) -> Vec<Found<'a>> {
        let all = self.found.iter().copied().filter(|found| {
            matches!(found.member.ty, Type::Integer { .. } | Type::Text(_))
                && is_total(found.member)
        });
        all.collect()
    }
}

/// The only one, if there is only one.
pub(super) fn single<'a, 'b>(mut found: impl Iterator<Item = &'b Found<'a>>) -> Option<Found<'a>>
where
    'a: 'b,
{
    let first = found.next()?;
    found.next().is_none().then_some(*first)
}

fn is_gone(text: &Text) -> bool {
    text.has_any(&[
        "废弃",
        "弃用",
        "不再使用",
        "请不要使用",
        "旧参数",
        "已下线",
        "deprecated",
    ])
}
