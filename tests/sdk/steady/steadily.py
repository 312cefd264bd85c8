"""What the steady programs share: the pace, how they begin and how they end."""

import json
import sys
import threading
import time

PACE_S = 0.2


def run(log, flush, flush_every):
    """Logs a trace every `PACE_S`, flushes now and then, and once more when standard input has ended."""
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    ids, next_at = [], time.monotonic()
    while not ended.is_set():
        ids.append(log(f"steady {len(ids)}"))
        if len(ids) % flush_every == 0:
            flush()
        if len(ids) == 1:
            print("logging", flush=True)
        next_at = max(next_at + PACE_S, time.monotonic())
        ended.wait(next_at - time.monotonic())
    flush()
    print(json.dumps({"traces": ids}), flush=True)
