//! One step of a trace.

use super::ClientProject;
use super::Cost;
use super::ErrorInfo;
use super::Extra;
use super::Field;
use super::Id;
use super::Kind;
use super::Metadata;
use super::Payload;
use super::Raw;
use super::Status;
use super::Tags;
use super::Time;
use super::Usage;
use super::facts::facts;

facts! {
    /// A span as an item brings it or as a fold leaves it (`wire/otlp.md §4.2`).
    pub struct Span {
        /// The id as its client made it.
        id: Id,
        /// The trace it belongs to; an update may not say.
        trace: Option<Id>,
        /// Evidence that it has ended (`design.md §3`); only rises.
        ended: bool,
        ;
        /// The enclosing span; absent for a top-level span.
        parent: Id,
        /// The client's project.
        project: ClientProject,
        /// Its name.
        name: String,
        /// What it did.
        kind: Kind,
        /// The kind of agent, in the sender's word.
        agent_type: String,
        /// When it began.
        start: Time,
        /// When it ended.
        end: Time,
        /// How long it took, in nanoseconds; resolved into `end`.
        duration: i64,
        /// When the first token came.
        first_token: Time,
        /// How long the first token took, in nanoseconds; resolved into `first_token`.
        first_token_after: i64,
        /// How it ended.
        status: Status,
        /// The status number, where the sender gave one.
        http_code: i64,
        /// What went wrong.
        error: ErrorInfo,
        /// What went in.
        input: Payload,
        /// What came out.
        output: Payload,
        /// The input as an outsider may see it.
        redacted_input: Payload,
        /// The output as an outsider may see it.
        redacted_output: Payload,
        /// The model's name.
        model: String,
        /// Who serves the model.
        provider: String,
        /// The model's parameters, an object.
        model_parameters: Raw,
        /// Sampling temperature, where the sender has a field for it.
        temperature: f64,
        /// Tools offered to the model, an array of objects.
        tools: Raw,
        /// Why the model stopped.
        finish_reason: String,
        /// Token counts.
        usage: Usage,
        /// Cost in USD.
        cost: Cost,
        /// The id of the tool call this span answers.
        tool_call_id: String,
        /// Reasoning and internal tool events, in the sender's form.
        events: Raw,
        /// Guardrail fields, an object in the sender's form.
        control: Raw,
        /// Tags.
        tags: Tags,
        /// Metadata.
        metadata: Metadata,
        /// Dataset input.
        dataset_input: String,
        /// Dataset output.
        dataset_output: String,
        /// Dataset metadata, an object.
        dataset_metadata: Raw,
        /// The user.
        user: String,
        /// The deployment environment.
        environment: String,
        /// The release.
        release: String,
        /// The session, as external text.
        session: String,
        /// Who logged it (SDK, experiment, …).
        source: String,
        /// Its place among its siblings.
        step_number: i64,
        /// The sender's own further id.
        external_id: String,
        /// Fields newer than we know.
        extra: Extra,
    }
}

impl Span {
    /// Turns durations into instants, so that two dialects' spellings of one fact compare equal.
    pub fn resolve(&mut self) {
        resolve(&self.start, &mut self.end, &mut self.duration);
        resolve(&self.start, &mut self.first_token, &mut self.first_token_after);
    }
}

/// Sets `instant` to `start` + `after` where only `after` is known; forgets `after` once it is used.
pub(super) fn resolve(start: &Field<Time>, instant: &mut Field<Time>, after: &mut Field<i64>) {
    let Some(start) = start.get() else { return };
    if let (Field::Set(nanos), false) = (&*after, instant.is_set()) {
        *instant = Field::Set(start.plus(*nanos));
    }
    *after = Field::Absent;
}
