"""The low-level client with complete rows: agent, retriever, llm and tool spans at known times."""

import json
from datetime import datetime, timedelta, timezone

import opik

T0 = datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=timezone.utc)


def at(milliseconds):
    return T0 + timedelta(milliseconds=milliseconds)


client = opik.Opik(project_name="sdk-manual")
trace = client.trace(
    name="weather",
    start_time=at(0),
    end_time=at(2000),
    input={"messages": [{"role": "user", "content": "What is the weather in Oslo?"}]},
    output={"messages": [{"role": "assistant", "content": "It is 3 degrees."}]},
    metadata={"tenant": "acme", "attempt": 2, "nested": {"ok": True, "ratio": 0.5}},
    tags=["demo", "weather"],
)
agent = trace.span(
    name="planner", type="general", start_time=at(10), end_time=at(1900), input={"goal": "answer"}, output={"done": True}
)
agent.span(
    name="knowledge-base",
    type="general",
    start_time=at(20),
    end_time=at(120),
    input={"query": "oslo"},
    output={"found": "Oslo is cold"},
)
agent.span(
    name="get_weather",
    type="tool",
    start_time=at(200),
    end_time=at(450),
    input={"city": "Oslo"},
    output={"degrees": 3},
    tags=["lookup"],
    metadata={"cached": False},
)
agent.span(
    name="chat",
    type="llm",
    start_time=at(500),
    end_time=at(1500),
    input={"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is the weather in Oslo?"}]},
    output={"messages": [{"role": "assistant", "content": "It is 3 degrees."}]},
    model="gpt-4o",
    provider="openai",
    usage={"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    total_cost=0.0012,
)
client.flush()
print(json.dumps({"traces": {"weather": trace.id}}))
