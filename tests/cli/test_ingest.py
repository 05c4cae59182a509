"""``lrs ingest``: files in, an account of what became of each line."""

from __future__ import annotations

import gzip
import json
import stat
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from lrs.cli.outcomes import Outcome
from lrs.cli.remote import Remote
from lrs.errors import ConfigurationError, NotAuthenticated, StoreUnavailable
from lrs.exchange.peer import statements_path
from tests.cli.calling import Done, call, spawn
from tests.server.process import Server, add_credentials

MARK = "Canari5e1c77d0b2aa"


def lines(statements: list[dict[str, Any]]) -> bytes:
    """Spell statements as JSON lines."""
    return b"".join(json.dumps(statement).encode() + b"\n" for statement in statements)


def counted(data: Path) -> dict[str, int]:
    """Count what is stored by verb."""
    done = call("query", "--data", data, "--count-by", "verb")
    return {found["verb"]: found["count"] for found in map(json.loads, done.out.splitlines())}


def by_verb(statements: list[dict[str, Any]]) -> dict[str, int]:
    """Count statements by verb."""
    return dict(Counter(statement["verb"]["id"] for statement in statements))


@pytest.mark.parametrize(
    "spelt",
    [
        lines,
        lambda course: gzip.compress(lines(course)),
        lambda course: gzip.compress(lines(course)[:5000]) + gzip.compress(lines(course)[5000:]),
        lambda course: json.dumps(course).encode(),
        lambda course: json.dumps(course, indent=2).encode(),
        lambda course: gzip.compress(json.dumps(course, indent=1).encode()),
    ],
    ids=["lines", "gzip", "gzip of two members", "array", "indented array", "gzip of an array"],
)
def test_every_kind_of_file_is_stored_once(spelt: Any, course: list[dict[str, Any]], data: Path, tmp_path: Path) -> None:
    """Told apart by content, whatever the name; a second time is free."""
    file = tmp_path / "statements"
    file.write_bytes(spelt(course))
    first, again = (call("ingest", file, "--data", data) for _ in range(2))
    assert (first.status, first.out) == (0, "60 statements stored, 0 were stored before, 0 lines refused.\n")
    assert (again.status, again.out) == (0, "0 statements stored, 60 were stored before, 0 lines refused.\n")
    assert counted(data) == by_verb(course)
    assert not list(tmp_path.glob("*refused*"))


def test_standard_input_and_several_files(course: list[dict[str, Any]], data: Path, tmp_path: Path) -> None:
    """A dash among files; in a process of its own, through a real pipe."""
    file = tmp_path / "half.jsonl"
    file.write_bytes(lines(course[:30]))
    done = spawn("ingest", file, "-", "--data", data, stdin=gzip.compress(lines(course[20:])))
    assert (done.status, done.out) == (0, "60 statements stored, 10 were stored before, 0 lines refused.\n")


def broken(course: list[dict[str, Any]]) -> bytes:
    """Spell a file whose lines 2, 4, 5 and 7 are refused, each of them full of what must not be repeated."""
    good = [json.dumps(statement).encode() for statement in course[:3]]
    no_verb = json.dumps({"actor": {"name": MARK, "mbox": f"mailto:{MARK}@example.fr"}, "object": {"id": "https://x.example"}}).encode()
    conflict = json.dumps(course[0] | {"actor": {"mbox": f"mailto:{MARK}@example.fr"}}).encode()
    return b"\n".join([good[0], no_verb, good[1], b'{"actor": "' + MARK.encode(), conflict, b"", no_verb, good[2]])


def test_refused_lines_are_kept_and_explained(course: list[dict[str, Any]], data: Path, tmp_path: Path) -> None:
    """The good ones are stored; the others lie in a file that only its owner reads, with line numbers and reasons beside it."""
    file = tmp_path / "statements.jsonl"
    file.write_bytes(broken(course))
    done = call("ingest", file, "--data", data)
    assert done.status == 1
    assert done.out.startswith("3 statements stored, 0 were stored before, 4 lines refused.\n")
    assert "2 x " in done.out
    assert "personal data" in done.out
    kept = tmp_path / "statements.jsonl.refused.jsonl"
    reasons = tmp_path / "statements.jsonl.refused.reasons.jsonl"
    sent = broken(course).split(b"\n")
    assert kept.read_bytes().splitlines() == [sent[1], sent[3], sent[4], sent[6]]
    found = [json.loads(line) for line in reasons.read_text().splitlines()]
    assert [(reason["line"], reason["code"]) for reason in found] == [
        (2, "invalid-statement"),
        (4, "invalid-statement"),
        (5, "conflict"),
        (7, "invalid-statement"),
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (kept, reasons)} == {0o600}
    assert MARK not in done.out + done.err + reasons.read_text()


def test_corrected_lines_can_be_sent_again(course: list[dict[str, Any]], data: Path, tmp_path: Path) -> None:
    """The file of refused lines is a file of statements; a place for it can be named."""
    file, kept = tmp_path / "in.jsonl", tmp_path / "kept.jsonl"
    file.write_bytes(lines([course[0], {key: course[1][key] for key in ("id", "actor", "object")}]))
    assert call("ingest", file, "--data", data, "--refused", kept).status == 1
    corrected = tmp_path / "corrected.jsonl"
    corrected.write_text(json.dumps(json.loads(kept.read_text()) | {"verb": course[1]["verb"]}))
    assert call("ingest", corrected, "--data", data).out == "1 statements stored, 0 were stored before, 0 lines refused.\n"


