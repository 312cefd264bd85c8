//! The vendor's read shape, both ways: rendered for our clients, decoded from the vendor.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::canonical::ClientProject;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Raw;
use crate::canonical::Score;
use crate::canonical::SpanView;
use crate::canonical::Target;
use crate::canonical::Time;
use crate::canonical::View;
use crate::contract::Answer;
use crate::contract::Found;
use crate::contract::Wanted;
use crate::contract::Whereabouts;

use super::client;
use super::decode;
use super::decode::At;
use super::decode::Form;
use super::encode;
use super::settings::NAME;
use super::wire;

/// Who is said to have written a row: the SDKs want a name there (`wire/opik.md §5.1`).
pub(super) const WRITER: &str = "spangate";

/// A trace as `TracePublic`; `None` when only spans of it are held.
pub(super) fn trace(found: &Found, project_id: &str) -> Option<wire::Trace> {
    let view = found.view.trace.as_ref()?;
    let mut row = encode::bare_trace(view, &found.out, &mut Vec::new());
    row.project_name = Field::Absent;
    row.source = view.facts.source.clone();
    row.start_time = Field::Set(start(view.facts.start.cloned().or_else(|| found.view.start())));
    row.last_updated_at = Field::Set(view.version.rfc3339(6));
    public(&mut row.extra, project_id, view.version);
    row.extra.extend(sums(&found.view));
    put(&mut row.extra, "duration", duration(view.facts.start.cloned(), view.end()));
    put(&mut row.extra, "feedback_scores", scores(&found.view, &Target::Trace(found.view.id)));
    Some(row)
}

/// A span as `SpanPublic`.
pub(super) fn span(found: &Found, view: &SpanView, project_id: &str) -> wire::Span {
    let mut row = encode::bare_span(view, found.view.id, &found.out, &mut Vec::new());
    row.project_name = Field::Absent;
    row.source = view.facts.source.clone();
    row.start_time = Field::Set(start(view.facts.start.cloned()));
    row.last_updated_at = Field::Set(view.version.rfc3339(6));
    if !row.kind.is_set() {
        row.kind = Field::Set("general".to_owned());
    }
    public(&mut row.extra, project_id, view.version);
    let target = Target::Span { trace: Some(found.view.id), span: view.facts.id };
    put(&mut row.extra, "duration", duration(view.facts.start.cloned(), view.end()));
    put(&mut row.extra, "feedback_scores", scores(&found.view, &target));
    row
}

/// Every row has a start; the vendor gives a row made by an update the epoch (`wire/opik.md §6.4`).
fn start(time: Option<Time>) -> String {
    time.unwrap_or_default().exact()
}

fn public(extra: &mut IndexMap<String, Raw>, project_id: &str, version: Time) {
    put(extra, "project_id", Some(project_id));
    put(extra, "created_at", Some(version.rfc3339(6)));
    put(extra, "created_by", Some(WRITER));
    put(extra, "last_updated_by", Some(WRITER));
}

fn put<T: Serialize>(extra: &mut IndexMap<String, Raw>, key: &str, value: Option<T>) {
    if let Some(value) = value {
        extra.insert(key.to_owned(), Raw::of(&value));
    }
}

/// What a trace's row says of its spans.
fn sums(view: &View) -> IndexMap<String, Raw> {
    let mut usage: IndexMap<Cow<'static, str>, i64> = IndexMap::new();
    let mut providers: Vec<&String> = Vec::new();
    for span in &view.spans {
        for (key, count) in encode::counts(span) {
            let sum = usage.entry(key).or_default();
            *sum = sum.saturating_add(count);
        }
        providers.extend(span.facts.provider.get().filter(|provider| !providers.contains(provider)));
    }
    let cost: f64 = view.spans.iter().filter_map(|span| span.facts.cost.get()?.total).sum();
    let kinds = |word: &str| {
        let spans = view.spans.iter();
        spans.filter(|span| encode::kind(&span.facts).get().is_some_and(|kind| kind == word)).count()
    };
    let mut out = IndexMap::new();
    put(&mut out, "usage", (!usage.is_empty()).then_some(usage));
    put(&mut out, "total_estimated_cost", (cost > 0.0).then_some(cost));
    put(&mut out, "span_count", Some(view.spans.len()));
    put(&mut out, "llm_span_count", Some(kinds("llm")));
    put(&mut out, "has_tool_spans", Some(kinds("tool") > 0));
    put(&mut out, "providers", (!providers.is_empty()).then_some(providers));
    out
}

