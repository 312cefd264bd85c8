//! Dead letters: a list, and one whole. What is done with them is done from the command line.

use super::html::Html;
use crate::contract::LetterFilter;
use crate::contract::LetterLine;
use crate::contract::LetterList;
use crate::contract::LetterPage;

/// The list.
pub(super) fn list(wanted: &LetterFilter, list: &LetterList) -> Html {
    let mut html = Html::new("dead letters");
    html.raw("<h1>Dead letters</h1><p class=\"quiet\">").text(&format!("{} in all", list.total));
    html.text(&filters(wanted)).raw("</p>");
    if list.letters.is_empty() {
        html.raw("<p class=\"quiet\">Nothing was refused for good.</p>");
        return html;
    }
    table(&mut html, &list.letters);
    if let Some(last) = list.letters.last().filter(|_| (list.letters.len() as u64) < list.total) {
        html.raw("<p>").link(&next(wanted, last.id), "more").raw("</p>");
    }
    html.raw("<p>To send them again, as they are translated today: <code>spangate dlq replay --dry-run</code>; ");
    html.raw("to give them up: <code>spangate dlq drop --dry-run</code>.</p>");
    html
}

fn table(html: &mut Html, letters: &[LetterLine]) {
    html.heads(["letter", "destination", "project", "what", "items", "reason", "status", "tries", "given up", "now"]);
    for letter in letters {
        let LetterLine { id, destination, project, target, items, reason, why, status, attempts, dead, .. } = letter;
        html.raw("<tr><td>").link(&format!("/dlq/{id}"), &id.to_string()).raw("</td>").cell(destination);
        html.cell(project).raw("<td class=\"id\">");
        match &letter.trace {
            Some(trace) => html.link(&format!("/t/{trace}?project={project}"), target),
            None => html.text(target),
        };
        html.raw("</td>").cell(&items.to_string()).raw("<td title=\"").text(why).raw("\">").text(reason).raw("</td>");
        html.cell(&status.map(|status| status.to_string()).unwrap_or_default()).cell(&attempts.to_string());
        html.cell(dead).raw("<td>").state(letter.state.word()).raw("</td></tr>");
    }
    html.end_table();
}

/// The filter in words.
fn filters(wanted: &LetterFilter) -> String {
    let LetterFilter { destination, project, reason, since, until, .. } = wanted;
    let mut words = String::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            words += &format!(", {name} {value}");
        }
    };
    add("destination", destination.clone());
    add("project", project.clone());
    add("reason", reason.clone());
    add("since", since.map(|since| since.to_string()));
    add("until", until.map(|until| until.to_string()));
    words
}

/// The list's next page.
fn next(wanted: &LetterFilter, last: u64) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let LetterFilter { destination, project, reason, since, until, limit, .. } = wanted;
    let stamp = |stamp: &Option<jiff::Timestamp>| stamp.map(|stamp| stamp.to_string());
    for (name, value) in [
        ("destination", destination.clone()),
        ("project", project.clone()),
        ("reason", reason.clone()),
        ("since", stamp(since)),
        ("until", stamp(until)),
        ("limit", limit.map(|limit| limit.to_string())),
        ("above", Some(last.to_string())),
    ] {
        if let Some(value) = value {
            query.append_pair(name, &value);
        }
    }
    format!("/dlq?{}", query.finish())
}

/// One letter.
pub(super) fn letter(page: &LetterPage) -> Html {
    let LetterPage { line, request, answer, records } = page;
    let mut html = Html::new(&format!("dead letter {}", line.id));
    html.raw("<h1>").text(&format!("Dead letter {}", line.id)).raw("</h1>");
    table(&mut html, std::slice::from_ref(line));
    html.raw("<p>").text(&line.why).raw("</p><p class=\"quiet\">first accepted ").text(&line.first).raw("</p>");
    html.raw("<p>To send its trace again: <code>spangate dlq replay --id ").text(&line.id.to_string());
    html.raw("</code></p>");
    for (title, text) in [("The last request", request), ("The last answer", answer)] {
        html.raw("<h2>").text(title).raw("</h2>");
        match text.as_str() {
            "" => html.raw("<p class=\"quiet\">none</p>"),
            text => html.raw("<pre>").text(text).raw("</pre>"),
        };
    }
    html.raw("<h2>Requests that hold it</h2>");
    html.heads(["record", "accepted", "call", "key", "items of its trace", "receipt"]);
    for record in records {
        html.raw("<tr>").cell(&record.seq.to_string()).cell(&record.at);
        html.cell(&format!("{} {}", record.dialect, record.call)).cell(&record.key).cell(&record.items.to_string());
        html.raw("<td class=\"id\">").text(&record.receipt).raw("</td></tr>");
    }
    html.end_table();
    html
}
