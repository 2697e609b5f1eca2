//! Fields of an input or an output, or of an object in it, by their paths: how they are read and set.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{Field, Model, Presence, Value};

/// A field of an input or an output, or of an object in it.
pub(crate) struct Place<'a> {
    /// Its path in the API, with dots.
    pub(crate) path: String,
    parents: Vec<Field<'a>>,
    pub(crate) field: Field<'a>,
}

/// An expression for the object that has a field.
pub(crate) enum Parent {
    /// The object itself.
    There(TokenStream),
    /// An `Option` of a reference to it.
    Perhaps(TokenStream),
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
        let (mut parents, mut fields) = (Vec::new(), fields.to_vec());
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
            parents.push(parent);
        }
        let field = named(&fields, last)?;
        let path = path.to_owned();
        Ok(Self {
            path,
            parents,
            field,
        })
    }

    /// The object that has the field.
    pub(crate) fn parent(&self, root: &TokenStream) -> Parent {
        let mut parent = Parent::There(root.clone());
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
            parent = match (parent, presence) {
                (Parent::There(it), Presence::Optional) => {
                    Parent::Perhaps(quote!(#it.#ident.#as_ref()))
                }
                (Parent::There(it), _) => Parent::There(quote!(#it.#ident)),
                (Parent::Perhaps(it), Presence::Optional) => {
                    Parent::Perhaps(quote!(#it.and_then(|it| it.#ident.#as_ref())))
                }
                (Parent::Perhaps(it), _) => Parent::Perhaps(quote!(#it.map(|it| &it.#ident))),
            };
        }
        parent
    }

    /// What `read` makes of the field: an `Option`.
    fn read(&self, root: &TokenStream, read: impl Fn(TokenStream) -> TokenStream) -> TokenStream {
        let ident = &self.field.ident;
        match self.parent(root) {
            Parent::There(parent) => read(quote!(#parent.#ident)),
            Parent::Perhaps(parent) => {
                let read = read(quote!(it.#ident));
                quote!(#parent.and_then(|it| #read))
            }
        }
    }

    /// The field's value as an `Option`.
    pub(crate) fn value(&self, root: &TokenStream) -> TokenStream {
        self.read(root, |field| {
            match (self.field.presence, &self.field.value) {
                (Presence::Optional, Value::Text) => quote!(#field.clone()),
                (Presence::Optional, _) => field,
                (_, Value::Text) => quote!(Some(#field.clone())),
                _ => quote!(Some(#field)),
            }
        })
    }

    /// The field's value as an `Option` of an unsigned type; `None` if it isn't in range.
    pub(crate) fn number(&self, root: &TokenStream, ty: &TokenStream) -> TokenStream {
        self.read(root, |field| {
            match (self.field.presence, &self.field.value) {
                (Presence::Optional, Value::Text) => {
                    quote!(#field.as_deref().and_then(|value| value.parse().ok()))
                }
                (_, Value::Text) => quote!(#field.parse().ok()),
                (Presence::Optional, Value::Integer { signed: false })
                    if ty.to_string() == "u64" =>
                {
                    field
                }
                (_, Value::Integer { signed: false }) if ty.to_string() == "u64" => {
                    quote!(Some(#field))
                }
                (Presence::Optional, _) => {
                    quote!(#field.and_then(|value| #ty::try_from(value).ok()))
                }
                _ => quote!(#ty::try_from(#field).ok()),
            }
        })
    }

    /// The field's value as an `Option<bool>`.
    pub(crate) fn flag(&self, root: &TokenStream) -> TokenStream {
        let value = self.value(root);
        match &self.field.value {
            Value::Integer { .. } => quote!(#value.map(|value| value != 0)),
            Value::Text => quote!(#value.map(|value| value == "true")),
            _ => value,
        }
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
        for Field {
            ident, presence, ..
        } in &self.parents
        {
            target = match presence {
                Presence::Optional => quote!(#target.#ident.get_or_insert_default()),
                Presence::Required | Presence::Listed => quote!(#target.#ident),
            };
        }
        let ident = &self.field.ident;
        quote!(#target.#ident)
    }

    /// The list, taken out of what has it; empty if it isn't there.
    pub(crate) fn taken(&self, root: &TokenStream) -> TokenStream {
        let mut steps = self.parents.iter().chain([&self.field]).peekable();
        let (mut taken, mut is_optional) = (root.clone(), false);
        while let Some(Field {
            ident, presence, ..
        }) = steps.next()
        {
            taken = match (is_optional, presence) {
                (false, _) => quote!(#taken.#ident),
                (true, Presence::Optional) => quote!(#taken.and_then(|it| it.#ident)),
                (true, _) => quote!(#taken.map(|it| it.#ident)),
            };
            is_optional |= *presence == Presence::Optional;
        }
        match is_optional {
            true => quote!(#taken.unwrap_or_default()),
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
