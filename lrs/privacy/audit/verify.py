"""Whether the audit trail is what was written: every entry in its place, every signed checkpoint borne out, no chain missing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from lrs.crypto.notes import NoteKey
from lrs.errors import TamperedData
from lrs.privacy.audit import entry
from lrs.privacy.audit.chain import FORMAT, START, Header, chains, first_of, header, notes_in, origin, segments, size_of
from lrs.privacy.audit.entry import JOIN, PRUNE, Entry
from lrs.privacy.audit.tree import Tree


class Problem(msgspec.Struct, frozen=True):
    """What is wrong, and the number of the entry from which on."""

    seq: int
    what: str


class Report(msgspec.Struct):
    """What was found of one chain. ``entries`` from number ``first`` on were read; those before were let go of.

    ``signed``: so many entries from the beginning the last checkpoint vouches for. ``torn``: a last line that a crash cut.
    """

    chain: str
    first: int = 0
    entries: int = 0
    checkpoints: int = 0
    signed: int = 0
    torn: bool = False
    problems: list[Problem] = []
    tree: Tree = msgspec.field(default_factory=Tree)


class Claim(msgspec.Struct, frozen=True):
    """Somebody says that the first ``size`` entries of a chain have this root (base64)."""

    size: int
    root: str
    who: str


def verify(folder: Path, key: NoteKey, notes: Sequence[str] = ()) -> list[Report]:
    """Verify all chains, against their own checkpoints, each other's joins, and ``notes`` that were kept elsewhere."""
    claims: dict[str, list[Claim]] = {path.name: [] for path in chains(folder)}
    for name, claim in (*_joins(folder), *_kept(notes, key)):
        claims.setdefault(name, []).append(claim)
    return [_Verifier(folder / name, key, made).report for name, made in sorted(claims.items())]


def entries(folder: Path) -> Iterator[tuple[str, Entry]]:
    """Give the entries of all chains that can be read, each with the name of its chain; chain after chain."""
    for path in chains(folder):
        for segment in segments(path):
            with segment.open("rb") as file:
                file.readline()
                for line in file:
                    try:
                        yield path.name, entry.read(entry.split(line.removesuffix(b"\n"))[0])
                    except TamperedData:
                        continue


