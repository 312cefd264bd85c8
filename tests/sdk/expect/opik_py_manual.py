"""What the vendors show of `programs/opik/py_manual`."""

from support.compare import as_json

QUESTION = {"messages": [{"role": "user", "content": "What is the weather in Oslo?"}]}
ANSWER = {"messages": [{"role": "assistant", "content": "It is 3 degrees."}]}
PROMPT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is the weather in Oslo?"}]
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "original_usage.prompt_tokens": 10,
    "original_usage.completion_tokens": 5,
    "original_usage.total_tokens": 15,
}

TRACES = {
    "weather": {
        "opik": {
            "project": "sdk-manual",
            "name": "weather",
            "start_time": "2026-03-01T09:00:00.123456Z",
            "end_time": "2026-03-01T09:00:02.123456Z",
            "input": QUESTION,
            "output": ANSWER,
            "metadata": {"tenant": "acme", "attempt": 2, "nested": {"ok": True, "ratio": 0.5}},
            "tags": ["demo", "weather"],
            "spans": [
                {
                    "name": "planner",
                    "type": "general",
                    "start_time": "2026-03-01T09:00:00.133456Z",
                    "end_time": "2026-03-01T09:00:02.023456Z",
                    "input": {"goal": "answer"},
                    "output": {"done": True},
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "type": "general",
                            "start_time": "2026-03-01T09:00:00.143456Z",
                            "end_time": "2026-03-01T09:00:00.243456Z",
                            "input": {"query": "oslo"},
                            "output": {"found": "Oslo is cold"},
                            "provider": "openai",  # the SDK's own idea for child spans
                        },
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "start_time": "2026-03-01T09:00:00.323456Z",
                            "end_time": "2026-03-01T09:00:00.573456Z",
                            "input": {"city": "Oslo"},
                            "output": {"degrees": 3},
                            "metadata": {"cached": False},
                            "tags": ["lookup"],
                            "provider": "openai",
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "start_time": "2026-03-01T09:00:00.623456Z",
                            "end_time": "2026-03-01T09:00:01.623456Z",
                            "input": {"messages": PROMPT},
                            "output": ANSWER,
                            "model": "gpt-4o",
                            "provider": "openai",
                            "usage": USAGE,
                            "total_estimated_cost": 0.0012,
                        },
                    ],
                }
            ],
        },
        "galileo": {
            "project": "sdk-manual",
            "log_stream": "default",
            "name": "weather",
            "created_at": "2026-03-01T09:00:00.123456Z",
            "input": as_json(QUESTION),
            "output": as_json(ANSWER),
            "user_metadata": {"tenant": "acme", "attempt": "2", "nested": as_json({"ok": True, "ratio": 0.5})},
            "tags": ["demo", "weather"],
            "metrics": {"duration_ns": 2_000_000_000},
            "is_complete": True,
            "spans": [
                {
                    "name": "planner",
                    "type": "workflow",
                    "created_at": "2026-03-01T09:00:00.133456Z",
                    "input": as_json({"goal": "answer"}),
                    "output": as_json({"done": True}),
                    "metrics": {"duration_ns": 1_890_000_000},
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "type": "workflow",
                            "created_at": "2026-03-01T09:00:00.143456Z",
                            "input": as_json({"query": "oslo"}),
                            "output": as_json({"found": "Oslo is cold"}),
                            "user_metadata": {"provider": "openai"},
                            "metrics": {"duration_ns": 100_000_000},
                        },
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "created_at": "2026-03-01T09:00:00.323456Z",
                            "input": as_json({"city": "Oslo"}),
                            "output": as_json({"degrees": 3}),
                            "user_metadata": {"cached": "false", "provider": "openai"},
                            "tags": ["lookup"],
                            "metrics": {"duration_ns": 250_000_000},
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "created_at": "2026-03-01T09:00:00.623456Z",
                            "input": PROMPT,
                            "output": {"role": "assistant", "content": "It is 3 degrees."},
                            "model": "gpt-4o",
                            "user_metadata": {"provider": "openai"},
                            "metrics": {
                                "duration_ns": 1_000_000_000,
                                "num_input_tokens": 10,
                                "num_output_tokens": 5,
                                "num_total_tokens": 15,
                                "cost": 0.0012,
                            },
                        },
                    ],
                }
            ],
        },
        "pandaprobe": {
            "project": "sdk-manual",
            "name": "weather",
            "status": "COMPLETED",
            "started_at": "2026-03-01T09:00:00.123456Z",
            "ended_at": "2026-03-01T09:00:02.123456Z",
            "input": QUESTION,
            "output": ANSWER,
            "metadata": {"tenant": "acme", "attempt": 2, "nested": {"ok": True, "ratio": 0.5}},
            "tags": ["demo", "weather"],
            "spans": [
                {
                    "name": "planner",
                    "kind": "OTHER",
                    "status": "UNSET",
                    "started_at": "2026-03-01T09:00:00.133456Z",
                    "ended_at": "2026-03-01T09:00:02.023456Z",
                    "input": {"goal": "answer"},
                    "output": {"done": True},
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "kind": "OTHER",
                            "status": "UNSET",
                            "started_at": "2026-03-01T09:00:00.143456Z",
                            "ended_at": "2026-03-01T09:00:00.243456Z",
                            "input": {"query": "oslo"},
                            "output": {"found": "Oslo is cold"},
                            "metadata": {"provider": "openai"},
                        },
                        {
                            "name": "get_weather",
                            "kind": "TOOL",
                            "status": "UNSET",
                            "started_at": "2026-03-01T09:00:00.323456Z",
                            "ended_at": "2026-03-01T09:00:00.573456Z",
                            "input": {"city": "Oslo"},
                            "output": {"degrees": 3},
                            "metadata": {"cached": False, "provider": "openai"},
                        },
                        {
                            "name": "chat",
                            "kind": "LLM",
                            "status": "UNSET",
                            "started_at": "2026-03-01T09:00:00.623456Z",
                            "ended_at": "2026-03-01T09:00:01.623456Z",
                            "input": {"messages": PROMPT},
                            "output": ANSWER,
                            "model": "gpt-4o",
                            "token_usage": USAGE,
                            "cost": {"total": 0.0012},
                            "metadata": {"provider": "openai"},
                        },
                    ],
                }
            ],
        },
    }
}
