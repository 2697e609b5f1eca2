//! Rust names for the API's names.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, Span};
use tc3_description::{Description, Object};

use crate::{Error, overlay::Overlay};

/// The names of the structs of a module. They don't depend on which actions are asked for.
#[derive(Debug)]
pub(crate) struct TypeNames {
    objects: BTreeMap<String, String>,
}

impl TypeNames {
    /// Actions have their own names, objects theirs unless it is taken.
    pub(crate) fn new(description: &Description, overlay: &Overlay) -> Result<Self, Error> {
        let mut taken: BTreeSet<String> = description.actions.keys().cloned().collect();
        for set in overlay.sets.keys() {
            if description.objects.contains_key(set) || !taken.insert(set.clone()) {
                let what = "an action or an object has this name already";
                return Err(Error::new(format!("sets.{set}"), what));
            }
        }
        for rule in overlay.actions.values() {
            let reused = [&rule.reused, &rule.reused_output];
            let names = reused.into_iter().flatten();
            taken.extend(names.filter_map(|path| path.rsplit("::").next().map(str::to_owned)));
        }
        let mut objects = BTreeMap::new();
        for (object, rule) in &overlay.objects {
            if let Some(name) = &rule.name {
                let own = |object: &str| overlay.objects.get(object)?.name.as_ref();
                let is_other =
                    description.objects.contains_key(name) && name != object && own(name).is_none();
                if is_other || !taken.insert(name.clone()) {
                    let what = format!("`{name}` is the name of something else");
                    return Err(Error::new(format!("objects.{object}.name"), what));
                }
                objects.insert(object.clone(), name.clone());
            }
        }
        for object in description.objects.keys() {
            if objects.contains_key(object) {
                continue;
            }
            let mut name = type_name(object);
            while !taken.insert(name.clone()) {
                name.push_str("Object");
            }
            objects.insert(object.clone(), name);
        }
        Ok(Self { objects })
    }

    /// The struct of an object.
    pub(crate) fn object(&self, object: &str) -> Ident {
        let name = self.objects.get(object).map_or(object, String::as_str);
        Ident::new(name, Span::call_site())
    }
}

/// Whether a text is the name of a type, by Rust's conventions.
pub(crate) fn is_type_name(name: &str) -> bool {
    name != "Self"
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The API's name if it can be one of a type, otherwise one that is made of it.
fn type_name(api: &str) -> String {
    if is_type_name(api) {
        return api.into();
    }
    let name = api.to_upper_camel_case();
    match is_type_name(&name) {
        true => name,
        false => format!("Object{name}"),
    }
}

/// The names of a struct's fields, for an object's members in their order.
pub(crate) fn field_names<'a>(
    object: &'a Object,
    own: impl Fn(&str) -> Option<&'a str>,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for member in &object.members {
        let plain = match own(&member.name) {
            Some(name) => name.into(),
            None => field_name(&member.name),
        };
        let numbered = (2..).map(|number| format!("{plain}_{number}"));
        let mut candidates = std::iter::once(plain.clone()).chain(numbered);
        names.extend(candidates.find(|name| !names.contains(name)));
    }
    names
}

/// The name of a field, without the `r#` of keywords.
pub(crate) fn field_name(api: &str) -> String {
    let name = as_words(api).to_snake_case();
    match &*name {
        "self" | "super" | "crate" | "" => format!("{name}_"),
        _ if name.starts_with(|first: char| first.is_ascii_digit()) => format!("_{name}"),
        _ => name,
    }
}

/// Writes what is one word as one: `VPCIDs` as `Vpcids`, `IPv4` as `Ipv4`.
fn as_words(api: &str) -> String {
    let api = api.replace("IPv4", "Ipv4").replace("IPv6", "Ipv6");
    let mut words = String::new();
    let mut rest = &*api;
    while !rest.is_empty() {
        let capitals = rest.bytes().take_while(u8::is_ascii_uppercase).count();
        let (run, after) = rest.split_at(capitals);
        let is_plural = capitals >= 2
            && after
                .strip_prefix('s')
                .is_some_and(|next| !next.starts_with(|first: char| first.is_ascii_lowercase()));
        match (is_plural, run.split_at_checked(1)) {
            (true, Some((first, others))) => {
                words.push_str(first);
                words.push_str(&others.to_ascii_lowercase());
            }
            _ => words.push_str(run),
        }
        let others = after.bytes().take_while(|b| !b.is_ascii_uppercase());
        let (others, next) = after.split_at(others.count());
        words.push_str(others);
        rest = next;
    }
    words
}