/// Milliseconds, with decimals.
fn duration(start: Option<Time>, end: Option<Time>) -> Option<f64> {
    start.zip(end).map(|(start, end)| end.0.saturating_sub(start.0) as f64 / 1e6)
}

fn scores(view: &View, of: &Target) -> Option<Vec<IndexMap<String, Raw>>> {
    let same = |score: &&Score| match (&score.target, of) {
        (Target::Trace(a), Target::Trace(b)) => a == b,
        (Target::Span { span: a, .. }, Target::Span { span: b, .. }) => a == b,
        _ => false,
    };
    let list: Vec<_> = view.scores.iter().filter(same).map(score).collect();
    (!list.is_empty()).then_some(list)
}

fn score(score: &Score) -> IndexMap<String, Raw> {
    let row = encode::score_row(score);
    let mut out = row.and_then(|row| Raw::of(&row).members()).unwrap_or_default();
    put(&mut out, "created_at", Some(score.at.rfc3339(6)));
    put(&mut out, "created_by", Some(score.author.as_deref().unwrap_or(WRITER)));
    put(&mut out, "last_updated_at", Some(score.at.rfc3339(6)));
    put(&mut out, "last_updated_by", Some(score.author.as_deref().unwrap_or(WRITER)));
    out
}

/// Where a row is: it names its project by id only (`wire/opik.md §5.1`), and GET by id finds it in any
/// (`§6.2`).
pub(super) fn whereabouts(wanted: &Wanted, answers: &[Answer]) -> Whereabouts {
    let next = match answers {
        [] => client::row(wanted).map(Whereabouts::Ask),
        [row] => told(row, "project_id").map(|id| Whereabouts::Ask(client::project(&id))),
        [_, project, ..] => told(project, "name").map(Whereabouts::In),
    };
    next.unwrap_or(Whereabouts::Unknown)
}

/// A text that an answer tells, if it is what was asked for.
fn told(answer: &Answer, key: &str) -> Option<String> {
    let members: IndexMap<String, Raw> = found(answer, key).ok()??;
    members.get(key)?.as_string()
}

/// The items that the answers to [`super::client::read`]'s requests say.
pub(super) fn answer(wanted: &Wanted, answers: &[Answer]) -> Result<Option<Vec<Item>>, String> {
    let (project, rows) = answers.split_last().ok_or("no answer to the read of the project")?;
    let Some(project): Option<wire::Project> = found(project, "the project")? else { return Ok(None) };
    let mut reader = Reader { project: &wanted.project.name, project_id: project.id.take(), items: Vec::new() };
    match rows {
        [trace, spans] => {
            let trace: Option<Raw> = found(trace, "the trace")?;
            if let Some(trace) = &trace {
                reader.trace(trace)?;
            }
            reader.spans(spans)?;
        }
        [span] => {
            if let Some(span) = found::<Raw>(span, "the span")? {
                reader.span(&span)?;
            }
        }
        _ => return Err(format!("{} answers to a read", answers.len())),
    }
    Ok((!reader.items.is_empty()).then_some(reader.items))
}

fn found<T: DeserializeOwned>(answer: &Answer, what: &str) -> Result<Option<T>, String> {
    match answer.status {
        200 => serde_json::from_slice(&answer.body).map(Some).map_err(|error| format!("{what}: {error}")),
        404 => Ok(None),
        status => Err(format!("{what}: the answer was {status}")),
    }
}

/// Collects the items of rows that belong to one project.
struct Reader<'a> {
    project: &'a str,
    project_id: Option<String>,
    items: Vec<Item>,
}