class _Verifier:
    """One pass over one chain."""

    def __init__(self, folder: Path, key: NoteKey, claims: Sequence[Claim]) -> None:
        self._folder = folder
        self._origin = origin(key.fingerprint, folder.name)
        self.report = Report(folder.name, problems=[])
        self._tree, self._chain = Tree(), START
        self._shift = 0
        self._borne_out = True
        self._pruned = 0
        self._claims: dict[int, list[Claim]] = {}
        for claim in (*claims, *self._signed(key)):
            self._claims.setdefault(claim.size, []).append(claim)
        paths = segments(folder)
        self.report.first = first_of(paths[0]) if paths else 0
        for path in paths:
            self._segment(path, last=path == paths[-1])
        self._end()

    def _signed(self, key: NoteKey) -> Iterator[Claim]:
        notes, clean = notes_in(self._folder / "checkpoints")
        if not clean:
            self._problem(0, "the file of checkpoints holds something that is no checkpoint")
        for note in notes:
            try:
                yield _claim(key.open(note), self._origin, "a signed checkpoint")
            except TamperedData:
                self._problem(size_of(note), "a checkpoint is not signed by this key, or was altered")
                continue
            self.report.checkpoints += 1
            self.report.signed = max(self.report.signed, size_of(note))

    def _segment(self, path: Path, *, last: bool) -> None:
        lines = path.read_bytes().split(b"\n")
        torn = lines.pop()
        if torn:
            self.report.torn = last
            if not last:
                self._problem(self._tree.size, f"segment {path.name} is cut")
        if not lines:
            return
        self._head(path, lines[0] + b"\n")
        for line in lines[1:]:
            self._line(line)

    def _head(self, path: Path, line: bytes) -> None:
        """Check a segment's first line against where the chain stands; the oldest one's is believed, since a checkpoint has to fit it."""
        if path.name.endswith(f"-{self.report.first:012d}.jsonl") and self.report.first:
            try:
                head = msgspec.json.decode(line, type=Header)
                self._tree, self._chain = head.tree(), base64.b64decode(head.chain, validate=True)
            except (msgspec.DecodeError, ValueError):
                self._problem(self.report.first, f"the first line of segment {path.name} was altered")
                return
            if self._tree.size not in self._claims:
                self._problem(self._tree.size, "no checkpoint vouches for what was before the oldest segment")
            self._check()
        if line == header(self._origin, self._tree, self._chain):
            return
        self._problem(self._tree.size, f"segment {path.name} does not go on where the one before it ends, or its first line was altered")
        try:
            head = msgspec.json.decode(line, type=Header)
            if head.audit == FORMAT and head.seq >= self._tree.size:
                self._tree, self._chain = head.tree(), base64.b64decode(head.chain, validate=True)
        except (msgspec.DecodeError, ValueError):
            pass

    def _line(self, line: bytes) -> None:
        seq = self._tree.size
        content, tail = entry.split(line)
        hashed, self._chain = entry.link(self._chain, content)
        if tail != entry.tail(self._chain):
            self._problem(seq, "this entry was altered, moved, put in, or comes after one that is gone")
            self._chain = _chain_in(tail) or self._chain
        self._number(content, seq)
        self._tree.add(hashed)
        self.report.entries += 1
        self._check()

    def _number(self, content: bytes, seq: int) -> None:
        try:
            found = entry.read(content)
        except TamperedData:
            self._problem(seq, "this entry can't be read")
            return
        if found.seq != seq + self._shift:
            self._problem(seq, f"here stands the entry of number {found.seq}")
            self._shift = found.seq - seq
        if found.action == PRUNE:
            self._pruned = max(self._pruned, found.counts.get("before", 0))

    def _check(self) -> None:
        claims = self._claims.pop(self._tree.size, ())
        if claims:
            root = base64.b64encode(self._tree.root()).decode()
            for claim in claims:
                if claim.root != root and self._borne_out:
                    self._problem(claim.size - 1, f"the entries up to this one are not those that {claim.who} vouches for")
                    # What comes after it can't fit either.
                    self._borne_out = False

    def _end(self) -> None:
        size = self._tree.size
        for claim in sorted((claim for claims in self._claims.values() for claim in claims), key=lambda each: each.size):
            if claim.size > size:
                self._problem(size, f"entries are missing: {claim.who} vouches for {claim.size}")
                break
        if self.report.first > self._pruned:
            self._problem(0, f"the segments before entry {self.report.first} are gone, and no entry says that they were let go of")
        self.report.tree = self._tree
        self.report.problems.sort(key=lambda problem: problem.seq)

    def _problem(self, seq: int, what: str) -> None:
        self.report.problems.append(Problem(seq, what))


def _joins(folder: Path) -> Iterator[tuple[str, Claim]]:
    for name, each in entries(folder):
        if each.action == JOIN and each.object.count(" ") == 2:  # noqa: PLR2004 -- chain, size, root
            other, size, root = each.object.split(" ")
            yield other, Claim(int(size) if size.isdecimal() else 0, root, f"entry {each.seq} of chain {name}")


def _kept(notes: Sequence[str], key: NoteKey) -> Iterator[tuple[str, Claim]]:
    for note in notes:
        text = key.open(note)
        yield text.split("\n", 1)[0].rpartition("/")[2], _claim(text, text.split("\n", 1)[0], "a checkpoint that was kept elsewhere")


def _claim(text: str, expected: str, who: str) -> Claim:
    named, size, root, *_ = text.split("\n")
    if named != expected:
        raise TamperedData("a checkpoint is of another chain")
    return Claim(int(size), root, who)


def _chain_in(tail: bytes) -> bytes | None:
    try:
        return base64.b64decode(tail.rpartition(b':"')[2].removesuffix(b'"}'), validate=True)
    except (binascii.Error, ValueError):
        return None
