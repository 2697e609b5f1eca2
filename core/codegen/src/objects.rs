//! The structs.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use tc3_description::Action;

use crate::{
    Error,
    docs::{self, Docs},
    inputs,
    model::{Field, Model, Presence, Role, Value},
    months::Months,
    names,
};

/// The struct of an action's input, and what makes and reads it.
pub(crate) fn input(
    model: &Model<'_>,
    action: &str,
    described: &Action,
    docs: &Docs<'_>,
) -> Result<Vec<TokenStream>, Error> {
    let fields = model.input_fields(described)?;
    let name = names::ident(action);
    let doc = docs::attributes(&docs.action(action, described));
    let must_use = "an input does nothing until it is sent";
    let derives = derives(&fields);
    let definition = definition(&name, &fields, docs);
    let mut items = vec![quote! {
        #doc
        #derives
        #[serde(rename_all = "PascalCase", remote = "Self")]
        #[must_use = #must_use]
        #[non_exhaustive]
        #definition
    }];
    items.extend(debug(&name, &fields));
    let months = Months::new(model, action, &fields)?;
    items.push(inputs::methods(&name, &fields, docs, months.as_ref()));
    items.push(quote! {
        impl ::serde::Serialize for #name {
            fn serialize<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }
    });
    items.push(quote! {
        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                Self::deserialize(::tc3_core::types::Strict::new(deserializer))
            }
        }
    });
    Ok(items)
}

/// The struct of any other object, and what makes it if it is sent.
pub(crate) fn object(
    model: &Model<'_>,
    object: &str,
    docs: &Docs<'_>,
) -> Result<Vec<TokenStream>, Error> {
    let fields = model.object_fields(object)?;
    let (name, role) = (model.names.object(object), model.role(object));
    let doc = docs::attributes(&docs.object(object, role, model.is_output(object)));
    let derives = derives(&fields);
    let serde = match role {
        Role::Input => quote!(#[serde(rename_all = "PascalCase")]),
        Role::Output | Role::Both => quote!(#[serde(rename_all = "PascalCase", default)]),
    };
    let definition = definition(&name, &fields, docs);
    let mut items = vec![quote! {
        #doc
        #derives
        #serde
        #[non_exhaustive]
        #definition
    }];
    items.extend(debug(&name, &fields));
    if role != Role::Output {
        items.push(inputs::methods(&name, &fields, docs, None));
    }
    Ok(items)
}

fn definition(name: &Ident, fields: &[Field<'_>], docs: &Docs<'_>) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let doc = docs::attributes(&docs.field(field));
        let (attributes, ident, inner) = (attributes(field), &field.ident, field.inner_ty());
        let ty = match field.presence {
            Presence::Optional => quote!(::core::option::Option<#inner>),
            Presence::Required | Presence::Listed => inner,
        };
        quote!(#doc #attributes pub #ident: #ty)
    });
    quote!(pub struct #name { #(#fields,)* })
}

fn derives(fields: &[Field<'_>]) -> TokenStream {
    let debug = (!has_secrets(fields)).then(|| quote!(Debug,));
    let has_default = fields
        .iter()
        .all(|field| field.presence != Presence::Required);
    let default = has_default.then(|| quote!(Default,));
    quote!(#[derive(Clone, #debug #default PartialEq, Eq, ::serde::Serialize, ::serde::Deserialize)])
}

/// What serde is told of a field.
fn attributes(field: &Field<'_>) -> TokenStream {
    let rename =
        names::rename(&field.name, &field.member.name).map(|name| quote!(#[serde(rename = #name)]));
    let read = (field.role != Role::Input).then(|| {
        let function = match (field.is_list, field.presence, &field.value) {
            (true, Presence::Listed, Value::Object(..)) => "objects",
            (true, Presence::Listed, _) => "list",
            (true, _, Value::Object(..)) => "optional_objects",
            (true, ..) => "optional_list",
            (false, _, Value::Object(..)) => "optional_object",
            _ if field.is_total => "optional_total",
            (false, ..) => "optional",
        };
        let function = format!("::tc3_core::types::lenient::{function}");
        quote!(#[serde(deserialize_with = #function)])
    });
    if let Some(number) = field.first_page {
        let function = format!("::tc3_core::types::lenient::integer_or::<{number}, _, _>");
        return quote!(#rename #[serde(serialize_with = #function)]);
    }
    let skip = match field.presence {
        Presence::Required => None,
        Presence::Optional => Some("::core::option::Option::is_none"),
        Presence::Listed => Some("::std::vec::Vec::is_empty"),
    };
    let skip = skip.map(|function| quote!(#[serde(skip_serializing_if = #function)]));
    let write = field.converted().filter(|_| !field.is_list);
    let write = write.map(|function| {
        let function = format!("::tc3_core::types::lenient::{function}");
        quote!(#[serde(serialize_with = #function)])
    });
    quote!(#rename #read #skip #write)
}

fn has_secrets(fields: &[Field<'_>]) -> bool {
    fields.iter().any(|field| field.member.is_secret())
}

/// A `Debug` without the secrets.
fn debug(name: &Ident, fields: &[Field<'_>]) -> Option<TokenStream> {
    has_secrets(fields).then(|| {
        let shown = fields.iter().filter(|field| !field.member.is_secret());
        let shown = shown.map(|Field { name, ident, .. }| {
            quote! {
                let value = &self.#ident;
                shown.field(#name, value);
            }
        });
        let text = name.to_string();
        quote! {
            /// Without the secrets.
            impl ::core::fmt::Debug for #name {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    let mut shown = f.debug_struct(#text);
                    #(#shown)*
                    shown.finish_non_exhaustive()
                }
            }
        }
    })
}
