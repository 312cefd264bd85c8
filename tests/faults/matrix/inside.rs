//! What happens to the gateway from within: its clock jumps, its own code panics.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use axum::Router;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;
use spangate::canonical::Id;
use spangate::canonical::Item;
use spangate::canonical::View;
use spangate::contract::Answer;
use spangate::contract::Call;
use spangate::contract::Credential;
use spangate::contract::Decoded;
use spangate::contract::Dialect;
use spangate::contract::DialectInfo;
use spangate::contract::Doors;
use spangate::contract::Known;
use spangate::contract::Outward;
use spangate::contract::Plan as Planned;
use spangate::contract::Refusal;
use spangate::contract::Request;
use spangate::contract::SdkEnvironment;
use spangate::contract::Seed;
use spangate::contract::VendorProject;
use spangate::contract::Verdict;
use spangate::contract::Wanted;
use spangate::contract::Write;
use spangate::dialects::DIALECTS;

use super::alarmed;
use super::all_shown;
use super::named;
use super::send;
use super::told_error;
use crate::support::Inside;
use crate::support::Setup;
use crate::support::Site;
use crate::support::VENDORS;

const HOUR: i64 = 3_600;
const YEARS: i64 = 10 * 365 * 24 * HOUR;

/// The clock jumps while everything waits for its next try.
async fn clock_jumps(seconds: i64) {
    let mut site = Setup::to(&VENDORS).start().await;
    let inside = Inside::instead(&mut site, DIALECTS.to_vec()).await;
    for vendor in VENDORS {
        site.vendor(vendor).broken(json!({"status": 503})).await;
    }
    let mut plans = send(&site, &["before"]).await;
    for vendor in VENDORS {
        named(&site, &mut plans, vendor, "failing", "503").await;
    }
    inside.jump(seconds);
    alarmed(&site, "clock", "spangate_clock_jumps_total", "").await;
    for vendor in VENDORS {
        told_error(&site, vendor, "503", "spangate_backlog_items", "").await;
    }
    for vendor in VENDORS {
        site.vendor(vendor).clear_faults().await;
    }
    plans.extend(send(&site, &["after"]).await);
    for vendor in VENDORS {
        all_shown(&site, vendor, &plans).await;
    }
    inside.stop().await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clock_jumps_an_hour_ahead() {
    clock_jumps(HOUR).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clock_jumps_an_hour_back() {
    clock_jumps(-HOUR).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clock_jumps_ten_years_ahead() {
    clock_jumps(YEARS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clock_jumps_ten_years_back() {
    clock_jumps(-YEARS).await;
}

/// Planning one trace panics: the others of its batch go out, it is given up with that reason, and the
/// process lives.
#[tokio::test(flavor = "multi_thread")]
async fn poison_record_panics_adapter() {
    let mut site = Setup::to(&["opik", "pandaprobe"]).start().await;
    let dialects = DIALECTS.iter().map(|inner| match inner.info().name {
        "opik" => Box::leak(Box::new(Explosive(*inner))) as &'static dyn Dialect,
        _ => *inner,
    });
    let inside = Inside::instead(&mut site, dialects.collect()).await;
    // Nothing goes out before all of it is there: alone, the spans would.
    order(&site, "pause").await;
    let plans = send(&site, &["a", "poison", "b"]).await;
    let waits = |standing: &Value| standing["pending"] == 9 && standing["unread"] == 0;
    site.stands("opik", "waiting with all of it", waits).await;
    order(&site, "resume").await;
    let poisoned = |standing: &Value| standing["dead"] == 3 && standing["pending"] == 0;
    let standing = site.stands("opik", "without the poisoned trace", poisoned).await;
    assert_eq!((&standing["delivered"], &standing["parked"]), (&json!(6), &json!(1)), "{standing:#}");
    told_error(&site, "opik", "our own translation", "spangate_items", "outcome=\"dead\"").await;
    assert_eq!(site.vendor("opik").traces().await.len(), 2);
    all_shown(&site, "pandaprobe", &plans).await;
    inside.stop().await;
    site.close().await;
}

/// Tells the gateway to pause or resume Opik.
async fn order(site: &Site, verb: &str) {
    let (status, text) = site.command(&format!("/api/destinations/opik/{verb}"), &json!({})).await;
    assert_eq!(status, 200, "{text}");
}

/// A dialect that panics at a trace called `poison`.
struct Explosive(&'static dyn Dialect);

impl Dialect for Explosive {
    fn plan(&self, view: &View, shown: Option<&View>, out: &Outward) -> Planned {
        let poison = view.trace.as_ref().is_some_and(|trace| format!("{trace:?}").contains("\"poison\""));
        assert!(!poison, "this trace is poison");
        self.0.plan(view, shown, out)
    }

    fn info(&self) -> &'static DialectInfo {
        self.0.info()
    }

    fn environment(&self, base: &str, key: &str) -> Vec<SdkEnvironment> {
        self.0.environment(base, key)
    }

    fn prefixes(&self) -> &'static [&'static str] {
        self.0.prefixes()
    }

    fn open_routes(&self) -> Router<Doors> {
        self.0.open_routes()
    }

    fn routes(&self) -> Router<Doors> {
        self.0.routes()
    }

    fn credential(&self, headers: &HeaderMap) -> Option<Credential> {
        self.0.credential(headers)
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        self.0.refuse(refusal)
    }

    fn decode(&self, call: &Call, seed: &Seed) -> Result<Decoded, Refusal> {
        self.0.decode(call, seed)
    }

    fn carve(&self, call: &Call, seed: &Seed, keep: &BTreeSet<u32>) -> Option<Bytes> {
        self.0.carve(call, seed, keep)
    }

    fn show_id(&self, id: Id, trace: Id, out: &Outward) -> String {
        self.0.show_id(id, trace, out)
    }

    fn pack(&self, writes: &[&Write]) -> Request {
        self.0.pack(writes)
    }

    fn verdict(&self, request: &Request, answer: &Answer) -> Verdict {
        self.0.verdict(request, answer)
    }

    fn look_up(&self, project: &VendorProject, known: &Known) -> Option<Request> {
        self.0.look_up(project, known)
    }

    fn learn(&self, project: &VendorProject, request: &Request, answer: &Answer, known: &mut Known) -> Verdict {
        self.0.learn(project, request, answer, known)
    }

    fn confirm(&self, write: &Write) -> Option<Request> {
        self.0.confirm(write)
    }

    fn confirmed(&self, write: &Write, answer: &Answer) -> bool {
        self.0.confirmed(write, answer)
    }

    fn authorize(&self, key: Option<&SecretString>, settings: &BTreeMap<String, String>) -> HeaderMap {
        self.0.authorize(key, settings)
    }

    fn read(&self, wanted: &Wanted, known: &Known) -> Vec<Request> {
        self.0.read(wanted, known)
    }

    fn read_answer(&self, wanted: &Wanted, answers: &[Answer], known: &Known) -> Result<Option<Vec<Item>>, String> {
        self.0.read_answer(wanted, answers, known)
    }
}
