//! A trace or span of a request: checked, and taken apart into records (`wire/galileo.md` §5).

use serde_json::{Value, json};

use super::{
    Fields, content,
    faults::{Faults, Place, at},
};

const SPAN_TYPES: [&str; 6] = ["workflow", "agent", "llm", "retriever", "tool", "control"];
const AGENTS: [&str; 8] = ["default", "planner", "react", "reflection", "router", "classifier", "supervisor", "judge"];
const EVENTS: [&str; 8] = [
    "message",
    "reasoning",
    "internal_tool_call",
    "web_search_call",
    "image_generation",
    "mcp_call",
    "mcp_list_tools",
    "mcp_approval_request",
];
const LLM_COUNTS: [&str; 9] = [
    "duration_ns",
    "num_input_tokens",
    "num_output_tokens",
    "num_total_tokens",
    "time_to_first_token_ns",
    "num_image_input_tokens",
    "num_audio_input_tokens",
    "num_audio_output_tokens",
    "num_image_output_tokens",
];

/// The fields a record keeps; anything else is unknown and ignored.
const COMMON: [&str; 16] = [
    "input",
    "redacted_input",
    "output",
    "redacted_output",
    "name",
    "created_at",
    "tags",
    "status_code",
    "metrics",
    "external_id",
    "dataset_input",
    "dataset_output",
    "step_number",
    "user_metadata",
    "dataset_metadata",
    "type",
];

/// Checks a list of steps and all they hold.
pub(super) fn check_all(items: &Value, of_trace: bool, place: &[Value], faults: &mut Faults) {
    match items {
        Value::Array(steps) => {
            for (index, step) in steps.iter().enumerate() {
                check(step, of_trace, &at(place, index), faults);
            }
        }
        Value::Null => {}
        _ => faults.add(place, "list_type", "Input should be a valid list", items),
    }
}

fn check(step: &Value, of_trace: bool, place: &[Value], faults: &mut Faults) {
    if !step.is_object() {
        return faults.add(place, "model_attributes_type", "Input should be a valid dictionary", step);
    }
    let kind = match step["type"].as_str() {
        None | Some("trace") if of_trace => "trace",
        Some(kind) if !of_trace && SPAN_TYPES.contains(&kind) => kind,
        None => {
            return faults.add(place, "union_tag_not_found", "Unable to extract tag using discriminator 'type'", step);
        }
        Some(_) => {
            return faults.add(
                place,
                "union_tag_invalid",
                "Input tag found using 'type' does not match any of the expected tags",
                step,
            );
        }
    };
    let inner: Place = if of_trace { place.to_vec() } else { at(place, kind) };
    common(step, &inner, faults);
    own(kind, step, &inner, faults);
    if holds_spans(kind) {
        check_all(&step["spans"], false, &at(&inner, "spans"), faults);
    }
}

pub(super) fn holds_spans(kind: &str) -> bool {
    !matches!(kind, "llm" | "control")
}

fn common(step: &Value, place: &[Value], faults: &mut Faults) {
    for name in ["id", "session_id", "trace_id", "parent_id"] {
        faults.id(&step[name], &at(place, name));
    }
    for name in ["name", "external_id", "dataset_input", "dataset_output"] {
        faults.text(&step[name], &at(place, name));
    }
    for name in ["user_metadata", "dataset_metadata"] {
        faults.string_map(&step[name], &at(place, name));
    }
    faults.time(&step["created_at"], &at(place, "created_at"));
    faults.texts(&step["tags"], &at(place, "tags"));
    faults.int(&step["status_code"], &at(place, "status_code"));
    faults.int(&step["step_number"], &at(place, "step_number"));
    let metrics = &step["metrics"];
    if !metrics.is_null() && !metrics.is_object() {
        faults.add(&at(place, "metrics"), "dict_type", "Input should be a valid dictionary", metrics);
    }
    faults.int(&metrics["duration_ns"], &at(&at(place, "metrics"), "duration_ns"));
}

