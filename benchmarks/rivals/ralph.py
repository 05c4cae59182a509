"""Ralph (ralph-malph from PyPI): its own checking of the full model, and its server with one backend or another.

It runs in an environment of its own, benchmarks/.venvs/ralph, made when it is first needed. How it is configured, and why that is fair to it, is
in ../README.md.
"""

from __future__ import annotations

import json
import subprocess
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks import process
from benchmarks.process import LOGIN, ROOT, Server

TITLE = "Ralph"
VERSION = "5.1.0"
PACKAGES = (f"ralph-malph[lrs,backend-clickhouse]=={VERSION}", "requests")  # its server imports requests without asking for it
VENV = ROOT / "benchmarks" / ".venvs" / f"ralph-{VERSION}"
PATH = "/xAPI/statements"


def ready() -> None:
    """Install it, unless that was done; raises CalledProcessError where the registry can't be reached."""
    done = VENV / "installed"
    if done.exists():
        return
    print(f"installing ralph-malph {VERSION} into {VENV.relative_to(ROOT)}", flush=True)
    venv.create(VENV, with_pip=True, clear=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
    subprocess.run([python(), *install], check=True, stderr=subprocess.DEVNULL)
    done.touch()


def python() -> str:
    """Name the interpreter to be measured with."""
    return str(VENV / "bin" / "python")


def versions() -> str:
    """Name the packages that its speed depends on."""
    names = ("ralph-malph", "pydantic", "fastapi", "uvicorn", "uvloop", "clickhouse-connect")
    code = f"from importlib.metadata import version; print(', '.join(f'{{name}} {{version(name)}}' for name in {names}))"
    return subprocess.run([python(), "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def checker() -> Callable[[bytes], object]:
    """Give its own check of a whole statement; runs in Ralph's environment."""
    from ralph.models.xapi.base.statements import BaseXapiStatement  # type: ignore[import-not-found]

    return lambda statement: BaseXapiStatement(**json.loads(statement))


@contextmanager
def started(directory: Path, environ: Mapping[str, str]) -> Iterator[Server]:
    """Run its server as its documentation says: uvicorn, without a line of log for each request."""
    login = directory / "auth.json"
    login.write_text(json.dumps([credential()]))
    port = process.free_port()
    command = [
        python(),
        "-m",
        "uvicorn",
        "ralph.api:app",
        "--port",
        str(port),
        "--workers",
        "1",
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    settings = {"RALPH_AUTH_FILE": str(login), "RALPH_EXECUTION_ENVIRONMENT": "production", **environ}
    with process.started(command, directory, port, path=PATH, environ=settings, cores=process.server_core()) as server:
        yield server


def credential() -> dict[str, object]:
    """Give an entry of its auth.json."""
    hashing = "import bcrypt, sys; print(bcrypt.hashpw(sys.argv[1].encode(), bcrypt.gensalt()).decode())"
    hashed = subprocess.run([python(), "-c", hashing, LOGIN[1]], check=True, capture_output=True, text=True).stdout.strip()
    return {"agent": {"mbox": "mailto:bench@example.org"}, "scopes": ["all"], "hash": hashed, "username": LOGIN[0]}
