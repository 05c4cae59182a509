"""What a connection writes to: a head goes out with its body."""

from __future__ import annotations

import asyncio

from lrs.server.transport import Joining

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Below(asyncio.Transport):
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__({"peername": "someone"})
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.closed = True


def test_a_head_goes_out_with_its_body() -> None:
    """A head and the piece after it are one packet; further pieces go as they come."""
    below = Below()
    joining = Joining(below)
    for piece in (HEAD, b"{}", b"more"):
        joining.write(piece)
    assert below.sent == [HEAD + b"{}", b"more"]


def test_a_head_without_a_body_goes_out_when_it_is_flushed() -> None:
    """An answer that has no body is sent as soon as it is complete, once."""
    below = Below()
    joining = Joining(below)
    joining.write(HEAD)
    assert below.sent == []
    joining.flush()
    joining.flush()
    assert below.sent == [HEAD]


def test_closing_sends_what_was_held_back() -> None:
    """Nothing is lost when the connection is closed after an answer without a body."""
    below = Below()
    joining = Joining(below)
    joining.write(HEAD)
    joining.close()
    assert below.sent == [HEAD]
    assert below.closed


def test_who_waits_to_be_told_to_go_on_is_told_at_once() -> None:
    """``100 Continue`` is no head of an answer: the client sends nothing before it comes."""
    below = Below()
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    Joining(below).write(go_on)
    assert below.sent == [go_on]


def test_what_looks_like_a_head_within_a_body_is_not_lost() -> None:
    """A piece of a body that reads like a head waits for the next write, or the end of the answer."""
    below = Below()
    joining = Joining(below)
    for piece in (HEAD, HEAD, HEAD, b"end"):
        joining.write(piece)
    joining.flush()
    assert b"".join(below.sent) == HEAD * 3 + b"end"


def test_all_else_is_the_transport_below() -> None:
    """Whatever else is asked of it, the transport below answers."""
    assert Joining(Below()).get_extra_info("peername") == "someone"
