//! The order in which a trace's requests arrive does not matter (`design.md §3`, the fold rule): every
//! permutation that keeps two updates, or two scores, of one subject in order ends in the same state.
//!
//! Shown twice: with no ledger or network between, for many orders; and through the front door to all
//! three vendors, for a few.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use proptest::prelude::Just;
use proptest::prelude::Strategy;
use proptest::prop_assert;
use proptest::strategy::ValueTree;
use proptest::test_runner::Config;
use proptest::test_runner::RngAlgorithm;
use proptest::test_runner::TestRng;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use serde_json::json;
use spangate::contract::Dialect;
use spangate::dialects::DIALECTS;
use spangate::pipeline::translate::Gathered;
use spangate::pipeline::translate::Input;

use crate::support::Setup;
use crate::support::bare;
use crate::support::literal;
use crate::support::unlike;
use crate::translation::canonical;
use crate::translation::differences;
use crate::translation::gather;
use crate::translation::translated;

const VENDORS: [&str; 3] = ["opik", "galileo", "pandaprobe"];

/// Orders folded of each scenario.
const FOLD_CASES: u32 = 256;

/// Orders translated of each scenario to every dialect.
const SENT_CASES: u32 = 48;

/// Orders tried of each scenario through the front door.
const SITE_CASES: usize = 4;

/// What a request does to its subject.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Does {
    Create,
    Patch,
    /// An update that says that the subject has ended.
    Complete,
    Score,
}

/// One request of a scenario.
#[derive(Clone, Debug)]
struct Step {
    does: Does,
    /// A name; of a create, as many as it creates, with `+` between.
    subject: String,
    method: String,
    path: String,
    body: Value,
}

/// How many runs had something before the create of its subject.
#[derive(Debug, Default)]
struct Early {
    patches: usize,
    completions: usize,
    scores: usize,
}

impl Early {
    fn count(&mut self, steps: &[Step], order: &[usize]) {
        let early = |does: Does| {
            order.iter().enumerate().any(|(place, at)| {
                let later = || order[place..].iter().map(|at| &steps[*at]);
                let created = |step: &Step| {
                    step.does == Does::Create && step.subject.split('+').any(|it| it == steps[*at].subject)
                };
                steps[*at].does == does && later().any(created)
            })
        };
        self.patches += usize::from(early(Does::Patch));
        self.completions += usize::from(early(Does::Complete));
        self.scores += usize::from(early(Does::Score));
    }
}

/// A scenario: a line a request, `does subject METHOD path body`.
fn steps(text: &str) -> Vec<Step> {
    let step = |line: &str| {
        let mut words = line.trim().splitn(5, ' ').map(str::to_owned);
        let mut word = || words.next().unwrap();
        let does = match word().as_str() {
            "create" => Does::Create,
            "patch" => Does::Patch,
            "complete" => Does::Complete,
            "score" => Does::Score,
            other => panic!("{other}"),
        };
        Step { does, subject: word(), method: word(), path: word(), body: literal(&word()) }
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(step).collect()
}

/// Every order of the steps that the fold rule allows.
fn orders(steps: &[Step]) -> impl Strategy<Value = Vec<usize>> + use<> {
    let groups: Vec<(bool, String)> =
        steps.iter().map(|step| (step.does == Does::Score, step.subject.clone())).collect();
    let moves: Vec<bool> = steps.iter().map(|step| step.does == Does::Create).collect();
    Just((0..steps.len()).collect::<Vec<usize>>()).prop_shuffle().prop_map(move |mut order| {
        for group in groups.iter().collect::<BTreeSet<_>>() {
            let held = |at: &usize| !moves[*at] && groups[*at] == *group;
            let mut kept: Vec<usize> = order.iter().copied().filter(held).collect();
            kept.sort_unstable();
            let places = order.iter_mut().filter(|at| held(at));
            places.zip(kept).for_each(|(place, at)| *place = at);
        }
        order
    })
}

/// A runner that draws the same orders every time and keeps no files.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

fn dialect(name: &str) -> &'static dyn Dialect {
    *DIALECTS.iter().find(|dialect| dialect.info().name == name).unwrap()
}

fn told(steps: &[Step], order: &[usize]) -> Vec<String> {
    order.iter().map(|at| format!("{:?} {}", steps[*at].does, steps[*at].subject)).collect()
}

// ---------------------------------------------------------------- without a network

#[test]
fn any_order_folds_to_the_same_traces() {
    let early = compare_orders(FOLD_CASES, |gathered| BTreeMap::from([("canonical", canonical(gathered))]));
    println!("{} runs; something came before its create in: {early:?}", FOLD_CASES * 3);
    assert!(early.patches > 0 && early.completions > 0 && early.scores > 0, "{early:?}");
}

