//! A vendor that holds nothing: it reads every row, ticks it off, and forgets it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::State;
use axum::routing::post;
use http::StatusCode;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::ids;
use crate::ids::Kind;

/// A vendor's side of a run.
#[derive(Default)]
pub(crate) struct Vendor {
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
        Arc::new(Self { traces: Ticks::new(traces), spans: Ticks::new(spans), ..Self::default() })
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
    batch.traces.iter().for_each(|row| vendor.traces.tick(ids::number(row.id, Kind::Trace)));
    batch.spans.iter().for_each(|row| vendor.spans.tick(ids::number(row.id, Kind::Span)));
    StatusCode::NO_CONTENT
}

impl Ticks {
    fn new(rows: u64) -> Self {
        Self { bits: (0..rows.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(), ..Self::default() }
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
