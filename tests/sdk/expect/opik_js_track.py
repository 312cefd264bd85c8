"""What the vendors show of `programs/opik/js_track`."""

from support.compare import ANY_DURATION_NS, as_json, text_with

RUN = "during the run"
QUESTION = {"arguments": ["What is the weather in Oslo?"]}
ANSWER = {"answer": "It is 3 degrees."}
STACK = text_with("TypeError: no such city")

TRACES = {
    "agent": {
        "opik": {
            "project": "Default Project",
            "name": "weather-agent",
            "start_time": RUN,
            "end_time": RUN,
            "input": QUESTION,
            "output": ANSWER,
            "spans": [
                {
                    "name": "weather-agent",
                    "type": "general",
                    "start_time": RUN,
                    "end_time": RUN,
                    "input": QUESTION,
                    "output": ANSWER,
                    "spans": [
                        {
                            "name": "look-up",
                            "type": "tool",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": {"arguments": ["Oslo"]},
                            "output": {"degrees": 3, "city": "Oslo"},
                        },
                        {
                            "name": "broken",
                            "type": "tool",
                            "start_time": RUN,
                            "end_time": RUN,
                            "error_info": {
                                "exception_type": "TypeError",
                                "message": "no such city",
                                "traceback": STACK,
                            },
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": QUESTION,
                            "output": {"result": "It is 3 degrees."},
                            "model": "gpt-4o",
                            "provider": "openai",
                            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
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
            "metrics": {"duration_ns": ANY_DURATION_NS},
            "is_complete": True,
            "spans": [
                {
                    "name": "weather-agent",
                    "type": "workflow",
                    "created_at": RUN,
                    "input": as_json(QUESTION),
                    "output": as_json(ANSWER),
                    "metrics": {"duration_ns": ANY_DURATION_NS},
                    "spans": [
                        {
                            "name": "look-up",
                            "type": "tool",
                            "created_at": RUN,
                            "input": as_json({"arguments": ["Oslo"]}),
                            "output": as_json({"degrees": 3, "city": "Oslo"}),
                            "metrics": {"duration_ns": ANY_DURATION_NS},
                        },
                        {
                            "name": "broken",
                            "type": "tool",
                            "created_at": RUN,
                            "input": "",
                            "status_code": 500,
                            "user_metadata": {
                                "error.type": "TypeError",
                                "error.message": "no such city",
                                "error.stack": STACK,
                            },
                            "metrics": {"duration_ns": ANY_DURATION_NS},
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "created_at": RUN,
                            "input": [{"role": "user", "content": as_json(QUESTION)}],
                            "output": {"role": "assistant", "content": as_json({"result": "It is 3 degrees."})},
                            "model": "gpt-4o",
                            "user_metadata": {"provider": "openai"},
                            "metrics": {
                                "duration_ns": ANY_DURATION_NS,
                                "num_input_tokens": 10,
                                "num_output_tokens": 5,
                                "num_total_tokens": 15,
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
                            "name": "look-up",
                            "kind": "TOOL",
                            "status": "UNSET",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": {"arguments": ["Oslo"]},
                            "output": {"degrees": 3, "city": "Oslo"},
                        },
                        {
                            "name": "broken",
                            "kind": "TOOL",
                            "status": "ERROR",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "error": "TypeError: no such city",
                        },
                        {
                            "name": "chat",
                            "kind": "LLM",
                            "status": "UNSET",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": QUESTION,
                            "output": {"result": "It is 3 degrees."},
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
