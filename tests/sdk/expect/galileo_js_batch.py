"""What the vendors show of `programs/galileo/js_batch`."""

QUESTION = "What is the weather in Oslo?"
PROMPT = {"role": "user", "content": QUESTION}
REPLY = {"role": "assistant", "content": "It is 3 degrees."}
DOCUMENT = {"content": "Oslo is cold", "metadata": {"source": "wiki"}}
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}

# The SDK names the session by the id that we gave for its external one.
TRACES = {
    "weather": {
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "session": "chat-js",
            "name": "weather",
            "created_at": "2026-04-04T09:00:00.250000Z",
            "input": QUESTION,
            "output": "It is 3 degrees.",
            "user_metadata": {"tenant": "acme"},
            "tags": ["demo", "weather"],
            "status_code": 200,
            "metrics": {"duration_ns": 2_000_000_000},
            "is_complete": True,
            "spans": [
                {
                    "name": "planner",
                    "type": "agent",
                    "created_at": "2026-04-04T09:00:00.260000Z",
                    "input": "answer the user",
                    "output": "done",
                    "metrics": {"duration_ns": 1_890_000_000},
                    "spans": [
                        {
                            "name": "collect",
                            "type": "workflow",
                            "created_at": "2026-04-04T09:00:00.265000Z",
                            "input": "collect",
                            "output": "collected",
                            "metrics": {"duration_ns": 440_000_000},
                            "spans": [
                                {
                                    "name": "knowledge-base",
                                    "type": "retriever",
                                    "created_at": "2026-04-04T09:00:00.270000Z",
                                    "input": "oslo",
                                    "output": [DOCUMENT],
                                    "metrics": {"duration_ns": 100_000_000},
                                },
                                {
                                    "name": "get_weather",
                                    "type": "tool",
                                    "created_at": "2026-04-04T09:00:00.450000Z",
                                    "input": '{"city":"Oslo"}',
                                    "output": "Error: no answer",
                                    "status_code": 504,
                                    "metrics": {"duration_ns": 250_000_000},
                                },
                            ],
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "created_at": "2026-04-04T09:00:00.750000Z",
                            "input": [PROMPT],
                            "output": REPLY,
                            "model": "gpt-4o",
                            "temperature": 0.2,
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
            "thread_id": "chat-js",
            "name": "weather",
            "start_time": "2026-04-04T09:00:00.250000Z",
            "end_time": "2026-04-04T09:00:02.250000Z",
            "input": QUESTION,
            "output": "It is 3 degrees.",
            "metadata": {"tenant": "acme"},
            "tags": ["demo", "weather"],
            "spans": [
                {
                    "name": "planner",
                    "type": "general",
                    "start_time": "2026-04-04T09:00:00.260000Z",
                    "end_time": "2026-04-04T09:00:02.150000Z",
                    "input": "answer the user",
                    "output": "done",
                    "spans": [
                        {
                            "name": "collect",
                            "type": "general",
                            "start_time": "2026-04-04T09:00:00.265000Z",
                            "end_time": "2026-04-04T09:00:00.705000Z",
                            "input": "collect",
                            "output": "collected",
                            "spans": [
                                {
                                    "name": "knowledge-base",
                                    "type": "general",
                                    "start_time": "2026-04-04T09:00:00.270000Z",
                                    "end_time": "2026-04-04T09:00:00.370000Z",
                                    "input": "oslo",
                                    "output": {"documents": [DOCUMENT]},
                                },
                                {
                                    "name": "get_weather",
                                    "type": "tool",
                                    "start_time": "2026-04-04T09:00:00.450000Z",
                                    "end_time": "2026-04-04T09:00:00.700000Z",
                                    "input": {"city": "Oslo"},
                                    "output": "Error: no answer",
                                    "error_info": {"exception_type": "Error", "traceback": "Error"},
                                },
                            ],
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "start_time": "2026-04-04T09:00:00.750000Z",
                            "end_time": "2026-04-04T09:00:01.750000Z",
                            "input": {"messages": [PROMPT]},
                            "output": {"messages": [REPLY]},
                            "model": "gpt-4o",
                            "usage": USAGE,
                            "metadata": {"model_parameters": {"temperature": 0.2}},
                        },
                    ],
                }
            ],
        },
        "pandaprobe": {
            "project": "demo",
            "session_id": "chat-js",
            "name": "weather",
            "status": "COMPLETED",
            "started_at": "2026-04-04T09:00:00.250000Z",
            "ended_at": "2026-04-04T09:00:02.250000Z",
            "input": QUESTION,
            "output": "It is 3 degrees.",
            "metadata": {"tenant": "acme"},
            "tags": ["demo", "weather"],
            "spans": [
                {
                    "name": "planner",
                    "kind": "AGENT",
                    "status": "UNSET",
                    "started_at": "2026-04-04T09:00:00.260000Z",
                    "ended_at": "2026-04-04T09:00:02.150000Z",
                    "input": "answer the user",
                    "output": "done",
                    "spans": [
                        {
                            "name": "collect",
                            "kind": "CHAIN",
                            "status": "UNSET",
                            "started_at": "2026-04-04T09:00:00.265000Z",
                            "ended_at": "2026-04-04T09:00:00.705000Z",
                            "input": "collect",
                            "output": "collected",
                            "spans": [
                                {
                                    "name": "knowledge-base",
                                    "kind": "RETRIEVER",
                                    "status": "UNSET",
                                    "started_at": "2026-04-04T09:00:00.270000Z",
                                    "ended_at": "2026-04-04T09:00:00.370000Z",
                                    "input": "oslo",
                                    "output": {"documents": [DOCUMENT]},
                                },
                                {
                                    "name": "get_weather",
                                    "kind": "TOOL",
                                    "status": "ERROR",
                                    "started_at": "2026-04-04T09:00:00.450000Z",
                                    "ended_at": "2026-04-04T09:00:00.700000Z",
                                    "input": {"city": "Oslo"},
                                    "output": "Error: no answer",
                                },
                            ],
                        },
                        {
                            "name": "chat",
                            "kind": "LLM",
                            "status": "UNSET",
                            "started_at": "2026-04-04T09:00:00.750000Z",
                            "ended_at": "2026-04-04T09:00:01.750000Z",
                            "input": {"messages": [PROMPT]},
                            "output": {"messages": [REPLY]},
                            "model": "gpt-4o",
                            "token_usage": USAGE,
                            "model_parameters": {"temperature": 0.2},
                        },
                    ],
                }
            ],
        },
    }
}
