"""The page of the reference about Open edX: what becomes of each kind of event, and where that differs from Open edX's own statements."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lrs.sources.edx import BROWSER_EVENTS, EVENTS

if TYPE_CHECKING:
    from lrs.sources.edx.rule import Rule

DIFFERENCES = (
    ("`id`", "UUID 5 of person, verb and time", "UUID 8 with a key, of kind, source, time, person, activity and result",
     "theirs confirms a guess of who did what when, and two events of one person, verb and time have one"),
    ("`actor`", "external id, from a table of Open edX", "number of the user, or what you choose", "logs hold no external ids; no login name passes"),
    ("a person without a number", "looked up by login name", "looked up in `--people`, refused otherwise",
     "a login name is not an account's name, and nobody is two persons"),
    ("a visitor", "no statement", "the account `anonymous`", "what happened is kept"),
    ("extension `transformer-version`", "`event-routing-backends@...`", "`lrs@1`", "it says what made the statement"),
    ("extension `session-id`", "as it is", "where it is a hash", "old logs have other things in its place"),
    ("problem with several questions: `objectType`", "`GroupActivity`", "`Activity`", "xAPI knows no other (1.0.3 Data 2.4.4.1)"),
    ("the same, where the event says `data` and not `event`", "text, answer and correctness of the first question stand for the whole",
     "as where it says `event`: title and correctness of the whole, each question by itself", "an event says the same however it is written"),
    ("the same, where the event says `event` and not `data`", "without the number of the attempt", "with it, the problem and each question",
     "an event says the same however it is written, and Open edX's dashboards (Aspects) take no `evaluated` without it"),
    ("answer in a browser to a problem with `_` in its key", "the key up to the first `_`", "the whole key", "theirs names no block"),
    ("exam attempt", "a bare UUID", "`urn:uuid:` before it", "an activity's id is an IRI (1.0.3 Data 2.4.4.1)"),
    ("score where nothing can be earned", "`max` 0", "no `max`", "`max` is greater than `min` (1.0.3 Data 2.4.5.1)"),
    ("points below 0 or above the greatest", "as they are", "`raw` alone",
     "`raw` lies between `min` and `max`, `scaled` between -1 and 1 (1.0.3 Data 2.4.5.1)"),
    ("discussion", "with the title of the thread", "without", "people wrote it"),
    ("discussion whose event has no `path`", "no statement", "`threads` or `comments` by its kind", "what happened is kept"),
    ("link", "its whole address", "without query, fragment and login name", "they name people, and what they looked for"),
    ("title of a course that isn't known", "no statement", "no title", "what happened is kept"),
    ("course that only the event names, not its `context`", "no statement", "that course", "what happened is kept"),
    ("position 0 of a video in `current_time`", "left out", "0", "it is a position"),
    ("length of a video below 0", "as it is", "left out", "players say -1 for what they don't know"),
    ("an event without what names its activity", "no statement, or one without `object.id`", "refused, and named in the report", "a statement has an object"),
    ("values of another type than documented", "as they are", "numbers in texts as numbers, others left out or refused", "what nobody foresaw may name people"),
)  # fmt: skip
"""What, in Open edX's statements, in ours, and why."""


def page(note: str) -> str:
    """List the events of Open edX, what becomes of them, and what is different."""
    ours = sum(not rule.published for rule in EVENTS.values())
    rows = [_row(f"`{kind}`", rule) for kind, rule in sorted(EVENTS.items())]
    rows += [_row(f"`{kind}` of a browser or a telephone", rule) for kind, rule in BROWSER_EVENTS.items()]
    return (
        "# Events of Open edX\n\n"
        + note
        + f"{len(EVENTS)} kinds of events have a mapping: {len(EVENTS) - ours} the one that Open edX publishes for its own xAPI events (*Open edX*), "
        f"{ours} more one of the same patterns (*lrs*), with verbs that Open edX's dashboards do not count. "
        "HOME is `--home`, RUN the key of the course without its prefix, other words in capitals are parts of the event. "
        "[How to convert logs](../how-to/sources/edx.md) says what passes and what doesn't.\n\n"
        "| event | verb | activity | its id | mapping |\n|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n\n## What is different\n\nThe mapping is that of event-routing-backends 9.3.8 and of openedx-completion-aggregator 4.5.0; "
        "of kinds that these leave out today it is the last one published. Statements are, field by field, what these make of an event, but for:\n\n"
        "| | Open edX | here | because |\n|---|---|---|---|\n"
        + "\n".join(f"| {' | '.join(each)} |" for each in DIFFERENCES)
        + "\n\nThe queries by which Aspects fills its tables (problems, grades, enrolments, completion, videos, transcripts, forums, navigation) "
        "give the same rows of both, but for the answer to a problem with several questions as a whole: theirs is that to the first question, "
        "ours is empty.\n"
    )


def _row(event: str, rule: Rule) -> str:
    """Give the line of one kind of event; the docstring of what names its activity shows the form of the id."""
    shape = re.findall(r"`[^`]+`", rule.thing.__doc__ or "")[0]
    return f"| {event} | {rule.verb['id']} | {rule.kind} | {shape} | {'Open edX' if rule.published else 'lrs'} |"
