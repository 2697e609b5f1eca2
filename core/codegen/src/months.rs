//! Ranges of months, an action for each.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{
    Error,
    model::{Field, Model, Presence},
};

/// The months of a range, in an action whose answer is of one month.
pub(crate) struct Months<'a> {
    /// The first of the members that are set to the month.
    first: Field<'a>,
    others: Vec<Field<'a>>,
    without: Vec<Field<'a>>,
}

impl<'a> Months<'a> {
    /// Finds the members that the overlay names, if it does.
    pub(crate) fn new(
        model: &Model<'a>,
        action: &str,
        input: &[Field<'a>],
    ) -> Result<Option<Self>, Error> {
        let rule = model.overlay().action(action);
        let Some(rule) = rule.and_then(|rule| rule.months.as_ref()) else {
            return Ok(None);
        };
        let error = |what: String| Error::new(format!("actions.{action}.months"), what);
        let find = |name: &String| {
            let found = input.iter().find(|field| field.member.name == *name);
            found
                .cloned()
                .ok_or_else(|| error(format!("there is no `{name}`")))
        };
        let members = rule
            .members
            .iter()
            .map(find)
            .collect::<Result<Vec<_>, _>>()?;
        let no_month = |it: &&Field<'_>| it.is_list || it.core_type().as_deref() != Some("Month");
        if let Some(field) = members.iter().find(no_month) {
            let what = format!("`{}` must be of type Month", field.member.name);
            return Err(error(what));
        }
        let mut members = members.into_iter();
        let Some(first) = members.next() else {
            return Err(error("needs `members`".into()));
        };
        let without = rule
            .without
            .iter()
            .map(find)
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(field) = without.iter().find(|it| it.presence != Presence::Optional) {
            let what = format!("`{}` is required", field.member.name);
            return Err(error(what));
        }
        Ok(Some(Self {
            first,
            others: members.collect(),
            without,
        }))
    }

    /// The method that makes an action for each month.
    pub(crate) fn method(&self) -> TokenStream {
        let name = &self.first.member.name;
        let checks = self.without.iter().map(|field| {
            let (ident, name) = (&field.ident, &field.member.name);
            quote! {
                if self.#ident.is_some() {
                    let rule = "must not be set in a range of months";
                    return Err(::tc3_core::Invalid::new(#name, rule));
                }
            }
        });
        let first = match (self.first.presence, &self.first.ident) {
            (Presence::Optional, ident) => quote! {
                let rule = "must be set to start a range of months";
                let unset = ::tc3_core::Invalid::new(#name, rule);
                let first = self.#ident.ok_or(unset)?;
            },
            (_, ident) => quote!(let first = self.#ident;),
        };
        let set = [&self.first].into_iter().chain(&self.others);
        let set = set.map(|field| match (field.presence, &field.ident) {
            (Presence::Optional, ident) => quote!(action.#ident = Some(month);),
            (_, ident) => quote!(action.#ident = month;),
        });
        let doc = [
            " Returns this action for each month from its own to `last`, both included, e.g. for"
                .to_owned(),
            " [`Walk::over`](::tc3_core::Walk::over).".into(),
            String::new(),
            " # Errors".into(),
            String::new(),
            format!(
                " [`Invalid`](::tc3_core::Invalid) when `{name}` is not set or after `last`{}.",
                self.excluded()
            ),
        ];
        quote! {
            #(#[doc = #doc])*
            pub fn through(
                self,
                last: ::tc3_core::types::Month,
            ) -> ::core::result::Result<::std::vec::Vec<Self>, ::tc3_core::Invalid> {
                #(#checks)*
                #first
                let mut actions = ::std::vec::Vec::new();
                for month in first.through(last)? {
                    let mut action = self.clone();
                    #(#set)*
                    actions.push(action);
                }
                Ok(actions)
            }
        }
    }

    /// In words, which members must not be set.
    fn excluded(&self) -> String {
        let names: Vec<_> = self
            .without
            .iter()
            .map(|it| format!("`{}`", it.member.name))
            .collect();
        match &*names {
            [] => String::new(),
            names => format!(", or {} is set", names.join(" or ")),
        }
    }

    /// The month, as a walk's errors name it.
    pub(crate) fn window(&self) -> TokenStream {
        let ident = &self.first.ident;
        let month = match self.first.presence {
            Presence::Optional => quote!(self.#ident.map(|month| month.to_string())),
            _ => quote!(Some(self.#ident.to_string())),
        };
        quote! {
            fn window(&self) -> ::core::option::Option<::std::string::String> {
                #month
            }
        }
    }
}
