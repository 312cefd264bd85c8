//! Declaring a subject's facts once: fold, difference and print follow from the list.

use indexmap::IndexMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Field;
use super::Raw;
use super::Time;

/// A value that a fact can have.
pub trait Fact: Clone + PartialEq + Serialize + DeserializeOwned {
    /// This value as it stands after an older one (tags add, metadata merge; others replace).
    fn over(self, _older: Option<&Self>) -> Self {
        self
    }

    /// How to get back to `self` from `held`, as JSON.
    fn difference(&self, _held: Option<&Self>) -> Raw {
        Raw::of(self)
    }

    /// The value that [`Fact::difference`] described, given what is held.
    fn restore(difference: &Raw, _held: Option<&Self>) -> Option<Self> {
        difference.read().ok()
    }
}

macro_rules! plain_facts {
    ($($type:ty),*) => { $( impl $crate::canonical::Fact for $type {} )* };
}
pub(super) use plain_facts;

plain_facts!(String, i64, f64, bool, Raw, Vec<String>);

/// A subject as a list of facts.
pub trait Facts: Clone + Default {
    /// Lays newer facts over these, field by field; `Absent` leaves, `Null` clears.
    fn overlay(&mut self, newer: &Self);

    /// Each fact of `self` that `held` lacks or has otherwise, as path and difference (`null`: absent).
    fn difference(&self, held: &Self) -> Vec<(&'static str, Raw)>;

    /// Applies one difference; `false` when the path is unknown or the value does not fit.
    fn restore(&mut self, path: &str, difference: &Raw) -> bool;

    /// Whether the fact at a path is set.
    fn has(&self, path: &str) -> bool;

    /// The fact at a path as normal JSON text (`null` when not set).
    fn normal(&self, path: &str) -> Option<String>;

    /// Every set fact as JSON, for printing.
    fn print(&self) -> IndexMap<&'static str, Raw>;

    /// The same with every `Null` forgotten: a state, no longer an update.
    fn settled(self) -> Self;
}

/// Lays `newer` over `older` by the rule of its type.
pub(super) fn overlay<T: Fact>(older: &mut Field<T>, newer: &Field<T>) {
    match newer {
        Field::Absent => {}
        Field::Null => *older = Field::Null,
        Field::Set(value) => *older = Field::Set(value.clone().over(older.get())),
    }
}

/// An instant and the time until it are two ways to say one thing: what says the one takes back what
/// said the other before.
pub(super) fn displace(older: (&mut Field<Time>, &mut Field<i64>), newer: (&Field<Time>, &Field<i64>)) {
    match newer {
        (Field::Absent, Field::Absent) => {}
        (Field::Absent, _) => *older.0 = Field::Absent,
        (_, Field::Absent) => *older.1 = Field::Absent,
        _ => {}
    }
}

/// Declares a subject: plain fields before the semicolon, facts after it.
macro_rules! facts {
    ($(#[$meta:meta])* pub struct $name:ident {
        $( $(#[$hmeta:meta])* $head:ident : $htype:ty, )* ;
        $( $(#[$fmeta:meta])* $field:ident : $type:ty, )*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $( $(#[$hmeta])* pub $head: $htype, )*
            $( $(#[$fmeta])* pub $field: $crate::canonical::Field<$type>, )*
        }

        impl $crate::canonical::Facts for $name {
            fn overlay(&mut self, newer: &Self) {
                $( $crate::canonical::facts::overlay(&mut self.$field, &newer.$field); )*
                $crate::canonical::facts::displace((&mut self.end, &mut self.duration), (&newer.end, &newer.duration));
                $crate::canonical::facts::displace(
                    (&mut self.first_token, &mut self.first_token_after),
                    (&newer.first_token, &newer.first_token_after),
                );
            }

            fn difference(&self, held: &Self) -> Vec<(&'static str, $crate::canonical::Raw)> {
                let mut out = Vec::new();
                $( if self.$field.get() != held.$field.get() {
                    let difference = match &self.$field {
                        $crate::canonical::Field::Set(value) => {
                            <$type as $crate::canonical::Fact>::difference(value, held.$field.get())
                        }
                        _ => $crate::canonical::Raw::of(&()),
                    };
                    out.push((stringify!($field), difference));
                } )*
                out
            }

            fn restore(&mut self, path: &str, difference: &$crate::canonical::Raw) -> bool {
                match path {
                    $( stringify!($field) => {
                        if difference.is_null() {
                            self.$field = $crate::canonical::Field::Absent;
                            return true;
                        }
                        match <$type as $crate::canonical::Fact>::restore(difference, self.$field.get()) {
                            Some(value) => { self.$field = $crate::canonical::Field::Set(value); true }
                            None => false,
                        }
                    } )*
                    _ => false,
                }
            }

            fn has(&self, path: &str) -> bool {
                match path {
                    $( stringify!($field) => self.$field.is_set(), )*
                    _ => false,
                }
            }

            fn normal(&self, path: &str) -> Option<String> {
                match path {
                    $( stringify!($field) => Some($crate::canonical::Raw::of(&self.$field).normal()), )*
                    _ => None,
                }
            }

            fn print(&self) -> ::indexmap::IndexMap<&'static str, $crate::canonical::Raw> {
                let mut out = ::indexmap::IndexMap::new();
                $( if let Some(value) = self.$field.get() {
                    out.insert(stringify!($field), $crate::canonical::Raw::of(value));
                } )*
                out
            }

            fn settled(mut self) -> Self {
                $( self.$field = self.$field.null_is_absent(); )*
                self
            }
        }
    };
}
pub(super) use facts;
