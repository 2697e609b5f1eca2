//! What a module consists of: which actions and objects, and the fields of each.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use tc3_description::{Action, Description, Member, Object, Type};

use crate::{
    Error, Options, Skipped,
    names::{self, TypeNames},
    overlay::{self, Overlay},
    pages,
};

/// What a module consists of.
pub(crate) struct Model<'a> {
    pub(crate) description: &'a Description,
    pub(crate) options: &'a Options,
    pub(crate) names: TypeNames,
    /// The actions to generate.
    pub(crate) actions: BTreeMap<&'a str, &'a Action>,
    /// The actions that exist elsewhere.
    pub(crate) reused: BTreeSet<&'a str>,
    pub(crate) skipped: Vec<Skipped>,
    /// The objects that these need. Inputs of actions are not among them.
    pub(crate) objects: BTreeSet<&'a str>,
    /// What all actions of the description use objects for, so that another action asked for changes no type.
    roles: BTreeMap<&'a str, Role>,
    /// The outputs of these actions.
    outputs: BTreeSet<&'a str>,
    /// What the integers with the place and the size of a page are, where they are required and not set: by the input
    /// and the member.
    first_page: BTreeMap<(&'a str, String), u32>,
    /// The numbers of records: by the object and the member.
    totals: BTreeSet<(&'a str, &'a str)>,
}

/// What an object is used in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Input,
    Output,
    Both,
}

impl<'a> Model<'a> {
    pub(crate) fn new(description: &'a Description, options: &'a Options) -> Result<Self, Error> {
        options.overlay.check(description)?;
        let mut model = Self {
            description,
            options,
            names: TypeNames::new(description, &options.overlay)?,
            actions: BTreeMap::new(),
            reused: BTreeSet::new(),
            skipped: Vec::new(),
            objects: BTreeSet::new(),
            roles: BTreeMap::new(),
            outputs: BTreeSet::new(),
            first_page: pages::first_page(description, &options.overlay),
            totals: pages::totals(description, &options.overlay),
        };
        for name in &options.actions {
            if !description.actions.contains_key(name) {
                let what = "there is no such action";
                return Err(Error::new(format!("--action {name}"), what));
            }
        }
        for action in description.actions.values() {
            model.use_members(&action.input, Role::Input);
            model.use_object(&action.output, Role::Output);
        }
        for (name, action) in &description.actions {
            if options.actions.is_empty() || options.actions.contains(name) {
                model.add(name, action);
            }
        }
        Ok(model)
    }

