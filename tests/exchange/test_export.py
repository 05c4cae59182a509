"""What leaves the store as files: whole, in order, once, and no more of people than the view shows."""

from __future__ import annotations

import gzip
import json
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.dataset
import pyarrow.parquet
import pytest
from backports import zstd

import lrs
from lrs.access import Principal, Scope, View, software_authority
from lrs.errors import InvalidRequest, MissingExtra, NotPermitted
from lrs.exchange.folder import Folder, noted
from lrs.exchange.jsonl import Compression, JsonLines
from lrs.exchange.parquet import Parquet
from lrs.exchange.rows import Columns, Row, row
from lrs.settings import Settings
from tests.cli.calling import call, spawn
from tests.promises.corpus import Corpus
from tests.promises.test_canary import found_in

MONTHS = (datetime(2026, 9, 30, 23, 59, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
ESSAY = b"an essay"


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus("export")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, corpus: Corpus) -> Iterator[lrs.LRS]:
    """A store with statements of three months, each with identities in every place, and one with an attachment."""
    now = [0]

    def clock() -> int:
        now[0] += 1000
        return now[0]

    settings = Settings(data=tmp_path_factory.mktemp("export") / "data", max_page_statements=7)
    with lrs.LRS(settings, clock=clock) as opened:
        made = list(corpus.statements())
        for n, month in enumerate(MONTHS):
            now[0] = int(month.timestamp() * 1_000_000)
            opened.ingest(made[n :: len(MONTHS)])
        digest = sha256(ESSAY).hexdigest()
        attachment = {"usageType": "https://lms.example.fr/essay", "display": {"fr": "x"}, "contentType": "text/plain", "length": 8}
        statement = {
            "actor": {"mbox": "mailto:a@b.fr"},
            "verb": {"id": "https://v.example/handed-in"},
            "object": {"id": "https://o.example"},
        }
        opened.ingest(statement | {"attachments": [attachment | {"sha2": digest}]}, attachments={digest: ESSAY})
        yield opened


def bodies(store: lrs.LRS, **filters: Any) -> list[bytes]:
    return [body for page in store.export(**filters) for body in page.bodies]


def filled(store: lrs.LRS, path: Path, kind: str, writer: Any, **filters: Any) -> Folder:
    """Export into a folder, as the command does."""
    folder = Folder(path, kind, writer)
    for page in store.export(**filters):
        folder.write(map(row, page.bodies))
    folder.finish(1)
    return folder


def test_an_export_gives_all_oldest_first(store: lrs.LRS) -> None:
    """Over pages, each statement once, byte for byte as a query gives it, whatever the size of a page."""
    first = store.query(limit=7)
    found, more = list(first.bodies), first.more
    while more:
        page = store.query(more=more)
        found, more = found + page.bodies, page.more
    exported = bodies(store)
    assert exported == found[::-1]
    assert len(exported) > 100
    assert bodies(store, limit=1000) == exported
    assert bodies(store, verb="https://v.example/handed-in") == exported[-1:]


def test_an_export_takes_no_single_statement(store: lrs.LRS) -> None:
    """An id is refused, and so is whoever sees counts only."""
    with pytest.raises(InvalidRequest, match="filters"):
        next(store.export(statement_id=UUID(int=1)))
    with pytest.raises(NotPermitted):
        next(store.export(principal=reader(View.AGGREGATE)))


def reader(view: View) -> Principal:
    return Principal("default", "reader", frozenset({Scope.STATEMENTS_READ}), view, software_authority("https://lms.example.fr", "reader"))


@pytest.mark.parametrize("until", [None, "2999-01-01T00:00:00Z"])
def test_the_next_export_goes_on_where_one_ended(store: lrs.LRS, until: str | None) -> None:
    """What is stored while one runs is in the next one, and nothing is in both."""
    running = store.export(since=MONTHS[2], until=until)
    next(running)
    through = store.consistent_through()
    (late,) = store.ingest(
        {"actor": {"mbox": "mailto:l@b.fr"}, "verb": {"id": "https://v.example/late"}, "object": {"id": "https://o.example"}}
    )
    rest = [body for page in running for body in page.bodies]
    assert rest
    assert str(late).encode() not in b"".join(rest)
    assert [json.loads(body)["id"] for body in bodies(store, since=through)] == [str(late)]


@pytest.mark.parametrize("compression", Compression)
def test_lines_are_in_the_files_of_their_months(store: lrs.LRS, tmp_path: Path, compression: Compression) -> None:
    """Each file holds its month alone, is named by its first statement, and is its owner's; together they are everything, in order."""
    folder = filled(store, tmp_path / "out", ".x", lambda file: JsonLines(file, Columns.STATEMENTS, compression))
    opened = {Compression.NONE: open, Compression.GZIP: gzip.open, Compression.ZSTD: zstd.open}[compression]
    found = []
    for path in folder.files:
        with opened(path, "rb") as file:
            lines = file.read().splitlines()
        stored = [json.loads(line)["stored"] for line in lines]
        assert {time[:7] for time in stored} == {path.parent.name.removeprefix("month=")}
        assert path.name == stored[0].replace("-", "").replace(":", "") + ".x"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        found += lines
    assert [path.parent.name for path in folder.files] == ["month=2026-09", "month=2026-10", "month=2026-11"]
    assert [json.loads(line) for line in found] == [json.loads(body) for body in bodies(store)]
    assert not list((tmp_path / "out").rglob("*.part"))


def test_parquet_read_back_is_what_was_stored(store: lrs.LRS, tmp_path: Path) -> None:
    """The text of each statement to the byte, and its columns; the month is one too for who reads the folder."""
    filled(store, tmp_path / "out", ".parquet", lambda file: Parquet(file, Columns.STATEMENTS))
    table = pyarrow.dataset.dataset(tmp_path / "out", partitioning="hive", exclude_invalid_files=True).to_table()
    rows = sorted(table.to_pylist(), key=lambda each: each["stored"])
    expected = [row(body) for body in bodies(store)]
    assert [each["statement"].encode() for each in rows] == [each.body for each in expected]
    assert [str(each["id"]) for each in rows] == [each.id for each in expected]
    for name in ("verb", "object"):
        assert [each[name] for each in rows] == [getattr(each, name) for each in expected]
    for name in ("stored", "timestamp"):
        assert [round(each[name].timestamp() * 1_000_000) for each in rows] == [getattr(each, name) for each in expected]
    assert {each["month"] for each in rows} == {"2026-09", "2026-10", "2026-11"}
    assert any(each.object is None for each in expected)


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_ralphs_columns_go_into_ralphs_table(store: lrs.LRS, tmp_path: Path, kind: str) -> None:
    """A ClickHouse with the table of Ralph and Aspects takes the files as they are, in whatever time zone it is."""
    import chdb

    exported = [row(body) for body in bodies(store)]
    with (tmp_path / "events").open("wb") as file:
        writer = JsonLines(file, Columns.RALPH, Compression.NONE) if kind == "jsonl" else Parquet(file, Columns.RALPH)
        writer.write(exported)
        writer.close()
    form = {"jsonl": "JSONEachRow", "parquet": "Parquet"}[kind]
    script = f"""
import chdb, sys
from chdb.session import Session
session = Session()
session.query("CREATE TABLE e (event_id UUID NOT NULL, emission_time DateTime64(6) NOT NULL, event String NOT NULL) ENGINE = Memory")
session.query("INSERT INTO e SELECT * FROM file('{tmp_path / "events"}', '{form}', 'event_id UUID, emission_time DateTime64(6), event String')")
sys.stdout.write(str(session.query("SELECT toString(event_id), toUnixTimestamp64Micro(emission_time), event FROM e", "JSONCompactEachRow")))
"""
    del chdb
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60, env={"TZ": "America/New_York", "PATH": ""}
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each[0], int(each[1]), each[2].encode()) for each in found] == [(each.id, each.timestamp, each.body) for each in exported]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize("columns", Columns)
def test_a_pseudonymous_export_holds_no_identity(store: lrs.LRS, corpus: Corpus, kind: str, columns: Columns) -> None:
    """No marker of any identity, free text, id or registration is in its bytes; in an identified one they are."""
    for view, leaks in ((View.IDENTIFIED, True), (View.PSEUDONYMOUS, False)):
        rows = [row(body) for body in bodies(store, principal=reader(view))]
        file = BytesIO()
        writer = JsonLines(file, columns, Compression.NONE) if kind == "jsonl" else Parquet(file, columns)
        writer.write(rows)
        writer.close()
        table = pyarrow.parquet.read_table(BytesIO(file.getvalue())).to_pydict() if kind == "parquet" else {}
        text = file.getvalue() + repr(table).encode()
        leaked = found_in(text, corpus.markers)
        assert bool(leaked) is leaks, sorted(corpus.markers[marker] for marker in leaked)
        assert len(rows) > 100


