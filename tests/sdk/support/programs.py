"""The programs: found, run with nothing but their SDK's environment, their last line read."""

import json
import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
INSTALLED = HERE.parent.parent / "target" / "sdk"
FINISHED_WITHIN_S = 90
AT_ONCE = 2

# Nothing but the gateway is to be spoken to: side traffic is off, and what would still leave the
# machine finds a proxy that nobody listens on.
QUIET = {
    "OPIK_SENTRY_ENABLE": "false",
    "OPIK_ANALYTICS_ENABLE": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@dataclass
class Program:
    """One program of one SDK; `opik/py_manual.py` is called `opik_py_manual`."""

    vendor: str
    path: Path

    @property
    def name(self):
        return f"{self.vendor}_{self.path.stem}"

    @property
    def language(self):
        return "python" if self.path.suffix == ".py" else "typescript"


@dataclass
class Run:
    """A program that has run: its traces by label, or why there are none."""

    program: Program
    started: datetime
    ended: datetime
    traces: dict[str, str]
    trouble: str | None = None


def find(only):
    paths = [*HERE.glob("programs/*/py_*.py"), *HERE.glob("programs/*/js_*.mjs")]
    programs = sorted((Program(path.parent.name, path) for path in paths), key=lambda program: program.name)
    chosen = [program for program in programs if not only or program.name in only]
    unknown = set(only) - {program.name for program in chosen}
    if unknown:
        known = ", ".join(program.name for program in programs)
        raise SystemExit(f"no such program: {', '.join(sorted(unknown))}; there are {known}")
    return chosen


def run_all(programs, gateway, home):
    """Runs the programs, a few at once, in their order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda program: run(program, gateway, home), programs))


def run(program, gateway, home):
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), **QUIET}
    environment |= gateway.variables(program.vendor, program.language)
    started, clock = datetime.now(timezone.utc), time.monotonic()
    try:
        done = subprocess.run(
            command(program),
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FINISHED_WITHIN_S,
        )
    except subprocess.TimeoutExpired:
        return Run(program, started, now(), {}, f"still running after {time.monotonic() - clock:.0f} s")
    if done.returncode != 0:
        return Run(program, started, now(), {}, f"exit code {done.returncode}\n{done.stdout}{done.stderr}")
    try:
        traces = json.loads(done.stdout.splitlines()[-1])["traces"]
    except (IndexError, ValueError, KeyError):
        return Run(program, started, now(), {}, f"no JSON on the last line\n{done.stdout}{done.stderr}")
    return Run(program, started, now(), traces)


def command(program):
    if program.language == "python":
        return [INSTALLED / "venv" / "bin" / "python", program.path]
    # Node looks for packages beside the importing file and above it, and nowhere else.
    beside = INSTALLED / "node" / "programs" / program.vendor / program.path.name
    beside.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(program.path, beside)
    return ["node", beside]


def now():
    return datetime.now(timezone.utc)
