"""What a disk holds after the power went: what was written through, and of the rest what chance leaves.

Two file systems are played. A *strict* one promises what POSIX does: the contents of a file are there after its own fsync, a name once the folder that
has it was synced. A *journalling* one (ext4, XFS) keeps names in the order in which they were made, and those of a file or folder that was synced,
and all before. On both a file that was never synced is empty, and chance may have let more names reach the disk.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import attrs


@attrs.define(eq=False)
class Node:
    """A file, a folder or a link: what it is now, and what of it is on the disk."""

    kind: str
    content: Path | None = None
    target: str = ""
    names: dict[str, Node] = attrs.field(factory=dict)
    kept: dict[str, Node] = attrs.field(factory=dict)


@attrs.frozen
class Step:
    """One change of names: in which folder, which name, whose (None: nobody's any more)."""

    changes: tuple[tuple[Node, str, Node | None], ...]

    def about(self, node: Node) -> bool:
        """Tell whether it names, or is in, this file or folder."""
        return any(node in (folder, named) for folder, _, named in self.changes)


class Disk:
    """The disk below a folder, as a journal of ``journal.c`` says. ``chance`` decides what of the unsynced is there after all; None: nothing."""

    def __init__(self, root: Path, *, journalling: bool, chance: Random | None = None) -> None:
        self._root = root
        self._journalling = journalling
        self._chance = chance
        self._top = Node("folder")
        self._inodes: dict[int, Node] = {root.stat().st_ino: self._top}
        self._waiting: list[Step] = []

    def play(self, lines: list[str], journal: Path) -> None:
        """Do what the lines say."""
        for line in lines:
            verb, *parts = line.rstrip("\n").split("\t")
            if verb == "sync":
                self._inodes[int(parts[0])].content = journal.with_name(f"{journal.name}.{parts[1]}")
                self._through(self._inodes[int(parts[0])])
            elif verb == "syncdir":
                self._through(self._inodes[int(parts[0])])
            elif verb in ("create", "mkdir"):
                node = self._inodes[int(parts[0])] = Node("file" if verb == "create" else "folder")
                self._step((*self._place(parts[1]), node))
            elif verb == "symlink":
                self._step((*self._place(parts[1]), Node("link", target=parts[0])))
            elif verb == "unlink":
                self._step((*self._place(parts[0]), None))
            elif verb != "mark":
                self._move(verb, *parts)

    def lose_power(self, to: Path) -> None:
        """Put what is on the disk into a new folder."""
        if self._chance is not None:
            if self._journalling:
                for step in self._waiting[: self._chance.randint(0, len(self._waiting))]:
                    _keep(step.changes)
            else:
                for step in self._waiting:
                    _keep(tuple(change for change in step.changes if self._chance.random() < 0.5))
        _write(self._top, to)

    def _move(self, verb: str, old: str, new: str) -> None:
        (one, name), (other, new_name) = self._place(old), self._place(new)
        node = one.names[name]
        if verb == "link":
            self._step((other, new_name, node))
        elif verb == "exchange":
            self._step((other, new_name, node), (one, name, other.names[new_name]))
        else:
            self._step((one, name, None), (other, new_name, node))

    def _place(self, path: str) -> tuple[Node, str]:
        *folders, name = Path(path).relative_to(self._root).parts
        node = self._top
        for folder in folders:
            node = node.names[folder]
        return node, name

    def _step(self, *changes: tuple[Node, str, Node | None]) -> None:
        for folder, name, node in changes:
            _put(folder.names, name, node)
        self._waiting.append(Step(changes))

    def _through(self, node: Node) -> None:
        """Have a file or folder written through."""
        if self._journalling:
            last = max((place for place, step in enumerate(self._waiting) if step.about(node)), default=-1)
            for step in self._waiting[: last + 1]:
                _keep(step.changes)
            del self._waiting[: last + 1]
            return
        left = []
        for step in self._waiting:
            _keep(tuple(change for change in step.changes if change[0] is node))
            if rest := tuple(change for change in step.changes if change[0] is not node):
                left.append(Step(rest))
        self._waiting = left


def _keep(changes: tuple[tuple[Node, str, Node | None], ...]) -> None:
    for folder, name, node in changes:
        _put(folder.kept, name, node)


def _put(names: dict[str, Node], name: str, node: Node | None) -> None:
    if node is None:
        names.pop(name, None)
    else:
        names[name] = node


def _write(node: Node, to: Path) -> None:
    if node.kind == "folder":
        to.mkdir(mode=0o700)
        for name, each in node.kept.items():
            _write(each, to / name)
    elif node.kind == "link":
        to.symlink_to(node.target)
    elif node.content is None:
        to.touch(mode=0o600)
    else:
        shutil.copyfile(node.content, to)
        to.chmod(0o600)