def test_files_have_their_names_only_once_they_are_whole(tmp_path: Path) -> None:
    """A file ends after so many rows, and export.json follows; what was open when an export stopped is gone."""
    folder = Folder(tmp_path, ".jsonl", lambda file: JsonLines(file, Columns.STATEMENTS, Compression.NONE), rows=10)
    start = int(MONTHS[0].timestamp()) * 1_000_000
    folder.write(Row(str(UUID(int=n)), start + n, start, "v", None, b"{}") for n in range(25))
    finished = [path for path in folder.files if path.exists()]
    assert [path.read_bytes().count(b"\n") for path in finished] == [10, 10]
    assert noted(tmp_path) == "2026-09-30T23:59:00.000019Z"
    folder.drop()
    assert sorted(path.name for path in (tmp_path / "month=2026-09").iterdir()) == [path.name for path in finished]


def test_parquet_without_pyarrow_is_refused_kindly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra) as error:
        Parquet(BytesIO(), Columns.STATEMENTS)
    assert "lrs[parquet]" in error.value.hint


def test_the_audit_trail_knows_of_exports(store: lrs.LRS) -> None:
    """Who exported how much; also of one that was broken off."""
    number = len(bodies(store))
    next(running := store.export())
    running.close()
    store._audit.checkpoint()
    trail = b"".join(path.read_bytes() for path in (store.settings.data / "audit").rglob("*.jsonl"))
    told = [json.loads(line) for line in trail.splitlines() if b'"export statements"' in line]
    assert (told[-2]["counts"], told[-2]["outcome"]) == ({"statements": number}, "done")
    assert (told[-1]["counts"], told[-1]["outcome"]) == ({"statements": 7}, "failed")


