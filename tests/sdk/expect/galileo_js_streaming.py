"""What the vendors show of `programs/galileo/js_streaming`."""

RUN = "during the run"
QUESTION = "What is the weather in Oslo?"
PROMPT = {"role": "user", "content": QUESTION}
REPLY = {"role": "assistant", "content": "It is 3 degrees."}
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}

# The SDK's PATCHes carry no duration: trace and workflow end where others need an end when the request
# that closed them was accepted.
TRACES = {
    "weather": {
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "name": "weather",
            "created_at": "2026-04-05T09:00:00.250000Z",
            "input": QUESTION,
            "output": "It is 3 degrees.",
            "tags": ["demo"],
            "status_code": 200,
            "is_complete": True,
            "spans": [
                {
                    "name": "collect",
                    "type": "workflow",
                    "created_at": "2026-04-05T09:00:00.260000Z",
                    "input": "collect",
                    "output": "collected",
                    "status_code": 200,
                    "spans": [
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "created_at": "2026-04-05T09:00:00.270000Z",
                            "input": '{"city":"Oslo"}',
                            "output": '{"degrees":3}',
                            "metrics": {"duration_ns": 250_000_000},
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "created_at": "2026-04-05T09:00:00.550000Z",
                            "input": [PROMPT],
                            "output": REPLY,
                            "model": "gpt-4o",
                            "metrics": {
                                "duration_ns": 1_000_000_000,
                                "num_input_tokens": 10,
                                "num_output_tokens": 5,
                                "num_total_tokens": 15,
                            },
                        },
                    ],
                }
            ],
        },
        "opik": {
            "project": "demo",
            "name": "weather",
            "start_time": "2026-04-05T09:00:00.250000Z",
            "end_time": RUN,
            "input": QUESTION,
            "output": "It is 3 degrees.",
            "tags": ["demo"],
            "spans": [
                {
                    "name": "collect",
                    "type": "general",
                    "start_time": "2026-04-05T09:00:00.260000Z",
                    "end_time": RUN,
                    "input": "collect",
                    "output": "collected",
                    "spans": [
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "start_time": "2026-04-05T09:00:00.270000Z",
                            "end_time": "2026-04-05T09:00:00.520000Z",
                            "input": {"city": "Oslo"},
                            "output": {"degrees": 3},
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "start_time": "2026-04-05T09:00:00.550000Z",
                            "end_time": "2026-04-05T09:00:01.550000Z",
                            "input": {"messages": [PROMPT]},
                            "output": {"messages": [REPLY]},
                            "model": "gpt-4o",
                            "usage": USAGE,
                        },
                    ],
                }
            ],
        },
        "pandaprobe": {
            "project": "demo",
            "name": "weather",
            "status": "COMPLETED",
            "started_at": "2026-04-05T09:00:00.250000Z",
            "ended_at": RUN,
            "input": QUESTION,
            "output": "It is 3 degrees.",
            "tags": ["demo"],
            "spans": [
                {
                    "name": "collect",
                    "kind": "CHAIN",
                    "status": "OK",
                    "started_at": "2026-04-05T09:00:00.260000Z",
                    "ended_at": RUN,
                    "input": "collect",
                    "output": "collected",
                    "spans": [
                        {
                            "name": "get_weather",
                            "kind": "TOOL",
                            "status": "UNSET",
                            "started_at": "2026-04-05T09:00:00.270000Z",
                            "ended_at": "2026-04-05T09:00:00.520000Z",
                            "input": {"city": "Oslo"},
                            "output": {"degrees": 3},
                        },
                        {
                            "name": "chat",
                            "kind": "LLM",
                            "status": "UNSET",
                            "started_at": "2026-04-05T09:00:00.550000Z",
                            "ended_at": "2026-04-05T09:00:01.550000Z",
                            "input": {"messages": [PROMPT]},
                            "output": {"messages": [REPLY]},
                            "model": "gpt-4o",
                            "token_usage": USAGE,
                        },
                    ],
                }
            ],
        },
    }
}
