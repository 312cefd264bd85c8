"""The logger in batch mode: every span type at known times, local metrics, and a failing trace."""

import json
from datetime import datetime, timedelta, timezone

from galileo import GalileoLogger
from galileo.schema.metrics import LocalMetricConfig
from galileo_core.schemas.logging.step import StepType

T0 = datetime(2026, 4, 1, 9, 0, 0, 123456, tzinfo=timezone.utc)
MS = 1_000_000


def at(milliseconds):
    return T0 + timedelta(milliseconds=milliseconds)


logger = GalileoLogger(
    local_metrics=[
        LocalMetricConfig(name="politeness", scorer_fn=lambda step: 0.75, scorable_types=[StepType.llm], aggregatable_types=[])
    ]
)
weather = logger.start_trace(
    input="What is the weather in Oslo?",
    name="weather",
    created_at=at(0),
    metadata={"tenant": "acme", "attempt": 2, "user_id": "u-1"},
    tags=["demo", "weather"],
    external_id="order-42",
)
logger.add_agent_span(input="answer the user", name="planner", created_at=at(10), tags=["inner"])
logger.add_workflow_span(input="collect", name="collect", created_at=at(15))
logger.add_retriever_span(
    input="oslo",
    output=[{"content": "Oslo is cold", "metadata": {"source": "wiki", "rank": 1}}],
    name="knowledge-base",
    created_at=at(20),
    duration_ns=100 * MS,
    status_code=200,
)
logger.add_tool_span(
    input='{"city":"Oslo"}',
    output='{"degrees":3}',
    name="get_weather",
    created_at=at(200),
    duration_ns=250 * MS,
    tool_call_id="call_1",
    status_code=200,
)
logger.conclude(output="collected", duration_ns=440 * MS)
logger.add_llm_span(
    input=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is the weather in Oslo?"}],
    output={"role": "assistant", "content": "It is 3 degrees."},
    model="gpt-4o",
    name="chat",
    created_at=at(500),
    duration_ns=1000 * MS,
    time_to_first_token_ns=120 * MS,
    num_input_tokens=10,
    num_output_tokens=5,
    total_tokens=15,
    temperature=0.2,
    metadata={"provider": "openai"},
    status_code=200,
)
logger.conclude(output="done", duration_ns=1890 * MS)
logger.conclude(output="It is 3 degrees.", duration_ns=2000 * MS, status_code=200)

broken = logger.start_trace(input="And in Atlantis?", name="broken", created_at=at(5000))
logger.add_tool_span(
    input='{"city":"Atlantis"}',
    output="Error: no such city",
    name="get_weather",
    created_at=at(5010),
    duration_ns=20 * MS,
    status_code=404,
)
logger.conclude(output="Error: no such city", duration_ns=50 * MS, status_code=500)
logger.flush()
print(json.dumps({"traces": {"weather": str(weather.id), "broken": str(broken.id)}}))
