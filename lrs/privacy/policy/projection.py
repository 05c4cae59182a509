"""The projection of a statement on what a purpose needs: an allow-list of properties, and times cut to what it may know (PUR-1)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lrs.privacy.policy.minimise import rounded
from lrs.privacy.policy.model import Granularity
from lrs.xapi import fields
from lrs.xapi.formats import format_timestamp, read_timestamp

_TIMES = ("timestamp", "stored")
Tree = dict[str, "Tree"]
"""What is shown: property -> what of it; an empty one shows all of it."""


def project(body: bytes, shown: Sequence[str], granularity: Granularity) -> bytes:
    """Give of a statement's JSON the properties that are ``shown``, all if none are named, and its times at this granularity."""
    found = _cut(body, granularity) if granularity is not Granularity.EXACT else body
    return _kept(found, _tree(shown)) if shown else found


def _tree(paths: Sequence[str]) -> Tree:
    tree: Tree = {}
    # Shorter paths last: a property that is shown whole is not cut down by a path into it.
    for path in sorted(paths, key=lambda path: -path.count(".")):
        *way, last = path.split(".")
        place = tree
        for step in way:
            place = place.setdefault(step, {})
        place[last] = {}
    return tree


def _kept(raw: bytes, tree: Tree) -> bytes:
    """Keep the properties of a tree; in an array of each item. What is no object where the tree goes on is not shown."""
    if raw[:1] == b"[":
        return b"[%b]" % b",".join(_kept(bytes(item), tree) for item in msgspec.json.decode(raw, type=list[msgspec.Raw]))
    if raw[:1] != b"{":
        return b"null"
    found = fields.free_members(raw)
    kept = {key: _kept(value, tree[key]) if tree[key] else value for key, value in found.items() if key in tree}
    # An object of which nothing is shown would tell that it is there.
    return fields.written({key: value for key, value in kept.items() if value != b"{}" or not tree[key]})


def _cut(raw: bytes, granularity: Granularity) -> bytes:
    """Cut the times of a statement, and of the SubStatement in it."""
    found = fields.free_members(raw)
    for name in _TIMES:
        if name in found:
            moment = read_timestamp(found[name])
            # What can't be read is not shown; nothing that was checked is.
            found[name] = b"null" if moment is None else msgspec.json.encode(format_timestamp(rounded(moment, granularity)))
    if found.get("object", b"")[:1] == b"{":
        found["object"] = _cut(found["object"], granularity)
    return fields.written(found)
