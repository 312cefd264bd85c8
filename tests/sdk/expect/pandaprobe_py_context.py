"""What the vendors show of `programs/pandaprobe/py_context`."""

from support.compare import ANY_DURATION_NS, as_json

RUN = "during the run"
HELLO = {"messages": [{"role": "user", "content": "Hello"}]}
HI = {"messages": [{"role": "assistant", "content": "Hi"}]}

TRACES = {
    # The error of a span leaves its trace completed.
    "caught": {
        "pandaprobe": {
            "project": "demo",
            "name": "caught",
            "status": "COMPLETED",
            "started_at": RUN,
            "ended_at": RUN,
            "input": HELLO,
            "output": HI,
            "metadata": {"plan": "pro", "extra": True},
            "tags": ["demo"],
            "session_id": "session-8",
            "user_id": "user-8",
            "spans": [
                {
                    "name": "outer",
                    "kind": "CHAIN",
                    "status": "OK",
                    "started_at": RUN,
                    "ended_at": RUN,
                    "input": {"n": 1},
                    "output": {"sum": 6},
                    "spans": [
                        {
                            "name": "inner",
                            "kind": "TOOL",
                            "status": "ERROR",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": "raw text",
                            "error": "quota exceeded",
                        }
                    ],
                }
            ],
        },
        "opik": {
            "project": "demo",
            "name": "caught",
            "start_time": RUN,
            "end_time": RUN,
            "input": HELLO,
            "output": HI,
            "metadata": {"plan": "pro", "extra": True, "user_id": "user-8"},
            "tags": ["demo"],
            "thread_id": "session-8",
            "spans": [
                {
                    "name": "outer",
                    "type": "general",
                    "start_time": RUN,
                    "end_time": RUN,
                    "input": {"n": 1},
                    "output": {"sum": 6},
                    "spans": [
                        {
                            "name": "inner",
                            "type": "tool",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": "raw text",
                            "error_info": {
                                "exception_type": "Error",
                                "message": "quota exceeded",
                                "traceback": "quota exceeded",
                            },
                        }
                    ],
                }
            ],
        },
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "session": "session-8",
            "name": "caught",
            "created_at": RUN,
            "input": as_json(HELLO),
            "output": as_json(HI),
            "user_metadata": {"plan": "pro", "extra": "true", "user_id": "user-8"},
            "tags": ["demo"],
            "metrics": {"duration_ns": ANY_DURATION_NS},
            "is_complete": True,
            "spans": [
                {
                    "name": "outer",
                    "type": "workflow",
                    "created_at": RUN,
                    "input": as_json({"n": 1}),
                    "output": as_json({"sum": 6}),
                    "status_code": 200,
                    "metrics": {"duration_ns": ANY_DURATION_NS},
                    "spans": [
                        {
                            "name": "inner",
                            "type": "tool",
                            "created_at": RUN,
                            "input": "raw text",
                            "status_code": 500,
                            "user_metadata": {"error.message": "quota exceeded"},
                            "metrics": {"duration_ns": ANY_DURATION_NS},
                        }
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
            "input": HELLO,
            "session_id": "session-8",
            "user_id": "user-8",
            "spans": [
                {
                    "name": "boom",
                    "kind": "OTHER",
                    "status": "ERROR",
                    "started_at": RUN,
                    "ended_at": RUN,
                    "error": "broke",
                }
            ],
        },
        "opik": {
            "project": "demo",
            "name": "raised",
            "start_time": RUN,
            "end_time": RUN,
            "input": HELLO,
            "metadata": {"user_id": "user-8"},
            "thread_id": "session-8",
            "error_info": {"exception_type": "Error", "traceback": "Error"},
            "spans": [
                {
                    "name": "boom",
                    "type": "general",
                    "start_time": RUN,
                    "end_time": RUN,
                    "error_info": {"exception_type": "Error", "message": "broke", "traceback": "broke"},
                }
            ],
        },
        "galileo": {
            "project": "demo",
            "log_stream": "default",
            "session": "session-8",
            "name": "raised",
            "created_at": RUN,
            "input": as_json(HELLO),
            "status_code": 500,
            "user_metadata": {"user_id": "user-8"},
            "metrics": {"duration_ns": ANY_DURATION_NS},
            "is_complete": True,
            "spans": [
                {
                    "name": "boom",
                    "type": "workflow",
                    "created_at": RUN,
                    "input": "",
                    "status_code": 500,
                    "user_metadata": {"error.message": "broke"},
                    "metrics": {"duration_ns": ANY_DURATION_NS},
                }
            ],
        },
    },
}
