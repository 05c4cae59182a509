"""What holds of an engine beneath the rows: its schema, what a reader may do, reading while it writes, its own clearing away."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from lrs.errors import ConfigurationError, StoreUnavailable
from lrs.storage.contract import Selection
from lrs.storage.warehouse import Warehouse
from lrs.storage.warehouse.migrations import migrate
from lrs.storage.warehouse.schema import MIGRATIONS, Migration
from tests.storage.engines import Engine
from tests.storage.rows import NOW, SECOND, row

_PATIENCE = 60


def test_readers_can_only_read_tables(engine: Engine) -> None:
    """On the embedded engine a reading session reaches no file, no address, no Python object, and changes nothing."""
    if engine.name != "embedded":
        pytest.skip("a server has no powers of this process; what its user may do is the server's to say")
    secret = "canary"  # noqa: F841 -- what Python() would see
    with engine.open() as warehouse, warehouse._sessions.reader() as session:
        for text in (
            "SELECT * FROM file('/etc/passwd', 'LineAsString')",
            "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
            "SELECT * FROM Python(secret)",
            "INSERT INTO statements (tenant) VALUES ('x')",
            "DROP TABLE statements",
            "SET readonly = 0",
        ):
            with pytest.raises(StoreUnavailable):
                session.query(text, {})


def test_the_engine_keeps_nothing_of_what_was_asked(engine: Engine) -> None:
    """The embedded engine, whose memory is this process's, remembers no condition: neither of pages, nor of look-ups, nor of what a writer asks."""
    if engine.name != "embedded":
        pytest.skip("a server's memory is the server's to bound")
    with engine.open() as warehouse:
        warehouse.insert([row(n) for n in range(1000)])
        missing = uuid4()
        for n in range(20):
            warehouse.find("t", Selection(sids=(10_000 + n,)), now=NOW + n)
            warehouse.find("t", Selection(registration=uuid4()), now=NOW + n)
            warehouse.by_id("t", [missing], now=NOW + n)
        with warehouse._sessions.writer() as session:
            session.query("SELECT count() FROM statements WHERE verb = {verb:String} AND id != {id:UUID}", {"verb": "none", "id": missing})
            assert session.query("SELECT count() FROM system.query_condition_cache", {}) == [(0,)]


def test_reading_goes_on_while_the_writer_is_busy(warehouse: Warehouse) -> None:
    """A statement that takes the writing session two seconds keeps no reader waiting."""
    warehouse.insert([row()])
    busy = threading.Event()

    def write_slowly() -> None:
        with warehouse._sessions.writer() as session:
            busy.set()
            session.query("SELECT sleepEachRow(1) FROM numbers(2) SETTINGS max_block_size = 1", {})

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert busy.wait(10)
    assert len(warehouse.find("t", Selection(), now=NOW)) == 1
    assert writer.is_alive()
    writer.join()


def test_what_is_asked_at_opening_has_no_limit_of_time(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store opens however long its disk takes: the newest time is asked of no session that has a reader's limit."""
    with engine.open() as warehouse:
        warehouse.insert([row(stored=NOW)])

        def limited() -> None:
            raise AssertionError("a session with a limit of time")

        monkeypatch.setattr(warehouse._sessions, "reader", limited)
        monkeypatch.setattr(warehouse._sessions, "lookup", limited)
        assert warehouse.last_stored() == NOW


def test_an_insert_is_seen_whole_or_not_at_all(warehouse: Warehouse) -> None:
    """Who counts while batches of 4,000 go in counts multiples of 4,000."""
    batches = [[row(10_000 * n + m, body=b'{"x":"%b"}' % (b"%d" % m * 400)) for m in range(4000)] for n in range(3)]
    writer = threading.Thread(target=lambda: [warehouse.insert(batch) for batch in batches])
    writer.start()
    seen = set()
    while writer.is_alive():
        seen |= {number for _, number in warehouse.count_by("t", Selection(), "verb", now=NOW)}
    writer.join()
    assert seen <= {4000, 8000, 12000}
    assert warehouse.count_by("t", Selection(), "verb", now=NOW)[0][1] == 12000


def test_migrations_run_once_and_guard_the_schema(engine: Engine) -> None:
    """They are applied once; an edited one and an unknown one refuse to start; the next one is applied."""
    following = Migration(2, "next", ("CREATE TABLE more (x UInt8) ENGINE = MergeTree ORDER BY x",))
    with engine.open() as warehouse, warehouse._sessions.writer() as session:
        assert migrate(session) == []
        with pytest.raises(ConfigurationError):
            migrate(session, [Migration(1, "edited", ("SELECT 2",))])
        assert migrate(session, [*MIGRATIONS, following]) == [2]
        with pytest.raises(ConfigurationError):
            migrate(session, MIGRATIONS)
        # So that it can be opened again, to be removed.
        session.command("ALTER TABLE migrations DELETE WHERE number = 2 SETTINGS mutations_sync = 1")


def test_what_expired_is_hidden_at_once_and_leaves_the_disk(engine: Engine) -> None:
    """Past its limit a personal column is not read, in no filter, and the engine itself takes its bytes off the disk; then the row."""
    marker = b"sealed-" + uuid4().hex.encode()
    with engine.open() as warehouse:
        end = int(time.time()) + 4
        warehouse.insert([row(0, sids=(99,), sealed=(marker,), registration=uuid4(), identity_until=end), row(1, keep_until=end), row(2)])
        assert engine.folder is None or is_below(engine.folder, marker)
        late = (end + 1) * SECOND
        assert len(warehouse.find("t", Selection(sids=(99,)), now=NOW)) == 1
        assert warehouse.find("t", Selection(sids=(99,)), now=late) == []
        shown = warehouse.find("t", Selection(), now=late)
        assert [list(found.sids) for found in shown] == [[7], []]
        assert [list(found.sealed) for found in shown] == [[], []]
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            with warehouse._sessions.reader() as session:
                left = session.query("SELECT count(), countIf(notEmpty(sealed)) FROM statements", {})[0]
            if left == (2, 0) and (engine.folder is None or not is_below(engine.folder, marker)):
                return
            time.sleep(0.5)
        pytest.fail(f"after {_PATIENCE} s (rows, sealed) are {left}")


def is_below(folder: Path, marker: bytes) -> bool:
    """Tell whether bytes stand in any file of a folder; files may go while it looks."""
    for path in folder.rglob("*"):
        try:
            if path.is_file() and marker in path.read_bytes():
                return True
        except FileNotFoundError:
            continue
    return False
