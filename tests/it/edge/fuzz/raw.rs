//! A request as bytes, in parts that can be bent one by one.

use spangate::contract::Call;

/// A request before it is written.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    pub(super) method: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) version: Vec<u8>,
    /// Names and values, in order, without the one that tells the body's length.
    pub(super) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    pub(super) framing: Framing,
    /// What ends a line.
    pub(super) eol: &'static [u8],
    /// What comes after the body.
    pub(super) tail: Vec<u8>,
}

/// How the body's length is told.
#[derive(Clone, Debug)]
pub(super) enum Framing {
    /// By `Content-Length`, as it is.
    Length,
    /// By `Content-Length` with this value.
    Said(Vec<u8>),
    /// In chunks of this many bytes.
    Chunked(usize),
    /// Not at all.
    Untold,
}

impl Raw {
    /// A recorded call.
    pub(super) fn of(call: &Call, key: &str) -> Self {
        let target = if call.query.is_empty() { call.path.clone() } else { format!("{}?{}", call.path, call.query) };
        let mut headers =
            vec![("host".to_owned(), "gateway".to_owned()), ("connection".to_owned(), "close".to_owned())];
        headers.extend(["authorization", "x-api-key", "galileo-api-key"].map(|name| (name.to_owned(), key.to_owned())));
        headers.extend(call.headers.iter().cloned());
        let mut raw = Self {
            method: call.method.as_str().into(),
            target: target.into_bytes(),
            version: b"HTTP/1.1".to_vec(),
            headers: Vec::new(),
            body: call.body.to_vec(),
            framing: Framing::Length,
            eol: b"\r\n",
            tail: Vec::new(),
        };
        for (name, value) in headers {
            raw.header(&name, value.as_bytes());
        }
        if !call.headers.iter().any(|(name, _)| name == "content-type") {
            raw.header("content-type", b"application/json");
        }
        raw
    }

    /// Adds a header.
    pub(super) fn header(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.headers.push((name.into(), value.as_ref().to_vec()));
    }

    /// What is written.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = [&self.method[..], &self.target, &self.version].join(&b' ');
        out.extend(self.eol);
        for (name, value) in &self.headers {
            self.line(&mut out, name, value);
        }
        match &self.framing {
            Framing::Length => self.line(&mut out, b"content-length", self.body.len().to_string().as_bytes()),
            Framing::Said(value) => self.line(&mut out, b"content-length", value),
            Framing::Chunked(_) => self.line(&mut out, b"transfer-encoding", b"chunked"),
            Framing::Untold => {}
        }
        out.extend(self.eol);
        match self.framing {
            Framing::Chunked(size) => self.chunks(&mut out, size.max(1)),
            _ => out.extend(&self.body),
        }
        out.extend(&self.tail);
        out
    }

    fn line(&self, out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
        out.extend(name);
        out.extend(b": ");
        out.extend(value);
        out.extend(self.eol);
    }

    fn chunks(&self, out: &mut Vec<u8>, size: usize) {
        for chunk in self.body.chunks(size) {
            out.extend(format!("{:x}", chunk.len()).as_bytes());
            out.extend(self.eol);
            out.extend(chunk);
            out.extend(self.eol);
        }
        out.extend(b"0");
        out.extend(self.eol);
        out.extend(self.eol);
    }
}
