//! Lines to items, filed by trace.

use std::collections::HashMap;

use http::Method;
use indexmap::IndexMap;

use crate::canonical::Field;
use crate::canonical::Item;
use crate::canonical::Loss;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Time;
use crate::contract::Call;
use crate::contract::Decoded;
use crate::contract::Dialect;
use crate::contract::Refusal;
use crate::contract::Seed;
use crate::pipeline::admission;
use crate::pipeline::fold::TraceItems;
use crate::pipeline::ledger::SubjectKey;
use crate::pipeline::record;
use crate::pipeline::subject;

use super::Gathered;
use super::Input;
use super::Lost;
use super::PROJECT;
use super::Refused;
use super::names::Book;

pub(super) fn gather(from: &'static dyn Dialect, inputs: Vec<Input>, now: Option<Time>) -> Gathered {
    let inputs: Vec<Input> = inputs.into_iter().map(|input| native(from, input)).collect();
    let at = now.unwrap_or_else(|| latest(from, &inputs));
    let mut gathered = Gathered {
        from,
        lines: Vec::new(),
        traces: IndexMap::new(),
        names: Book::default(),
        now,
        refused: Vec::new(),
        losses: Vec::new(),
    };
    let mut records = Vec::new();
    for Input { line, call } in inputs {
        match gathered.decode(&call, &seed(line, at)) {
            Ok(decoded) => records.push((line, decoded)),
            Err(why) => gathered.refused.push(Refused { line, why }),
        }
    }
    gathered.file(records, at);
    gathered.lose_orphans();
    gathered
}

impl Gathered {
    /// The items of a line; none where it only gives names, or reads.
    fn decode(&mut self, call: &Call, seed: &Seed) -> Result<Decoded, String> {
        if call.method == Method::GET {
            return Ok(Decoded::default());
        }
        let from = self.from;
        let decoded = match from.decode(call, seed) {
            Ok(decoded) if !decoded.items.is_empty() => return Ok(decoded),
            Ok(decoded) => decoded,
            Err(Refusal::NotFound { .. }) => Decoded::default(),
            Err(refusal) => return Err(refusal.to_string()),
        };
        let answer = self.names.ask(from, call);
        match answer.status {
            200..=399 => Ok(decoded),
            404 | 405 => Err(format!("{} {}: {} knows no such request", call.method, call.path, from.info().name)),
            status => Err(format!("{} {}: {status} {}", call.method, call.path, excerpt(&answer.body))),
        }
    }

    fn file(&mut self, records: Vec<(usize, Decoded)>, at: Time) {
        let homes = homes(records.iter().flat_map(|(_, decoded)| &decoded.items));
        for (seq, (line, decoded)) in (1..).zip(records) {
            self.losses.extend(decoded.losses.into_iter().map(|loss| Lost { line: Some(line), loss }));
            let filed: Vec<SubjectKey> = decoded.items.iter().map(|item| home(&homes, item)).collect();
            self.lines.push(line);
            for (home, items) in admission::by_home(&filed, record::share(decoded.items)) {
                let trace: &mut TraceItems = self.traces.entry(home).or_default();
                trace.add(seq, at, decoded.quiet, items);
            }
        }
    }

    /// Names what nothing in the input says the trace of.
    fn lose_orphans(&mut self) {
        for items in self.traces.values().filter(|items| !items.is_placed()) {
            let seq = items.seqs.first().and_then(|seq| usize::try_from(*seq).ok());
            let line = seq.and_then(|seq| self.lines.get(seq - 1)).copied();
            self.losses.extend(items.items().map(|item| Lost { line, loss: orphan(item) }));
        }
    }
}

/// What an item of no known trace comes to.
fn orphan(item: &Item) -> Loss {
    Loss {
        subject: item.span().map_or_else(String::new, |span| format!("span {span}")),
        path: item.path.clone(),
        why: "no line says which trace it is in".to_owned(),
        carried: false,
    }
}

/// The trace of each span, as any item tells it.
fn homes<'a>(items: impl Iterator<Item = &'a Item>) -> HashMap<SubjectKey, SubjectKey> {
    let told = items.filter_map(|item| Some((item.span()?, item.trace()?)));
    told.map(|(span, trace)| (subject::span(PROJECT, span), subject::trace(PROJECT, trace))).collect()
}

fn home(homes: &HashMap<SubjectKey, SubjectKey>, item: &Item) -> SubjectKey {
    let home = subject::home(PROJECT, item);
    homes.get(&home).copied().unwrap_or(home)
}

/// The request with a prefix taken off that its dialect's clients may put before the native path.
fn native(from: &'static dyn Dialect, mut input: Input) -> Input {
    let path = &input.call.path;
    let prefixes = from.prefixes().iter();
    let bare = prefixes.filter_map(|prefix| path.strip_prefix(prefix)).find(|rest| rest.starts_with('/'));
    if let Some(bare) = bare.map(str::to_owned) {
        input.call.path = bare;
    }
    input
}

fn seed(line: usize, at: Time) -> Seed {
    Seed { record: (line as u128).to_be_bytes(), at }
}

/// The latest time that the input names as a fact, not inside a payload.
fn latest(from: &'static dyn Dialect, inputs: &[Input]) -> Time {
    let decode = |input: &Input| from.decode(&input.call, &seed(input.line, Time::default())).ok();
    let items = inputs.iter().filter_map(decode).flat_map(|decoded| decoded.items);
    items.flat_map(|item| times(&item)).max().unwrap_or_default()
}

fn times(item: &Item) -> Vec<Time> {
    let (start, end, after, first) = match &item.op {
        Op::Trace(trace) => (&trace.start, &trace.end, &trace.duration, &trace.first_token),
        Op::Span(span) => (&span.start, &span.end, &span.duration, &span.first_token),
        Op::Score(_) | Op::DeleteScore { .. } | Op::Delete(_) => return Vec::new(),
    };
    let ended = |start: &Time| Some(start.plus(*after.get()?));
    let version = match item.rank {
        Rank::Open { version } | Rank::Complete { version, .. } => version,
        Rank::Patch => None,
    };
    let given = [start, end, first].into_iter().filter_map(Field::cloned);
    given.chain(start.get().and_then(ended)).chain(version).collect()
}

fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(300).collect()
}
