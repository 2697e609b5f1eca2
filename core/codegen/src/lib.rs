#![doc = include_str!("../README.md")]

mod actions;
mod docs;
mod format;
mod inputs;
mod markdown;
mod model;
mod months;
mod names;
mod objects;
mod overlay;
mod pages;
mod places;
mod sets;
mod summary;
mod windows;

use tc3_description::Description;
pub use tc3_description::Error;

pub use overlay::Overlay;
pub use summary::{Listed, Skipped, Summary, list};

use crate::{docs::Docs, model::Model, months::Months, pages::Pages};

/// What to generate.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The actions to generate, with what they need; all if empty.
    pub actions: Vec<String>,
    /// What the description does not say.
    pub overlay: Overlay,
    /// Whether the description's own texts become docs.
    pub docs: bool,
}

/// A module, and what is in it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Generated {
    /// The source of the module.
    pub code: String,
    /// What is in it.
    pub summary: Summary,
}

/// Returns a module of the actions of a service.
///
/// # Errors
///
/// [`Error`] for an action that isn't there, and an overlay that doesn't fit the description.
pub fn generate(description: &Description, options: &Options) -> Result<Generated, Error> {
    let model = Model::new(description, options)?;
    let docs = Docs { model: &model };
    let mut module = format::Module::new(description, &options.overlay);
    let mut paged = 0;
    for name in &model.reused {
        if let Some(rule) = options.overlay.action(name) {
            for path in [&rule.reused, &rule.reused_output].into_iter().flatten() {
                module.reuse(path)?;
            }
        }
    }
    // What is said of actions that are not asked for must fit as well.
    for name in options.overlay.actions.keys() {
        let is_here = model.actions.contains_key(&**name) || model.reused.contains(&**name);
        if let Some(action) = description.actions.get(name).filter(|_| !is_here) {
            let pages = Pages::new(&model, name, action)?;
            actions::item(&model, name, action, pages.as_ref())?;
            Months::new(&model, name, &model.input_fields(action)?)?;
        }
    }
    for (name, action) in &model.actions {
        let pages = Pages::new(&model, name, action)?;
        for item in objects::input(&model, name, action, &docs)? {
            module.push(item)?;
        }
        module.push(actions::item(&model, name, action, pages.as_ref())?)?;
        if let Some(pages) = pages {
            module.push(pages.item(name))?;
            paged += 1;
        }
    }
    for name in &model.objects {
        for item in objects::object(&model, name, &docs)? {
            module.push(item)?;
        }
    }
    let sets = options.overlay.sets.iter();
    for (name, set) in sets.filter(|(name, _)| model.needs_set(name)) {
        for item in sets::items(name, set) {
            module.push(item)?;
        }
    }
    for (call, helper) in [
        ("collected(", inputs::helper()),
        ("invalid(", actions::helper()),
    ] {
        if module.has(call) {
            module.push(helper)?;
        }
    }
    let actions = match options.actions.len() {
        0 => description.actions.len(),
        _ => model.actions.len() + model.reused.len() + model.skipped.len(),
    };
    Ok(Generated {
        code: module.finish(),
        summary: Summary {
            service: description.service.clone(),
            version: description.version.clone(),
            actions,
            typed: model.actions.len() + model.reused.len(),
            paged,
            objects: model.objects.len(),
            skipped: model.skipped,
        },
    })
}
