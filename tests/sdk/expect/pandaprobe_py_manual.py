"""What the vendors show of `programs/pandaprobe/py_manual`."""

from support.compare import ANY_NUMBER, as_json, either, number

QUESTION = {"messages": [{"role": "user", "content": "What is the weather in Oslo?"}]}
ANSWER = {"messages": [{"role": "assistant", "content": "Unknown."}]}
PROMPT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is the weather in Oslo?"}]
DOCUMENT = {"content": "Oslo is cold", "metadata": {"source": "wiki", "rank": 1}}
PARAMETERS = {"temperature": 0.2, "max_tokens": 64}

TRACES = {
    "weather": {
        "pandaprobe": {
            "project": "demo",
            "name": "weather",
            "status": "COMPLETED",
            "started_at": "2026-05-01T09:00:00.123456Z",
            "ended_at": "2026-05-01T09:00:02.123456Z",
            "input": QUESTION,
            "output": ANSWER,
            "metadata": {"tenant": "acme", "nested": {"ok": True, "ratio": 0.5}},
            "tags": ["demo", "weather"],
            "session_id": "session-7",
            "user_id": "user-7",
            "environment": "staging",
            "release": "r9",
            "scores": [
                {
                    "name": "helpfulness",
                    "value": "0.25",
                    "data_type": "NUMERIC",
                    "source": "PROGRAMMATIC",
                    "reason": "no answer",
                    "metadata": {"rater": "u1"},
                },
                {"name": "resolved", "value": "false", "data_type": "BOOLEAN", "source": "PROGRAMMATIC"},
                {"name": "topic", "value": "weather", "data_type": "CATEGORICAL", "source": "PROGRAMMATIC"},
            ],
            "spans": [
                {
                    "name": "planner",
                    "kind": "AGENT",
                    "status": "OK",
                    "started_at": "2026-05-01T09:00:00.133456Z",
                    "ended_at": "2026-05-01T09:00:02.023456Z",
                    "input": {"goal": "answer"},
                    "output": "done",
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "kind": "RETRIEVER",
                            "status": "OK",
                            "started_at": "2026-05-01T09:00:00.143456Z",
                            "ended_at": "2026-05-01T09:00:00.243456Z",
                            "input": {"query": "oslo"},
                            "output": {"documents": [DOCUMENT]},
                        },
                        {
                            "name": "get_weather",
                            "kind": "TOOL",
                            "status": "ERROR",
                            "started_at": "2026-05-01T09:00:00.323456Z",
                            "ended_at": "2026-05-01T09:00:00.573456Z",
                            "input": {"city": "Oslo"},
                            "error": "no answer in time",
                        },
                        {
                            "name": "chat",
                            "kind": "LLM",
                            "status": "OK",
                            "started_at": "2026-05-01T09:00:00.623456Z",
                            "ended_at": "2026-05-01T09:00:01.623456Z",
                            "completion_start_time": "2026-05-01T09:00:00.743456Z",
                            "input": {"messages": PROMPT},
                            "output": ANSWER,
                            "model": "gpt-4o",
                            "token_usage": {
                                "prompt_tokens": 10,
                                "completion_tokens": 5,
                                "total_tokens": 15,
                                "reasoning_tokens": 2,
                                "cache_read_tokens": 3,
                            },
                            "cost": {"total": 0.0123, "prompt": 0.01, "completion": 0.0023},
                            "model_parameters": PARAMETERS,
                            "metadata": {"provider": "openai"},
                        },
                    ],
                }
            ],
        },
        "opik": {
            "project": "demo",
            "name": "weather",
            "start_time": "2026-05-01T09:00:00.123456Z",
            "end_time": "2026-05-01T09:00:02.123456Z",
            "input": QUESTION,
            "output": ANSWER,
            "metadata": {
                "tenant": "acme",
                "nested": {"ok": True, "ratio": 0.5},
                "user_id": "user-7",
                "release": "r9",
            },
            "tags": ["demo", "weather"],
            "thread_id": "session-7",
            "scores": [
                {"name": "helpfulness", "value": 0.25, "reason": "no answer", "source": "sdk"},
                {"name": "resolved", "value": number(0), "category_name": "false", "source": "sdk"},
                # A category needs a number beside it; which one says nothing.
                {"name": "topic", "value": ANY_NUMBER, "category_name": "weather", "source": "sdk"},
            ],
            "spans": [
                {
                    "name": "planner",
                    "type": "general",
                    "start_time": "2026-05-01T09:00:00.133456Z",
                    "end_time": "2026-05-01T09:00:02.023456Z",
                    "input": {"goal": "answer"},
                    "output": "done",
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "type": "general",
                            "start_time": "2026-05-01T09:00:00.143456Z",
                            "end_time": "2026-05-01T09:00:00.243456Z",
                            "input": {"query": "oslo"},
                            "output": {"documents": [DOCUMENT]},
                        },
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "start_time": "2026-05-01T09:00:00.323456Z",
                            "end_time": "2026-05-01T09:00:00.573456Z",
                            "input": {"city": "Oslo"},
                            "error_info": {
                                "exception_type": "Error",
                                "message": "no answer in time",
                                "traceback": "no answer in time",
                            },
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "start_time": "2026-05-01T09:00:00.623456Z",
                            "end_time": "2026-05-01T09:00:01.623456Z",
                            "ttft": number(120),
                            "input": {"messages": PROMPT},
                            "output": ANSWER,
                            "model": "gpt-4o",
                            "provider": "openai",
                            "usage": {
                                "prompt_tokens": 10,
                                "completion_tokens": 5,
                                "total_tokens": 15,
                                "reasoning_tokens": 2,
                                "cache_read_input_tokens": 3,
                            },
                            "total_estimated_cost": 0.0123,
                            "metadata": {"model_parameters": PARAMETERS},
                        },
                    ],
                }
            ],
        },
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "session": "session-7",
            "name": "weather",
            "created_at": "2026-05-01T09:00:00.123456Z",
            "input": as_json(QUESTION),
            "output": as_json(ANSWER),
            "user_metadata": {
                "tenant": "acme",
                "nested": as_json({"ok": True, "ratio": 0.5}),
                "user_id": "user-7",
                "environment": "staging",
                "release": "r9",
            },
            "tags": ["demo", "weather"],
            # A score is a metric there if it was held when the trace was written; the SDK sends it after.
            "metrics": {
                "duration_ns": 2_000_000_000,
                "helpfulness": either(None, 0.25),
                "resolved": either(None, number(0)),
            },
            "is_complete": True,
            "spans": [
                {
                    "name": "planner",
                    "type": "agent",
                    "created_at": "2026-05-01T09:00:00.133456Z",
                    "input": as_json({"goal": "answer"}),
                    "output": "done",
                    "status_code": 200,
                    "metrics": {"duration_ns": 1_890_000_000},
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "type": "retriever",
                            "created_at": "2026-05-01T09:00:00.143456Z",
                            "input": as_json({"query": "oslo"}),
                            "output": [DOCUMENT],
                            "status_code": 200,
                            "metrics": {"duration_ns": 100_000_000},
                        },
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "created_at": "2026-05-01T09:00:00.323456Z",
                            "input": as_json({"city": "Oslo"}),
                            "status_code": 500,
                            "user_metadata": {"error.message": "no answer in time"},
                            "metrics": {"duration_ns": 250_000_000},
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "created_at": "2026-05-01T09:00:00.623456Z",
                            "input": PROMPT,
                            "output": {"role": "assistant", "content": "Unknown."},
                            "model": "gpt-4o",
                            "temperature": 0.2,
                            "status_code": 200,
                            "user_metadata": {
                                "provider": "openai",
                                "model_parameters": either(as_json(PARAMETERS), as_json({"max_tokens": 64})),
                            },
                            "metrics": {
                                "duration_ns": 1_000_000_000,
                                "time_to_first_token_ns": 120_000_000,
                                "num_input_tokens": 10,
                                "num_output_tokens": 5,
                                "num_total_tokens": 15,
                                "num_reasoning_tokens": 2,
                                "num_cached_input_tokens": 3,
                                "cost": 0.0123,
                            },
                        },
                    ],
                }
            ],
        },
    }
}
