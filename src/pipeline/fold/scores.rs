//! The fold of scores: set, set again, taken back.

use indexmap::IndexMap;

use super::Held;
use super::TraceItems;
use crate::canonical::Id;
use crate::canonical::Op;
use crate::canonical::Score;
use crate::canonical::Target;
use crate::pipeline::ledger::Seq;

impl TraceItems {
    /// The standing scores: the newest of each (target, name, author), unless taken back since.
    pub(super) fn standing(&self, mut held: Vec<&Held>, after: Option<Seq>, trace: Id) -> Vec<Score> {
        held.sort_by_key(|held| (held.seq, held.position));
        let mut standing: IndexMap<(Target, String, Option<String>), (Seq, Score)> = IndexMap::new();
        for held in held {
            match &held.item.op {
                Op::Score(score) => {
                    let mut score = score.as_ref().clone();
                    score.target = self.at_home(&score.target, trace);
                    score.at = held.at;
                    let key = (score.target.clone(), score.name.clone(), score.author.clone());
                    standing.insert(key, (held.seq, score));
                }
                Op::DeleteScore { target, name } => {
                    let target = self.at_home(target, trace);
                    standing.retain(|(held, held_name, _), _| *held != target || held_name != name);
                }
                _ => {}
            }
        }
        let after = after.unwrap_or_default();
        standing.into_values().filter(|(seq, _)| *seq > after).map(|(_, score)| score).collect()
    }

    /// A target with native ids.
    fn at_home(&self, target: &Target, trace: Id) -> Target {
        match target {
            Target::Trace(_) => Target::Trace(trace),
            Target::Span { span, .. } => {
                Target::Span { trace: Some(trace), span: self.native_span(*span).unwrap_or(*span) }
            }
            Target::Session(session) => Target::Session(session.clone()),
        }
    }
}
