"""What the stand-ins show, brought into the form of the literals in `expect`.

Each vendor keeps its own words. Left out is what its server made itself (ids, totals, times of
storage); spans are nested, instants are written with six digits, and the reserved key of the gateway
is taken out of metadata: its content is the business of the gateway's own tests.
"""

import json
import urllib.request
from datetime import datetime, timedelta, timezone

from . import ids

VENDORS = ("opik", "galileo", "pandaprobe")
RESERVED = "_spangate"

OPIK_TRACE = ("name", "start_time", "end_time", "input", "output", "metadata", "tags", "error_info", "ttft", "thread_id")
OPIK_SPAN = (
    *("name", "type", "start_time", "end_time", "input", "output", "metadata", "tags", "error_info", "ttft"),
    *("model", "provider", "usage", "total_estimated_cost"),
)
OPIK_SCORE = ("name", "value", "category_name", "reason", "source")
GALILEO_TRACE = (
    *("name", "input", "output", "redacted_input", "redacted_output", "created_at", "user_metadata", "tags"),
    *("status_code", "metrics", "external_id", "dataset_input", "dataset_output", "dataset_metadata", "is_complete"),
)
GALILEO_SPAN = (
    *(key for key in GALILEO_TRACE if key != "is_complete"),
    *("type", "model", "temperature", "tools", "events", "finish_reason", "tool_call_id", "agent_type", "step_number"),
)
PANDAPROBE_TRACE = (
    *("name", "status", "input", "output", "metadata", "started_at", "ended_at", "session_id", "user_id", "tags"),
    *("environment", "release"),
)
PANDAPROBE_SPAN = (
    *("name", "kind", "status", "input", "output", "model", "token_usage", "metadata", "started_at", "ended_at"),
    *("error", "completion_start_time", "model_parameters", "cost"),
)
PANDAPROBE_SCORE = ("name", "value", "data_type", "source", "reason", "metadata")
INSTANTS = ("start_time", "end_time", "created_at", "started_at", "ended_at", "completion_start_time")


def ask(vendors):
    """Everything that all stand-ins now show."""
    shown = {name: (get(f"{vendors}/_sandbox/{name}/traces"), get(f"{vendors}/_sandbox/{name}/scores")) for name in VENDORS}
    name_galileos_places(vendors, shown["galileo"][0])
    return shown


def name_galileos_places(vendors, traces):
    """Galileo's records tell log stream and session by id; asks it for their names."""
    known = {}

    def look_up(path):
        if path not in known:
            known[path] = get(f"{vendors}/galileo/v2/projects/{path}")
        return known[path]

    for row in traces:
        project, run, session = row["project_id"], row["run_id"], row["session_id"]
        streams = look_up(f"{project}/log_streams")
        row["log_stream_name"] = next((stream["name"] for stream in streams if stream["id"] == run), None)
        # A trace without a session shows its own id for one (`wire/galileo.md` §8).
        if session not in (None, row["id"]):
            row["session_external_id"] = look_up(f"{project}/sessions/{session}")["external_id"]


