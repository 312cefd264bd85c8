//! What a client does about one trace, step by step, and what every vendor has to show of it then.

use jiff::Timestamp;
use rand::Rng;
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;
use serde_json::json;
use uuid::Builder;

use super::Client;
use super::Home;
use super::setup::key;

/// When every trace began: no time in a plan is that of its run, so that two runs can be compared.
const START_MS: i64 = 1_795_824_000_000;

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Value,
    /// Items that it carries.
    pub(crate) items: u64,
}

impl Step {
    /// It as bytes on the wire: head and body.
    pub(crate) fn raw(&self, client: &Client) -> (String, Vec<u8>) {
        let body = self.body.to_string().into_bytes();
        let head = format!(
            "{} {} HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n",
            self.method,
            self.path,
            client.host(),
            key(),
            body.len()
        );
        (head, body)
    }
}

/// A trace with two spans, `outer` and in it `lookup`.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Its name, and no other trace's.
    pub(crate) name: String,
    /// What its client sends, in this order.
    pub(crate) steps: Vec<Step>,
    /// Its score's name and value, if it gets one.
    pub(crate) score: Option<(String, f64)>,
    /// What `lookup` returned in the end.
    pub(crate) output: String,
}

/// How a client goes about it.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Everything at once, when all is done.
    Whole,
    /// As it happens: open, changed, scored, closed.
    Live,
}

impl Plan {
    /// A trace of a dialect's client, decided by the dice.
    pub(crate) fn new(dialect: &str, name: &str, home: &Home, dice: &mut impl Rng) -> Self {
        let way = if dice.random_bool(0.4) { Way::Whole } else { Way::Live };
        let facts = Facts::new(name, dialect == "opik", dice);
        let mut plan = Self { name: name.to_owned(), steps: Vec::new(), score: None, output: facts.output.clone() };
        match (dialect, way) {
            ("opik", Way::Whole) => plan.steps = opik::whole(&facts),
            ("opik", Way::Live) => plan.live(opik::live(&facts), &facts),
            ("galileo", Way::Whole) => plan.steps = galileo::whole(&facts, home),
            ("galileo", Way::Live) => plan.steps = galileo::live(&facts, home),
            ("pandaprobe", Way::Whole) => plan.steps = pandaprobe::whole(&facts),
            (_, Way::Live) => plan.live(pandaprobe::live(&facts), &facts),
            (other, _) => panic!("no dialect is called {other}"),
        }
        plan
    }

    /// A trace that an Opik client sends when all is done, in two requests with three items.
    pub(crate) fn whole(name: &str) -> Self {
        Self::saying(name, "3 degrees")
    }

    /// The same, with this as what `lookup` returned.
    pub(crate) fn saying(name: &str, output: &str) -> Self {
        let mut dice = StdRng::seed_from_u64(name.bytes().fold(7, mixed));
        let facts = Facts { output: output.to_owned(), ..Facts::new(name, true, &mut dice) };
        Self { name: name.to_owned(), steps: opik::whole(&facts), score: None, output: output.to_owned() }
    }

    /// A trace that an Opik client sends as it happens, in six requests with a score.
    pub(crate) fn live_opik(name: &str) -> Self {
        let mut dice = StdRng::seed_from_u64(name.bytes().fold(7, mixed));
        let facts = Facts::new(name, true, &mut dice);
        let mut plan = Self { name: name.to_owned(), steps: Vec::new(), score: None, output: facts.output.clone() };
        plan.live(opik::live(&facts), &facts);
        plan
    }

    /// How many items its steps carry.
    pub(crate) fn items(&self) -> u64 {
        self.steps.iter().map(|step| step.items).sum()
    }

    /// What every vendor shows of it, as far as all vendors can.
    pub(crate) fn shown(&self) -> Value {
        json!({
            "name": self.name, "input": "Oslo?", "output": "3 degrees",
            "spans": {
                "outer": {"name": "outer", "input": "Oslo?", "output": "done"},
                "lookup": {"name": "lookup", "input": "Oslo", "output": self.output, "parent": "outer"},
            },
        })
    }

    fn live(&mut self, steps: Vec<Step>, facts: &Facts) {
        self.steps = steps;
        self.score = Some((facts.score_name(), facts.score));
    }
}

fn mixed(sum: u64, byte: u8) -> u64 {
    sum.wrapping_mul(31).wrapping_add(u64::from(byte))
}