/// The API's name, unless serde's `PascalCase` makes it of the field's name.
pub(crate) fn rename<'a>(field: &str, api: &'a str) -> Option<&'a str> {
    (pascal_case(field) != api).then_some(api)
}

/// What serde's `PascalCase` makes of a field's name.
fn pascal_case(field: &str) -> String {
    let words = field.split('_').map(|word| match word.split_at_checked(1) {
        Some((first, others)) => first.to_ascii_uppercase() + others,
        None => String::new(),
    });
    words.collect()
}

/// A field's identifier.
pub(crate) fn ident(name: &str) -> Ident {
    // Reserved since the edition of 2024.
    if name != "gen" && syn::parse_str::<Ident>(name).is_ok() {
        return Ident::new(name, Span::call_site());
    }
    Ident::new_raw(name, Span::call_site())
}

/// The name of a constant for a text of a set.
pub(crate) fn constant(text: &str) -> String {
    let words: String = text
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '_' })
        .collect();
    let name = as_words(&words).to_snake_case().to_ascii_uppercase();
    match name.as_bytes().first() {
        None => "EMPTY".into(),
        Some(b'0'..=b'9') => format!("_{name}"),
        Some(_) => name,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tc3_description::Description;

    use super::*;

    #[test]
    fn plurals_and_versions_of_ip_are_words() {
        for (api, name) in [
            ("InstanceIds", "instance_ids"),
            ("VPCs", "vpcs"),
            ("SubnetIDs", "subnet_ids"),
            ("IDsOfVPCs", "ids_of_vpcs"),
            ("DBInstanceId", "db_instance_id"),
            ("VPCIPv6Only", "vpc_ipv6_only"),
            ("IPsec", "i_psec"),
            ("IP", "ip"),
            ("self", "self_"),
            ("5GName", "_5g_name"),
            ("camelCase", "camel_case"),
        ] {
            assert_eq!(field_name(api), name);
        }
    }

    #[test]
    fn keywords_are_raw() {
        for name in ["type", "gen", "match", "async", "try"] {
            assert_eq!(ident(name).to_string(), format!("r#{name}"));
        }
        assert_eq!(ident("kind").to_string(), "kind");
    }

    #[test]
    fn objects_give_way_to_actions_whatever_is_asked_for() {
        let description = Description::parse(
            br#"{
                "metadata": {"serviceShortName": "shop", "apiVersion": "2024-01-01"},
                "actions": {"Buy": {"input": "BuyRequest", "output": "BuyResponse"}},
                "objects": {
                    "Buy": {"members": []}, "BuyObject": {"members": []},
                    "Ws_Label": {"members": []}, "WsLabel": {"members": []}, "Self": {"members": []},
                    "BuyRequest": {"members": []}, "BuyResponse": {"members": []}
                }
            }"#,
        );
        let names = TypeNames::new(&description.unwrap(), &Overlay::default()).unwrap();
        for (object, name) in [
            ("Buy", "BuyObject"),
            ("BuyObject", "BuyObjectObject"),
            ("WsLabel", "WsLabel"),
            ("Ws_Label", "WsLabelObject"),
            ("Self", "ObjectSelf"),
        ] {
            assert_eq!(names.object(object), name);
        }
    }

    proptest! {
        #[test]
        fn every_name_comes_back(api in "[A-Za-z0-9][A-Za-z0-9_-]{0,30}") {
            let field = field_name(&api);
            let back = rename(&field, &api).map_or_else(|| pascal_case(&field), str::to_owned);
            prop_assert_eq!(back, api);
            let text = ident(&field).to_string();
            prop_assert!(syn::parse_str::<Ident>(&text).is_ok(), "{}", text);
        }

        #[test]
        fn every_object_has_the_name_of_a_type(api in "[A-Za-z0-9_-]{1,30}") {
            prop_assert!(is_type_name(&type_name(&api)));
        }
    }
}
