use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::{Map, Value};
use tc3_description::{Description, Format, Member, Type};

use super::super::ledger::Random;
use super::scalars;

/// Objects within objects beyond this depth are left out.
const MAX_DEPTH: usize = 12;
/// What may be absent or null is so once in so many times.
const RARITY: u64 = 8;
/// How many bits of a token are drawn, so that no other number is one.
const CHECK_BITS: u32 = 16;

/// Values that fit a description: the same for the same seed and name.
pub(super) struct Samples<'a> {
    description: &'a Description,
    name: String,
    seed: u64,
}

impl<'a> Samples<'a> {
    pub(super) const fn new(description: &'a Description, name: String, seed: u64) -> Self {
        Self {
            description,
            name,
            seed,
        }
    }

    fn draws(&self, purpose: &str, index: u64) -> Random {
        Random::new(self.seed, &format!("{} {purpose}", self.name), index)
    }

    fn members(&self, object: &str) -> &'a [Member] {
        let object = self.description.objects.get(object);
        object.map_or(&[], |object| &object.members)
    }

    /// The member at a path from an object.
    pub(super) fn member(&self, object: &str, path: &str) -> Option<&'a Member> {
        let (name, rest) = match path.split_once('.') {
            Some((name, rest)) => (name, Some(rest)),
            None => (path, None),
        };
        let member = self.members(object).iter().find(|it| it.name == name)?;
        match (rest, &member.ty) {
            (None, _) => Some(member),
            (Some(rest), Type::Object(inner)) => self.member(inner, rest),
            _ => None,
        }
    }

    /// An object of that name.
    pub(super) fn object(&self, name: &'a str) -> Map<String, Value> {
        self.fill(name, &mut Vec::new(), &mut self.draws("object", 0))
    }

    /// An element of a list, told apart from the others by the text or the number that identifies it best.
    pub(super) fn record(&self, list: &'a Member, purpose: &str, index: u64) -> Option<Value> {
        let Type::List(ty) = &list.ty else {
            return None;
        };
        let mut random = self.draws(purpose, index);
        let example = list_example(example_of(list), 0);
        let mut value = self.value(ty, example.as_deref(), &mut Vec::new(), &mut random)?;
        self.tell_apart(ty, index, &mut value, &mut random);
        Some(value)
    }

    /// Puts a value at a path from an object, or removes what is there.
    pub(super) fn put(
        &self,
        object: &str,
        map: &mut Map<String, Value>,
        path: &str,
        value: impl FnOnce(&Member) -> Option<Value>,
    ) {
        if let Some((map, member)) = self.place(object, map, path) {
            map.remove(&member.name);
            map.extend(value(member).map(|value| (member.name.clone(), value)));
        }
    }

    /// The member at a path, and the object that has it.
    fn place<'m>(
        &self,
        object: &str,
        map: &'m mut Map<String, Value>,
        path: &str,
    ) -> Option<(&'m mut Map<String, Value>, &'a Member)> {
        let Some((name, rest)) = path.split_once('.') else {
            return Some((map, self.member(object, path)?));
        };
        let Type::Object(inner) = &self.member(object, name)?.ty else {
            return None;
        };
        let outer = map.entry(name).or_insert(Value::Null);
        if outer.is_null() {
            *outer = Value::Object(self.object(inner));
        }
        self.place(inner, outer.as_object_mut()?, rest)
    }

    /// The token of the page after so many records.
    pub(super) fn token(&self, skipped: u64) -> u64 {
        let check = self.draws("token", skipped).below(1 << CHECK_BITS);
        skipped << CHECK_BITS | check.max(1)
    }

    /// How many records a token skips, if it is one.
    pub(super) fn skipped_by(&self, token: u64) -> Option<u64> {
        let skipped = token >> CHECK_BITS;
        (self.token(skipped) == token).then_some(skipped)
    }

    fn fill(
        &self,
        name: &'a str,
        within: &mut Vec<&'a str>,
        random: &mut Random,
    ) -> Map<String, Value> {
        let mut map = Map::new();
        within.push(name);
        for member in self.members(name) {
            if let Some(value) = self.filled(member, within, random) {
                map.insert(member.name.clone(), value);
            }
        }
        within.pop();
        map
    }

    /// A member's value; `None` if it is absent.
    fn filled(
        &self,
        member: &'a Member,
        within: &mut Vec<&'a str>,
        random: &mut Random,
    ) -> Option<Value> {
        if member.returned == Some(false) && random.below(RARITY) == 0 {
            return None;
        }
        if member.nullable && random.below(RARITY) == 0 {
            return Some(Value::Null);
        }
        let value = self.value(&member.ty, example_of(member), within, random);
        value.or(member.nullable.then_some(Value::Null))
    }

    /// A value of a type; `None` for an object within itself.
    fn value(
        &self,
        ty: &'a Type,
        example: Option<&str>,
        within: &mut Vec<&'a str>,
        random: &mut Random,
    ) -> Option<Value> {
        Some(match ty {
            Type::Text(format) => scalars::text(*format, example, random).into(),
            Type::Integer { signed } => scalars::integer(*signed, example, random),
            Type::Float => scalars::float(example, random),
            Type::Bool => (random.below(2) == 0).into(),
            Type::Object(name) => {
                if within.len() >= MAX_DEPTH || within.contains(&name.as_str()) {
                    return None;
                }
                Value::Object(self.fill(name, within, random))
            }
            Type::List(each) => {
                // Deep lists are short, or else an answer would be very large.
                let len = match within.len() {
                    0..=2 => random.below(3).saturating_add(1),
                    _ => 1,
                };
                let each = (0..len).map_while(|place| {
                    let example = list_example(example, place);
                    self.value(each, example.as_deref(), within, random)
                });
                each.collect()
            }
            _ => return None,
        })
    }

    /// Makes a record unlike others of the same type.
    fn tell_apart(&self, ty: &'a Type, number: u64, value: &mut Value, random: &mut Random) {
        match (ty, value) {
            (Type::Text(_), Value::String(text)) => *text = scalars::numbered(text, number),
            (Type::Integer { .. } | Type::Float, value) => *value = number.into(),
            (Type::List(each), Value::Array(list)) => {
                if let Some(first) = list.first_mut() {
                    self.tell_apart(each, number, first, random);
                }
            }
            (Type::Object(name), Value::Object(map)) => {
                let Some(member) = self.identity(name, &mut Vec::new()) else {
                    return;
                };
                let slot = map.entry(member.name.clone()).or_insert(Value::Null);
                if slot.is_null() {
                    let mut within = Vec::from([name.as_str()]);
                    let example = example_of(member);
                    let value = self.value(&member.ty, example, &mut within, random);
                    *slot = value.unwrap_or_default();
                }
                self.tell_apart(&member.ty, number, slot, random);
            }
            _ => {}
        }
    }

    /// The member that tells objects of that name apart: a text or a number, or else an object or a list with one.
    fn identity(&self, object: &'a str, within: &mut Vec<&'a str>) -> Option<&'a Member> {
        let members = self.members(object).iter();
        let ranked = members.clone().filter_map(|it| Some((rank(it)?, it)));
        if let Some((_, best)) = ranked.min_by_key(|(rank, _)| *rank) {
            return Some(best);
        }
        if within.contains(&object) {
            return None;
        }
        within.push(object);
        let leads = |ty: &'a Type, within: &mut Vec<&'a str>| match ty.object() {
            Some(inner) => self.identity(inner, within).is_some(),
            None => matches!(ty, Type::List(_)),
        };
        let found = members.clone().find(|it| leads(&it.ty, within));
        within.pop();
        found
    }
}