/// What each vendor would be sent, read again: its ids and fields do not hang on the order either.
#[test]
fn any_order_is_sent_as_the_same_traces() {
    compare_orders(SENT_CASES, |gathered| {
        VENDORS.into_iter().map(|to| (to, canonical(&translated(gathered, dialect(to)).0))).collect()
    });
}

type Traces = BTreeMap<String, Value>;

/// Compares states of every scenario's requests, in so many orders, with those in the order written.
fn compare_orders(cases: u32, states: impl Fn(&Gathered) -> BTreeMap<&'static str, Traces>) -> Early {
    let early = RefCell::new(Early::default());
    for (from, text) in SCENARIOS {
        let steps = steps(text);
        let expected = states(&read(from, &steps, &(0..steps.len()).collect::<Vec<_>>()));
        let same = |order: Vec<usize>| {
            early.borrow_mut().count(&steps, &order);
            let shown = states(&read(from, &steps, &order));
            for (to, expected) in &expected {
                assert_eq!(expected.len(), 1, "{from} to {to}");
                let differences = differences(expected, &shown[to]);
                let why = || format!("{from} to {to}: {:?}: {differences:#?}", told(&steps, &order));
                prop_assert!(differences.is_empty(), "{}", why());
            }
            Ok(())
        };
        runner(cases).run(&orders(&steps), same).unwrap_or_else(|why| panic!("{why}"));
    }
    early.into_inner()
}

fn read(from: &str, steps: &[Step], order: &[usize]) -> Gathered {
    let input = |(line, at): (usize, &usize)| {
        let Step { method, path, body, .. } = &steps[*at];
        let request = json!({"method": method, "path": path, "headers": {"x-project-name": "web"}, "body": body});
        Input::read(line, &request.to_string()).unwrap()
    };
    gather(dialect(from), (1..).zip(order).map(input).collect())
}

// ---------------------------------------------------------------- through the front door