/// What each type has for itself (§5.2); redacted twins keep the same rules.
fn own(kind: &str, step: &Value, place: &[Value], faults: &mut Faults) {
    for name in ["input", "redacted_input"].into_iter().filter(|name| !step[*name].is_null()) {
        input(kind, &step[name], &at(place, name), faults);
    }
    for name in ["output", "redacted_output"].into_iter().filter(|name| !step[*name].is_null()) {
        output(kind, &step[name], &at(place, name), faults);
    }
    match kind {
        "agent" => faults.one_of(&step["agent_type"], &AGENTS, &at(place, "agent_type")),
        "tool" => faults.text(&step["tool_call_id"], &at(place, "tool_call_id")),
        "llm" => llm(step, place, faults),
        "retriever" if step["output"].is_null() => faults.missing(&at(place, "output"), step),
        _ => {}
    }
    if step["input"].is_null() && matches!(kind, "llm" | "tool") {
        faults.missing(&at(place, "input"), step);
    }
}

fn input(kind: &str, value: &Value, place: &[Value], faults: &mut Faults) {
    match kind {
        "trace" => content::parts(value, place, faults),
        "llm" => content::messages(value, place, faults),
        "retriever" | "tool" => faults.text(value, place),
        _ => text_or_messages(value, place, faults),
    }
}

fn output(kind: &str, value: &Value, place: &[Value], faults: &mut Faults) {
    match (kind, value) {
        ("trace", _) => content::parts(value, place, faults),
        ("llm", Value::String(_)) | ("control", Value::Object(_)) => {}
        ("llm", _) => content::message(value, place, faults),
        ("retriever", _) => content::documents(value, place, faults),
        ("tool" | "control", _) => faults.text(value, place),
        (_, Value::Object(_)) if value["action"].is_string() => {}
        (_, Value::Object(_)) => content::message(value, place, faults),
        (_, Value::Array(items)) if items.iter().all(|item| item["type"].is_string()) => {
            content::parts(value, place, faults);
        }
        (_, Value::Array(_)) => content::documents(value, place, faults),
        _ => faults.text(value, place),
    }
}

fn text_or_messages(value: &Value, place: &[Value], faults: &mut Faults) {
    match value {
        Value::Array(items) if items.iter().any(|item| item["role"].is_string()) => {
            content::messages(value, place, faults);
        }
        _ => content::parts(value, place, faults),
    }
}

fn llm(step: &Value, place: &[Value], faults: &mut Faults) {
    if step["output"].is_null() {
        faults.missing(&at(place, "output"), step);
    }
    faults.text(&step["model"], &at(place, "model"));
    faults.text(&step["finish_reason"], &at(place, "finish_reason"));
    faults.number(&step["temperature"], &at(place, "temperature"));
    for name in LLM_COUNTS {
        faults.int(&step["metrics"][name], &at(&at(place, "metrics"), name));
    }
    for (index, tool) in step["tools"].as_array().into_iter().flatten().enumerate() {
        if !tool.is_object() {
            faults.add(&at(&at(place, "tools"), index), "dict_type", "Input should be a valid dictionary", tool);
        }
    }
    for (index, event) in step["events"].as_array().into_iter().flatten().enumerate() {
        faults.one_of(&event["type"], &EVENTS, &at(&at(&at(place, "events"), index), "type"));
    }
}

/// The fields of a checked step a record keeps, with the vendor's defaults.
pub(super) fn fields(step: &Value, kind: &str, now: &str) -> Fields {
    let own: &[&str] = match kind {
        "agent" => &["agent_type"],
        "tool" => &["tool_call_id"],
        "llm" => &["tools", "events", "model", "temperature", "finish_reason"],
        "control" => &["control_id", "agent_name", "check_stage", "applies_to", "evaluator_name", "selector_path"],
        _ => &[],
    };
    let mut out = Fields::new();
    for name in COMMON.iter().chain(own) {
        out.insert((*name).to_owned(), step[*name].clone());
    }
    let mut default = |name: &str, value: Value| {
        if out[name].is_null() {
            out.insert(name.to_owned(), value);
        }
    };
    default("type", json!(kind));
    default("input", json!(""));
    default("name", json!(""));
    default("created_at", json!(now));
    default("tags", json!([]));
    default("metrics", json!({}));
    if kind == "agent" {
        default("agent_type", json!("default"));
    }
    let mut scratch = Faults::default();
    for name in ["user_metadata", "dataset_metadata"] {
        out.insert(name.to_owned(), Value::Object(scratch.string_map(&step[name], &[])));
    }
    out
}
