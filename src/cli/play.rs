//! Playing recorded sessions of the SDKs through the front door, so that nobody needs an SDK to see it
//! work.
//!
//! A session is a text of JSON lines, one [`Call`] each. Ids and times are made fresh, the same way
//! wherever they stand, so that playing twice makes new traces that have just ended. `{key}` stands for
//! the gateway key; what an answer brought (an id, a token) is sent back as it was brought.

use std::collections::HashMap;

use anyhow::Context;
use anyhow::ensure;
use http::Method;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;
use uuid::Builder;
use uuid::Uuid;

use crate::canonical::Time;
use crate::canonical::ids;

/// A recorded call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    /// The method.
    method: String,
    /// Path and query.
    path: String,
    /// The headers that carry meaning.
    headers: IndexMap<String, String>,
    /// The JSON body; `null` for none.
    #[serde(default)]
    body: Value,
    /// The status it was answered with.
    status: u16,
    /// Of the recorded answer, what later calls send back.
    #[serde(default)]
    answer: Value,
}

/// Sends a session to a data listener, a call after the other, as if it ended `now`; how many it were.
///
/// # Errors
/// When a call is refused that was not refused when it was recorded.
pub(super) async fn play(
    http: &reqwest::Client,
    base: &str,
    key: &str,
    session: &str,
    now: Time,
) -> anyhow::Result<usize> {
    let calls: Result<Vec<Call>, _> = session.lines().map(serde_json::from_str).collect();
    let calls = calls.context("a recorded session is not what it should be")?;
    let mut fresh = Fresh::new(&calls, key, now);
    for call in &calls {
        let answer =
            send(http, base, call, &mut fresh).await.with_context(|| format!("{} {}", call.method, call.path))?;
        fresh.learn(&call.answer, &answer);
    }
    Ok(calls.len())
}

async fn send(http: &reqwest::Client, base: &str, call: &Call, fresh: &mut Fresh) -> anyhow::Result<Value> {
    let method = Method::from_bytes(call.method.as_bytes())?;
    let mut request = http.request(method, format!("{base}{}", fresh.path(&call.path)));
    for (name, value) in &call.headers {
        request = request.header(name, fresh.text(value));
    }
    if !call.body.is_null() {
        request = request.body(fresh.value(&call.body).to_string());
    }
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let text = answer.text().await?;
    ensure!(status < 400 || status == call.status, "answered with {status}: {text}");
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

/// Turns what was recorded into something new.
struct Fresh {
    /// By how much times move, in nanoseconds.
    later: i64,
    /// What stands for a recorded text.
    stands: HashMap<String, String>,
}

impl Fresh {
    /// Moves the session's newest time to `now`.
    fn new(calls: &[Call], key: &str, now: Time) -> Self {
        let newest = calls.iter().filter_map(|call| newest(&call.body)).max();
        let stands = HashMap::from([("{key}".to_owned(), key.to_owned())]);
        Self { later: newest.map_or(0, |newest| now.0.saturating_sub(newest.0)), stands }
    }

    fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(list) => list.iter().map(|value| self.value(value)).collect(),
            Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), self.value(value))).collect(),
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        if let Some(stands) = self.stands.get(text) {
            return stands.clone();
        }
        if let Some(id) = id(text) {
            let minted = self.mint(id).to_string();
            self.stands.insert(text.to_owned(), minted.clone());
            return minted;
        }
        if let Some(moved) = moved(text, self.later) {
            return moved;
        }
        let named = self.stands.iter().filter(|(recorded, _)| recorded.starts_with('{'));
        named.fold(text.to_owned(), |text, (recorded, stands)| text.replace(recorded, stands))
    }

    fn path(&mut self, path: &str) -> String {
        let is_end = |char: char| matches!(char, '/' | '?' | '&' | '=');
        let parts = path.split_inclusive(is_end);
        parts
            .map(|part| {
                let end = part.len() - usize::from(part.ends_with(is_end));
                format!("{}{}", self.text(&part[..end]), &part[end..])
            })
            .collect()
    }

    /// A new id of the same kind; one that carries a time moves with the session.
    fn mint(&self, id: Uuid) -> Uuid {
        if id.get_version_num() != 7 {
            return Builder::from_random_bytes(rand::random()).into_uuid();
        }
        let millis = ids::embedded_ms(id.as_bytes()) + self.later / 1_000_000;
        Builder::from_unix_timestamp_millis(u64::try_from(millis).unwrap_or_default(), &rand::random()).into_uuid()
    }

    /// Notes what an answer brought where the recorded one brought something.
    fn learn(&mut self, recorded: &Value, brought: &Value) {
        match (recorded, brought) {
            (Value::String(recorded), Value::String(brought)) => {
                self.stands.insert(recorded.clone(), brought.clone());
            }
            (Value::Object(recorded), Value::Object(brought)) => {
                for (key, recorded) in recorded {
                    self.learn(recorded, brought.get(key).unwrap_or(&Value::Null));
                }
            }
            (Value::Array(recorded), Value::Array(brought)) => {
                recorded.iter().zip(brought).for_each(|(recorded, brought)| self.learn(recorded, brought));
            }
            _ => {}
        }
    }
}

