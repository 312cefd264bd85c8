//! A sandbox on a port of its own, and a client for it.

use std::path::Path;

use reqwest::Client;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::sandbox::{Options, Settings, serve};

pub(super) struct Site {
    base: String,
    client: Client,
    shutdown: CancellationToken,
    serving: JoinHandle<anyhow::Result<()>>,
}

/// A status and a JSON body; a body that is no JSON is a string.
pub(super) type Answer = (u16, Value);

impl Site {
    pub(super) async fn open() -> Self {
        Self::with(Options::default()).await
    }

    pub(super) async fn kept_in(folder: &Path) -> Self {
        Self::with(Options { state: Some(folder.to_owned()), settings: Settings::default() }).await
    }

    pub(super) async fn with(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, options, shutdown.clone()));
        Self { base, client: Client::builder().no_proxy().build().unwrap(), shutdown, serving }
    }

    pub(super) async fn close(self) {
        self.shutdown.cancel();
        self.serving.await.unwrap().unwrap();
    }

    pub(super) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> reqwest::Result<Answer> {
        let method = method.parse().unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.body(body).send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    pub(super) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.raw(method, path, &all, body.to_string().into_bytes()).await.unwrap()
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[], body).await
    }

    /// The whole response, for its headers.
    pub(super) async fn response(&self, method: &str, path: &str) -> reqwest::Response {
        let method = method.parse().unwrap();
        self.client.request(method, format!("{}{path}", self.base)).send().await.unwrap()
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.raw("GET", path, &[], Vec::new()).await.unwrap()
    }
}

/// Asks again and again until the answer is as wanted; fails after five seconds.
pub(super) async fn eventually(
    site: &Site,
    path: &str,
    headers: &[(&str, &str)],
    want: impl Fn(&Answer) -> bool,
) -> Answer {
    let mut last = None;
    for _ in 0..500 {
        let answer = site.raw("GET", path, headers, Vec::new()).await.unwrap();
        if want(&answer) {
            return answer;
        }
        last = Some(answer);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{path} never became as wanted; last it was {last:?}");
}
