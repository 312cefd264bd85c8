//! The record that a trace's spans hang under.

use super::ClientProject;
use super::Cost;
use super::ErrorInfo;
use super::Extra;
use super::Id;
use super::Metadata;
use super::Payload;
use super::Raw;
use super::Status;
use super::Tags;
use super::Time;
use super::Usage;
use super::facts::facts;

/// Evidence that a trace is complete; only rises (`design.md §3`).
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Completion {
    /// Still running, as far as was said.
    #[default]
    Open,
    /// The trace has ended; complete when every seen span has, too.
    Closed,
    /// The trace has ended, and with it every span.
    ClosedWhole,
}

facts! {
    /// A trace as an item brings it or as a fold leaves it (`wire/otlp.md §4.2`).
    pub struct Trace {
        /// The id as its client made it.
        id: Id,
        /// Evidence that it is complete.
        completion: Completion,
        ;
        /// The client's project.
        project: ClientProject,
        /// Its name.
        name: String,
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
        /// Whether it has been announced and has not begun.
        pending: bool,
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
        /// Token counts given for the trace itself.
        usage: Usage,
        /// Cost in USD given for the trace itself.
        cost: Cost,
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
        /// The session, as external text.
        session: String,
        /// The user.
        user: String,
        /// The deployment environment.
        environment: String,
        /// The release.
        release: String,
        /// Who logged it (SDK, experiment, …).
        source: String,
        /// The sender's own further id.
        external_id: String,
        /// Fields newer than we know.
        extra: Extra,
    }
}

impl Trace {
    /// Turns durations into instants, so that two dialects' spellings of one fact compare equal.
    pub fn resolve(&mut self) {
        super::span::resolve(&self.start, &mut self.end, &mut self.duration);
        super::span::resolve(&self.start, &mut self.first_token, &mut self.first_token_after);
    }
}
