//! The requests' bodies and where they go.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde::Serialize;

use super::place::Under;
use super::row::Row;
use super::row::show_id;
use super::sheet::Sheet;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Raw;
use crate::canonical::Target;
use crate::canonical::View;
use crate::contract::Bucket;
use crate::contract::Outward;
use crate::contract::Write;
use crate::dialects::galileo::client;
use crate::dialects::galileo::settings::NAME;
use crate::dialects::galileo::wire;

/// Who may be said to log (`wire/galileo.md §4.1`).
const METHODS: [&str; 4] = ["playground", "python_client", "typescript_client", "api_direct"];

/// Where a trace is written to.
pub(super) struct Address<'a> {
    out: &'a Outward,
    trace: Id,
    project: String,
    stream: Field<String>,
    method: Field<String>,
}

impl<'a> Address<'a> {
    /// The address of a view.
    pub(super) fn of(view: &View, out: &'a Outward) -> Self {
        let source =
            view.trace.as_ref().filter(|trace| trace.origin == NAME).and_then(|trace| trace.facts.source.get());
        let method = source.map(String::as_str).filter(|source| METHODS.contains(source)).unwrap_or("api_direct");
        Self {
            out,
            trace: view.id,
            project: client::project_path(&out.known),
            stream: out.known.get(client::STREAM_ID).cloned().into(),
            method: Field::Set(method.to_owned()),
        }
    }

    /// A whole trace: one element of a request that several traces of a session may share. It goes once its
    /// sessions are there.
    pub(super) fn trace(&self, view: &View, trace: &Row, sheet: &Sheet, complete: bool) -> Write {
        let stage = u8::try_from(view.sessions.len()).unwrap_or(u8::MAX);
        let mut step = trace.step.clone();
        let spans = sheet.nested(|_| true).into_iter().map(|(_, _, step)| Raw::of(&step));
        step.spans = Field::Set(spans.collect());
        let session = view.trace.as_ref().and_then(|trace| trace.facts.session.cloned());
        let mut body = wire::Traces {
            log_stream_id: self.stream.clone(),
            logging_method: self.method.clone(),
            reliable: Field::Set(true),
            session_external_id: session.into(),
            is_complete: Field::Set(complete),
            include_trace_ids: Field::Set(true),
            ..wire::Traces::default()
        };
        let batch = batch("traces", &body);
        body.traces = Field::Set(vec![Raw::of(&step)]);
        Write { batch: batch.into(), ..self.write(Method::POST, "/traces", &body, stage, Target::Trace(self.trace)) }
    }

    /// A span with its subtree: one element of a request that others under the same parent may share.
    pub(super) fn span(&self, id: Id, under: Under, step: &wire::Step) -> Write {
        let parent = match under {
            Under::Trace => self.trace,
            Under::Span(parent) | Under::Elsewhere(parent) => parent,
        };
        let mut body = wire::Spans {
            log_stream_id: self.stream.clone(),
            logging_method: self.method.clone(),
            reliable: Field::Set(true),
            trace_id: Field::Set(self.shown(self.trace)),
            parent_id: Field::Set(self.shown(parent)),
            ..wire::Spans::default()
        };
        let batch = batch("spans", &body);
        body.spans = Field::Set(vec![Raw::of(step)]);
        let target = Target::Span { trace: Some(self.trace), span: id };
        Write { batch: batch.into(), ..self.write(Method::POST, "/spans", &body, 0, target) }
    }

    /// A change of the trace or a span.
    pub(super) fn change(&self, target: Target, change: wire::Update, stage: u8) -> Write {
        let mut body = wire::Update {
            log_stream_id: self.stream.clone(),
            logging_method: self.method.clone(),
            reliable: Field::Set(true),
            ..change
        };
        let path = match &target {
            Target::Span { span, .. } => {
                body.span_id = Field::Set(self.shown(*span));
                format!("/spans/{}", self.shown(*span))
            }
            Target::Trace(_) | Target::Session(_) => {
                body.trace_id = Field::Set(self.shown(self.trace));
                format!("/traces/{}", self.shown(self.trace))
            }
        };
        self.write(Method::PATCH, &path, &body, stage, target)
    }

    /// A deletion, which is by filter there (`wire/galileo.md §4.7`).
    pub(super) fn delete(&self, target: Target) -> Write {
        let (path, id) = match &target {
            Target::Span { span, .. } => ("/spans/delete", *span),
            Target::Trace(_) | Target::Session(_) => ("/traces/delete", self.trace),
        };
        let word = |text: &str| Field::Set(text.to_owned());
        let filter = wire::Filter {
            kind: word("id"),
            column_id: word("id"),
            operator: word("eq"),
            value: Field::Set(Raw::of(&self.shown(id))),
            ..wire::Filter::default()
        };
        let body = wire::Selection {
            log_stream_id: self.stream.clone(),
            filters: Field::Set(vec![Raw::of(&filter)]),
            ..wire::Selection::default()
        };
        self.write(Method::POST, path, &body, 3, target)
    }

    fn shown(&self, id: Id) -> String {
        show_id(id, self.trace, self.out)
    }

    /// The log stream's id there.
    pub(super) fn stream(&self) -> Field<String> {
        self.stream.clone()
    }

    pub(super) fn write(&self, method: Method, path: &str, body: &impl Serialize, stage: u8, target: Target) -> Write {
        Write {
            stage,
            batch: Arc::default(),
            method,
            path: format!("{}{path}", self.project),
            headers: Vec::new(),
            row: serde_json::to_vec(body).map(Bytes::from).unwrap_or_default(),
            bucket: Bucket::Write,
            target,
            unless: None,
            each: None,
            once: None,
        }
    }
}

/// What requests must have in common to become one.
fn batch(kind: &str, body: &impl Serialize) -> String {
    format!("{kind} {}", Raw::of(body).text())
}
