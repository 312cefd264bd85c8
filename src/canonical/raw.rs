//! JSON text exactly as it arrived, shared and cheap to clone.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

/// Verbatim JSON text: number forms, key order and escapes survive.
///
/// Boxed inside: the parser gives a box, and to share its text in place would copy it.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Raw(Arc<Box<RawValue>>);

impl Raw {
    /// The JSON text.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// The JSON text of a value.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        let raw = serde_json::value::to_raw_value(value)
            .or_else(|_| RawValue::from_string("null".to_owned()))
            .expect("null is JSON");
        Self(Arc::new(raw))
    }

    /// The text itself, if it is one JSON value.
    pub fn parse(text: &str) -> Option<Self> {
        let raw: Box<RawValue> = serde_json::from_str(text).ok()?;
        Some(Self(Arc::new(raw)))
    }

    /// Text that was put together as one JSON value; `None` when it is none.
    pub fn written(text: String) -> Option<Self> {
        RawValue::from_string(text).ok().map(|raw| Self(Arc::new(raw)))
    }

    /// Reads the text as a type.
    ///
    /// # Errors
    /// When the text has another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.text())
    }

    /// The value as a tree; `null` when it nests too deep to be one.
    pub fn value(&self) -> Value {
        self.read().unwrap_or(Value::Null)
    }

    /// The string inside, when the text is a JSON string.
    pub fn as_string(&self) -> Option<String> {
        if self.text().starts_with('"') { self.read().ok() } else { None }
    }

    /// The members, in order and verbatim, when the text is an object.
    pub fn members(&self) -> Option<IndexMap<String, Self>> {
        if self.is_object() { self.read().ok() } else { None }
    }

    /// The same object with its members changed; those left alone stay verbatim.
    pub fn edited(&self, change: impl FnOnce(&mut IndexMap<String, Self>)) -> Option<Self> {
        let mut members = self.members()?;
        change(&mut members);
        Some(Self::of(&members))
    }

    /// The elements, verbatim, when the text is an array.
    pub fn elements(&self) -> Option<Vec<Self>> {
        if self.text().starts_with('[') { self.read().ok() } else { None }
    }

    /// Whether the text is an object.
    pub fn is_object(&self) -> bool {
        self.text().starts_with('{')
    }

    /// Whether the text is `null`.
    pub fn is_null(&self) -> bool {
        self.text() == "null"
    }

    /// How deep it nests, told without recursion.
    pub fn depth(&self) -> usize {
        let (mut now, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
        for byte in self.text().bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => {
                    now += 1;
                    most = most.max(now);
                }
                b'}' | b']' if !quoted => now = now.saturating_sub(1),
                _ => {}
            }
        }
        most
    }

    /// The text with keys sorted, white space gone and numbers in one form: equal for texts that
    /// mean the same.
    pub fn normal(&self) -> String {
        sorted(self.value()).to_string()
    }
}

/// A tree with every object's keys sorted.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<String, Value> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(sorted).collect()),
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => Value::from(float as i64),
            _ => Value::Number(number),
        },
        other => other,
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl From<&RawValue> for Raw {
    fn from(value: &RawValue) -> Self {
        Self(Arc::new(value.to_owned()))
    }
}

impl From<&str> for Raw {
    fn from(value: &str) -> Self {
        Self::of(value)
    }
}
