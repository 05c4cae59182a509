"""That a chain only grew between two checkpoints: shown to somebody who has the two notes and nothing else (RFC 9162 2.1.4).

A proof is written as witnesses of transparency logs take it (C2SP tlog-witness): ``old`` and the size of the earlier checkpoint, a line of base64 for
each hash, an empty line, and the later checkpoint.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from lrs.crypto.notes import NoteKey
from lrs.errors import InvalidRequest, NotFound, TamperedData
from lrs.privacy.audit import entry
from lrs.privacy.audit.chain import NOTE, Header, segments
from lrs.privacy.audit.tree import Tree, leaf, left_of, parent

_PROOF = re.compile(rf"old (?P<old>\d+)\n(?P<path>(?:[^\n]+\n)*)\n(?P<note>{NOTE})")
_HASH_BYTES = 32
Node = Callable[[int, int], bytes]
"""The root of the subtree over the leaves from one number up to another."""


class Checkpoint(NamedTuple):
    """What a signed note says of a chain."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def read(cls, note: str, key: NoteKey) -> Checkpoint:
        """Verify a note; raises :class:`lrs.errors.TamperedData`."""
        origin, size, root, *_ = key.open(note).split("\n")
        return cls(origin, int(size), base64.b64decode(root))

    @property
    def chain(self) -> str:
        """The name of the chain that it is about."""
        return self.origin.rpartition("/")[2]


class Proof(NamedTuple):
    """That the checkpoint ``note`` continues one of ``old`` entries."""

    old: int
    path: Sequence[bytes]
    note: str

    def written(self) -> str:
        """Write it."""
        lines = [f"old {self.old}", *(base64.b64encode(each).decode() for each in self.path), "", self.note]
        return "\n".join(lines)


def read(text: str) -> list[Proof]:
    """Read the proofs in a text, one after the other; raises :class:`lrs.errors.InvalidRequest` when there is anything else in it."""
    if _PROOF.sub("", text).strip():
        raise InvalidRequest("this is no proof as lrs audit prove writes it")
    try:
        return [
            Proof(int(found["old"]), [base64.b64decode(line, validate=True) for line in found["path"].split()], found["note"])
            for found in _PROOF.finditer(text)
        ]
    except binascii.Error:
        raise InvalidRequest("a hash in the proof is not base64") from None


def prove(folder: Path, old: int, note: str | None) -> Proof:
    """Prove of a chain in a folder that a checkpoint continues the one over its first ``old`` entries.

    Raises :class:`lrs.errors.NotFound` where entries were let go of that it would need, or are not there yet.
    """
    if note is None:
        raise NotFound("there is no later checkpoint of a chain that has an earlier one")
    new = int(note.split("\n", 2)[1])
    if not 0 < old <= new:
        raise InvalidRequest("the earlier checkpoint has to be about at least one entry, and no more than the later one")
    return Proof(old, list(_path(_nodes(folder, old, new), old, 0, new)), note)


def check(proof: Proof, before: Checkpoint, key: NoteKey) -> Checkpoint:
    """Verify that a proof leads from an earlier checkpoint to its own -> that one; raises :class:`lrs.errors.TamperedData`."""
    after = Checkpoint.read(proof.note, key)
    if (after.origin, proof.old) != (before.origin, before.size):
        raise TamperedData("the proof is about other checkpoints")
    if not _leads(before, after, proof.path):
        raise TamperedData("the later checkpoint does not continue the earlier one: entries were changed, or the proof was")
    return after


def _path(node: Node, old: int, first: int, end: int, *, known: bool = True) -> Iterator[bytes]:
    """Give the consistency path of the leaves from ``first`` to ``end`` (RFC 9162 2.1.4.1, SUBPROOF); ``known``: the verifier has their root."""
    if old == end:
        if not known:
            yield node(first, end)
        return
    middle = first + left_of(end - first)
    if old <= middle:
        yield from _path(node, old, first, middle, known=known)
        yield node(middle, end)
    else:
        yield from _path(node, old, middle, end, known=False)
        yield node(first, middle)


def _leads(before: Checkpoint, after: Checkpoint, path: Sequence[bytes]) -> bool:
    """Follow a path (RFC 9162 2.1.4.2)."""
    if before.size == after.size:
        return not path and before.root == after.root
    hashes = [before.root, *path] if before.size.bit_count() == 1 else list(path)
    if not hashes or any(len(each) != _HASH_BYTES for each in hashes):
        return False
    old, new = before.size - 1, after.size - 1
    while old & 1:
        old, new = old >> 1, new >> 1
    first = second = hashes[0]
    for each in hashes[1:]:
        if not new:
            return False
        if old & 1 or old == new:
            first, second = parent(each, first), parent(each, second)
            while old and not old & 1:
                old, new = old >> 1, new >> 1
        else:
            second = parent(second, each)
        old, new = old >> 1, new >> 1
    return not new and (first, second) == (before.root, after.root)


def _nodes(folder: Path, old: int, new: int) -> Node:
    """Read a chain -> its nodes; of what was before the oldest segment, those that the first line of that one has."""
    tree, leaves = _chain(folder)
    if old < tree.size or new > tree.size + len(leaves):
        raise NotFound("entries that the proof needs were let go of, or are not there")
    known = tree.whole() | {(seq, seq + 1): hashed for seq, hashed in enumerate(leaves, tree.size)}

    def node(first: int, end: int) -> bytes:
        if (first, end) in known:
            return known[first, end]
        middle = first + left_of(end - first)
        return parent(node(first, middle), node(middle, end))

    return node


def _chain(folder: Path) -> tuple[Tree, list[bytes]]:
    """Read where a chain stood before its oldest segment, and the leaves since."""
    paths = segments(folder)
    if not paths:
        raise NotFound("there is no such chain")
    texts = [path.read_bytes().split(b"\n")[:-1] for path in paths]
    leaves = [leaf(entry.split(line)[0]) for lines in texts for line in lines[1:]]
    return msgspec.json.decode(texts[0][0], type=Header).tree(), leaves