#[tokio::test(flavor = "multi_thread")]
async fn opik_requests_in_any_order() {
    any_order(SCENARIOS[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn galileo_requests_in_any_order() {
    any_order(SCENARIOS[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pandaprobe_requests_in_any_order() {
    any_order(SCENARIOS[2]).await;
}

async fn any_order((_, text): (&str, &str)) {
    let steps = steps(text);
    let (strategy, mut runner) = (orders(&steps), runner(0));
    let mut drawn = vec![(0..steps.len()).collect::<Vec<_>>()];
    drawn.extend((0..SITE_CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()));
    let shown = join_all(drawn.iter().map(|order| shown(&steps, order))).await;
    for (order, shown_now) in drawn.iter().zip(&shown).skip(1) {
        let same = *shown_now == shown[0];
        assert!(same, "{:?} shows otherwise:\n{}", told(&steps, order), unlike(shown_now, &shown[0]));
    }
}

/// What every vendor shows once the requests were sent in an order.
async fn shown(steps: &[Step], order: &[usize]) -> Value {
    // Nothing is due before all has come, however slow the machine: what comes after a trace is shown finds
    // other rules at Galileo, which takes neither scores nor usage then (`wire/galileo.md §4.4`).
    let site = Setup::new(&[("checkout", &VENDORS)]).every_route("flush = { quiet = \"5m\" }").start().await;
    let client = site.client("checkout");
    for at in order {
        let Step { method, path, body, .. } = &steps[*at];
        let answer = client.call(method, path, body).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
    }
    site.advance(Duration::from_secs(360));
    site.settled().await;
    let mut all = serde_json::Map::new();
    for vendor in VENDORS {
        let traces = site.vendor(vendor).traces().await;
        assert_eq!(traces.len(), 1, "{vendor} shows {traces:#?}");
        assert_eq!(site.counts(vendor).2, 0, "{vendor} refused something");
        let scores: Vec<Value> = site.vendor(vendor).scores().await.iter().map(score).collect();
        all.insert(vendor.to_owned(), sorted(&bare(&json!({"traces": traces, "scores": scores}))));
    }
    site.close().await;
    all.into()
}

/// A score, less what the vendor makes up.
fn score(score: &Value) -> Value {
    const SENT: [&str; 8] =
        ["trace_id", "entity_type", "entity_id", "record_id", "name", "value", "data_type", "reason"];
    SENT.into_iter().map(|name| (name.to_owned(), score[name].clone())).collect::<serde_json::Map<_, _>>().into()
}

/// Rows in an order of their own, for a vendor lists them as they came; scores only beside the trace;
/// no id that the vendor gave a session.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let galileo = map.contains_key("is_complete");
            let kept = map.iter().filter(|(name, _)| *name != "feedback_scores");
            let kept = kept.filter(|(name, _)| !(galileo && *name == "session_id"));
            kept.map(|(name, value)| (name.clone(), sorted(value))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(list) if list.iter().all(Value::is_object) => {
            let mut list: Vec<Value> = list.iter().map(sorted).collect();
            list.sort_by_key(|row| ["span_id", "id", "name"].map(|name| row[name].to_string()));
            list.into()
        }
        other => other.clone(),
    }
}

// ---------------------------------------------------------------- what is sent

const SCENARIOS: [(&str, &str); 3] = [("opik", OPIK), ("galileo", GALILEO), ("pandaprobe", PANDAPROBE)];

/// Opik's low-level client without batching: creates without an end, updates of different fields, ends.
const OPIK: &str = r#"
create trace POST /v1/private/traces {"id": "01a1fba9-b442-706a-888f-b0c0220b2677", "project_name": "web", "name": "weather", "start_time": "2026-11-21T01:12:45.378Z", "input": {"q": "Oslo?"}, "metadata": {"m": {"n": 1}}, "tags": ["x"], "last_updated_at": "2026-11-21T01:12:45.379Z", "thread_id": "thr-9", "source": "sdk"}
create outer POST /v1/private/spans {"id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "project_name": "web", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "name": "outer", "type": "general", "start_time": "2026-11-21T01:12:45.379Z", "input": {"a": 1}, "last_updated_at": "2026-11-21T01:12:45.380Z", "source": "sdk"}
create chat POST /v1/private/spans {"id": "01a1fba9-b46e-775d-8b79-c740e6ed8021", "project_name": "web", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "name": "chat", "type": "llm", "start_time": "2026-11-21T01:12:45.400Z", "input": {"messages": [{"role": "user", "content": "Oslo?"}]}, "model": "gpt-4o", "last_updated_at": "2026-11-21T01:12:45.401Z", "source": "sdk"}
patch chat PATCH /v1/private/spans/01a1fba9-b46e-775d-8b79-c740e6ed8021 {"project_name": "web", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, "tags": ["late"], "source": "sdk"}
complete chat PATCH /v1/private/spans/01a1fba9-b46e-775d-8b79-c740e6ed8021 {"project_name": "web", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "parent_span_id": "01a1fba9-b443-759e-8275-ee7b810cfe63", "end_time": "2026-11-21T01:12:46.400Z", "output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "total_estimated_cost": 0.01, "source": "sdk"}
patch outer PATCH /v1/private/spans/01a1fba9-b443-759e-8275-ee7b810cfe63 {"project_name": "web", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "metadata": {"k": 2}, "tags": ["u"], "source": "sdk"}
complete outer PATCH /v1/private/spans/01a1fba9-b443-759e-8275-ee7b810cfe63 {"project_name": "web", "trace_id": "01a1fba9-b442-706a-888f-b0c0220b2677", "end_time": "2026-11-21T01:12:47.300Z", "output": {"r": 2}, "error_info": {"exception_type": "ValueError", "message": "m", "traceback": "tb"}, "source": "sdk"}
patch trace PATCH /v1/private/traces/01a1fba9-b442-706a-888f-b0c0220b2677 {"project_name": "web", "metadata": {"z": 1}, "tags": ["y"], "source": "sdk"}
complete trace PATCH /v1/private/traces/01a1fba9-b442-706a-888f-b0c0220b2677 {"project_name": "web", "end_time": "2026-11-21T01:12:47.378Z", "output": {"a": 3}, "source": "sdk"}
score trace PUT /v1/private/traces/feedback-scores {"scores": [{"project_name": "web", "name": "quality", "value": 0.9, "reason": "r", "source": "sdk", "id": "01a1fba9-b442-706a-888f-b0c0220b2677"}]}
score chat PUT /v1/private/spans/feedback-scores {"scores": [{"project_name": "web", "name": "exact", "value": 1.0, "source": "sdk", "id": "01a1fba9-b46e-775d-8b79-c740e6ed8021"}]}
"#;

/// Galileo's distributed mode: a trace that is open until a PATCH says otherwise.
const GALILEO: &str = r#"
create trace POST /ingest/traces/38705802-f7bd-4489-b983-32a69a27c762 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "is_complete": false, "traces": [{"type": "trace", "id": "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6", "name": "weather", "input": "Oslo?", "created_at": "2026-11-21T01:12:45.378000Z", "user_metadata": {"k": "v"}, "tags": ["a"], "metrics": {}, "spans": []}]}
create outer POST /ingest/spans/38705802-f7bd-4489-b983-32a69a27c762 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "trace_id": "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6", "parent_id": "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6", "spans": [{"type": "workflow", "id": "d7184b71-6901-4321-abe3-544c7f3f0838", "name": "outer", "input": "Oslo?", "created_at": "2026-11-21T01:12:45.379000Z", "user_metadata": {}, "tags": ["w"], "metrics": {}, "spans": []}]}
create chat POST /ingest/spans/38705802-f7bd-4489-b983-32a69a27c762 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "trace_id": "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6", "parent_id": "d7184b71-6901-4321-abe3-544c7f3f0838", "spans": [{"type": "llm", "id": "b8f85067-3a9a-4422-85e7-7d871d157dcc", "name": "chat", "input": [{"role": "user", "content": "Oslo?"}], "output": {"role": "assistant", "content": "3 degrees"}, "created_at": "2026-11-21T01:12:45.400000Z", "user_metadata": {"m": "1"}, "tags": [], "metrics": {"duration_ns": 1000000000, "num_input_tokens": 10, "num_output_tokens": 5, "num_total_tokens": 15}, "model": "gpt-4o"}]}
patch outer PATCH /v2/projects/38705802-f7bd-4489-b983-32a69a27c762/spans/d7184b71-6901-4321-abe3-544c7f3f0838 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "span_id": "d7184b71-6901-4321-abe3-544c7f3f0838", "tags": ["w", "late"]}
complete outer PATCH /v2/projects/38705802-f7bd-4489-b983-32a69a27c762/spans/d7184b71-6901-4321-abe3-544c7f3f0838 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "span_id": "d7184b71-6901-4321-abe3-544c7f3f0838", "output": "3 degrees", "status_code": 200, "duration_ns": 1900000000}
patch trace PATCH /v2/projects/38705802-f7bd-4489-b983-32a69a27c762/traces/11bac3f0-6ac8-4353-af70-8e1c8b1ebde6 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "trace_id": "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6", "tags": ["a", "late"], "is_complete": false}
complete trace PATCH /v2/projects/38705802-f7bd-4489-b983-32a69a27c762/traces/11bac3f0-6ac8-4353-af70-8e1c8b1ebde6 {"log_stream_id": "37838416-ec5d-4809-a203-90ba3fafba48", "logging_method": "api_direct", "reliable": true, "trace_id": "11bac3f0-6ac8-4353-af70-8e1c8b1ebde6", "output": "3", "status_code": 200, "is_complete": true, "duration_ns": 2000000000}
"#;

/// PandaProbe: a running trace with a span in it, one more span, updates, scores.
const PANDAPROBE: &str = r#"
create trace+outer POST /traces {"trace_id": "cc047292-1458-468b-80eb-02bdbbcb9674", "name": "weather", "status": "RUNNING", "started_at": "2026-11-21T01:12:45.378+00:00", "input": {"q": "Oslo?"}, "tags": ["a"], "spans": [{"span_id": "29b5457c-8aa9-492a-895f-c1948f571b33", "name": "outer", "kind": "CHAIN", "status": "UNSET", "started_at": "2026-11-21T01:12:45.379+00:00"}]}
create chat POST /traces/cc047292-1458-468b-80eb-02bdbbcb9674/spans [{"span_id": "4baebb2a-3a8d-4245-887b-e1f9b044a341", "parent_span_id": "29b5457c-8aa9-492a-895f-c1948f571b33", "name": "chat", "kind": "LLM", "status": "OK", "started_at": "2026-11-21T01:12:45.400+00:00", "ended_at": "2026-11-21T01:12:46.400+00:00", "input": {"messages": [{"role": "user", "content": "Oslo?"}]}, "model": "gpt-4o", "metadata": {"k": 1}}]
patch chat PATCH /traces/cc047292-1458-468b-80eb-02bdbbcb9674/spans/4baebb2a-3a8d-4245-887b-e1f9b044a341 {"output": {"messages": [{"role": "assistant", "content": "3 degrees"}]}, "token_usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}
complete outer PATCH /traces/cc047292-1458-468b-80eb-02bdbbcb9674/spans/29b5457c-8aa9-492a-895f-c1948f571b33 {"status": "OK", "ended_at": "2026-11-21T01:12:47.300+00:00"}
patch trace PATCH /traces/cc047292-1458-468b-80eb-02bdbbcb9674 {"user_id": "u1", "output": {"a": 3}}
complete trace PATCH /traces/cc047292-1458-468b-80eb-02bdbbcb9674 {"status": "COMPLETED", "ended_at": "2026-11-21T01:12:47.378+00:00"}
score trace POST /evaluations/trace-scores {"trace_id": "cc047292-1458-468b-80eb-02bdbbcb9674", "name": "relevance", "value": "0.8", "data_type": "NUMERIC", "source": "PROGRAMMATIC"}
score trace POST /evaluations/trace-scores {"trace_id": "cc047292-1458-468b-80eb-02bdbbcb9674", "name": "relevance", "value": "0.9", "data_type": "NUMERIC", "source": "PROGRAMMATIC"}
"#;
