"""Rows in the journal are as good as rows in their table: durable, there for every reader, and there once."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lrs.errors import StoreUnavailable
from lrs.storage.contract import NO_UUID, Record, SeenDefinition, Selection, TokenisedStatements
from lrs.storage.warehouse import Warehouse
from lrs.storage.warehouse.journal import Journal
from lrs.storage.warehouse.statements import Statements
from tests.storage.engines import embedded_settings
from tests.storage.rows import NOW, row

ASCENDING = Selection(limit=100, ascending=True)


def record(number: int, month: int = 9) -> Record:
    stored = int(datetime(2026, month, 1, tzinfo=UTC).timestamp()) * 1_000_000 + number
    return Record(number.to_bytes(16), stored.to_bytes(8), b"", b"block %d" % number)


class Table:
    """What a journal is told to insert, and how often that fails."""

    def __init__(self) -> None:
        self.inserts: list[list[bytes]] = []
        self.failures = 0
        self.failure: Exception = StoreUnavailable("the warehouse can't answer")
        self.stores_before_failing = False
        self.asked: list[bytes] = []

    def insert(self, records: Sequence[Record]) -> None:
        failing = self.failures > 0
        self.failures -= failing
        if not failing or self.stores_before_failing:
            self.inserts.append([each.block for each in records])
        if failing:
            raise self.failure

    def has_any(self, times: bytes) -> bool:
        self.asked.append(times)
        return any(b"block %d" % times[7] in several for several in self.inserts)

    @property
    def rows(self) -> list[bytes]:
        return [block for several in self.inserts for block in several]


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def opened(tmp_path: Path, table: Table) -> Iterator[Callable[[], Journal]]:
    journals: list[Journal] = []

    def open_one() -> Journal:
        journals.append(Journal(tmp_path / "journal", insert=table.insert, has_any=table.has_any))
        return journals[-1]

    yield open_one
    for journal in journals:
        journal.close()


def test_rows_are_inserted_together(opened: Callable[[], Journal], table: Table) -> None:
    """Who puts rows does not wait for their insert, which is one for all that came meanwhile, in order."""
    journal = opened()
    for number in range(50):
        journal.put(record(number))
    journal.settle()
    assert table.rows == [b"block %d" % number for number in range(50)]
    assert len(table.inserts) < 10


def test_rows_are_inserted_though_nobody_reads(opened: Callable[[], Journal], table: Table) -> None:
    """They wait for others for a moment, not for ever."""
    opened().put(record(1))
    end = time.monotonic() + 20
    while not table.rows and time.monotonic() < end:
        time.sleep(0.01)
    assert table.rows == [b"block 1"]


def test_months_are_inserted_apart(opened: Callable[[], Journal], table: Table) -> None:
    """An insert over two partitions would not be all or nothing."""
    journal = opened()
    for number, month in enumerate((9, 9, 10)):
        journal.put(record(number, month))
    journal.settle()
    assert table.rows == [b"block 0", b"block 1", b"block 2"]
    assert [b"block 1", b"block 2"] not in table.inserts
    assert all(b"block 2" not in several or several == [b"block 2"] for several in table.inserts)


def test_an_insert_that_failed_is_made_again(opened: Callable[[], Journal], table: Table) -> None:
    """Who reads meanwhile is told; nothing that was put is lost."""
    journal = opened()
    table.failures = 1
    journal.put(record(1))
    with pytest.raises(StoreUnavailable):
        journal.settle()
    journal.put(record(2))
    journal.settle()
    assert table.rows == [b"block 1", b"block 2"]


def test_a_failure_that_nobody_foresaw_stops_nothing(opened: Callable[[], Journal], table: Table) -> None:
    """Who reads hears its kind, not its text, which could quote a row; the next try goes on."""
    journal = opened()
    table.failures, table.failure = 1, ValueError("jeanne@example.fr")
    journal.put(record(1))
    with pytest.raises(StoreUnavailable, match="ValueError") as told:
        journal.settle()
    assert "jeanne" not in str(told.value)
    journal.settle()
    assert table.rows == [b"block 1"]


def test_an_insert_that_failed_too_late_is_not_made_again(opened: Callable[[], Journal], table: Table) -> None:
    """What is in the table already is found there by its ids."""
    journal = opened()
    table.failures, table.stores_before_failing = 1, True
    journal.put(record(1))
    with pytest.raises(StoreUnavailable):
        journal.settle()
    journal.settle()
    assert table.rows == [b"block 1"]
    assert table.asked


def test_closing_inserts_what_waits(opened: Callable[[], Journal], table: Table, tmp_path: Path) -> None:
    """After it there is nothing left in the files."""
    journal = opened()
    journal.put(record(1))
    journal.close()
    assert table.rows == [b"block 1"]
    assert [file.read_bytes() for file in sorted((tmp_path / "journal").iterdir())] == [b"", b""]


def test_what_a_dead_process_left_is_inserted(opened: Callable[[], Journal], table: Table, tmp_path: Path) -> None:
    """The next one finds it in whichever file it is, each row once."""
    journal = opened()
    table.failures = 1000
    journal.put(record(1))
    with pytest.raises(StoreUnavailable):
        journal.settle()
    journal.put(record(2))
    shutil.copytree(tmp_path / "journal", tmp_path / "left")
    table.failures = 0
    journal.close()
    shutil.rmtree(tmp_path / "journal")
    (tmp_path / "left").rename(tmp_path / "journal")
    assert all(file.stat().st_size for file in (tmp_path / "journal").iterdir())
    assert table.rows == [b"block 1", b"block 2"]
    # It got as far as the table just before it died.
    table.inserts = [[b"block 1"]]
    opened()
    assert table.rows == [b"block 1", b"block 2"]


def test_more_than_may_wait_waits_outside(opened: Callable[[], Journal], table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """While inserts fail, putting goes on until there is no room, then fails too, and says that it was not taken."""
    monkeypatch.setattr("lrs.storage.warehouse.journal._MOST", 3)
    monkeypatch.setattr("lrs.storage.warehouse.journal._PATIENCE", 0.2)
    journal = opened()
    table.failures = 1000
    for number in range(3):
        journal.put(record(number))
    with pytest.raises(StoreUnavailable):
        journal.put(record(3))
    table.failures = 0
    journal.settle()
    assert table.rows == [b"block 0", b"block 1", b"block 2"]


def test_it_tells_what_may_not_be_in_the_table_yet(opened: Callable[[], Journal], table: Table) -> None:
    """Rows that wait, and those whose insert has begun or failed, are held; those in the table and those that never came are not."""
    journal = opened()
    journal.put(record(1))
    journal.settle()
    table.failures = 1000
    journal.put(record(2))
    with pytest.raises(StoreUnavailable):
        journal.settle()
    journal.put(record(3))
    held = {number for number in range(5) if journal.holds_any({number.to_bytes(16, "big")})}
    assert held == {2, 3}
    assert journal.holds_any({bytes(16), (3).to_bytes(16, "big")})
    table.failures = 0
    journal.settle()
    assert not journal.holds_any({number.to_bytes(16, "big") for number in range(5)})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_every_reader_sees_what_was_put(data: Path) -> None:
    """Rows are found from the moment in which putting them returns, by several readers at once."""
    warehouse = Warehouse.open(embedded_settings(data))
    wrong: list[int] = []

    def work(own: int) -> None:
        for n in range(10):
            sent = row(own * 100 + n)
            warehouse.put(warehouse.record(TokenisedStatements.of([sent])))
            if sent.id not in warehouse.by_id("t", [sent.id], now=NOW):
                wrong.append(own * 100 + n)

    threads = [threading.Thread(target=work, args=(own,)) for own in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(warehouse.find("t", Selection(limit=100), now=NOW)) == 40
    warehouse.close()


def test_who_stores_waits_for_no_other_rows(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that memory takes for a known one is looked up without waiting for what is in the journal; one that is in it is found there."""
    settings = embedded_settings(data)
    warehouse = Warehouse.open(settings)
    monkeypatch.setattr("lrs.storage.warehouse.journal._LONG", 600)
    monkeypatch.setattr("lrs.storage.warehouse.ids.SeenIds.maybe", lambda _, ids: list(ids))
    stored, waiting, never = row(1), row(2), row(3)
    warehouse.put(warehouse.record(TokenisedStatements.of([stored])))
    warehouse.ping()
    warehouse.put(warehouse.record(TokenisedStatements.of([waiting])))
    assert list(warehouse.known("t", [stored.id, never.id])) == [stored.id]
    assert any(file.stat().st_size for file in (settings.data / "journal").iterdir())
    assert list(warehouse.known("t", [waiting.id, never.id])) == [waiting.id]
    assert not any(file.stat().st_size for file in (settings.data / "journal").iterdir())
    warehouse.close()


