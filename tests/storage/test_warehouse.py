"""What the warehouse guarantees, on every engine."""

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
from tests.storage.rows import NOW, row


def test_rows_come_back_as_they_went_in(warehouse: Warehouse) -> None:
    """Every column keeps its value: bytes that are no text, the largest numbers, an empty list, a year far away."""
    references = [uuid4(), uuid4()]
    kept = row(
        sids=[2**64 - 1, 1], vids=[2**32 - 1, 1], roles=[1, 255], sealed=[b"\x00\xff\x01", b""], references=references, registration=uuid4(),
        timestamp=4_000_000_000_000_000, body='{"é":"\\u00e9 ☃"}'.encode(),
    )  # fmt: skip
    warehouse.insert([kept])
    (found,) = warehouse.find("t", Selection(), now=NOW)
    for name in found.__struct_fields__:
        assert list_or(getattr(found, name)) == list_or(getattr(kept, name)), name


def list_or(value: object) -> object:
    return list(value) if isinstance(value, list | tuple) else value


def test_known_ids_are_told_from_new_ones(warehouse: Warehouse) -> None:
    """By tenant, with the fingerprint; twice the same id is one answer."""
    rows = [row() for _ in range(50)] + [row(tenant="other")]
    warehouse.insert(rows)
    asked = [each.id for each in rows] + [uuid4() for _ in range(50)]
    known = warehouse.known("t", asked + asked)
    assert set(known) == {each.id for each in rows[:50]}
    assert {found.fingerprint for found in known.values()} == {2**64 - 1}
    assert [known[each.id].stored for each in rows[:50]] == [each.stored for each in rows[:50]]


def test_a_row_that_is_there_twice_is_shown_once(warehouse: Warehouse) -> None:
    """Should two writers ever store the same id, reads and counts show one of them."""
    first = row()
    warehouse.insert([first])
    warehouse.insert([row(id=first.id)])
    assert [found.id for found in warehouse.find("t", Selection(), now=NOW)] == [first.id]
    assert warehouse.count_by("t", Selection(), "verb", now=NOW) == [(first.verb, 1)]
    assert list(warehouse.by_id("t", [first.id], now=NOW)) == [first.id]


def test_tenants_see_their_own_rows(warehouse: Warehouse) -> None:
    """Ids, pages, counts and definitions of one tenant say nothing of another."""
    rows = [row(tenant=tenant, voids=tenant == "a") for tenant in ("a", "b", "b")]
    warehouse.insert(rows)
    warehouse.add_definitions("a", [("https://lms.example.fr/a", b"{}", NOW)])
    assert len(warehouse.find("a", Selection(), now=NOW)) == 1
    assert len(warehouse.find("b", Selection(), now=NOW)) == 2
    assert warehouse.count_by("b", Selection(), "actor", now=NOW) == [(7, 2)]
    assert warehouse.by_id("b", [rows[0].id], now=NOW) == {}
    assert warehouse.definitions("b", ["https://lms.example.fr/a"]) == {}


def test_definitions_come_oldest_first_and_once(warehouse: Warehouse) -> None:
    """Seen again they keep the time of their first sighting."""
    activity = "https://lms.example.fr/a"
    warehouse.add_definitions("t", [(activity, b'{"name":{"fr":"\xc3\xa9"}}', NOW + 5), (activity, b'{"type":"https://x.example"}', NOW)])
    warehouse.add_definitions("t", [(activity, b'{"type":"https://x.example"}', NOW + 9)])
    assert warehouse.definitions("t", [activity]) == {activity: [b'{"type":"https://x.example"}', b'{"name":{"fr":"\xc3\xa9"}}']}


def test_last_stored_is_the_greatest(warehouse: Warehouse) -> None:
    """Over all tenants; 0 in an empty warehouse."""
    assert warehouse.last_stored() == 0
    rows = [row(), row(tenant="z")]
    warehouse.insert(rows)
    assert warehouse.last_stored() == rows[-1].stored


