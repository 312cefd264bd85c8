//! A trace as it was sent, and as each vendor answers a read of it now.

use std::time::Duration;

use futures::future::join_all;

use super::Explainer;
use super::Outlet;
use super::find::Held;
use crate::contract::Documents;
use crate::contract::Explanation;
use crate::contract::Outward;
use crate::contract::Page;
use crate::contract::Request;
use crate::contract::Wanted;
use crate::pipeline::deliver::Client;

/// How long one vendor may take for all its answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most of one answer that is told, in bytes.
const PAGE: usize = 256 * 1024;

impl Explainer {
    pub(super) async fn fetch(&self, found: &Explanation) -> Result<Documents, String> {
        let held = self.find(&found.id, Some(&found.project)).map_err(super::unreadable)?;
        let Some(held) = held.into_iter().next() else { return Err("it is not held any more".to_owned()) };
        let mut asked = Vec::new();
        for (outlet, route) in self.routed(&held.project) {
            let there =
                found.destinations.iter().any(|arrival| *arrival.destination == *outlet.name && arrival.shown > 0);
            if let (true, Some(client)) = (there, outlet.client()) {
                let out = self.outward(&held, outlet, route).map_err(super::unreadable)?;
                asked.push(ask(outlet, client, &held, out));
            }
        }
        Ok(Documents { sent: held.view.print(), shown: join_all(asked).await.into_iter().collect() })
    }
}

/// What a destination answers to the reads of a trace, or why it does not.
async fn ask(outlet: &Outlet, client: &Client, held: &Held, mut out: Outward) -> (String, Vec<Page>) {
    let mut pages = Vec::new();
    let asking = async {
        out.known = match client.learn(&out.project).await {
            Ok(known) => known,
            Err((_, why)) => return pages.push(unanswered(String::new(), why)),
        };
        let trace = outlet.dialect.show_id(held.id, held.id, &out);
        let wanted = Wanted { trace: Some(trace), span: None, project: out.project.clone(), in_stream: false };
        for request in outlet.dialect.read(&wanted, &out.known) {
            pages.push(page(client, &request).await);
        }
    };
    if tokio::time::timeout(PATIENCE, asking).await.is_err() {
        pages.push(unanswered(String::new(), format!("no answer within {} s", PATIENCE.as_secs())));
    }
    (outlet.name.to_string(), pages)
}

async fn page(client: &Client, request: &Request) -> Page {
    let call = format!("{} {}", request.method, request.path);
    match client.read(request).await {
        Ok(answer) => Page { call, status: Some(answer.status), text: indented(&answer.body) },
        Err(why) => unanswered(call, why),
    }
}

fn unanswered(call: String, text: String) -> Page {
    Page { call, status: None, text }
}

/// A body for people: JSON is indented, and what is too long is cut where a character ends.
fn indented(body: &[u8]) -> String {
    let value: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let pretty = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
    let mut text = pretty.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    if text.len() > PAGE {
        let cut = text.len() - PAGE;
        text.truncate(text.floor_char_boundary(PAGE));
        text.push_str(&format!("\n… and {cut} bytes more"));
    }
    text
}
