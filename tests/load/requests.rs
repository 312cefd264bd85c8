//! What the generator sends: whole HTTP requests made beforehand, into which ids are written.
//!
//! Making a request is a copy and some ids, so that on a shared machine the generator takes little
//! from what it measures.

use super::ids;
use super::ids::Kind;
use super::text::Text;

/// Spans in a trace.
pub(crate) const SPANS_A_TRACE: u64 = 10;

/// Bytes of one span's payloads.
const PAYLOAD: usize = 1_500;

/// The requests of a few traces: their rows, then their spans.
pub(crate) struct Unit {
    /// In the order sent.
    pub(crate) requests: Vec<Template>,
    /// How many traces it holds.
    pub(crate) traces: u64,
}

/// A request with gaps for ids.
pub(crate) struct Template {
    bytes: Vec<u8>,
    gaps: Vec<(usize, Kind, u64)>,
    /// How many spans it carries; 0 for a request of trace rows.
    pub(crate) spans: u64,
}

impl Unit {
    /// Traces whose spans go out so many to a request.
    pub(crate) fn new(host: &str, key: &str, spans_a_request: u64, times: &Times, text: &mut Text) -> Self {
        let traces = spans_a_request.div_ceil(SPANS_A_TRACE);
        let spans: Vec<u64> = (0..traces * SPANS_A_TRACE).collect();
        let mut requests = vec![Request::new("traces")];
        (0..traces).for_each(|trace| requests[0].trace(trace, times));
        for chunk in spans.chunks(usize::try_from(spans_a_request).unwrap()) {
            let mut request = Request::new("spans");
            chunk.iter().for_each(|span| request.span(*span, times, text));
            requests.push(request);
        }
        Self { requests: requests.into_iter().map(|request| request.finish(host, key)).collect(), traces }
    }
}

/// When everything happened.
pub(crate) struct Times {
    /// Milliseconds since 1970, for ids.
    pub(crate) ms: u64,
    /// The same in RFC 3339.
    pub(crate) start: String,
    /// A second later.
    pub(crate) end: String,
}

impl Template {
    /// Writes the request of the unit whose first trace is `trace` into a buffer.
    pub(crate) fn write(&self, into: &mut Vec<u8>, trace: u64, ms: u64) {
        into.clear();
        into.extend_from_slice(&self.bytes);
        for (at, kind, n) in &self.gaps {
            let first = if *kind == Kind::Trace { trace } else { trace * SPANS_A_TRACE };
            into[*at..at + 36].copy_from_slice(&ids::id(*kind, first + n, ms));
        }
    }

    /// Bytes of its body and head.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// A request being made.
struct Request {
    rows: &'static str,
    body: String,
    gaps: Vec<(usize, Kind, u64)>,
    count: u64,
}

impl Request {
    fn new(rows: &'static str) -> Self {
        Self { rows, body: format!("{{\"{rows}\":["), gaps: Vec::new(), count: 0 }
    }

    fn trace(&mut self, trace: u64, times: &Times) {
        self.open(Kind::Trace, trace);
        self.body.push_str(&format!(
            r#","project_name":"load","name":"answer","start_time":"{}","end_time":"{}","input":{{"question":"how cold is it in Oslo?"}},"output":{{"answer":"3 degrees"}},"tags":["prod"],"last_updated_at":"{}","source":"sdk"}}"#,
            times.start, times.end, times.end
        ));
    }

    fn span(&mut self, span: u64, times: &Times, text: &mut Text) {
        let first = span / SPANS_A_TRACE * SPANS_A_TRACE;
        self.open(Kind::Span, span);
        self.id("trace_id", Kind::Trace, span / SPANS_A_TRACE);
        if span > first {
            self.id("parent_span_id", Kind::Span, first);
        }
        let (question, answer) = (text.take(PAYLOAD / 2), text.take(PAYLOAD / 2));
        let (model, tokens) = (["gpt-4o", "claude-4", "llama-3"][usize::try_from(span % 3).unwrap()], text.below(900));
        self.body.push_str(&format!(
            r#","project_name":"load","name":"chat","type":"llm","start_time":"{}","end_time":"{}","input":{{"messages":[{{"role":"user","content":"{question}"}}]}},"output":{{"choices":[{{"message":{{"role":"assistant","content":"{answer}"}}}}]}},"model":"{model}","provider":"openai","metadata":{{"temperature":0.2,"release":"2026-11"}},"usage":{{"prompt_tokens":{tokens},"completion_tokens":120,"total_tokens":{}}},"tags":["prod","checkout"],"last_updated_at":"{}","source":"sdk"}}"#,
            times.start, times.end, tokens + 120, times.end
        ));
    }

    fn open(&mut self, kind: Kind, n: u64) {
        if self.count > 0 {
            self.body.push(',');
        }
        self.count += 1;
        self.body.push('{');
        self.id("id", kind, n);
    }

    fn id(&mut self, key: &str, kind: Kind, n: u64) {
        let comma = if key == "id" { "" } else { "," };
        self.body.push_str(&format!("{comma}\"{key}\":\""));
        self.gaps.push((self.body.len(), kind, n));
        self.body.push_str(&"0".repeat(36));
        self.body.push('"');
    }

    fn finish(mut self, host: &str, key: &str) -> Template {
        self.body.push_str("]}");
        let head = format!(
            "POST /opik/api/v1/private/{}/batch HTTP/1.1\r\nhost: {host}\r\nauthorization: {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.rows,
            self.body.len()
        );
        let gaps = self.gaps.into_iter().map(|(at, kind, n)| (at + head.len(), kind, n)).collect();
        let spans = if self.rows == "spans" { self.count } else { 0 };
        Template { bytes: (head + &self.body).into_bytes(), gaps, spans }
    }
}
