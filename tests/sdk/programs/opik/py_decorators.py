"""@track: a nested agent, filled in from inside, flushed."""

import json

import opik
from opik import opik_context

traces = {}


@opik.track(name="get_weather", type="tool", tags=["lookup"])
def get_weather(city):
    return {"degrees": 3}


@opik.track(name="chat", type="llm")
def chat(question):
    opik_context.update_current_span(
        model="gpt-4o",
        provider="openai",
        usage={"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        total_cost=0.0012,
        metadata={"temperature": 0.2},
    )
    return "It is 3 degrees in Oslo."


@opik.track(name="weather-agent", metadata={"release": "r1"}, tags=["demo", "weather"])
def weather_agent(question):
    traces["agent"] = opik_context.get_current_trace_data().id
    opik_context.update_current_trace(metadata={"plan": {"tier": "pro", "seats": 3}})
    get_weather(city="Oslo")
    return chat(question=question)


weather_agent(question="What is the weather in Oslo?")
opik.flush_tracker()
print(json.dumps({"traces": traces}))
