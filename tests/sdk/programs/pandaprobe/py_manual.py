"""Client.log_trace: whole traces at known times, with everything a span may carry, and scores."""

import json
from datetime import datetime, timedelta, timezone

import pandaprobe
from pandaprobe.schemas import SpanData, SpanKind, SpanStatusCode, TraceData, TraceStatus

T0 = datetime(2026, 5, 1, 9, 0, 0, 123456, tzinfo=timezone.utc)


def at(milliseconds):
    return T0 + timedelta(milliseconds=milliseconds)


client = pandaprobe.init(environment="staging", release="r9")
planner = SpanData(
    name="planner", kind=SpanKind.AGENT, status=SpanStatusCode.OK, input={"goal": "answer"}, output="done", started_at=at(10), ended_at=at(1900)
)
retriever = SpanData(
    name="knowledge-base",
    kind=SpanKind.RETRIEVER,
    status=SpanStatusCode.OK,
    parent_span_id=planner.span_id,
    input={"query": "oslo"},
    output={"documents": [{"content": "Oslo is cold", "metadata": {"source": "wiki", "rank": 1}}]},
    started_at=at(20),
    ended_at=at(120),
)
tool = SpanData(
    name="get_weather",
    kind=SpanKind.TOOL,
    status=SpanStatusCode.ERROR,
    error="no answer in time",
    parent_span_id=planner.span_id,
    input={"city": "Oslo"},
    started_at=at(200),
    ended_at=at(450),
)
chat = SpanData(
    name="chat",
    kind=SpanKind.LLM,
    status=SpanStatusCode.OK,
    parent_span_id=planner.span_id,
    input={"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is the weather in Oslo?"}]},
    output={"messages": [{"role": "assistant", "content": "Unknown."}]},
    model="gpt-4o",
    token_usage={"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "reasoning_tokens": 2, "cache_read_tokens": 3},
    cost={"total": 0.0123, "prompt": 0.01, "completion": 0.0023},
    model_parameters={"temperature": 0.2, "max_tokens": 64},
    metadata={"provider": "openai"},
    started_at=at(500),
    ended_at=at(1500),
    completion_start_time=at(620),
)
trace = TraceData(
    name="weather",
    status=TraceStatus.COMPLETED,
    input={"messages": [{"role": "user", "content": "What is the weather in Oslo?"}]},
    output={"messages": [{"role": "assistant", "content": "Unknown."}]},
    metadata={"tenant": "acme", "nested": {"ok": True, "ratio": 0.5}},
    tags=["demo", "weather"],
    session_id="session-7",
    user_id="user-7",
    started_at=at(0),
    ended_at=at(2000),
    spans=[retriever, tool, chat, planner],
)
client.log_trace(trace)
client.score(trace.trace_id, "helpfulness", "0.25", reason="no answer", metadata={"rater": "u1"})
client.score(trace.trace_id, "resolved", "false", data_type="BOOLEAN")
client.score(trace.trace_id, "topic", "weather", data_type="CATEGORICAL")
client.flush()
client.shutdown()
print(json.dumps({"traces": {"weather": str(trace.trace_id)}}))
