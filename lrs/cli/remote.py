"""Sending statements to a record store over HTTP: in batches, with retries, and one by one where a batch is refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec

from lrs.cli.outcomes import Outcome
from lrs.errors import ConfigurationError, InvalidRequest, LRSError
from lrs.exchange.peer import Peer, basic
from lrs.exchange.verdict import verdict
from lrs.xapi import codec

_BATCH = 500
_BATCH_BYTES = 1_000_000
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_Line = tuple[int, bytes]


class Remote:
    """A record store at an address, for lines of statements.

    What the server stored before can't be told from what is new: an accepted line counts as stored. ``pause`` is called with seconds.
    """

    def __init__(self, url: str, credential: str | None, *, version: str, pause: Callable[[float], None] = time.sleep) -> None:
        if not credential:
            raise ConfigurationError(
                "--url needs a credential", hint="Give --credential USER:PASSWORD, or better LRS_CREDENTIAL in the environment."
            )
        self._peer = Peer(url, basic(credential), version=version, pause=pause)

    def send(self, lines: Iterator[bytes]) -> Iterator[Outcome]:
        """Send lines, and say what became of each."""
        for batch in codec.groups(lines, most=_BATCH, most_bytes=_BATCH_BYTES):
            yield from self._batch(batch)

    def _batch(self, batch: list[_Line]) -> Iterator[Outcome]:
        """Send lines as one batch; where it is refused, halve it until the lines that are at fault stand alone."""
        ready = [(number, line, statements) for number, line in batch if (statements := _statements(line)) is not None]
        if len(ready) == len(batch) > 1 or len(batch) == 1:
            error = (
                self._post(b"[" + b",".join(statements for _, line, statements in ready) + b"]")
                if ready
                else InvalidRequest("the line is not valid JSON")
            )
            if error is None:
                yield from (Outcome(number, line, _count(line)) for number, line, _ in ready)
                return
            if len(batch) == 1:
                yield Outcome(*batch[0], error=error)
                return
        middle = len(batch) // 2
        yield from self._batch(batch[:middle])
        yield from self._batch(batch[middle:])

    def _post(self, body: bytes) -> LRSError | None:
        """Send a batch: None when it was stored, else why not; raises what no batch would survive."""
        answer = self._peer.ask("POST", self._peer.statements, body, Content_Type="application/json")
        return verdict(answer)


def _statements(line: bytes) -> bytes | None:
    """Give the statements of a line without the brackets of an array; None for what is no JSON."""
    try:
        return (
            b",".join(bytes(raw) for raw in _ARRAY.decode(line))
            if line.lstrip()[:1] == b"["
            else bytes(msgspec.json.decode(line, type=msgspec.Raw))
        )
    except (msgspec.DecodeError, RecursionError):
        return None


def _count(line: bytes) -> int:
    return len(_ARRAY.decode(line)) if line.lstrip()[:1] == b"[" else 1
