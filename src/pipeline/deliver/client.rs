//! Sending one request to a vendor, with one of its credentials, within its limits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use http::HeaderValue;
use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::sync::Semaphore;
use url::Url;

use super::egress::Credential;
use super::egress::acquire;
use crate::contract::Answer;
use crate::contract::Dialect;
use crate::contract::Known;
use crate::contract::Request;
use crate::contract::VendorProject;
use crate::contract::Verdict;

/// The most of an answer that is read.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;

/// A way to one vendor account.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    dialect: &'static dyn Dialect,
    base: Url,
    credentials: Arc<[Credential]>,
    reader: Option<SecretString>,
    settings: BTreeMap<String, String>,
    slots: Arc<Semaphore>,
    timeout: Duration,
    known: Arc<Mutex<BTreeMap<VendorProject, Known>>>,
}

/// What a [`Client`] is made of.
pub struct Parts {
    /// The shared HTTP client.
    pub http: reqwest::Client,
    /// The vendor's dialect.
    pub dialect: &'static dyn Dialect,
    /// The base URL.
    pub base: Url,
    /// The keys, each with its buckets; one without a secret where the vendor takes none.
    pub credentials: Vec<Credential>,
    /// The key for reads; `None`: the first of the keys.
    pub reader: Option<SecretString>,
    /// The dialect's own settings.
    pub settings: BTreeMap<String, String>,
    /// How many requests may be on their way at once.
    pub in_flight: usize,
    /// How long one may take.
    pub timeout: Duration,
}

impl Client {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let Parts { http, dialect, base, credentials, reader, settings, in_flight, timeout } = parts;
        let reader = reader.or_else(|| credentials.first().and_then(|credential| credential.secret.clone()));
        let slots = Arc::new(Semaphore::new(in_flight.max(1)));
        let credentials = credentials.into();
        Self { http, dialect, base, credentials, reader, settings, slots, timeout, known: Arc::default() }
    }

    /// Sends a request once its bucket and a slot allow; an error is text that names no credential.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn send(&self, request: &Request) -> Result<Answer, String> {
        let credential = acquire(&self.credentials, request.bucket, request.rows).await;
        let secret = credential.and_then(|credential| credential.secret.as_ref());
        self.send_as(request, secret).await
    }

    /// Sends a read with the key for reads.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn read(&self, request: &Request) -> Result<Answer, String> {
        self.send_as(request, self.reader.as_ref()).await
    }

    /// Makes look-ups until nothing more is needed to write to a vendor project.
    ///
    /// # Errors
    /// The verdict on the look-up that failed, and why.
    pub async fn learn(&self, project: &VendorProject) -> Result<Known, (Verdict, String)> {
        let mut known = self.known.lock().get(project).cloned().unwrap_or_default();
        for _ in 0..8 {
            let Some(request) = self.dialect.look_up(project, &known) else {
                self.known.lock().insert(project.clone(), known.clone());
                return Ok(known);
            };
            let answer = self.send(&request).await.map_err(|why| (Verdict::Retry(None), why))?;
            match self.dialect.learn(project, &request, &answer, &mut known) {
                Verdict::Delivered => {}
                verdict => return Err((verdict, format!("looking up the project: {}", answer.status))),
            }
        }
        Err((Verdict::Retry(None), "looking up the project came to no end".to_owned()))
    }

    /// The vendor projects written to since the start.
    pub fn projects(&self) -> Vec<VendorProject> {
        self.known.lock().keys().cloned().collect()
    }

    /// Where the vendor is.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// What look-ups taught about a vendor project since the start; empty where none was made.
    pub fn known(&self, project: &VendorProject) -> Known {
        self.known.lock().get(project).cloned().unwrap_or_default()
    }

    async fn send_as(&self, request: &Request, secret: Option<&SecretString>) -> Result<Answer, String> {
        let _slot = self.slots.acquire().await.map_err(|_| "shutting down".to_owned())?;
        let url = format!("{}{}", self.base.as_str().trim_end_matches('/'), request.path);
        let mut out = self.http.request(request.method.clone(), url).timeout(self.timeout);
        for (name, value) in &request.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                out = out.header(*name, value);
            }
        }
        out = out.headers(self.dialect.authorize(secret, &self.settings));
        if let Some(body) = &request.body {
            out = out.body(body.clone());
        }
        let answer = out.send().await.map_err(text)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = read_bounded(answer).await?;
        Ok(Answer { status, headers, body })
    }
}

async fn read_bounded(mut answer: reqwest::Response) -> Result<Bytes, String> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(text)? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err("the answer is too large".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// An error's text down to its root, without the URL (a query may hold names).
fn text(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