/// How well a member tells objects apart: the lower, the better. `None` if it is neither a text nor a number.
fn rank(member: &Member) -> Option<u8> {
    let ends = |ends: &[&str]| {
        let name = member.name.to_ascii_lowercase();
        ends.iter().any(|end| name.ends_with(end))
    };
    Some(match &member.ty {
        Type::Text(Format::Plain) if ends(&["id"]) => 0,
        Type::Integer { .. } if ends(&["id", "uin"]) => 1,
        Type::Text(Format::Plain) => match example_of(member).map(scalars::is_word) {
            // A date or an amount, which is to stay one.
            Some(false) => 6,
            _ if ends(&["name", "key", "code"]) => 2,
            _ => 3,
        },
        Type::Integer { .. } => 4,
        Type::Float => 5,
        _ => return None,
    })
}

/// A documented value without quotes around it; an amount for a text that its name calls one, if none is documented.
fn example_of(member: &Member) -> Option<&str> {
    const AMOUNTS: [&str; 7] = [
        "Amount",
        "Balance",
        "Cost",
        "Fee",
        "Price",
        "Quota",
        "Threshold",
    ];

    let example = member.example.as_deref().map(str::trim);
    let example = example.map(|text| match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').unwrap_or(text),
        None => text,
    });
    let is_amount = || AMOUNTS.iter().any(|end| member.name.ends_with(end));
    match example.filter(|it| scalars::is_telling(it)) {
        None if member.ty == Type::Text(Format::Plain) && is_amount() => Some("12.34000000"),
        _ => example,
    }
}

/// The example of one element of a list, of which the whole list, or one element, is documented.
fn list_example(example: Option<&str>, place: u64) -> Option<Cow<'_, str>> {
    let example = example?;
    let Ok(mut list) = serde_json::from_str::<Vec<Value>>(example) else {
        return Some(example.into());
    };
    let place = place.checked_rem(u64::try_from(list.len()).ok()?)?;
    match list.swap_remove(usize::try_from(place).ok()?) {
        Value::String(text) => Some(text.into()),
        value => Some(value.to_string().into()),
    }
}
