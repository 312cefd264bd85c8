"""Distributed mode: the trace and its spans are sent open, in no fixed order, and closed by PATCH."""

import json
from datetime import datetime, timedelta, timezone

from galileo import GalileoLogger

T0 = datetime(2026, 4, 3, 9, 0, 0, tzinfo=timezone.utc)
MS = 1_000_000


def at(milliseconds):
    return T0 + timedelta(milliseconds=milliseconds)


logger = GalileoLogger(mode="distributed")
trace = logger.start_trace(input="What is the weather in Oslo?", name="weather", created_at=at(0), tags=["demo"], metadata={"tenant": "acme"})
logger.add_agent_span(input="answer the user", name="planner", created_at=at(10))
logger.add_retriever_span(input="oslo", output=["Oslo is cold"], name="knowledge-base", created_at=at(20), duration_ns=100 * MS)
logger.add_tool_span(input='{"city":"Oslo"}', output='{"degrees":3}', name="get_weather", created_at=at(200), duration_ns=250 * MS)
logger.add_llm_span(
    input="What is the weather in Oslo?",
    output="It is 3 degrees.",
    model="gpt-4o",
    name="chat",
    created_at=at(500),
    duration_ns=1000 * MS,
    num_input_tokens=10,
    num_output_tokens=5,
    total_tokens=15,
)
logger.conclude(output="done", duration_ns=1890 * MS, status_code=200)
logger.conclude(output="It is 3 degrees.", duration_ns=2000 * MS, status_code=200)
logger.flush()
print(json.dumps({"traces": {"weather": str(trace.id)}}))
