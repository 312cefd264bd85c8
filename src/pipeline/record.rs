//! A record's two halves: what accept writes beside the body, and decoding the whole again.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde::Serialize;

use crate::canonical::Item;
use crate::canonical::Time;
use crate::contract::Call;
use crate::contract::Decoded;
use crate::contract::Dialect;
use crate::contract::Seed;
use crate::pipeline::ledger::Record;

/// The dialects by name, as the composition root handed them in.
#[derive(Clone)]
pub struct Dialects(Arc<[&'static dyn Dialect]>);

impl Dialects {
    /// Wraps the table.
    pub fn new(table: &[&'static dyn Dialect]) -> Self {
        Self(table.into())
    }

    /// The dialect of a name.
    pub fn get(&self, name: &str) -> Option<&'static dyn Dialect> {
        self.0.iter().copied().find(|dialect| dialect.info().name == name)
    }

    /// All of them, in the table's order.
    pub fn all(&self) -> &[&'static dyn Dialect] {
        &self.0
    }
}

/// What stands beside the body: the call without it.
#[derive(Deserialize, Serialize)]
struct Head {
    method: String,
    path: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    query: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
}

/// The head of a call, as JSON.
pub fn head(call: &Call) -> Bytes {
    let head = Head {
        method: call.method.to_string(),
        path: call.path.clone(),
        query: call.query.clone(),
        headers: call.headers.clone(),
    };
    serde_json::to_vec(&head).map(Bytes::from).unwrap_or_default()
}

/// The call a record was made of; `None` when its head cannot be read.
pub fn call(record: &Record) -> Option<Call> {
    let head: Head = serde_json::from_slice(&record.head).ok()?;
    Some(Call {
        method: Method::from_bytes(head.method.as_bytes()).ok()?,
        path: head.path,
        query: head.query,
        headers: head.headers,
        body: record.body.clone(),
    })
}

/// Decodes a record as today's codec reads it; `None` when it no longer can.
pub fn decode(dialects: &Dialects, record: &Record) -> Option<Decoded> {
    let dialect = dialects.get(&record.dialect)?;
    dialect.decode(&call(record)?, &Seed { record: record.id, at: Time(record.at_ns) }).ok()
}

/// The items of a decoded request, each shared on its own.
pub fn share(items: Vec<Item>) -> Vec<Arc<Item>> {
    items.into_iter().map(Arc::new).collect()
}
