//! The disk is full, or gives back what was not written.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;

use rusqlite::Connection;
use serde_json::Value;
use serde_json::json;

use super::alarmed;
use super::all_shown;
use super::named;
use super::send;
use super::told;
use crate::support::Plan;
use crate::support::Setup;
use crate::support::eventually;
use crate::support::oracle;

/// New requests are told to come back, before anything of them is kept; what is kept goes on being
/// delivered, and when there is room again nobody has to start anything.
#[tokio::test(flavor = "multi_thread")]
async fn disk_full() {
    let Some(volume) = Volume::mount("64m") else {
        println!("skipped: a tmpfs cannot be mounted here");
        return;
    };
    let setup = Setup::to(&["opik"]).ledger_in(&volume.0).reserve("24MiB");
    let site = setup.start().await;
    site.vendor("opik").broken(json!({"status": 503})).await;
    let mut plans = send(&site, &["a", "b"]).await;
    let ballast = volume.0.join("ballast");
    std::fs::write(&ballast, vec![1; 40 << 20]).unwrap();
    let client = site.client();
    let refused = Plan::whole("refused");
    let step = &refused.steps[0];
    // Until it has looked at the disk again, the gateway takes what comes.
    eventually("what takes nothing is not ready", async || {
        let (status, _) = site.admin("/readyz").await.unwrap();
        (status == 503).then_some(())
    })
    .await;
    let (status, _) = client.once(step.method, &step.path, &step.body).await.unwrap();
    assert_eq!(status, 429);
    alarmed(&site, "ledger", "spangate_refused_total", "reason=\"disk_full\"").await;
    let waits = |standing: &Value| standing["pending"] == 6 && standing["alarms"] == json!([]);
    told(&site, "opik", "waiting", waits, "spangate_backlog_items", "").await;
    site.vendor("opik").clear_faults().await;
    eventually("what is kept is delivered", async || (site.counts("opik").await.0 >= 6).then_some(())).await;
    std::fs::remove_file(&ballast).unwrap();
    client.send(&refused).await;
    plans.push(refused);
    site.settled().await;
    oracle::nothing_is_lost(&site, "opik", &plans).await;
    site.ready().await;
    site.close().await;
}

/// One record is not what was written: it is put aside and counted, the others go out.
#[tokio::test(flavor = "multi_thread")]
async fn record_corrupt() {
    let mut site = Setup::to(&["opik"]).start().await;
    site.vendor("opik").broken(json!({"status": 503})).await;
    let plans = send(&site, &["a", "b", "c"]).await;
    site.kill();
    {
        let ledger = Connection::open(site.ledger().join("ledger.db")).unwrap();
        let rotten = "UPDATE records SET env = zeroblob(length(env)) WHERE seq = (SELECT MIN(seq) + 2 FROM records)";
        assert_eq!(ledger.execute(rotten, []).unwrap(), 1);
    }
    site.vendor("opik").clear_faults().await;
    site.open().await;
    site.settled().await;
    let shown = oracle::glimpses(&site, "opik").await;
    for plan in [&plans[0], &plans[2]] {
        assert_eq!(shown[&plan.name]["spans"]["lookup"]["output"], "3 degrees", "{}", plan.name);
    }
    let standing = site.stands("opik", "settled", |standing| standing["pending"] == 0).await;
    assert_eq!((&standing["delivered"], &standing["quarantined"]), (&json!(7), &json!(2)), "{standing:#}");
    alarmed(&site, "quarantined", "spangate_ledger_quarantined_records", "").await;
    let counts = |standing: &Value| standing["quarantined"] == 2;
    told(&site, "opik", "quarantined", counts, "spangate_items", "outcome=\"quarantined\"").await;
    let plans = send(&site, &["d"]).await;
    site.vendor("opik")
        .shows("the next one", |traces| traces.iter().any(|one| one["trace"]["name"] == plans[0].name))
        .await;
    site.close().await;
}

/// The file is damaged as a whole: what can be read of it goes on, the rest is named until somebody has
/// looked.
#[tokio::test(flavor = "multi_thread")]
async fn ledger_file_damaged() {
    let mut site = Setup::to(&["opik"]).start().await;
    site.vendor("opik").broken(json!({"status": 503})).await;
    let mut plans = send(&site, &["a", "b", "c"]).await;
    site.stop().await;
    let file = OpenOptions::new().write(true).open(site.ledger().join("ledger.db")).unwrap();
    file.write_all_at(&[0xff; 4_096], 0).unwrap();
    site.open().await;
    alarmed(&site, "salvaged", "spangate_ledger_salvages", "").await;
    named(&site, &mut plans, "opik", "failing", "503").await;
    std::fs::remove_file(site.ledger().join("ledger.corrupt-1.db")).unwrap();
    site.stands("opik", "without the alarm", |standing| standing["gateway_alarms"] == json!([])).await;
    site.vendor("opik").clear_faults().await;
    all_shown(&site, "opik", &plans).await;
    site.close().await;
}

/// The power fails, and the disk had only said that it wrote: what is missing is counted and told, and what
/// comes afterwards goes on.
#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_records_are_missing() {
    let mut site = Setup::to(&["opik"]).start().await;
    site.vendor("opik").broken(json!({"status": 503})).await;
    let mut plans = send(&site, &["before"]).await;
    // A good stop brings everything from the log into the file.
    site.stop().await;
    site.open().await;
    let mark = || std::fs::read(site.ledger().join("ledger.hwm")).unwrap();
    let before = mark();
    eventually("the high-water mark is raised", async || {
        send(&site, &["gone"]).await;
        (mark() != before).then_some(())
    })
    .await;
    site.kill();
    OpenOptions::new().write(true).open(site.ledger().join("ledger.db-wal")).unwrap().set_len(0).unwrap();
    site.open().await;
    alarmed(&site, "lost", "spangate_ledger_lost_records", "").await;
    named(&site, &mut plans, "opik", "failing", "503").await;
    site.vendor("opik").clear_faults().await;
    site.settled().await;
    oracle::nothing_is_lost(&site, "opik", &plans).await;
    site.close().await;
}

/// A small volume of its own, unmounted at the end.
struct Volume(PathBuf);

impl Volume {
    fn mount(size: &str) -> Option<Self> {
        let at = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
        let size = format!("size={size}");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at)).then_some(Self(at))
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        run(Command::new("umount").arg("--lazy").arg(&self.0));
        let _ = std::fs::remove_dir(&self.0);
    }
}

fn run(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
