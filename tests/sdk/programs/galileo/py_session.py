"""Two turns of one session that has an external id."""

import json
from datetime import datetime, timedelta, timezone

from galileo import GalileoLogger

T0 = datetime(2026, 4, 2, 9, 0, 0, tzinfo=timezone.utc)
MS = 1_000_000

logger = GalileoLogger()
logger.start_session(name="support chat", external_id="chat-7", metadata={"channel": "web"})


def turn(name, second, question, answer):
    return logger.add_single_llm_span_trace(
        input=question,
        output=answer,
        model="gpt-4o",
        name=name,
        created_at=T0 + timedelta(seconds=second),
        duration_ns=800 * MS,
        num_input_tokens=3,
        num_output_tokens=2,
        total_tokens=5,
    )


first = turn("turn-1", 0, "Hello", "Hi")
second = turn("turn-2", 10, "Bye", "See you")
logger.flush()
print(json.dumps({"traces": {"first": str(first.id), "second": str(second.id)}}))
