"""What the vendors show of `programs/opik/js_manual`."""

from support.compare import as_json, number

QUESTION = [{"role": "user", "content": "What is the weather in Oslo?"}]
ANSWER = {"role": "assistant", "content": "I do not know."}

TRACES = {
    "weather": {
        "opik": {
            "project": "sdk-js-manual",
            "name": "weather",
            "start_time": "2026-03-04T09:00:00.250000Z",
            "end_time": "2026-03-04T09:00:02.250000Z",
            "input": {"question": "What is the weather in Oslo?"},
            "output": {"answer": "unknown"},
            "metadata": {"tenant": "acme", "reviewed": True},
            "tags": ["demo", "late"],
            "thread_id": "thread-js",
            "scores": [{"name": "helpfulness", "value": 0.25, "reason": "no answer", "source": "sdk"}],
            "spans": [
                {
                    "name": "planner",
                    "type": "general",
                    "start_time": "2026-03-04T09:00:00.260000Z",
                    "end_time": "2026-03-04T09:00:02.150000Z",
                    "input": {"goal": "answer"},
                    "output": {"done": True},
                    "spans": [
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "start_time": "2026-03-04T09:00:00.270000Z",
                            "end_time": "2026-03-04T09:00:00.470000Z",
                            "input": {"city": "Oslo"},
                            "error_info": {
                                "exception_type": "Timeout",
                                "message": "no answer",
                                "traceback": "at get_weather",
                            },
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "start_time": "2026-03-04T09:00:00.550000Z",
                            "end_time": "2026-03-04T09:00:01.550000Z",
                            "input": {"messages": QUESTION},
                            "output": {"messages": [ANSWER]},
                            "model": "gpt-4o",
                            "provider": "openai",
                            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
                            "scores": [{"name": "tone", "value": 0.5, "source": "sdk"}],
                        },
                    ],
                }
            ],
        },
        "galileo": {
            "project": "sdk-js-manual",
            "log_stream": "default",
            "session": "thread-js",
            "name": "weather",
            "created_at": "2026-03-04T09:00:00.250000Z",
            "input": as_json({"question": "What is the weather in Oslo?"}),
            "output": as_json({"answer": "unknown"}),
            "user_metadata": {"tenant": "acme", "reviewed": "true"},
            "tags": ["demo", "late"],
            "metrics": {"duration_ns": 2_000_000_000, "helpfulness": 0.25},
            "is_complete": True,
            "spans": [
                {
                    "name": "planner",
                    "type": "workflow",
                    "created_at": "2026-03-04T09:00:00.260000Z",
                    "input": as_json({"goal": "answer"}),
                    "output": as_json({"done": True}),
                    "metrics": {"duration_ns": 1_890_000_000},
                    "spans": [
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "created_at": "2026-03-04T09:00:00.270000Z",
                            "input": as_json({"city": "Oslo"}),
                            "status_code": 500,
                            "user_metadata": {
                                "error.type": "Timeout",
                                "error.message": "no answer",
                                "error.stack": "at get_weather",
                            },
                            "metrics": {"duration_ns": 200_000_000},
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "created_at": "2026-03-04T09:00:00.550000Z",
                            "input": QUESTION,
                            "output": ANSWER,
                            "model": "gpt-4o",
                            "user_metadata": {"provider": "openai"},
                            "metrics": {
                                "duration_ns": 1_000_000_000,
                                "num_input_tokens": 10,
                                "num_output_tokens": 5,
                                "num_total_tokens": 15,
                                "tone": 0.5,
                            },
                        },
                    ],
                }
            ],
        },
        "pandaprobe": {
            "project": "sdk-js-manual",
            "name": "weather",
            "status": "COMPLETED",
            "started_at": "2026-03-04T09:00:00.250000Z",
            "ended_at": "2026-03-04T09:00:02.250000Z",
            "input": {"question": "What is the weather in Oslo?"},
            "output": {"answer": "unknown"},
            "metadata": {"tenant": "acme", "reviewed": True},
            "tags": ["demo", "late"],
            "session_id": "thread-js",
            "scores": [
                {
                    "name": "helpfulness",
                    "value": number(0.25),
                    "data_type": "NUMERIC",
                    "source": "PROGRAMMATIC",
                    "reason": "no answer",
                },
                {
                    "name": "tone",
                    "value": number(0.5),
                    "data_type": "NUMERIC",
                    "source": "PROGRAMMATIC",
                    "metadata": {"span_id": "chat"},
                },
            ],
            "spans": [
                {
                    "name": "planner",
                    "kind": "OTHER",
                    "status": "UNSET",
                    "started_at": "2026-03-04T09:00:00.260000Z",
                    "ended_at": "2026-03-04T09:00:02.150000Z",
                    "input": {"goal": "answer"},
                    "output": {"done": True},
                    "spans": [
                        {
                            "name": "get_weather",
                            "kind": "TOOL",
                            "status": "ERROR",
                            "started_at": "2026-03-04T09:00:00.270000Z",
                            "ended_at": "2026-03-04T09:00:00.470000Z",
                            "input": {"city": "Oslo"},
                            "error": "Timeout: no answer",
                        },
                        {
                            "name": "chat",
                            "kind": "LLM",
                            "status": "UNSET",
                            "started_at": "2026-03-04T09:00:00.550000Z",
                            "ended_at": "2026-03-04T09:00:01.550000Z",
                            "input": {"messages": QUESTION},
                            "output": {"messages": [ANSWER]},
                            "model": "gpt-4o",
                            "token_usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
                            "metadata": {"provider": "openai"},
                        },
                    ],
                }
            ],
        },
    }
}