def lines_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob("month=*/*.jsonl")) for line in path.read_bytes().splitlines()]


@pytest.fixture
def course() -> list[dict[str, Any]]:
    return [
        {
            "id": str(UUID(int=0x10000000_0000_4000_8000_000000000000 + n)),
            "actor": {"name": f"Zoé {n % 7}", "mbox": f"mailto:zoe-{n % 7}@example.fr"},
            "verb": {"id": f"http://verbs.example/{n % 3}"},
            "object": {"id": "https://lms.example.fr/video"},
        }
        for n in range(60)
    ]


@pytest.mark.usefixtures("closed")
def test_the_command_exports_and_goes_on(course: list[dict[str, Any]], tmp_path: Path) -> None:
    """Once more with --resume only what is new; what a credential may read, by its view; attachments by their hash."""
    data, out = tmp_path / "data", tmp_path / "out"
    with lrs.open(data) as opened:
        opened.ingest(course[:50])
        opened.credentials.add("researcher", username="r", scopes=("statements/read",), view="pseudonymous")
    done = call("export", out, "--data", data, "--compress", "none")
    assert done.status == 0, done.err
    assert done.out.startswith("50 statements in 1 new files")
    assert [each["id"] for each in lines_in(out)] == [each["id"] for each in course[:50]]
    with lrs.open(data) as opened:
        opened.ingest(course)
    done = call("export", out, "--data", data, "--compress", "none", "--resume")
    assert done.out.startswith("10 statements in 1 new files")
    assert [each["id"] for each in lines_in(out)] == [each["id"] for each in course]
    hidden = call(
        "export", tmp_path / "hidden", "--data", data, "--compress", "none", "--credential", "r", "--verb", "http://verbs.example/1"
    )
    assert hidden.out.startswith("20 statements")
    assert "example.fr/" in json.dumps(lines_in(tmp_path / "hidden"))
    assert "zoe" not in json.dumps(lines_in(tmp_path / "hidden")).lower()
    assert call("export", out, "--data", data, "--credential", "r", "--view", "identified").status == 1


