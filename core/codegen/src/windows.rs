//! Ranges longer than the service takes, in windows.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::{
    Error,
    model::{Field, Model, Presence, Value},
    names,
    overlay::WindowRule,
};

/// The windows of a range of the input's.
pub(crate) struct Windows<'a> {
    start: Field<'a>,
    end: Field<'a>,
    kind: Kind<'a>,
    longest: TokenStream,
}

/// What the range is counted in.
enum Kind<'a> {
    Month,
    Day,
    /// Neighbouring windows share a second, which the record's time tells.
    Second {
        time: Field<'a>,
    },
}

impl<'a> Windows<'a> {
    /// Finds the members that a rule names, in the input and in a record.
    pub(crate) fn new(
        model: &Model<'a>,
        action: &str,
        rule: &WindowRule,
        input: &[Field<'a>],
        record: &Value<'a>,
    ) -> Result<Self, Error> {
        let error = |what: String| Error::new(format!("actions.{action}.window"), what);
        let find = |fields: &[Field<'a>], name: &str| {
            let found = fields.iter().find(|field| field.member.name == name);
            found
                .cloned()
                .ok_or_else(|| error(format!("there is no `{name}`")))
        };
        let (start, end) = (find(input, &rule.start)?, find(input, &rule.end)?);
        let own = start.core_type();
        if own != end.core_type() || start.is_list || end.is_list {
            let what = format!("`{}` and `{}` must have one type", rule.start, rule.end);
            return Err(error(what));
        }
        let kind = match own.as_deref() {
            Some("Month") => Kind::Month,
            Some("CompactDate") => Kind::Day,
            Some("BeijingSecond") => {
                let (Some(time), Value::Object(record, _)) = (&rule.time, record) else {
                    let what =
                        "windows of seconds need `time`, the member of a record with its time";
                    return Err(error(what.into()));
                };
                let time = find(&model.object_fields(record)?, time)?;
                match time.core_type().as_deref() {
                    Some("BeijingTime" | "BeijingSecond") if !time.is_list => {}
                    _ => {
                        let name = &time.member.name;
                        let what = format!("`{name}` must be a BeijingTime or a BeijingSecond");
                        return Err(error(what));
                    }
                }
                Kind::Second { time }
            }
            _ => {
                let what = format!(
                    "`{}` and `{}` must be of type Month, CompactDate or BeijingSecond",
                    rule.start, rule.end
                );
                return Err(error(what));
            }
        };
        let (count, unit) = match (rule.months, rule.days) {
            (Some(months), None) => (months, "months"),
            (None, Some(days)) => (days, "days"),
            _ => return Err(error("either `months` or `days` must be named".into())),
        };
        if count == 0 {
            return Err(error("the longest window must be at least 1".into()));
        }
        let (count, method) = (Literal::u16_unsuffixed(count), names::ident(unit));
        let longest = match &kind {
            Kind::Month if unit == "days" => {
                return Err(error("windows of months need `months`".into()));
            }
            Kind::Month => quote!(#count),
            Kind::Day | Kind::Second { .. } => {
                quote!(::tc3_core::types::jiff::Span::new().#method(#count))
            }
        };
        Ok(Self {
            start,
            end,
            kind,
            longest,
        })
    }

    /// Whether neighbouring windows may both hold a record.
    pub(crate) const fn are_shared(&self) -> bool {
        matches!(self.kind, Kind::Second { .. })
    }

    /// The methods of `Paginate` for them.
    pub(crate) fn methods(&self, item: &TokenStream) -> TokenStream {
        let (start, end) = (value(&self.start), value(&self.end));
        let longest = &self.longest;
        let (next, last) = match &self.kind {
            Kind::Month => (
                quote!(let next = start.plus(#longest).ok().filter(|next| *next <= end)?;),
                quote!(let last = next.minus(1).ok()?;),
            ),
            Kind::Day => (
                quote! {
                    let next = start.date().checked_add(#longest).ok()?;
                    let last = next.yesterday().ok()?;
                    let next = ::tc3_core::types::CompactDate::try_from(next).ok()?;
                    if next > end {
                        return None;
                    }
                },
                quote!(let last = ::tc3_core::types::CompactDate::try_from(last).ok()?;),
            ),
            Kind::Second { .. } => (
                quote! {
                    let next = start.datetime().checked_add(#longest).ok()?;
                    let next = ::tc3_core::types::BeijingSecond::try_from(next).ok()?;
                    if next >= end {
                        return None;
                    }
                },
                // Both windows have the second between them.
                quote!(let last = next;),
            ),
        };
        let (set_start, set_end) = (set(&self.start, "next"), set(&self.end, "last"));
        let is_shared = match &self.kind {
            Kind::Second { time } => Some(shared(&start, &end, time, item)),
            _ => None,
        };
        quote! {
            fn split(&mut self) -> ::core::option::Option<Self> {
                let start = #start?;
                let end = #end?;
                #next
                #last
                let mut rest = self.clone();
                rest.#set_start;
                self.#set_end;
                Some(rest)
            }

            fn window(&self) -> ::core::option::Option<::std::string::String> {
                let start = #start?;
                let end = #end?;
                Some(::std::format!("{start} to {end}"))
            }

            #is_shared
        }
    }
}

/// Whether a record may be in the next window, too.
fn shared(
    start: &TokenStream,
    end: &TokenStream,
    time: &Field<'_>,
    item: &TokenStream,
) -> TokenStream {
    let ident = &time.ident;
    let second = match time.core_type().as_deref() {
        Some("BeijingTime") => quote!(item.#ident.map(|time| time.second())),
        _ => quote!(item.#ident),
    };
    quote! {
        fn is_shared(&self, item: &#item) -> bool {
            let second = #second;
            let ends = [#start, #end];
            second.is_some() && ends.contains(&second)
        }
    }
}

/// The field as an `Option`.
fn value(field: &Field<'_>) -> TokenStream {
    let ident = &field.ident;
    match field.presence {
        Presence::Optional => quote!(self.#ident),
        Presence::Required | Presence::Listed => quote!(Some(self.#ident)),
    }
}

/// An assignment of a variable to the field.
fn set(field: &Field<'_>, variable: &str) -> TokenStream {
    let (ident, variable) = (&field.ident, names::ident(variable));
    match field.presence {
        Presence::Optional => quote!(#ident = Some(#variable)),
        Presence::Required | Presence::Listed => quote!(#ident = #variable),
    }
}
