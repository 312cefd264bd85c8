//! Sockets: takes requests in, finds their instance, and lets faults stand in the way.

use std::{cell::Cell, io, pin::Pin, sync::Arc};

use axum::{body::Body, extract::Request, response::Response};
use bytes::Bytes;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task, time,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    call::{Call, segments},
    faults::{self, Fault},
    inspect, journal,
    reply::Reply,
    worker,
    world::{Instance, World},
};

/// An answer, or the wish to close the connection without one.
#[derive(Debug, thiserror::Error)]
#[error("the script says to drop this connection")]
pub(super) struct Dropped;

pub(super) async fn run(listener: TcpListener, world: Arc<World>, shutdown: CancellationToken) -> io::Result<()> {
    loop {
        let stream = tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            accepted = listener.accept() => accepted?.0,
        };
        task::spawn(connection(stream, Arc::clone(&world), shutdown.clone()));
    }
}

async fn connection(stream: TcpStream, world: Arc<World>, shutdown: CancellationToken) {
    let hanging = shutdown.clone();
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (world, shutdown) = (Arc::clone(&world), hanging.clone());
        Box::pin(async move { handle(request.map(Body::new), world, shutdown).await })
    });
    let mut serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut pinned = Pin::new(&mut serving);
    let ended = tokio::select! {
        ended = pinned.as_mut() => ended,
        () = shutdown.cancelled() => {
            pinned.as_mut().graceful_shutdown();
            pinned.await
        }
    };
    let Err(error) = ended else { return };
    tracing::debug!(%error, "sandbox connection ended");
    if error.is_user() {
        // What the script broke off goes with a reset, as from a server that died.
        let stream = serving.into_parts().io.into_inner();
        let _ = stream.set_zero_linger();
    }
}

async fn handle(request: Request, world: Arc<World>, shutdown: CancellationToken) -> Result<Response, Dropped> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await.map(|body| body.to_bytes()) else {
        return Err(Dropped);
    };
    let (first, call) = call(&parts, body);
    if first == "_sandbox" {
        return Ok(inspect::answer(&call, &world).into_response());
    }
    let Some(instance) = world.instance(&first) else {
        return Ok(Reply::json(404, json!({"error": format!("no stand-in named {first}")})).into_response());
    };
    let logged = log_line(&first, &call, &parts);
    let answer = attend(&world, &instance, call, &shutdown).await;
    let status = answer.as_ref().map_or(0, |reply| reply.status);
    world.remember(with_status(logged, status));
    answer.map(Reply::into_response)
}

fn call(parts: &Parts, body: Bytes) -> (String, Call) {
    let mut path = segments(parts.uri.path());
    let first = path.remove(0);
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let call = Call {
        method: parts.method.to_string(),
        path,
        query: journal::query(parts.uri.query()),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body,
        at: Timestamp::now(),
        seed: Uuid::from_bytes(rand::random()),
        replayed: false,
        minted: Cell::new(0),
    };
    (first, call)
}

fn log_line(name: &str, call: &Call, parts: &Parts) -> Value {
    let body = call.json().unwrap_or_else(|_| json!(String::from_utf8_lossy(&call.body)));
    json!({
        "name": name,
        "method": call.method,
        "path": format!("/{}", call.path.join("/")),
        "query": parts.uri.query(),
        "status": null,
        "body": body,
    })
}

/// Status 0 stands for a dropped connection.
fn with_status(mut line: Value, status: u16) -> Value {
    line["status"] = json!(status);
    line
}

async fn attend(
    world: &Arc<World>,
    instance: &Arc<Mutex<Instance>>,
    call: Call,
    shutdown: &CancellationToken,
) -> Result<Reply, Dropped> {
    let fault = faults::take(&mut instance.lock().faults, &call);
    let Some(fault) = fault else {
        return Ok(work(world, instance, call).await);
    };
    time::sleep(fault.delay()).await;
    if !fault.replaces() {
        return Ok(fault.dress(work(world, instance, call).await));
    }
    if fault.after {
        work(world, instance, call).await;
    }
    if fault.hang {
        shutdown.cancelled().await;
        return Err(Dropped);
    }
    fail(instance, &fault)
}

fn fail(instance: &Mutex<Instance>, fault: &Fault) -> Result<Reply, Dropped> {
    match fault.status() {
        Some(status) if !fault.drop => Ok(fault.dress(instance.lock().trouble(status))),
        _ => Err(Dropped),
    }
}

/// The vendor's own answer, its effect synced to the journal before it goes out.
async fn work(world: &Arc<World>, instance: &Arc<Mutex<Instance>>, call: Call) -> Reply {
    let (reply, written) = {
        let mut guard = instance.lock();
        let reply = guard.answer(&call);
        let written = if reply.effective { world.note(&guard, &call) } else { Ok(None) };
        (reply, written)
    };
    worker::wake(world, instance);
    match synced(written).await {
        Ok(()) => reply,
        Err(error) => {
            tracing::error!(%error, "the sandbox cannot keep its journal");
            instance.lock().trouble(500)
        }
    }
}

/// Waits until what was written to the journal is on disk.
pub(super) async fn synced(written: io::Result<Option<Arc<std::fs::File>>>) -> io::Result<()> {
    let Some(file) = written? else { return Ok(()) };
    let synced = task::spawn_blocking(move || file.sync_data()).await;
    synced.map_err(io::Error::other)?
}
