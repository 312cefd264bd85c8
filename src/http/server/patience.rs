//! How long a connection may take to say what it wants.
//!
//! hyper has one timer for the head of a request, and it also runs while a connection is idle between
//! two requests: 5 s for headers would close connections that a client means to use again. This timer
//! tells the two apart by whether a byte has come since it was set.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;
use std::time::Instant;

use hyper::rt::Sleep;
use hyper::rt::Timer;

/// hyper's timer for one connection's heads.
pub(super) struct HeadTimer {
    read: Arc<AtomicU64>,
    head: Duration,
    idle: Duration,
}

impl HeadTimer {
    /// `read` counts the connection's bytes.
    pub(super) fn new(read: Arc<AtomicU64>, head: Duration, idle: Duration) -> Self {
        Self { read, head, idle }
    }

    fn wait(&self) -> Wait {
        let before = self.read.load(Ordering::Relaxed);
        // A fresh connection is one that has something to say.
        let first = if before == 0 { self.head } else { self.idle };
        Wait {
            read: Arc::clone(&self.read),
            before,
            head: self.head,
            has_begun: false,
            sleep: Box::pin(tokio::time::sleep(first)),
        }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(self.wait())
    }

    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(self.wait())
    }
}

/// One wait for a head. hyper polls it after each read that left the head incomplete.
struct Wait {
    read: Arc<AtomicU64>,
    before: u64,
    head: Duration,
    has_begun: bool,
    sleep: Pin<Box<tokio::time::Sleep>>,
}

impl Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.has_begun && self.read.load(Ordering::Relaxed) > self.before {
            self.has_begun = true;
            if self.before > 0 {
                let deadline = tokio::time::Instant::now() + self.head;
                self.sleep.as_mut().reset(deadline);
            }
        }
        self.sleep.as_mut().poll(cx)
    }
}
