//! A client as SDKs are: it sends a vendor's own calls and repeats what was not answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use reqwest::Method;
use serde_json::Value;
use serde_json::json;

use super::PATIENCE;
use super::Plan;
use super::plan::Step;
use super::setup::key;

/// A client of the project. It presents its key wherever any vendor's clients put theirs.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    counts: Arc<Counts>,
}

/// How its requests fared.
#[derive(Default)]
pub(crate) struct Counts {
    /// Answered with success.
    pub(crate) acked: AtomicU64,
    /// Without an answer, so that nobody knows whether they were kept.
    pub(crate) unanswered: AtomicU64,
    /// Nobody listened.
    pub(crate) refused: AtomicU64,
    /// Answered 429 or 503.
    pub(crate) deferred: AtomicU64,
}

/// Where Galileo's clients write.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) project: String,
    pub(crate) stream: String,
}

impl Client {
    pub(super) fn new(at: SocketAddr) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self { http, base: format!("http://{at}"), counts: Arc::default() }
    }

    /// Where it sends to.
    pub(crate) fn host(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// How the requests of this client and its clones fared.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Sends a call once: status and body, or why there is no answer.
    pub(crate) async fn once(&self, method: &str, path: &str, body: &Value) -> reqwest::Result<(u16, Value)> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for header in ["authorization", "x-api-key", "galileo-api-key"] {
            request = request.header(header, key());
        }
        request = request.header("x-project-name", "web");
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Sends a call until it is answered with success; gives the body. Any other answer than that it
    /// should come again is a failure of the test.
    pub(crate) async fn until_acked(&self, method: &str, path: &str, body: &Value) -> Value {
        let start = Instant::now();
        loop {
            match self.once(method, path, body).await {
                Ok((200..=299, body)) => {
                    self.counts.acked.fetch_add(1, Ordering::Relaxed);
                    return body;
                }
                Ok((429 | 503, _)) => self.counts.deferred.fetch_add(1, Ordering::Relaxed),
                Ok((status, answer)) => panic!("{method} {path} was answered {status} {answer}"),
                Err(error) if error.is_connect() => self.counts.refused.fetch_add(1, Ordering::Relaxed),
                Err(_) => self.counts.unanswered.fetch_add(1, Ordering::Relaxed),
            };
            assert!(start.elapsed() < PATIENCE, "{method} {path} was never accepted");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Sends a step of a plan until it is accepted.
    pub(crate) async fn step(&self, step: &Step) {
        self.until_acked(step.method, &step.path, &step.body).await;
    }

    /// Sends everything that a plan says.
    pub(crate) async fn send(&self, plan: &Plan) {
        for step in &plan.steps {
            self.step(step).await;
        }
    }

    /// The ids of a client project and its log stream `default`, as Galileo's clients ask for them.
    pub(crate) async fn galileo(&self) -> Home {
        let id = |value: Value| value["id"].as_str().unwrap().to_owned();
        let project = id(self.until_acked("POST", "/projects", &json!({"name": "web", "type": "gen_ai"})).await);
        let path = format!("/projects/{project}/log_streams");
        let stream = id(self.until_acked("POST", &path, &json!({"name": "default"})).await);
        Home { project, stream }
    }
}
