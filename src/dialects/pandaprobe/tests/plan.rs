//! Differences between views to requests.

use super::*;
use crate::canonical::Field;
use crate::canonical::Score;
use crate::canonical::ScoreValue;
use crate::contract::Bucket;
use crate::contract::Plan;

fn view(items: &[Vec<Item>]) -> View {
    fold(items.iter().flatten())
}

fn created() -> Vec<Item> {
    post("/traces", &small()).unwrap().items
}

fn lines(plan: &Plan) -> Vec<String> {
    plan.writes
        .iter()
        .map(|write| format!("{} {} {} {}", write.stage, write.method, write.path, row_of(write)))
        .collect()
}

#[test]
fn nothing_changed_is_nothing_to_send() {
    let view = view(&[created()]);
    let plan = PandaProbe.plan(&view, Some(&view), &out());
    assert_eq!((plan.writes.len(), plan.losses), (0, vec![]));
}

#[test]
fn a_change_after_settling_is_an_update_of_what_changed() {
    let before = view(&[created()]);
    let update = patch(
        &format!("/traces/{TRACE}"),
        &json!({"status": "ERROR", "input": null, "tags": [], "metadata": {"b": 2}, "output": {"x": 1}}),
    );
    let span =
        patch(&format!("/traces/{TRACE}/spans/{SPAN}"), &json!({"status": "ERROR", "error": "late", "ended_at": null}));
    let after = view(&[created(), update, span]);
    assert_eq!(
        lines(&PandaProbe.plan(&after, Some(&before), &out())),
        [
            format!(
                r#"0 PATCH /traces/{TRACE} {{"status":"ERROR","output":{{"x":1}},"metadata":{{"b":2}},"tags":[],"input":null}}"#
            ),
            format!(r#"1 PATCH /traces/{TRACE}/spans/{SPAN} {{"status":"ERROR","error":"late","ended_at":null}}"#),
        ]
    );
}

#[test]
fn a_new_span_of_a_shown_trace_is_added() {
    let before = view(&[created()]);
    let added = post(
        &format!("/traces/{TRACE}/spans"),
        &json!([{"span_id": CHILD, "name": "late", "kind": "TOOL", "started_at": "2026-11-21T01:00:01Z"}]),
    );
    let after = view(&[created(), added.unwrap().items]);
    assert_eq!(
        lines(&PandaProbe.plan(&after, Some(&before), &out())),
        [format!(
            r#"1 POST /traces/{TRACE}/spans [{{"span_id":"{CHILD}","name":"late","kind":"TOOL","status":"UNSET","started_at":"2026-11-21T01:00:01.000000Z"}}]"#
        )]
    );
}

#[test]
fn a_changed_start_posts_that_row_again_whole() {
    let before = view(&[created()]);
    let mut after = before.clone();
    after.trace.as_mut().unwrap().facts.start = Field::Set(Time::parse("2026-11-21T00:59:00Z").unwrap());
    after.spans[0].facts.start = Field::Set(Time::parse("2026-11-21T01:00:00.5Z").unwrap());
    let plan = PandaProbe.plan(&after, Some(&before), &out());
    assert_eq!(
        lines(&plan),
        [
            format!(
                r#"0 POST /traces {{"trace_id":"{TRACE}","name":"turn","status":"COMPLETED","input":"hi","metadata":{{"plan":"pro"}},"started_at":"2026-11-21T00:59:00.000000Z","ended_at":"2026-11-21T01:00:02.000000Z","tags":["a"]}}"#
            ),
            format!(
                r#"1 POST /traces/{TRACE}/spans [{{"span_id":"{SPAN}","name":"llm","kind":"LLM","status":"OK","started_at":"2026-11-21T01:00:00.500000Z","ended_at":"2026-11-21T01:00:02.000000Z"}}]"#
            ),
        ]
    );
}

#[test]
fn a_changed_parent_is_a_loss() {
    let before = view(&[created()]);
    let mut after = before.clone();
    after.spans[0].facts.parent = Field::Set(id(CHILD));
    let plan = PandaProbe.plan(&after, Some(&before), &out());
    assert_eq!(plan.writes.len(), 0);
    assert_eq!((plan.losses[0].path.as_str(), plan.losses[0].why.as_str()), ("parent", "cannot be changed"));
}

#[test]
fn a_former_complement_is_voided_and_a_removed_key_stays_as_null() {
    let before = encode::foreign();
    let mut after = before.clone();
    let trace = after.trace.as_mut().unwrap();
    trace.facts.source = Field::Absent;
    trace.facts.metadata = Field::Absent;
    trace.facts.start = trace.facts.start.clone().map(Time::micros);
    trace.facts.input = Field::Absent;
    let mut shown = before;
    shown.trace.as_mut().unwrap().facts.start = trace.facts.start.clone();
    let plan = PandaProbe.plan(&after, Some(&shown), &out());
    assert_eq!(
        lines(&plan),
        [format!(r#"0 PATCH /traces/{TRACE} {{"input":null,"metadata":{{"k":null,"_spangate":{{}}}}}}"#)]
    );
    assert!(plan.losses.iter().any(|loss| loss.why.contains("\"k\"")));
}

#[test]
fn an_update_without_its_creation_is_the_vendors_own_update() {
    let update = patch(&format!("/traces/{TRACE}"), &json!({"output": "late"}));
    let span = patch(&format!("/traces/{TRACE}/spans/{SPAN}"), &json!({"model": "m"}));
    assert_eq!(
        lines(&PandaProbe.plan(&view(&[update, span]), None, &out())),
        [
            format!(r#"0 PATCH /traces/{TRACE} {{"output":"late"}}"#),
            format!(r#"1 PATCH /traces/{TRACE}/spans/{SPAN} {{"model":"m"}}"#),
        ]
    );
}

#[test]
fn more_than_500_spans_follow_in_chunks() {
    let mut body = small();
    let spans = (0..1_101_u32).map(|n| {
        json!({"span_id": format!("00000000-0000-4000-8000-{n:012}"), "name": "s", "started_at": "2026-11-21T01:00:00Z"})
    });
    body["spans"] = spans.collect();
    let plan = PandaProbe.plan(&view(&[post("/traces", &body).unwrap().items]), None, &out());
    let sizes: Vec<_> = plan
        .writes
        .iter()
        .map(|write| {
            let body = row_of(write);
            (write.stage, body.get("spans").unwrap_or(&body).as_array().unwrap().len(), write.bucket)
        })
        .collect();
    assert_eq!(sizes, [(0, 500, Bucket::Write), (1, 500, Bucket::Free), (1, 101, Bucket::Free)]);
}

#[test]
fn an_emptied_view_deletes() {
    let before = view(&[created()]);
    let after = View { id: before.id, complete: true, ..View::default() };
    let plan = PandaProbe.plan(&after, Some(&before), &out());
    assert_eq!((plan.writes.len(), plan.writes[0].method.as_str()), (1, "DELETE"));
    assert_eq!(PandaProbe.pack(&[&plan.writes[0]]).body, None);
}

fn score(name: &str, value: ScoreValue) -> Score {
    Score {
        target: Target::Trace(id(TRACE)),
        name: name.to_owned(),
        value,
        verbatim: None,
        label: None,
        reason: None,
        source: Some("sdk".to_owned()),
        author: None,
        metadata: None,
        project: Default::default(),
        at: SEED.at,
    }
}

#[test]
fn scores_come_last_each_alone_and_looked_up_first() {
    let mut view = view(&[created()]);
    view.scores = vec![
        score("quality", ScoreValue::Number(0.5)),
        Score {
            target: Target::Span { trace: None, span: id(SPAN) },
            label: Some("good".to_owned()),
            source: Some("AUTOMATED".to_owned()),
            ..score("ok", ScoreValue::Bool(true))
        },
        score("stars", ScoreValue::Number(4.5)),
        Score { target: Target::Session("s".to_owned()), ..score("session", ScoreValue::Number(1.0)) },
    ];
    let plan = PandaProbe.plan(&view, None, &out());
    assert_eq!(
        lines(&plan)[1..],
        [
            format!(
                r#"2 POST /evaluations/trace-scores {{"trace_id":"{TRACE}","name":"quality","value":"0.5","data_type":"NUMERIC","source":"PROGRAMMATIC","metadata":{{"_spangate":{{"v":1,"c":{{"source":"sdk"}}}}}}}}"#
            ),
            format!(
                r#"2 POST /evaluations/trace-scores {{"trace_id":"{TRACE}","name":"ok","value":"true","data_type":"BOOLEAN","source":"AUTOMATED","metadata":{{"span_id":"{SPAN}","_spangate":{{"v":1,"c":{{"label":"good"}}}}}}}}"#
            ),
        ]
    );
    assert_eq!(plan.writes[1].bucket, Bucket::Score);
    let look = plan.writes[1].unless.as_ref().unwrap();
    assert_eq!(
        (look.method.as_str(), look.path.as_str()),
        ("GET", format!("/evaluations/trace-scores/{TRACE}").as_str())
    );
    let why: Vec<_> = plan.losses.iter().filter(|loss| !loss.carried).map(|loss| loss.why.as_str()).collect();
    assert_eq!(why, ["a number outside 0 to 1", "a session cannot be scored"]);
    let back = receive(&plan.writes[2]);
    let Op::Score(back) = &back[0].op else { panic!("a score") };
    assert_eq!(back.target, Target::Span { trace: Some(id(TRACE)), span: id(SPAN) });
    assert_eq!((back.label.as_deref(), &back.metadata), (Some("good"), &None));
    let mut changed = view.clone();
    changed.scores[0].value = ScoreValue::Number(0.75);
    let plan = PandaProbe.plan(&changed, Some(&view), &out());
    assert_eq!((plan.writes.len(), row_of(&plan.writes[0])["value"].as_str()), (1, Some("0.75")));
}

#[test]
fn scores_of_one_name_are_looked_for_among_all() {
    let mut view = view(&[created()]);
    let of_span = Target::Span { trace: Some(id(TRACE)), span: id(SPAN) };
    view.scores =
        vec![score("a b", ScoreValue::Number(0.5)), Score { target: of_span, ..score("a b", ScoreValue::Number(0.5)) }];
    let plan = PandaProbe.plan(&view, None, &out());
    let all = format!("/evaluations/trace-scores?trace_id={TRACE}&name=a%20b&limit=200");
    for write in &plan.writes[1..] {
        assert_eq!(write.unless.as_ref().unwrap().path, all);
    }
    let row = |span: Option<&str>, value: &str| {
        let metadata = span.map_or(
            json!({"_spangate": {"v": 1, "c": {"source": "sdk"}}}),
            |span| json!({"span_id": span, "_spangate": {"v": 1, "c": {"source": "sdk"}}}),
        );
        json!({"id": CHILD, "name": "a b", "value": value, "data_type": "NUMERIC", "reason": null, "metadata": metadata})
    };
    let shows = |at: usize, rows: &[Value]| {
        PandaProbe.confirmed(&plan.writes[at], &answer(200, &json!({"items": rows, "total": rows.len()}).to_string()))
    };
    assert!(shows(1, &[row(Some(SPAN), "0.9"), row(None, "0.5")]));
    assert!(!shows(1, &[row(Some(SPAN), "0.5")]));
    assert!(shows(2, &[row(None, "0.9"), row(Some(SPAN), "0.5")]));
    assert!(!shows(2, &[row(Some(SPAN), "0.9"), row(Some(SPAN), "0.5")]));
}

#[test]
fn a_score_is_taken_back_by_the_ids_that_a_read_finds() {
    let mut before = view(&[created()]);
    before.scores = vec![score("quality", ScoreValue::Number(0.5))];
    let plan = PandaProbe.plan(&view(&[created()]), Some(&before), &out());
    let [write] = plan.writes.as_slice() else { panic!("one write, not {:?}", plan.writes) };
    let each = write.each.as_ref().unwrap();
    assert_eq!(each.look.path, format!("/evaluations/trace-scores?trace_id={TRACE}&name=quality&limit=200"));
    let rows = json!({"items": [{"id": SPAN, "name": "quality"}, {"id": CHILD, "name": "quality"},
        {"id": TRACE, "name": "quality", "metadata": {"span_id": SPAN}}, {"id": TRACE, "name": "other"}]});
    let deletes = PandaProbe.each(write, &answer(200, &rows.to_string())).unwrap().writes;
    let lines: Vec<_> = deletes.iter().map(|write| format!("{} {}", write.method, write.path)).collect();
    assert_eq!(lines, [SPAN, CHILD].map(|id| format!("DELETE /evaluations/trace-scores/{id}")));
    assert_eq!(PandaProbe.pack(&[&deletes[0]]).body, None);
    assert_eq!(PandaProbe.each(write, &answer(200, r#"{"items":[]}"#)).unwrap().writes.len(), 0);
    assert!(PandaProbe.each(write, &answer(500, "Internal Server Error")).is_err());
}

#[test]
fn a_project_name_that_the_vendor_refuses_is_mapped() {
    let named = |name: &str| {
        let mut out = out();
        out.project.name = name.to_owned();
        PandaProbe.plan(&view(&[created()]), None, &out).writes[0].headers[0].1.clone()
    };
    assert_eq!(named("Default Project"), "Default Project");
    assert_eq!(named("a/b"), "a-b-c14cdd");
}
