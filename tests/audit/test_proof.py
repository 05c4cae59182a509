"""Consistency proofs between checkpoints (ACC-1; RFC 9162 2.1.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from lrs.crypto.keyring import Keyring
from lrs.errors import InvalidRequest, NotFound, TamperedData
from lrs.privacy.audit import Audit, Event, proof
from lrs.privacy.audit.chain import chains, checkpoints, note_of, segments
from lrs.privacy.audit.proof import Checkpoint
from lrs.privacy.audit.tree import Tree, leaf
from lrs.settings import Settings
from tests.audit.conftest import Clock

SIZES = 20


def root(leaves: list[bytes]) -> bytes:
    """Compute the Merkle tree hash by its definition (RFC 9162 2.1.1)."""
    if len(leaves) == 1:
        return leaves[0]
    split = max(1 << n for n in range(5) if 1 << n < len(leaves))
    return hashlib.sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()


@pytest.fixture
def folder(settings: Settings, audit: Callable[[], Audit], clock: Clock) -> Path:
    """A chain of more entries than sizes are tried, in several segments."""
    trail = audit()
    for number in range(SIZES):
        trail.record(Event(action="x", counts={"n": number}))
        clock.days(3)
    trail.close()
    (found,) = chains(settings.data / "audit")
    return found


@pytest.fixture
def notes(folder: Path, keyring: Keyring) -> list[str]:
    """A checkpoint at every size, by the definition of its root."""
    leaves = [leaf(line.rpartition(b',"chain":"')[0] + b"}") for path in segments(folder) for line in path.read_bytes().splitlines()[1:]]
    assert len(segments(folder)) > 2
    made = []
    tree = Tree()
    for size in range(1, SIZES + 1):
        tree.add(leaves[size - 1])
        assert tree.root() == root(leaves[:size])
        made.append(note_of(keyring.signer, folder.name, tree))
    return made


def test_every_two_checkpoints_are_proved(folder: Path, notes: list[str], keyring: Keyring) -> None:
    """From each size to each later one, written and read back, with the notes and the public key alone; never from a later one back."""
    key = keyring.signer.key
    for old, before in enumerate(notes, 1):
        for new, after in enumerate(notes, 1):
            if old > new:
                with pytest.raises(InvalidRequest):
                    proof.prove(folder, old, after)
                continue
            (made,) = proof.read(proof.prove(folder, old, after).written())
            found = proof.check(made, Checkpoint.read(before, key), key)
            assert (found.size, found.chain, len(made.path) <= 9) == (new, folder.name, True)


def test_a_proof_of_something_else_is_refused(folder: Path, notes: list[str], keyring: Keyring) -> None:
    """Any hash changed, left out, doubled or in another order; another earlier checkpoint; a later note that was not signed."""
    key = keyring.signer.key
    for old, new in ((1, 2), (4, 8), (6, 8), (7, 20), (16, 20), (19, 20), (20, 20)):
        made, before = proof.prove(folder, old, notes[new - 1]), Checkpoint.read(notes[old - 1], key)
        path = made.path
        wrong = [[*path[:n], hashlib.sha256(each).digest(), *path[n + 1 :]] for n, each in enumerate(path)]
        wrong += [[*path[:n], *path[n + 1 :]] for n in range(len(path))]
        wrong += [
            [*path, bytes(32)],
            [bytes(32), *path],
            [each[:31] for each in path] or [b""],
            path[::-1] if len(path) > 1 else [bytes(32)],
        ]
        for altered in wrong:
            with pytest.raises(TamperedData):
                proof.check(made._replace(path=altered), before, key)
        other = before._replace(root=bytes(32))
        with pytest.raises(TamperedData):
            proof.check(made, other, key)
        with pytest.raises(TamperedData):
            proof.check(made._replace(old=old + 1), before, key)
        with pytest.raises(TamperedData):
            proof.check(made._replace(note=made.note.replace(f"\n{new}\n", f"\n{new + 1}\n")), before, key)


def test_a_rewritten_chain_is_not_proved(folder: Path, notes: list[str], keyring: Keyring) -> None:
    """Whoever holds the signing key and writes another history can't lead a kept checkpoint to it."""
    key = keyring.signer.key
    lines = segments(folder)[0].read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b'"x"', b'"y"')
    segments(folder)[0].write_bytes(b"".join(lines))
    leaves = [leaf(line.rpartition(b',"chain":"')[0] + b"}") for path in segments(folder) for line in path.read_bytes().splitlines()[1:]]
    forged = note_of(keyring.signer, folder.name, grown(leaves))
    for old in (3, 8, 15):
        made = proof.prove(folder, old, forged)
        with pytest.raises(TamperedData):
            proof.check(made, Checkpoint.read(notes[old - 1], key), key)


def grown(leaves: list[bytes]) -> Tree:
    tree = Tree()
    tree.add(*leaves)
    return tree


def test_what_was_let_go_of_is_not_needed(folder: Path, notes: list[str], keyring: Keyring) -> None:
    """Between checkpoints after the oldest segment the proof is the same; from before it there is none."""
    key, all_of_it = keyring.signer.key, {}
    first = len(segments(folder)[0].read_bytes().splitlines()) - 1
    for old in range(first, SIZES):
        all_of_it[old] = proof.prove(folder, old, notes[-1])
    segments(folder)[0].unlink()
    for old, made in all_of_it.items():
        assert proof.prove(folder, old, notes[-1]) == made
        proof.check(made, Checkpoint.read(notes[old - 1], key), key)
    with pytest.raises(NotFound):
        proof.prove(folder, first - 1, notes[-1])


@pytest.mark.parametrize("text", ["old 1\n", "old x\n\nnote", "old 1\nAAAA\nnot base64!\n\na\n1\nb\n\n\N{EM DASH} a b\n", "something else"])
def test_what_is_no_proof_is_refused(text: str) -> None:
    """In words, whatever it is."""
    with pytest.raises(InvalidRequest):
        proof.read(text)


def test_a_store_signs_what_can_be_proved(settings: Settings, audit: Callable[[], Audit], keyring: Keyring) -> None:
    """The checkpoints that a trail leaves by itself, each to each."""
    for _ in range(4):
        trail = audit()
        trail.record(Event(action="x"))
        trail.close()
    (found,) = chains(settings.data / "audit")
    notes, key = checkpoints(found), keyring.signer.key
    assert len(notes) == 4
    for before, after in pairwise(notes):
        earlier = Checkpoint.read(before, key)
        assert proof.check(proof.prove(found, earlier.size, after), earlier, key).size > earlier.size
