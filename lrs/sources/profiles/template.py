"""Profiles whose rules are data: concepts and statement templates (https://github.com/adlnet/xapi-profiles)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any

import msgspec

from lrs.sources.profiles.breach import Breach

__all__ = ["read"]

_KINDS: dict[str, tuple[type, ...]] = {"number": (int, float), "boolean": (bool,), "string": (str,)}
_EXTENSIONS = ("context.extensions", "result.extensions", "object.definition.extensions")


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a statement has to have: which, by ``verbs`` and the ``types`` of their activities, none meaning all, and the places of what must be there.

    A place is a path of properties; of an extension its last step is the name under ``extensions`` of the profile. A template without verbs is for the
    statements that no other is for.
    """

    name: str
    verbs: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A profile.

    ``category``: what a statement of it names as a category. ``owns`` begins the IRIs of the verbs and types that are its own; a statement with one of those is
    one of the profile's too. ``verbs``, ``types`` and ``extensions`` are all there are, with the type of each extension's value. All its statements
    have what it ``needs``. Where there are ``templates``, a statement follows one of them, unless it is about an activity of a type that the profile
    ``leaves`` alone.
    """

    id: str
    version: str
    category: str
    owns: tuple[str, ...] = ()
    extension: str = ""
    verbs: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    extensions: dict[str, str] = {}
    needs: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    templates: tuple[Template, ...] = ()

    def __call__(self, statement: Mapping[str, Any]) -> Iterator[Breach]:
        """Say which rules a statement breaks."""
        verb, kind = _at(statement, "verb.id"), _at(statement, "object.definition.type")
        if not self._is_ours(statement, verb, kind):
            return
        yield from self._unknown(verb, kind)
        yield from self._mistyped(statement)
        yield from self._lacking(statement, self.needs)
        if self.templates and kind not in self.leaves:
            yield from self._untold(statement, verb, kind)

    def _is_ours(self, statement: Mapping[str, Any], verb: Any, kind: Any) -> bool:
        return self.category in _categories(statement) or any(_begins(iri, self.owns) for iri in (verb, kind))

    def _unknown(self, verb: Any, kind: Any) -> Iterator[Breach]:
        """Refuse verbs and types in the profile's own words that it does not have."""
        if _begins(verb, self.owns) and verb not in self.verbs:
            yield self._breach("$.verb.id", "must be a verb of the profile")
        if _begins(kind, self.owns) and kind not in self.types:
            yield self._breach("$.object.definition.type", "must be an activity type of the profile")

    def _mistyped(self, statement: Mapping[str, Any]) -> Iterator[Breach]:
        for place in _EXTENSIONS:
            found = _at(statement, place)
            for name, kind in self.extensions.items():
                value = found.get(f"{self.extension}{name}") if isinstance(found, Mapping) else None
                if value is not None and (not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind != "boolean")):
                    yield self._breach(f"$.{place}", f"must have {name} as a {kind}")

    def _untold(self, statement: Mapping[str, Any], verb: Any, kind: Any) -> Iterator[Breach]:
        """Refuse what follows none of the templates of its verb: by what the one lacks that comes nearest."""
        of_verb = [each for each in self.templates if verb in each.verbs]
        fitting = [each for each in of_verb if not each.types or kind in each.types] or [each for each in self.templates if not each.verbs]
        if fitting:
            lacks = [list(self._lacking(statement, each.needs, f" (template {each.name})")) for each in fitting]
            yield from min(lacks, key=len)
        elif of_verb:
            yield self._breach("$.object.definition.type", f"must be the activity type of the template {of_verb[0].name}")
        else:
            yield self._breach("$.verb.id", "must be a verb of one of the profile's templates")

    def _lacking(self, statement: Mapping[str, Any], places: Iterable[str], why: str = "") -> Iterator[Breach]:
        for place in places:
            if self._value(statement, place) is None:
                yield self._breach(f"$.{_parent(place)}", f"must have {_last(place)}{why}")

    def _value(self, statement: Mapping[str, Any], place: str) -> Any:
        if ".extensions." not in place:
            return _at(statement, place)
        found = _at(statement, _parent(place))
        name = _last(place)
        return found.get(name if ":" in name else f"{self.extension}{name}") if isinstance(found, Mapping) else None

    def _breach(self, place: str, rule: str) -> Breach:
        return Breach(place, rule, f"{self.id} {self.version}")


def read(name: str) -> Document:
    """Read the profile of a name."""
    return msgspec.convert(tomllib.loads((files("lrs.sources.profiles") / f"{name}.toml").read_text("utf-8")), Document)


def _at(tree: Any, path: str) -> Any:
    for key in path.split("."):
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree


def _parent(place: str) -> str:
    before, inside, _ = place.partition(".extensions.")
    return f"{before}.extensions" if inside else place.rpartition(".")[0] or place


def _last(place: str) -> str:
    return place.partition(".extensions.")[2] or place.rpartition(".")[2]


def _begins(iri: Any, prefixes: tuple[str, ...]) -> bool:
    return isinstance(iri, str) and bool(prefixes) and iri.startswith(prefixes)


def _categories(statement: Mapping[str, Any]) -> list[Any]:
    found = _at(statement, "context.contextActivities.category")
    listed = found if isinstance(found, list) else [found]
    return [activity.get("id") for activity in listed if isinstance(activity, Mapping)]
