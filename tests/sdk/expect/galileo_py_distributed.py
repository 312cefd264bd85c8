"""What the vendors show of `programs/galileo/py_distributed`."""

QUESTION = "What is the weather in Oslo?"
PROMPT = {"role": "user", "content": QUESTION}
REPLY = {"role": "assistant", "content": "It is 3 degrees."}
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}

TRACES = {
    "weather": {
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "name": "weather",
            "created_at": "2026-04-03T09:00:00.000000Z",
            "input": QUESTION,
            "output": "It is 3 degrees.",
            "user_metadata": {"tenant": "acme"},
            "tags": ["demo"],
            "status_code": 200,
            "metrics": {"duration_ns": 2_000_000_000},
            "is_complete": True,
            "spans": [
                {
                    "name": "planner",
                    "type": "agent",
                    "created_at": "2026-04-03T09:00:00.010000Z",
                    "input": "answer the user",
                    "output": "done",
                    "status_code": 200,
                    "metrics": {"duration_ns": 1_890_000_000},
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "type": "retriever",
                            "created_at": "2026-04-03T09:00:00.020000Z",
                            "input": "oslo",
                            "output": [{"content": "Oslo is cold"}],
                            "metrics": {"duration_ns": 100_000_000},
                        },
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "created_at": "2026-04-03T09:00:00.200000Z",
                            "input": '{"city":"Oslo"}',
                            "output": '{"degrees":3}',
                            "metrics": {"duration_ns": 250_000_000},
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "created_at": "2026-04-03T09:00:00.500000Z",
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
            "start_time": "2026-04-03T09:00:00.000000Z",
            "end_time": "2026-04-03T09:00:02.000000Z",
            "input": QUESTION,
            "output": "It is 3 degrees.",
            "metadata": {"tenant": "acme"},
            "tags": ["demo"],
            "spans": [
                {
                    "name": "planner",
                    "type": "general",
                    "start_time": "2026-04-03T09:00:00.010000Z",
                    "end_time": "2026-04-03T09:00:01.900000Z",
                    "input": "answer the user",
                    "output": "done",
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "type": "general",
                            "start_time": "2026-04-03T09:00:00.020000Z",
                            "end_time": "2026-04-03T09:00:00.120000Z",
                            "input": "oslo",
                            "output": {"documents": [{"content": "Oslo is cold"}]},
                        },
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "start_time": "2026-04-03T09:00:00.200000Z",
                            "end_time": "2026-04-03T09:00:00.450000Z",
                            "input": {"city": "Oslo"},
                            "output": {"degrees": 3},
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "start_time": "2026-04-03T09:00:00.500000Z",
                            "end_time": "2026-04-03T09:00:01.500000Z",
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
            "started_at": "2026-04-03T09:00:00.000000Z",
            "ended_at": "2026-04-03T09:00:02.000000Z",
            "input": QUESTION,
            "output": "It is 3 degrees.",
            "metadata": {"tenant": "acme"},
            "tags": ["demo"],
            "spans": [
                {
                    "name": "planner",
                    "kind": "AGENT",
                    "status": "OK",
                    "started_at": "2026-04-03T09:00:00.010000Z",
                    "ended_at": "2026-04-03T09:00:01.900000Z",
                    "input": "answer the user",
                    "output": "done",
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "kind": "RETRIEVER",
                            "status": "UNSET",
                            "started_at": "2026-04-03T09:00:00.020000Z",
                            "ended_at": "2026-04-03T09:00:00.120000Z",
                            "input": "oslo",
                            "output": {"documents": [{"content": "Oslo is cold"}]},
                        },
                        {
                            "name": "get_weather",
                            "kind": "TOOL",
                            "status": "UNSET",
                            "started_at": "2026-04-03T09:00:00.200000Z",
                            "ended_at": "2026-04-03T09:00:00.450000Z",
                            "input": {"city": "Oslo"},
                            "output": {"degrees": 3},
                        },
                        {
                            "name": "chat",
                            "kind": "LLM",
                            "status": "UNSET",
                            "started_at": "2026-04-03T09:00:00.500000Z",
                            "ended_at": "2026-04-03T09:00:01.500000Z",
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
