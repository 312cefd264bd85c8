"""Update after create: rows are made open, then changed and ended by PATCH, which may overtake them."""

import json
from datetime import datetime, timedelta, timezone

import opik

T0 = datetime(2026, 3, 2, 9, 0, 0, tzinfo=timezone.utc)


def at(milliseconds):
    return T0 + timedelta(milliseconds=milliseconds)


client = opik.Opik(project_name="sdk-update")
trace = client.trace(name="draft", start_time=at(0), input={"question": "why"}, tags=["first"], metadata={"step": 1})
span = trace.span(name="chat", type="llm", start_time=at(10), input={"prompt": "why"})
span.update(model="gpt-4o-mini", usage={"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9})
span.end(end_time=at(700), output={"text": "because"})
trace.update(tags=["second", "third"], metadata={"step": 2, "final": True})
trace.end(end_time=at(900), output={"answer": "because"})
client.end()
print(json.dumps({"traces": {"draft": trace.id}}))
