//! Dead letters as a person reads them.

use std::fmt::Write;

use crate::cli::count;
use crate::cli::plain;
use crate::contract::LetterLine;
use crate::contract::LetterList;
use crate::contract::LetterPage;
use crate::contract::Moved;
use crate::contract::RecordLine;

/// The most of a vendor's words in a list.
const WORDS: usize = 100;

/// Letters, one a line.
pub(super) fn list(list: &LetterList) -> String {
    let mut out = String::new();
    for letter in &list.letters {
        let LetterLine { id, destination, project, target, items, reason, why, dead, state, .. } = letter;
        let status = letter.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let words = plain(&why.chars().take(WORDS).collect::<String>()).replace('\n', " ");
        let _ = writeln!(
            out,
            "{id}  {dead}  {destination}  {project}  {target}  {}  {status}  {reason}: {words}  ({})",
            count(*items, "item"),
            state.word(),
        );
    }
    let shown = list.letters.len() as u64;
    match list.total {
        0 => out.push_str("no dead letters\n"),
        total if total > shown => {
            let _ = writeln!(out, "{shown} of {total}; --limit shows more");
        }
        _ => {}
    }
    out
}

/// One letter, whole.
pub(super) fn letter(page: &LetterPage) -> String {
    let LetterPage { line, request, answer, records } = page;
    let LetterLine { id, destination, project, trace, target, items, reason, why, attempts, first, dead, .. } = line;
    let mut out = format!("dead letter {id}\n");
    let status = line.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    for (name, value) in [
        ("refused by", destination.as_str()),
        ("project", project),
        ("trace", trace.as_deref().unwrap_or("(no longer held)")),
        ("what", target),
        ("items", &items.to_string()),
        ("reason", reason),
        ("words", why),
        ("status", &status),
        ("tries", &attempts.to_string()),
        ("accepted", first),
        ("given up", dead),
        ("now", line.state.word()),
    ] {
        let _ = writeln!(out, "  {name:<11}{}", plain(value));
    }
    for (name, text) in [("last request", request), ("last answer", answer)] {
        let text = if text.is_empty() { "(none)" } else { text };
        let _ = writeln!(out, "\n{name}\n{}", plain(text));
    }
    out.push_str("\nrequests that hold it\n");
    for RecordLine { seq, receipt, at, dialect, call, key, .. } in records {
        let _ = writeln!(out, "  #{seq}  {at}  {dialect} {call}  key {key}  receipt {receipt}");
    }
    out
}

/// What a replay did.
pub(super) fn replayed(moved: &Moved) -> String {
    let mut out = done(moved, "to be sent again", "on the way again");
    if let Some(after) = moved.after {
        let _ = writeln!(
            out,
            "then: {} shown, {} refused again, {} still waiting",
            count(after.shown, "trace"),
            after.refused,
            after.waiting
        );
    }
    out
}

/// What a drop did.
pub(super) fn dropped(moved: &Moved) -> String {
    done(moved, "to be given up", "given up")
}

fn done(moved: &Moved, would: &str, did: &str) -> String {
    let Moved { letters, traces, items, dry_run, destinations, .. } = moved;
    if *letters == 0 {
        return "no dead letter matches\n".to_owned();
    }
    let places: Vec<String> = destinations.iter().map(|(name, traces)| format!("{name} {traces}")).collect();
    let verb = if *dry_run { would } else { did };
    let (letters, traces, items) = (count(*letters, "letter"), count(*traces, "trace"), count(*items, "item"));
    format!("{letters} of {traces} ({}): {items} {verb}\n", places.join(", "))
}
