use alloc::{boxed::Box, collections::BTreeMap, format, string::String, vec::Vec};

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{Action, Description, Error, Format, Member, Object, Type};

#[derive(Deserialize)]
struct File {
    metadata: Metadata,
    actions: BTreeMap<String, RawAction>,
    objects: BTreeMap<String, RawObject>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    service_short_name: String,
    api_version: String,
}

#[derive(Deserialize)]
struct RawAction {
    input: String,
    output: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    document: String,
    status: Option<String>,
    #[serde(default)]
    skip_sign: bool,
}

#[derive(Deserialize)]
struct RawObject {
    #[serde(default)]
    document: String,
    members: Vec<RawMember>,
}

#[derive(Deserialize)]
struct RawMember {
    name: String,
    r#type: String,
    member: String,
    #[serde(default)]
    document: String,
    example: Option<String>,
    #[serde(default)]
    disabled: bool,
    #[serde(default, deserialize_with = "flag")]
    required: bool,
    output_required: Option<bool>,
    #[serde(default)]
    value_allowed_null: bool,
}

/// Reads true and false, which one description writes as 1 and 0.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected true or false")]
    enum Flag {
        Bool(bool),
        Number(u8),
    }

    match Flag::deserialize(deserializer)? {
        Flag::Bool(flag) => Ok(flag),
        Flag::Number(0) => Ok(false),
        Flag::Number(1) => Ok(true),
        Flag::Number(_) => Err(D::Error::custom("expected true or false")),
    }
}

pub(crate) fn description(json: &[u8]) -> Result<Description, Error> {
    let mut json = serde_json::Deserializer::from_slice(json);
    let file: File = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = match error.path().iter().next() {
            Some(_) => format!("{}", error.path()),
            None => "the description".into(),
        };
        Error::new(path, error.inner())
    })?;
    json.end()
        .map_err(|error| Error::new("the description", error))?;
    names(&file)?;
    let mut objects = BTreeMap::new();
    for (name, object) in &file.objects {
        let mut members: Vec<Member> = Vec::new();
        for (at, raw) in object.members.iter().enumerate() {
            let path = format!("objects.{name}.members[{at}]");
            let member = member(raw, &path, &file.objects)?;
            if raw.disabled {
                continue;
            }
            if members.iter().any(|other| other.name == member.name) {
                return Err(Error::new(path, format!("a second `{}`", member.name)));
            }
            members.push(member);
        }
        let document = object.document.clone();
        objects.insert(name.clone(), Object { document, members });
    }
    let actions = file.actions.into_iter().map(|(name, raw)| {
        let online = matches!(raw.status.as_deref(), None | Some("online"));
        let action = Action {
            input: raw.input,
            output: raw.output,
            title: raw.name,
            document: raw.document,
            signed: !raw.skip_sign,
            online,
        };
        (name, action)
    });
    Ok(Description {
        service: file.metadata.service_short_name,
        version: file.metadata.api_version,
        actions: actions.collect(),
        objects,
    })
}

/// Refuses names that can't be any, and references to what is not there.
fn names(file: &File) -> Result<(), Error> {
    let Metadata {
        service_short_name: service,
        api_version: version,
    } = &file.metadata;
    let label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if service.is_empty() || !service.bytes().all(label) {
        return Err(Error::new(
            "metadata.serviceShortName",
            format!("`{service}` is no host label, e.g. cvm"),
        ));
    }
    let digits = |b: u8| b.is_ascii_digit() || b == b'-';
    if version.len() != "2017-03-12".len() || !version.bytes().all(digits) {
        return Err(Error::new(
            "metadata.apiVersion",
            format!("`{version}` is no date, e.g. 2017-03-12"),
        ));
    }
    for (name, action) in &file.actions {
        identifier(&format!("actions.{name}"), name)?;
        for (key, object) in [("input", &action.input), ("output", &action.output)] {
            if !file.objects.contains_key(object) {
                return Err(Error::new(
                    format!("actions.{name}.{key}"),
                    format!("there is no object `{object}`"),
                ));
            }
        }
    }
    for name in file.objects.keys() {
        identifier(&format!("objects.{name}"), name)?;
    }
    Ok(())
}

fn identifier(path: &str, name: &str) -> Result<(), Error> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    match !name.is_empty() && name.bytes().all(word) {
        true => Ok(()),
        false => Err(Error::new(path, format!("`{name}` is no name"))),
    }
}

fn member(
    raw: &RawMember,
    path: &str,
    objects: &BTreeMap<String, RawObject>,
) -> Result<Member, Error> {
    identifier(&format!("{path}.name"), &raw.name)?;
    let known = |name: &str| {
        objects
            .contains_key(name)
            .then(|| Type::Object(name.into()))
            .ok_or_else(|| {
                let what = format!("`{name}` is neither a type nor an object");
                Error::new(format!("{path}.member"), what)
            })
    };
    let each = scalar(&raw.member).map_or_else(|| known(&raw.member), Ok);
    let ty = match (&*raw.r#type, each?) {
        ("list", each) => Type::List(Box::new(each)),
        ("object", ty @ Type::Object(_))
        | ("string", ty @ Type::Text(_))
        | ("int", ty @ Type::Integer { .. })
        | ("float", ty @ Type::Float)
        | ("bool", ty @ Type::Bool)
        | ("binary", ty @ Type::Binary) => ty,
        (kind, _) => {
            let what = format!("`{kind}` of `{}` is not known", raw.member);
            return Err(Error::new(format!("{path}.type"), what));
        }
    };
    Ok(Member {
        name: raw.name.clone(),
        ty,
        document: raw.document.clone(),
        example: raw.example.clone(),
        required: raw.required,
        returned: raw.output_required,
        nullable: raw.value_allowed_null,
    })
}

fn scalar(member: &str) -> Option<Type> {
    Some(match member {
        "string" => Type::Text(Format::Plain),
        "datetime" => Type::Text(Format::DateTime),
        "datetime_iso" => Type::Text(Format::DateTimeIso),
        "date" => Type::Text(Format::Date),
        "int64" => Type::Integer { signed: true },
        "uint64" => Type::Integer { signed: false },
        "float" => Type::Float,
        "bool" => Type::Bool,
        "binary" => Type::Binary,
        _ => return None,
    })
}
