"""The benchmark's own statements: valid, repeatable, of the size and skew that they claim."""

from __future__ import annotations

import collections
import os
import subprocess
import sys

import msgspec

from benchmarks import data
from lrs.xapi.rules import Checker


def test_made_statements_are_valid_and_of_the_claimed_size() -> None:
    """Each one keeps the rules, and their mean size is that of statements in the field."""
    made = data.made(500)
    checker = Checker("1.0.3")
    for statement in [*made, *data.one_for_each_person(made)]:
        checker.check(statement)
    assert 1200 < sum(map(len, made)) / len(made) < 1600


def test_made_statements_are_the_same_in_every_process() -> None:
    """A seed decides every byte, whatever the process's hash seed is, so that all rounds measure the same."""
    code = "import hashlib; from benchmarks import data; print(hashlib.sha256(b''.join(data.made(200))).hexdigest())"
    seen = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout
        for seed in "12"
    }
    assert len(seen) == 1


def test_people_are_skewed() -> None:
    """A few people send many statements and many send few, as in a real course."""
    actors = collections.Counter(msgspec.json.encode(msgspec.json.decode(statement)["actor"]) for statement in data.made(4000))
    assert actors.most_common(1)[0][1] > 10 * actors.most_common()[-1][1]


def test_everyone_is_in_it() -> None:
    """As many people as are asked for, each in a statement at least, and one statement to meet each of them beforehand."""
    made = data.made(1000, people=300)
    assert len(made) == 1000
    assert len({msgspec.json.decode(statement)["id"] for statement in made}) == 1000
    assert len(data.one_for_each_person(made)) == 300


def test_batches_hold_every_statement_once() -> None:
    """Joining into arrays loses nothing and keeps the order."""
    made = data.made(25)
    decoded = [statement for batch in data.batches(made, 10) for statement in msgspec.json.decode(batch)]
    assert decoded == [msgspec.json.decode(statement) for statement in made]