/// The newest time in a body.
fn newest(value: &Value) -> Option<Time> {
    match value {
        Value::String(text) => time(text).map(|(time, ..)| time),
        Value::Array(list) => list.iter().filter_map(newest).max(),
        Value::Object(map) => map.values().filter_map(newest).max(),
        _ => None,
    }
}

fn id(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// A time with its decimals and what follows them.
fn time(text: &str) -> Option<(Time, u8, &str)> {
    if !text.is_ascii() || text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    let rest = text.get(19..)?;
    let decimals = rest.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let zone = &rest[if decimals == 0 { 0 } else { decimals + 1 }..];
    Some((Time::parse_lenient(text)?, u8::try_from(decimals).ok()?, zone))
}

/// The same time so much later, spelled the same way.
fn moved(text: &str, later: i64) -> Option<String> {
    let (time, decimals, zone) = time(text)?;
    let utc = time.plus(later).rfc3339(decimals);
    Some(match zone {
        "" | "+00:00" => format!("{}{zone}", utc.trim_end_matches('Z')),
        _ => utc,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const V4: &str = "cc047292-1458-468b-80eb-02bdbbcb9674";
    const V7: &str = "01a1fba9-b442-706a-888f-b0c0220b2677";

    fn fresh(later_s: i64) -> Fresh {
        Fresh { later: later_s * 1_000_000_000, stands: HashMap::from([("{key}".to_owned(), "sg_1".to_owned())]) }
    }

    #[test]
    fn an_id_is_new_and_the_same_wherever_it_stands() {
        let mut fresh = fresh(3_600);
        let body = fresh.value(&json!({"id": V7, "spans": [{"trace_id": V7, "id": V4}]}));
        let (v7, v4) = (body["id"].as_str().unwrap(), body["spans"][0]["id"].as_str().unwrap());
        assert_eq!(body["spans"][0]["trace_id"], v7);
        assert_ne!((v7, v4), (V7, V4));
        let (v7, v4) = (Uuid::try_parse(v7).unwrap(), Uuid::try_parse(v4).unwrap());
        assert_eq!((v7.get_version_num(), v4.get_version_num()), (7, 4));
        assert_eq!(ids::embedded_ms(v7.as_bytes()), 0x01a1_fba9_b442 + 3_600_000);
        assert_eq!(fresh.path(&format!("/traces/{V4}/spans?of={V7}")), format!("/traces/{v4}/spans?of={v7}"));
    }

    #[test]
    fn times_move_and_keep_their_spelling() {
        for (recorded, later) in [
            ("2026-11-21T01:12:45.378729Z", "2026-11-21T01:13:45.378729Z"),
            ("2026-11-21T01:12:45.3+00:00", "2026-11-21T01:13:45.3+00:00"),
            ("2026-11-21T01:12:45", "2026-11-21T01:13:45"),
            ("2026-11-21T03:12:45+02:00", "2026-11-21T01:13:45Z"),
            ("2026-11-21", "2026-11-21"),
            ("Tuesday in Tromsø", "Tuesday in Tromsø"),
        ] {
            assert_eq!(fresh(60).text(recorded), later);
        }
    }

    #[test]
    fn what_an_answer_brought_is_sent_back() {
        let mut fresh = fresh(0);
        fresh.learn(&json!({"id": V4, "token": "{token}"}), &json!({"id": "p-1", "token": "eyJ"}));
        assert_eq!(fresh.path(&format!("/projects/{V4}/traces")), "/projects/p-1/traces");
        assert_eq!(fresh.text("Bearer {token}"), "Bearer eyJ");
        assert_eq!(fresh.text("{key}"), "sg_1");
    }
}
