//! The process and its directory: stops, two at once, and a directory of another version.

use futures::future::join_all;
use rusqlite::Connection;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::alarmed;
use super::all_shown;
use super::dies;
use super::named;
use super::send;
use super::told;
use crate::support::Plan;
use crate::support::Process;
use crate::support::Setup;
use crate::support::VENDORS;
use crate::support::eventually;

/// What is on its way in is finished and answered, nobody new is let in, what is on its way out is
/// finished or sent again.
#[tokio::test(flavor = "multi_thread")]
async fn sigterm_in_flight() {
    let mut site = Setup::to(&VENDORS).start().await;
    for vendor in VENDORS {
        site.vendor(vendor).fault(&json!({"delay_ms": 1500, "count": 0})).await;
    }
    let mut plans = send(&site, &["a", "b"]).await;
    let last = Plan::whole("last");
    let (head, body) = last.steps[0].raw(&site.client());
    let mut stream = TcpStream::connect(site.data()).await.unwrap();
    let (first, second) = body.split_at(body.len() / 2);
    stream.write_all(&[head.as_bytes(), first].concat()).await.unwrap();
    let waits = |standing: &Value| standing["in_flight"] != 0;
    let what = "waiting for its answer";
    join_all(VENDORS.map(|vendor| told(&site, vendor, what, waits, "spangate_in_flight", ""))).await;
    let process = site.process.take().unwrap();
    process.terminate();
    eventually("nobody is let in", async || TcpStream::connect(site.data()).await.is_err().then_some(())).await;
    stream.write_all(second).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 204"), "{}", String::from_utf8_lossy(&answer));
    let status = process.ended().await;
    assert!(status.success(), "{status}");
    for vendor in VENDORS {
        site.vendor(vendor).clear_faults().await;
    }
    site.open().await;
    site.client().step(&last.steps[1]).await;
    plans.push(last);
    for vendor in VENDORS {
        all_shown(&site, vendor, &plans).await;
    }
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_one_directory() {
    let site = Setup::to(&["opik"]).start().await;
    let other = site.second_config();
    let second = Process::start(&other);
    let log = other.with_extension("log");
    let status = second.ended().await;
    assert_eq!(status.code(), Some(3), "{status}");
    let said = std::fs::read_to_string(log).unwrap();
    assert!(said.contains("is in use by another process"), "{said}");
    let running = |standing: &Value| standing["state"] == "running";
    told(&site, "opik", "running", running, "spangate_condition", "condition=\"running\"").await;
    let plans = send(&site, &["a"]).await;
    all_shown(&site, "opik", &plans).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn downgrade_of_the_binary() {
    let mut site = Setup::to(&["opik"]).start().await;
    let plans = send(&site, &["a"]).await;
    site.settled().await;
    site.stop().await;
    let format = |set: Option<i64>| {
        let ledger = Connection::open(site.ledger().join("ledger.db")).unwrap();
        let held: i64 = ledger.query_row("SELECT v FROM meta WHERE k = 'format'", [], |row| row.get(0)).unwrap();
        if let Some(format) = set {
            // It stands in two places, so that a flipped bit is not taken for a newer version.
            ledger.execute("UPDATE meta SET v = ?1 WHERE k = 'format'", [format]).unwrap();
            ledger.pragma_update(None, "user_version", format).unwrap();
        }
        held
    };
    let ours = format(Some(9_999));
    let status = Process::start(&site.write_config()).ended().await;
    assert_eq!(status.code(), Some(5), "{status}");
    let said = site.log();
    assert_eq!((site.admin("/metrics").await, site.admin("/api/destinations").await), (None, None));
    assert!(said.contains("has format 9999, this spangate knows up to"), "{said}");
    assert_eq!(format(Some(ours)), 9_999);
    site.open().await;
    all_shown(&site, "opik", &plans).await;
    site.close().await;
}

/// A destination that is taken out of the configuration keeps its place, with an alarm at every start: what
/// waited goes out when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn destination_removed_with_a_backlog() {
    let mut site = Setup::to(&["pandaprobe", "opik"]).start().await;
    site.vendor("opik").broken(json!({"status": 503})).await;
    let mut plans = send(&site, &["a", "b"]).await;
    named(&site, &mut plans, "opik", "failing", "503").await;
    site.stop().await;
    site.reconfigure(|setup| setup.without("opik"));
    site.open().await;
    assert_eq!(site.standings().await.into_keys().collect::<Vec<_>>(), ["pandaprobe"]);
    alarmed(&site, "removed", "spangate_ledger_records", "").await;
    let (_, alarms) = site.admin("/api/alarms").await.unwrap();
    assert!(alarms.contains(" items for opik; put them back, or give that up with `"), "{alarms}");
    plans.extend(send(&site, &["c"]).await);
    dies(&mut site).await;
    alarmed(&site, "removed", "spangate_ledger_records", "").await;
    site.stop().await;
    assert_eq!(site.vendor("opik").traces().await, Vec::<Value>::new());
    site.vendor("opik").clear_faults().await;
    site.reconfigure(|setup| setup.and("opik"));
    site.open().await;
    for vendor in ["opik", "pandaprobe"] {
        all_shown(&site, vendor, &plans).await;
    }
    assert_eq!(site.admin("/api/alarms").await.unwrap().1, "[]");
    site.close().await;
}
