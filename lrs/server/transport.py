"""What a connection writes to: the head of an answer waits for its body, so that one packet takes the place of two."""

from __future__ import annotations

import asyncio
from typing import Any

_HEAD, _END = b"HTTP/1.1 ", b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100"


class Joining:
    """A transport that holds back a head until more is written, or :meth:`flush`. Everything else the transport below does.

    The server writes a head and the body after it apart. Each packet costs a call into the system, and wakes the client.
    """

    def __init__(self, below: asyncio.Transport) -> None:
        self._below = below
        self._head = b""
        self.written = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._below, name)

    def write(self, data: bytes) -> None:
        """Write, after what was held back."""
        if not self._head and data.startswith(_HEAD) and data.endswith(_END) and not data.startswith(_CONTINUE):
            self._head = data
        else:
            head, self._head = self._head, b""
            self.written += len(head) + len(data)
            self._below.write(head + data)

    def flush(self) -> None:
        """Write what was held back: there is no body."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Close, after what was held back is written."""
        self.flush()
        self._below.close()
