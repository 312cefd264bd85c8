"""What the vendors show of `programs/opik/py_scores`."""

from support.compare import as_json, number

HELLO = {"messages": [{"role": "user", "content": "Hello"}]}
HI = {"messages": [{"role": "assistant", "content": "Hi"}]}
BYE = {"messages": [{"role": "user", "content": "Bye"}]}
SEE_YOU = {"messages": [{"role": "assistant", "content": "See you"}]}
# Neither of the other two vendors lets a session be scored.
RESOLVED = {"name": "resolved", "value": 1.0, "source": "sdk"}

TRACES = {
    "first": {
        "opik": {
            "project": "sdk-scores",
            "name": "turn-1",
            "start_time": "2026-03-03T09:00:00.000000Z",
            "end_time": "2026-03-03T09:00:01.000000Z",
            "input": HELLO,
            "output": HI,
            "thread_id": "thread-7",
            "scores": [{"name": "helpfulness", "value": 0.75, "reason": "short", "source": "sdk"}],
            "thread_scores": [RESOLVED],
        },
        "galileo": {
            "project": "sdk-scores",
            "log_stream": "default",
            "session": "thread-7",
            "name": "turn-1",
            "created_at": "2026-03-03T09:00:00.000000Z",
            "input": as_json(HELLO),
            "output": as_json(HI),
            "metrics": {"duration_ns": 1_000_000_000, "helpfulness": 0.75},
            "is_complete": True,
        },
        "pandaprobe": {
            "project": "sdk-scores",
            "name": "turn-1",
            "status": "COMPLETED",
            "started_at": "2026-03-03T09:00:00.000000Z",
            "ended_at": "2026-03-03T09:00:01.000000Z",
            "input": HELLO,
            "output": HI,
            "session_id": "thread-7",
            "scores": [
                {
                    "name": "helpfulness",
                    "value": number(0.75),
                    "data_type": "NUMERIC",
                    "source": "PROGRAMMATIC",
                    "reason": "short",
                }
            ],
        },
    },
    "second": {
        "opik": {
            "project": "sdk-scores",
            "name": "turn-2",
            "start_time": "2026-03-03T09:00:10.000000Z",
            "end_time": "2026-03-03T09:00:11.000000Z",
            "input": BYE,
            "output": SEE_YOU,
            "thread_id": "thread-7",
            "scores": [{"name": "helpfulness", "value": 1.0, "source": "sdk"}],
            "thread_scores": [RESOLVED],
            "spans": [
                {
                    "name": "chat",
                    "type": "llm",
                    "start_time": "2026-03-03T09:00:10.000000Z",
                    "end_time": "2026-03-03T09:00:11.000000Z",
                    "input": {"q": "Bye"},
                    "output": {"a": "See you"},
                    "model": "gpt-4o",
                    "scores": [{"name": "tone", "value": 0.5, "source": "sdk"}],
                }
            ],
        },
        "galileo": {
            "project": "sdk-scores",
            "log_stream": "default",
            "session": "thread-7",
            "name": "turn-2",
            "created_at": "2026-03-03T09:00:10.000000Z",
            "input": as_json(BYE),
            "output": as_json(SEE_YOU),
            "metrics": {"duration_ns": 1_000_000_000, "helpfulness": number(1)},
            "is_complete": True,
            "spans": [
                {
                    "name": "chat",
                    "type": "llm",
                    "created_at": "2026-03-03T09:00:10.000000Z",
                    "input": [{"role": "user", "content": as_json({"q": "Bye"})}],
                    "output": {"role": "assistant", "content": as_json({"a": "See you"})},
                    "model": "gpt-4o",
                    "metrics": {"duration_ns": 1_000_000_000, "tone": 0.5},
                }
            ],
        },
        "pandaprobe": {
            "project": "sdk-scores",
            "name": "turn-2",
            "status": "COMPLETED",
            "started_at": "2026-03-03T09:00:10.000000Z",
            "ended_at": "2026-03-03T09:00:11.000000Z",
            "input": BYE,
            "output": SEE_YOU,
            "session_id": "thread-7",
            "scores": [
                {"name": "helpfulness", "value": number(1), "data_type": "NUMERIC", "source": "PROGRAMMATIC"},
                {
                    "name": "tone",
                    "value": number(0.5),
                    "data_type": "NUMERIC",
                    "source": "PROGRAMMATIC",
                    "metadata": {"span_id": "chat"},  # the id, shown by the span's name
                },
            ],
            "spans": [
                {
                    "name": "chat",
                    "kind": "LLM",
                    "status": "UNSET",
                    "started_at": "2026-03-03T09:00:10.000000Z",
                    "ended_at": "2026-03-03T09:00:11.000000Z",
                    "input": {"q": "Bye"},
                    "output": {"a": "See you"},
                    "model": "gpt-4o",
                }
            ],
        },
    },
}
