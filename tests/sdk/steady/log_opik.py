"""Traces one after the other, until standard input ends; the last line names them all."""

import steadily

import opik

client = opik.Opik(project_name="steady")


def log(name):
    trace = client.trace(name=name, input={"n": name}, output={"done": True})
    trace.span(name="work", type="tool", input={"n": name}, output={"done": True}).end()
    trace.end()
    return trace.id


steadily.run(log, flush=client.flush, flush_every=5)
