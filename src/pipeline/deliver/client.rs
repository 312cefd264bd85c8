//! Sending one request to a vendor, with one of its credentials, within its limits.
//!
//! Nothing but the base URL's own server is spoken to (`resolve.rs`), and what it answers is read within
//! bounds (`answer.rs`). A failure is text that names neither URL nor credential.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::HeaderValue;
use http::Method;
use parking_lot::Mutex;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::time::Instant;
use url::Url;

use super::answer;
use super::answer::Room;
use super::egress::Credential;
use super::egress::acquire;
use super::egress::wait;
use super::gate::Gate;
use super::gate::Trip;
use super::trouble::Trouble;
use crate::contract::Answer;
use crate::contract::Bucket;
use crate::contract::Dialect;
use crate::contract::Known;
use crate::contract::Request;
use crate::contract::VendorProject;
use crate::contract::Verdict;
use crate::telemetry::metrics;

/// A way to one vendor account.
#[derive(Clone)]
pub struct Client {
    name: Arc<str>,
    http: reqwest::Client,
    dialect: &'static dyn Dialect,
    base: Url,
    keys: Arc<ArcSwap<Keys>>,
    read_again: ReadKeys,
    settings: BTreeMap<String, String>,
    gate: Gate,
    timeout: Duration,
    room: Room,
    /// What keeps it from being reached until somebody changes something.
    stuck: Arc<Mutex<Option<&'static str>>>,
    known: Arc<Mutex<BTreeMap<VendorProject, Known>>>,
}

/// What a [`Client`] is made of.
pub struct Parts {
    /// The destination's name.
    pub name: Arc<str>,
    /// Its own HTTP client.
    pub http: reqwest::Client,
    /// The vendor's dialect.
    pub dialect: &'static dyn Dialect,
    /// The base URL.
    pub base: Url,
    /// The keys.
    pub keys: Keys,
    /// Reads them again, where they come from a file that may have changed.
    pub read_again: ReadKeys,
    /// The dialect's own settings.
    pub settings: BTreeMap<String, String>,
    /// How many requests may be on their way at once.
    pub in_flight: usize,
    /// How long one may take.
    pub timeout: Duration,
    /// What long answers may hold.
    pub room: Room,
}

/// What a destination is sent with.
pub struct Keys {
    /// The keys, each with its buckets; one without a secret where the vendor takes none.
    pub credentials: Vec<Credential>,
    /// The key for reads; `None`: none is needed.
    pub reader: Option<SecretString>,
}

/// Reads the keys as they are now; `None`: they cannot be read.
pub type ReadKeys = Arc<dyn Fn() -> Option<Keys> + Send + Sync>;

/// Whose answer is wanted for what: a read's is its body, a write's is its status.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    Read,
    Write,
}

impl Keys {
    /// To tell whether they have changed, never to be shown.
    fn secrets(&self) -> Vec<Option<&str>> {
        let writers = self.credentials.iter().map(|credential| credential.secret.as_ref());
        writers.chain([self.reader.as_ref()]).map(|secret| secret.map(ExposeSecret::expose_secret)).collect()
    }
}

