//! One rich trace in each dialect, as its own SDK sends it, and what each vendor shows of it.
//!
//! Three sources, three targets. What is expected is written out whole, less nulls and what the
//! vendor itself makes up; it follows `wire/otlp.md` §4.2–§4.4.

mod galileo;
mod opik;
mod pandaprobe;

use serde_json::Value;
use serde_json::json;

use crate::support::Client;
use crate::support::Setup;
use crate::support::Site;
use crate::support::bare;

const VENDORS: [&str; 3] = ["opik", "galileo", "pandaprobe"];

/// A site whose one project goes to all three.
async fn site() -> Site {
    Setup::new(&[("checkout", &VENDORS)]).every_route("flush = { quiet = \"300ms\" }").start().await
}

/// The one trace that a vendor shows, once everything is settled.
async fn shown(site: &Site, vendor: &str) -> Value {
    site.settled().await;
    let traces = site.vendor(vendor).traces().await;
    assert_eq!(traces.len(), 1, "{vendor} shows {traces:#?}");
    bare(&traces[0])
}

/// A client project and its log stream `default`, as Galileo's SDKs ask for them.
async fn galileo_home(client: &Client, name: &str) -> (String, String) {
    let project = client.must(200, "POST", "/projects", &json!({"name": name, "type": "gen_ai"})).await;
    let project = project["id"].as_str().unwrap().to_owned();
    let path = format!("/projects/{project}/log_streams");
    let stream = client.must(200, "POST", &path, &json!({"name": "default"})).await;
    (project, stream["id"].as_str().unwrap().to_owned())
}

/// A document written out in a test.
fn literal(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
