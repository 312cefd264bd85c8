//! A vendor does not answer, or not with an answer: everything waits, the others notice nothing.

use serde_json::Value;
use serde_json::json;

use super::all_shown;
use super::has_all;
use super::named;
use super::send;
use super::told;
use super::told_error;
use crate::support::Setup;
use crate::support::VENDORS;
use crate::support::tls;

/// Egress that loses patience soon.
const IMPATIENT: &str = "egress = { requests_per_minute = 600000, scores_per_minute = 600000, timeout = \"700ms\" }";

/// Whatever is in its way, a vendor gets everything afterwards and the healthy one is not kept waiting.
async fn waits_out(fault: Value, state: &str, words: &str) {
    let setup = Setup::to(&VENDORS).destination("opik", IMPATIENT);
    let site = setup.start().await;
    site.vendor("opik").broken(fault).await;
    let mut plans = send(&site, &["a", "b"]).await;
    named(&site, &mut plans, "opik", state, words).await;
    for healthy in ["galileo", "pandaprobe"] {
        has_all(&site, healthy, &plans).await;
    }
    site.vendor("opik").clear_faults().await;
    plans.extend(send(&site, &["last"]).await);
    for vendor in VENDORS {
        all_shown(&site, vendor, &plans).await;
    }
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_5xx() {
    waits_out(json!({"status": 503}), "failing", "503").await;
}

/// A proxy's page where the vendor's answer should be, with a header that says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn vendor_5xx_of_a_proxy() {
    let page = "<html><body>502 Bad Gateway</body></html>";
    waits_out(json!({"status": 502, "body": page, "retry_after": "soon"}), "failing", "502").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_reset() {
    waits_out(json!({"drop": true}), "failing", "connection").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_reset_within_the_answer() {
    waits_out(json!({"status": 500, "body": "a long story", "cut": 3}), "failing", "500").await;
}

/// A byte now and then, so that no single read takes long.
#[tokio::test(flavor = "multi_thread")]
async fn slow_loris_vendor() {
    waits_out(json!({"status": 500, "body": "a long story, slowly told", "drip_ms": 400}), "failing", "500").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_never_answers() {
    waits_out(json!({"hang": true}), "failing", "timed out").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_refused() {
    let mut site = Setup::to(&VENDORS).start().await;
    site.vendors_go().await;
    let mut plans = send(&site, &["a", "b"]).await;
    for vendor in VENDORS {
        named(&site, &mut plans, vendor, "failing", "refused").await;
    }
    site.vendors_come().await;
    site.vendor("pandaprobe").settings(&json!({"rate_limit_per_minute": null})).await;
    for vendor in VENDORS {
        all_shown(&site, vendor, &plans).await;
    }
    site.close().await;
}

/// The work is done and no answer comes: the same is sent again, and shows once.
#[tokio::test(flavor = "multi_thread")]
async fn vendor_timeout_after_it_accepted() {
    let mut setup = Setup::to(&VENDORS);
    for vendor in VENDORS {
        setup = setup.destination(vendor, IMPATIENT);
    }
    let site = setup.start().await;
    for vendor in VENDORS {
        let path = if vendor == "opik" { "batch" } else { "traces" };
        site.vendor(vendor).broken(json!({"hang": true, "after": true, "method": "POST", "path": path})).await;
    }
    let mut plans = send(&site, &["a", "b"]).await;
    for vendor in VENDORS {
        named(&site, &mut plans, vendor, "failing", "timed out").await;
        told_error(&site, vendor, "timed out", "spangate_vendor_errors_total", "kind=\"timeout\"").await;
    }
    for vendor in VENDORS {
        site.vendor(vendor).clear_faults().await;
    }
    for vendor in VENDORS {
        all_shown(&site, vendor, &plans).await;
    }
    site.close().await;
}

/// An answer that never ends costs neither memory nor patience.
#[tokio::test(flavor = "multi_thread")]
async fn endless_answer() {
    let site = Setup::to(&["opik"]).destination("opik", IMPATIENT).start().await;
    let endless = json!({"status": 500, "body": "{", "content_type": "application/json", "filler": u64::MAX / 2});
    site.vendor("opik").broken(endless).await;
    let mut plans = send(&site, &["a"]).await;
    named(&site, &mut plans, "opik", "failing", "500").await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let peak = site.process.as_ref().unwrap().memory("VmHWM");
    assert!(peak < 200.0, "{peak:.0} MB were needed to read an endless answer");
    site.vendor("opik").clear_faults().await;
    all_shown(&site, "opik", &plans).await;
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dns_failure() {
    let setup = Setup::to(&["opik", "pandaprobe"]).base("opik", "http://no-such-host.internal:8080");
    let mut site = setup.start().await;
    let mut plans = send(&site, &["a"]).await;
    named(&site, &mut plans, "opik", "failing", "dns").await;
    told_error(&site, "opik", "dns", "spangate_vendor_errors_total", "kind=\"connect\"").await;
    has_all(&site, "pandaprobe", &plans).await;
    let there = format!("http://{}/opik", site.vendors());
    site.stop().await;
    site.reconfigure(|setup| setup.base("opik", &there));
    site.open().await;
    all_shown(&site, "opik", &plans).await;
    site.close().await;
}

/// A certificate that nobody should trust is not trusted, and nothing is said in clear instead.
#[tokio::test(flavor = "multi_thread")]
async fn tls_failure() {
    let mut site = Setup::to(&["opik"]).start().await;
    site.stop().await;
    let door = tls::expired(site.vendors()).await;
    site.reconfigure(|setup| setup.base("opik", &format!("https://{door}/opik")));
    site.open().await;
    let mut plans = send(&site, &["a"]).await;
    named(&site, &mut plans, "opik", "failing", "certificate").await;
    told_error(&site, "opik", "certificate", "spangate_vendor_errors_total", "kind=\"tls\"").await;
    let unreachable = |standing: &Value| standing["alarms"][0]["kind"] == "unreachable";
    told(&site, "opik", "unreachable", unreachable, "spangate_alarm", "kind=\"unreachable\"").await;
    assert_eq!(site.vendor("opik").writes().await, Vec::<Value>::new());
    site.stop().await;
    let plain = format!("http://{}/opik", site.vendors());
    site.reconfigure(|setup| setup.base("opik", &plain));
    site.open().await;
    all_shown(&site, "opik", &plans).await;
    site.close().await;
}
