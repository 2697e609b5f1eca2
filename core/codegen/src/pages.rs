//! `impl Paginate`.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use tc3_description::{Action, Description, Dialect, Paging, Type};

use crate::{
    Error,
    model::{Field, Model, Presence, Value},
    months::Months,
    names,
    overlay::{End, Overlay},
    places::{Place, flag, number},
    windows::Windows,
};

/// The page size of a walk that names none, where nothing is said of page sizes.
const PAGE_SIZE: u32 = 20;
/// The largest page size of a walk that names none.
const LARGE_PAGE: u32 = 100;

/// What the integers with the place and the size of a page are in the first request of a walk, for those that are
/// required: by the input and the member.
pub(crate) fn first_page<'a>(
    description: &'a Description,
    overlay: &Overlay,
) -> BTreeMap<(&'a str, String), u32> {
    let mut numbers = BTreeMap::new();
    for (name, action) in &description.actions {
        let paging = overlay.paging(description, name);
        let Some((paging, _)) = paging.filter(|(paging, _)| paging.is_known()) else {
            continue;
        };
        let first = u32::from(paging.dialect == Dialect::PageNumber);
        let size = page_size(
            &paging,
            overlay.action(name).and_then(|rule| rule.page_size),
        );
        for (member, number) in [(paging.offset, first), (paging.limit, size)] {
            let input = description.objects.get(&action.input);
            let found = member.and_then(|name| input?.member(&name));
            if let Some(member) =
                found.filter(|it| it.required && matches!(it.ty, Type::Integer { .. }))
            {
                numbers.insert((&*action.input, member.name.clone()), number);
            }
        }
    }
    numbers
}

/// The unsigned integers with the number of a list's records: by the object and the member.
pub(crate) fn totals<'a>(
    description: &'a Description,
    overlay: &Overlay,
) -> BTreeSet<(&'a str, &'a str)> {
    let total = |(name, action): (&String, &'a Action)| {
        let (paging, _) = overlay.paging(description, name)?;
        let path = paging.total?;
        let (mut owner, mut found) = (&*action.output, None);
        for name in path.split('.') {
            let member = description.objects.get(owner)?.member(name)?;
            found = Some((owner, member));
            owner = member.ty.object().unwrap_or_default();
        }
        let (owner, member) = found?;
        let is_unsigned = matches!(member.ty, Type::Integer { signed: false });
        is_unsigned.then_some((owner, &*member.name))
    };
    description.actions.iter().filter_map(total).collect()
}

/// The page size of a walk that names none.
fn page_size(paging: &Paging, own: Option<u32>) -> u32 {
    let largest = paging.max_limit.map(|max| max.min(LARGE_PAGE));
    let size = own.or(largest).or(paging.default_limit);
    size.unwrap_or(PAGE_SIZE).max(1)
}

/// How the pages of an action follow one another, in terms of its fields.
pub(crate) struct Pages<'a> {
    paging: Paging,
    end: End,
    size: u32,
    months: Option<Months<'a>>,
    identity: Vec<Field<'a>>,
    windows: Option<Windows<'a>>,
    offset: Option<Place<'a>>,
    limit: Option<Place<'a>>,
    token_in: Option<Place<'a>>,
    token_out: Option<Place<'a>>,
    last: Option<(Place<'a>, bool)>,
    total: Option<Place<'a>>,
    list: Place<'a>,
}

