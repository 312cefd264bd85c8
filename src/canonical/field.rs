//! One fact about a subject: absent, null, or set. Updates need all three.

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// A field as it was sent.
///
/// `Absent` says nothing, `Null` was written as `null`, `Set` carries a value. A dialect in which
/// `null` means "unchanged" decodes it to `Absent`; one in which it clears decodes it to `Null`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Field<T> {
    /// The key was not there.
    #[default]
    Absent,
    /// The key was there and `null`.
    Null,
    /// The key was there with a value.
    Set(T),
}

impl<T> Field<T> {
    /// The value, if one is set.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Null | Self::Absent => None,
        }
    }

    /// The value by value, if one is set.
    pub fn take(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Null | Self::Absent => None,
        }
    }

    /// Whether a value is set.
    pub fn is_set(&self) -> bool {
        matches!(self, Self::Set(_))
    }

    /// Whether the key was not there at all.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The same field with its value mapped.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Null => Field::Null,
            Self::Set(value) => Field::Set(f(value)),
        }
    }

    /// The same field with `null` read as "says nothing".
    pub fn null_is_absent(self) -> Self {
        match self {
            Self::Null => Self::Absent,
            other => other,
        }
    }
}

impl<T: Clone> Field<T> {
    /// A copy of the value, if one is set.
    pub fn cloned(&self) -> Option<T> {
        self.get().cloned()
    }
}

impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Set)
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Set(value) => value.serialize(serializer),
            Self::Null | Self::Absent => serializer.serialize_none(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Null, Self::Set))
    }
}
