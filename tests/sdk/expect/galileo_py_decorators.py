"""What the vendors show of `programs/galileo/py_decorators`."""

from support.compare import ANY_DURATION_NS

RUN = "during the run"
QUESTION = '{"question": "What is the weather in Oslo?"}'
PROMPT = {"role": "user", "content": '{"question": "What is the weather in Oslo?", "model": "gpt-4o"}'}
ANSWER = "It is 3 degrees in Oslo."
REPLY = {"role": "assistant", "content": ANSWER}

TRACES = {
    "agent": {
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "name": "weather-agent",
            "created_at": RUN,
            "input": QUESTION,
            "output": ANSWER,
            "is_complete": True,
            "spans": [
                {
                    "name": "weather-agent",
                    "type": "agent",
                    "created_at": RUN,
                    "input": QUESTION,
                    "output": ANSWER,
                    "metrics": {"duration_ns": ANY_DURATION_NS},
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "type": "retriever",
                            "created_at": RUN,
                            "input": '{"query": "oslo"}',
                            "output": [{"content": "Oslo is cold"}],
                            "metrics": {"duration_ns": ANY_DURATION_NS},
                        },
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "created_at": RUN,
                            "input": '{"city": "Oslo"}',
                            "output": "3 degrees",
                            "metrics": {"duration_ns": ANY_DURATION_NS},
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "created_at": RUN,
                            "input": [PROMPT],
                            "output": REPLY,
                            "model": "gpt-4o",
                            "metrics": {"duration_ns": ANY_DURATION_NS},
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
            "input": {"question": "What is the weather in Oslo?"},
            "output": ANSWER,
            "spans": [
                {
                    "name": "weather-agent",
                    "type": "general",
                    "start_time": RUN,
                    "end_time": RUN,
                    "input": {"question": "What is the weather in Oslo?"},
                    "output": ANSWER,
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "type": "general",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": {"query": "oslo"},
                            "output": {"documents": [{"content": "Oslo is cold"}]},
                        },
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": {"city": "Oslo"},
                            "output": "3 degrees",
                        },
                        {
                            "name": "chat",
                            "type": "llm",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": {"messages": [PROMPT]},
                            "output": {"messages": [REPLY]},
                            "model": "gpt-4o",
                        },
                    ],
                }
            ],
        },
        "pandaprobe": {
            "project": "demo",
            "name": "weather-agent",
            "status": "COMPLETED",
            "started_at": RUN,
            "ended_at": RUN,
            "input": {"question": "What is the weather in Oslo?"},
            "output": ANSWER,
            "spans": [
                {
                    "name": "weather-agent",
                    "kind": "AGENT",
                    "status": "UNSET",
                    "started_at": RUN,
                    "ended_at": RUN,
                    "input": {"question": "What is the weather in Oslo?"},
                    "output": ANSWER,
                    "spans": [
                        {
                            "name": "knowledge-base",
                            "kind": "RETRIEVER",
                            "status": "UNSET",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": {"query": "oslo"},
                            "output": {"documents": [{"content": "Oslo is cold"}]},
                        },
                        {
                            "name": "get_weather",
                            "kind": "TOOL",
                            "status": "UNSET",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": {"city": "Oslo"},
                            "output": "3 degrees",
                        },
                        {
                            "name": "chat",
                            "kind": "LLM",
                            "status": "UNSET",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": {"messages": [PROMPT]},
                            "output": {"messages": [REPLY]},
                            "model": "gpt-4o",
                        },
                    ],
                }
            ],
        },
    }
}
