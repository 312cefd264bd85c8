//! Reading what a vendor answers, within bounds: a vendor that never stops talking costs neither
//! memory nor time without end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use reqwest::Response;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// What long answers to reads may hold at once, all destinations together.
#[derive(Clone)]
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LONG_BYTES >> 10)))
    }
}

/// Why a read's answer is not whole.
pub(super) enum Broken {
    /// The connection failed under it.
    Wire(reqwest::Error),
    /// It is longer than there is room for.
    TooLong,
}

/// The whole body of an answer to a read: a trace as a vendor shows it may be as large as one that a
/// client sends. What is long is read only while there is room for it.
pub(super) async fn whole(mut answer: Response, room: &Room) -> Result<Bytes, Broken> {
    let mut body = BytesMut::new();
    let mut taken = None;
    let mut paid = SHORT_BYTES;
    while let Some(chunk) = answer.chunk().await.map_err(Broken::Wire)? {
        body.extend_from_slice(&chunk);
        while body.len() > paid {
            let more = Arc::clone(&room.0).try_acquire_many_owned(STEP_KIB).map_err(|_| Broken::TooLong)?;
            match &mut taken {
                Some(taken) => tokio::sync::OwnedSemaphorePermit::merge(taken, more),
                None => taken = Some(more),
            }
            paid += (STEP_KIB as usize) << 10;
        }
    }
    Ok(body.freeze())
}

/// The body without a secret that a vendor may echo: what it answers is kept for operators to read.
pub(super) fn without(body: Bytes, secret: &str) -> Bytes {
    let secret = secret.as_bytes();
    if secret.is_empty() || memchr::memmem::find(&body, secret).is_none() {
        return body;
    }
    let mut clean = BytesMut::with_capacity(body.len());
    let mut from = 0;
    for at in memchr::memmem::find_iter(&body, secret) {
        clean.extend_from_slice(&body[from..at]);
        clean.extend_from_slice(b"[credential]");
        from = at + secret.len();
    }
    clean.extend_from_slice(&body[from..]);
    clean.freeze()
}

/// The beginning of an answer to a write. The status has already said what became of it, so a body that
/// breaks off or does not end is no failure: repeating the write would only write it twice.
pub(super) async fn beginning(mut answer: Response) -> Bytes {
    let mut body = BytesMut::new();
    let read = async {
        while let Ok(Some(chunk)) = answer.chunk().await {
            let left = CUT_BYTES - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(left)]);
            if body.len() == CUT_BYTES {
                return;
            }
        }
    };
    // What came in time is kept.
    let _ = timeout(BEGINNING_WITHIN, read).await;
    body.freeze()
}

const CUT_BYTES: usize = 64 << 10;
const BEGINNING_WITHIN: Duration = Duration::from_secs(10);
/// What every read may hold: `in_flight` of them for each destination.
const SHORT_BYTES: usize = 1 << 20;
/// Beyond it, shared: room for one answer as large as the largest body that a client may send.
const LONG_BYTES: usize = 64 << 20;
const STEP_KIB: u32 = 256;

#[cfg(test)]
mod tests {
    use std::io;

    use futures::StreamExt;
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    #[test]
    fn a_secret_that_is_echoed_is_taken_out() {
        let clean = |body: &'static str| without(Bytes::from_static(body.as_bytes()), "k-1");
        assert_eq!(clean(r#"{"detail":"k-1 is no key: k-1"}"#), r#"{"detail":"[credential] is no key: [credential]"}"#);
        assert_eq!((clean("fine"), without(Bytes::from_static(b"fine"), "")), ("fine".into(), "fine".into()));
    }

    #[tokio::test]
    async fn the_beginning_is_cut_and_a_break_is_no_failure() {
        assert_eq!(beginning(response(3 << 20, None)).await.len(), 65_536);
        assert_eq!(beginning(response(100, None)).await.len(), 100);
        assert_eq!(beginning(response(1000, Some(End::Broken))).await.len(), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_beginning_that_drips_ends() {
        assert_eq!(beginning(response(1000, Some(End::Silent))).await.len(), 1000);
    }

    #[tokio::test]
    async fn a_long_answer_takes_room_and_gives_it_back() {
        let room = Room::default();
        let all = room.0.available_permits();
        let read = async |bytes: usize| whole(response(bytes, None), &room).await.map_err(|_| ());
        assert_eq!(read(60 << 20).await.map(|body| body.len()), Ok(60 << 20));
        assert_eq!(room.0.available_permits(), all);
        assert!(read(66 << 20).await.is_err());
        assert_eq!(room.0.available_permits(), all);
        let held = room.0.acquire_many(u32::try_from(all).unwrap()).await.unwrap();
        assert!(read(2 << 20).await.is_err());
        assert_eq!(read(1 << 20).await.map(|body| body.len()), Ok(1 << 20));
        drop(held);
    }

    #[tokio::test]
    async fn a_read_that_breaks_off_is_not_whole() {
        assert!(matches!(whole(response(10, Some(End::Broken)), &Room::default()).await, Err(Broken::Wire(_))));
    }

    enum End {
        Broken,
        Silent,
    }

    /// An answer of so many bytes, in chunks, and how it ends if not well.
    fn response(bytes: usize, end: Option<End>) -> Response {
        let sizes = std::iter::repeat_n(CHUNK, bytes / CHUNK).chain([bytes % CHUNK]);
        let chunks = futures::stream::iter(sizes).map(|size| Ok(Frame::data(Bytes::from(vec![b' '; size]))));
        let tail = futures::stream::iter(end).then(async |end| match end {
            End::Broken => Err(io::Error::other("reset")),
            End::Silent => futures::future::pending().await,
        });
        http::Response::new(reqwest::Body::wrap(StreamBody::new(Box::pin(chunks.chain(tail))))).into()
    }

    const CHUNK: usize = 10_000;
}
