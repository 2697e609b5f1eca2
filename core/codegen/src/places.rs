//! Fields of an input or an output, or of an object in it, by their paths: how they are read and set.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{
    model::{Field, Model, Presence, Value},
    names,
};

/// A field of an input or an output, or of an object in it.
pub(crate) struct Place<'a> {
    /// Its path in the API, with dots.
    pub(crate) path: String,
    parents: Vec<Field<'a>>,
    /// What makes each of the parents where it isn't there.
    made: Vec<TokenStream>,
    pub(crate) field: Field<'a>,
}

/// The object that has a field.
enum Parent {
    /// An expression for it.
    There(TokenStream),
    /// The variable `parent` is an `Option` of a reference to it.
    Perhaps,
}

impl<'a> Place<'a> {
    /// Follows a path from the fields of a struct.
    pub(crate) fn find(
        model: &Model<'a>,
        fields: &[Field<'a>],
        path: &str,
    ) -> Result<Self, String> {
        let named = |fields: &[Field<'a>], name: &str| {
            let field = fields.iter().find(|field| field.member.name == name);
            field
                .cloned()
                .ok_or_else(|| format!("there is no `{path}`"))
        };
        let (outer, last) = match path.rsplit_once('.') {
            Some((outer, last)) => (outer.split('.').collect(), last),
            None => (Vec::new(), path),
        };
        let (mut parents, mut made, mut fields) = (Vec::new(), Vec::new(), fields.to_vec());
        for name in outer {
            let parent = named(&fields, name)?;
            let Value::Object(object, _) = parent.value else {
                return Err(format!("`{name}` of `{path}` is no object"));
            };
            if parent.is_list {
                return Err(format!("`{name}` of `{path}` is a list"));
            }
            fields = model
                .object_fields(object)
                .map_err(|error| error.to_string())?;
            made.push(new(&parent, &fields).ok_or_else(|| {
                format!(
                    "`{name}` of `{path}` can't be made, since not all that it needs are numbers"
                )
            })?);
            parents.push(parent);
        }
        let field = named(&fields, last)?;
        let path = path.to_owned();
        Ok(Self {
            path,
            parents,
            made,
            field,
        })
    }

    /// The object that has the field, after the statements that lead to it.
    fn parent(&self, root: &TokenStream) -> (TokenStream, Parent) {
        let (mut steps, mut parent) = (TokenStream::new(), Parent::There(root.clone()));
        for Field {
            ident,
            presence,
            is_boxed,
            ..
        } in &self.parents
        {
            let as_ref = match is_boxed {
                true => quote!(as_deref),
                false => quote!(as_ref),
            };
            let step = match (&parent, presence) {
                (Parent::There(it), Presence::Optional) => quote!(#it.#ident.#as_ref()),
                (Parent::There(it), _) => {
                    parent = Parent::There(quote!(#it.#ident));
                    continue;
                }
                (Parent::Perhaps, Presence::Optional) => {
                    quote!(parent.and_then(|it| it.#ident.#as_ref()))
                }
                (Parent::Perhaps, _) => quote!(parent.map(|it| &it.#ident)),
            };
            steps.extend(quote!(let parent = #step;));
            parent = Parent::Perhaps;
        }
        (steps, parent)
    }

    /// Statements that bind `name` to the field's value: an `Option`, which lends texts.
    pub(crate) fn value(&self, root: &TokenStream, name: &str) -> TokenStream {
        let (name, ident) = (names::ident(name), &self.field.ident);
        let read = |it: TokenStream| match (self.field.presence, &self.field.value) {
            (Presence::Optional, Value::Text) => quote!(#it.#ident.as_deref()),
            (Presence::Optional, _) => quote!(#it.#ident),
            (_, Value::Text) => quote!(Some(&*#it.#ident)),
            _ => quote!(Some(#it.#ident)),
        };
        let (steps, parent) = self.parent(root);
        let value = match parent {
            Parent::There(it) => read(it),
            Parent::Perhaps => {
                let read = read(quote!(it));
                quote!(parent.and_then(|it| #read))
            }
        };
        quote!(#steps let #name = #value;)
    }

    /// Statements that bind `name` to the field's value as an `Option` of an unsigned type; `None` out of its range.
    pub(crate) fn number(&self, root: &TokenStream, name: &str, ty: &str) -> TokenStream {
        let value = self.value(root, name);
        let (name, ty) = (names::ident(name), names::ident(ty));
        match &self.field.value {
            Value::Text => quote!(#value let #name = #name.and_then(|it| it.parse().ok());),
            Value::Integer { signed: false } if ty == "u64" => value,
            _ => quote!(#value let #name = #name.and_then(|it| #ty::try_from(it).ok());),
        }
    }

    /// Statements that bind `name` to the field's value as an `Option<String>`; `None` if it is empty.
    pub(crate) fn text(&self, root: &TokenStream, name: &str) -> TokenStream {
        let value = self.value(root, name);
        let name = names::ident(name);
        let owned = match &self.field.value {
            Value::Text => quote! {
                let #name = #name.filter(|it| !it.is_empty());
                let #name = #name.map(str::to_owned);
            },
            _ => quote!(let #name = #name.map(|it| ::std::string::ToString::to_string(&it));),
        };
        quote!(#value #owned)
    }

    /// Statements that bind `name` to the field's value as an `Option<bool>`.
    pub(crate) fn flag(&self, root: &TokenStream, name: &str) -> TokenStream {
        let value = self.value(root, name);
        let name = names::ident(name);
        match &self.field.value {
            Value::Integer { .. } => quote!(#value let #name = #name.map(|it| it != 0);),
            Value::Text => quote!(#value let #name = #name.map(|it| it == "true");),
            _ => value,
        }
    }

    /// Statements that bind `len` to the length of the list.
    pub(crate) fn len(&self, root: &TokenStream) -> TokenStream {
        let ident = &self.field.ident;
        let is_optional = self.field.presence == Presence::Optional;
        let (steps, parent) = self.parent(root);
        let len = match (parent, is_optional) {
            (Parent::There(it), false) => quote!(let len = #it.#ident.len();),
            (Parent::There(it), true) => quote! {
                let list = #it.#ident.as_ref();
                let len = list.map_or(0, ::std::vec::Vec::len);
            },
            (Parent::Perhaps, false) => quote!(let len = parent.map_or(0, |it| it.#ident.len());),
            (Parent::Perhaps, true) => quote! {
                let list = parent.and_then(|it| it.#ident.as_ref());
                let len = list.map_or(0, ::std::vec::Vec::len);
            },
        };
        quote!(#steps #len)
    }

    /// Sets the field of `self`.
    pub(crate) fn set(&self, value: TokenStream) -> TokenStream {
        let target = self.target();
        match self.field.presence {
            Presence::Optional => quote!(#target = Some(#value);),
            Presence::Required | Presence::Listed => quote!(#target = #value;),
        }
    }

    /// The field of `self`, to be set.
    pub(crate) fn target(&self) -> TokenStream {
        let mut target = quote!(self);
        for (parent, made) in self.parents.iter().zip(&self.made) {
            let Field {
                ident, presence, ..
            } = parent;
            target = match presence {
                Presence::Optional => quote!(#target.#ident.#made),
                Presence::Required | Presence::Listed => quote!(#target.#ident),
            };
        }
        let ident = &self.field.ident;
        quote!(#target.#ident)
    }

    /// The list, taken out of what has it; empty if it isn't there.
    pub(crate) fn taken(&self, root: &TokenStream) -> TokenStream {
        let (mut steps, mut taken, mut is_optional) = (TokenStream::new(), root.clone(), false);
        for Field {
            ident, presence, ..
        } in self.parents.iter().chain([&self.field])
        {
            if is_optional {
                steps.extend(quote!(let it = #taken;));
            }
            taken = match (is_optional, presence) {
                (false, _) => quote!(#taken.#ident),
                (true, Presence::Optional) => quote!(it.and_then(|it| it.#ident)),
                (true, _) => quote!(it.map(|it| it.#ident)),
            };
            is_optional |= *presence == Presence::Optional;
        }
        match is_optional {
            true => quote!(#steps let items = #taken; items.unwrap_or_default()),
            false => taken,
        }
    }

    /// Keeps the elements of the list that `keep` is true for.
    pub(crate) fn retain(&self, root: &TokenStream) -> TokenStream {
        let mut place = root.clone();
        let mut optional = Vec::new();
        for Field {
            ident, presence, ..
        } in self.parents.iter().chain([&self.field])
        {
            place = quote!(#place.#ident);
            if *presence == Presence::Optional {
                optional.push(std::mem::replace(&mut place, quote!(it)));
            }
        }
        let keep = quote!(#place.retain(keep););
        let steps = optional.into_iter().rev();
        steps.fold(
            keep,
            |inner, place| quote!(if let Some(it) = &mut #place { #inner }),
        )
    }
}

/// Refuses what counts or marks no place in a list.
pub(crate) fn number(place: &Place<'_>) -> Result<(), String> {
    match place.field.value {
        Value::Integer { .. } | Value::Text if !place.field.is_list => Ok(()),
        _ => Err(format!("`{}` is neither an integer nor a text", place.path)),
    }
}

/// Refuses what is neither true nor false.
pub(crate) fn flag(place: &Place<'_>) -> Result<(), String> {
    match place.field.value {
        Value::Bool | Value::Integer { .. } | Value::Text if !place.field.is_list => Ok(()),
        _ => Err(format!("`{}` is no flag", place.path)),
    }
}

/// What makes an object that isn't there yet, with 0 for numbers that it needs.
fn new(parent: &Field<'_>, fields: &[Field<'_>]) -> Option<TokenStream> {
    let needed = fields
        .iter()
        .filter(|field| field.presence == Presence::Required);
    let numbers = needed.map(|field| match (&field.value, field.is_list) {
        (Value::Integer { .. }, false) => Some(quote!(0)),
        _ => None,
    });
    let numbers: Vec<_> = numbers.collect::<Option<_>>()?;
    if numbers.is_empty() {
        return Some(quote!(get_or_insert_default()));
    }
    let ty = parent.value.ty();
    Some(quote!(get_or_insert_with(|| #ty::new(#(#numbers),*))))
}