impl<'a> Pages<'a> {
    /// The pages of an action, if it is known how to walk them.
    pub(crate) fn new(
        model: &Model<'a>,
        action: &str,
        described: &Action,
    ) -> Result<Option<Self>, Error> {
        let paging = model.overlay().paging(model.description, action);
        let rule = model.overlay().action(action);
        let Some((paging, end)) = paging.filter(|(paging, _)| paging.is_known()) else {
            let key = match rule {
                Some(rule) if !rule.identity.is_empty() => "identity",
                Some(rule) if rule.window.is_some() => "window",
                Some(rule) if rule.page_size.is_some() => "page_size",
                _ => return Ok(None),
            };
            let what = "it is not known how to walk this action: `paging` would say it";
            return Err(Error::new(format!("actions.{action}.{key}"), what));
        };
        let input = model.input_fields(described)?;
        let output = model.object_fields(&described.output)?;
        let place = |fields: &[Field<'a>],
                     path: &Option<String>,
                     rule: fn(&Place<'a>) -> Result<(), String>| {
            let place = path.as_deref().map(|path| {
                let place = Place::find(model, fields, path)?;
                rule(&place).map(|()| place)
            });
            let error = |what| Error::new(format!("actions.{action}: paging"), what);
            place.transpose().map_err(error)
        };
        let list = place(&output, &paging.list, |place| match place.field.is_list {
            true => Ok(()),
            false => Err(format!("`{}` is no list", place.path)),
        })?;
        let Some(list) = list else {
            let what = "names no list";
            return Err(Error::new(format!("actions.{action}: paging"), what));
        };
        let last = paging.last.as_ref().map(|(path, _)| path.clone());
        let last = place(&output, &last, flag)?.zip(paging.last.as_ref().map(|(_, value)| *value));
        let identity = rule.map(|rule| identity(model, action, &rule.identity, &list));
        let windows = rule.and_then(|rule| rule.window.as_ref());
        let windows = windows
            .map(|rule| Windows::new(model, action, rule, &input, &list.field.value))
            .transpose()?;
        let months = Months::new(model, action, &input)?;
        let own_size = rule.and_then(|rule| rule.page_size);
        let error = |key: &str, what: &str| Error::new(format!("actions.{action}.{key}"), what);
        if windows.is_some() && months.is_some() {
            return Err(error("months", "there is a `window`, too"));
        }
        if own_size > paging.max_limit.or(own_size) {
            return Err(error("page_size", "is more than the largest page size"));
        }
        Ok(Some(Self {
            end,
            size: page_size(&paging, own_size),
            windows,
            months,
            identity: identity.transpose()?.unwrap_or_default(),
            offset: place(&input, &paging.offset, number)?,
            limit: place(&input, &paging.limit, number)?,
            token_in: place(&input, &paging.token_in, number)?,
            token_out: place(&output, &paging.token_out, number)?,
            last,
            total: place(&output, &paging.total, number)?,
            list,
            paging,
        }))
    }

    /// The field with the page size.
    pub(crate) const fn limit(&self) -> Option<&Place<'a>> {
        self.limit.as_ref()
    }

    /// The largest page size.
    pub(crate) const fn max_limit(&self) -> Option<u32> {
        self.paging.max_limit
    }

