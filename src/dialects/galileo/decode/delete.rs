//! `POST …/traces/delete` and `…/spans/delete` (`wire/galileo.md §4.7`): what passes the filters goes.

use super::QUIET;
use super::fault;
use crate::canonical::Id;
use crate::canonical::Item;
use crate::canonical::Op;
use crate::canonical::Rank;
use crate::canonical::Target;
use crate::contract::Call;
use crate::contract::Decoded;
use crate::contract::Refusal;
use crate::dialects::galileo::settings::NAME;
use crate::dialects::galileo::wire;

/// The rows that a body's one filter names by id. Any other filter would have to be asked of the
/// vendor, so it is refused.
pub(super) fn rows(spans: bool, call: &Call) -> Result<Decoded, Refusal> {
    let body: wire::Delete = fault::body(&call.body)?;
    let filters = fault::list(body.filters, "filters")?;
    let [filter] = filters.as_slice() else { return Err(by_id("filters")) };
    let filter: wire::Filter = fault::part(filter, "filters[0]")?;
    let column = filter.column_id.get().or(filter.name.get()).map_or("", String::as_str);
    if column != "id" {
        return Err(by_id("filters[0].column_id"));
    }
    let value = filter.value.take().ok_or_else(|| fault::rule("filters[0].value", "Field required"))?;
    let ids = match filter.operator.get().map_or("eq", String::as_str) {
        "eq" => vec![fault::part(&value, "filters[0].value")?],
        "one_of" => fault::part::<Vec<String>>(&value, "filters[0].value")?,
        _ => return Err(by_id("filters[0].operator")),
    };
    let item = |(at, id): (usize, &String)| {
        let id = fault::uuid(id, &format!("filters[0].value[{at}]"))?;
        Ok(Item {
            path: format!("filters[0].value[{at}]"),
            origin: NAME,
            rank: Rank::Patch,
            op: Op::Delete(target(spans, id)),
        })
    };
    let items = ids.iter().enumerate().map(item).collect::<Result<_, Refusal>>()?;
    Ok(Decoded { items, quiet: QUIET, losses: fault::unknown(&"request", &body.extra) })
}

fn target(spans: bool, id: Id) -> Target {
    if spans { Target::Span { trace: None, span: id } } else { Target::Trace(id) }
}

fn by_id(path: &str) -> Refusal {
    fault::rule(path, "Only rows named by id, with eq or one_of, can be deleted here")
}