def get(url):
    request = urllib.request.Request(url, headers={"Galileo-API-Key": "any"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def trace(shown, vendor, native, origin):
    """The one trace that a client of `origin` called `native`, as `vendor` shows it; None if it does not."""
    row_of = (lambda each: each.get("trace")) if vendor == "opik" else lambda each: each
    found = [each for each in shown[vendor][0] if row_of(each) and ids.stem(row_of(each)[ID[vendor]]) == ids.stem(native)]
    if not found:
        return None
    if len(found) > 1:
        return {"shown": f"{len(found)} times"}
    row, shape = row_of(found[0]), SHAPE[vendor](found[0], shown[vendor][1])
    right = ids.at(vendor, native, origin, start_ms(row))
    if row[ID[vendor]] != right:
        shape["id"] = f"{row[ID[vendor]]}, but by the rules {right}"
    return shape


def start_ms(row):
    start = next(row[key] for key in ("start_time", "created_at", "started_at") if row.get(key))
    return int(moment(start).timestamp() * 1000 + 1e-6)


def opik(each, scores):
    row = each["trace"]

    def scores_of(kind, entity):
        mine = [score for score in scores if score["entity_type"] == kind and score["entity_id"] == entity]
        return [picked(score, OPIK_SCORE) for score in mine if score["project_id"] == row["project_id"]]

    spans = []
    for span in each["spans"]:
        one = without_injected(picked(span, OPIK_SPAN), "provider")
        one["scores"] = scores_of("span", span["id"])
        spans.append((span["id"], span.get("parent_span_id"), one))
    shape = without_injected(picked(row, OPIK_TRACE), "providers")
    shape["scores"] = scores_of("trace", row["id"])
    shape["thread_scores"] = scores_of("thread", row.get("thread_id"))
    shape["project"] = each.get("project_name")
    return nested(shape, spans)


def without_injected(row, key):
    """Opik's reads put this key into metadata themselves (`wire/opik.md` §5.2)."""
    row["metadata"] = {name: value for name, value in (row.get("metadata") or {}).items() if name != key}
    return row


def galileo(row, _):
    shape = picked(row, GALILEO_TRACE)
    shape["project"] = row.get("project_name")
    shape["log_stream"] = row.get("log_stream_name")
    shape["session"] = row.get("session_external_id")
    shape["spans"] = [galileo_span(span) for span in row.get("spans") or []]
    return shape


def galileo_span(span):
    shape = picked(span, GALILEO_SPAN)
    if shape.get("agent_type") == "default":
        del shape["agent_type"]
    # Python's retriever spans carry this for "nothing redacted" (`wire/galileo.md` §3.8).
    if without_empty(shape.get("redacted_output")) == [{"content": ""}]:
        del shape["redacted_output"]
    shape["spans"] = [galileo_span(child) for child in span.get("spans") or []]
    return shape


def pandaprobe(row, scores):
    names = {span["span_id"]: span["name"] for span in row["spans"]}
    spans = [(span["span_id"], span.get("parent_span_id"), picked(span, PANDAPROBE_SPAN)) for span in row["spans"]]
    shape = picked(row, PANDAPROBE_TRACE)
    shape["project"] = row.get("project_name")
    shape["scores"] = []
    for score in scores:
        if score["trace_id"] == row["trace_id"]:
            one = picked(score, PANDAPROBE_SCORE)
            if "span_id" in one.get("metadata", {}):
                one["metadata"]["span_id"] = names.get(one["metadata"]["span_id"], "of another trace")
            shape["scores"].append(one)
    return nested(shape, spans)


SHAPE = {"opik": opik, "galileo": galileo, "pandaprobe": pandaprobe}
ID = {"opik": "id", "galileo": "id", "pandaprobe": "trace_id"}


def times(shape, path=""):
    """Start and end of a trace and each of its spans, by its path of names; None where none is shown."""
    here = f"{path} > {shape.get('name')}"
    start = next((shape[key] for key in ("start_time", "created_at", "started_at") if key in shape), None)
    end = next((shape[key] for key in ("end_time", "ended_at") if key in shape), None)
    duration = shape.get("metrics", {}).get("duration_ns")
    if duration is not None and start:
        end = instant((moment(start) + timedelta(microseconds=duration // 1000)).isoformat())
    found = {f"{here}: start": start, f"{here}: end": end}
    for span in shape.get("spans", []):
        found |= times(span, here)
    return found


def nested(trace, spans):
    """The spans under their parents; one whose parent is not there stands under `orphans`."""
    known = {id for id, _, _ in spans}
    for id, _, span in spans:
        span["spans"] = [child for _, parent, child in spans if parent == id]
    trace["spans"] = [span for _, parent, span in spans if parent is None]
    trace["orphans"] = [span for _, parent, span in spans if parent is not None and parent not in known]
    return trace


def picked(row, keys):
    shape = {key: row[key] for key in keys if row.get(key) is not None}
    for key in INSTANTS:
        if key in shape:
            shape[key] = instant(shape[key])
    for key in ("metadata", "user_metadata"):
        if isinstance(shape.get(key), dict):
            shape[key] = {name: value for name, value in shape[key].items() if not name.startswith(RESERVED)}
    for key in ("input", "output"):
        if key in shape:
            shape[key] = without_nulls(shape[key])
    if "metrics" in shape:
        shape["metrics"] = without_nulls(shape["metrics"])
    if "tags" in shape:
        shape["tags"] = sorted(shape["tags"])
    return shape


def without_nulls(value):
    """SDKs spell out the keys of a message that they do not use."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def without_empty(documents):
    return [{key: value for key, value in each.items() if value != {}} for each in documents or []]


def instant(text):
    return moment(text).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text):
    """Vendors answer with up to nine digits; Python reads six."""
    head, _, rest = text.replace("Z", "+00:00").partition(".")
    if rest:
        digits = rest[: next((at for at, char in enumerate(rest) if not char.isdigit()), len(rest))]
        text = f"{head}.{digits[:6].ljust(6, '0')}{rest[len(digits):]}"
    else:
        text = head
    return datetime.fromisoformat(text).astimezone(timezone.utc)
