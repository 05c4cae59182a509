"""A statement in the formats that a reader may ask for (xAPI 1.0.3 Communication 2.1.3): ``ids`` and ``canonical``; ``exact`` is as stored.

Only what a format changes is written anew; numbers, extensions and results keep their bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from lrs.xapi.language import choose

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_STRING = msgspec.json.Decoder(str)
_KEPT_OF_AGENTS = ("objectType", "mbox", "mbox_sha1sum", "openid", "account")
_OF_PERSONS = ("name", "mbox", "mbox_sha1sum", "openid", "account")
_COMPONENTS = ("choices", "scale", "source", "target", "steps")
_INTERACTION = frozenset({"interactionType", "correctResponsesPattern", *_COMPONENTS})
_MAPS = frozenset({"name", "description", "extensions"})

Change = Callable[[bytes], bytes]
"""A JSON value -> what stands in its place."""
Definitions = Mapping[str, Sequence[bytes]]
"""Activity id -> the JSON of its definitions that were seen, oldest first."""


class _Changes(msgspec.Struct, frozen=True):
    """What a format makes of each kind of thing in a statement."""

    agent: Change
    verb: Change
    activity: Change
    attachment: Change = bytes


def ids(body: bytes) -> bytes:
    """Keep of agents, groups, verbs and activities only what identifies them; of a group without identifier that of its members."""
    return _event(body, _IDS)


def canonical(body: bytes, accept: str, definitions: Definitions) -> bytes:
    """Show activities with the store's own definition, and of each language map the language that ``accept`` (Accept-Language) asks for."""

    def one_language(raw: bytes) -> bytes:
        return _one_language(raw, accept)

    def component(raw: bytes) -> bytes:
        return _changed(raw, {"description": one_language})

    def activity(raw: bytes) -> bytes:
        found = _members(raw)
        seen = definitions.get(_STRING.decode(found["id"]))
        if seen or "definition" in found:
            whole = merge_definitions(seen or [found["definition"]])
            found["definition"] = _changed(whole, in_definition)
        return _written(found)

    components = {key: _in_each(component) for key in _COMPONENTS}
    in_definition = {"name": one_language, "description": one_language, **components}
    display = {"display": one_language}
    described = {"display": one_language, "description": one_language}
    changes = _Changes(
        agent=bytes, verb=lambda raw: _changed(raw, display), activity=activity, attachment=lambda raw: _changed(raw, described)
    )
    return _event(body, changes)


def activities(body: bytes) -> Iterator[str]:
    """Name the activities whose definitions :func:`canonical` needs."""
    found: list[str] = []

    def note(raw: bytes) -> bytes:
        found.append(_STRING.decode(_members(raw)["id"]))
        return raw

    _event(body, _Changes(agent=bytes, verb=bytes, activity=note))
    yield from found


def person(spellings: Iterable[bytes]) -> bytes:
    """Spellings of an agent, oldest first -> the Person object (xAPI 1.0.3 Communication 2.4): of each property every value, once."""
    values: dict[str, dict[bytes, None]] = {key: {} for key in _OF_PERSONS}
    for spelling in spellings:
        found = _members(spelling)
        for key in values.keys() & found:
            values[key][msgspec.json.encode(msgspec.json.decode(found[key]), order="sorted")] = None
    arrays = {key: b"[%b]" % b",".join(distinct) for key, distinct in values.items() if distinct}
    return _written({"objectType": b'"Person"'} | arrays)


def activity(iri: str, definitions: Sequence[bytes]) -> bytes:
    """Definitions of an activity, oldest first -> the Activity object (xAPI 1.0.3 Communication 2.5)."""
    whole = {"objectType": b'"Activity"', "id": msgspec.json.encode(iri)}
    return _written(whole | {"definition": merge_definitions(definitions)} if definitions else whole)


def definitions(body: bytes) -> list[tuple[str, bytes]]:
    """Give (activity id, definition) of each activity in a statement that has one."""
    said: list[tuple[str, bytes]] = []

    def note(raw: bytes) -> bytes:
        found = _members(raw)
        if "definition" in found:
            said.append((_STRING.decode(found["id"]), found["definition"]))
        return raw

    _event(body, _Changes(agent=bytes, verb=bytes, activity=note))
    return said


def merge_definitions(definitions: Sequence[bytes]) -> bytes:
    """Definitions of one activity, oldest first -> the store's own.

    Languages and extensions come together; of anything else the newest counts. An interaction is one thing: a newer one takes the place
    of an older one as a whole.
    """
    whole: dict[str, bytes] = {}
    for definition in definitions:
        found = _members(definition)
        if "interactionType" in found:
            whole = {key: value for key, value in whole.items() if key not in _INTERACTION}
        for key, value in found.items():
            together = key in _MAPS and key in whole
            whole[key] = _written(_members(whole[key]) | _members(value)) if together else value
    return _written(whole)


def _event(body: bytes, changes: _Changes) -> bytes:
    """Change the things in a statement or SubStatement."""

    def thing(raw: bytes) -> bytes:
        found = _members(raw)
        kind = _STRING.decode(found["objectType"]) if "objectType" in found else "Activity"
        if kind in ("Agent", "Group"):
            return changes.agent(raw)
        if kind == "SubStatement":
            return _event(raw, changes)
        return changes.activity(raw) if kind == "Activity" else raw

    def context(raw: bytes) -> bytes:
        return _changed(raw, in_context)

    def around(raw: bytes) -> bytes:
        return _written({key: each_activity(group) for key, group in _members(raw).items()})

    each_activity = _in_each(changes.activity)
    in_context = {
        "instructor": changes.agent,
        "team": changes.agent,
        "contextActivities": around,
        "contextAgents": _in_each(lambda raw: _changed(raw, {"agent": changes.agent})),
        "contextGroups": _in_each(lambda raw: _changed(raw, {"group": changes.agent})),
    }
    in_event = {
        "actor": changes.agent,
        "verb": changes.verb,
        "object": thing,
        "context": context,
        "authority": changes.agent,
        "attachments": _in_each(changes.attachment),
    }
    return _changed(body, in_event)


def _agent_id(raw: bytes) -> bytes:
    found = _members(raw)
    kept = {"objectType": b'"Agent"'} | {key: found[key] for key in _KEPT_OF_AGENTS if key in found}
    if len(kept) == 1 and "member" in found:
        kept["member"] = _in_each(_agent_id)(found["member"])
    return _written(kept)


def _only_id(raw: bytes) -> bytes:
    return b'{"id":%b}' % _members(raw)["id"]


_IDS = _Changes(agent=_agent_id, verb=_only_id, activity=_only_id)


def _one_language(raw: bytes, accept: str) -> bytes:
    found = _members(raw)
    if not found:
        return raw
    tag = choose(found, accept)
    return _written({tag: found[tag]})


def _members(raw: bytes) -> dict[str, bytes]:
    return {key: bytes(value) for key, value in _OBJECT.decode(raw).items()}


def _changed(raw: bytes, changes: Mapping[str, Change]) -> bytes:
    found = _members(raw)
    if changes.keys().isdisjoint(found):
        return raw
    return _written({key: changes[key](value) if key in changes else value for key, value in found.items()})


def _in_each(change: Change) -> Change:
    return lambda raw: b"[%b]" % b",".join([change(bytes(item)) for item in _ARRAY.decode(raw)])


def _written(found: Mapping[str, bytes]) -> bytes:
    return b"{%b}" % b",".join([b"%b:%b" % (msgspec.json.encode(key), value) for key, value in found.items()])
