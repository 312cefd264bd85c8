"""Context managers: session and user scopes, a trace that raises, a span error that is caught."""

import json

import pandaprobe

traces = {}
QUESTION = {"messages": [{"role": "user", "content": "Hello"}]}
ANSWER = {"messages": [{"role": "assistant", "content": "Hi"}]}

with pandaprobe.session("session-8"), pandaprobe.user("user-8"):
    with pandaprobe.start_trace("caught", input=QUESTION, tags=["demo"], metadata={"plan": "pro"}) as trace:
        traces["caught"] = trace.trace_id
        with trace.span("outer", kind="CHAIN") as outer:
            outer.set_input({"n": 1})
            with trace.span("inner", kind="TOOL") as inner:
                inner.set_input("raw text")
                inner.set_error("quota exceeded")
            outer.set_output({"sum": 6})
        trace.set_metadata({"extra": True})
        trace.set_output(ANSWER)
    try:
        with pandaprobe.start_trace("raised", input=QUESTION) as trace:
            traces["raised"] = trace.trace_id
            with trace.span("boom", kind="OTHER"):
                raise ValueError("broke")
    except ValueError:
        pass
pandaprobe.flush()
print(json.dumps({"traces": traces}))
