"""A statement in the formats that a reader may ask for (xAPI 1.0.3 Communication 2.1.3): ``ids`` and ``canonical``; ``exact`` is as stored.

Only what a format changes is written anew; numbers, extensions and results keep their bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from lrs.xapi.language import choose

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_STRING = msgspec.json.Decoder(str)
_IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
_COMPONENTS = ("choices", "scale", "source", "target", "steps")
_PEOPLE = {"contextAgents": "agent", "contextGroups": "group"}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Change = Callable[[bytes], bytes]
Definitions = Mapping[str, Sequence[bytes]]


def timestamp(microseconds: int) -> str:
    """Microseconds since 1970 UTC -> RFC 3339 with six decimals and ``Z``."""
    return (_EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def ids(body: bytes) -> bytes:
    """Keep of agents, verbs and activities only what identifies them."""
    return _event(body, agent=_agent_id, verb=_only_id, activity=_only_id)


def canonical(body: bytes, accept: str, definitions: Definitions) -> bytes:
    """Show activities with the store's own definition, and of each language map the language that ``accept`` asks for."""

    def one_language(raw: bytes) -> bytes:
        return _one_language(raw, accept)

    def activity(raw: bytes) -> bytes:
        found = _members(raw)
        seen = definitions.get(_STRING.decode(found["id"]))
        if seen or "definition" in found:
            found["definition"] = _localised(merged(seen or [found["definition"]]), one_language)
        return _written(found)

    def verb(raw: bytes) -> bytes:
        return _changed(raw, {"display": one_language})

    def attachments(raw: bytes) -> bytes:
        return _each(raw, lambda item: _changed(item, {"display": one_language, "description": one_language}))

    return _event(body, agent=bytes, verb=verb, activity=activity, attachments=attachments)


def activities(body: bytes) -> Iterator[str]:
    """Name the activities whose definitions ``canonical`` needs."""
    found = _members(body)
    thing = _members(found["object"])
    kind = _kind(thing)
    if kind == "Activity":
        yield _STRING.decode(thing["id"])
    elif kind == "SubStatement":
        yield from activities(found["object"])
    context = _members(found["context"]) if "context" in found else {}
    if "contextActivities" in context:
        for group in _members(context["contextActivities"]).values():
            for item in _ARRAY.decode(group):
                yield _STRING.decode(_members(bytes(item))["id"])


def merged(definitions: Sequence[bytes]) -> bytes:
    """Definitions of one activity, oldest first -> the store's own: languages and extensions together, all else by the newest."""
    whole: dict[str, bytes] = {}
    for definition in definitions:
        for key, value in _members(definition).items():
            whole[key] = _written(_members(whole[key]) | _members(value)) if key in whole and key in ("name", "description", "extensions") else value
    return _written(whole)


def _event(body: bytes, *, agent: Change, verb: Change, activity: Change, attachments: Change = bytes) -> bytes:
    """Change the agents, verb and activities of a statement or SubStatement."""

    def thing(raw: bytes) -> bytes:
        kind = _kind(_members(raw))
        if kind in ("Agent", "Group"):
            return agent(raw)
        if kind == "SubStatement":
            return _event(raw, agent=agent, verb=verb, activity=activity, attachments=attachments)
        return raw if kind == "StatementRef" else activity(raw)

    def people(name: str) -> Change:
        return lambda raw: _each(raw, lambda item: _changed(item, {name: agent}))

    def context(raw: bytes) -> bytes:
        around = lambda value: _written({key: _each(group, activity) for key, group in _members(value).items()})  # noqa: E731 -- short, and used once
        changes = {"instructor": agent, "team": agent, "contextActivities": around}
        return _changed(raw, changes | {key: people(name) for key, name in _PEOPLE.items()})

    changes = {"actor": agent, "verb": verb, "object": thing, "context": context, "authority": agent, "attachments": attachments}
    return _changed(body, changes)


def _agent_id(raw: bytes) -> bytes:
    found = _members(raw)
    kept = {key: found[key] for key in ("objectType", *_IDENTIFIERS) if key in found}
    if "objectType" not in kept:
        kept = {"objectType": b'"Agent"', **kept}
    if len(kept) == 1 and "member" in found:
        kept["member"] = _each(found["member"], _agent_id)
    return _written(kept)


def _only_id(raw: bytes) -> bytes:
    return b'{"id":' + _members(raw)["id"] + b"}"


def _localised(definition: bytes, one_language: Change) -> bytes:
    components = lambda raw: _each(raw, lambda item: _changed(item, {"description": one_language}))  # noqa: E731 -- short, and used once
    return _changed(definition, {"name": one_language, "description": one_language} | dict.fromkeys(_COMPONENTS, components))


def _one_language(raw: bytes, accept: str) -> bytes:
    found = _members(raw)
    if len(found) < 2:
        return raw
    tag = choose(list(found), accept)
    return _written({tag: found[tag]})


def _kind(found: Mapping[str, bytes]) -> str:
    return _STRING.decode(found["objectType"]) if "objectType" in found else "Activity"


def _members(raw: bytes) -> dict[str, bytes]:
    return {key: bytes(value) for key, value in _OBJECT.decode(raw).items()}


def _changed(raw: bytes, changes: Mapping[str, Change]) -> bytes:
    found = _members(raw)
    return _written({key: changes[key](value) if key in changes else value for key, value in found.items()})


def _each(raw: bytes, change: Change) -> bytes:
    return b"[" + b",".join(change(bytes(item)) for item in _ARRAY.decode(raw)) + b"]"


def _written(found: Mapping[str, bytes]) -> bytes:
    return b"{" + b",".join(msgspec.json.encode(key) + b":" + value for key, value in found.items()) + b"}"
