//! A vendor that holds nothing: it reads every row, ticks it off, and forgets it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::State;
use axum::routing::post;
use http::StatusCode;
use serde::Deserialize;
use tokio::net::TcpListener;

use super::ids;
use super::ids::Kind;
use super::requests::SPANS_A_TRACE;

/// A vendor's side of a run.
pub(crate) struct Vendor {
    begun: Instant,
    /// Milliseconds from then until the newest row of each trace came.
    arrivals: Vec<AtomicU32>,
    traces: Ticks,
    spans: Ticks,
    /// Answers 503 to everything.
    pub(crate) down: AtomicBool,
}

/// Which rows have come.
#[derive(Default)]
pub(crate) struct Ticks {
    bits: Vec<AtomicU64>,
    rows: AtomicU64,
    first: AtomicU64,
    strange: AtomicU64,
}

impl Vendor {
    /// A vendor that expects so many traces and spans.
    pub(crate) fn expecting(traces: u64, spans: u64) -> Arc<Self> {
        Arc::new(Self {
            begun: Instant::now(),
            arrivals: (0..traces).map(|_| AtomicU32::new(0)).collect(),
            traces: Ticks::new(traces),
            spans: Ticks::new(spans),
            down: AtomicBool::new(false),
        })
    }

    /// Serves on a free port of the loopback until the process ends.
    pub(crate) async fn serve(self: &Arc<Self>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .route("/v1/private/traces/batch", post(take))
            .route("/v1/private/spans/batch", post(take))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(self));
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    /// Traces and spans that have come, each counted once.
    pub(crate) fn has(&self) -> (u64, u64) {
        (self.traces.first.load(Ordering::Relaxed), self.spans.first.load(Ordering::Relaxed))
    }

    /// Whether a trace has come, and every span of it.
    pub(crate) fn shows(&self, trace: u64) -> bool {
        let spans = trace * SPANS_A_TRACE..(trace + 1) * SPANS_A_TRACE;
        self.traces.has(trace) && spans.into_iter().all(|span| self.spans.has(span))
    }

    /// When the newest row of a trace came for the first time.
    pub(crate) fn shown_at(&self, trace: u64) -> Option<Instant> {
        let after = self.arrivals.get(usize::try_from(trace).ok()?)?.load(Ordering::Relaxed);
        (after > 0).then(|| self.begun + Duration::from_millis(after.into()))
    }

    /// Rows that came again.
    pub(crate) fn repeats(&self) -> u64 {
        let of = |ticks: &Ticks| ticks.rows.load(Ordering::Relaxed) - ticks.first.load(Ordering::Relaxed);
        of(&self.traces) + of(&self.spans)
    }

    /// Rows that nobody sent.
    pub(crate) fn strange(&self) -> u64 {
        self.traces.strange.load(Ordering::Relaxed) + self.spans.strange.load(Ordering::Relaxed)
    }
}

impl Vendor {
    fn note(&self, trace: Option<u64>) {
        let arrival = trace.and_then(|trace| self.arrivals.get(usize::try_from(trace).ok()?));
        let after = u32::try_from(self.begun.elapsed().as_millis()).unwrap_or(u32::MAX).max(1);
        if let Some(arrival) = arrival {
            arrival.store(after, Ordering::Relaxed);
        }
    }
}

/// A batch of rows, of which only the ids are kept; reading them checks that the rest is JSON.
#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow, default)]
    traces: Vec<Row<'a>>,
    #[serde(borrow, default)]
    spans: Vec<Row<'a>>,
}

#[derive(Deserialize)]
struct Row<'a> {
    id: &'a str,
}

async fn take(State(vendor): State<Arc<Vendor>>, body: Bytes) -> StatusCode {
    if vendor.down.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let Ok(batch) = serde_json::from_slice::<Batch<'_>>(&body) else { return StatusCode::BAD_REQUEST };
    for row in &batch.traces {
        let trace = ids::number(row.id, Kind::Trace);
        vendor.traces.tick(trace);
        vendor.note(trace);
    }
    for row in &batch.spans {
        let span = ids::number(row.id, Kind::Span);
        vendor.spans.tick(span);
        vendor.note(span.map(|span| span / SPANS_A_TRACE));
    }
    StatusCode::NO_CONTENT
}

impl Ticks {
    fn new(rows: u64) -> Self {
        Self { bits: (0..rows.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(), ..Self::default() }
    }

    fn has(&self, row: u64) -> bool {
        let bits = usize::try_from(row / 64).ok().and_then(|at| self.bits.get(at));
        bits.is_some_and(|bits| bits.load(Ordering::Relaxed) & (1 << (row % 64)) != 0)
    }

    fn tick(&self, row: Option<u64>) {
        self.rows.fetch_add(1, Ordering::Relaxed);
        let place = row.and_then(|row| Some((self.bits.get(usize::try_from(row / 64).ok()?)?, 1 << (row % 64))));
        let Some((bits, bit)) = place else {
            self.strange.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if bits.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            self.first.fetch_add(1, Ordering::Relaxed);
        }
    }
}
