"""Statements and the contents of their attachments in one reply (xAPI 1.0.3 Communication 1.5.2), sent as they are read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import Executor
from secrets import token_hex
from typing import TYPE_CHECKING

from lrs.server.reply import Reply, StreamedReply
from lrs.xapi.multipart import closing, opening, part_head

if TYPE_CHECKING:
    from lrs.privacy.attachments import StoredContents


def mixed_reply(body: bytes, contents: StoredContents, readers: Executor) -> Reply:
    """Answer with the JSON ``body`` and then each content; ``readers`` read them from the store, a piece at a time."""
    # Nobody can have put it into a content: it is made up now.
    boundary = token_hex(16)
    heads = {sha2: part_head(boundary, sha2, contents.content_type(sha2)) for sha2 in contents}
    start, end = opening(boundary) + body, closing(boundary)
    length = len(start) + sum(len(head) + contents.length(sha2) for sha2, head in heads.items()) + len(end)
    pieces = _read_by(readers, _pieces(start, heads, contents, end))
    content_type = (b"content-type", f"multipart/mixed; boundary={boundary}".encode())
    return StreamedReply(200, headers=[content_type], length=length, pieces=pieces)


def _pieces(start: bytes, heads: Mapping[str, bytes], contents: StoredContents, end: bytes) -> Iterator[bytes]:
    yield start
    for sha2, head in heads.items():
        yield head
        yield from contents.pieces(sha2)
    yield end


async def _read_by(readers: Executor, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    while (piece := await loop.run_in_executor(readers, next, pieces, None)) is not None:
        yield piece
