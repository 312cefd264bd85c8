"""@log with span types; nothing is flushed, the process just exits."""

import json

from galileo import galileo_context, log


@log(span_type="retriever", name="knowledge-base")
def search(query):
    return ["Oslo is cold"]


@log(span_type="tool", name="get_weather")
def get_weather(city):
    return "3 degrees"


@log(span_type="llm", name="chat", params={"model": "model"})
def chat(question, model):
    return "It is 3 degrees in Oslo."


@log(span_type="agent", name="weather-agent")
def agent(question):
    search("oslo")
    get_weather("Oslo")
    return chat(question, model="gpt-4o")


agent("What is the weather in Oslo?")
trace = galileo_context.get_logger_instance().traces[0]
print(json.dumps({"traces": {"agent": str(trace.id)}}))
