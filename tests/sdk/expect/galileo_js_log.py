"""What the vendors show of `programs/galileo/js_log`."""

from support.compare import ANY_DURATION_NS

RUN = "during the run"
QUESTION = '{"question":"What is the weather in Oslo?"}'
PROMPT = {"role": "user", "content": QUESTION}
ANSWER = "It is 3 degrees."
REPLY = {"role": "assistant", "content": ANSWER}

# This release of the SDK gives the leaves no duration, and calls an llm span "llm" whatever its name.
TRACES = {
    "agent": {
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "name": "weather-agent",
            "created_at": RUN,
            "input": QUESTION,
            "output": ANSWER,
            "metrics": {"duration_ns": ANY_DURATION_NS},
            "is_complete": True,
            "spans": [
                {
                    "name": "weather-agent",
                    "type": "workflow",
                    "created_at": RUN,
                    "input": QUESTION,
                    "output": ANSWER,
                    "metrics": {"duration_ns": ANY_DURATION_NS},
                    "spans": [
                        {
                            "name": "get_weather",
                            "type": "tool",
                            "created_at": RUN,
                            "input": '{"city":"Oslo"}',
                            "output": "3 degrees in Oslo",
                        },
                        {"name": "llm", "type": "llm", "created_at": RUN, "input": [PROMPT], "output": REPLY},
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
                            "name": "get_weather",
                            "type": "tool",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": {"city": "Oslo"},
                            "output": "3 degrees in Oslo",
                        },
                        {
                            "name": "llm",
                            "type": "llm",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": {"messages": [PROMPT]},
                            "output": {"messages": [REPLY]},
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
                    "kind": "CHAIN",
                    "status": "UNSET",
                    "started_at": RUN,
                    "ended_at": RUN,
                    "input": {"question": "What is the weather in Oslo?"},
                    "output": ANSWER,
                    "spans": [
                        {
                            "name": "get_weather",
                            "kind": "TOOL",
                            "status": "UNSET",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": {"city": "Oslo"},
                            "output": "3 degrees in Oslo",
                        },
                        {
                            "name": "llm",
                            "kind": "LLM",
                            "status": "UNSET",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": {"messages": [PROMPT]},
                            "output": {"messages": [REPLY]},
                        },
                    ],
                }
            ],
        },
    }
}
