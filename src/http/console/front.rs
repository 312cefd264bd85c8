//! The front page: how each destination does, and the newest traces with their state at each.

use std::collections::BTreeSet;

use super::html::Html;
use crate::contract::Standing;
use crate::contract::Summary;

/// The page.
pub(super) fn page(destinations: &[Standing], traces: &[Summary]) -> Html {
    let mut html = Html::new("spangate");
    html.raw("<h2>Destinations</h2>");
    standings(&mut html, destinations);
    html.raw("<h2>Newest traces</h2>");
    if traces.is_empty() {
        html.raw("<p class=\"quiet\">Nothing has been accepted yet.</p>");
    } else {
        list(&mut html, traces);
    }
    html
}

fn standings(html: &mut Html, destinations: &[Standing]) {
    html.heads(["destination", "dialect", "items shown", "pending", "given up", "traces open", "parked", "last error"]);
    for standing in destinations {
        let Standing { destination, dialect, base_url, items, unread, open, parked, .. } = standing;
        let unread = if *unread == 0 { String::new() } else { format!(" and {unread} requests") };
        html.raw("<tr><td title=\"").text(base_url).raw("\">").text(destination).raw("</td>").cell(dialect);
        html.cell(&items.delivered.to_string()).cell(&format!("{}{unread}", items.pending));
        html.cell(&items.dead.to_string()).cell(&open.to_string()).cell(&parked.to_string());
        html.cell(standing.condition.last_error.as_deref().unwrap_or("")).raw("</tr>");
    }
    html.end_table();
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
