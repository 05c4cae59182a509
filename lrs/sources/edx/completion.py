"""Progress through blocks, and their completion."""

from __future__ import annotations

from lrs.sources.edx.event import Event
from lrs.sources.edx.rule import Part, Rule, block, course, module, named
from lrs.sources.edx.vocabulary import COMPLETED, COURSE, MODULE, PROGRESS, PROGRESSED, RESOURCE

_PERCENT = 100


def _share(event: Event) -> Part:
    """Say how much of a block is done: blocks tell ``completion``, what holds them ``percent``; either is between 0 and 1."""
    share = event.number("completion", "percent") or 0
    return {"completion": share == 1, "extensions": {PROGRESS: share * _PERCENT}}


def _done(event: Event) -> Part:
    return {"completion": event.data.get("done") in (True, "true")}


def _title(event: Event) -> Part:
    return named(event.platform.names.get(event.course_key()), "en")


_KINDS = {"chapter": MODULE, "sequential": MODULE, "vertical": MODULE, "course": COURSE}


def _aggregated(prefix: str) -> dict[str, Rule]:
    """Give the rules of the completion aggregator's events; it names a course, too, by its block."""
    return {
        **{
            f"{prefix}.progress.{name}": Rule(PROGRESSED, kind, block("block_id"), result=_share, published=True)
            for name, kind in _KINDS.items()
        },
        **{f"{prefix}.completion.{name}": Rule(COMPLETED, kind, block("block_id"), published=True) for name, kind in _KINDS.items()},
    }


EVENTS = {
    "edx.completion.block_completion.changed": Rule(PROGRESSED, RESOURCE, block("block_id"), result=_share, published=True),
    "edx.course.completed": Rule(COMPLETED, COURSE, course, _title, parent=False, published=True),
    "edx.done.toggled": Rule(COMPLETED, RESOURCE, module, result=_done),
    **_aggregated("edx.completion_aggregator"),
    **_aggregated("openedx.completion_aggregator"),
}
