"""Traces one after the other, until standard input ends; the last line names them all.

In batch mode, which sends a trace once and drops it when the connection fails.
"""

import steadily

from galileo import GalileoLogger

logger = GalileoLogger()


def log(name):
    trace = logger.start_trace(input=name, name=name)
    logger.add_tool_span(input=name, output="done", name="work", duration_ns=1_000_000)
    logger.conclude(output="done", duration_ns=2_000_000)
    return str(trace.id)


steadily.run(log, flush=logger.flush, flush_every=1)