    pub(crate) fn overlay(&self) -> &'a Overlay {
        &self.options.overlay
    }

    fn add(&mut self, name: &'a str, action: &'a Action) {
        let rule = self.overlay().action(name);
        if rule.is_some_and(|rule| rule.reused.is_some()) {
            self.reused.insert(name);
            return;
        }
        let unsupported = self.description.effects(name).and_then(|it| it.unsupported);
        let skip = rule.and_then(|rule| rule.skip.clone());
        if let Some(why) = skip.or_else(|| unsupported.map(str::to_owned)) {
            let action = name.to_owned();
            self.skipped.push(Skipped { action, why });
            return;
        }
        self.actions.insert(name, action);
        self.outputs.insert(&action.output);
        let mut left = self.parts(&action.input);
        left.push(&action.output);
        while let Some(object) = left.pop() {
            if self.objects.insert(object) {
                left.extend(self.parts(object));
            }
        }
    }

    fn members(&self, object: &str) -> &'a [Member] {
        let object = self.description.objects.get(object);
        object.map_or(&[], |object| &object.members)
    }

    /// The objects in an object.
    fn parts(&self, object: &str) -> Vec<&'a str> {
        let members = self.members(object).iter();
        members.filter_map(|member| member.ty.object()).collect()
    }

    fn use_members(&mut self, object: &str, role: Role) {
        for part in self.parts(object) {
            self.use_object(part, role);
        }
    }

    fn use_object(&mut self, object: &'a str, role: Role) {
        let known = self.roles.get(object).copied();
        let both = match known {
            None => role,
            Some(known) if known == role => known,
            Some(_) => Role::Both,
        };
        if known != Some(both) {
            self.roles.insert(object, both);
            self.use_members(object, role);
        }
    }

    /// What an object is used in.
    pub(crate) fn role(&self, object: &str) -> Role {
        self.roles.get(object).copied().unwrap_or(Role::Both)
    }

    /// Whether a set of the overlay is the type of a field.
    pub(crate) fn needs_set(&self, set: &str) -> bool {
        let inputs = self.actions.values().map(|action| &*action.input);
        let mut objects = self.objects.iter().copied().chain(inputs);
        objects.any(|object| {
            let rule = self.overlay().objects.get(object);
            let mut members = rule.into_iter().flat_map(|rule| rule.members.values());
            members.any(|member| member.r#type.as_deref() == Some(set))
        })
    }

    /// Whether an object is the answer of an action that is generated.
    pub(crate) fn is_output(&self, object: &str) -> bool {
        self.outputs.contains(object)
    }

    /// The fields of an action's input.
    pub(crate) fn input_fields(&self, action: &Action) -> Result<Vec<Field<'a>>, Error> {
        let Some((name, object)) = self.description.objects.get_key_value(&action.input) else {
            return Ok(Vec::new());
        };
        self.fields(name, object, Role::Input)
    }

    /// The fields of an object that isn't the input of an action.
    pub(crate) fn object_fields(&self, object: &str) -> Result<Vec<Field<'a>>, Error> {
        let Some((name, object)) = self.description.objects.get_key_value(object) else {
            return Ok(Vec::new());
        };
        self.fields(name, object, self.role(name))
    }

    fn fields(
        &self,
        owner: &'a str,
        object: &'a Object,
        role: Role,
    ) -> Result<Vec<Field<'a>>, Error> {
        let rule = |member: &str| self.overlay().member(owner, member);
        let names = names::field_names(object, |member| rule(member)?.name.as_deref());
        let members = object.members.iter().zip(names);
        let members = members.filter(|(member, _)| {
            // Core reads it.
            member.name != "RequestId" || role != Role::Output || !self.outputs.contains(owner)
        });
        let fields = members.map(|(member, name)| {
            let (is_list, each) = (matches!(member.ty, Type::List(_)), member.ty.each());
            let own = rule(&member.name).and_then(|rule| rule.r#type.as_deref());
            let first_page = self.first_page.get(&(owner, member.name.clone())).copied();
            let presence = match role {
                Role::Input if first_page.is_some() => Presence::Optional,
                Role::Input if member.required => Presence::Required,
                Role::Output if is_list => Presence::Listed,
                _ => Presence::Optional,
            };
            let value = match own {
                Some(own) => self.own_type(owner, &member.name, own)?,
                None => self.value(owner, &member.name, each)?,
            };
            let field = Field {
                owner,
                member,
                ident: names::ident(&name),
                name,
                value,
                is_list,
                is_boxed: !is_list && self.is_recursive(owner, each),
                presence,
                role,
                first_page,
                is_total: own.is_none() && self.totals.contains(&(owner, &*member.name)),
            };
            if role != Role::Output
                && field.converted().is_some()
                && (is_list || presence != Presence::Optional)
            {
                return Err(Error::new(
                    format!("objects.{owner}.members.{}.type", member.name),
                    "a list, or what is required, must have a type that is written as the description says: a text \
                     as `Yuan` or `Percent`, a number as `Number`, `Fen` or `FenSum`",
                ));
            }
            Ok(field)
        });
        fields.collect()
    }

    fn own_type(&self, owner: &str, member: &str, own: &str) -> Result<Value<'a>, Error> {
        if self.overlay().sets.contains_key(own) {
            let set = Ident::new(own, proc_macro2::Span::call_site());
            return Ok(Value::Own(quote!(#set)));
        }
        let path = format!("objects.{owner}.members.{member}.type");
        let path = overlay::type_path(&path, own)?;
        Ok(Value::Own(quote!(#path)))
    }

    fn value(&self, owner: &str, member: &str, ty: &'a Type) -> Result<Value<'a>, Error> {
        Ok(match ty {
            Type::Text(_) => Value::Text,
            Type::Integer { signed } => Value::Integer { signed: *signed },
            Type::Float => Value::Float,
            Type::Bool => Value::Bool,
            Type::Object(name) => Value::Object(name, self.names.object(name)),
            other => {
                let what = format!("no field can hold {other:?}");
                return Err(Error::new(
                    format!("objects.{owner}.members.{member}"),
                    what,
                ));
            }
        })
    }

    /// Whether an object would contain itself without a list between.
    fn is_recursive(&self, owner: &str, ty: &'a Type) -> bool {
        let Type::Object(first) = ty else {
            return false;
        };
        let (mut seen, mut left) = (BTreeSet::new(), vec![&**first]);
        while let Some(object) = left.pop() {
            if object == owner {
                return true;
            }
            if seen.insert(object) {
                left.extend(self.members(object).iter().filter_map(|it| match &it.ty {
                    Type::Object(name) => Some(&**name),
                    _ => None,
                }));
            }
        }
        false
    }
}

/// A field of a struct.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    /// The object that has it, in the description.
    pub(crate) owner: &'a str,
    pub(crate) member: &'a Member,
    /// Its name, without the `r#` of a keyword.
    pub(crate) name: String,
    pub(crate) ident: Ident,
    /// What it is, or what it is a list of.
    pub(crate) value: Value<'a>,
    pub(crate) is_list: bool,
    pub(crate) is_boxed: bool,
    pub(crate) presence: Presence,
    pub(crate) role: Role,
    /// What is written where it is `None`, of the place or the size of a page that the service requires.
    pub(crate) first_page: Option<u32>,
    /// Whether it is the number of a list's records.
    pub(crate) is_total: bool,
}

#[derive(Clone)]
pub(crate) enum Value<'a> {
    Text,
    Integer {
        signed: bool,
    },
    Float,
    Bool,
    /// An object and its struct.
    Object(&'a str, Ident),
    /// A type that the overlay names.
    Own(TokenStream),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is always there.
    Required,
    /// An `Option`.
    Optional,
    /// A `Vec` that is empty if it isn't there.
    Listed,
}

impl Value<'_> {
    /// Its Rust type.
    pub(crate) fn ty(&self) -> TokenStream {
        match self {
            Self::Text => quote!(::std::string::String),
            Self::Integer { signed: true } => quote!(i64),
            Self::Integer { signed: false } => quote!(u64),
            Self::Float => quote!(::tc3_core::types::Number),
            Self::Bool => quote!(bool),
            Self::Object(_, name) => quote!(#name),
            Self::Own(path) => path.clone(),
        }
    }
}

impl Field<'_> {
    /// The type of its value, in its own struct.
    pub(crate) fn each_ty(&self) -> TokenStream {
        match &self.value {
            Value::Object(name, _) if *name == self.owner => quote!(Self),
            value => value.ty(),
        }
    }

    /// Its type without the `Option`, in its own struct.
    pub(crate) fn inner_ty(&self) -> TokenStream {
        let each = self.each_ty();
        match (self.is_list, self.is_boxed) {
            (true, _) => quote!(::std::vec::Vec<#each>),
            (_, true) => quote!(::std::boxed::Box<#each>),
            _ => each,
        }
    }

    /// The name of the type of core's that the overlay gives it.
    pub(crate) fn core_type(&self) -> Option<String> {
        let Value::Own(path) = &self.value else {
            return None;
        };
        let path = path.to_string().replace(' ', "");
        path.strip_prefix("::tc3_core::types::").map(str::to_owned)
    }

    /// The function of `lenient` that writes a type of the overlay as the description says: as a text or as a number.
    pub(crate) fn converted(&self) -> Option<&'static str> {
        match (self.member.ty.each(), &*self.core_type()?) {
            (Type::Text(_), "Number" | "Fen" | "FenSum") => Some("as_text"),
            (Type::Integer { .. } | Type::Float, "Yuan" | "Percent") => Some("as_number"),
            _ => None,
        }
    }

    /// Whether its object must be made with it.
    pub(crate) fn is_required(&self) -> bool {
        self.member.required && self.role != Role::Output && self.first_page.is_none()
    }
}
