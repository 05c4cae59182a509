"""An erasure that is killed at any step goes on when the store is opened next, and ends as if nothing had happened."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import lrs
from lrs.storage.contract import ErasureState
from tests.promises.test_canary import bytes_below, found_in
from tests.rights.erasing import STUB, everything, put, sids
from tests.rights.standing import ANA, ATTACHED, BEN, ESSAY, HERS, OTHERS, VOIDING, fill

VAULT, WAREHOUSE, ERASURE = "lrs.storage.vault", "lrs.storage.warehouse", "lrs.rights.erasure"
POINTS = [
    ("after", VAULT, "Vault.request_erasure", 1),
    ("after", WAREHOUSE, "Warehouse.add_attachments", 1),
    ("before", VAULT, "Vault.shred", 1),
    ("before", VAULT, "Vault.scrub", 1),
    ("after", VAULT, "Vault.note_erasure", 1),
    ("after", VAULT, "Vault.suppress", 1),
    ("after", WAREHOUSE, "Warehouse.insert", 2),
    ("before", "lrs.storage.warehouse.deleting", "_wait", 2),
    ("before", "lrs.storage.warehouse.deleting", "_wait", 3),
    ("before", VAULT, "Vault.note_erasure", 3),
]
CANARIES = ["canari"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with everybody in it."""
    folder = tmp_path_factory.mktemp("template") / "data"
    with lrs.open(folder) as store:
        fill(store)
    return folder


@pytest.fixture(scope="module")
def expected(template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What is left when nothing goes wrong."""
    folder = tmp_path_factory.mktemp("expected") / "data"
    shutil.copytree(template, folder, symlinks=True)
    with lrs.open(folder) as store:
        store.erase(ANA)
        return known(store)


def known(store: lrs.LRS) -> dict[str, bytes]:
    """All statements but the one that keeps another voided, whose id is new each time."""
    sent = {each["id"] for each in (*HERS, *OTHERS, *VOIDING)}
    found = everything(store)
    (kept,) = [json.loads(body) for each, body in found.items() if each not in sent]
    assert (kept["actor"], kept["object"]["id"]) == (json.loads(STUB), OTHERS[3]["id"])
    return {each: body for each, body in found.items() if each in sent}


@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point[0]} {point[2]} {point[3]}")
def test_a_killed_erasure_goes_on(point: tuple[str, str, str, int], template: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    """What others have is there once and whole, nothing of the person is left, and the receipt is there."""
    data = tmp_path / "data"
    shutil.copytree(template, data, symlinks=True)
    child = subprocess.run([sys.executable, "-m", "tests.rights.dying", str(data), *map(str, point)], timeout=120, check=False)
    assert child.returncode == -signal.SIGKILL
    with lrs.open(data) as store:
        (entry,) = store.erasures.receipts("default")
        assert (entry.state, bool(entry.receipt)) == (ErasureState.DELETED, True)
        assert (entry.counts["statements"], entry.counts["voiding"], entry.counts["others"], entry.counts["documents"]) == (3, 1, 2, 1)
        assert known(store) == expected
        assert expected.keys() == {each["id"] for each in OTHERS[:3]}
        assert store.query(voided_statement_id=OTHERS[3]["id"]).bodies
        page = store.query(statement_id=OTHERS[0]["id"], attachments=True)
        assert page.attachments is not None
        assert dict(page.attachments) == {ATTACHED["sha2"]: ESSAY}
        assert dict(store.count("verb", agent=BEN)) == {OTHERS[0]["verb"]["id"]: 3, VOIDING[0]["verb"]["id"]: 1}
        assert store.documents.agent_profile(BEN).get("p").content == b"profile"
        assert not sids(store, ANA)
        put(store, HERS[0])
        assert known(store) == expected
    for path, content in bytes_below(data):
        assert not found_in(content, CANARIES), path
