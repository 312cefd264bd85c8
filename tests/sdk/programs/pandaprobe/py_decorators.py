"""@trace and @span: a nested agent; nothing is flushed, the process just exits."""

import json

import pandaprobe
from pandaprobe.tracing.context import get_current_trace

traces = {}


@pandaprobe.span(name="knowledge-base", kind="RETRIEVER")
def search(query):
    return {"documents": [{"content": "Oslo is cold", "metadata": {"source": "wiki"}}]}


@pandaprobe.span(name="get_weather", kind="TOOL", metadata={"cached": False})
def get_weather(city):
    return {"degrees": 3}


@pandaprobe.span(name="chat", kind="LLM", model="gpt-4o")
def chat(messages):
    return {"messages": [{"role": "assistant", "content": "It is 3 degrees."}]}


@pandaprobe.span(name="planner", kind="AGENT")
def plan(goal):
    search("oslo")
    get_weather("Oslo")
    return "answered"


@pandaprobe.trace(name="weather-agent", tags=["demo", "weather"], metadata={"attempt": 2})
def agent(messages):
    traces["agent"] = get_current_trace().trace_id
    plan("answer")
    return chat(messages)


agent([{"role": "user", "content": "What is the weather in Oslo?"}])
print(json.dumps({"traces": traces}))