    /// The implementation of `Paginate` for an input.
    pub(crate) fn item(&self, action: &str) -> TokenStream {
        let name = names::ident(action);
        let item = self.list.field.value.ty();
        let paging = match self.paging.dialect {
            Dialect::PageIndex => quote!(PageIndex),
            Dialect::PageNumber => quote!(PageNumber),
            Dialect::Token => quote!(Token),
            _ => quote!(ItemOffset),
        };
        let end = (self.end == End::ShortPage).then(|| {
            quote!(
                const END: ::tc3_core::pagination::End = ::tc3_core::pagination::End::ShortPage;
            )
        });
        let size = Literal::u32_unsuffixed(self.size);
        let max = self.paging.max_limit;
        let max = max.map(Literal::u32_unsuffixed);
        let max = max.map(|max| quote!(const MAX_PAGE_SIZE: u32 = #max;));
        let (start, turn_to) = (self.start(), self.turn_to());
        let (page_info, into_items) = (self.page_info(), self.items());
        let identity = self.identity_method();
        let windows = self.windows.as_ref().map(|it| it.methods(&item));
        let months = self.months.as_ref().map(Months::window);
        let is_kept = identity.is_some() || self.windows.as_ref().is_some_and(Windows::are_shared);
        let retain = is_kept.then(|| {
            let retain = self.list.retain(&quote!(output));
            quote! {
                fn retain(output: &mut Self::Output, keep: &mut dyn ::core::ops::FnMut(&#item) -> bool) {
                    #retain
                }
            }
        });
        quote! {
            impl ::tc3_core::Paginate for #name {
                type Item = #item;
                const PAGING: ::tc3_core::pagination::Paging =
                    ::tc3_core::pagination::Paging::#paging;
                #end
                const PAGE_SIZE: u32 = #size;
                #max
                #start
                #turn_to
                #page_info
                #into_items
                #windows
                #months
                #identity
                #retain
            }
        }
    }

    fn start(&self) -> Option<TokenStream> {
        let this = quote!(self);
        let number = |place: &Option<Place<'_>>, name: &str, ty: &str| match place {
            Some(place) => (place.number(&this, name, ty), names::ident(name)),
            None => (TokenStream::new(), names::ident("None")),
        };
        if self.offset.is_none() && self.limit.is_none() {
            return None;
        }
        let (offset_is, offset) = number(&self.offset, "offset", "u64");
        let (limit_is, limit) = number(&self.limit, "limit", "u32");
        Some(quote! {
            fn start(&self) -> ::tc3_core::pagination::Start {
                #offset_is
                #limit_is
                ::tc3_core::pagination::Start::new(#offset, #limit)
            }
        })
    }

    fn turn_to(&self) -> TokenStream {
        let offset = self.offset.as_ref().map(|place| {
            place.set(match place.field.value {
                Value::Integer { signed: false } => quote!(slot.offset),
                Value::Integer { signed: true } => {
                    quote!(i64::try_from(slot.offset).unwrap_or(i64::MAX))
                }
                _ => quote!(::std::string::ToString::to_string(&slot.offset)),
            })
        });
        let limit = self.limit.as_ref().map(|place| {
            place.set(match place.field.value {
                Value::Integer { signed: false } => quote!(u64::from(slot.limit)),
                Value::Integer { signed: true } => quote!(i64::from(slot.limit)),
                _ => quote!(::std::string::ToString::to_string(&slot.limit)),
            })
        });
        let token = self.token_in.as_ref().map(|place| {
            let target = place.target();
            let token = match place.field.value {
                Value::Integer { .. } => {
                    quote!(slot.token.as_deref().and_then(|token| token.parse().ok()))
                }
                _ => quote!(slot.token.clone()),
            };
            match place.field.presence {
                Presence::Optional => quote!(#target = #token;),
                // The first page has the action's own.
                Presence::Required | Presence::Listed => quote! {
                    if let Some(token) = #token {
                        #target = token;
                    }
                },
            }
        });
        quote! {
            fn turn_to(&mut self, slot: &::tc3_core::pagination::Slot) {
                #offset
                #limit
                #token
            }
        }
    }

    fn page_info(&self) -> TokenStream {
        let output = quote!(output);
        let len = self.list.len(&output);
        let total = self
            .total
            .as_ref()
            .map(|place| place.number(&output, "total", "u64"));
        let token = self.token_out.as_ref().map(|place| {
            let token = place.text(&output, "token");
            let last = self.last.as_ref().map(|(place, value)| {
                let last = place.flag(&output, "last");
                quote!(#last let token = token.filter(|_| last != Some(#value));)
            });
            quote!(#token #last)
        });
        let info = quote!(::tc3_core::pagination::PageInfo::new(len));
        let info = match (total.is_some(), token.is_some()) {
            (false, false) => info,
            (true, false) => quote!(#info.with_total(total)),
            (false, true) => quote!(#info.with_token(token)),
            (true, true) => quote!(let info = #info; info.with_total(total).with_token(token)),
        };
        quote! {
            fn page_info(output: &Self::Output) -> ::tc3_core::pagination::PageInfo {
                #len
                #total
                #token
                #info
            }
        }
    }

    fn items(&self) -> TokenStream {
        let item = self.list.field.value.ty();
        let list = self.list.taken(&quote!(output));
        quote! {
            fn into_items(output: Self::Output) -> ::std::vec::Vec<#item> {
                #list
            }
        }
    }

    fn identity_method(&self) -> Option<TokenStream> {
        let item = self.list.field.value.ty();
        let parts: Vec<_> = self.identity.iter().map(|field| &field.ident).collect();
        let identity = match (&*self.identity, &*parts) {
            ([], _) => return None,
            (
                [
                    Field {
                        value: Value::Text, ..
                    },
                ],
                [part],
            ) => {
                quote! {
                    let identity = item.#part.as_deref();
                    identity.map(::std::borrow::Cow::Borrowed)
                }
            }
            _ => quote! {
                #(let #parts = item.#parts.as_ref()?;)*
                let identity = (#(#parts,)*);
                Some(::std::borrow::Cow::Owned(::std::format!("{identity:?}")))
            },
        };
        Some(quote! {
            fn identity(item: &#item) -> ::core::option::Option<::std::borrow::Cow<'_, str>> {
                #identity
            }
        })
    }
}

/// The members of a record that identify it.
fn identity<'a>(
    model: &Model<'a>,
    action: &str,
    members: &[String],
    list: &Place<'a>,
) -> Result<Vec<Field<'a>>, Error> {
    let path = format!("actions.{action}.identity");
    let Value::Object(record, _) = list.field.value else {
        return match members {
            [] => Ok(Vec::new()),
            _ => Err(Error::new(path, "the records are no objects")),
        };
    };
    let fields = model.object_fields(record)?;
    let members = members.iter().map(|name| {
        let field = fields.iter().find(|field| field.member.name == *name);
        match field {
            Some(Field {
                value: Value::Object(..),
                ..
            })
            | Some(Field { is_list: true, .. }) => {
                Err(Error::new(&path, format!("`{name}` is no text or number")))
            }
            Some(field) => Ok(field.clone()),
            None => Err(Error::new(&path, format!("`{record}` has no `{name}`"))),
        }
    });
    members.collect()
}