struct Facts {
    name: String,
    trace: String,
    outer: String,
    lookup: String,
    start: i64,
    output: String,
    score: f64,
}

impl Facts {
    fn new(name: &str, sortable: bool, dice: &mut impl Rng) -> Self {
        let start = START_MS + dice.random_range(0..86_400_000);
        let mut id = |later: i64| {
            let random: [u8; 16] = dice.random();
            let mut tail = [0; 10];
            tail.copy_from_slice(&random[..10]);
            let ms = u64::try_from(start + later).unwrap();
            let sorted = Builder::from_unix_timestamp_millis(ms, &tail);
            let id = if sortable { sorted } else { Builder::from_random_bytes(random) };
            id.into_uuid().to_string()
        };
        let (trace, outer, lookup) = (id(0), id(1), id(2));
        let output = format!("{} degrees", dice.random_range(-30..40));
        let score = f64::from(dice.random_range(0..=100_u8)) / 100.0;
        Self { name: name.to_owned(), trace, outer, lookup, start, output, score }
    }

    fn at(&self, ms: i64) -> String {
        Timestamp::from_millisecond(self.start + ms).unwrap().to_string()
    }

    fn score_name(&self) -> String {
        format!("quality of {}", self.name)
    }
}

fn step(method: &'static str, path: impl Into<String>, items: u64, body: Value) -> Step {
    Step { method, path: path.into(), body, items }
}

