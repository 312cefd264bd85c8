//! Deletes of single spans that a vendor has no way to follow: a loss, never silence.

use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Target;
use crate::canonical::View;
use crate::contract::Plan;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::Seq;

/// The deletes in records above `after`, up to `upto`, that a plan says nothing about, of spans that the
/// view does not have either.
pub fn span_deletes(items: &TraceItems, view: &View, plan: &Plan, (after, upto): (Seq, Seq)) -> Vec<Loss> {
    let told = |span: Id| {
        let is_it = |target: &Target| matches!(target, Target::Span { span: of, .. } if of.stem() == span.stem());
        plan.writes.iter().any(|write| is_it(&write.target))
            || plan.losses.iter().any(|loss| loss.subject == format!("span {span}"))
    };
    let alive = |span: Id| view.spans.iter().any(|held| held.facts.id.stem() == span.stem());
    let untold = items.deleted_spans(after, upto).filter(|span| !told(*span) && !alive(*span));
    let loss = |span: Id| Loss {
        subject: format!("span {span}"),
        path: "span".to_owned(),
        why: "a single span cannot be deleted there".to_owned(),
        carried: false,
    };
    untold.map(loss).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::canonical::Item;
    use crate::canonical::Op;
    use crate::canonical::Rank;
    use crate::canonical::Time;

    fn id(last: u8) -> Id {
        let mut bytes = [7; 16];
        bytes[15] = last;
        Id::Uuid(bytes)
    }

    #[test]
    fn a_delete_that_nothing_follows_is_a_loss() {
        let mut items = TraceItems::default();
        for (seq, span) in [(1, 1), (2, 2), (3, 3)] {
            let op = Op::Delete(Target::Span { trace: None, span: id(span) });
            let item = Item { path: String::new(), origin: "x", rank: Rank::Patch, op };
            items.add(seq, Time(0), Duration::ZERO, [(0, Arc::new(item))]);
        }
        let subjects = |plan: &Plan, range| {
            let losses = span_deletes(&items, &View::default(), plan, range);
            losses.into_iter().map(|loss| loss.subject).collect::<Vec<_>>()
        };
        let all = [1, 2, 3].map(|span| format!("span {}", id(span)));
        assert_eq!(subjects(&Plan::default(), (0, Seq::MAX)), all);
        assert_eq!(subjects(&Plan::default(), (1, 2)), all[1..2]);
        let loss = Loss { subject: all[0].clone(), path: "span".to_owned(), why: String::new(), carried: false };
        assert_eq!(subjects(&Plan { losses: vec![loss], ..Plan::default() }, (0, 2)), all[1..2]);
    }
}
