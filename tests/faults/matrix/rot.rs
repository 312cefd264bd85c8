//! What the disk gives back is not what was written: of a record that is on its way, of a courier's notes, of
//! any table. A start needs no hand, nothing is called delivered that was not, and the books balance.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use rusqlite::Connection;
use serde_json::Value;
use serde_json::json;

use super::alarmed;
use super::all_shown;
use super::send;
use crate::support::Plan;
use crate::support::Setup;
use crate::support::Site;
use crate::support::oracle;

/// The size of a page of the ledger's file.
const PAGE: usize = 16_384;

/// Records rot after their couriers have noted them: what they held is quarantined at every destination, and
/// stays so; the rest goes out.
#[tokio::test(flavor = "multi_thread")]
async fn record_corrupt_once_noted() {
    for stops in [true, false] {
        let mut site = Setup::to(&["opik", "pandaprobe"]).start().await;
        let plans = all_wait(&site, &["opik", "pandaprobe"]).await;
        leave(&mut site, stops).await;
        // The spans of the second trace; all of the third.
        let rotten = "UPDATE records SET env = zeroblob(length(env)) WHERE seq IN (3, 5, 6)";
        assert_eq!(ledger(&site).execute(rotten, []).unwrap(), 3);
        for start in 1..=2 {
            site.open().await;
            for vendor in ["opik", "pandaprobe"] {
                site.vendor(vendor).clear_faults().await;
            }
            site.settled().await;
            for vendor in ["opik", "pandaprobe"] {
                let standing = site.stands(vendor, "settled", |standing| standing["pending"] == 0).await;
                let counts = ["accepted", "delivered", "dead", "quarantined"].map(|what| standing[what].clone());
                assert_eq!(counts, [9, 4, 0, 5].map(Value::from), "{vendor}, start {start}, stopped: {stops}");
                let shown = oracle::glimpses(&site, vendor).await;
                assert_eq!(shown[&plans[0].name]["spans"]["lookup"]["output"], "3 degrees", "{vendor}");
                let names: Vec<&String> = shown.keys().collect();
                assert_eq!(names, [&plans[0].name, &plans[1].name], "{vendor}");
            }
            alarmed(&site, "quarantined", "spangate_ledger_quarantined_records", "").await;
            leave(&mut site, stops).await;
        }
        site.close().await;
    }
}

/// A bit of a courier's note is another: its trace is not taken for shown.
#[tokio::test(flavor = "multi_thread")]
async fn note_of_a_courier_damaged() {
    let mut site = Setup::to(&["opik"]).start().await;
    let plans = all_wait(&site, &["opik"]).await;
    site.stop().await;
    // A digit of a number: what is written there can still be parsed.
    let rotten = "UPDATE open SET note = CAST(replace(CAST(note AS TEXT), '\"items\":3', '\"items\":1') AS BLOB)
        WHERE trace = (SELECT min(trace) FROM open)";
    assert_eq!(ledger(&site).execute(rotten, []).unwrap(), 1);
    site.open().await;
    alarmed(&site, "salvaged", "spangate_ledger_salvages", "").await;
    site.stands("opik", "told of the note", |standing| has_alarm(standing, "salvaged")).await;
    site.stands("opik", "waiting with everything", |standing| standing["pending"] == 9).await;
    assert!(site.log().contains("a courier's note cannot be read; its trace is looked at again"));
    site.vendor("opik").clear_faults().await;
    all_shown(&site, "opik", &plans).await;
    site.close().await;
}

/// Any table is lost, but that of the records: the next start goes on with everything that waits.
#[tokio::test(flavor = "multi_thread")]
async fn any_table_lost() {
    let mut site = Setup::to(&["opik"]).start().await;
    let plans = all_wait(&site, &["opik"]).await;
    site.stop().await;
    for table in tables(&ledger(&site)) {
        let root: usize = {
            let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
            ledger(&site).query_row(sql, [&table], |row| row.get::<_, u32>(0)).unwrap() as usize
        };
        let file = OpenOptions::new().write(true).open(site.ledger().join("ledger.db")).unwrap();
        file.write_all_at(&[0; PAGE], ((root - 1) * PAGE) as u64).unwrap();
        site.open().await;
        let waits = |standing: &Value| standing["pending"] == 9 && standing["accepted"] == 9;
        site.stands("opik", &format!("waiting without {table}"), waits).await;
        site.stop().await;
    }
    site.open().await;
    site.vendor("opik").clear_faults().await;
    all_shown(&site, "opik", &plans).await;
    site.close().await;
}

/// Sends three traces, and waits until their couriers have noted all of them and can send none.
async fn all_wait(site: &Site, vendors: &[&str]) -> Vec<Plan> {
    for vendor in vendors {
        site.vendor(vendor).broken(json!({"status": 503})).await;
    }
    let plans = send(site, &["a", "b", "c"]).await;
    for vendor in vendors {
        let noted = |standing: &Value| standing["pending"] == 9 && standing["unread"] == 0;
        site.stands(vendor, "waiting", noted).await;
    }
    plans
}

async fn leave(site: &mut Site, stops: bool) {
    if stops {
        site.stop().await;
    } else {
        site.kill();
    }
}

fn ledger(site: &Site) -> Connection {
    Connection::open(site.ledger().join("ledger.db")).unwrap()
}

fn tables(ledger: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'records' ORDER BY name";
    let mut query = ledger.prepare(sql).unwrap();
    query.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

fn has_alarm(standing: &Value, kind: &str) -> bool {
    standing["alarms"].as_array().unwrap().iter().any(|alarm| alarm["kind"] == kind)
}
