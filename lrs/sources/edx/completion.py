"""Progress through blocks, and their completion."""

from __future__ import annotations

from lrs.sources.edx.event import Event
from lrs.sources.edx.rule import Part, Rule, block, course, module, named
from lrs.sources.edx.vocabulary import COMPLETED, COURSE, LESSON, MODULE, PROGRESS, PROGRESSED, RESOURCE

_PERCENT = 100


def courses(event: Event) -> str:
    """Name the course as the completion aggregator does: `HOME/courses/COURSE`."""
    return f"{event.platform.home}/courses/{event.needed('course_id')}"


def _share(event: Event) -> Part:
    share = event.number("percent") or 0
    return {"completion": share == 1, "score": {"scaled": share} if 0 <= share <= 1 else {}}


def _block(event: Event) -> Part:
    share = event.number("completion") or 0
    return {"completion": share == 1, "extensions": {PROGRESS: share * _PERCENT}}


def _done(event: Event) -> Part:
    return {"completion": event.data.get("done") in (True, "true")}


def _title(event: Event) -> Part:
    return named(event.platform.names.get(event.course_key()), "en")


_KINDS = {"chapter": MODULE, "sequential": MODULE, "vertical": LESSON}


def _aggregated(prefix: str) -> dict[str, Rule]:
    parts = {
        **{
            f"{prefix}.progress.{name}": Rule(PROGRESSED, kind, block("block_id"), result=_share, published=True)
            for name, kind in _KINDS.items()
        },
        **{f"{prefix}.completion.{name}": Rule(COMPLETED, kind, block("block_id"), published=True) for name, kind in _KINDS.items()},
    }
    return parts | {
        f"{prefix}.progress.course": Rule(PROGRESSED, COURSE, courses, result=_share, parent=False, published=True),
        f"{prefix}.completion.course": Rule(COMPLETED, COURSE, courses, parent=False, published=True),
    }


EVENTS = {
    "edx.completion.block_completion.changed": Rule(PROGRESSED, RESOURCE, block("block_id"), result=_block, published=True),
    "edx.course.completed": Rule(COMPLETED, COURSE, course, _title, parent=False, published=True),
    "edx.done.toggled": Rule(COMPLETED, RESOURCE, module, result=_done),
    **_aggregated("edx.completion_aggregator"),
    **_aggregated("openedx.completion_aggregator"),
}
