"""What the vendors show of `programs/galileo/py_batch`."""

from support.compare import number

QUESTION = "What is the weather in Oslo?"
PROMPT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
REPLY = {"role": "assistant", "content": "It is 3 degrees."}
DOCUMENT = {"content": "Oslo is cold", "metadata": {"source": "wiki", "rank": 1}}
# A failure of which Galileo's client says nothing but the number.
UNKNOWN_ERROR = {"exception_type": "Error", "traceback": "Error"}

TRACES = {
    "weather": {
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "name": "weather",
            "created_at": "2026-04-01T09:00:00.123456Z",
            "input": QUESTION,
            "output": "It is 3 degrees.",
            "user_metadata": {"tenant": "acme", "attempt": "2", "user_id": "u-1"},
            "tags": ["demo", "weather"],
            "external_id": "order-42",
            "status_code": 200,
            "metrics": {"duration_ns": 2_000_000_000},
            "is_complete": True,
            "spans": [
                {
                    "name": "planner",
                    "type": "agent",
                    "created_at": "2026-04-01T09:00:00.133456Z",
                    "input": "answer the user",
                    "output": "done",
                    "tags": ["inner"],
                    "metrics": {"duration_ns": 1_890_000_000},
                    "spans": [
                        {
                            "name": "collect",
                            "type": "workflow",
                            "created_at": "2026-04-01T09:00:00.138456Z",
                            "input": "collect",
                            "output": "collected",
                            "metrics": {"duration_ns": 440_000_000},
                            "spans": [
                                {
                                    "name": "knowledge-base",
                                    "type": "retriever",
                                    "created_at": "2026-04-01T09:00:00.143456Z",
                                    "input": "oslo",
                                    "output": [DOCUMENT],
                                    "status_code": 200,
                                    "metrics": {"duration_ns": 100_000_000},
                                },
                                {
                                    "name": "get_weather",
                                    "type": "tool",
                                    "created_at": "2026-04-01T09:00:00.323456Z",
                                    "input": '{"city":"Oslo"}',
                                    "output": '{"degrees":3}',
                                    "tool_call_id": "call_1",
                                    "status_code": 200,
                                    "metrics": {"duration_ns": 250_000_000},
                                },
                            ],
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "created_at": "2026-04-01T09:00:00.623456Z",
                            "input": PROMPT,
                            "output": REPLY,
                            "model": "gpt-4o",
                            "temperature": 0.2,
                            "user_metadata": {"provider": "openai"},
                            "status_code": 200,
                            "metrics": {
                                "duration_ns": 1_000_000_000,
                                "time_to_first_token_ns": 120_000_000,
                                "num_input_tokens": 10,
                                "num_output_tokens": 5,
                                "num_total_tokens": 15,
                                "politeness": 0.75,
                            },
                        },
                    ],
                }
            ],
        },
        "opik": {
            "project": "demo",
            "name": "weather",
            "start_time": "2026-04-01T09:00:00.123456Z",
            "end_time": "2026-04-01T09:00:02.123456Z",
            "input": QUESTION,
            "output": "It is 3 degrees.",
            "metadata": {"tenant": "acme", "attempt": "2", "user_id": "u-1"},
            "tags": ["demo", "weather"],
            "spans": [
                {
                    "name": "planner",
                    "type": "general",
                    "start_time": "2026-04-01T09:00:00.133456Z",
                    "end_time": "2026-04-01T09:00:02.023456Z",
                    "input": "answer the user",
                    "output": "done",
                    "tags": ["inner"],
                    "spans": [
                        {
                            "name": "collect",
                            "type": "general",
                            "start_time": "2026-04-01T09:00:00.138456Z",
                            "end_time": "2026-04-01T09:00:00.578456Z",
                            "input": "collect",
                            "output": "collected",
                            "spans": [
                                {
                                    "name": "knowledge-base",
                                    "type": "general",
                                    "start_time": "2026-04-01T09:00:00.143456Z",
                                    "end_time": "2026-04-01T09:00:00.243456Z",
                                    "input": "oslo",
                                    "output": {"documents": [DOCUMENT]},
                                },
                                {
                                    "name": "get_weather",
                                    "type": "tool",
                                    "start_time": "2026-04-01T09:00:00.323456Z",
                                    "end_time": "2026-04-01T09:00:00.573456Z",
                                    "input": {"city": "Oslo"},
                                    "output": {"degrees": 3},
                                },
                            ],
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "start_time": "2026-04-01T09:00:00.623456Z",
                            "end_time": "2026-04-01T09:00:01.623456Z",
                            "ttft": number(120),
                            "input": {"messages": PROMPT},
                            "output": {"messages": [REPLY]},
                            "model": "gpt-4o",
                            "provider": "openai",
                            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
                            "metadata": {"model_parameters": {"temperature": 0.2}},
                            "scores": [{"name": "politeness", "value": 0.75, "source": "sdk"}],
                        },
                    ],
                }
            ],
        },
        "pandaprobe": {
            "project": "demo",
            "name": "weather",
            "status": "COMPLETED",
            "started_at": "2026-04-01T09:00:00.123456Z",
            "ended_at": "2026-04-01T09:00:02.123456Z",
            "input": QUESTION,
            "output": "It is 3 degrees.",
            "metadata": {"tenant": "acme", "attempt": "2"},
            "user_id": "u-1",
            "tags": ["demo", "weather"],
            "scores": [
                {
                    "name": "politeness",
                    "value": number(0.75),
                    "data_type": "NUMERIC",
                    "source": "PROGRAMMATIC",
                    "metadata": {"span_id": "chat"},  # the id, shown by the span's name
                }
            ],
            "spans": [
                {
                    "name": "planner",
                    "kind": "AGENT",
                    "status": "UNSET",
                    "started_at": "2026-04-01T09:00:00.133456Z",
                    "ended_at": "2026-04-01T09:00:02.023456Z",
                    "input": "answer the user",
                    "output": "done",
                    "spans": [
                        {
                            "name": "collect",
                            "kind": "CHAIN",
                            "status": "UNSET",
                            "started_at": "2026-04-01T09:00:00.138456Z",
                            "ended_at": "2026-04-01T09:00:00.578456Z",
                            "input": "collect",
                            "output": "collected",
                            "spans": [
                                {
                                    "name": "knowledge-base",
                                    "kind": "RETRIEVER",
                                    "status": "OK",
                                    "started_at": "2026-04-01T09:00:00.143456Z",
                                    "ended_at": "2026-04-01T09:00:00.243456Z",
                                    "input": "oslo",
                                    "output": {"documents": [DOCUMENT]},
                                },
                                {
                                    "name": "get_weather",
                                    "kind": "TOOL",
                                    "status": "OK",
                                    "started_at": "2026-04-01T09:00:00.323456Z",
                                    "ended_at": "2026-04-01T09:00:00.573456Z",
                                    "input": {"city": "Oslo"},
                                    "output": {"degrees": 3},
                                },
                            ],
                        },
                        {
                            "name": "chat",
                            "kind": "LLM",
                            "status": "OK",
                            "started_at": "2026-04-01T09:00:00.623456Z",
                            "ended_at": "2026-04-01T09:00:01.623456Z",
                            "completion_start_time": "2026-04-01T09:00:00.743456Z",
                            "input": {"messages": PROMPT},
                            "output": {"messages": [REPLY]},
                            "model": "gpt-4o",
                            "token_usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
                            "model_parameters": {"temperature": 0.2},
                            "metadata": {"provider": "openai"},
                        },
                    ],
                }
            ],
        },
    },
    "broken": {
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "name": "broken",
            "created_at": "2026-04-01T09:00:05.123456Z",
            "input": "And in Atlantis?",
            "output": "Error: no such city",
            "status_code": 500,
            "metrics": {"duration_ns": 50_000_000},
            "is_complete": True,
            "spans": [
                {
                    "name": "get_weather",
                    "type": "tool",
                    "created_at": "2026-04-01T09:00:05.133456Z",
                    "input": '{"city":"Atlantis"}',
                    "output": "Error: no such city",
                    "status_code": 404,
                    "metrics": {"duration_ns": 20_000_000},
                }
            ],
        },
        "opik": {
            "project": "demo",
            "name": "broken",
            "start_time": "2026-04-01T09:00:05.123456Z",
            "end_time": "2026-04-01T09:00:05.173456Z",
            "input": "And in Atlantis?",
            "output": "Error: no such city",
            "error_info": UNKNOWN_ERROR,
            "spans": [
                {
                    "name": "get_weather",
                    "type": "tool",
                    "start_time": "2026-04-01T09:00:05.133456Z",
                    "end_time": "2026-04-01T09:00:05.153456Z",
                    "input": {"city": "Atlantis"},
                    "output": "Error: no such city",
                    "error_info": UNKNOWN_ERROR,
                }
            ],
        },
        "pandaprobe": {
            "project": "demo",
            "name": "broken",
            "status": "ERROR",
            "started_at": "2026-04-01T09:00:05.123456Z",
            "ended_at": "2026-04-01T09:00:05.173456Z",
            "input": "And in Atlantis?",
            "output": "Error: no such city",
            "spans": [
                {
                    "name": "get_weather",
                    "kind": "TOOL",
                    "status": "ERROR",
                    "started_at": "2026-04-01T09:00:05.133456Z",
                    "ended_at": "2026-04-01T09:00:05.153456Z",
                    "input": {"city": "Atlantis"},
                    "output": "Error: no such city",
                }
            ],
        },
    },
}
