//! Reads a body whole, while it stays under its size and ahead of its pace.

use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use bytes::BytesMut;
use http_body_util::BodyExt;
use tokio::time::Instant;
use tokio::time::Sleep;
use tokio::time::sleep_until;

use crate::contract::Refusal;
use crate::http::Pace;
use crate::http::body::hold::Hold;

/// The body's bytes as they came.
///
/// # Errors
/// [`Refusal::TooLarge`], by the declared length before a byte is read; [`Refusal::Timeout`] when it
/// comes slower than `pace`; [`Refusal::Malformed`] when it breaks off.
pub(super) async fn read(
    mut body: Body,
    declared: Option<u64>,
    max: usize,
    pace: Pace,
    hold: &mut Hold,
) -> Result<Bytes, Refusal> {
    if declared.is_some_and(|length| length > max as u64) {
        return Err(too_large(max));
    }
    let mut whole = Whole::default();
    let start = Instant::now();
    let mut deadline = Box::pin(sleep_until(start + pace.grace));
    while let Some(frame) = frame(&mut body, &mut deadline).await? {
        let length = whole.length() + frame.len();
        if length > max {
            return Err(too_large(max));
        }
        hold.reach(length)?;
        whole.push(frame);
        deadline.as_mut().reset(start + pace.grace + earned(length, pace));
    }
    Ok(whole.finish())
}

async fn frame(body: &mut Body, deadline: &mut Pin<Box<Sleep>>) -> Result<Option<Bytes>, Refusal> {
    loop {
        let frame = tokio::select! {
            biased;
            frame = body.frame() => frame,
            () = deadline.as_mut() => return Err(Refusal::Timeout),
        };
        match frame {
            None => return Ok(None),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => return Ok(Some(data)),
                // Trailers say nothing to us.
                Err(_) => continue,
            },
            Some(Err(_)) => return Err(Refusal::Malformed { message: "the body broke off".to_owned() }),
        }
    }
}

/// The time that `length` bytes have bought.
fn earned(length: usize, pace: Pace) -> Duration {
    Duration::from_secs(length as u64) / pace.bytes_per_second.max(1)
}

fn too_large(max: usize) -> Refusal {
    Refusal::TooLarge(format!("the body is longer than {max} bytes"))
}

/// A body that is one piece is not copied.
#[derive(Default)]
struct Whole {
    first: Bytes,
    rest: BytesMut,
}

impl Whole {
    fn length(&self) -> usize {
        self.first.len().max(self.rest.len())
    }

    fn push(&mut self, piece: Bytes) {
        if self.first.is_empty() && self.rest.is_empty() {
            self.first = piece;
            return;
        }
        if self.rest.is_empty() {
            self.rest.extend_from_slice(&self.first);
        }
        self.rest.extend_from_slice(&piece);
    }

    fn finish(self) -> Bytes {
        if self.rest.is_empty() { self.first } else { self.rest.freeze() }
    }
}
