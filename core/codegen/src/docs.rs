//! Doc comments.

use proc_macro2::TokenStream;
use quote::quote;
use tc3_description::{Action, Format};

use crate::{
    markdown,
    model::{Field, Model, Presence, Role, Value},
};

/// What is said of the items of a module.
pub(crate) struct Docs<'a> {
    pub(crate) model: &'a Model<'a>,
}

/// Doc comments of some paragraphs.
pub(crate) fn attributes(paragraphs: &[String]) -> TokenStream {
    let text = paragraphs.join("\n\n");
    let lines = text.lines().map(|line| match line.trim_end() {
        "" => String::new(),
        line => format!(" {line}"),
    });
    quote!(#(#[doc = #lines])*)
}

impl Docs<'_> {
    /// The description's own texts, if they are asked for.
    fn described(&self, text: &str) -> Vec<String> {
        match self.model.options.docs {
            true => markdown::paragraphs(text),
            false => Vec::new(),
        }
    }

    /// What an action does, and where it is described.
    pub(crate) fn action(&self, name: &str, action: &Action) -> Vec<String> {
        let description = self.model.description;
        let (service, version) = (&description.service, &description.version);
        let rule = self.model.overlay().action(name);
        let mut doc = match rule.and_then(|rule| rule.doc.clone()) {
            Some(own) => vec![own],
            None => {
                let title = format!("The action `{name}` of {service}, version {version}.");
                let mut doc = vec![title];
                doc.extend(self.described(&action.title));
                if action.document.trim() != action.title.trim() {
                    doc.extend(self.described(&action.document));
                }
                doc
            }
        };
        if let Some(member) = rule.and_then(|rule| rule.ready.as_deref()) {
            doc.push(format!(
                "While the service has yet to compute the data, it answers `{member}` 0, which comes as an error of \
                 [`Kind::NotReady`](tc3_core::error::Kind::NotReady): try again after 10 minutes."
            ));
        }
        if !action.online {
            doc.push("The vendor lists it no longer.".into());
        }
        let host = "https://console.cloud.tencent.com/api/explorer";
        let page = format!("{host}?Product={service}&Version={version}&Action={name}");
        doc.push(format!("Source: [the vendor's API Explorer]({page})."));
        doc
    }

    /// What an object is.
    pub(crate) fn object(&self, name: &str, role: Role, is_output: bool) -> Vec<String> {
        let description = self.model.description;
        let own = self
            .model
            .overlay()
            .objects
            .get(name)
            .and_then(|rule| rule.doc.clone());
        if let Some(own) = own {
            return vec![own];
        }
        let document = description.objects.get(name).map_or("", |it| &it.document);
        let described = self.described(document);
        if !described.is_empty() && !is_output {
            return described;
        }
        let what = match role {
            _ if is_output => "an answer",
            Role::Input => "part of a request",
            Role::Output => "part of an answer",
            Role::Both => "part of requests and answers",
        };
        vec![format!("`{name}` of {}: {what}.", description.service)]
    }

    /// What a field is.
    pub(crate) fn field(&self, field: &Field<'_>) -> Vec<String> {
        let rule = self.model.overlay().member(field.owner, &field.member.name);
        let mut doc = match rule.and_then(|rule| rule.doc.clone()) {
            Some(own) => vec![own],
            None => self.described(&field.member.document),
        };
        let mut facts = Vec::new();
        if doc.is_empty() {
            facts.push(capitalized(&what(field)) + ".");
            facts.extend(absence(field).map(str::to_owned));
        }
        if let Some(unit) = rule.and_then(|rule| rule.unit.as_deref()) {
            facts.push(format!("In {unit}."));
        }
        if doc.is_empty() {
            facts.extend(example(field).map(|example| format!("For example `{example}`.")));
        }
        if let Some(number) = field.first_page {
            facts.push(format!("`None` is written as {number}; a walk sets it."));
        }
        doc.extend((!facts.is_empty()).then(|| facts.join(" ")));
        doc
    }

    /// What a `with_…` does.
    pub(crate) fn setter(&self, field: &Field<'_>) -> Vec<String> {
        vec![format!("Sets `{}`, {}.", field.member.name, what(field))]
    }
}

/// The type in words, with an article.
fn what(field: &Field<'_>) -> String {
    let (one, many) = match &field.value {
        Value::Text => match field.member.ty {
            tc3_description::Type::Text(Format::DateTime) => (
                "a date and a time such as `2024-02-29 12:30:00`",
                "dates and times",
            ),
            tc3_description::Type::Text(Format::DateTimeIso) => (
                "a date and a time such as `2024-02-29T12:30:00+08:00`",
                "dates and times",
            ),
            tc3_description::Type::Text(Format::Date) => ("a date such as `2024-02-29`", "dates"),
            _ => ("a text", "texts"),
        },
        Value::Integer { signed: true } => ("an integer", "integers"),
        Value::Integer { signed: false } => ("an integer from 0", "integers from 0"),
        Value::Float => ("a number", "numbers"),
        Value::Bool => ("true or false", "true and false"),
        Value::Object(..) => ("an object", "objects"),
        Value::Own(path) => {
            let path = path.to_string().replace(' ', "");
            let name = path.rsplit("::").next().unwrap_or(&path);
            return match field.is_list {
                true => format!("a list of `{name}`"),
                false => format!("a `{name}`"),
            };
        }
    };
    match field.is_list {
        true => format!("a list of {many}"),
        false => one.into(),
    }
}

/// Whether it may be missing.
fn absence(field: &Field<'_>) -> Option<&'static str> {
    let member = field.member;
    match (field.role, member.returned, member.nullable) {
        (Role::Input, ..) => (field.presence == Presence::Required).then_some("Required."),
        (_, Some(false), true) => Some("May be absent or null."),
        (_, Some(false), false) => Some("May be absent."),
        (_, _, true) => Some("May be null."),
        (_, Some(true), false) => None,
        (_, None, false) => Some("The description does not say if it may be absent."),
    }
}

/// A documented value, if it is short and plain.
fn example<'a>(field: &Field<'a>) -> Option<&'a str> {
    const LONGEST: usize = 40;
    let example = field.member.example.as_deref()?.trim();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:+/ ".contains(&b);
    let is_word = !example.contains(' ') || example.starts_with(|it: char| it.is_ascii_digit());
    let is_shown = !example.is_empty()
        && example.len() <= LONGEST
        && example.bytes().all(is_plain)
        && is_word
        && !field.is_list
        && !matches!(field.value, Value::Object(..))
        && !field.member.is_secret();
    is_shown.then_some(example)
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
