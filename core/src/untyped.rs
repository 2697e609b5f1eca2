//! Any action by name, with JSON input and output.

use alloc::{borrow::Cow, boxed::Box, collections::BTreeMap, string::String};
use core::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use crate::{
    Action, Invalid, Target,
    types::lenient::RAW_VALUE,
    wire::{
        query::MAX_DEPTH,
        response::{self, Halves},
    },
};

/// Any action by name, with JSON input; its output is [`Fields`].
///
/// ```
/// use tc3_core::{Action, Untyped};
///
/// let zones = Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({}));
/// assert_eq!(zones.target().action, "DescribeZones");
/// assert!(zones.check().is_ok());
/// // Names are checked before anything is sent.
/// let wrong = Untyped::new("cvm", "2017-03-12", "Describe Zones", serde_json::json!({}));
/// assert_eq!(wrong.check().unwrap_err().field(), "action");
/// ```
///
/// Like every action, it is serialized as its input alone. Store its target beside it:
///
/// ```
/// use tc3_core::{Action, Target, Untyped};
///
/// let zones = Untyped::new("cvm", "2017-03-12", "DescribeZones", serde_json::json!({}))
///     .repeatable();
/// let stored = serde_json::to_string(&(zones.target(), zones.input()))?;
/// let (target, input): (Target, serde_json::Value) = serde_json::from_str(&stored)?;
/// assert_eq!(Untyped::of(target, input), zones);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Untyped {
    #[serde(skip)]
    target: Target,
    input: serde_json::Value,
}

impl Untyped {
    /// The action `action` of `service` in `version`, with `input`, a JSON object.
    pub fn new(
        service: impl Into<Cow<'static, str>>,
        version: impl Into<Cow<'static, str>>,
        action: impl Into<Cow<'static, str>>,
        input: serde_json::Value,
    ) -> Self {
        Self {
            target: Target {
                service: service.into(),
                version: version.into(),
                action: action.into(),
                repeatable: false,
                rate: <Self as Action>::RATE,
                signed: true,
                regional: false,
                confidential: false,
            },
            input,
        }
    }

    /// The action that `target` names, with `input`, a JSON object.
    pub const fn of(target: Target, input: serde_json::Value) -> Self {
        Self { target, input }
    }

    /// The input, as JSON.
    pub const fn input(&self) -> &serde_json::Value {
        &self.input
    }

    /// Declares that the action only reads, so that it is retried if no response came.
    #[must_use = "the action is returned, not changed"]
    pub fn repeatable(mut self) -> Self {
        self.target.repeatable = true;
        self
    }

    /// Declares that the input or the output holds a secret, so that no body is logged.
    #[must_use = "the action is returned, not changed"]
    pub fn confidential(mut self) -> Self {
        self.target.confidential = true;
        self
    }

    /// Declares how many calls a second the service allows; the default is 20.
    #[must_use = "the action is returned, not changed"]
    pub fn with_rate(mut self, rate: u32) -> Self {
        self.target.rate = rate;
        self
    }
}

impl fmt::Debug for Untyped {
    /// Hides the input of a confidential action.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let input: &dyn fmt::Debug = match self.target.confidential {
            true => &"…",
            false => &self.input,
        };
        f.debug_struct("Untyped")
            .field("target", &self.target)
            .field("input", input)
            .finish()
    }
}

/// The names are run-time values: the constants are empty, and [`target`](Action::target) has the names.
impl Action for Untyped {
    const SERVICE: &'static str = "";
    const VERSION: &'static str = "";
    const NAME: &'static str = "";
    type Output = Fields;

    fn target(&self) -> Target {
        self.target.clone()
    }

    fn check(&self) -> Result<(), Invalid> {
        self.target.check()?;
        if !self.input.is_object() {
            return Err(Invalid::new("input", "must be a JSON object"));
        }
        Ok(())
    }
}

/// The fields of an untyped response without the `RequestId`, each as raw JSON.
///
/// A field is parsed only when it is read, so no amount goes through a float.
///
/// ```
/// use tc3_core::{wire::response, Untyped, Yuan};
///
/// let answer = br#"{"Response": {"Cost": 0.10000000, "Tags": ["a"], "RequestId": "5e1f"}}"#;
/// let reply = response::read::<Untyped>(&http::Response::new(answer.as_slice().into()))?;
/// let fields = reply.output;
/// assert_eq!(fields.read::<Yuan>("Cost")?.to_string(), "0.10000000");
/// assert_eq!(fields.read::<Vec<String>>("Tags")?, ["a"]);
/// assert_eq!(fields.json("Cost"), Some("0.10000000"));
/// assert!(fields.read::<u64>("Total").unwrap_err().to_string().contains("Total"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A field with more than 127 nested lists or objects, the limit of `serde_json`, is an error.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Fields(BTreeMap<String, Box<RawValue>>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = BTreeMap::<String, Json>::deserialize(deserializer)?;
        let fields: BTreeMap<_, _> = fields
            .into_iter()
            .map(|(name, json)| (name, json.0))
            .collect();
        if fields.values().any(|json| depth(json.get()) > MAX_DEPTH) {
            return Err(D::Error::custom("a field is nested too deep"));
        }
        Ok(Self(fields))
    }
}

