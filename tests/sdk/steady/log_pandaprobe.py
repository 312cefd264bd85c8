"""Traces one after the other, until standard input ends; the last line names them all."""

from datetime import datetime, timezone

import steadily

import pandaprobe
from pandaprobe.schemas import SpanData, SpanKind, SpanStatusCode, TraceData, TraceStatus

client = pandaprobe.init()


def log(name):
    now = datetime.now(timezone.utc)
    work = SpanData(
        name="work", kind=SpanKind.TOOL, status=SpanStatusCode.OK, input={"n": name}, output="done", started_at=now, ended_at=now
    )
    trace = TraceData(
        name=name, status=TraceStatus.COMPLETED, input={"n": name}, output="done", started_at=now, ended_at=now, spans=[work]
    )
    client.log_trace(trace)
    return str(trace.trace_id)


steadily.run(log, flush=client.flush, flush_every=5)
