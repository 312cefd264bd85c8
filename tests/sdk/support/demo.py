"""A `spangate demo` of our own on free ports, or one that is running already."""

import os
import re
import socket
import subprocess
import threading
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

READY_WITHIN_S = 30
STOPPED_WITHIN_S = 20
ANY_PORT = "127.0.0.1:0"
LAST_LINE_OF_THE_WELCOME = "Every trace that comes in"


@dataclass
class Gateway:
    """Where a demo listens, and the environment that points each SDK at it, by (vendor, SDK language)."""

    vendors: str
    environment: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def variables(self, vendor, language):
        known = self.environment.get((vendor, language))
        if not known:
            raise SystemExit(f"the demo printed no environment for {vendor} ({language})")
        return known


class Demo:
    """`with Demo(binary, state) as gateway:` starts a demo and stops it at the end."""

    def __init__(self, binary: Path, state: Path):
        self.output = state / "demo.log"
        self.command = [binary, "demo", "--data", ANY_PORT, "--admin", ANY_PORT, "--vendors", ANY_PORT]
        self.command += ["--state", state / "state"]
        self.process = None
        self.lines = []
        self.welcomed = threading.Event()

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command,
            env=os.environ | {"SPANGATE__LEDGER__DISK_RESERVE": "1MiB"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._drain, daemon=True).start()
        if not self.welcomed.wait(READY_WITHIN_S) or self.process.poll() is not None:
            self.__exit__()
            raise SystemExit("the demo did not start:\n" + "".join(self.lines[-40:]))
        return Gateway(vendors_line(self.lines), environment_lines(self.lines))

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _drain(self):
        with self.output.open("w") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                self.lines.append(line)
                if line.startswith(LAST_LINE_OF_THE_WELCOME):
                    self.welcomed.set()
        self.welcomed.set()


def vendors_line(lines):
    """Where the welcome says that the stand-ins are."""
    return next(line.split()[1] for line in lines if line.split()[:1] == ["stand-ins"])


def environment_lines(lines):
    """The `export NAME=VALUE` lines under each `# vendor (language)` heading of the welcome."""
    found, here = {}, None
    for line in lines:
        heading = re.fullmatch(r"# (\w+) \((\w+)\)\n", line)
        export = re.fullmatch(r"export (\w+)=(.*)\n", line)
        if heading:
            here = found.setdefault(heading.groups(), {})
        elif export and here is not None:
            here[export[1]] = export[2].strip("'\"")
    return found


def running(gateway, admin, vendors):
    """A demo that somebody else started: what its welcome says, for the given addresses."""
    gateway, admin, vendors = (url.rstrip("/") for url in (gateway, admin, vendors))
    for url in (f"{gateway}/is-alive/ping", f"{admin}/readyz", f"{vendors}/_sandbox/health"):
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError as error:
            raise SystemExit(f"{url}: {error}") from error
    opik = {"OPIK_URL_OVERRIDE": f"{gateway}/opik/api", "OPIK_API_KEY": "sg_demo", "OPIK_WORKSPACE": "default"}
    galileo = {
        "GALILEO_API_URL": gateway,
        "GALILEO_CONSOLE_URL": gateway,
        "GALILEO_API_KEY": "sg_demo",
        "GALILEO_PROJECT": "demo",
        "GALILEO_LOG_STREAM": "default",
    }
    pandaprobe = {"PANDAPROBE_ENDPOINT": gateway, "PANDAPROBE_API_KEY": "sg_demo", "PANDAPROBE_PROJECT_NAME": "demo"}
    of = {"opik": opik, "galileo": galileo, "pandaprobe": pandaprobe}
    languages = ("python", "typescript")
    return Gateway(vendors, {(name, language): of[name] for name in of for language in languages})


def free_ports(count):
    """Ports that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
