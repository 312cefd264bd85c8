//! What is said of a session beside the traces in it.

use super::Loss;
use super::Raw;
use super::Target;

/// A session (`wire/otlp.md §4.1`), as far as no trace tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// The external text that traces name it by.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its metadata, an object.
    pub metadata: Option<Raw>,
    /// The session before it: by the id that its client used, in a view by external text.
    pub previous: Option<String>,
}

impl Session {
    /// Whether nothing is said of it but that it is one.
    pub fn is_bare(&self) -> bool {
        self.name.is_none() && self.metadata.is_none() && self.previous.is_none()
    }

    /// What is said of it now, over what was said before.
    #[must_use]
    pub fn over(self, older: Option<&Self>) -> Self {
        let Some(older) = older.cloned() else { return self };
        Self {
            id: self.id,
            name: self.name.or(older.name),
            metadata: self.metadata.or(older.metadata),
            previous: self.previous.or(older.previous),
        }
    }

    /// What a vendor loses to which a session is no more than its id.
    pub fn losses(&self) -> Vec<Loss> {
        let said = [
            ("session.name", self.name.is_some()),
            ("session.metadata", self.metadata.is_some()),
            ("session.previous", self.previous.is_some()),
        ];
        let said = said.into_iter().filter(|(_, is_said)| *is_said);
        said.map(|(path, _)| self.loss(path, "a session has only its id there")).collect()
    }

    /// One field that could not be carried.
    pub fn loss(&self, path: &str, why: &str) -> Loss {
        let subject = Target::Session(self.id.clone()).to_string();
        Loss { subject, path: path.to_owned(), why: why.to_owned(), carried: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_later_stands_over_what_was_said_before() {
        let named = |name: &str| Session { name: Some(name.to_owned()), ..Session::default() };
        let before = Session { metadata: Raw::parse("{}"), previous: Some("a".to_owned()), ..named("one") };
        let now = named("two").over(Some(&before));
        assert_eq!(now, Session { name: Some("two".to_owned()), ..before.clone() });
        assert_eq!(Session::default().over(Some(&before)), before);
        assert!(Session { id: "s".to_owned(), ..Session::default() }.is_bare());
    }

    #[test]
    fn what_has_no_home_is_named() {
        let session = Session { id: "chat 1".to_owned(), name: Some("support".to_owned()), ..Session::default() };
        let losses = session.losses();
        let told: Vec<_> = losses.iter().map(|loss| (&*loss.subject, &*loss.path, loss.carried)).collect();
        assert_eq!(told, [("session \"chat 1\"", "session.name", false)]);
    }
}
