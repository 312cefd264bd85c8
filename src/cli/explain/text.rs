//! Explanations as a person reads them.

use std::fmt::Write;

use crate::cli::count;
use crate::cli::plain;
use crate::contract::Arrival;
use crate::contract::Documents;
use crate::contract::Explanation;
use crate::contract::Followed;
use crate::contract::RecordLine;
use crate::contract::Summary;
use crate::contract::TraceFate;

/// The newest traces, one a line.
pub(super) fn list(traces: &Vec<Summary>) -> String {
    let mut out = String::new();
    for trace in traces {
        let states: Vec<String> =
            trace.destinations.iter().map(|(name, place)| format!("{name} {}", place.word())).collect();
        let _ = writeln!(
            out,
            "{}  {}  {}/{}  {:?}  {}",
            trace.accepted,
            trace.id,
            trace.project,
            trace.dialect,
            trace.name.as_deref().unwrap_or(""),
            states.join(", "),
        );
    }
    if out.is_empty() { "nothing has been accepted yet\n".to_owned() } else { out }
}

/// One trace: what it is, where it has got to, its spans, the requests that spoke of it.
pub(super) fn trace(found: &Explanation) -> String {
    let mut out = head(found);
    for arrival in &found.destinations {
        destination(&mut out, arrival);
    }
    spans(&mut out, found);
    out.push_str("\nrequests\n");
    for RecordLine { seq, at, dialect, call, key, items, .. } in &found.records {
        let _ = writeln!(out, "  #{seq}  {at}  {dialect} {call}  key {key}  {}", count(*items, "item"));
    }
    if let Some(full) = &found.documents {
        documents(&mut out, full);
    }
    out
}

fn head(found: &Explanation) -> String {
    let mut out = format!("trace {}  {:?}\n", found.id, found.name.as_deref().unwrap_or(""));
    let state = if found.complete { "complete" } else { "still open" };
    let _ = writeln!(
        out,
        "  project {}, from {}, {state}{}, {}, {}",
        found.project,
        found.dialect,
        if found.deleted { ", deleted by its client" } else { "" },
        count(found.spans.len() as u64, "span"),
        count(found.scores as u64, "score"),
    );
    if let Some(start) = &found.start {
        let _ = writeln!(out, "  started {start}");
    }
    if let Some(span) = &found.asked_span {
        let _ = writeln!(out, "  the id asked for is of its span {span}");
    }
    if !found.also_in.is_empty() {
        let _ = writeln!(out, "  also known in {} (--project)", found.also_in.join(", "));
    }
    out
}

fn destination(out: &mut String, arrival: &Arrival) {
    let Arrival { destination, state, id, link, attempts, next_try, why, .. } = arrival;
    let _ = writeln!(out, "\n{destination}: {}  ({})", state.word(), arrival.counts());
    let _ = writeln!(out, "  id       {id}");
    if let Some(link) = link {
        let _ = writeln!(out, "  link     {link}");
    }
    if let Some(why) = why {
        let _ = writeln!(out, "  why      {}", plain(why));
    }
    if let Some(status) = arrival.status {
        let _ = writeln!(out, "  status   {status}");
    }
    if *attempts > 0 {
        let _ = writeln!(out, "  tries    {attempts}");
    }
    if let Some(next) = next_try {
        let _ = writeln!(out, "  next     {next}");
    }
    for letter in &arrival.letters {
        let _ = writeln!(out, "  letter   {letter}  (spangate dlq show {letter})");
    }
    for (subject, carried, why, paths) in arrival.losses_together() {
        let word = if carried { "reserved" } else { "lost" };
        let _ = writeln!(out, "  {word:<8} {subject}: {} ({why})", paths.join(", "));
    }
}

/// One request: what has become of its items, destination by destination.
pub(super) fn followed(found: &Followed) -> String {
    let RecordLine { receipt, at, dialect, call, key, items, .. } = &found.request;
    let mut out = format!("request {receipt}\n  {at}  {dialect} {call}  project {}, key {key}, ", found.project);
    let _ = writeln!(out, "{}", count(*items, "item"));
    for fate in &found.destinations {
        let words: Vec<String> = fate.items.outcomes().iter().filter(|(_, items)| *items > 0).map(word).collect();
        let _ = writeln!(out, "\n{}: {}", fate.destination, words.join(", "));
        if fate.before_route > 0 {
            let _ = writeln!(out, "  {} older than the route", count(fate.before_route, "item"));
        }
        if fate.expired_here > 0 {
            let _ = writeln!(out, "  {} given up there so far, of any request", count(fate.expired_here, "item"));
        }
        fate.traces.iter().for_each(|trace| trace_fate(&mut out, trace));
        if fate.more > 0 {
            let _ = writeln!(out, "  and {} more traces", fate.more);
        }
    }
    out
}

fn word((outcome, items): &(&'static str, u64)) -> String {
    format!("{items} {outcome}")
}

fn trace_fate(out: &mut String, fate: &TraceFate) {
    let TraceFate { id, state, items, dead, attempts, status, why, next_try, losses, letters } = fate;
    let id = id.as_deref().unwrap_or("(a session)");
    let _ = write!(out, "  {id}  {}, {}", state.word(), count(*items, "item"));
    if *dead > 0 {
        let _ = write!(out, ", {dead} dead");
    }
    if *attempts > 0 {
        let _ = write!(out, ", failed {}", count(u64::from(*attempts), "time"));
    }
    if let Some(status) = status {
        let _ = write!(out, ", last answer {status}");
    }
    for (fields, word) in [(losses.lost, "lost"), (losses.kept, "under the reserved key")] {
        if fields > 0 {
            let _ = write!(out, ", {} {word}", count(fields as u64, "field"));
        }
    }
    out.push('\n');
    for (name, value) in [("why", why), ("next", next_try)] {
        if let Some(value) = value {
            let _ = writeln!(out, "    {name:<8} {}", plain(value));
        }
    }
    for letter in letters {
        let _ = writeln!(out, "    letter   {letter}  (spangate dlq show {letter})");
    }
}

fn spans(out: &mut String, found: &Explanation) {
    if !found.spans.is_empty() {
        out.push_str("\nspans\n");
    }
    for span in &found.spans {
        let kind = span.kind.as_deref().unwrap_or("");
        let _ = writeln!(out, "  {}  {:?}  {kind}", span.id, span.name.as_deref().unwrap_or(""));
        for arrival in &found.destinations {
            // The same id at a vendor is not worth a line.
            if let Some(id) = arrival.spans.get(&span.id).filter(|id| **id != span.id) {
                let _ = writeln!(out, "    {:<12} {id}", arrival.destination);
            }
        }
    }
}

fn documents(out: &mut String, documents: &Documents) {
    let _ = writeln!(out, "\nas sent\n{}", serde_json::to_string_pretty(&documents.sent).unwrap_or_default());
    for (destination, pages) in &documents.shown {
        let _ = writeln!(out, "\nas {destination} now shows it");
        for page in pages {
            let status = page.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            let _ = writeln!(out, "{}  {status}\n{}", page.call, plain(&page.text));
        }
    }
}
