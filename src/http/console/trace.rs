//! One trace: its state and ids at every destination, as it was sent, and as each vendor now shows it.

use super::html::Html;
use crate::contract::Arrival;
use crate::contract::Documents;
use crate::contract::Explanation;

/// Spans in the table; a trace may have thousands.
const SPANS: usize = 500;

/// The page.
pub(super) fn page(found: &Explanation) -> Html {
    let title = found.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&found.id);
    let mut html = Html::new(title);
    html.raw("<h1>").text(title).raw("</h1>");
    head(&mut html, found);
    html.raw("<h2>Destinations</h2>");
    arrivals(&mut html, &found.destinations);
    for arrival in found.destinations.iter().filter(|arrival| !arrival.losses.is_empty()) {
        losses(&mut html, arrival);
    }
    spans(&mut html, found);
    records(&mut html, found);
    if let Some(documents) = &found.documents {
        self::documents(&mut html, found, documents);
    }
    html
}

fn head(html: &mut Html, found: &Explanation) {
    html.raw("<p class=\"id\">").text(&found.id).raw("</p><p class=\"quiet\">project ").text(&found.project);
    html.raw(", from ").text(&found.dialect);
    if let Some(start) = &found.start {
        html.raw(", started ").text(start);
    }
    html.raw(if found.complete { ", complete" } else { ", still open" });
    if found.deleted {
        html.raw(", deleted by its client");
    }
    html.text(&format!(", {} spans, {} scores", found.spans.len(), found.scores)).raw("</p>");
    if let Some(span) = &found.asked_span {
        html.raw("<p>The id asked for is of its span <code>").text(span).raw("</code>.</p>");
    }
    for project in &found.also_in {
        html.raw("<p>Project ").link(&format!("/t/{}?project={project}", found.id), project);
        html.raw(" knows the id, too.</p>");
    }
}

fn arrivals(html: &mut Html, arrivals: &[Arrival]) {
    html.heads(["destination", "state", "id there", "items", "tries", "next try", "why", "dead letters"]);
    for arrival in arrivals {
        html.raw("<tr>")
            .cell(&arrival.destination)
            .raw("<td>")
            .state(arrival.state.word())
            .raw("</td><td class=\"id\">");
        match &arrival.link {
            Some(link) => html.link(link, &arrival.id),
            None => html.text(&arrival.id),
        };
        html.raw("</td>").cell(&arrival.counts());
        html.cell(&arrival.attempts.to_string()).cell(arrival.next_try.as_deref().unwrap_or(""));
        html.cell(arrival.why.as_deref().unwrap_or("")).raw("<td>");
        for letter in &arrival.letters {
            html.link(&format!("/dlq/{letter}"), &letter.to_string()).raw(" ");
        }
        html.raw("</td></tr>");
    }
    html.end_table();
}

fn losses(html: &mut Html, arrival: &Arrival) {
    html.raw("<h3>What ").text(&arrival.destination).raw(" cannot take as it is</h3>");
    html.heads(["subject", "fields", "what becomes of them", "why"]);
    for (subject, carried, why, paths) in arrival.losses_together() {
        html.raw("<tr>").cell(subject).raw("<td>");
        paths.iter().for_each(|path| mark(html, carried, path));
        html.raw("</td>").cell(if carried { "kept under the reserved key" } else { "lost there" });
        html.cell(why).raw("</tr>");
    }
    html.end_table();
}

/// A field that is not where it was: amber where the reserved key has it, red where nothing has.
fn mark(html: &mut Html, carried: bool, path: &str) {
    html.raw(if carried { "<mark class=\"kept\">" } else { "<mark class=\"lost\">" }).text(path).raw("</mark> ");
}

fn spans(html: &mut Html, found: &Explanation) {
    if found.spans.is_empty() {
        return;
    }
    html.raw("<h2>Spans</h2>");
    let names = found.destinations.iter().map(|arrival| arrival.destination.as_str());
    html.heads(["span", "kind", "id as sent", "parent"].into_iter().chain(names));
    for span in found.spans.iter().take(SPANS) {
        html.raw("<tr>").cell(span.name.as_deref().unwrap_or("")).cell(span.kind.as_deref().unwrap_or(""));
        html.raw("<td class=\"id\">").text(&span.id).raw("</td><td class=\"id\">");
        html.text(span.parent.as_deref().unwrap_or("")).raw("</td>");
        for arrival in &found.destinations {
            html.raw("<td class=\"id\">").text(arrival.spans.get(&span.id).map_or("", String::as_str)).raw("</td>");
        }
        html.raw("</tr>");
    }
    html.end_table();
    if found.spans.len() > SPANS {
        html.raw("<p class=\"quiet\">").text(&format!("and {} more", found.spans.len() - SPANS)).raw("</p>");
    }
}

fn records(html: &mut Html, found: &Explanation) {
    html.raw("<h2>Requests that spoke of it</h2>");
    html.heads(["record", "accepted", "call", "key", "items of this trace", "receipt"]);
    for record in &found.records {
        html.raw("<tr>").cell(&record.seq.to_string()).cell(&record.at);
        html.cell(&format!("{} {}", record.dialect, record.call)).cell(&record.key).cell(&record.items.to_string());
        html.raw("<td class=\"id\">").text(&record.receipt).raw("</td></tr>");
    }
    html.end_table();
}

fn documents(html: &mut Html, found: &Explanation, documents: &Documents) {
    html.raw("<h2>As sent</h2><details open><summary>in our own words, from ").text(&found.dialect);
    html.raw("</summary><pre>").text(&serde_json::to_string_pretty(&documents.sent).unwrap_or_default());
    html.raw("</pre></details>");
    for arrival in &found.destinations {
        html.raw("<h2>As ").text(&arrival.destination).raw(" now shows it</h2>");
        let Some(pages) = documents.shown.get(&arrival.destination) else {
            html.raw("<p class=\"quiet\">Nothing of it is shown there: ").state(arrival.state.word()).raw("</p>");
            continue;
        };
        marks(html, arrival);
        for page in pages {
            let status = page.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            html.raw("<details open><summary>").text(&page.call).raw(" <span class=\"quiet\">").text(&status);
            html.raw("</span></summary><pre>").text(&page.text).raw("</pre></details>");
        }
    }
}

/// The fields that are missing below, or stand under the reserved key.
fn marks(html: &mut Html, arrival: &Arrival) {
    for (carried, intro) in [(false, "<p>Lost: "), (true, "<p>Under the reserved key: ")] {
        let mut paths: Vec<&str> =
            arrival.losses.iter().filter(|loss| loss.carried == carried).map(|loss| loss.path.as_str()).collect();
        paths.sort_unstable();
        paths.dedup();
        if paths.is_empty() {
            continue;
        }
        html.raw(intro);
        paths.iter().for_each(|path| mark(html, carried, path));
        html.raw("</p>");
    }
}
