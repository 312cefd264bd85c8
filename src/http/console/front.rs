//! The front page: what alarms, how each destination does, and the newest traces with their state at each.

use std::collections::BTreeSet;

use super::html::Html;
use crate::contract::AlarmLine;
use crate::contract::Standing;
use crate::contract::Summary;

/// The page.
pub(super) fn page(alarms: &[AlarmLine], destinations: &[Standing], traces: &[Summary]) -> Html {
    let mut html = Html::new("spangate");
    alarm(&mut html, "the gateway", alarms);
    for standing in destinations {
        alarm(&mut html, &standing.destination, &standing.alarms);
    }
    html.raw("<h2>Destinations</h2>");
    standings(&mut html, destinations);
    html.raw("<p><a href=\"/dlq\">dead letters</a></p><h2>Newest traces</h2>");
    if traces.is_empty() {
        html.raw("<p class=\"quiet\">Nothing has been accepted yet.</p>");
    } else {
        list(&mut html, traces);
    }
    html
}

fn alarm(html: &mut Html, about: &str, alarms: &[AlarmLine]) {
    for AlarmLine { kind, text, since } in alarms {
        html.raw("<p class=\"alarm\">").state(kind).text(&format!(" {about}: {text}"));
        html.raw(" <span class=\"quiet\">since ").text(since).raw("</span></p>");
    }
}

fn standings(html: &mut Html, destinations: &[Standing]) {
    html.heads([
        "destination",
        "dialect",
        "state",
        "backlog",
        "delivered",
        "dead",
        "expired",
        "on the way",
        "last error",
    ]);
    for standing in destinations {
        let Standing { destination, dialect, base_url, condition, items, in_flight, concurrency, .. } = standing;
        html.raw("<tr><td title=\"").text(base_url).raw("\">").text(destination).raw("</td>").cell(dialect);
        html.raw("<td title=\"").text(condition.why.as_deref().unwrap_or("")).raw("\">");
        html.state(condition.state.word());
        if let Some(next) = &condition.next_try {
            html.raw(" <span class=\"quiet\">next try ").text(next).raw("</span>");
        }
        html.raw("</td>").cell(&backlog(standing)).cell(&items.delivered.to_string()).raw("<td>");
        match items.dead {
            0 => html.raw("0"),
            dead => html.link(&format!("/dlq?destination={destination}"), &dead.to_string()),
        };
        html.raw("</td>").cell(&items.expired.to_string()).cell(&format!("{in_flight} of {concurrency}"));
        html.cell(condition.last_error.as_deref().unwrap_or("")).raw("</tr>");
    }
    html.end_table();
}

fn backlog(standing: &Standing) -> String {
    let Standing { items, backlog_bytes, oldest_seconds, .. } = standing;
    match (items.pending, oldest_seconds) {
        (0, _) => "0".to_owned(),
        (pending, None) => format!("{pending} items"),
        (pending, Some(oldest)) => format!("{pending} items, {backlog_bytes} bytes, oldest {oldest} s"),
    }
}

fn list(html: &mut Html, traces: &[Summary]) {
    let destinations: BTreeSet<&str> =
        traces.iter().flat_map(|trace| trace.destinations.keys().map(String::as_str)).collect();
    html.heads(["trace", "project", "from", "accepted", "spans"].into_iter().chain(destinations.iter().copied()));
    for trace in traces {
        html.raw("<tr><td>").link(&format!("/t/{}?project={}", trace.id, trace.project), title(trace));
        html.raw("</td>").cell(&trace.project).cell(&trace.dialect).cell(&trace.accepted);
        html.cell(&format!("{}{}", trace.spans, if trace.complete { "" } else { ", open" }));
        for destination in &destinations {
            html.raw("<td>");
            if let Some(place) = trace.destinations.get(*destination) {
                html.state(place.word());
            }
            html.raw("</td>");
        }
        html.raw("</tr>");
    }
    html.end_table();
}

fn title(trace: &Summary) -> &str {
    trace.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&trace.id)
}