/// A row with more fields.
fn with(mut row: Value, more: Value) -> Value {
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

mod opik {
    use super::*;

    const TRACES: &str = "/v1/private/traces/batch";
    const SPANS: &str = "/v1/private/spans/batch";

    pub(super) fn whole(facts: &Facts) -> Vec<Step> {
        vec![
            step("POST", SPANS, 2, json!({"spans": [outer(facts), lookup(facts, &facts.output)]})),
            step("POST", TRACES, 1, json!({"traces": [trace(facts)]})),
        ]
    }

    pub(super) fn live(facts: &Facts) -> Vec<Step> {
        let open = |row: Value, at: i64| {
            let mut row = with(row, json!({"last_updated_at": facts.at(at)}));
            ["end_time", "output"].iter().for_each(|field| drop(row.as_object_mut().unwrap().remove(*field)));
            row
        };
        let patch = json!({"project_name": "web", "trace_id": facts.trace, "parent_span_id": facts.outer, "output": facts.output});
        let score = json!({"project_name": "web", "id": facts.trace, "name": facts.score_name(), "value": facts.score, "source": "sdk"});
        vec![
            step("POST", TRACES, 1, json!({"traces": [open(trace(facts), 0)]})),
            step("POST", SPANS, 2, json!({"spans": [open(outer(facts), 1), lookup(facts, "?")]})),
            step("PATCH", format!("/v1/private/spans/{}", facts.lookup), 1, patch),
            step("PUT", "/v1/private/traces/feedback-scores", 1, json!({"scores": [score]})),
            step("POST", SPANS, 1, json!({"spans": [outer(facts)]})),
            step("POST", TRACES, 1, json!({"traces": [trace(facts)]})),
        ]
    }

    fn trace(facts: &Facts) -> Value {
        json!({"id": facts.trace, "project_name": "web", "name": facts.name, "start_time": facts.at(0),
            "end_time": facts.at(2000), "input": "Oslo?", "output": "3 degrees", "last_updated_at": facts.at(2000)})
    }

    fn outer(facts: &Facts) -> Value {
        json!({"id": facts.outer, "trace_id": facts.trace, "project_name": "web", "name": "outer", "type": "general",
            "start_time": facts.at(1), "end_time": facts.at(1900), "input": "Oslo?", "output": "done",
            "last_updated_at": facts.at(1900)})
    }

    fn lookup(facts: &Facts, output: &str) -> Value {
        json!({"id": facts.lookup, "trace_id": facts.trace, "parent_span_id": facts.outer, "project_name": "web",
            "name": "lookup", "type": "tool", "start_time": facts.at(2), "end_time": facts.at(1000), "input": "Oslo",
            "output": output, "last_updated_at": facts.at(1000)})
    }
}

mod galileo {
    use super::*;

    pub(super) fn whole(facts: &Facts, home: &Home) -> Vec<Step> {
        let outer = with(outer(facts), json!({"spans": [lookup(facts, &facts.output)]}));
        vec![create(facts, home, json!([outer]), true, 3)]
    }

    pub(super) fn live(facts: &Facts, home: &Home) -> Vec<Step> {
        let path = |rest: String| format!("/v2/projects/{}/{rest}", home.project);
        let spans = |parent: &str, span: Value| {
            let body = json!({"log_stream_id": home.stream, "trace_id": facts.trace, "parent_id": parent,
                "reliable": true, "spans": [span]});
            step("POST", path("spans".to_owned()), 1, body)
        };
        let patch = json!({"log_stream_id": home.stream, "span_id": facts.lookup, "tags": [], "reliable": true,
            "output": facts.output});
        let close = json!({"log_stream_id": home.stream, "trace_id": facts.trace, "tags": [], "reliable": true,
            "output": "3 degrees", "duration_ns": 2_000_000_000_i64, "is_complete": true});
        vec![
            create(facts, home, json!([]), false, 1),
            spans(&facts.trace, outer(facts)),
            spans(&facts.outer, lookup(facts, "?")),
            step("PATCH", path(format!("spans/{}", facts.lookup)), 1, patch),
            step("PATCH", path(format!("traces/{}", facts.trace)), 1, close),
        ]
    }

    fn create(facts: &Facts, home: &Home, spans: Value, complete: bool, items: u64) -> Step {
        let trace = json!({"type": "trace", "id": facts.trace, "name": facts.name, "input": "Oslo?",
            "output": complete.then_some("3 degrees"), "created_at": facts.at(0), "spans": spans,
            "metrics": {"duration_ns": complete.then_some(2_000_000_000_i64)}});
        let body = json!({"log_stream_id": home.stream, "is_complete": complete, "reliable": true, "traces": [trace]});
        step("POST", format!("/v2/projects/{}/traces", home.project), items, body)
    }

    fn outer(facts: &Facts) -> Value {
        json!({"type": "workflow", "id": facts.outer, "name": "outer", "input": "Oslo?", "output": "done",
            "created_at": facts.at(1), "metrics": {"duration_ns": 1_899_000_000_i64}})
    }

    fn lookup(facts: &Facts, output: &str) -> Value {
        json!({"type": "tool", "id": facts.lookup, "name": "lookup", "input": "Oslo", "output": output,
            "created_at": facts.at(2), "metrics": {"duration_ns": 998_000_000}})
    }
}

mod pandaprobe {
    use super::*;

    pub(super) fn whole(facts: &Facts) -> Vec<Step> {
        let end = json!({"status": "COMPLETED", "output": "3 degrees", "ended_at": facts.at(2000)});
        let spans = json!({"spans": [outer(facts), lookup(facts, &facts.output)]});
        vec![step("POST", "/traces", 3, with(with(open(facts), end), spans))]
    }

    pub(super) fn live(facts: &Facts) -> Vec<Step> {
        let trace = format!("/traces/{}", facts.trace);
        let end = json!({"status": "COMPLETED", "output": "3 degrees", "ended_at": facts.at(2000)});
        let score = json!({"trace_id": facts.trace, "name": facts.score_name(), "value": facts.score.to_string(),
            "data_type": "NUMERIC", "source": "PROGRAMMATIC"});
        vec![
            step("POST", "/traces", 1, open(facts)),
            step("POST", format!("{trace}/spans"), 2, json!([outer(facts), lookup(facts, "?")])),
            step("PATCH", format!("{trace}/spans/{}", facts.lookup), 1, json!({"output": facts.output})),
            step("POST", "/evaluations/trace-scores", 1, score),
            step("PATCH", trace, 1, end),
        ]
    }

    fn open(facts: &Facts) -> Value {
        json!({"trace_id": facts.trace, "name": facts.name, "status": "RUNNING", "input": "Oslo?",
            "started_at": facts.at(0)})
    }

    fn outer(facts: &Facts) -> Value {
        json!({"span_id": facts.outer, "name": "outer", "kind": "CHAIN", "status": "OK", "input": "Oslo?",
            "output": "done", "started_at": facts.at(1), "ended_at": facts.at(1900)})
    }

    fn lookup(facts: &Facts, output: &str) -> Value {
        json!({"span_id": facts.lookup, "parent_span_id": facts.outer, "name": "lookup", "kind": "TOOL",
            "status": "OK", "input": "Oslo", "output": output, "started_at": facts.at(2), "ended_at": facts.at(1000)})
    }
}
