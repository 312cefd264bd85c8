"""What the vendors show of `programs/opik/py_decorators`."""

from support.compare import ANY_DURATION_NS, as_json

RUN = "during the run"
QUESTION = {"question": "What is the weather in Oslo?"}
ANSWER = {"output": "It is 3 degrees in Oslo."}
PLAN = {"tier": "pro", "seats": 3}
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "original_usage.prompt_tokens": 10,
    "original_usage.completion_tokens": 5,
    "original_usage.total_tokens": 15,
}
# The SDK itself copies usage into the metadata of the span.
COPIED = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}

TRACES = {
    "agent": {
        "opik": {
            "project": "Default Project",
            "name": "weather-agent",
            "start_time": RUN,
            "end_time": RUN,
            "input": QUESTION,
            "output": ANSWER,
            "metadata": {"release": "r1", "plan": PLAN},
            "tags": ["demo", "weather"],
            "spans": [
                {
                    "name": "weather-agent",
                    "type": "general",
                    "start_time": RUN,
                    "end_time": RUN,
                    "input": QUESTION,
                    "output": ANSWER,
                    "metadata": {"release": "r1"},
                    "tags": ["demo", "weather"],
                    "spans": [
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": {"city": "Oslo"},
                            "output": {"degrees": 3},
                            "tags": ["lookup"],
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": QUESTION,
                            "output": ANSWER,
                            "model": "gpt-4o",
                            "provider": "openai",
                            "usage": USAGE,
                            "total_estimated_cost": 0.0012,
                            "metadata": {"temperature": 0.2, "usage": COPIED},
                        },
                    ],
                }
            ],
        },
        "galileo": {
            "project": "Default Project",
            "log_stream": "default",
            "name": "weather-agent",
            "created_at": RUN,
            "input": as_json(QUESTION),
            "output": as_json(ANSWER),
            "user_metadata": {"release": "r1", "plan": as_json(PLAN)},
            "tags": ["demo", "weather"],
            "metrics": {"duration_ns": ANY_DURATION_NS},
            "is_complete": True,
            "spans": [
                {
                    "name": "weather-agent",
                    "type": "workflow",
                    "created_at": RUN,
                    "input": as_json(QUESTION),
                    "output": as_json(ANSWER),
                    "user_metadata": {"release": "r1"},
                    "tags": ["demo", "weather"],
                    "metrics": {"duration_ns": ANY_DURATION_NS},
                    "spans": [
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "created_at": RUN,
                            "input": as_json({"city": "Oslo"}),
                            "output": as_json({"degrees": 3}),
                            "tags": ["lookup"],
                            "metrics": {"duration_ns": ANY_DURATION_NS},
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "created_at": RUN,
                            "input": [{"role": "user", "content": as_json(QUESTION)}],
                            "output": {"role": "assistant", "content": as_json(ANSWER)},
                            "model": "gpt-4o",
                            "user_metadata": {"provider": "openai", "temperature": "0.2", "usage": as_json(COPIED)},
                            "metrics": {
                                "duration_ns": ANY_DURATION_NS,
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
            "project": "Default Project",
            "name": "weather-agent",
            "status": "COMPLETED",
            "started_at": RUN,
            "ended_at": RUN,
            "input": QUESTION,
            "output": ANSWER,
            "metadata": {"plan": PLAN},
            "release": "r1",
            "tags": ["demo", "weather"],
            "spans": [
                {
                    "name": "weather-agent",
                    "kind": "OTHER",
                    "status": "UNSET",
                    "started_at": RUN,
                    "ended_at": RUN,
                    "input": QUESTION,
                    "output": ANSWER,
                    "spans": [
                        {
                            "name": "get_weather",
                            "kind": "TOOL",
                            "status": "UNSET",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": {"city": "Oslo"},
                            "output": {"degrees": 3},
                        },
                        {
                            "name": "chat",
                            "kind": "LLM",
                            "status": "UNSET",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": QUESTION,
                            "output": ANSWER,
                            "model": "gpt-4o",
                            "token_usage": USAGE,
                            "cost": {"total": 0.0012},
                            "metadata": {"provider": "openai", "temperature": 0.2, "usage": COPIED},
                        },
                    ],
                }
            ],
        },
    }
}
