//! A dialect with a handful of routes, and doors that nobody answers.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::Extension;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::HeaderMap;
use http::StatusCode;
use http::Uri;
use http::header;
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::Semaphore;

use spangate::canonical::Id;
use spangate::canonical::Item;
use spangate::canonical::View;
use spangate::contract::Accept;
use spangate::contract::Accepted;
use spangate::contract::Answer;
use spangate::contract::Asked;
use spangate::contract::Call;
use spangate::contract::Caller;
use spangate::contract::Credential;
use spangate::contract::Decoded;
use spangate::contract::Dialect;
use spangate::contract::DialectInfo;
use spangate::contract::Doors;
use spangate::contract::FlushMode;
use spangate::contract::Found;
use spangate::contract::Known;
use spangate::contract::Named;
use spangate::contract::Names;
use spangate::contract::Outward;
use spangate::contract::Plan;
use spangate::contract::Read;
use spangate::contract::Refusal;
use spangate::contract::Request;
use spangate::contract::SdkEnvironment;
use spangate::contract::Seed;
use spangate::contract::VendorProject;
use spangate::contract::Verdict;
use spangate::contract::Wanted;
use spangate::contract::Write;

/// A dialect whose routes stand under `/NAME` and again under `/prefix/NAME`.
pub(super) struct Fake {
    info: &'static DialectInfo,
    prefixes: [&'static str; 1],
    /// `GET /NAME/wait` answers once this has a permit.
    pub(super) gate: Arc<Semaphore>,
    /// A permit for every `GET /NAME/wait` that has begun.
    pub(super) begun: Arc<Semaphore>,
}

impl Fake {
    pub(super) fn new(name: &'static str, prefix: &'static str) -> &'static Self {
        let info = Box::leak(Box::new(info(name)));
        let empty = || Arc::new(Semaphore::new(0));
        Box::leak(Box::new(Self { info, prefixes: [prefix], gate: empty(), begun: empty() }))
    }

    fn at(&self, path: &str) -> String {
        format!("/{}{path}", self.info.name)
    }
}

impl Dialect for Fake {
    fn info(&self) -> &'static DialectInfo {
        self.info
    }

    fn environment(&self, _: &str, _: &str) -> Vec<SdkEnvironment> {
        Vec::new()
    }

    fn prefixes(&self) -> &'static [&'static str] {
        Box::leak(Box::new(self.prefixes))
    }

    fn open_routes(&self) -> Router<Doors> {
        Router::new().route(&self.at("/health"), get(async || "well")).route(&self.at("/login"), post(echo))
    }

    fn routes(&self) -> Router<Doors> {
        let (gate, begun) = (Arc::clone(&self.gate), Arc::clone(&self.begun));
        let wait = async move || {
            begun.add_permits(1);
            gate.acquire().await.unwrap().forget();
            "waited"
        };
        let asked = Arc::clone(&self.begun);
        let large = async move || {
            asked.add_permits(1);
            "x".repeat(64 << 20)
        };
        Router::new()
            .route(&self.at("/echo"), post(echo).get(echo))
            .route(&self.at("/large"), get(large))
            .route(
                &self.at("/caller"),
                get(async |Extension(caller): Extension<Caller>| format!("{} {}", caller.project, caller.key)),
            )
            .route(&self.at("/panic"), get(async || panic!("on purpose") as ()))
            .route(&self.at("/wait"), get(wait))
    }

    fn credential(&self, headers: &HeaderMap) -> Option<Credential> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        match text("authorization").and_then(|value| value.strip_prefix("Bearer ")) {
            Some(token) => Some(Credential::Token(token.into())),
            None => text("x-key").map(|key| Credential::Key(key.into())),
        }
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        let status = match refusal {
            Refusal::Malformed { .. } | Refusal::Invalid { .. } => 400,
            Refusal::Unauthenticated | Refusal::Unauthorized(_) | Refusal::ForeignKey => 401,
            Refusal::Forbidden(_) => 403,
            Refusal::NotFound { .. } => 404,
            Refusal::TooMany { .. } => 429,
            Refusal::TooLarge(_) => 413,
            Refusal::Unsupported(_) => 415,
            Refusal::Unavailable { .. } => 503,
            Refusal::Timeout => 408,
            Refusal::Internal => 500,
        };
        let status = StatusCode::from_u16(status).unwrap();
        refusal.mark((status, Json(json!({ self.info.name: refusal.to_string() }))).into_response())
    }

    fn decode(&self, _: &Call, _: &Seed) -> Result<Decoded, Refusal> {
        Ok(Decoded::default())
    }

    fn carve(&self, _: &Call, _: &Seed, _: &BTreeSet<u32>) -> Option<Bytes> {
        None
    }

    fn show_id(&self, id: Id, _trace: Id, _out: &Outward) -> String {
        id.to_string()
    }

    fn plan(&self, _: &View, _: Option<&View>, _: &Outward) -> Plan {
        Plan::default()
    }

    fn pack(&self, _: &[&Write]) -> Request {
        Request::default()
    }

    fn verdict(&self, _: &Request, _: &Answer) -> Verdict {
        Verdict::Delivered
    }

    fn look_up(&self, _: &VendorProject, _: &Known) -> Option<Request> {
        None
    }

    fn learn(&self, _: &VendorProject, _: &Request, _: &Answer, _: &mut Known) -> Verdict {
        Verdict::Delivered
    }

    fn confirm(&self, _: &Write) -> Option<Request> {
        None
    }

    fn confirmed(&self, _: &Write, _: &Answer) -> bool {
        true
    }

    fn authorize(&self, _: Option<&SecretString>, _: &BTreeMap<String, String>) -> HeaderMap {
        HeaderMap::new()
    }

    fn read(&self, _: &Wanted, _: &Known) -> Vec<Request> {
        Vec::new()
    }

    fn read_answer(&self, _: &Wanted, _: &[Answer], _: &Known) -> Result<Option<Vec<Item>>, String> {
        Ok(None)
    }
}

