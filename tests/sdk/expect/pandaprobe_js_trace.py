"""What the vendors show of `programs/pandaprobe/js_trace`."""

from support.compare import ANY_DURATION_NS, as_json, either

RUN = "during the run"
QUESTION = {"role": "user", "content": "What is the weather in Oslo?"}
ANSWER = {"role": "assistant", "content": "It is 3 degrees."}

TRACES = {
    "agent": {
        "pandaprobe": {
            "project": "demo",
            "name": "weather-agent",
            "status": "COMPLETED",
            "started_at": RUN,
            "ended_at": RUN,
            "input": {"messages": [QUESTION]},
            "output": {"messages": [ANSWER]},
            "metadata": {"attempt": 2},
            "tags": ["demo"],
            "session_id": "session-js",
            "user_id": "user-js",
            "scores": [
                {
                    "name": "helpfulness",
                    "value": "0.5",
                    "data_type": "NUMERIC",
                    "source": "PROGRAMMATIC",
                    "reason": "partly",
                }
            ],
            "spans": [
                {
                    "name": "planner",
                    "kind": "AGENT",
                    "status": "OK",
                    "started_at": RUN,
                    "ended_at": RUN,
                    "input": {"goal": "answer"},
                    "output": "done",
                    "spans": [
                        {
                            "name": "get_weather",
                            "kind": "TOOL",
                            "status": "ERROR",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": {"city": "Oslo"},
                            "error": "no answer",
                        },
                        {
                            "name": "chat",
                            "kind": "LLM",
                            "status": "OK",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": {"messages": [QUESTION]},
                            "output": {"messages": [ANSWER]},
                            "model": "gpt-4o",
                            "token_usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
                            "cost": {"total": 0.001},
                            "model_parameters": {"temperature": 0.2},
                            "metadata": {"provider": "openai"},
                        },
                    ],
                }
            ],
        },
        "opik": {
            "project": "demo",
            "name": "weather-agent",
            "start_time": RUN,
            "end_time": RUN,
            "input": {"messages": [QUESTION]},
            "output": {"messages": [ANSWER]},
            "metadata": {"attempt": 2, "user_id": "user-js"},
            "tags": ["demo"],
            "thread_id": "session-js",
            "scores": [{"name": "helpfulness", "value": 0.5, "reason": "partly", "source": "sdk"}],
            "spans": [
                {
                    "name": "planner",
                    "type": "general",
                    "start_time": RUN,
                    "end_time": RUN,
                    "input": {"goal": "answer"},
                    "output": "done",
                    "spans": [
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": {"city": "Oslo"},
                            "error_info": {"exception_type": "Error", "message": "no answer", "traceback": "no answer"},
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": {"messages": [QUESTION]},
                            "output": {"messages": [ANSWER]},
                            "model": "gpt-4o",
                            "provider": "openai",
                            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
                            "total_estimated_cost": 0.001,
                            "metadata": {"model_parameters": {"temperature": 0.2}},
                        },
                    ],
                }
            ],
        },
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "session": "session-js",
            "name": "weather-agent",
            "created_at": RUN,
            "input": as_json({"messages": [QUESTION]}),
            "output": as_json({"messages": [ANSWER]}),
            "user_metadata": {"attempt": "2", "user_id": "user-js"},
            "tags": ["demo"],
            # A score is a metric there if it was held when the trace was written; the SDK sends it after.
            "metrics": {"duration_ns": ANY_DURATION_NS, "helpfulness": either(None, 0.5)},
            "is_complete": True,
            "spans": [
                {
                    "name": "planner",
                    "type": "agent",
                    "created_at": RUN,
                    "input": as_json({"goal": "answer"}),
                    "output": "done",
                    "status_code": 200,
                    "metrics": {"duration_ns": ANY_DURATION_NS},
                    "spans": [
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "created_at": RUN,
                            "input": as_json({"city": "Oslo"}),
                            "status_code": 500,
                            "user_metadata": {"error.message": "no answer"},
                            "metrics": {"duration_ns": ANY_DURATION_NS},
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "created_at": RUN,
                            "input": [QUESTION],
                            "output": ANSWER,
                            "model": "gpt-4o",
                            "temperature": 0.2,
                            "status_code": 200,
                            "user_metadata": {
                                "provider": "openai",
                                "model_parameters": either(None, as_json({"temperature": 0.2})),
                            },
                            "metrics": {
                                "duration_ns": ANY_DURATION_NS,
                                "num_input_tokens": 10,
                                "num_output_tokens": 5,
                                "num_total_tokens": 15,
                                "cost": 0.001,
                            },
                        },
                    ],
                }
            ],
        },
    },
    "raised": {
        "pandaprobe": {
            "project": "demo",
            "name": "raised",
            "status": "ERROR",
            "started_at": RUN,
            "ended_at": RUN,
            "input": {"messages": [QUESTION]},
        },
        "opik": {
            "project": "demo",
            "name": "raised",
            "start_time": RUN,
            "end_time": RUN,
            "input": {"messages": [QUESTION]},
            "error_info": {"exception_type": "Error", "traceback": "Error"},
        },
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "name": "raised",
            "created_at": RUN,
            "input": as_json({"messages": [QUESTION]}),
            "status_code": 500,
            "metrics": {"duration_ns": ANY_DURATION_NS},
            "is_complete": True,
        },
    },
}
