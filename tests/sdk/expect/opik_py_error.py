"""What the vendors show of `programs/opik/py_error`."""

from support.compare import ANY_DURATION_NS, as_json, text_with

RUN = "during the run"
INPUT = {"a": 1, "b": 0}
STACK = text_with("ZeroDivisionError: division by zero")
ERROR = {"exception_type": "ZeroDivisionError", "message": "division by zero", "traceback": STACK}
IN_METADATA = {"error.type": "ZeroDivisionError", "error.message": "division by zero", "error.stack": STACK}
IN_TEXT = "ZeroDivisionError: division by zero"

TRACES = {
    "calculator": {
        "opik": {
            "project": "Default Project",
            "name": "calculator",
            "start_time": RUN,
            "end_time": RUN,
            "input": INPUT,
            "error_info": ERROR,
            "spans": [
                {
                    "name": "calculator",
                    "type": "general",
                    "start_time": RUN,
                    "end_time": RUN,
                    "input": INPUT,
                    "error_info": ERROR,
                    "spans": [
                        {
                            "name": "divide",
                            "type": "tool",
                            "start_time": RUN,
                            "end_time": RUN,
                            "input": INPUT,
                            "error_info": ERROR,
                        }
                    ],
                }
            ],
        },
        "galileo": {
            "project": "Default Project",
            "log_stream": "default",
            "name": "calculator",
            "created_at": RUN,
            "input": as_json(INPUT),
            "status_code": 500,
            "user_metadata": IN_METADATA,
            "metrics": {"duration_ns": ANY_DURATION_NS},
            "is_complete": True,
            "spans": [
                {
                    "name": "calculator",
                    "type": "workflow",
                    "created_at": RUN,
                    "input": as_json(INPUT),
                    "status_code": 500,
                    "user_metadata": IN_METADATA,
                    "metrics": {"duration_ns": ANY_DURATION_NS},
                    "spans": [
                        {
                            "name": "divide",
                            "type": "tool",
                            "created_at": RUN,
                            "input": as_json(INPUT),
                            "status_code": 500,
                            "user_metadata": IN_METADATA,
                            "metrics": {"duration_ns": ANY_DURATION_NS},
                        }
                    ],
                }
            ],
        },
        "pandaprobe": {
            "project": "Default Project",
            "name": "calculator",
            "status": "ERROR",
            "started_at": RUN,
            "ended_at": RUN,
            "input": INPUT,
            "spans": [
                {
                    "name": "calculator",
                    "kind": "OTHER",
                    "status": "ERROR",
                    "started_at": RUN,
                    "ended_at": RUN,
                    "input": INPUT,
                    "error": IN_TEXT,
                    "spans": [
                        {
                            "name": "divide",
                            "kind": "TOOL",
                            "status": "ERROR",
                            "started_at": RUN,
                            "ended_at": RUN,
                            "input": INPUT,
                            "error": IN_TEXT,
                        }
                    ],
                }
            ],
        },
    }
}
