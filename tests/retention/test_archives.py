"""The intermediate archive, public archives (RET-2), and what becomes of statements at their end."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from click.testing import CliRunner

import lrs
from lrs.asgi import create_app
from lrs.cli.commands import lrs as command
from lrs.privacy.policy.reader import parsed
from lrs.privacy.receipts import facts_of
from lrs.retention import fates
from lrs.xapi.formats import format_timestamp
from tests.retention.world import DAY, Clock, ids, opened, person, policy, statement, warehouse
from tests.server.process import VERSION

PUBLIC = "public_archive = true"
LITIGATION = """
[[purposes]]
id = "litigation"
title = { fr = "Contentieux", en = "Litigation" }
legal_basis = "public_task"
audiences = ["user"]
archive = true
retention = { identity_days = 300, statement_days = 700 }
"""
ARCHIVED = (
    policy()
    .replace("retention = { identity_days = 300,", "retention = { active_days = 100, identity_days = 300,", 1)
    .replace('purposes = ["teaching"]', 'purposes = ["teaching", "litigation"]')
    .replace('unassigned = "teaching"', 'unassigned = "refuse"')
    + LITIGATION
)


def test_the_archive_is_read_for_a_reason(tmp_path: Path) -> None:
    """Past its active phase, archive purposes and legal obligations alone see a statement; each read of an archive has its reason in the trail."""
    clock = Clock()
    with opened(tmp_path, ARCHIVED, clock) as store:
        taught, proven = store.ingest([statement("ana", "taught"), statement("ana", "proven")])
        with pytest.raises(lrs.NotPermitted, match="needs a reason"):
            store.query(purpose="litigation")
        with pytest.raises(lrs.NotPermitted):
            store.query(purpose="litigation", reason="about ana@example.fr")
        clock.pass_days(101)
        assert ids(store) == set()
        assert ids(store, purpose="litigation", reason="contentieux-2027-017") == {taught}
        assert ids(store, purpose="proof") == {proven}
        assert store.count("verb", purpose="litigation", reason="contentieux-2027-018")
        clock.pass_days(600)
        assert ids(store, purpose="litigation", reason="contentieux-2027-019") == set()
    trail = b"".join(path.read_bytes() for path in (tmp_path / "audit").rglob("*.jsonl"))
    assert b"ana@" not in trail
    assert trail.count(b'"object":"contentieux-2027-017"') == 1
    assert trail.count(b'"object":"contentieux-2027-018"') == 1


def test_a_page_of_the_archive_has_a_reason_too(tmp_path: Path) -> None:
    """A more token does not stand for the reason."""
    clock = Clock()
    with opened(tmp_path, ARCHIVED, clock) as store:
        store.ingest([statement("ana"), statement("bob")])
        more = store.query(purpose="litigation", reason="file 1", limit=1).more
        with pytest.raises(lrs.NotPermitted):
            store.query(more=more, purpose="litigation")
        assert store.query(more=more, purpose="litigation", reason="file 1").statements


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('purposes = ["teaching", "litigation"]', 'purposes = ["teaching"]', "may read the archive"),
        ('default_purpose = "teaching"', 'default_purpose = "litigation"', "default_purpose"),
        ("active_days = 100", "active_days = 701", "active_days"),
        ("document_days = 200", "inactivity = { warn_days = 100, days = 120 }", "inactivity"),
        ('unassigned = "refuse"', 'unassigned = "teaching"', "unassigned"),
    ],
)
def test_policies_of_archives_that_contradict_themselves(old: str, new: str, fault: str) -> None:
    """Statements that nobody could read, an archive by default, phases and warnings out of order are faults."""
    assert parsed(ARCHIVED)[1] == []
    assert [each for each in parsed(ARCHIVED.replace(old, new))[1] if fault in each]


def test_ret_2_public_archives_are_not_eliminated_without_approval(tmp_path: Path) -> None:
    """Ended statements and documents stay, unseen, until the archives approve; what ended after the slip waits for the next one."""
    clock = Clock()
    with opened(tmp_path, policy(PUBLIC), clock) as store:
        store.documents.state("https://a.example/x", person("ana")).put("s", {})
        store.ingest([statement("ana"), statement("bob", timestamp=clock.iso(-10))])
        clock.pass_days(695)
        first = store.retention.apply(settle=False)
        assert first.counts["waiting for approval"] == 1
        assert (first.counts["statement"], first.counts["document"]) == (0, 0)
        assert ids(store) != set()
        slip = store.retention.slip()
        assert (slip.through, slip.lines) == (clock.now, 1)
        clock.pass_days(10)
        assert ids(store) == set()
        with pytest.raises(lrs.ConfigurationError):
            store.retention.approve("AD75/2031-42", through=clock.now + 1)
        with pytest.raises(lrs.ConfigurationError):
            store.retention.approve("jeanne@example.fr")
        store.retention.approve("AD75/2031-42", through=slip.through)
        second = store.retention.apply(settle=False)
        assert (second.counts["eliminated"], second.counts["waiting for approval"], second.counts["document"]) == (1, 1, 1)
        assert facts_of(second.certificate, store._keyring.signer.key)["visa"] == "AD75/2031-42"
        assert warehouse(store, "SELECT count() FROM statements") == [(1,)]
        store.retention.approve("AD75/2031-43")
        third = store.retention.apply(settle=False)
        assert (third.counts["eliminated"], third.waiting) == (1, 0)
        assert warehouse(store, "SELECT count() FROM statements") == [(0,)]
    trail = b"".join(path.read_bytes() for path in (tmp_path / "audit").rglob("*.jsonl"))
    assert trail.count(b'"action":"approve elimination"') == 2


def test_the_engine_eliminates_no_public_archive(tmp_path: Path) -> None:
    """Merging, which deletes what has ended elsewhere, leaves held statements; also those stored before they were public archives."""
    clock = Clock()
    (tmp_path / "one").mkdir()
    with opened(tmp_path / "one", policy(PUBLIC), clock) as store:
        store.ingest([statement("ana", timestamp=clock.iso(-800)), statement("bob", "proven", timestamp=clock.iso(-800))])
        _merge(store)
        assert warehouse(store, "SELECT count() FROM statements") == [(2,)]
    with opened(tmp_path / "two", policy(), clock) as store:
        store.ingest([statement("ana", timestamp=clock.iso(-800)), statement("bob", "proven", timestamp=clock.iso(-800))])
        _merge(store)
        assert warehouse(store, "SELECT count() FROM statements") == [(1,)]
    with opened(tmp_path / "two", policy(PUBLIC), clock) as store:
        assert store.retention.apply(settle=False).counts["aligned"] == 1
        assert warehouse(store, "SELECT held FROM statements") == [(True,)]


def _merge(store: lrs.LRS) -> None:
    with store._warehouse._sessions.writer() as session:
        session.command("OPTIMIZE TABLE statements FINAL")


def test_the_slip_is_one_that_archives_sign(tmp_path: Path) -> None:
    """The command writes HTML and CSV in French: service, titles, dates, numbers, fate, and where to sign; it ends with 1 until all is done."""
    clock = Clock()
    clock.now -= 800 * DAY
    with opened(tmp_path, policy(PUBLIC).replace('fr = "Enseignement"', 'fr = "Enseignement <b>"'), clock) as store:
        store.ingest([statement("ana"), statement("bob")])
    run = CliRunner().invoke(command, ["retention", "apply", "--data", str(tmp_path), "--out", str(tmp_path / "c.txt")])
    assert run.exit_code == 1
    html, table = ((tmp_path / "retention" / f"bordereau{suffix}").read_text("utf-8") for suffix in (".html", ".csv"))
    for wanted in ("Institution", "Enseignement &lt;b&gt;", "700 jours", "élimination", "Visa", "L212-2", format_timestamp(clock.now)[:10]):
        assert wanted in html
    assert table.splitlines()[0].startswith("N° d'ordre;")
    assert ";2;" in table.splitlines()[1]
    assert "attendant le visa" in (tmp_path / "c.txt").read_text("utf-8")
    approved = CliRunner().invoke(command, ["retention", "approve", "--visa", "AD75/1", "--data", str(tmp_path)])
    assert approved.exit_code == 0, approved.output
    run = CliRunner().invoke(command, ["retention", "apply", "--data", str(tmp_path)])
    assert run.exit_code == 0
    assert "AD75/1" in run.output


def test_statements_are_transferred_before_they_are_deleted(tmp_path: Path) -> None:
    """Without a folder they wait; then they are in a file that its owner alone may read, with their people, and nowhere else."""
    clock = Clock()
    text = policy(fate="transfer").replace("identity_days = 300", "identity_days = 700")
    with opened(tmp_path / "data", text, clock) as store:
        (identifier,) = store.ingest([statement("ana")])
        clock.pass_days(701)
        assert store.retention.apply(settle=False).counts["waiting for a folder"] == 1
        assert ids(store) == set()
        done = store.retention.apply(settle=False, transfers=tmp_path / "out")
        assert (done.counts["transferred"], done.waiting) == (1, 0)
        (path,) = (tmp_path / "out").iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        (line,) = path.read_text("utf-8").splitlines()
        assert json.loads(line)["id"] == str(identifier)
        assert "mailto:ana@canary.example" in line
        assert "canary answer of ana" in line
        assert warehouse(store, "SELECT count() FROM statements") == [(0,)]


def test_what_comes_while_others_are_transferred_is_transferred_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that is past its limit when it is stored, after the file was written and before what is in it is deleted, is not deleted with it."""
    clock, keep = Clock(), fates.keep
    text = policy(fate="transfer").replace("identity_days = 300", "identity_days = 700")
    with opened(tmp_path / "data", text, clock) as store:
        (first,) = store.ingest([statement("ana", timestamp=clock.iso(-701))])
        late = statement("bob", timestamp=clock.iso(-701)) | {"id": str(uuid4())}

        def kept(*arguments: Any, **named: Any) -> None:
            keep(*arguments, **named)
            store.ingest([late])

        monkeypatch.setattr(fates, "keep", kept)
        assert store.retention.apply(settle=False, transfers=tmp_path / "out").counts["transferred"] == 1
        assert warehouse(store, "SELECT id FROM statements") == [(UUID(late["id"]),)]
        monkeypatch.undo()
        assert store.retention.apply(settle=False, transfers=tmp_path / "out").counts["transferred"] == 1
    transferred = [json.loads(line)["id"] for file in sorted((tmp_path / "out").iterdir()) for line in file.read_bytes().splitlines()]
    assert transferred == [str(first), late["id"]]


