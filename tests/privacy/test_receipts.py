"""Receipts: signed, readable in two languages, and nothing in them can be changed."""

from __future__ import annotations

import pytest

from lrs.crypto.notes import NoteSigner
from lrs.crypto.providers import open_keyring
from lrs.errors import TamperedData
from lrs.privacy.receipts import Receipt, facts_of, name_of, signed
from lrs.settings import Settings
from tests.cli.calling import call

SIGNER = NoteSigner(bytes(range(32)))
RECEIPT = Receipt(
    kind="erasure",
    tenant="t",
    at=1_764_000_000_000_000,
    policy="ab" * 32,
    fr="Trois traces.\n\nEffacées.",
    en="Three statements.",
    facts={"statements": 3},
)


def test_a_receipt_says_what_it_was_given():
    """The facts come back, with when, where and under which policy; the sentences stand in the note as they are."""
    note = signed(RECEIPT, SIGNER)
    assert facts_of(note, SIGNER.key) == {
        "kind": "erasure", "tenant": "t", "at": "2025-11-24T16:00:00.000000Z", "policy": "ab" * 32, "statements": 3,
    }  # fmt: skip
    assert RECEIPT.fr in note
    assert RECEIPT.en in note


@pytest.mark.parametrize("at", range(0, 400, 7))
def test_no_character_of_a_receipt_can_be_changed(at):
    """A changed character is found, wherever it is: in the sentences, the facts or the signature."""
    note = signed(RECEIPT, SIGNER)
    place = at % len(note)
    altered = note[:place] + ("x" if note[place] != "x" else "y") + note[place + 1 :]
    with pytest.raises(TamperedData):
        facts_of(altered, SIGNER.key)


def test_another_store_did_not_sign_it():
    """The key of another store does not verify it."""
    with pytest.raises(TamperedData):
        facts_of(signed(RECEIPT, SIGNER), NoteSigner(bytes(32)).key)


def test_a_signed_note_of_another_kind_is_no_receipt():
    """What the key signed otherwise, such as a checkpoint, is refused."""
    with pytest.raises(TamperedData):
        facts_of(SIGNER.sign("audit\n3\nabc\n", "audit"), SIGNER.key)


def test_a_receipt_is_verified_from_the_command_line(tmp_path):
    """With the keyring, or with the public key alone; an altered one ends with 1."""
    signer = open_keyring(Settings(data=tmp_path), create=True).signer
    file = tmp_path / "receipt.txt"
    file.write_text(signed(RECEIPT, signer), "utf-8")
    done = call("receipt", "verify", file, "--data", tmp_path)
    assert (done.status, "statements: 3" in done.out) == (0, True), done.err
    key = call("receipt", "key", "--data", tmp_path).out.strip()
    assert key == signer.key.written(name_of(signer.key))
    assert call("receipt", "verify", file, "--key", key).status == 0
    file.write_text(file.read_text("utf-8").replace("Three", "Thirty"), "utf-8")
    assert call("receipt", "verify", file, "--data", tmp_path).status == 1
