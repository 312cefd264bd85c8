"""A gateway of our own between the stand-ins and programs that log all the while, and what must show in the end."""

import fcntl
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

from . import demo, ids, programs, vendors

HERE = Path(__file__).resolve().parent.parent
KEY = "sg_demo"
READY_WITHIN_S = 30
ENDED_WITHIN_S = 30
SPANS_OF_A_TRACE = 1
# Becomes the gateway, so its own number is the one to name; moves the sockets to where they belong.
HAND_IN = """
import os, sys
for at in (1, 2):
    os.dup2(int(sys.argv[at]), at + 2)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[3], sys.argv[3:])
"""


class Site:
    """Stand-ins, and a gateway in front of them that can be restarted, all on `stack`."""

    def __init__(self, binary, home, stack, own_sockets=False):
        self.binary, self.home = binary, home
        self.log = stack.enter_context((home / "gateway.log").open("wb"))
        sandbox = subprocess.Popen([binary, "sandbox", "--listen", demo.ANY_PORT], stdout=subprocess.PIPE, stderr=self.log, text=True)
        stack.callback(sandbox.kill)
        # "stand-ins on http://…"
        self.vendors = sandbox.stdout.readline().split()[-1]
        await_answer(f"{self.vendors}/_sandbox/health")
        post(f"{self.vendors}/_sandbox/pandaprobe/settings", {"rate_limit_per_minute": None})
        self.sockets = [] if own_sockets else [listening(stack) for _ in range(2)]
        self.data, self.admin = demo.free_ports(2) if own_sockets else [each.getsockname()[1] for each in self.sockets]
        self.configure()
        self.process = None
        stack.callback(lambda: self.process and self.process.kill())
        self.start()
        self.await_serving()

    def configure(self, reserve="1MiB"):
        """Writes the configuration that the next start is with; it leaves so much of the disk free."""
        text = f'[ledger]\ndisk_reserve = "{reserve}"\n[server]\nlisten = "127.0.0.1:{self.data}"\nadmin_listen = "127.0.0.1:{self.admin}"\n'
        text += f'state_dir = "{self.home / "state"}"\nshutdown_grace = "20s"\n'
        text += f'[keys.steady]\nproject = "steady"\nsha256 = "{hashlib.sha256(KEY.encode()).hexdigest()}"\n[projects.steady]\n'
        for name in vendors.VENDORS:
            text += f'[projects.steady.routes.{name}]\n[destinations.{name}]\ndialect = "{name}"\n'
            text += f'base_url = "{self.vendors}/{name}"\nallow_private = true\napi_keys = ["env:VENDOR_KEY"]\n'
            text += "egress = { requests_per_minute = 600000 }\n"
        (self.home / "spangate.toml").write_text(text)

    def start(self):
        command = [self.binary, "serve", "--log", "warn", "--config", self.home / "spangate.toml"]
        environment = {"PATH": os.environ["PATH"], "VENDOR_KEY": "stand-in-key"}
        numbers = [each.fileno() for each in self.sockets]
        if numbers:
            command = [sys.executable, "-S", "-c", HAND_IN, *map(str, numbers), *command]
            environment |= {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "data:admin"}
        self.process = subprocess.Popen(
            command, env=environment, pass_fds=numbers, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )

    def await_serving(self):
        try:
            await_answer(f"http://127.0.0.1:{self.admin}/livez")
        except SystemExit as error:
            raise SystemExit(f"{error}\n{self.said()}") from error

    def said(self):
        return (self.home / "gateway.log").read_text()[-4000:]

    def restart(self):
        """How long nobody served."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(ENDED_WITHIN_S)
        ended = time.monotonic()
        if code != 0:
            raise SystemExit(f"the gateway ended with {code}:\n{self.said()}")
        self.start()
        self.await_serving()
        return time.monotonic() - ended


def all_steady(site, stack):
    """A program for each vendor, each of which logs by now."""
    steady = [Steady(vendor, site) for vendor in vendors.VENDORS]
    for program in steady:
        stack.callback(program.process.kill)
    for program in steady:
        program.await_first()
    return steady


class Steady:
    """A program that logs until it is told to end."""

    def __init__(self, vendor, site):
        self.vendor = vendor
        gateway = demo.running(f"http://127.0.0.1:{site.data}", f"http://127.0.0.1:{site.admin}", site.vendors)
        environment = {"PATH": os.environ["PATH"], "HOME": str(site.home), **programs.QUIET}
        self.process = subprocess.Popen(
            [programs.INSTALLED / "venv" / "bin" / "python", HERE / "steady" / f"log_{vendor}.py"],
            env=environment | gateway.variables(vendor, "python"),
            cwd=site.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(site.home / f"{vendor}.log").open("wb"),
            text=True,
        )
        self.noise = site.home / f"{vendor}.log"

    def await_first(self):
        """Waits until it has logged a trace: an SDK takes seconds to import."""
        if not self.process.stdout.readline():
            self.end()

    def end(self):
        """The ids of the traces that it logged."""
        said, _ = self.process.communicate(timeout=programs.FINISHED_WITHIN_S)
        if self.process.returncode != 0:
            raise SystemExit(f"{self.vendor}'s program failed:\n{self.noise.read_text()[-4000:]}")
        return json.loads(said.splitlines()[-1])["traces"]


def all_show(logged, site, within):
    """Waits until every vendor shows every trace, once and whole; says what is wrong if one does not."""
    until = time.monotonic() + within
    while (wrong := differences(logged, site)) and time.monotonic() < until:
        time.sleep(0.5)
    for line in wrong:
        print(f"FAIL {line}")
    counts = ", ".join(f"{vendor} {len(traces)}" for vendor, traces in logged.items())
    print(f"{'FAIL' if wrong else 'ok  '} traces logged: {counts}; shown by all: {not wrong}")
    return not wrong


def differences(logged, site):
    found = []
    for vendor in vendors.VENDORS:
        shown = vendors.get(f"{site.vendors}/_sandbox/{vendor}/traces")
        rows = [each.get("trace") if vendor == "opik" else each for each in shown]
        times = Counter(ids.stem(row[vendors.ID[vendor]]) for row in rows if row)
        whole = {ids.stem(row[vendors.ID[vendor]]) for row, each in zip(rows, shown) if row and len(each["spans"]) == SPANS_OF_A_TRACE}
        for origin, traces in logged.items():
            stems = {ids.stem(trace): trace for trace in traces}
            missing = [trace for stem, trace in stems.items() if stem not in whole]
            twice = [trace for stem, trace in stems.items() if times[stem] > 1]
            if missing:
                found.append(f"{vendor} does not show {len(missing)} of {len(traces)} traces from {origin}, whole: {missing[:3]}")
            if twice:
                found.append(f"{vendor} shows {len(twice)} traces from {origin} more than once: {twice[:3]}")
    return found


def listening(stack):
    """A listening socket, under a number that is not one of those it will be moved to."""
    server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024))
    return stack.enter_context(socket.socket(fileno=fcntl.fcntl(server.fileno(), fcntl.F_DUPFD, 20)))


def await_answer(url):
    until = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            return urllib.request.urlopen(url, timeout=READY_WITHIN_S).close()
        except OSError as error:
            if time.monotonic() > until:
                raise SystemExit(f"{url}: {error}") from error
            time.sleep(0.01)


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()
