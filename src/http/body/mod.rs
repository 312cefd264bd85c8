//! From a socket to bytes that a handler can trust: whole, decompressed, bounded in size, depth and
//! time. Every bound holds while the body grows, never only afterwards.

mod decode;
mod depth;
mod hold;
mod read;

use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::header;

use crate::contract::Caller;
use crate::contract::Refusal;
use crate::http::body::decode::Encoding;
use crate::http::body::hold::Hold;
use crate::http::face::Face;
use crate::http::guard::declared;

pub(super) use hold::kibibytes;

/// Replaces the request's body by its decoded bytes, or refuses the request.
pub(super) async fn receive(State(face): State<Face>, request: Request, next: Next) -> Response {
    let mut hold = Hold::new(&face.edge.held);
    match replace(&face, request, &mut hold).await {
        // The bytes stay accounted for until the answer is made.
        Ok(request) => next.run(request).await,
        Err(refusal) => face.refuse(&refusal),
    }
}

async fn replace(face: &Face, request: Request, hold: &mut Hold) -> Result<Request, Refusal> {
    let (mut parts, body) = request.into_parts();
    let encoding = Encoding::of(&parts.headers)?;
    let settings = &face.edge.settings;
    let max = if encoding.is_some() { settings.max_encoded } else { settings.max_decoded };
    let length = declared(&parts.headers);
    let bytes = read::read(body, length, max, settings.pace, hold).await?;
    if let (None, Some(caller)) = (length, parts.extensions.get::<Caller>()) {
        face.edge.limits.bytes(caller, bytes.len() as u64)?;
    }
    let rows = is_text(&parts.headers).then(|| face.dialect.rows());
    let bytes = prepare(bytes, encoding, rows, settings.max_decoded, hold).await?;
    parts.headers.remove(header::CONTENT_ENCODING);
    parts.headers.remove(header::TRANSFER_ENCODING);
    if !bytes.is_empty() || length.is_some() {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Decompresses and checks (a text by where its rows stand), away from the async threads where that takes long.
async fn prepare(
    bytes: Bytes,
    encoding: Option<Encoding>,
    rows: Option<&'static [&'static str]>,
    max: usize,
    hold: &mut Hold,
) -> Result<Bytes, Refusal> {
    let is_short = bytes.len() <= INLINE_BYTES && encoding.is_none();
    let mut own = hold.sibling();
    let work = move || -> Result<(Bytes, Hold), Refusal> {
        let bytes = match encoding {
            Some(encoding) => decode::decode(encoding, &bytes, max, &mut own)?,
            None => bytes,
        };
        if let Some(rows) = rows {
            depth::check(&bytes, rows)?;
        }
        Ok((bytes, own))
    };
    let (bytes, own) = match is_short {
        true => work()?,
        false => tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "decoding a body failed inside the gateway");
            Refusal::Internal
        })??,
    };
    hold.join(own);
    Ok(bytes)
}

/// Whether brackets in the body can mean nesting. What calls itself binary is no JSON, and a route
/// that wants JSON refuses it.
fn is_text(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    !BINARY.iter().any(|binary| kind.eq_ignore_ascii_case(binary))
}

/// What is scanned in less time than it takes to wake a thread, move the bytes into its cache, and wake
/// this one again.
const INLINE_BYTES: usize = 512 << 10;

const BINARY: [&str; 4] =
    ["application/x-protobuf", "application/protobuf", "application/octet-stream", "multipart/form-data"];

#[cfg(test)]
mod tests;
