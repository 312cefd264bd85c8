//! A stand-in, as tests look at it and break it.

use serde_json::Value;
use serde_json::json;

use super::eventually;

/// A stand-in.
pub(crate) struct Vendor {
    pub(super) base: String,
    pub(super) name: String,
    pub(super) http: reqwest::Client,
}

impl Vendor {
    /// What it shows.
    pub(crate) async fn traces(&self) -> Vec<Value> {
        self.get("traces").await
    }

    /// What it shows, once that is as wanted.
    pub(crate) async fn shows(&self, what: &str, whole: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        eventually(&format!("{} shows {what}", self.name), async || {
            let traces = self.traces().await;
            whole(&traces).then_some(traces)
        })
        .await
    }

    /// The scores it holds.
    pub(crate) async fn scores(&self) -> Vec<Value> {
        self.get("scores").await
    }

    /// The requests it saw: method, path, status (0: without an answer), body.
    pub(crate) async fn requests(&self) -> Vec<Value> {
        let url = format!("{}/requests?name={}", self.base, self.name);
        serde_json::from_str(&self.http.get(url).send().await.unwrap().text().await.unwrap()).unwrap()
    }

    /// The same without reads.
    pub(crate) async fn writes(&self) -> Vec<Value> {
        self.requests().await.into_iter().filter(|request| request["method"] != "GET").collect()
    }

    /// How many requests it answered with a status.
    pub(crate) async fn asked(&self, status: u16) -> usize {
        self.requests().await.iter().filter(|request| request["status"] == status).count()
    }

    /// Puts a fault in the way of its next requests.
    pub(crate) async fn fault(&self, fault: &Value) {
        self.post("faults", fault).await;
    }

    /// Puts a fault in the way of all its requests, until they are cleared.
    pub(crate) async fn broken(&self, fault: Value) {
        let mut fault = fault;
        fault["count"] = json!(0);
        self.fault(&fault).await;
    }

    /// Takes every fault away.
    pub(crate) async fn clear_faults(&self) {
        self.delete("faults").await;
    }

    /// Loses what waits in its queue.
    pub(crate) async fn lose_queue(&self) {
        self.delete("queue").await;
    }

    /// Changes how it behaves.
    pub(crate) async fn settings(&self, settings: &Value) {
        self.post("settings", settings).await;
    }

    async fn get(&self, what: &str) -> Vec<Value> {
        let url = format!("{}/{}/{what}", self.base, self.name);
        serde_json::from_str(&self.http.get(url).send().await.unwrap().text().await.unwrap()).unwrap()
    }

    async fn delete(&self, what: &str) {
        let url = format!("{}/{}/{what}", self.base, self.name);
        assert!(self.http.delete(url).send().await.unwrap().status().is_success());
    }

    async fn post(&self, what: &str, body: &Value) {
        let url = format!("{}/{}/{what}", self.base, self.name);
        let answer = self.http.post(url).body(body.to_string()).header("content-type", "application/json");
        assert!(answer.send().await.unwrap().status().is_success());
    }
}