/// A value's own JSON. Other formats have it as `serde_json` hands it to them: as a struct with one text.
struct Json(Box<RawValue>);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(RAW_VALUE, JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value's own JSON")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Json, D::Error> {
        let mut fields = BTreeMap::<String, String>::deserialize(inner)?;
        let text = fields.remove(RAW_VALUE);
        let text = text.ok_or_else(|| D::Error::missing_field(RAW_VALUE))?;
        RawValue::from_string(text)
            .map(Json)
            .map_err(D::Error::custom)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Json, M::Error> {
        Deserialize::deserialize(MapAccessDeserializer::new(map)).map(Json)
    }
}

/// How many lists and objects are nested in a JSON text.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            // Brackets within a string don't count.
            b'"' => {
                while let Some(byte) = bytes.next().filter(|byte| *byte != b'"') {
                    if byte == b'\\' {
                        bytes.next();
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

impl Fields {
    /// Returns a field as a `T`. An absent field is read as null.
    ///
    /// # Errors
    ///
    /// The deserializer's when the field is no `T`; if the field is absent, the error names it.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, serde_json::Error> {
        match self.json(name) {
            // Like a response, with U+FFFD in texts for people.
            Some(json) => response::read_mended(json, |json| serde_json::from_str(json)),
            None => serde_json::from_str("null")
                .map_err(|_| serde_json::Error::custom(format_args!("missing field `{name}`"))),
        }
    }

    /// Returns a field's raw JSON, or `None` if it is absent.
    pub fn json(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.get())
    }

    /// The fields' names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns all fields as one JSON value. A number with a fraction, or beyond 64 bits, becomes the nearest float.
    /// Texts have U+FFFD where they are not Unicode.
    pub fn to_value(&self) -> serde_json::Value {
        let value = |json: &RawValue| -> serde_json::Value {
            let mended = response::mended(json.get(), Halves::Replaced);
            serde_json::from_str(mended.as_deref().unwrap_or(json.get())).unwrap_or_default()
        };
        let fields = self.0.iter();
        fields
            .map(|(name, json)| (name.clone(), value(json)))
            .collect()
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        let same = |name: &String, json: &RawValue| other.json(name) == Some(json.get());
        self.0.len() == other.0.len() && self.0.iter().all(|(name, json)| same(name, json))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(
        service: &'static str,
        version: &'static str,
        action: &'static str,
    ) -> Option<&'static str> {
        let action = Untyped::new(service, version, action, serde_json::json!({}));
        action.check().err().map(|invalid| invalid.field())
    }

    #[test]
    fn names_that_could_not_be_names_are_refused() {
        assert_eq!(field("billing", "2018-07-09", "DescribeBillList"), None);
        assert_eq!(field("iot-video", "2018-07-09", "Get_2"), None);
        for service in [
            "",
            "Billing",
            "bill.ing",
            "evil.com/",
            "-a",
            "a-",
            "1a",
            "b@c",
            "b:1",
        ] {
            assert_eq!(
                field(service, "2018-07-09", "A"),
                Some("service"),
                "{service}"
            );
        }
        for version in [
            "",
            "2018-7-9",
            "2018-07-09\r\n",
            "2018/07/09",
            "２018-07-09",
        ] {
            assert_eq!(field("billing", version, "A"), Some("version"), "{version}");
        }
        for action in ["", "1A", "Describe Bill", "A\r\nX: y", "A-B", "Ä", "_A"] {
            assert_eq!(
                field("billing", "2018-07-09", action),
                Some("action"),
                "{action}"
            );
        }
    }

    #[test]
    fn depth_is_that_of_brackets_outside_of_texts() {
        for (json, expected) in [
            ("1", 0),
            ("[]", 1),
            (r#"{"a":[1,{"b":2}],"c":[]}"#, 3),
            (r#"["[[[","\\",["\"[[["],"{"]"#, 2),
        ] {
            assert_eq!(depth(json), expected, "{json}");
        }
    }

    #[test]
    fn an_input_that_is_no_object_is_refused() {
        let action = Untyped::new("billing", "2018-07-09", "A", serde_json::json!([]));
        assert_eq!(action.check().unwrap_err().field(), "input");
    }
}
