"""An exception that passes through two tracked functions; nothing is flushed, the process just exits."""

import json

import opik
from opik import opik_context

traces = {}


@opik.track(name="divide", type="tool")
def divide(a, b):
    return a / b


@opik.track(name="calculator")
def calculator(a, b):
    traces["calculator"] = opik_context.get_current_trace_data().id
    return divide(a, b)


try:
    calculator(a=1, b=0)
except ZeroDivisionError:
    pass
print(json.dumps({"traces": traces}))