def test_statements_become_counts_in_which_no_small_group_shows(tmp_path: Path) -> None:
    """By month, verb and activity: ten people show, nine don't."""
    clock = Clock()
    with opened(tmp_path, policy(fate="anonymise"), clock) as store:
        many, few = "https://a.example/many", "https://a.example/few"
        store.ingest([statement(f"p{n}", object={"id": many}) for n in range(10)])
        store.ingest([statement(f"p{n}", object={"id": few}) for n in range(9)])
        clock.pass_days(701)
        done = store.retention.apply(settle=False)
        assert done.counts["anonymised"] == 19
        (path,) = (tmp_path / "retention").glob("statistics-*.csv")
        rows = path.read_text("utf-8").splitlines()
        assert len(rows) == 2
        assert rows[1].endswith("https://v.example/taught,https://a.example/many,10")
        assert warehouse(store, "SELECT count() FROM statements") == [(0,)]


@pytest.mark.anyio
async def test_a_reason_comes_in_a_header(tmp_path: Path) -> None:
    """Over HTTP a credential of an archive purpose gives its reason in X-LRS-Reason; what others put there is written down nowhere."""
    clock = Clock()
    with opened(tmp_path, ARCHIVED, clock) as store:
        store.ingest([statement("ana")])
        archivist = store.credentials.add("archivist", scopes=("statements/read",), view="identified", purpose="litigation")
        teacher = store.credentials.add("teacher", scopes=("statements/read",), view="identified")
        clock.pass_days(101)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(store)), base_url="http://x", headers=VERSION) as client:
            for added, headers, status, number in (
                (archivist, {}, 403, None),
                (archivist, {"X-LRS-Reason": "canary@example.fr"}, 403, None),
                (archivist, {"X-LRS-Reason": "file 2027/3"}, 200, 1),
                (teacher, {"X-LRS-Reason": "Canary Name"}, 200, 0),
            ):
                reply = await client.get("/xapi/statements", headers=headers, auth=added[1:])
                assert reply.status_code == status
                assert number is None or len(reply.json()["statements"]) == number
    trail = b"".join(path.read_bytes() for path in (tmp_path / "audit").rglob("*.jsonl"))
    assert trail.count(b'"object":"file 2027/3"') == 1
    assert b"anary" not in trail


@pytest.fixture
def anyio_backend() -> str:
    """Use what uvicorn uses."""
    return "asyncio"