def test_rows_of_a_dead_process_are_in_the_table_once(data: Path) -> None:
    """Whether it died before the insert, or after it and before the journal was emptied."""
    settings = embedded_settings(data)
    warehouse = Warehouse.open(settings)
    sent = [row(number) for number in range(20)]
    for each in sent:
        warehouse.put(warehouse.record(TokenisedStatements.of([each])))
    left = {file.name: file.read_bytes() for file in (settings.data / "journal").iterdir()}
    warehouse.ping()
    warehouse.close()
    assert any(left.values())
    for _ in range(2):
        for name, content in left.items():
            (settings.data / "journal" / name).write_bytes(content)
        warehouse = Warehouse.open(settings)
        assert [found.id for found in warehouse.find("t", Selection(limit=100, ascending=True), now=NOW)] == [each.id for each in sent]
        assert warehouse.held("t", NOW) == 20
        warehouse.close()
    for name, content in left.items():
        (settings.data / "journal" / name).write_bytes(content)
    shutil.rmtree(settings.data / "warehouse")
    warehouse = Warehouse.open(settings)
    assert len(warehouse.find("t", Selection(limit=100), now=NOW)) == sum(
        content.count(each.id.bytes) for content in left.values() for each in sent
    )
    warehouse.close()


def test_another_tenants_id_keeps_nothing_out_of_the_table(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has the id of a statement of somebody else's is in the table after an insert that failed, and after the process died before it."""
    monkeypatch.setattr("lrs.storage.warehouse.journal._LONG", 600)
    settings = embedded_settings(data)
    theirs = row(1)
    ours = [row(2, tenant="other", id=theirs.id), row(3, tenant="other")]
    with closing(Warehouse.open(settings)) as warehouse:
        warehouse.put(warehouse.record(TokenisedStatements.of([theirs])))
    shutil.copytree(settings.data / "warehouse", data / "before", symlinks=True)
    insert, failures = Statements._insert_records, [StoreUnavailable("the warehouse can't answer")]

    def failing(self: Statements, records: Sequence[Record]) -> None:
        if failures:
            raise failures.pop()
        insert(self, records)

    with monkeypatch.context() as patched:
        patched.setattr(Statements, "_insert_records", failing)
        with closing(Warehouse.open(settings)) as warehouse:
            warehouse.put(warehouse.record(TokenisedStatements.of(ours)))
            left = {file.name: file.read_bytes() for file in (settings.data / "journal").iterdir()}
            with pytest.raises(StoreUnavailable):
                warehouse.ping()
            assert [found.id for found in warehouse.find("other", ASCENDING, now=NOW)] == [each.id for each in ours]
    shutil.rmtree(settings.data / "warehouse")
    shutil.copytree(data / "before", settings.data / "warehouse", symlinks=True)
    for name, content in left.items():
        (settings.data / "journal" / name).write_bytes(content)
    with closing(Warehouse.open(settings)) as warehouse:
        assert [found.id for found in warehouse.find("other", ASCENDING, now=NOW)] == [each.id for each in ours]
        assert [found.id for found in warehouse.find("t", ASCENDING, now=NOW)] == [theirs.id]


def test_what_was_said_of_activities_is_there_with_the_statements(data: Path) -> None:
    """For every reader from the moment in which putting returns, and after the process died before either was in its table."""
    settings = embedded_settings(data)
    warehouse = Warehouse.open(settings)
    one, two = (SeenDefinition(name, b"{}", 1, NOW, NO_UUID) for name in ("a", "b"))
    warehouse.put(warehouse.record(TokenisedStatements.of([row(1)]), [("t", one)]))
    assert warehouse.definitions("t", ["a", "b"]) == {"a": [one]}
    sent = row(2)
    warehouse.put(warehouse.record(TokenisedStatements.of([sent]), [("t", two), ("other", one)]))
    left = {file.name: file.read_bytes() for file in (settings.data / "journal").iterdir()}
    warehouse.close()
    assert any(left.values())
    shutil.rmtree(settings.data / "warehouse")
    for name, content in left.items():
        (settings.data / "journal" / name).write_bytes(content)
    warehouse = Warehouse.open(settings)
    assert sent.id in warehouse.by_id("t", [sent.id], now=NOW)
    assert warehouse.definitions("t", ["b"]) == {"b": [two]}
    assert warehouse.definitions("other", ["a", "b"]) == {"a": [one]}
    warehouse.close()
