"""Bodies of several parts: taken apart and put together (RFC 2046, xAPI 1.0.3 Communication 1.5.2)."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lrs.errors import InvalidRequest, LimitExceeded
from lrs.xapi import multipart
from lrs.xapi.multipart import closing, opening, parse, part_head
from tests.effort import Effort

JSON = b'{"statement":1}'
TEXT = b"here is a simple attachment"
HEAD = b"--b\r\nContent-Type: application/json\r\n\r\n"
END = b"\r\n--b--"
MIXED = "multipart/mixed; boundary=b"


def sha(data: bytes, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, data).hexdigest()


def part(data: bytes = TEXT, **headers: str | None) -> bytes:
    """A part of an attachment; a header that is None is left out."""
    given = {"Content-Transfer-Encoding": "binary", "X-Experience-API-Hash": sha(data)} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
    return b"\r\n--b\r\n" + lines.encode() + b"\r\n" + data


def contents(body: bytes, content_type: str = MIXED) -> dict[str, bytes]:
    """Parse, and give the bytes of each content."""
    json, found = parse(content_type, body)
    assert json == JSON
    return {name: bytes(content.data) for name, content in found.items()}


@pytest.mark.parametrize(
    "body",
    [
        HEAD + JSON + part() + END,
        b"\r\n" + HEAD + JSON + part() + END,
        b"preamble\r\n--bee\r\n" + HEAD.replace(b"--b", b"\r\n--b") + JSON + part() + END + b"\r\nepilogue\r\n--b\r\n",
        HEAD.replace(b"--b", b"--b \t ") + JSON + part() + END + b"  \r\n",
        HEAD + JSON + part() + part() + END,
        HEAD + JSON + part(content_transfer_encoding="BINARY", Content_Transfer_Encoding=None) + END,
        HEAD + JSON + part(X_Folded="one\r\n two", X_Empty="") + END,
        HEAD + JSON + part(Content_Type="text/plain", X_Long="x" * 7000) + END,
        HEAD.replace(b"application/json", b"Application/JSON; charset=utf-8") + JSON + part() + END,
    ],
    ids=["plain", "line break first", "preamble and epilogue", "padding", "one content twice", "case", "folded", "long headers", "charset"],
)
def test_what_rfc_2046_allows_is_taken(body: bytes) -> None:
    """A line break, preamble, epilogue, padding after boundaries, folded headers, letters of either case."""
    assert contents(body) == {sha(TEXT): TEXT}


@pytest.mark.parametrize("algorithm", ["sha224", "sha256", "sha384", "sha512"])
def test_every_sha_2_is_known_by_its_length(algorithm: str) -> None:
    """224, 256, 384, 512, in either case; the contents are found in lower case."""
    assert contents(HEAD + JSON + part(X_Experience_API_Hash=sha(TEXT, algorithm).upper()) + END) == {sha(TEXT, algorithm): TEXT}


def test_what_the_headers_of_a_part_say_is_kept() -> None:
    """Content-Type and Content-Length, for comparing with the statement; a repr shows none of the bytes."""
    _, found = parse(MIXED, HEAD + JSON + part(Content_Type="text/plain", Content_Length="27") + END)
    (content,) = found.values()
    assert (content.content_type, content.length, repr(content)) == ("text/plain", "27", "Content(27 bytes)")


def test_no_attachments_are_no_error() -> None:
    """A body of one part is whole (xAPI 1.0.3 Communication 1.5.2.s3.b8)."""
    assert contents(HEAD + JSON + END) == {}


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ("multipart/mixed; boundary=b", "b"),
        ("multipart/mixed;BOUNDARY=b;charset=utf-8", "b"),
        ('multipart/mixed; charset="a;boundary=no"; boundary=b', "b"),
        ('multipart/mixed ; boundary="abcABC0123\'()+_,-./:=?"', "abcABC0123'()+_,-./:=?"),
        ('multipart/mixed; boundary="in \\"side"', None),
        ('multipart/mixed; boundary="a b"', "a b"),
        ("multipart/mixed; boundary======ADL_LRS======", "=====ADL_LRS======"),
        ("multipart/mixed; boundary=" + "x" * 70, "x" * 70),
        ("multipart/mixed; boundary=" + "x" * 71, None),
        ("multipart/mixed", None),
        ("multipart/mixed; boundary=", None),
        ('multipart/mixed; boundary=""', None),
        ('multipart/mixed; boundary="ends in space "', None),
        ("multipart/mixed; boundary=é", None),
        ('multipart/mixed; boundary="b', None),
    ],
)
def test_the_boundary_is_read_as_it_is_written(header: str, boundary: str | None) -> None:
    """Quoted or not, whatever stands beside it; without one, or with one that RFC 2046 forbids, the request is refused."""
    if boundary is None:
        with pytest.raises(InvalidRequest) as refused:
            multipart.boundary_of(header)
        assert refused.value.parameter == "Content-Type"
    else:
        assert multipart.boundary_of(header) == boundary


BAD = {
    "empty": b"",
    "no boundary": JSON,
    "another boundary": HEAD.replace(b"--b", b"--c") + JSON + part() + END,
    "no end": HEAD + JSON + part(),
    "the end is misspelt": HEAD + JSON + part() + b"\r\n--b-",
    "the boundary is not at the start of a line": b" " + HEAD + JSON + part().replace(b"\r\n--b", b"--b") + END.strip(),
    "line feeds alone": (HEAD + JSON + part() + END).replace(b"\r\n", b"\n"),
    "only the end": b"--b--\r\n",
    "two boundaries and nothing between": b"--b\r\n--b--",
    "the first part is text": HEAD.replace(b"application/json", b"text/plain") + JSON + END,
    "the first part has no type": b"--b\r\n\r\n" + JSON + END,
    "headers without end": HEAD + JSON + b"\r\n--b\r\nContent-Transfer-Encoding: binary" + END,
    "headers without colon": HEAD + JSON + part().replace(b"Content-Transfer-Encoding: ", b"Content-Transfer-Encoding ") + END,
    "a header twice": HEAD + JSON + part(x_experience_api_hash=sha(TEXT)) + END,
    "headers too long": HEAD + JSON + part(X_Long="x" * 9000) + END,
    "no hash": HEAD + JSON + part(X_Experience_API_Hash=None) + END,
    "no hash but rubbish": HEAD + JSON + part(X_Experience_API_Hash="abc") + END,
    "the hash of something else": HEAD + JSON + part(X_Experience_API_Hash=sha(b"x")) + END,
    "SHA-1": HEAD + JSON + part(X_Experience_API_Hash=sha(TEXT, "sha1")) + END,
    "no encoding": HEAD + JSON + part(Content_Transfer_Encoding=None) + END,
    "base64": HEAD + JSON + part(Content_Transfer_Encoding="base64") + END,
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_is_not_well_formed_is_refused(body: bytes) -> None:
    """Each is a bad request that says what is wrong and repeats nothing."""
    with pytest.raises(InvalidRequest) as refused:
        parse(MIXED, body)
    assert "simple attachment" not in str(refused.value)


boundaries = st.from_regex(r"\A[0-9A-Za-z'()+_,\-./:=?]{1,20}\Z")
pieces = st.one_of(
    st.sampled_from(
        [b"\r\n--", b"--", b"\r\n", b"\r", b"\n", b" ", b"\t", b"BOUNDARY", b"BOUNDAR", b"\r\n--BOUNDARYx", b"\r\n--BOUNDARY--x"]
    ),
    st.binary(max_size=30),
)


@given(texts=st.lists(st.lists(pieces, max_size=12), max_size=4), boundary=boundaries, quoted=st.booleans(), broken=st.booleans())
@example(texts=[[b"\r\n--BOUNDARYx\r\n\r\n"]], boundary="b", quoted=False, broken=False)
def test_whatever_is_put_together_comes_apart(*, texts: list[list[bytes]], boundary: str, quoted: bool, broken: bool) -> None:
    """Contents full of what looks like boundaries come back byte for byte, unless a whole boundary line stands in them."""
    name = boundary.encode()
    sent = {sha(data): data for data in (b"".join(pieces).replace(b"BOUNDARY", name) for pieces in texts)}
    body = opening(boundary) + JSON
    for digest, data in sent.items():
        body += part_head(boundary, digest, "text/plain") + data
    body = (b"\r\n" if broken else b"") + body + closing(boundary)
    header = f'multipart/mixed; boundary="{boundary}"' if quoted else f"multipart/mixed; boundary={boundary}"
    lines = [line.rstrip(b" \t") for data in sent.values() for line in (b"\r\n" + data + b"\r\n").split(b"\r\n")]
    if b"--" + name in lines or b"--" + name + b"--" in lines:
        return
    assert contents(body, header) == sent


@given(st.lists(st.one_of(pieces, st.sampled_from([HEAD, part(), END, b"--BOUNDARY\r\n"])), max_size=12))
def test_rubbish_is_refused_as_such(texts: list[bytes]) -> None:
    """Nothing but a refusal comes out of what is no such body."""
    body = b"".join(texts).replace(b"BOUNDARY", b"b")
    try:
        json, _ = parse(MIXED, body)
    except InvalidRequest:
        return
    assert json in body


def test_parts_are_limited() -> None:
    """More parts than anybody sends are refused, before their hashes are computed one and all."""
    body = HEAD + JSON + part() * multipart.MAX_PARTS + END
    with pytest.raises(LimitExceeded):
        parse(MIXED, body)


@pytest.mark.parametrize("filling", [b"\r\n--b", b"\r\n--b ", b"\r\n--b- ", b"\r\n--", b"\r\n", b"\r\n--b \t \r", b" "], ids=repr)
def test_the_time_grows_with_the_length(filling: bytes) -> None:
    """Eight times as much of what almost is a boundary costs about eight times as much, where it might be sixty-four times."""

    def cost(length: int) -> float:
        body = HEAD + JSON + b"\r\n--b\r\n\r\n" + filling * (length // len(filling))
        with Effort() as effort, pytest.raises(InvalidRequest):
            parse(MIXED, body)
        return effort.seconds

    small, large = (min(cost(length) for _ in range(3)) for length in (100_000, 800_000))
    assert large < 24 * small + 0.05
