"""Converting Open edX tracking logs, on one core: lines of a log in, lines of statements out.

    python -m benchmarks.edx [EVENTS]

The lines are made up, of the kinds and in the shares that a MOOC's log has (Zipf), 1.1 KB on average; people, courses and videos repeat.
"""

from __future__ import annotations

import json
import platform
import random
import sys

import msgspec

from benchmarks.result import Result, Stopwatch

HOME = "https://lms.example.fr"
DEFAULT = 100_000
ROUNDS = 3


def made(count: int) -> list[bytes]:
    """Make so many lines of a log; the same ones every time."""
    chance = random.Random(7)
    kinds = (_page_request, _play, _pause, _next, _check, _browser_check, _view, _completion)
    weights = (30, 22, 15, 12, 6, 6, 5, 4)
    return [json.dumps(kind(chance)).encode() for kind in chance.choices(kinds, weights, k=count)]


def _event(chance: random.Random, name: str, data: object, source: str = "browser") -> dict[str, object]:
    course = f"course-v1:Ecole+Cours{min(int(chance.paretovariate(1)), 300)}+2026"
    person = min(int(chance.paretovariate(0.7)), 50_000)
    return {
        "name": name,
        "event_type": name,
        "event_source": source,
        "time": f"2026-03-{chance.randint(1, 28):02}T{chance.randint(0, 23):02}:15:{chance.randint(0, 59):02}.{chance.randint(0, 999_999):06}+00:00",
        "username": f"apprenant-{person}",
        "session": f"{person:032x}",
        "ip": "192.0.2.7",
        "agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
        "host": "lms.example.fr",
        "referer": f"{HOME}/courses/{course}/courseware/chapitre/sequence/?activate_block_id=block-v1%3AEcole",
        "accept_language": "fr,fr-FR;q=0.8,en-US;q=0.5,en;q=0.3",
        "page": f"{HOME}/courses/{course}/courseware/chapitre/sequence/",
        "event": json.dumps(data) if source == "browser" and isinstance(data, dict) else data,
        "context": {
            "course_id": course,
            "course_user_tags": {},
            "org_id": "Ecole",
            "path": "/event",
            "user_id": person,
            "enterprise_uuid": "",
            "module": {"display_name": "Quiz", "usage_key": f"{course.replace('course', 'block')}+type@problem+block@quiz"},
        },
    }


def _page_request(chance: random.Random) -> dict[str, object]:
    return _event(chance, f"/courses/x/{chance.random()}", {"GET": {}, "POST": {}}, "server")


def _play(chance: random.Random) -> dict[str, object]:
    return _event(chance, "play_video", _video(chance))


def _pause(chance: random.Random) -> dict[str, object]:
    return _event(chance, "pause_video", _video(chance))


def _video(chance: random.Random) -> dict[str, object]:
    return {"id": f"{chance.randint(1, 40):032x}", "code": "html5", "currentTime": chance.uniform(0, 600), "duration": 600}


def _next(chance: random.Random) -> dict[str, object]:
    block = f"block-v1:Ecole+Cours+2026+type@sequential+block@{chance.randint(1, 30):032x}"
    return _event(chance, "edx.ui.lms.sequence.next_selected", {"id": block, "current_tab": 2, "tab_count": 5, "widget_placement": "top"})


def _check(chance: random.Random) -> dict[str, object]:
    problem = f"block-v1:Ecole+Cours+2026+type@problem+block@{chance.randint(1, 60):032x}"
    questions = {
        f"{chance.getrandbits(64):x}_{n}_1": {
            "question": "Quel est le pH du citron ?",
            "answer": "2",
            "correct": True,
            "response_type": "numericalresponse",
            "input_type": "formulaequationinput",
            "variant": "",
        }
        for n in range(2, 2 + chance.choice((1, 1, 3)))
    }
    state = {
        key: {"correctness": "correct", "npoints": None, "msg": "", "hint": "", "hintmode": None, "queuestate": None} for key in questions
    }
    data = {
        "problem_id": problem,
        "grade": 1,
        "max_grade": 1,
        "success": "correct",
        "attempts": 1,
        "submission": questions,
        "correct_map": state,
    }
    return _event(chance, "problem_check", data | {"state": {"correct_map": state, "input_state": {}, "done": True}}, "server")


def _browser_check(chance: random.Random) -> dict[str, object]:
    return _event(chance, "problem_check", f"input_{chance.randint(1, 60):032x}_2_1=2")


def _view(chance: random.Random) -> dict[str, object]:
    return _event(chance, "edx.forum.thread.viewed", {"id": f"{chance.getrandbits(96):024x}", "title": "Bonjour", "url": HOME}, "server")


def _completion(chance: random.Random) -> dict[str, object]:
    block = f"block-v1:Ecole+Cours+2026+type@html+block@{chance.randint(1, 60):032x}"
    return _event(chance, "edx.completion.block_completion.changed", {"block_id": block, "completion": 1.0, "user_id": 42}, "server")


def measure(lines: list[bytes]) -> tuple[Result, int]:
    """Convert and encode -> (a result that counts events, the number of statements)."""
    from lrs.sources import Platform
    from lrs.sources.edx import convert

    encode = msgspec.json.Encoder().encode
    made = 0
    watch = Stopwatch()
    for outcome in convert(lines, Platform(HOME, bytes(32))):
        for statement in outcome.statements:
            encode(statement)
            made += 1
    return watch.stop(len(lines)), made


def main(count: int) -> None:
    """Print each round."""
    lines = made(count)
    size = sum(map(len, lines)) / count
    print(f"{count:,} events of {size:,.0f} bytes; Python {platform.python_version()}, msgspec {msgspec.__version__}, {platform.machine()}")
    for _ in range(ROUNDS):
        result, statements = measure(lines)
        per_second = result.statements / result.processor
        print(f"{per_second:>9,.0f} events/s of processor time, {result.rate:>9,.0f} events/s by the clock; {statements:,} statements")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT)
