//! What makes the structs that are sent.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::{
    docs::{self, Docs},
    model::{Field, Presence, Value},
    months::Months,
};

/// `new` with what is required, and a `with_…` for each of the others.
pub(crate) fn methods(
    name: &Ident,
    fields: &[Field<'_>],
    docs: &Docs<'_>,
    months: Option<&Months<'_>>,
) -> TokenStream {
    let new = new(fields);
    let setters = fields.iter().filter(|field| !field.is_required());
    let setters = setters.map(|field| {
        let method = format_ident!("with_{}", field.name.trim_matches('_'));
        let (ident, parameter) = (&field.ident, parameter(field));
        let (doc, value) = (docs::attributes(&docs.setter(field)), value(field));
        quote! {
            #doc
            pub fn #method(mut self, #parameter) -> Self {
                self.#ident = #value;
                self
            }
        }
    });
    let setters = setters.collect::<Vec<_>>();
    let through = months.map(Months::method);
    quote! {
        impl #name {
            #new
            #through
            #(#setters)*
        }
    }
}

fn new(fields: &[Field<'_>]) -> TokenStream {
    // More than clippy's default.
    const MANY: usize = 7;
    let required: Vec<_> = fields.iter().filter(|field| field.is_required()).collect();
    let (doc, body) = match (required.is_empty(), fields.is_empty()) {
        (true, true) => (" It has no fields.", quote!(Self {})),
        (true, false) => (" Nothing is required.", quote!(Self::default())),
        (false, _) => {
            let values = fields.iter().map(|field| {
                let ident = &field.ident;
                let value = match field.is_required() {
                    true => value(field),
                    false => quote!(None),
                };
                match *ident == value.to_string() {
                    true => quote!(#ident),
                    false => quote!(#ident: #value),
                }
            });
            (" With what is required.", quote!(Self { #(#values,)* }))
        }
    };
    let many = (required.len() > MANY)
        .then(|| quote!(#[allow(clippy::too_many_arguments, reason = "all are required")]));
    let parameters = required.iter().map(|field| parameter(field));
    quote! {
        #[doc = #doc]
        #many
        pub fn new(#(#parameters),*) -> Self {
            #body
        }
    }
}

fn parameter(field: &Field<'_>) -> TokenStream {
    let (ident, ty) = (&field.ident, field.each_ty());
    let is_made = field.value.is_made();
    match (field.is_list, is_made) {
        (true, true) => {
            quote!(#ident: impl ::core::iter::IntoIterator<Item = impl ::core::convert::Into<#ty>>)
        }
        (true, false) => quote!(#ident: impl ::core::iter::IntoIterator<Item = #ty>),
        (false, true) => quote!(#ident: impl ::core::convert::Into<#ty>),
        (false, false) => quote!(#ident: #ty),
    }
}

/// What a field is set to, from its parameter.
fn value(field: &Field<'_>) -> TokenStream {
    let ident = &field.ident;
    let value = match (field.is_list, field.value.is_made()) {
        (true, _) => quote!(collected(#ident)),
        (false, true) => quote!(#ident.into()),
        (false, false) if field.is_boxed => quote!(::std::boxed::Box::new(#ident)),
        (false, false) => quote!(#ident),
    };
    match field.presence {
        Presence::Optional => quote!(Some(#value)),
        Presence::Required | Presence::Listed => value,
    }
}

/// What the constructors of a module need.
pub(crate) fn helper() -> TokenStream {
    quote! {
        fn collected<T>(
            values: impl ::core::iter::IntoIterator<Item = impl ::core::convert::Into<T>>,
        ) -> ::std::vec::Vec<T> {
            let values = values.into_iter();
            values.map(::core::convert::Into::into).collect()
        }
    }
}

impl Value<'_> {
    /// Whether it is made of what can be turned into it.
    const fn is_made(&self) -> bool {
        matches!(self, Self::Text | Self::Float)
    }
}
