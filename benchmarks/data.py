"""The statements that are measured: made up with a seed, as skewed as real ones; or a file of real ones."""

from __future__ import annotations

import gzip
import itertools
import random
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import msgspec

VIDEO = "https://w3id.org/xapi/video"
VERBS = {"initialized": 8, "played": 30, "paused": 22, "seeked": 12, "completed": 6, "terminated": 8, "answered": 14}
STATEMENTS_PER_PERSON = 40
VIDEOS_PER_COURSE = 60
START = datetime(2026, 1, 5, 8, tzinfo=UTC)


class _Acted(msgspec.Struct, gc=False):
    actor: msgspec.Raw


def made(count: int, *, seed: int = 1, people: int = 0) -> list[bytes]:
    """Make statements of about 1.4 KB: people, courses and videos follow Zipf's law, as enrolments and views do.

    Each of ``people`` is in one of them at least; as a rule there are a fortieth as many as statements.
    """
    chance = random.Random(seed)
    everyone = [_person(chance, number) for number in range(people or max(count // STATEMENTS_PER_PERSON, 1))]
    courses = [f"https://campus.example/courses/course-v1:campus+{number:05}+session01" for number in range(max(count // 5000, 3))]
    who = [*everyone, *_zipf(chance, everyone, max(count - len(everyone), 0))]
    chance.shuffle(who)
    where = _zipf(chance, courses, count)
    what = _zipf(chance, range(VIDEOS_PER_COURSE), count)
    verbs = chance.choices(list(VERBS), list(VERBS.values()), k=count)
    return [_statement(chance, number, *choice) for number, choice in enumerate(zip(who[:count], where, what, verbs, strict=True))]


def one_for_each_person(statements: list[bytes]) -> list[bytes]:
    """Give, for every person in them, one statement under an id of its own, so that a store can meet everyone before the clock starts."""
    chance = random.Random(0)
    decode = msgspec.json.Decoder(_Acted).decode
    actors = {bytes(decode(statement).actor) for statement in statements}
    verb = b'"verb":{"id":"http://adlnet.gov/expapi/verbs/registered"},"object":{"id":"https://campus.example/courses"}'
    return [b'{"id":"%s","actor":%s,%s}' % (_uuid(chance).encode(), actor, verb) for actor in sorted(actors)]


def real(path: Path, count: int) -> list[bytes]:
    """Read statements, one a line, gzipped."""
    with gzip.open(path) as file:
        return [line.strip() for line in itertools.islice(file, count)]


def batches(statements: list[bytes], size: int) -> list[bytes]:
    """Join statements into JSON arrays of ``size``."""
    return [b"[" + b",".join(statements[first : first + size]) + b"]" for first in range(0, len(statements), size)]


def _zipf(chance: random.Random, items, count: int):
    weights = list(itertools.accumulate(1 / rank for rank in range(1, len(items) + 1)))
    return chance.choices(list(items), cum_weights=weights, k=count)


def _person(chance: random.Random, number: int) -> dict:
    if chance.random() < 0.8:
        return {"objectType": "Agent", "account": {"homePage": "https://campus.example", "name": _uuid(chance)}}
    return {"objectType": "Agent", "name": f"Learner Number {number:06}", "mbox": f"mailto:learner.{number:06}@courriel.example"}


def _statement(chance: random.Random, number: int, person: dict, course: str, video: int, verb: str) -> bytes:
    own = verb in ("played", "paused", "seeked")
    when = START + timedelta(milliseconds=number * 137)
    activity = f"{course}/block/video-{video:03}" if verb != "answered" else f"{course}/block/problem-{video:03}"
    statement = {
        "id": _uuid(chance),
        "actor": person,
        "verb": {
            "id": f"{VIDEO}/verbs/{verb}" if own else f"http://adlnet.gov/expapi/verbs/{verb}",
            "display": {"en-US": verb, "fr-FR": verb},
        },
        "object": {"objectType": "Activity", "id": activity, "definition": _definition(verb, video)},
        "result": _result(chance, verb, video),
        "context": {
            "registration": _registration(course, msgspec.json.encode(person).decode()),
            "platform": "campus.example",
            "language": "fr-FR",
            "contextActivities": {
                "category": [{"id": VIDEO, "objectType": "Activity"}],
                "parent": [
                    {
                        "id": course,
                        "objectType": "Activity",
                        "definition": {"type": "http://adlnet.gov/expapi/activities/course", "name": {"fr-FR": f"Cours {course[-15:-10]}"}},
                    }
                ],
            },
            "extensions": {
                f"{VIDEO}/extensions/session-id": _uuid(chance),
                f"{VIDEO}/extensions/length": 300 + video,
                f"{VIDEO}/extensions/speed": "1x",
            },
        },
        "timestamp": when.isoformat(timespec="milliseconds"),
    }
    return msgspec.json.encode(statement)


def _definition(verb: str, video: int) -> dict:
    if verb == "answered":
        return {
            "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
            "name": {"fr-FR": f"Exercice {video}"},
            "interactionType": "choice",
            "correctResponsesPattern": ["b"],
            "choices": [{"id": key, "description": {"fr-FR": f"Réponse {key}"}} for key in "abc"],
        }
    return {"type": f"{VIDEO}/activity-type/video", "name": {"fr-FR": f"Vidéo {video}", "en-US": f"Video {video}"}}


def _result(chance: random.Random, verb: str, video: int) -> dict:
    if verb == "answered":
        right = chance.random() < 0.7
        return {
            "success": right,
            "response": "b" if right else "a",
            "duration": f"PT{chance.uniform(3, 90):.2f}S",
            "score": {"scaled": float(right)},
        }
    at = round(chance.uniform(0, 300 + video), 3)
    segments = "[,]".join(f"{start}[.]{round(start + 17.25, 3)}" for start in (0.0, at / 3, at / 2))
    return {
        "extensions": {
            f"{VIDEO}/extensions/time": at,
            f"{VIDEO}/extensions/progress": round(at / 400, 3),
            f"{VIDEO}/extensions/played-segments": segments,
        }
    }


@lru_cache(1 << 18)
def _registration(course: str, person: str) -> str:
    return str(uuid5(NAMESPACE_URL, course + person))


def _uuid(chance: random.Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
