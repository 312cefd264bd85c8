//! Sessions that are more than an id. They are made before the traces in them: logging makes nameless ones,
//! and nothing changes one that is there (`wire/galileo.md §4.6`, §8).

use std::sync::Arc;

use http::Method;
use indexmap::IndexMap;

use super::body::Address;
use super::metadata;
use crate::canonical::Field;
use crate::canonical::Raw;
use crate::canonical::Session;
use crate::canonical::Target;
use crate::canonical::View;
use crate::contract::Each;
use crate::contract::Write;
use crate::dialects::galileo::client;
use crate::dialects::galileo::wire;

/// The writes that make a trace's session and those before it, each in a stage of its own, the oldest first:
/// a session names the one before it by the vendor's id.
pub(super) fn writes(address: &Address<'_>, view: &View) -> Vec<Write> {
    (0..).zip(view.sessions.iter().rev()).map(|(stage, session)| write(address, session, stage)).collect()
}

/// One session, unless a search finds it. The one before it stands as external text until the search has
/// told its id.
fn write(address: &Address<'_>, session: &Session, stage: u8) -> Write {
    let members = session.metadata.as_ref().and_then(Raw::members).unwrap_or_default();
    let strings: IndexMap<String, Raw> =
        members.into_iter().filter_map(|(key, value)| Some((key, metadata::string(&value)?))).collect();
    let body = wire::Session {
        log_stream_id: address.stream(),
        name: session.name.clone().into(),
        previous_session_id: session.previous.clone().into(),
        external_id: Field::Set(session.id.clone()),
        user_metadata: Some(Raw::of(&strings)).filter(|_| !strings.is_empty()).into(),
        ..wire::Session::default()
    };
    let mut write = address.write(Method::POST, "/sessions", &body, stage, Target::Session(session.id.clone()));
    let loss = session.loss("session", "made where a search does not find it, and there is nothing to search in");
    let look = client::search_sessions(&write.path, &body);
    write.each = Some(Box::new(Each { look, loss }));
    write.once = Some(Arc::from(format!("{} {}", write.path, Raw::of(&body).text())));
    write
}
