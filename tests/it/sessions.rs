//! Galileo's sessions: one by external id, else one for each request; what is said of them is kept, and made
//! where a vendor has a place for it.

use serde_json::Value;
use serde_json::json;

use crate::support::Home;
use crate::support::Site;

const VENDORS: [&str; 3] = ["opik", "galileo", "pandaprobe"];

fn trace(nth: usize, home: &Home, session: (&str, &str)) -> Value {
    let trace = json!({"type": "trace", "id": format!("4b1c0f5d-2a6a-4b7f-9c3e-{nth:012}"), "name": format!("t{nth}"),
        "input": "q", "output": "a", "created_at": "2026-11-21T01:12:45Z"});
    json!({"log_stream_id": home.stream, "is_complete": true, session.0: session.1, "traces": [trace]})
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The sessions that a stand-in has.
async fn sessions(site: &Site, vendor: &str) -> Vec<Value> {
    let projects = site.past(vendor).must(200, "GET", "/projects?type=gen_ai", &Value::Null).await;
    let path = format!("/v2/projects/{}/sessions/search", text(&projects[0]["id"]));
    let found = site.past(vendor).must(200, "POST", &path, &json!({"filters": []})).await;
    found["records"].as_array().unwrap().clone()
}

/// By trace name: the session that each vendor shows.
async fn shown(site: &Site, vendor: &str) -> Vec<(String, String)> {
    let rows = site.vendor(vendor).traces().await;
    let row = |row: &Value| match vendor {
        "opik" => (text(&row["trace"]["name"]), text(&row["trace"]["thread_id"])),
        _ => (text(&row["name"]), text(&row["session_id"])),
    };
    let mut shown: Vec<_> = rows.iter().map(row).collect();
    shown.sort();
    shown
}

async fn search(site: &Site, home: &Home, column: &str, value: &str) -> Vec<Value> {
    let filter = json!({"type": "text", "name": column, "value": value, "operator": "eq"});
    let body = json!({"log_stream_id": home.stream, "filters": [filter]});
    let found = site.client("checkout").must(200, "POST", &home.path("sessions/search"), &body).await;
    found["records"].as_array().unwrap().clone()
}

async fn losses(site: &Site, destination: &str, field: &str) -> bool {
    let line = format!("spangate_losses_total{{destination=\"{destination}\",field=\"{field}\"}}");
    site.admin("/metrics").await.1.lines().any(|said| said.starts_with(&line))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sessions_of_one_name_stay_apart() {
    let site = Site::to(&VENDORS).await;
    let client = site.client("checkout");
    let home = client.galileo("web").await;
    let start = json!({"log_stream_id": home.stream, "name": "support chat"});
    let mut ids = Vec::new();
    for nth in 0..2 {
        let made = client.must(200, "POST", &home.path("sessions"), &start).await;
        assert_eq!((&made["name"], &made["external_id"]), (&json!("support chat"), &Value::Null));
        let id = text(&made["id"]);
        let answer = client.must(200, "POST", &home.path("traces"), &trace(nth, &home, ("session_id", &id))).await;
        assert_eq!(answer["session_id"], json!(id));
        let path = home.path(&format!("traces/4b1c0f5d-2a6a-4b7f-9c3e-{nth:012}"));
        assert_eq!(client.must(200, "GET", &path, &Value::Null).await["session_id"], json!(id));
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(search(&site, &home, "name", "support chat").await.len(), 2);
    assert_eq!(search(&site, &home, "external_id", "support chat").await, Vec::<Value>::new());
    site.settled().await;
    let expected = [("t0".to_owned(), ids[0].clone()), ("t1".to_owned(), ids[1].clone())];
    for vendor in ["opik", "pandaprobe"] {
        assert_eq!(shown(&site, vendor).await, expected, "{vendor}");
    }
    let there = sessions(&site, "galileo").await;
    let mut external: Vec<_> = there.iter().map(|session| text(&session["external_id"])).collect();
    external.sort();
    ids.sort();
    assert_eq!(external, ids);
    assert!(there.iter().all(|session| session["name"] == "support chat"), "{there:#?}");
    let shown = shown(&site, "galileo").await;
    assert_ne!(shown[0].1, shown[1].1);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_twice_is_one_session() {
    let mut site = Site::to(&["galileo"]).await;
    let home = site.client("checkout").galileo("web").await;
    let start = json!({"name": "support chat"});
    let mut ids = Vec::new();
    for request in ["a", "a", "b"] {
        let client = site.client("checkout").with("x-request-id", request);
        ids.push(text(&client.must(200, "POST", &home.path("sessions"), &start).await["id"]));
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
    site.restart().await;
    let held = search(&site, &home, "name", "support chat").await;
    let mut held: Vec<_> = held.iter().map(|session| text(&session["id"])).collect();
    ids.dedup();
    held.sort();
    ids.sort();
    assert_eq!(held, ids);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_a_session_is_kept_and_made_where_it_has_a_place() {
    let mut site = Site::to(&VENDORS).await;
    let client = site.client("checkout");
    let home = client.galileo("web").await;
    let first = client.must(200, "POST", &home.path("sessions"), &json!({"name": "first"})).await;
    let body = json!({"log_stream_id": home.stream, "name": "My Session", "external_id": "conv-77",
        "user_metadata": {"tier": "gold"}, "previous_session_id": first["id"]});
    let made = client.must(200, "POST", &home.path("sessions"), &body).await;
    assert_eq!((&made["name"], &made["previous_session_id"]), (&json!("My Session"), &first["id"]));
    site.restart().await;
    for (column, value) in [("external_id", "conv-77"), ("name", "My Session"), ("id", &text(&made["id"]))] {
        let found = search(&site, &home, column, value).await;
        assert_eq!(found.len(), 1, "{column}");
        let said = ["id", "name", "external_id", "user_metadata", "previous_session_id"].map(|key| &found[0][key]);
        let expected = [&made["id"], &json!("My Session"), &json!("conv-77"), &json!({"tier": "gold"}), &first["id"]];
        assert_eq!(said, expected, "{column}");
    }

    // Several traces at once, one of them by the external id.
    let client = site.client("checkout");
    let sends = (0..8).map(async |nth| {
        let id = text(&made["id"]);
        let session = if nth == 0 { ("session_external_id", "conv-77") } else { ("session_id", &*id) };
        client.must(200, "POST", &home.path("traces"), &trace(nth, &home, session)).await
    });
    futures::future::join_all(sends).await;
    site.settled().await;
    for vendor in ["opik", "pandaprobe"] {
        let shown = shown(&site, vendor).await;
        assert_eq!(shown.len(), 8);
        assert!(shown.iter().all(|(_, session)| session == "conv-77"), "{vendor}: {shown:?}");
        for field in ["session.name", "session.metadata", "session.previous"] {
            assert!(losses(&site, vendor, field).await, "{vendor} {field}");
            assert!(!losses(&site, "galileo", field).await, "galileo {field}");
        }
    }
    let there = sessions(&site, "galileo").await;
    assert_eq!(there.len(), 2, "{there:#?}");
    let own = there.iter().find(|session| session["external_id"] == "conv-77").unwrap();
    let before = there.iter().find(|session| session["name"] == "first").unwrap();
    assert_eq!((&own["name"], &own["user_metadata"]), (&json!("My Session"), &json!({"tier": "gold"})));
    assert_eq!((&own["previous_session_id"], &before["external_id"]), (&before["id"], &first["id"]));
    let shown = shown(&site, "galileo").await;
    assert!(shown.iter().all(|(_, session)| *session == text(&own["id"])), "{shown:?}");
    site.close().await;
}

/// A vendor that does not answer is asked again, one whose answer is lost gets no second session, and one
/// that refuses it gets the trace without it.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_cannot_be_made_is_waited_for_or_lost() {
    let site = Site::to(&["galileo"]).await;
    let client = site.client("checkout");
    let home = client.galileo("web").await;
    let faults = [
        ("searched", json!({"status": 503, "path": "sessions/search"})),
        ("unheard", json!({"status": 503, "path": "sessions", "skip": 1, "after": true})),
        ("refused", json!({"status": 422, "path": "sessions", "skip": 1})),
    ];
    for (nth, (session, fault)) in faults.iter().enumerate() {
        site.vendor("galileo").fault(fault).await;
        let body = json!({"name": session, "external_id": session});
        client.must(200, "POST", &home.path("sessions"), &body).await;
        let body = trace(nth, &home, ("session_external_id", session));
        client.must(200, "POST", &home.path("traces"), &body).await;
        site.settled().await;
        assert_eq!(losses(&site, "galileo", "session").await, *session == "refused");
    }
    let there = sessions(&site, "galileo").await;
    let mut named: Vec<_> =
        there.iter().map(|session| (text(&session["external_id"]), session["name"].clone())).collect();
    named.sort_by_key(|(external, _)| external.clone());
    let name = |name: &str| (name.to_owned(), json!(name));
    assert_eq!(named, [("refused".to_owned(), Value::Null), name("searched"), name("unheard")]);
    assert_eq!(site.vendor("galileo").traces().await.len(), 3);
    assert_eq!(site.counts("galileo"), (3, 3, 0, 0));
    site.close().await;
}
