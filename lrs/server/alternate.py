"""The alternate request syntax of xAPI 1.0.3 (Communication 1.3): a form that stands for a request which some browsers can't make.

POST statements?method=PUT        the only parameter is the method
Authorization=...                 six headers may be fields; a field counts before a header of its name, since the form is the request
statementId=...                   any other field is a parameter
content=...                       the body, a text
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from lrs.errors import InvalidRequest
from lrs.server.request import Request
from lrs.server.versions import HEADER, negotiate
from lrs.xapi.versions import V2

if TYPE_CHECKING:
    from lrs.server.room import Room

_SECTION = "xAPI 1.0.3 Communication 1.3"
_FORM = "application/x-www-form-urlencoded"
_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE"})
_WITH_CONTENT = frozenset({"PUT", "POST"})
_HEADERS = frozenset({"authorization", "x-experience-api-version", "content-type", "content-length", "if-match", "if-none-match"})
_OF_THE_FORM = frozenset({b"content-type", b"content-length", b"content-encoding", b"transfer-encoding"})
_JSON = {b"content-type": b"application/json"}
_NOT_ENCODED = re.compile(rb"[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]|%(?![0-9A-Fa-f]{2})")
_MAX_FIELDS = 64
_LARGEST = 4 * 1024 * 1024
"""Bytes of a form: who sends it is not known before it is read, so it may not be as large as other bodies."""


async def meant(request: Request, limit: int, room: Room) -> Request:
    """Give the request that a form stands for; any other request as it is. A form has 4 MiB at most, or ``limit`` bytes, and takes of a ``room`` for forms.

    xAPI 2.0 has no such syntax: ``method`` is an unknown parameter there, and refused as one. Who asks is not known before
    the form is read, so that a malformed form is refused before wrong credentials are.
    """
    if request.method != "POST" or b"method=" not in request.query or _is_2(request.headers):
        return request
    parameters = request.parameters()
    if not any(name == "method" for name, _ in parameters):
        return request
    method = _method(parameters)
    if request.header(b"content-type").partition(";")[0].strip().lower() != _FORM:
        raise _refuse(f"the alternate request syntax is a form: its Content-Type is {_FORM}", "Content-Type")
    return await asyncio.to_thread(_translated, request, method, await request.body_of_nobody(min(limit, _LARGEST), room))


def _method(parameters: list[tuple[str, str]]) -> str:
    if len(parameters) > 1:
        raise _refuse("beside method, every parameter is a field of the form", "method")
    if parameters[0][1] not in _METHODS:
        raise _refuse(f"method must be one of {', '.join(sorted(_METHODS))}", "method")
    return parameters[0][1]


def _translated(request: Request, method: str, form: bytes) -> Request:
    headers: dict[bytes, bytes] = {}
    parameters: list[tuple[str, str]] = []
    contents: list[str] = []
    for name, text in _fields(form):
        if name == "content":
            contents.append(text)
        elif name.lower() in _HEADERS:
            _add_header(headers, name.lower().encode(), text)
        else:
            parameters.append((name, text))
    if len(contents) > 1 or (method in _WITH_CONTENT and not contents):
        raise _refuse(f"{method} needs the field content once", "content")
    headers.pop(b"content-length", None)
    headers = _JSON | {name: value for name, value in request.headers.items() if name not in _OF_THE_FORM} | headers
    if _is_2(headers):
        raise _refuse("xAPI 2.0 has no alternate request syntax", "method")
    return request.replaced(method=method, headers=headers, query=urlencode(parameters).encode(), body="".join(contents).encode())


def _is_2(headers: dict[bytes, bytes]) -> bool:
    return negotiate(headers.get(HEADER, b"").decode("latin-1"), (V2,)) is not None


def _fields(form: bytes) -> list[tuple[str, str]]:
    if _NOT_ENCODED.search(form):
        raise _refuse("the form holds characters that have to be percent-encoded", "content")
    try:
        return parse_qsl(form.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise _refuse("the form is not UTF-8, or has too many fields", "content") from None


def _add_header(headers: dict[bytes, bytes], name: bytes, text: str) -> None:
    if name in headers or not (text.isascii() and text.isprintable()):
        raise _refuse("a header stands in the form twice, or holds what no header may hold", name.decode())
    headers[name] = text.encode()


def _refuse(message: str, parameter: str) -> InvalidRequest:
    return InvalidRequest(message, parameter=parameter, section=_SECTION)