@pytest.fixture
def closed(store: lrs.LRS) -> None:
    """A process holds one embedded engine: the module's is not needed any more."""
    store.close()


@pytest.mark.usefixtures("closed")
def test_the_command_exports_attachments(course: list[dict[str, Any]], tmp_path: Path) -> None:
    """Each content once, in a file named by its hash; none in the pseudonymous view. What it is for is in the trail."""
    data, out = tmp_path / "data", tmp_path / "out"
    digest = sha256(ESSAY).hexdigest()
    attachment = {
        "usageType": "https://x.example/e",
        "display": {"fr": "x"},
        "contentType": "text/plain",
        "length": len(ESSAY),
        "sha2": digest,
    }
    with lrs.open(data) as opened:
        opened.ingest([each | {"attachments": [attachment]} for each in course[:3]], attachments={digest: ESSAY})
    done = call("export", out, "--data", data, "--attachments", "--purpose", "records")
    assert done.out.startswith("3 statements")
    assert {path.name: path.read_bytes() for path in (out / "attachments").iterdir()} == {digest: ESSAY}
    assert stat.S_IMODE((out / "attachments" / digest).stat().st_mode) == 0o600
    assert call("export", tmp_path / "hidden", "--data", data, "--attachments", "--view", "pseudonymous").out.startswith("3 statements")
    assert list((tmp_path / "hidden" / "attachments").iterdir()) == []
    trail = b"".join(path.read_bytes() for path in (data / "audit").rglob("*.jsonl"))
    assert b'"purpose":"records"' in trail


@pytest.mark.usefixtures("closed")
def test_a_folder_that_cannot_be_written_is_said_so(course: list[dict[str, Any]], tmp_path: Path) -> None:
    """With a reason and what to do, and no half file is left."""
    data, out = tmp_path / "data", tmp_path / "out"
    with lrs.open(data) as opened:
        opened.ingest(course)
    program = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from lrs.exchange import folder; before = folder.Folder.write"
    program += "\ndef small(*a): resource.setrlimit(resource.RLIMIT_FSIZE, (100, -1)); return before(*a)"
    program += "\nfolder.Folder.write = small\nfrom lrs.cli.main import main; main()"
    command = [sys.executable, "-c", program, "export", str(out), "--data", str(data), "--compress", "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "can't be written: File too large" in done.stderr, done.stderr
    assert not list(out.glob("month=*/*"))


@pytest.mark.usefixtures("closed")
def test_an_export_that_is_killed_goes_on(course: list[dict[str, Any]], tmp_path: Path) -> None:
    """After kill -9 no half file has a name, and --resume makes it whole: nothing is lost, nothing is there twice."""
    data, out = tmp_path / "data", tmp_path / "out"
    with lrs.open(data) as opened:
        for n in range(0, 6000, 60):
            opened.ingest([each | {"id": str(UUID(int=0x20000000_0000_4000_8000_000000000000 + n + m))} for m, each in enumerate(course)])
    program = "import lrs.exchange.folder as f, sys; f.Folder.__init__.__kwdefaults__['rows'] = 1500; from lrs.cli.main import main; main()"
    command = [sys.executable, "-c", program, "export", str(out), "--data", str(data), "--compress", "none"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(out.glob("month=*/*.jsonl")):
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    before = len(lines_in(out))
    assert before % 1500 == 0
    done = spawn("export", out, "--data", data, "--compress", "none", "--resume")
    assert done.status == 0, done.err
    found = [each["id"] for each in lines_in(out)]
    assert len(found) == len(set(found)) == 6000
