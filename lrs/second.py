"""A second process that checks: Python runs one thread of a process at a time, and checking is what streams and large batches have most of.

    this process                                   the second one
    lines -> task, through a socket ->             -> check -> minimise -> cut out people ->
    drafts <- through a socket <-                  <- drafts, or nothing

What goes there and comes back is never on a disk, and the process ends with the store, or when somebody is to be forgotten. It answers nothing
for what it would refuse: that is checked again here, where errors are raised. ``python -m lrs.second`` is that process.
"""

from __future__ import annotations

import os
import resource
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from lrs.beside import HEAD, framed, start
from lrs.checking import Checked, Checking
from lrs.collection import collect_seldom
from lrs.privacy.policy import Policy
from lrs.privacy.policy.force import carried_out
from lrs.xapi.attachments import check_contents
from lrs.xapi.memory import CAPACITY

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.privacy.policy.intake import Purposes
    from lrs.settings import Settings
    from lrs.xapi.model import Statement

_WORTH = 4 * 1024 * 1024
"""Bytes of what it could check after which a second process is started: that takes a second of processor time."""
_LEAST = 64 * 1024
"""Bytes that are worth a way there and back."""
_UNDER_WAY = 8
"""Tasks that it may have at a time. This process is short of time in its interpreter, so it is given as many as it can keep busy with."""
_AHEAD = 32 * 1024 * 1024
"""Bytes that it may have to check of a stream, which waits for all of them anyway."""
SOON = 2 * 1024 * 1024
"""Bytes before which somebody else's are checked within some tens of milliseconds."""
_BESIDE = 4 * 1024 * 1024
"""Bytes that are remembered here where the second process does most of the checking: few, so that a server's memory is level after minutes."""
_PATIENCE = 60
"""Seconds without a word after which it is ended, and what it was asked is checked here: it may have been stopped."""
_NOTHING = bytes(HEAD)
"""An answer that says nothing."""


class Task(msgspec.Struct, array_like=True):
    """Lines to be checked, each a statement or an array of ``most``: whose, under the name of which credential, in which version, by which policy.

    Lines that stand ``apart`` are left out where they can't be taken; else nothing is answered then.
    """

    lines: Sequence[bytes]
    most: int
    apart: bool
    tenant: str
    name: str
    version: str
    policy: Policy
    max_statement_bytes: int

    def __repr__(self) -> str:
        return f"Task({len(self.lines)} lines)"


_task, _checked = msgspec.msgpack.Decoder(Task).decode, msgspec.msgpack.Decoder(Checked).decode


class Second:
    """The second process, seen from the first one: started when it is worth it, and again after it has ended. Thread-safe."""

    def __init__(self, policy: Callable[[str], Policy], settings: Settings) -> None:
        self._policy = policy
        self._largest = settings.max_statement_bytes
        self._allowed = settings.second_process and len(os.sched_getaffinity(0)) > 1 and Path(sys.executable).name.startswith("python")
        self._offered = 0
        self._running: _Running | None = None
        self._lock = threading.Lock()

    @property
    def capacity(self) -> int:
        """Bytes of each kind of fragment that are remembered here, where it checks most, or does not."""
        return _BESIDE if self._allowed else CAPACITY

    def may_check(self, principal: Principal) -> bool:
        """Tell whether it may have what somebody sends: it has neither keys, by which repairs are made, nor profiles, nor passes."""
        return not (principal.narrow or principal.handling.repairs or principal.handling.profiles)

    def check(
        self,
        lines: Sequence[bytes],
        principal: Principal,
        version: str,
        *,
        most: int = sys.maxsize,
        ahead: int = _AHEAD,
        apart: bool = False,
    ) -> Future[Checked | None] | None:
        """Have lines of at most so many statements each checked there -> a future, which gives None for what has to be checked here after all.

        None at once when it can't take them now, as it has more than so many bytes ``ahead`` with them, or as they are too few to be worth it. Lines
        that stand ``apart`` come from as many senders: however few they are, and without those that have to be checked here.
        """
        size = sum(map(len, lines))
        if not (apart or size >= _LEAST) or not self._allowed or not self.may_check(principal):
            return None
        with self._lock:
            self._offered += size
            if self._running is not None and self._running.has_ended():
                self._running.end()
                self._running, self._offered = None, 0
            if self._running is None and self._offered > _WORTH:
                self._start()
            if self._running is None or not self._running.has_room(size, ahead):
                return None
            tenant = principal.tenant
            return self._running.ask(Task(lines, most, apart, tenant, principal.name, version, self._policy(tenant), self._largest), size)

    def _start(self) -> None:
        try:
            self._running = _Running()
        except OSError:
            # No more processes here, or no interpreter: then everything is checked in this one.
            self._allowed = False

    def end(self) -> None:
        """End the process, and with it what it remembers; what it was asked is checked here. Calling it twice is no error."""
        with self._lock:
            running, self._running, self._offered = self._running, None, 0
        if running is not None:
            running.end()


