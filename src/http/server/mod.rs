//! Our own accept loop: axum's has no defence against clients that say nothing, drip their headers or
//! never read (`reliability.md §0` point 10).
//!
//! Stopping has two steps. Leaving: nothing is accepted any more, and every answer says that its
//! connection ends with it, so that a client which keeps its connection busy is never cut off between
//! two requests. Stopping: idle connections close, requests in hand finish, and what is left after the
//! grace is cut. The listening socket is closed at the first step: clients then see a refused
//! connection, which some SDKs spool for, unless whoever handed the socket in holds it open. Then they
//! wait in its queue for the next process.

mod linger;
mod patience;
mod wire;

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures::TryFutureExt;
use http::HeaderValue;
use http::Request;
use http::Response;
use http::header;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::http::server::linger::Linger;
use crate::http::server::patience::HeadTimer;
use crate::http::server::wire::Wire;
use crate::telemetry::metrics;

/// How long a connection may be silent, and how many there may be.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From a connection's start, or a request's first byte, to the end of its headers.
    pub head: Duration,
    /// Between two requests; clients that flush every 5 s race with a close as early (`wire/`, retry sections).
    pub idle: Duration,
    /// Without a byte of the answer being taken.
    pub stall: Duration,
    /// Connections at once; more wait in the listener's queue.
    pub connections: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(5),
            idle: Duration::from_secs(75),
            stall: Duration::from_secs(30),
            connections: 4096,
        }
    }
}

/// How serving ends, step by step; see the module.
#[derive(Clone, Debug)]
pub struct End {
    leave: CancellationToken,
    stop: CancellationToken,
}

impl Default for End {
    fn default() -> Self {
        let stop = CancellationToken::new();
        Self { leave: stop.child_token(), stop }
    }
}

impl End {
    /// No new connections; those that are open end with their next answer.
    pub fn leave(&self) {
        self.leave.cancel();
    }

    /// No new requests either.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

/// Serves until the `end`, then finishes requests in hand within `grace`.
///
/// # Errors
/// None today: a failing accept is waited out, a failing connection is its client's.
pub async fn serve(listener: TcpListener, app: Router, end: End, grace: Duration) -> anyhow::Result<()> {
    serve_with(listener, app, Patience::default(), end, grace).await
}

/// [`serve`] with other bounds.
///
/// # Errors
/// As [`serve`].
pub async fn serve_with(
    listener: TcpListener,
    app: Router,
    patience: Patience,
    end: End,
    grace: Duration,
) -> anyhow::Result<()> {
    let room = Arc::new(Semaphore::new(patience.connections));
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (accept(&listener).await, permit)
        };
        let (stream, permit) = tokio::select! {
            biased;
            () = end.leave.cancelled() => break,
            next = next => next,
        };
        let open = connection(stream, app.clone(), patience, end.clone());
        let cut = cut.clone();
        connections.spawn(async move {
            let _permit = permit;
            let _counted = metrics::connection();
            cut.run_until_cancelled(open).await;
        });
    }
    drop(listener);
    connections.close();
    if timeout(grace, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "cut connections that did not finish in the grace period");
        cut.cancel();
        connections.wait().await;
    }
    Ok(())
}

/// The next connection. Errors are the client's, or pass: out of file descriptors, say.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections, trying again");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

async fn connection(stream: TcpStream, app: Router, patience: Patience, end: End) {
    // Answers are small and written whole; waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let (wire, read) = Wire::new(stream, patience.stall);
    let leave = end.leave.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (chunked, leave) = (request.headers().contains_key(header::TRANSFER_ENCODING), leave.clone());
        let answer = app.clone().oneshot(request.map(|body| Body::new(Linger::new(body))));
        answer.map_ok(move |answer| if chunked || leave.is_cancelled() { last(answer) } else { answer })
    });
    let connection = http1::Builder::new()
        .timer(HeadTimer::new(read, patience.head, patience.idle))
        // The timer decides by itself, see there; hyper only has to ask it.
        .header_read_timeout(patience.idle)
        .max_header_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(wire), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = end.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}

/// An answer after which its connection ends, and the client knows.
///
/// While leaving; and after a body in chunks, because hyper takes a length that came beside it away: what
/// a proxy that goes by the length took for this body's end must not be read as a next request (RFC 9112
/// §6.1). SDKs tell the length.
fn last(mut answer: Response<Body>) -> Response<Body> {
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// The request line and all headers; hyper answers 431 beyond.
const HEAD_BYTES: usize = 32 << 10;

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
