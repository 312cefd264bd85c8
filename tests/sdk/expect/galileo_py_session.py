"""What the vendors show of `programs/galileo/py_session`."""

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
METRICS = {"duration_ns": 800_000_000, "num_input_tokens": 3, "num_output_tokens": 2, "num_total_tokens": 5}
HELLO = {"role": "user", "content": "Hello"}
HI = {"role": "assistant", "content": "Hi"}
BYE = {"role": "user", "content": "Bye"}
SEE_YOU = {"role": "assistant", "content": "See you"}

# The traces have no duration of their own: they end with their span.
TRACES = {
    "first": {
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "session": "chat-7",
            "name": "turn-1",
            "created_at": "2026-04-02T09:00:00.000000Z",
            "input": "Hello",
            "output": "Hi",
            "is_complete": True,
            "spans": [
                {
                    "name": "turn-1",
                    "type": "llm",
                    "created_at": "2026-04-02T09:00:00.000000Z",
                    "input": [HELLO],
                    "output": HI,
                    "model": "gpt-4o",
                    "metrics": METRICS,
                }
            ],
        },
        "opik": {
            "project": "demo",
            "thread_id": "chat-7",
            "name": "turn-1",
            "start_time": "2026-04-02T09:00:00.000000Z",
            "end_time": "2026-04-02T09:00:00.800000Z",
            "input": "Hello",
            "output": "Hi",
            "spans": [
                {
                    "name": "turn-1",
                    "type": "llm",
                    "start_time": "2026-04-02T09:00:00.000000Z",
                    "end_time": "2026-04-02T09:00:00.800000Z",
                    "input": {"messages": [HELLO]},
                    "output": {"messages": [HI]},
                    "model": "gpt-4o",
                    "usage": USAGE,
                }
            ],
        },
        "pandaprobe": {
            "project": "demo",
            "session_id": "chat-7",
            "name": "turn-1",
            "status": "COMPLETED",
            "started_at": "2026-04-02T09:00:00.000000Z",
            "ended_at": "2026-04-02T09:00:00.800000Z",
            "input": "Hello",
            "output": "Hi",
            "spans": [
                {
                    "name": "turn-1",
                    "kind": "LLM",
                    "status": "UNSET",
                    "started_at": "2026-04-02T09:00:00.000000Z",
                    "ended_at": "2026-04-02T09:00:00.800000Z",
                    "input": {"messages": [HELLO]},
                    "output": {"messages": [HI]},
                    "model": "gpt-4o",
                    "token_usage": USAGE,
                }
            ],
        },
    },
    "second": {
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "session": "chat-7",
            "name": "turn-2",
            "created_at": "2026-04-02T09:00:10.000000Z",
            "input": "Bye",
            "output": "See you",
            "is_complete": True,
            "spans": [
                {
                    "name": "turn-2",
                    "type": "llm",
                    "created_at": "2026-04-02T09:00:10.000000Z",
                    "input": [BYE],
                    "output": SEE_YOU,
                    "model": "gpt-4o",
                    "metrics": METRICS,
                }
            ],
        },
        "opik": {
            "project": "demo",
            "thread_id": "chat-7",
            "name": "turn-2",
            "start_time": "2026-04-02T09:00:10.000000Z",
            "end_time": "2026-04-02T09:00:10.800000Z",
            "input": "Bye",
            "output": "See you",
            "spans": [
                {
                    "name": "turn-2",
                    "type": "llm",
                    "start_time": "2026-04-02T09:00:10.000000Z",
                    "end_time": "2026-04-02T09:00:10.800000Z",
                    "input": {"messages": [BYE]},
                    "output": {"messages": [SEE_YOU]},
                    "model": "gpt-4o",
                    "usage": USAGE,
                }
            ],
        },
        "pandaprobe": {
            "project": "demo",
            "session_id": "chat-7",
            "name": "turn-2",
            "status": "COMPLETED",
            "started_at": "2026-04-02T09:00:10.000000Z",
            "ended_at": "2026-04-02T09:00:10.800000Z",
            "input": "Bye",
            "output": "See you",
            "spans": [
                {
                    "name": "turn-2",
                    "kind": "LLM",
                    "status": "UNSET",
                    "started_at": "2026-04-02T09:00:10.000000Z",
                    "ended_at": "2026-04-02T09:00:10.800000Z",
                    "input": {"messages": [BYE]},
                    "output": {"messages": [SEE_YOU]},
                    "model": "gpt-4o",
                    "token_usage": USAGE,
                }
            ],
        },
    },
}
