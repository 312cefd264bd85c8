//! Wire objects that keep what they do not know.
//!
//! `serde(flatten)` buffers and so cannot keep raw text; this macro writes the same visitor by hand:
//! known keys go to their fields, every other key is kept verbatim in `extra` and written back.
//! An error names the key it arose under.

use std::borrow::Cow;

use serde::Deserialize;

/// A key as it stands in the text, which is copied only where it has escapes.
#[derive(Deserialize)]
pub struct Key<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// Declares a wire struct: every field a [`Field`](super::Field), unknown keys in `extra`.
///
/// `field: Type` reads the key of the same name; `field as "key": Type` reads another key.
/// Serializing writes set fields in order, `null` for `Null`, nothing for `Absent`, then `extra`.
#[macro_export]
macro_rules! open_object {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $( $(#[$fmeta:meta])* $field:ident $(as $key:literal)? : $type:ty ),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        $vis struct $name {
            $( $(#[$fmeta])* $vis $field: $crate::canonical::Field<$type>, )*
            /// Keys we do not know, verbatim.
            $vis extra: ::indexmap::IndexMap<String, $crate::canonical::Raw>,
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Keys;
                impl<'de> ::serde::de::Visitor<'de> for Keys {
                    type Value = $name;
                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: ::serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut out = $name::default();
                        while let Some(key) = map.next_key::<$crate::canonical::Key<'de>>()? {
                            match key.0.as_ref() {
                                $( $crate::open_object!(@key $field $($key)?) => {
                                    out.$field = map.next_value().map_err(|error| {
                                        ::serde::de::Error::custom(format_args!("{}: {error}", key.0))
                                    })?;
                                } )*
                                _ => {
                                    out.extra.insert(key.0.into_owned(), map.next_value()?);
                                }
                            }
                        }
                        Ok(out)
                    }
                }
                deserializer.deserialize_map(Keys)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use ::serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                $( if !self.$field.is_absent() {
                    map.serialize_entry($crate::open_object!(@key $field $($key)?), &self.$field)?;
                } )*
                for (key, value) in &self.extra {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
}
