"""What the vendors show of `programs/pandaprobe/py_decorators`."""

from support.compare import ANY_DURATION_NS, as_json

RUN = "during the run"
QUESTION = {"role": "user", "content": "What is the weather in Oslo?"}
REPLY = {"role": "assistant", "content": "It is 3 degrees."}
DOCUMENT = {"content": "Oslo is cold", "metadata": {"source": "wiki"}}

TRACES = {
    "agent": {
        "pandaprobe": {
            "project": "demo",
            "name": "weather-agent",
            "status": "COMPLETED",
            "started_at": RUN,
            "ended_at": RUN,
            "input": {"messages": [QUESTION]},
            "output": {"messages": [REPLY]},
            "metadata": {"attempt": 2},
            "tags": ["demo", "weather"],
            "spans": [
                {
                    "name": "planner",
                    "kind": "AGENT",
                    "status": "OK",
                    "started_at": RUN,
                    "ended_at": RUN,
                    "input": {"goal": "answer"},
                    "output": "answered",
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "kind": "RETRIEVER",
                            "status": "OK",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": {"query": "oslo"},
                            "output": {"documents": [DOCUMENT]},
                        },
                        {
                            "name": "get_weather",
                            "kind": "TOOL",
                            "status": "OK",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": {"city": "Oslo"},
                            "output": {"degrees": 3},
                            "metadata": {"cached": False},
                        },
                    ],
                },
                {
                    "name": "chat",
                    "kind": "LLM",
                    "status": "OK",
                    "started_at": RUN,
                    "ended_at": RUN,
                    "input": {"messages": [QUESTION]},
                    "output": {"messages": [REPLY]},
                    "model": "gpt-4o",
                },
            ],
        },
        "opik": {
            "project": "demo",
            "name": "weather-agent",
            "start_time": RUN,
            "end_time": RUN,
            "input": {"messages": [QUESTION]},
            "output": {"messages": [REPLY]},
            "metadata": {"attempt": 2},
            "tags": ["demo", "weather"],
            "spans": [
                {
                    "name": "planner",
                    "type": "general",
                    "start_time": RUN,
                    "end_time": RUN,
                    "input": {"goal": "answer"},
                    "output": "answered",
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "type": "general",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": {"query": "oslo"},
                            "output": {"documents": [DOCUMENT]},
                        },
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": {"city": "Oslo"},
                            "output": {"degrees": 3},
                            "metadata": {"cached": False},
                        },
                    ],
                },
                {
                    "name": "chat",
                    "type": "llm",
                    "start_time": RUN,
                    "end_time": RUN,
                    "input": {"messages": [QUESTION]},
                    "output": {"messages": [REPLY]},
                    "model": "gpt-4o",
                },
            ],
        },
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "name": "weather-agent",
            "created_at": RUN,
            "input": as_json({"messages": [QUESTION]}),
            "output": as_json({"messages": [REPLY]}),
            "user_metadata": {"attempt": "2"},
            "tags": ["demo", "weather"],
            "metrics": {"duration_ns": ANY_DURATION_NS},
            "is_complete": True,
            "spans": [
                {
                    "name": "planner",
                    "type": "agent",
                    "created_at": RUN,
                    "input": as_json({"goal": "answer"}),
                    "output": "answered",
                    "status_code": 200,
                    "metrics": {"duration_ns": ANY_DURATION_NS},
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "type": "retriever",
                            "created_at": RUN,
                            "input": as_json({"query": "oslo"}),
                            "output": [DOCUMENT],
                            "status_code": 200,
                            "metrics": {"duration_ns": ANY_DURATION_NS},
                        },
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "created_at": RUN,
                            "input": as_json({"city": "Oslo"}),
                            "output": as_json({"degrees": 3}),
                            "status_code": 200,
                            "user_metadata": {"cached": "false"},
                            "metrics": {"duration_ns": ANY_DURATION_NS},
                        },
                    ],
                },
                {
                    "name": "chat",
                    "type": "llm",
                    "created_at": RUN,
                    "input": [QUESTION],
                    "output": REPLY,
                    "model": "gpt-4o",
                    "status_code": 200,
                    "metrics": {"duration_ns": ANY_DURATION_NS},
                },
            ],
        },
    }
}
