//! Dead letters: listed, shown, sent again, dropped.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::complaint;
use super::id;
use super::printed;
use super::run;
use super::send;
use super::spangate;
use super::trace;
use crate::support::Setup;
use crate::support::Site;
use crate::support::eventually;

/// A site whose PandaProbe has refused two traces.
async fn refused() -> Site {
    let site = Site::to(&["opik", "pandaprobe"]).await;
    site.vendor("pandaprobe").fault(&json!({"status": 400, "count": 0, "method": "POST"})).await;
    send(&site, &[trace(1, "first"), trace(2, "second")]).await;
    settled(&site, 2).await;
    site
}

/// Waits until everything was refused again: the letters are others than those.
async fn refused_again(site: &Site, before: &[u64]) {
    eventually("the letters are written anew", async || {
        let now = numbers(site).await;
        (now.len() == before.len() && now.iter().all(|number| !before.contains(number))).then_some(())
    })
    .await;
    site.settled().await;
}

/// The ids of all letters.
async fn numbers(site: &Site) -> Vec<u64> {
    let list = site.api("/api/dlq").await;
    list["letters"].as_array().unwrap().iter().map(|letter| letter["id"].as_u64().unwrap()).collect()
}

/// Waits until there are so many letters, and nothing else to do.
async fn settled(site: &Site, letters: u64) {
    site.settled().await;
    eventually("the letters are stored", async || {
        let list = site.api("/api/dlq").await;
        (list["total"] == letters).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_says_who_refused_what_and_why_and_holds_no_credential() {
    let mut site = refused().await;
    let list = site.api("/api/dlq").await;
    let letters = list["letters"].as_array().unwrap();
    assert_eq!((&list["total"], letters.len()), (&json!(2), 2));
    let mut traces: Vec<&str> = letters.iter().map(|letter| letter["trace"].as_str().unwrap()).collect();
    traces.sort_unstable();
    assert_eq!(traces, [id(1), id(2)]);
    let letter = &letters[0];
    for (key, value) in [
        ("destination", json!("pandaprobe")),
        ("project", json!("checkout")),
        ("items", json!(1)),
        ("status", json!(400)),
        ("attempts", json!(1)),
        ("state", json!("parked")),
    ] {
        assert_eq!(letter[key], value, "{key}: {letter}");
    }
    let number = letter["id"].as_u64().unwrap().to_string();
    let whole = site.api(&format!("/api/dlq/{number}")).await;
    assert!(whole["request"].as_str().unwrap().starts_with("POST /traces\n\n{"), "{whole}");
    assert_eq!(whole["records"][0]["call"], "POST /v1/private/traces/batch");
    let shown = printed(&spangate(&site, &["dlq", "show", &number]));
    assert!(shown.starts_with(&format!("dead letter {number}\n  refused by pandaprobe\n")), "{shown}");
    assert!(shown.contains("\nlast request\nPOST /traces\n\n{"), "{shown}");
    let listed = printed(&spangate(&site, &["dlq", "ls"]));
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let (_, page) = site.admin("/dlq").await;
    assert!(page.contains(&format!("<a href=\"/dlq/{number}\">{number}</a>")), "{page}");
    let (status, whole_page) = site.admin(&format!("/dlq/{number}")).await;
    assert_eq!(status, 200);
    let (_, trace_page) = site.admin(&format!("/t/{}", letter["trace"].as_str().unwrap())).await;
    assert!(trace_page.contains(&format!("<a href=\"/dlq/{number}\">{number}</a>")), "{trace_page}");
    for text in [&whole.to_string(), &shown, &listed, &page, &whole_page] {
        assert!(!text.contains("vendor-key"), "{text}");
    }

    // A stopped gateway's directory has them, too, and nothing can be done with them there.
    let dir = site.stop_gateway().await;
    let state = ["--state", dir.to_str().unwrap()];
    assert_eq!(printed(&run(&[&["dlq", "ls"], &state[..]].concat())), listed);
    assert_eq!(printed(&run(&[&["dlq", "show", &number], &state[..]].concat())), shown);
    assert_eq!(run(&[&["dlq", "replay"], &state[..]].concat()).status.code(), Some(2));
    site.start_gateway().await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_is_shown_or_refused_again() {
    let site = refused().await;
    let plan = printed(&spangate(&site, &["dlq", "replay", "--dry-run"]));
    assert_eq!(plan, "2 letters of 2 traces (pandaprobe 2): 2 items to be sent again\n");
    let before = numbers(&site).await;
    assert_eq!(before.len(), 2);

    let again = spangate(&site, &["dlq", "replay", "--destination", "pandaprobe", "--wait", "30", "--json"]);
    assert_eq!(again.status.code(), Some(1), "{}", complaint(&again));
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!((&again["items"], &again["after"]), (&json!(2), &json!({"shown": 0, "refused": 2, "waiting": 0})));
    refused_again(&site, &before).await;
    assert_eq!(site.counts("pandaprobe"), (2, 0, 2, 0));

    site.vendor("pandaprobe").clear_faults().await;
    let one = site.api("/api/dlq?limit=1").await["letters"][0].clone();
    let number = one["id"].as_u64().unwrap().to_string();
    let text = printed(&spangate(&site, &["dlq", "replay", "--id", &number, "--wait", "30"]));
    assert_eq!(
        text,
        "1 letter of 1 trace (pandaprobe 1): 1 item on the way again\n\
         then: 1 trace shown, 0 refused again, 0 still waiting\n"
    );
    let shown = site.vendor("pandaprobe").shows("one trace", |traces| traces.len() == 1).await;
    assert_eq!(shown[0]["trace_id"], one["trace"]);
    settled(&site, 1).await;
    let gone = spangate(&site, &["dlq", "show", &number]);
    assert_eq!(
        (gone.status.code(), complaint(&gone)),
        (Some(1), format!("spangate: there is no dead letter {number} (any more)\n"))
    );
    let (status, moved) = site.order("/api/dlq/replay", &json!({"filter": {}, "wait": 30})).await;
    assert_eq!((status, &moved["after"]["shown"]), (200, &json!(1)));
    settled(&site, 0).await;
    assert_eq!(site.counts("pandaprobe"), (2, 2, 0, 0));
    assert_eq!(printed(&spangate(&site, &["dlq", "ls"])), "no dead letters\n");
    assert_eq!(printed(&spangate(&site, &["dlq", "replay"])), "no dead letter matches\n");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_counts_as_expired() {
    let mut site = refused().await;
    let number = site.api("/api/dlq?limit=1").await["letters"][0]["id"].as_u64().unwrap().to_string();
    let plan = printed(&spangate(&site, &["dlq", "drop", "--id", &number, "--dry-run"]));
    assert_eq!(plan, "1 letter of 1 trace (pandaprobe 1): 1 item to be given up\n");
    let done = printed(&spangate(&site, &["dlq", "drop", "--id", &number]));
    assert_eq!(done, "1 letter of 1 trace (pandaprobe 1): 1 item given up\n");
    settled(&site, 1).await;
    let books = site.api("/api/books").await;
    let expected = json!({"destination": "pandaprobe", "accepted": 2, "delivered": 0, "dead": 1, "filtered": 0,
        "expired": 1, "quarantined": 0, "pending": 0, "balanced": true});
    assert_eq!(books[1], expected);

    // An operator's own doing is no alarm.
    let standing = site.api("/api/destinations").await;
    assert_eq!((&standing[1]["expired"], &standing[1]["alarms"]), (&json!(1), &json!([])));

    // All of them at once must be meant.
    let all = spangate(&site, &["dlq", "drop"]);
    assert_eq!(all.status.code(), Some(2));
    assert!(complaint(&all).contains("--all"), "{}", complaint(&all));
    let (status, why) = site.order("/api/dlq/drop", &json!({"filter": {"limit": 5}})).await;
    assert_eq!(status, 400, "{why}");
    let (status, why) = site.order("/api/dlq/drop", &json!({"filter": {"destinaton": "opik"}})).await;
    assert_eq!(status, 422, "{why}");
    assert_eq!(site.api("/api/dlq").await["total"], 1);
    assert!(printed(&spangate(&site, &["dlq", "drop", "--all"])).contains("1 item given up"));
    settled(&site, 0).await;
    site.restart().await;
    assert_eq!(site.api("/api/books").await[1]["expired"], 2);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_mean_what_they_say() {
    let site = refused().await;
    let list = site.api("/api/dlq").await;
    let [first, second] = [0, 1].map(|at| list["letters"][at]["id"].as_u64().unwrap());
    let found = async |query: &str| -> Vec<u64> {
        let list = site.api(&format!("/api/dlq?{query}")).await;
        list["letters"].as_array().unwrap().iter().map(|letter| letter["id"].as_u64().unwrap()).collect()
    };
    let none: [u64; 0] = [];
    assert_eq!(found("destination=opik").await, none);
    assert_eq!(found("destination=pandaprobe&project=checkout").await, [first, second]);
    assert_eq!(found("project=search").await, none);
    assert_eq!(found(&format!("ids={second},{first}")).await, [first, second]);
    assert_eq!(found(&format!("above={first}")).await, [second]);
    assert_eq!(found("limit=1").await, [first]);
    assert_eq!(found("since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z").await, none);
    assert_eq!(found("reason=nothing+of+the+kind").await, none);
    for (query, words) in
        [("ids=x", "ids are numbers"), ("since=yesterday", "since"), ("destinaton=opik", "destinaton")]
    {
        let (status, text) = site.admin(&format!("/api/dlq?{query}")).await;
        assert_eq!(status, 400, "{query}: {text}");
        assert!(text.contains(words), "{query}: {text}");
        assert_eq!(site.admin(&format!("/dlq?{query}")).await.0, 400);
    }
    let since = printed(&spangate(&site, &["dlq", "ls", "--since", "1h", "--reason", "400"]));
    assert_eq!(since.lines().count(), 2, "{since}");
    assert_eq!(printed(&spangate(&site, &["dlq", "ls", "--until", "1h"])), "no dead letters\n");
    assert_eq!(spangate(&site, &["dlq", "ls", "--since", "yesterday"]).status.code(), Some(2));
    site.close().await;
}

/// A letter holds its requests back until it is too old itself; then both go, and the books say so.
#[tokio::test(flavor = "multi_thread")]
async fn letters_are_kept_for_so_long_and_their_requests_with_them() {
    let site = refused().await;
    site.advance(Duration::from_secs(700 * 3_600));
    site.sweep_letters().await;
    settled(&site, 2).await;
    assert_eq!((site.sweep().await, site.counts("pandaprobe")), (1, (2, 0, 2, 0)));
    site.advance(Duration::from_secs(21 * 3_600));
    site.sweep_letters().await;
    settled(&site, 0).await;
    assert_eq!((site.sweep().await, site.counts("pandaprobe")), (0, (2, 0, 0, 0)));
    let standing = &site.api("/api/destinations").await[1];
    // Nobody has to come for what was looked at for a month.
    assert_eq!((&standing["expired"], &standing["alarms"]), (&json!(2), &json!([])), "{standing}");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_too_many_letters_the_oldest_go() {
    let site = Setup::new(&[("checkout", &["opik", "pandaprobe"])])
        .more("[ledger.dead_letters]\nage = \"1h\"\nsize = \"1500B\"")
        .start()
        .await;
    site.vendor("pandaprobe").fault(&json!({"status": 400, "count": 0, "method": "POST"})).await;
    for nth in 1..=4 {
        send(&site, &[trace(nth, &"long".repeat(100))]).await;
        settled(&site, u64::from(nth)).await;
    }
    site.sweep_letters().await;
    settled(&site, 2).await;
    let list = site.api("/api/dlq").await;
    let traces: Vec<&str> =
        list["letters"].as_array().unwrap().iter().map(|letter| letter["trace"].as_str().unwrap()).collect();
    assert_eq!(traces, [id(3), id(4)]);
    site.close().await;
}
