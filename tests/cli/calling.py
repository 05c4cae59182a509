"""Calling ``lrs`` as a shell does, in this process or in one of its own."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from typing import NamedTuple
from unittest import mock

from lrs.cli.main import main


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str


def call(*arguments: object, stdin: bytes = b"", **environ: str) -> Done:
    """Run a command in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    streams = {"argv": ["lrs", *map(str, arguments)], "stdin": io.TextIOWrapper(io.BytesIO(stdin), "utf-8"), "stdout": out, "stderr": err}
    with contextlib.ExitStack() as changed:
        for name, value in streams.items():
            changed.enter_context(mock.patch.object(sys, name, value))
        changed.enter_context(mock.patch.dict(os.environ, environ))
        status = 0
        try:
            main()
        except SystemExit as end:
            # As the interpreter does: a text is printed, and means 1.
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
            if isinstance(end.code, str):
                err.write(end.code + "\n")
    return Done(status, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def spawn(*arguments: object, stdin: bytes = b"", **environ: str) -> Done:
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "lrs", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=120, check=False, env={**os.environ, **environ})
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
