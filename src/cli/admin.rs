//! Asking a running gateway's admin listener.

use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use http::StatusCode;
use serde::de::DeserializeOwned;
use url::Url;

/// A vendor that does not answer keeps the gateway waiting for ten seconds.
const PATIENCE: Duration = Duration::from_secs(40);

/// Where a gateway listens for its operators.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Admin {
    /// The running gateway's admin listener.
    #[arg(long = "admin", value_name = "URL", env = "SPANGATE_ADMIN", default_value = "http://127.0.0.1:4401")]
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
        let mut url = self.url.clone();
        url.path_segments_mut().map_err(|()| self.unreachable("it is no base URL"))?.pop_if_empty().extend(path);
        url.query_pairs_mut().extend_pairs(query);
        let http = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .timeout(PATIENCE)
            .build()
            .context("building the HTTP client")?;
        let answer = http.get(url).send().await.map_err(|error| self.unreachable(&root(error)))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| self.unreachable(&root(error)))?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&body)
                .map(Some)
                .map_err(|_| self.unreachable("it answers in another way").into());
        }
        let said: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
        match said.as_ref().and_then(|said| said["error"].as_str()) {
            Some(_) if status == StatusCode::NOT_FOUND => Ok(None),
            Some(why) => bail!("the gateway answered {status}: {why}"),
            None => Err(self.unreachable(&format!("it answered {status}")).into()),
        }
    }

    fn unreachable(&self, why: &str) -> NotReachable {
        NotReachable { url: self.url.clone(), why: why.to_owned() }
    }
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
