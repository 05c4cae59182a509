"""Another process beside this one: how it is started, and how what it is told begins. What it is told is in memory and on no disk."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import msgspec

HEAD = 8
"""Bytes before a message, which say how many follow."""
_PLAIN = frozenset({"HOME", "LANG", "NO_COLOR", "PATH", "TMPDIR", "TZ", "VIRTUAL_ENV"})
_PLAIN_PREFIXES = ("LC_", "LD_", "PYTHON", "SSL_")
"""What a process needs of the environment of another. All else may be a secret: keys and passwords are given like this, too."""
_encode_into = msgspec.msgpack.Encoder(uuid_format="bytes").encode_into


def start(
    module: str, *arguments: str, stdin: int = subprocess.DEVNULL, stderr: int | None = None, sockets: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a module of this package, which gets no terminal's signals, no secrets, and no more sockets than these; raises ``OSError``."""
    return subprocess.Popen(  # noqa: S603 -- this interpreter, and what this package asks of it
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        pass_fds=sockets,
        env=environ(),
        start_new_session=True,
    )


def environ() -> dict[str, str]:
    """Give the environment of a process without secrets, in which it finds the same modules as this one, whatever this program did to find them."""
    plain = {name: value for name, value in os.environ.items() if name in _PLAIN or name.startswith(_PLAIN_PREFIXES)}
    return plain | {"PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}


def framed(message: object) -> bytearray:
    """Write a message after its head."""
    content = bytearray()
    _encode_into(message, content, HEAD)
    content[:HEAD] = (len(content) - HEAD).to_bytes(HEAD)
    return content