@pytest.mark.parametrize("warehouse", ["embedded"], indirect=True)
def test_readers_can_only_read_tables(warehouse: Warehouse) -> None:
    """On the embedded engine a reading session reaches no file, no address, no Python object, and changes nothing."""
    secret = "canary"  # noqa: F841 -- what Python() would see
    with warehouse._sessions.reader() as session:
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


def test_a_value_is_never_part_of_the_text(warehouse: Warehouse) -> None:
    """Whatever stands in a filter, it is compared, not run."""
    warehouse.insert([row()])
    for hostile in ("x' OR 1=1 --", "'); DROP TABLE statements; --", "{tenant:String}", "\\", "file('/etc/passwd')", "é\u2028\x00"):
        assert warehouse.find("t", Selection(verbs=(hostile,), activities=(hostile,)), now=NOW) == []
        assert warehouse.find(hostile, Selection(), now=NOW) == []
    assert len(warehouse.find("t", Selection(), now=NOW)) == 1


def test_reading_goes_on_during_an_insert(warehouse: Warehouse) -> None:
    """A large insert does not keep readers waiting until it is done."""
    warehouse.insert([row()])
    big = [row(body=b'{"x":"%b"}' % (b"%d" % n * 400)) for n in range(20_000)]
    done = threading.Event()

    def insert() -> None:
        warehouse.insert(big)
        done.set()

    writer = threading.Thread(target=insert)
    writer.start()
    reads = 0
    while not done.is_set():
        assert len(warehouse.find("t", Selection(limit=30_000), now=NOW)) in (1, 20_001)
        reads += 1
    writer.join()
    assert reads > 1


def test_migrations_run_once_and_guard_the_schema(warehouse: Warehouse) -> None:
    """They are applied once; an edited one and an unknown one refuse to start; the next one is applied."""
    with warehouse._sessions.writer() as session:
        assert migrate(session) == []
        with pytest.raises(ConfigurationError):
            migrate(session, [Migration(1, "edited", ("SELECT 2",))])
        following = Migration(2, "next", ("CREATE TABLE more (x UInt8) ENGINE = MergeTree ORDER BY x",))
        assert migrate(session, [*MIGRATIONS, following]) == [2]
        with pytest.raises(ConfigurationError):
            migrate(session, MIGRATIONS)


def test_what_expired_is_hidden_at_once_and_leaves_the_disk(warehouse: Warehouse, tmp_path: Path) -> None:
    """Past its limit a personal column is not read, in no filter, and the engine itself takes its bytes off the disk; then the row."""
    end = int(time.time()) + 4
    marker = b"sealed-" + uuid4().hex.encode()
    warehouse.insert([row(sids=[99], sealed=[marker], registration=uuid4(), identity_until=end), row(keep_until=end), row()])
    assert is_below(tmp_path, marker)
    late = (end + 1) * 1_000_000
    assert len(warehouse.find("t", Selection(sids=(99,)), now=NOW)) == 1
    assert warehouse.find("t", Selection(sids=(99,)), now=late) == []
    shown = warehouse.find("t", Selection(), now=late)
    assert [list(found.sids) for found in shown] == [[7], []]
    assert [list(found.sealed) for found in shown] == [[], []]
    deadline = time.monotonic() + 60
    while is_below(tmp_path, marker) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not is_below(tmp_path, marker)
    with warehouse._sessions.reader() as session:
        assert session.query("SELECT count(), countIf(notEmpty(sealed)) FROM statements", {})[0] == (2, 0)


def is_below(folder: Path, marker: bytes) -> bool:
    """Tell whether bytes stand in any file of a folder; files may go while it looks."""
    for path in folder.rglob("*"):
        try:
            if path.is_file() and marker in path.read_bytes():
                return True
        except FileNotFoundError:
            continue
    return False
