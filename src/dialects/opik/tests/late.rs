//! Rows changed by update: what goes out, and what cannot be said.

use std::collections::BTreeMap;

use serde_json::json;

use crate::canonical::Field;
use crate::canonical::Id;
use crate::canonical::Loss;
use crate::canonical::Tags;
use crate::canonical::Time;
use crate::canonical::View;
use crate::contract::Dialect;
use crate::contract::Outward;
use crate::contract::Plan;
use crate::contract::RowMode;
use crate::dialects::opik::Opik;

use super::MS;
use super::encode::full;
use super::encode::row;
use super::encode::text;
use super::out;

const TRACE: &str = "01a1fba6-5334-7c4b-aaa2-e4ea076c6c6d";
const SPAN: &str = "01a1fba6-5334-7284-b6af-5fa6ee032c97";
const PARENT: &str = "01a1fba6-5334-77bc-aaa7-d0f6c1746db5";

fn plan(view: &View, shown: Option<&View>, rows: RowMode) -> Plan {
    Opik.plan(view, shown, &Outward { rows, ..out() })
}

fn why(losses: &[Loss]) -> Vec<(&str, &str)> {
    losses.iter().map(|loss| (loss.path.as_str(), loss.why.as_str())).collect()
}

#[test]
fn what_is_there_is_updated_by_what_changed() {
    let (shown, mut view) = (full(), full());
    view.spans[0].facts.name = text("renamed");
    view.spans[0].facts.tags = Field::Set(Tags::Set(vec!["t".to_owned(), "u".to_owned()]));
    for mode in [RowMode::Update, RowMode::Closed] {
        let plan = plan(&view, Some(&shown), mode);
        let [update] = plan.writes.as_slice() else { panic!("one write, not {:?}", plan.writes) };
        assert_eq!(
            (update.method.as_str(), update.path.as_str()),
            ("PATCH", format!("/v1/private/spans/{SPAN}").as_str())
        );
        let members = json!({"project_name": "proj", "trace_id": TRACE, "parent_span_id": PARENT, "name": "renamed",
            "tags": ["t", "u"]});
        assert_eq!(row(update), members);
        assert_eq!(plan.losses.iter().filter(|loss| loss.why.contains("update")).count(), 0);
    }
}

#[test]
fn what_an_update_cannot_say_is_a_loss() {
    let (shown, mut view) = (full(), full());
    let span = &mut view.spans[0].facts;
    span.output = Field::Absent;
    span.start = Field::Set(Time(MS * 1_000_000 + 5_000));
    span.parent = Field::Set(Id::parse(TRACE).unwrap());
    span.name = text("renamed");
    let plan = plan(&view, Some(&shown), RowMode::Update);
    assert_eq!(row(&plan.writes[0])["parent_span_id"], PARENT);
    assert_eq!(row(&plan.writes[0]).get("output"), None);
    let said = why(&plan.losses);
    for expected in [
        ("start", "an update cannot set it, and the row is too old to be sent whole"),
        ("parent", "a row keeps its parent for life"),
        ("output", "an update cannot clear it"),
    ] {
        assert!(said.contains(&expected), "{expected:?} is not among {said:?}");
    }
}

#[test]
fn what_is_not_there_is_created_while_its_id_is_young_enough() {
    let view = full();
    let open = plan(&view, None, RowMode::Update);
    assert!(open.writes.iter().all(|write| write.method == "POST"), "{:?}", open.writes);
    // Too old: an update makes the row, and its start is lost.
    let closed = plan(&view, None, RowMode::Closed);
    assert!(closed.writes.iter().all(|write| write.method == "PATCH"), "{:?}", closed.writes);
    assert_eq!(why(&closed.losses).iter().filter(|(path, _)| *path == "start").count(), 2);
    // With a time of its own.
    let stem = Id::parse(SPAN).unwrap().stem();
    let out = Outward { rows: RowMode::Closed, fresh: BTreeMap::from([(stem, MS + 3_600_000)]), ..out() };
    let fresh = Opik.plan(&view, None, &out);
    let span = fresh.writes.iter().find(|write| write.path == "/v1/private/spans/batch").unwrap();
    assert_eq!(
        (row(span)["id"].as_str(), row(span)["trace_id"].as_str()),
        (Some("01a1fbde-1cc0-7284-b6af-5fa6ee032c97"), Some(TRACE))
    );
}

#[test]
fn a_retimed_trace_keeps_no_id_of_its_own_time() {
    let hours = 20 * 3_600_000;
    let (trace, ms) = (Id::parse(TRACE).unwrap(), 0x01a1_fba6_5334 + hours);
    let show = |retimed| Opik.show_id(trace, trace, &Outward { trace_ms: ms, retimed, ..out() });
    assert_eq!(show(false), TRACE);
    assert_eq!(show(true), "01a1fff0-f534-7c4b-aaa2-e4ea076c6c6d");
}
