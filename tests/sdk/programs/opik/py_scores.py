"""A thread of two turns with feedback scores on a trace, a span and the thread."""

import json
from datetime import datetime, timedelta, timezone

import opik

T0 = datetime(2026, 3, 3, 9, 0, 0, tzinfo=timezone.utc)


def at(seconds):
    return T0 + timedelta(seconds=seconds)


client = opik.Opik(project_name="sdk-scores")


def turn(name, start, question, answer):
    return client.trace(
        name=name,
        start_time=at(start),
        end_time=at(start + 1),
        input={"messages": [{"role": "user", "content": question}]},
        output={"messages": [{"role": "assistant", "content": answer}]},
        thread_id="thread-7",
    )


first = turn("turn-1", 0, "Hello", "Hi")
second = turn("turn-2", 10, "Bye", "See you")
span = second.span(name="chat", type="llm", start_time=at(10), end_time=at(11), model="gpt-4o", input={"q": "Bye"}, output={"a": "See you"})
first.log_feedback_score("helpfulness", 0.75, reason="short")
second.log_feedback_score("helpfulness", 1.0)
span.log_feedback_score("tone", 0.5)
client.log_threads_feedback_scores([{"id": "thread-7", "name": "resolved", "value": 1.0}])
client.flush()
print(json.dumps({"traces": {"first": first.id, "second": second.id}}))
