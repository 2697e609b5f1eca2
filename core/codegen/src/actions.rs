//! `impl Action`.

use proc_macro2::TokenStream;
use quote::quote;
use tc3_description::Action;

use crate::{
    Error,
    model::{Model, Presence, Value},
    names,
    pages::Pages,
    places::Place,
};

/// The implementation of `Action` for an input.
pub(crate) fn item(
    model: &Model<'_>,
    action: &str,
    described: &Action,
    pages: Option<&Pages<'_>>,
) -> Result<TokenStream, Error> {
    let (service, version) = (&model.description.service, &model.description.version);
    let name = names::ident(action);
    let output = model.names.object(&described.output);
    let effects = model.description.effects(action);
    let rule = model.overlay().action(action);

    let described_as = effects.as_ref().is_some_and(|it| it.repeatable);
    let repeatable = rule.and_then(|it| it.repeatable).unwrap_or(described_as);
    let rate = rule
        .and_then(|it| it.rate)
        .or(effects.as_ref().and_then(|it| it.rate));
    let rate = rate.map(proc_macro2::Literal::u32_unsuffixed);
    let rate = rate.map(|rate| quote!(const RATE: u32 = #rate;));
    let signed = (!described.signed).then(|| {
        quote!(
            const SIGNED: bool = false;
        )
    });
    let is_regional = rule.is_some_and(|it| it.regional);
    let regional = is_regional.then(|| {
        quote!(
            const REGIONAL: bool = true;
        )
    });
    let described_as = effects.as_ref().is_some_and(|it| it.confidential);
    let is_confidential = rule.and_then(|it| it.confidential).unwrap_or(described_as);
    let confidential = is_confidential.then(|| {
        quote!(
            const CONFIDENTIAL: bool = true;
        )
    });
    let check = check(model, described, pages)?;
    let ready = rule.and_then(|rule| rule.ready.as_deref());
    let ready = ready.map(|member| ready_method(model, action, described, member));
    let ready = ready.transpose()?;
    Ok(quote! {
        impl ::tc3_core::Action for #name {
            const SERVICE: &'static str = #service;
            const VERSION: &'static str = #version;
            const NAME: &'static str = #action;
            const REPEATABLE: bool = #repeatable;
            #rate
            #signed
            #regional
            #confidential
            type Output = #output;
            #check
            #ready
        }
    })
}

/// Tells an answer whose data is not there yet.
fn ready_method(
    model: &Model<'_>,
    action: &str,
    described: &Action,
    member: &str,
) -> Result<TokenStream, Error> {
    let fields = model.object_fields(&described.output)?;
    let found = fields.iter().find(|field| field.member.name == member);
    let Some(field) = found.filter(|it| !it.is_list && matches!(it.value, Value::Integer { .. }))
    else {
        let what = format!("the answer has no integer `{member}`");
        return Err(Error::new(format!("actions.{action}.ready"), what));
    };
    let ident = &field.ident;
    Ok(quote! {
        fn is_ready(output: &Self::Output) -> bool {
            output.#ident != Some(0)
        }
    })
}

/// Refuses what the service would certainly refuse.
fn check(
    model: &Model<'_>,
    described: &Action,
    pages: Option<&Pages<'_>>,
) -> Result<Option<TokenStream>, Error> {
    let mut checks = Vec::new();
    for field in model.input_fields(described)? {
        if field.is_list && field.presence == Presence::Required {
            let (ident, name) = (&field.ident, &field.member.name);
            checks.push(quote! {
                let list = &self.#ident;
                if list.is_empty() {
                    let rule = "must not be empty";
                    return invalid(#name, rule);
                }
            });
        }
    }
    checks.extend(pages.and_then(|pages| limit(pages.limit()?, pages.max_limit())));
    Ok((!checks.is_empty()).then(|| {
        quote! {
            fn check(&self) -> ::core::result::Result<(), ::tc3_core::Invalid> {
                #(#checks)*
                Ok(())
            }
        }
    }))
}

/// Refuses a page size of 0, and one beyond the maximum.
fn limit(place: &Place<'_>, max: Option<u32>) -> Option<TokenStream> {
    let Value::Integer { .. } = place.field.value else {
        return None;
    };
    let name = &place.path;
    let limit = place.value(&quote!(self), "limit");
    let refuse = |rule: &str| quote!(let rule = #rule; return invalid(#name, rule););
    Some(match max {
        Some(max) => {
            let refuse = refuse(&format!("must be from 1 to {max}"));
            let max = proc_macro2::Literal::u32_unsuffixed(max);
            quote! {
                #limit
                if limit.is_some_and(|limit| !(1..=#max).contains(&limit)) {
                    #refuse
                }
            }
        }
        None => {
            let refuse = refuse("must be at least 1");
            quote! {
                #limit
                if limit.is_some_and(|limit| limit < 1) {
                    #refuse
                }
            }
        }
    })
}

/// What the checks of a module need.
pub(crate) fn helper() -> TokenStream {
    quote! {
        fn invalid(
            field: &'static str,
            rule: &'static str,
        ) -> ::core::result::Result<(), ::tc3_core::Invalid> {
            Err(::tc3_core::Invalid::new(field, rule))
        }
    }
}