def test_a_file_cut_short_is_said_so(course: list[dict[str, Any]], data: Path, tmp_path: Path) -> None:
    """What came before the cut is stored; the exit status is 1, without a traceback."""
    file = tmp_path / "cut.gz"
    file.write_bytes(gzip.compress(lines(course), 0)[:-3000])
    done = call("ingest", file, "--data", data)
    assert done.status == 1
    assert "cut short" in done.err
    assert "Traceback" not in done.err
    stored = int(done.out.split(" ", 1)[0])
    assert 0 < stored < 60
    assert sum(counted(data).values()) == stored


def test_a_missing_file_is_noticed_before_the_first_is_touched(course: list[dict[str, Any]], data: Path, tmp_path: Path) -> None:
    """Nothing is stored, and no store is made."""
    file = tmp_path / "there.jsonl"
    file.write_bytes(lines(course))
    done = call("ingest", file, tmp_path / "none", "--data", data)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"lrs: {tmp_path / 'none'} can't be read")
    assert not data.exists()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a record store for ``--url``."""
    folder = tmp_path_factory.mktemp("remote")
    (folder / "data").mkdir()
    add_credentials(folder / "data")
    running = Server(folder)
    yield running
    running.stop()


def test_a_file_goes_to_a_server(server: Server, course: list[dict[str, Any]], tmp_path: Path) -> None:
    """In batches; where one is refused, only the lines at fault are."""
    file = tmp_path / "statements.jsonl"
    file.write_bytes(broken(course) + b"\n" + lines(course[3:]))
    done = call("ingest", file, "--url", server.address, LRS_CREDENTIAL="both:b")
    assert done.status == 1
    assert done.out.startswith("60 statements stored, 0 were stored before, 4 lines refused.\n")
    found = [json.loads(line) for line in (tmp_path / "statements.jsonl.refused.reasons.jsonl").read_text().splitlines()]
    assert [reason["line"] for reason in found] == [2, 4, 5, 7]
    assert MARK not in done.out + done.err + server.printed()
    with server.client() as client:
        assert len(client.get("/xapi/statements").json()["statements"]) == 60


def test_a_wrong_credential_stops_at_once(server: Server, course: list[dict[str, Any]], tmp_path: Path) -> None:
    """It would be wrong for every batch."""
    file = tmp_path / "statements.jsonl"
    file.write_bytes(lines(course))
    done = call("ingest", file, "--url", server.address, "--credential", f"both:{MARK}")
    assert (done.status, "username or password is wrong" in done.err) == (1, True)
    assert MARK not in done.err


class Flaky(BaseHTTPRequestHandler):
    """A record store that is away at first: it closes, then answers 503, then takes what comes."""

    seen: list[int]

    def do_POST(self) -> None:
        """Answer by the number of the request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(len(json.loads(body)))
        if len(self.seen) == 1:
            self.close_connection = True
            return
        self.send_response(503 if len(self.seen) == 2 else 200)
        if len(self.seen) == 2:
            self.send_header("Retry-After", "7")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


@pytest.fixture
def flaky() -> Iterator[str]:
    """Serve ``Flaky``."""
    Flaky.seen = []
    with HTTPServer(("127.0.0.1", 0), Flaky) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def test_a_server_that_is_away_is_tried_again(flaky: str, course: list[dict[str, Any]]) -> None:
    """The same batch, after a pause that grows, and after the one that the server asks for."""
    pauses: list[float] = []
    remote = Remote(flaky, "a:b", version="1.0.3", pause=pauses.append)
    outcomes = list(remote.send(iter(lines(course).splitlines())))
    assert [outcome.error for outcome in outcomes] == [None] * 60
    assert [outcome.number for outcome in outcomes] == list(range(1, 61))
    assert Flaky.seen == [60, 60, 60]
    assert 0.5 <= pauses[0] < 1
    assert 7 <= pauses[1] < 9


def test_a_server_that_stays_away_is_given_up() -> None:
    """After attempts with pauses, with a hint that nothing is lost."""
    pauses: list[float] = []
    remote = Remote("http://127.0.0.1:1", "a:b", version="1.0.3", pause=pauses.append)
    with pytest.raises(StoreUnavailable, match="8 attempts"):
        list(remote.send(iter([b"{}"])))
    assert len(pauses) == 8


@pytest.mark.parametrize(
    ("url", "credential"), [("http://lrs.example.org", "a:b"), ("ftp://x", "a:b"), ("x", "a:b"), ("https://x", None), ("https://x", "ab")]
)
def test_nothing_goes_readably_over_the_network(url: str, credential: str | None) -> None:
    """Plain HTTP is for this machine; a credential is needed."""
    with pytest.raises(ConfigurationError):
        Remote(url, credential, version="1.0.3")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", "/xapi/statements"),
        ("/", "/xapi/statements"),
        ("/lrs/", "/lrs/xapi/statements"),
        ("/xapi", "/xapi/statements"),
        ("/data/xAPI/", "/data/xAPI/statements"),
        ("/xAPI/statements", "/xAPI/statements"),
    ],
)
def test_an_address_is_completed(path: str, found: str) -> None:
    """Whether the endpoint, the prefix or the resource is given."""
    assert statements_path(path) == found


def test_an_outcome_shows_no_line() -> None:
    """Its text could be in a log one day."""
    assert MARK not in repr(Outcome(1, MARK.encode()))
    assert issubclass(NotAuthenticated, Exception)
    assert Done(0, "", "").status == 0
