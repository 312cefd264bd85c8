//! Names and their ids within one translation, and look-ups answered by a dialect's own routes.

use std::sync::Arc;

use axum::Extension;
use axum::Router;
use axum::body::Body;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::HeaderMap;
use http::Method;
use parking_lot::Mutex;
use secrecy::SecretString;
use tower::ServiceExt;

use crate::canonical::Time;
use crate::contract::Accept;
use crate::contract::Accepted;
use crate::contract::Answer;
use crate::contract::Asked;
use crate::contract::Call;
use crate::contract::Caller;
use crate::contract::Dialect;
use crate::contract::Doors;
use crate::contract::Found;
use crate::contract::Known;
use crate::contract::Named;
use crate::contract::Names;
use crate::contract::Read;
use crate::contract::Refusal;
use crate::contract::Request;
use crate::contract::VendorProject;
use crate::contract::Verdict;
use crate::pipeline::names;

use super::PROJECT;

/// No vendor needs more look-ups than this for one project.
const MOST: usize = 8;

/// The names given so far.
#[derive(Clone, Default)]
pub(super) struct Book(Arc<Held>);

#[derive(Default)]
struct Held(Mutex<Vec<(String, Named)>>);

impl Book {
    /// The name an id was given for.
    pub(super) fn named(&self, dialect: &str, id: &str) -> Option<String> {
        self.0.name(PROJECT, dialect, id).map(|named| named.name)
    }

    /// A request that carries no items, as this gateway answers it.
    pub(super) fn ask(&self, dialect: &'static dyn Dialect, call: &Call) -> Answer {
        let doors = Doors {
            accept: Arc::new(Nothing),
            read: Arc::new(Nothing),
            names: Arc::clone(&self.0) as Arc<dyn Names>,
            public_url: Arc::from(""),
            console_url: Arc::from(""),
        };
        let caller = Caller::new(Arc::from(PROJECT), Arc::from(""));
        let routes = dialect.open_routes().merge(dialect.routes());
        let routes: Router = routes.layer(Extension(caller)).with_state(doors);
        let mut request = http::Request::new(Body::from(call.body.clone()));
        *request.method_mut() = call.method.clone();
        let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
        let Ok(uri) = format!("{}{query}", call.path).parse() else { return answer(400) };
        *request.uri_mut() = uri;
        request.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
        // Nothing behind these doors waits, so one poll is the whole of it.
        routes.oneshot(request).then(whole).now_or_never().unwrap_or_else(|| answer(503))
    }

    /// What must be known of a vendor project, and the requests that would have made it known there.
    pub(super) fn learn(&self, dialect: &'static dyn Dialect, project: &VendorProject) -> (Known, Vec<Request>) {
        let mut known = Known::new();
        let mut asked = Vec::new();
        for _ in 0..MOST {
            let Some(request) = dialect.look_up(project, &known) else { break };
            let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
            let call = Call {
                method: request.method.clone(),
                path: path.to_owned(),
                query: query.to_owned(),
                headers: Vec::new(),
                body: request.body.clone().unwrap_or_default(),
            };
            let answer = self.ask(dialect, &call);
            let verdict = dialect.learn(project, &request, &answer, &mut known);
            if request.method != Method::GET {
                asked.push(request);
            }
            if verdict != Verdict::Delivered {
                break;
            }
        }
        (known, asked)
    }
}

async fn whole(answered: Result<axum::response::Response, std::convert::Infallible>) -> Answer {
    let Ok(response) = answered;
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

fn answer(status: u16) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: Default::default() }
}

impl Names for Held {
    fn id<'a>(
        &'a self,
        project: &'a str,
        dialect: &'a str,
        kind: &'a str,
        parent: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        let id = names::hash(project, dialect, kind, parent, name);
        let mut held = self.0.lock();
        if !held.iter().any(|(_, named)| named.id == id) {
            let since = Time(i64::try_from(held.len()).unwrap_or(i64::MAX));
            let (kind, parent, name) = (kind.to_owned(), parent.to_owned(), name.to_owned());
            held.push((dialect.to_owned(), Named { id: id.clone(), kind, parent, name, since }));
        }
        futures::future::ready(Ok(id)).boxed()
    }

    fn name(&self, _project: &str, dialect: &str, id: &str) -> Option<Named> {
        let held = self.0.lock();
        let found = held.iter().find(|(given, named)| given == dialect && named.id.eq_ignore_ascii_case(id));
        found.map(|(_, named)| named.clone())
    }

    fn list(&self, _project: &str, dialect: &str, kind: &str, parent: &str) -> Vec<Named> {
        let held = self.0.lock();
        let named = held.iter().filter(|(given, named)| given == dialect && named.kind == kind);
        named.filter(|(_, named)| named.parent == parent).map(|(_, named)| named.clone()).collect()
    }

    /// What a recorded session asks for was there.
    fn project(&self, _project: &str, name: &str) -> Option<String> {
        Some(name.to_owned())
    }

    /// A recorded login says nothing, so it is let through.
    fn log_in(&self, _key: &SecretString) -> Result<String, Refusal> {
        Ok(String::new())
    }
}

/// Doors with nothing behind them: what carries items never comes here.
struct Nothing;

impl Accept for Nothing {
    fn accept<'a>(
        &'a self,
        _caller: &'a Caller,
        _dialect: &'static dyn Dialect,
        _call: Call,
    ) -> BoxFuture<'a, Result<Accepted, Refusal>> {
        futures::future::ready(Ok(Accepted { seq: 0, receipt: [0; 16], at: Time::default(), items: Vec::new() }))
            .boxed()
    }
}

impl Read for Nothing {
    fn read<'a>(
        &'a self,
        _caller: &'a Caller,
        _dialect: &'static dyn Dialect,
        asked: Asked,
    ) -> BoxFuture<'a, Result<Found, Refusal>> {
        futures::future::ready(Err(Refusal::NotFound { what: "subject", id: asked.target.to_string() })).boxed()
    }
}
