//! Asking a running gateway's admin listener.

use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use reqwest::RequestBuilder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

/// A vendor that does not answer keeps the gateway waiting for ten seconds.
const PATIENCE: Duration = Duration::from_secs(40);

/// Where a gateway listens for its operators.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Admin {
    /// The running gateway's admin listener.
    #[arg(
        long = "admin",
        global = true,
        value_name = "URL",
        env = "SPANGATE_ADMIN",
        default_value = "http://127.0.0.1:4401"
    )]
    url: Url,
}

/// Nobody answers there, or somebody else.
#[derive(Debug, thiserror::Error)]
#[error("{why}; is a gateway running, and is {url} its admin listener (--admin)?")]
pub(super) struct NotReachable {
    url: Url,
    why: String,
}

impl Admin {
    /// What the gateway answers under a path; `None` where it says that there is no such thing.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> anyhow::Result<Option<T>> {
        let mut url = self.at(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let (status, body) = self.send(http(PATIENCE)?.get(url)).await?;
        match status {
            StatusCode::NOT_FOUND if said(&body).is_some() => Ok(None),
            _ => self.read(status, &body).map(Some),
        }
    }

    /// What the gateway answers to an order, which may take so much longer than a question.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        order: &impl Serialize,
        longer: Duration,
    ) -> anyhow::Result<T> {
        let body = serde_json::to_vec(order)?;
        let request = http(PATIENCE + longer)?.post(self.at(path)?);
        let (status, body) = self.send(request.header(CONTENT_TYPE, "application/json").body(body)).await?;
        self.read(status, &body)
    }

    fn at(&self, path: &[&str]) -> anyhow::Result<Url> {
        let mut url = self.url.clone();
        url.path_segments_mut().map_err(|()| self.unreachable("it is no base URL"))?.pop_if_empty().extend(path);
        Ok(url)
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<(StatusCode, Bytes)> {
        let answer = request.send().await.map_err(|error| self.unreachable(&root(error)))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| self.unreachable(&root(error)))?;
        Ok((status, body))
    }

    fn read<T: DeserializeOwned>(&self, status: StatusCode, body: &Bytes) -> anyhow::Result<T> {
        if status == StatusCode::OK {
            return serde_json::from_slice(body).map_err(|_| self.unreachable("it answers in another way").into());
        }
        match said(body) {
            Some(why) => bail!("the gateway answered {status}: {why}"),
            None => Err(self.unreachable(&format!("it answered {status}")).into()),
        }
    }

    fn unreachable(&self, why: &str) -> NotReachable {
        NotReachable { url: self.url.clone(), why: why.to_owned() }
    }
}

fn http(patience: Duration) -> anyhow::Result<reqwest::Client> {
    let http = reqwest::Client::builder().no_proxy().connect_timeout(Duration::from_secs(3)).timeout(patience);
    http.build().context("building the HTTP client")
}

/// The error that a gateway answers with.
fn said(body: &[u8]) -> Option<String> {
    let said: serde_json::Value = serde_json::from_slice(body).ok()?;
    said["error"].as_str().map(str::to_owned)
}

/// What stands at the bottom of a transport error, in the system's words.
fn root(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut source: &dyn std::error::Error = &error;
    while let Some(cause) = source.source() {
        source = cause;
    }
    source.to_string()
}
