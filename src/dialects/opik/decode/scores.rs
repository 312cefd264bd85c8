//! Feedback scores: set, in batch or singly, and taken back.

use crate::canonical::ClientProject;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Raw;
use crate::canonical::Score;
use crate::canonical::ScoreValue;
use crate::canonical::Target;
use crate::contract::Refusal;

use super::super::wire;
use super::At;
use super::Form;
use super::Reader;
use super::missing;
use super::rows;
use super::subject;

impl Reader<'_> {
    /// A batch of scores on traces, spans or (`None`) threads.
    pub(super) fn scores(&mut self, of: Option<&str>, batch: wire::Batch) -> Result<(), Refusal> {
        let list = batch.scores.take().ok_or_else(|| missing("scores"))?;
        for (place, raw) in list.iter().enumerate() {
            let path = format!("scores[{place}]");
            let at = At::new(&path, Form::Create, &mut self.out.losses);
            let row: wire::Score = at.read(raw)?;
            let target = match (of, row.id.get(), row.thread_id.get()) {
                (Some(of), Some(id), _) => subject(of, at.id("id", id)?),
                (Some(_), None, _) => return Err(at.invalid("id", "must not be null")),
                (None, _, Some(thread)) if !thread.is_empty() => Target::Session(thread.clone()),
                (None, ..) => return Err(at.invalid("thread_id", "must not be blank")),
            };
            let project = rows::project(row.project_name.clone(), row.project_id.clone(), &at).take();
            self.score(&path, target, row, project)?;
        }
        Ok(())
    }

    /// One score on the trace or span that the path names; its project is the subject's.
    pub(super) fn score_of(&mut self, rows: &str, id: &str, raw: &Raw) -> Result<(), Refusal> {
        let target = self.target(rows, id, "")?;
        let row = At::new("", Form::Create, &mut self.out.losses).read(raw)?;
        self.score("", target, row, None)
    }

    fn score(
        &mut self,
        path: &str,
        target: Target,
        row: wire::Score,
        project: Option<ClientProject>,
    ) -> Result<(), Refusal> {
        let at = At::new(path, Form::Create, &mut self.out.losses);
        let name = row.name.take().filter(|name| !name.trim().is_empty());
        let name = name.ok_or_else(|| at.invalid("name", "must not be blank"))?;
        let value = row.value.take().ok_or_else(|| at.invalid("value", "must not be null"))?;
        let number = number(&value).ok_or_else(|| at.wrong("value", "is not a number"))?;
        let (judged, label) = judged(number, row.category_name.take());
        let score = Score {
            target,
            name,
            value: judged,
            verbatim: Some(value.text().to_owned()),
            label,
            reason: row.reason.take(),
            source: row.source.take(),
            author: row.author.take(),
            metadata: None,
            project: project.unwrap_or_default(),
            at: self.seed.at,
        };
        self.push(path, Rank::Patch, Op::Score(Box::new(score)));
        Ok(())
    }

    pub(super) fn delete_score(&mut self, rows: &str, id: &str, body: wire::DeleteScores) -> Result<(), Refusal> {
        let target = self.target(rows, id, "")?;
        let name = body.name.take().ok_or_else(|| missing("name"))?;
        self.push("", Rank::Patch, Op::DeleteScore { target, name });
        Ok(())
    }

    pub(super) fn delete_thread_scores(&mut self, body: wire::DeleteScores) -> Result<(), Refusal> {
        let thread = body.thread_id.take().ok_or_else(|| missing("thread_id"))?;
        for (place, name) in body.names.take().ok_or_else(|| missing("names"))?.into_iter().enumerate() {
            let op = Op::DeleteScore { target: Target::Session(thread.clone()), name };
            self.push(&format!("names[{place}]"), Rank::Patch, op);
        }
        Ok(())
    }
}

/// A score's number; the vendor's JSON reader takes one inside a string, too.
pub(in crate::dialects::opik) fn number(raw: &Raw) -> Option<f64> {
    let text = raw.as_string();
    let number: f64 = text.as_deref().unwrap_or(raw.text()).parse().ok()?;
    number.is_finite().then_some(number)
}

/// A yes or no is written as 1 or 0 with the word beside it (`wire/otlp.md §4.4d`).
pub(in crate::dialects::opik) fn judged(number: f64, word: Option<String>) -> (ScoreValue, Option<String>) {
    match word.as_deref() {
        Some("true") if number == 1.0 => (ScoreValue::Bool(true), None),
        Some("false") if number == 0.0 => (ScoreValue::Bool(false), None),
        _ => (ScoreValue::Number(number), word),
    }
}
