//! Open sets of texts, by the overlay.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{docs, names, overlay::Set};

/// A newtype over a text, as core's own are: known values are constants, unknown ones are kept.
pub(crate) fn items(name: &str, set: &Set) -> Vec<TokenStream> {
    let name = names::ident(name);
    let doc = docs::attributes(&[
        set.doc.clone(),
        "An open set: the constants are known values, and any other text is kept unchanged.".into(),
    ]);
    let constants: Vec<_> = set
        .values
        .keys()
        .map(|text| names::ident(&names::constant(text)))
        .collect();
    let texts: Vec<_> = set.values.keys().collect();
    let docs = set
        .values
        .values()
        .map(|doc| docs::attributes(std::slice::from_ref(doc)));
    let all = constants.iter().map(|constant| quote!(Self::#constant));
    let cow = quote!(::std::borrow::Cow);
    vec![
        quote! {
            #doc
            #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize)]
            #[serde(transparent)]
            pub struct #name {
                text: #cow<'static, str>,
            }
        },
        quote! {
            impl #name {
                #(
                    #docs
                    pub const #constants: Self = Self { text: #cow::Borrowed(#texts) };
                )*
                /// Every known value.
                pub const KNOWN: &'static [Self] = &[#(#all),*];

                /// The value with this text, known or not.
                pub fn new(text: impl ::core::convert::Into<#cow<'static, str>>) -> Self {
                    Self { text: text.into() }
                }

                /// The text as the service writes it.
                pub fn as_str(&self) -> &str {
                    &self.text
                }

                /// Whether this is a known value.
                pub fn is_known(&self) -> bool {
                    Self::KNOWN.contains(self)
                }
            }
        },
        quote! {
            impl ::core::fmt::Debug for #name {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::core::fmt::Debug::fmt(self.as_str(), f)
                }
            }
        },
        quote! {
            impl ::core::fmt::Display for #name {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.pad(self.as_str())
                }
            }
        },
        quote! {
            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    ::tc3_core::types::lenient::required(deserializer)
                }
            }
        },
        quote! {
            impl ::tc3_core::types::lenient::FromScalar for #name {
                const EXPECTED: &'static str = "a text";
                const WHOLE_FLOATS: bool = true;

                fn from_text(text: &str) -> ::core::result::Result<Self, ::tc3_core::Invalid> {
                    Ok(Self::new(::std::string::String::from(text)))
                }
            }
        },
    ]
}