/// What a handler sees: path, body and the headers that describe it.
async fn echo(uri: Uri, headers: HeaderMap, body: Bytes) -> Json<serde_json::Value> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("-").to_owned();
    let start = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
    let seen = [uri.to_string(), text(header::CONTENT_ENCODING), text(header::CONTENT_LENGTH), start];
    Json(json!(seen))
}

fn info(name: &'static str) -> DialectInfo {
    DialectInfo {
        name,
        needs_key: true,
        flush: FlushMode::Eager,
        global_ids: false,
        timed_ids: false,
        requests_per_minute: None,
        items_per_minute: None,
        scores_per_minute: None,
        confirms: false,
        batch_rows: 1,
        batch_bytes: 1,
        destination_keys: &[],
        route_keys: &[],
        id_window: |_| None,
    }
}

/// Doors that store nothing and know nothing.
pub(super) fn doors() -> Doors {
    let shut = Arc::new(Shut);
    Doors {
        accept: shut.clone(),
        read: shut.clone(),
        names: shut,
        public_url: "http://localhost".into(),
        console_url: "http://localhost".into(),
    }
}

struct Shut;

fn shut<T: Send>() -> BoxFuture<'static, Result<T, Refusal>> {
    async { Err(Refusal::Unavailable { what: "shut".to_owned(), cause: "ledger", after_s: 1 }) }.boxed()
}

impl Accept for Shut {
    fn accept<'a>(
        &'a self,
        _: &'a Caller,
        _: &'static dyn Dialect,
        _: Call,
    ) -> BoxFuture<'a, Result<Accepted, Refusal>> {
        shut()
    }
}

impl Read for Shut {
    fn read<'a>(&'a self, _: &'a Caller, _: &'static dyn Dialect, _: Asked) -> BoxFuture<'a, Result<Found, Refusal>> {
        shut()
    }
}

impl Names for Shut {
    fn id<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: &'a str,
        _: &'a str,
        _: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        shut()
    }

    fn name(&self, _: &str, _: &str, _: &str) -> Option<Named> {
        None
    }

    fn list(&self, _: &str, _: &str, _: &str, _: &str) -> Vec<Named> {
        Vec::new()
    }

    fn project(&self, _: &str, _: &str) -> Option<String> {
        None
    }

    fn log_in(&self, _: &SecretString) -> Result<String, Refusal> {
        Err(Refusal::Unauthenticated)
    }
}
