//! Deletions, which are by filter there (`wire/galileo.md §4.7`): by ids here.

use std::mem::take;

use super::QUIET;
use super::fault;
use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Raw;
use crate::canonical::Target;
use crate::contract::Call;
use crate::contract::Decoded;
use crate::contract::Refusal;
use crate::dialects::galileo::settings::NAME;
use crate::dialects::galileo::wire;

/// Every trace or span that one filter names; more filters, or others than on ids, would select among
/// what the gateway does not search.
pub(super) fn delete(spans: bool, call: &Call) -> Result<Decoded, Refusal> {
    let mut body: wire::Selection = fault::body(&call.body)?;
    let mut filters = fault::list(take(&mut body.filters), "filters")?;
    let (Some(only), true) = (filters.pop(), filters.is_empty()) else {
        return Err(fault::rule("filters", "Only one filter is served here"));
    };
    let filter: wire::Filter = fault::part(&only, "filters[0]")?;
    let column = filter.column_id.get().or(filter.name.get());
    if column.is_none_or(|column| column != "id") {
        return Err(fault::rule("filters[0].column_id", "Only filters on id are served here"));
    }
    let ids = ids(&filter)?;
    let items = ids.into_iter().enumerate().map(|(at, id)| Item {
        path: format!("filters[0].value[{at}]"),
        origin: NAME,
        rank: Rank::Patch,
        op: Op::Delete(if spans { Target::Span { trace: None, span: id } } else { Target::Trace(id) }),
    });
    Ok(Decoded { items: items.collect(), quiet: QUIET, losses: fault::unknown(&"request", &body.extra) })
}

fn ids(filter: &wire::Filter) -> Result<Vec<Id>, Refusal> {
    let path = "filters[0].value";
    let listed = || filter.value.get().and_then(Raw::elements);
    let texts = match filter.operator.cloned().as_deref() {
        None | Some("eq") => filter.value.get().map(|value| vec![value.clone()]),
        Some("one_of") => listed(),
        Some(_) => return Err(fault::rule("filters[0].operator", "Only eq and one_of are served here")),
    };
    let texts = fault::list(Field::from(texts), path)?;
    texts.iter().map(|text| fault::uuid(&text.as_string().unwrap_or_default(), path)).collect()
}
