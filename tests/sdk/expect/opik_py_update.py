"""What the vendors show of `programs/opik/py_update`."""

from support.compare import as_json

USAGE = {
    "prompt_tokens": 7,
    "completion_tokens": 2,
    "total_tokens": 9,
    "original_usage.prompt_tokens": 7,
    "original_usage.completion_tokens": 2,
    "original_usage.total_tokens": 9,
}

TRACES = {
    "draft": {
        "opik": {
            "project": "sdk-update",
            "name": "draft",
            "start_time": "2026-03-02T09:00:00.000000Z",
            "end_time": "2026-03-02T09:00:00.900000Z",
            "input": {"question": "why"},
            "output": {"answer": "because"},
            "metadata": {"step": 2, "final": True},
            "tags": ["second", "third"],
            "spans": [
                {
                    "name": "chat",
                    "type": "llm",
                    "start_time": "2026-03-02T09:00:00.010000Z",
                    "end_time": "2026-03-02T09:00:00.700000Z",
                    "input": {"prompt": "why"},
                    "output": {"text": "because"},
                    "model": "gpt-4o-mini",
                    "usage": USAGE,
                }
            ],
        },
        "galileo": {
            "project": "sdk-update",
            "log_stream": "default",
            "name": "draft",
            "created_at": "2026-03-02T09:00:00.000000Z",
            "input": as_json({"question": "why"}),
            "output": as_json({"answer": "because"}),
            "user_metadata": {"step": "2", "final": "true"},
            "tags": ["second", "third"],
            "metrics": {"duration_ns": 900_000_000},
            "is_complete": True,
            "spans": [
                {
                    "name": "chat",
                    "type": "llm",
                    "created_at": "2026-03-02T09:00:00.010000Z",
                    "input": [{"role": "user", "content": as_json({"prompt": "why"})}],
                    "output": {"role": "assistant", "content": as_json({"text": "because"})},
                    "model": "gpt-4o-mini",
                    "metrics": {
                        "duration_ns": 690_000_000,
                        "num_input_tokens": 7,
                        "num_output_tokens": 2,
                        "num_total_tokens": 9,
                    },
                }
            ],
        },
        "pandaprobe": {
            "project": "sdk-update",
            "name": "draft",
            "status": "COMPLETED",
            "started_at": "2026-03-02T09:00:00.000000Z",
            "ended_at": "2026-03-02T09:00:00.900000Z",
            "input": {"question": "why"},
            "output": {"answer": "because"},
            "metadata": {"step": 2, "final": True},
            "tags": ["second", "third"],
            "spans": [
                {
                    "name": "chat",
                    "kind": "LLM",
                    "status": "UNSET",
                    "started_at": "2026-03-02T09:00:00.010000Z",
                    "ended_at": "2026-03-02T09:00:00.700000Z",
                    "input": {"prompt": "why"},
                    "output": {"text": "because"},
                    "model": "gpt-4o-mini",
                    "token_usage": USAGE,
                }
            ],
        },
    }
}