class _Running:
    """The process while it runs. One thread writes to it and one reads, so that neither waits for the other."""

    def __init__(self) -> None:
        self._socket, its = socket.socketpair()
        with its:
            # No log, which could quote what it was given.
            self._process = start("lrs.second", stdin=its.fileno(), stderr=subprocess.DEVNULL)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _PATIENCE, 0))
        self._writer, self._reader = (ThreadPoolExecutor(1, f"lrs-second-{way}") for way in ("out", "in"))
        self._under_way: list[int] = []
        self._counting = threading.Lock()
        self._ready = self._reader.submit(self._read)

    def has_room(self, size: int, ahead: int) -> bool:
        """Tell whether it can be asked: it has started, lives, and has little to do, at most so many bytes ``ahead`` when these are added."""
        with self._counting:
            has_little = len(self._under_way) < _UNDER_WAY and sum(self._under_way) + size <= ahead
        return has_little and self._ready.done() and not self.has_ended()

    def has_ended(self) -> bool:
        """Tell whether it lives no more."""
        return self._process.poll() is not None

    def ask(self, task: Task, size: int) -> Future[Checked | None]:
        """Send a task of so many bytes; one thread at a time."""
        with self._counting:
            self._under_way.append(size)
        self._writer.submit(self._write, task)
        return self._reader.submit(self._answer, size)

    def end(self) -> None:
        """Kill it: whoever waits for an answer gets none."""
        self._process.kill()
        self._process.wait()
        for thread in (self._writer, self._reader):
            thread.shutdown()
        self._socket.close()

    def _write(self, task: Task) -> None:
        try:
            _send(self._socket, task)
        except Exception:  # noqa: BLE001 -- whatever it is: answers come in the order of tasks, so one that was not sent is the last one
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _answer(self, size: int) -> Checked | None:
        try:
            content = self._read()
            return _checked(content) if content else None
        finally:
            with self._counting:
                self._under_way.remove(size)

    def _read(self) -> bytes:
        try:
            return _received(self._socket)
        except OSError:
            # Whatever keeps it from answering: what comes later would be taken for the answer to something else.
            self._process.kill()
            return b""


def main() -> None:
    """Be the second process: answer one task after another, until there are no more."""
    # What stands in its memory is to be on no disk, not even if it crashes.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    collect_seldom()
    with socket.socket(fileno=sys.stdin.fileno()) as first:
        first.sendall(_NOTHING)  # It has started.
        while content := _receive(first):
            if checked := _answer(_task(content)):
                _send(first, checked)
            else:
                first.sendall(_NOTHING)


def _answer(task: Task) -> Checked | None:
    checking = _checking(task.policy, task.max_statement_bytes)
    statements: list[Statement] = []
    places: list[int] = []
    purposes: list[Purposes] = []
    for place, line in enumerate(task.lines):
        try:
            sent = [bytes(raw) for raw in checking.split(line, task.most)[0]]
            found = checking.check(sent, task.tenant, task.version)
            check_contents(found, {})
            purposes += checking.take(sent, found, task.tenant, task.name, task.version)
        except Exception:  # noqa: BLE001 -- whatever it is: it is checked again where it can be said
            if task.apart:
                continue
            return None
        statements += found
        places += [place] * len(found)
    try:
        return Checked(checking.cut_out(statements, task.tenant), places, purposes)
    except Exception:  # noqa: BLE001 -- as above
        return None


@lru_cache(16)
def _checking(policy: Policy, max_statement_bytes: int) -> Checking:
    force = carried_out(policy)
    return Checking(lambda _tenant: force, max_statement_bytes=max_statement_bytes)


def _send(to: socket.socket, message: Task | Checked) -> None:
    to.sendall(framed(message))


def _receive(by: socket.socket) -> bytes:
    """Read what was sent. Nothing at the end, too."""
    try:
        return _received(by)
    except OSError:
        return b""


def _received(by: socket.socket) -> bytes:
    size = int.from_bytes(_whole(by, HEAD))
    return _whole(by, size) if size else b""


def _whole(by: socket.socket, size: int) -> bytes:
    """Read so many bytes, mostly in one call of the system: after each, a thread waits for its turn in this interpreter. Nothing if there are fewer."""
    content = by.recv(size, socket.MSG_WAITALL)
    while 0 < len(content) < size:
        # A signal cuts it short, as does whatever stops this process for a while.
        more = by.recv(size - len(content), socket.MSG_WAITALL)
        content = content + more if more else b""
    return content


if __name__ == "__main__":
    main()