impl Reader<'_> {
    fn trace(&mut self, raw: &Raw) -> Result<(), String> {
        let mut losses = Vec::new();
        let mut at = At::new("trace", Form::Held, &mut losses);
        let mut row: wire::Trace = at.read(raw).map_err(|error| error.to_string())?;
        row.project_name = Field::Set(self.project.to_owned());
        if self.is_foreign(&row.project_id) {
            return Ok(());
        }
        let (id, rank) = head(&row.id, &row.end_time, &row.last_updated_at, &at)?;
        let judged = row.extra.get("feedback_scores").cloned();
        let trace = decode::trace(row, id, &mut at).map_err(|error| error.to_string())?;
        let target = Target::Trace(trace.id);
        self.push("trace", rank, Op::Trace(Box::new(trace)));
        self.scores(judged, &target)
    }

    fn spans(&mut self, answer: &Answer) -> Result<(), String> {
        let Some(page): Option<wire::Page> = found(answer, "the spans")? else { return Ok(()) };
        let list = page.content.take().unwrap_or_default();
        if page.total.take().is_some_and(|total| total > list.len() as u64) {
            return Err(format!("the trace has more than {} spans, the most that one read shows", list.len()));
        }
        list.iter().try_for_each(|raw| self.span(raw))
    }

    fn span(&mut self, raw: &Raw) -> Result<(), String> {
        let mut losses = Vec::new();
        let mut at = At::new("span", Form::Held, &mut losses);
        let mut row: wire::Span = at.read(raw).map_err(|error| error.to_string())?;
        row.project_name = Field::Set(self.project.to_owned());
        if self.is_foreign(&row.project_id) {
            return Ok(());
        }
        let (id, rank) = head(&row.id, &row.end_time, &row.last_updated_at, &at)?;
        let judged = row.extra.get("feedback_scores").cloned();
        let span = decode::span(row, id, &mut at).map_err(|error| error.to_string())?;
        let target = Target::Span { trace: span.trace, span: span.id };
        self.push("span", rank, Op::Span(Box::new(span)));
        self.scores(judged, &target)
    }

    /// Whether a row is another project's: GET by id finds it there, too (`wire/opik.md §6.2`).
    fn is_foreign(&self, project_id: &Field<String>) -> bool {
        self.project_id.is_none() || project_id.get() != self.project_id.as_ref()
    }

    fn named(&self) -> ClientProject {
        ClientProject { name: Some(self.project.to_owned()), ..ClientProject::default() }
    }

    fn push(&mut self, path: &str, rank: Rank, op: Op) {
        self.items.push(Item { path: path.to_owned(), origin: NAME, rank, op });
    }

    fn scores(&mut self, rows: Option<Raw>, target: &Target) -> Result<(), String> {
        for raw in rows.and_then(|rows| rows.elements()).unwrap_or_default() {
            let mut row: wire::Score = raw.read().map_err(|error| format!("feedback_scores: {error}"))?;
            let by_author = row.extra.swap_remove("value_by_author").and_then(|raw| raw.members());
            match by_author.filter(|authors| authors.len() > 1) {
                Some(authors) => self.scores_by_author(&row, &authors, target)?,
                None => self.score(row, target)?,
            }
        }
        Ok(())
    }

    /// Several authors: the row itself is only their mean.
    fn scores_by_author(
        &mut self,
        row: &wire::Score,
        authors: &IndexMap<String, Raw>,
        target: &Target,
    ) -> Result<(), String> {
        for (author, raw) in authors {
            let mut own: wire::Score = raw.read().map_err(|error| format!("value_by_author: {error}"))?;
            own.name = row.name.clone();
            own.author = Field::Set(author.clone());
            self.score(own, target)?;
        }
        Ok(())
    }

    fn score(&mut self, row: wire::Score, target: &Target) -> Result<(), String> {
        let value = row.value.take().ok_or("feedback_scores: no value")?;
        let number = decode::number(&value).ok_or("feedback_scores: the value is no number")?;
        let (judged, label) = decode::judged(number, row.category_name.take());
        let at = row.extra.get("last_updated_at").and_then(Raw::as_string).and_then(|text| Time::parse(&text));
        let score = Score {
            target: target.clone(),
            name: row.name.take().unwrap_or_default(),
            value: judged,
            verbatim: Some(value.text().to_owned()),
            label,
            reason: row.reason.take(),
            source: row.source.take(),
            author: row.author.take(),
            metadata: None,
            project: self.named(),
            at: at.unwrap_or_default(),
        };
        self.push("feedback_scores", Rank::Patch, Op::Score(Box::new(score)));
        Ok(())
    }
}

fn head(id: &Field<String>, end: &Field<String>, version: &Field<String>, at: &At<'_>) -> Result<(Id, Rank), String> {
    let id = at.id("id", id.get().map_or("", String::as_str)).map_err(|error| error.to_string())?;
    Ok((id, decode::rank(end, version, at).map_err(|error| error.to_string())?))
}