impl Client {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let Parts { name, http, dialect, base, keys, read_again, settings, in_flight, timeout, room } = parts;
        let gate = Gate::new(in_flight);
        let keys = Arc::new(ArcSwap::from_pointee(keys));
        let (stuck, known) = Default::default();
        Self { name, http, dialect, base, keys, read_again, settings, gate, timeout, room, stuck, known }
    }

    /// What keeps the vendor from being reached until somebody changes something.
    pub fn stuck(&self) -> Option<&'static str> {
        *self.stuck.lock()
    }

    /// Sends a request once its bucket and a slot allow; an error is text that names no credential.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn send(&self, request: &Request) -> Result<Answer, String> {
        let keys = self.keys.load_full();
        let credential = acquire(&keys.credentials, request.bucket, request.rows).await;
        let secret = credential.and_then(|credential| credential.secret.as_ref());
        let of = if request.method == Method::GET { Of::Read } else { Of::Write };
        self.send_as(request, secret, of).await
    }

    /// Sends a read with the key for reads.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn read(&self, request: &Request) -> Result<Answer, String> {
        let keys = self.keys.load_full();
        self.send_as(request, keys.reader.as_ref(), Of::Read).await
    }

    /// Reads what was sent, to see whether it shows; within the bucket for such reads.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn look(&self, request: &Request) -> Result<Answer, String> {
        acquire(&self.keys.load_full().credentials, Bucket::Look, 1).await;
        self.read(request).await
    }

    /// How long until a bucket lets the next write go; `None`: it may go now.
    pub fn must_wait(&self) -> Option<Duration> {
        wait(&self.keys.load().credentials)
    }

    /// How many requests are on their way and may be.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// How many keys there are to send with.
    pub fn keys(&self) -> usize {
        self.keys.load().credentials.len()
    }

    /// Reads the keys again; whether they are others than before.
    pub fn renew(&self) -> bool {
        let Some(keys) = (self.read_again)() else { return false };
        let changed = keys.secrets() != self.keys.load().secrets();
        if changed {
            self.keys.store(Arc::new(keys));
        }
        changed
    }

    /// Makes look-ups until nothing more is needed to write to a vendor project.
    ///
    /// # Errors
    /// The verdict on the look-up that failed, and why.
    pub async fn learn(&self, project: &VendorProject) -> Result<Known, (Verdict, String)> {
        self.look_up(project, true).await
    }

    /// Makes look-ups as for writes, but creates nothing: a project that is not there stays unknown.
    ///
    /// # Errors
    /// The verdict on the look-up that failed, and why.
    pub async fn find(&self, project: &VendorProject) -> Result<Known, (Verdict, String)> {
        self.look_up(project, false).await
    }

    async fn look_up(&self, project: &VendorProject, creates: bool) -> Result<Known, (Verdict, String)> {
        let mut known = self.known.lock().get(project).cloned().unwrap_or_default();
        for _ in 0..8 {
            let Some(request) = self.dialect.look_up(project, &known) else {
                // Reads come with names of the clients' choice: what nothing was learnt about is not kept.
                if !known.is_empty() {
                    self.known.lock().insert(project.clone(), known.clone());
                }
                return Ok(known);
            };
            if !creates && request.method != Method::GET {
                return Ok(known);
            }
            let answer = self.send(&request).await.map_err(|why| (Verdict::Retry(None), why))?;
            match self.dialect.learn(project, &request, &answer, &mut known) {
                Verdict::Delivered => {}
                verdict => return Err((verdict, format!("looking up the project: {}", answer.status))),
            }
        }
        if !creates {
            return Ok(known);
        }
        Err((Verdict::Retry(None), "looking up the project came to no end".to_owned()))
    }

    /// Where the vendor is.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// What look-ups taught about a vendor project since the start; empty where none was made.
    pub fn known(&self, project: &VendorProject) -> Known {
        self.known.lock().get(project).cloned().unwrap_or_default()
    }

    async fn send_as(&self, request: &Request, secret: Option<&SecretString>, of: Of) -> Result<Answer, String> {
        let pass = self.gate.pass().await;
        let begun = Instant::now();
        let answer = self.exchange(request, secret, of).await;
        let busy = answer.as_ref().map_or(true, |answer| answer.status >= 500 || answer.status == 429);
        pass.back(if busy { Trip::Bad } else { Trip::Good(begun.elapsed()) });
        match answer {
            Ok(answer) => {
                self.stuck.lock().take();
                Ok(answer)
            }
            Err(trouble) => Err(self.tell(&trouble)),
        }
    }

    async fn exchange(&self, request: &Request, secret: Option<&SecretString>, of: Of) -> Result<Answer, Trouble> {
        let mut out = self.http.request(request.method.clone(), self.url(request)?).timeout(self.timeout);
        for (name, value) in &request.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                out = out.header(*name, value);
            }
        }
        out = out.headers(self.dialect.authorize(secret, &self.settings));
        if let Some(body) = &request.body {
            out = out.body(body.clone());
        }
        let answer = out.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = match of {
            Of::Read => answer::whole(answer, &self.room).await?,
            Of::Write => answer::beginning(answer).await,
        };
        let body = match secret {
            Some(secret) if status >= 300 => answer::without(body, secret.expose_secret()),
            _ => body,
        };
        Ok(Answer { status, headers, body })
    }

    /// Where a request goes: under the base URL, whatever a client's words in its path are.
    fn url(&self, request: &Request) -> Result<Url, Trouble> {
        let text = format!("{}{}", self.base.as_str().trim_end_matches('/'), request.path);
        let url = Url::parse(&text).ok().filter(|url| url.origin() == self.base.origin());
        url.filter(|_| request.path.starts_with('/')).ok_or(Trouble::Elsewhere)
    }

    /// Counts a failure, and remembers what waiting alone will not mend.
    fn tell(&self, trouble: &Trouble) -> String {
        metrics::vendor_failed(&self.name, trouble.kind());
        *self.stuck.lock() = trouble.bar();
        trouble.to_string()
    }
}
