"""Statements and the contents of their attachments in one body: multipart/mixed (RFC 2046, 5.1; xAPI 1.0.3 Communication 1.5.2).

The body is looked through once, and the contents are slices of it: nothing is copied. A line that only begins like a boundary is content.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

import msgspec

from lrs.errors import InvalidRequest, LimitExceeded
from lrs.xapi.formats import is_sha2

MAX_PARTS = 10_000
MAX_HEADER_BYTES = 8192
SECTION = "xAPI 1.0.3 Communication 1.5.2"
_HASHES = {56: hashlib.sha224, 64: hashlib.sha256, 96: hashlib.sha384, 128: hashlib.sha512}
# Values that are not quoted end at a semicolon: some clients leave out the quotes that others of these characters need.
_PARAMETER = re.compile(r';[ \t]*([A-Za-z0-9!#$%&\'*+.^_`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^";\s]*))[ \t]*')
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_END_OF_LINE = re.compile(rb"(--)?[ \t]*(\r\n|\Z)")


class Content(msgspec.Struct, frozen=True, eq=False):
    """The bytes of an attachment, and what the headers of its part say of them; empty where they say nothing."""

    data: bytes | memoryview
    content_type: str = ""
    length: str = ""

    def __repr__(self) -> str:
        return f"Content({len(self.data)} bytes)"


Contents = Mapping[str, Content]
"""SHA-2, in lower case -> content."""


def parse(content_type: str, body: bytes) -> tuple[bytes, dict[str, Content]]:
    """Take a body apart -> (the JSON of its statements, the contents that came with them, each the bytes of its hash).

    ``content_type`` is the header of the request. Raises :class:`lrs.errors.InvalidRequest`, which quotes nothing, and
    :class:`lrs.errors.LimitExceeded`.
    """
    parts = _parts(body, boundary_of(content_type).encode())
    headers, json = next(parts, ({}, memoryview(b"")))
    if media_type(headers.get("content-type", "")) != "application/json":
        raise _refusal("the first part must be application/json")
    return bytes(json), dict(_content(headers, data) for headers, data in parts)


def check_hash(sha2: str, data: bytes | memoryview) -> str:
    """Give a SHA-2 in lower case, or refuse it unless it is that of the data; its length tells which SHA-2 it is."""
    if not is_sha2(sha2):
        raise _refusal("the hash of an attachment must be a SHA-2 in hexadecimal (X-Experience-API-Hash)")
    if _HASHES[len(sha2)](data).hexdigest() != sha2.lower():
        raise _refusal("the content of an attachment is not what its hash says")
    return sha2.lower()


def media_type(header: str) -> str:
    """Give the type of a Content-Type without its parameters, in lower case."""
    return header.partition(";")[0].strip().lower()


def boundary_of(content_type: str) -> str:
    """Give the boundary that a Content-Type names."""
    position = content_type.find(";")
    while position >= 0 and (found := _PARAMETER.match(content_type, position)):
        name, quoted, plain = found.groups()
        if name.lower() == "boundary":
            boundary = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            if _BOUNDARY.fullmatch(boundary):
                return str(boundary)
            break
        position = found.end()
    raise _refusal("Content-Type: multipart/mixed must name a boundary", parameter="Content-Type")


def opening(boundary: str) -> bytes:
    """Give what stands before the JSON; names of headers are spelled as everybody does, since some clients look for that."""
    return f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode()


def part_head(boundary: str, sha2: str, content_type: str) -> bytes:
    """Give what stands before the content of an attachment; some clients know headers in this spelling alone."""
    return (
        f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: {sha2}\r\n\r\n"
    ).encode()


def closing(boundary: str) -> bytes:
    """Give what stands after the last content."""
    return f"\r\n--{boundary}--\r\n".encode()


def _content(headers: Mapping[str, str], data: memoryview) -> tuple[str, Content]:
    if headers.get("content-transfer-encoding", "").lower() != "binary":
        raise _refusal("each part after the first must have Content-Transfer-Encoding: binary")
    sha2 = check_hash(headers.get("x-experience-api-hash", ""), data)
    return sha2, Content(data, headers.get("content-type", ""), headers.get("content-length", ""))


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[dict[str, str], memoryview]]:
    """Give (headers, content) of each part."""
    lines = _boundaries(body, boundary)
    found = next(lines, None)
    if found is None:
        raise _refusal("the body does not have the boundary that Content-Type names", parameter="Content-Type")
    start, number = found[1], 0
    while start >= 0:
        end, following = next(lines, (-1, -1))
        if end < 0:
            raise _refusal("the body does not end with the boundary and two hyphens")
        number += 1
        if number > MAX_PARTS:
            raise LimitExceeded(f"the body has more than {MAX_PARTS} parts")
        yield _part(body, start, end)
        start = following


def _boundaries(body: bytes, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Give each boundary line: (where the part before it ends, where the part after it starts or -1 after the last one)."""
    line = b"--" + boundary
    # The line break before a boundary belongs to it; the first one may do without.
    end = 0 if body.startswith(line) else body.find(b"\r\n" + line)
    while end >= 0:
        after = end + len(line) + (2 if body.startswith(b"\r\n", end) else 0)
        found = _END_OF_LINE.match(body, after)
        last = found is not None and found[1] is not None
        if found and (last or found[2]):
            yield end, -1 if last else found.end()
            if last:
                return
            after = found.end()
        end = body.find(b"\r\n" + line, after)


def _part(body: bytes, start: int, end: int) -> tuple[dict[str, str], memoryview]:
    # An empty line ends the headers, and there may be none: the search begins with the line break before the part.
    middle = body.find(b"\r\n\r\n", start - 2, min(end + 2, start + MAX_HEADER_BYTES))
    if middle < 0:
        raise _refusal("the headers of a part are too long, or no empty line ends them")
    return _headers(body[start : max(start, middle)]), memoryview(body)[middle + 4 : max(middle + 4, end)]


def _headers(block: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    unfolded = re.sub(r"\r\n[ \t]+", " ", block.decode("latin-1"))
    for line in unfolded.split("\r\n") if unfolded else ():
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not name or name in found:
            raise _refusal("a header of a part is not well formed, or stands twice")
        found[name] = value.strip()
    return found


def _refusal(message: str, *, parameter: str = "") -> InvalidRequest:
    return InvalidRequest(message, parameter=parameter, section=SECTION)
