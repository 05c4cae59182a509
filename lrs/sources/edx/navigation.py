"""Ways through a course."""

from __future__ import annotations

from lrs.sources.edx.event import Event
from lrs.sources.edx.rule import Part, Rule, block, course, named, present
from lrs.sources.edx.vocabulary import (
    COURSE,
    ENDING_POINT,
    INITIALIZED,
    LINK,
    MODULE,
    NAVIGATED,
    PAGE,
    RESOURCE,
    STARTING_POSITION,
    TERMINATED,
    TOTAL_ITEMS,
    TYPE,
)


def target(event: Event) -> str:
    """Name what a link leads to: `TARGET_URL`."""
    return event.address(event.needed("target_url"), "event.target_url")


def page(event: Event) -> str:
    """Name a page: `PAGE`."""
    return event.address(event.context.page or "", "page")


def _title(event: Event) -> Part:
    return named(event.words("target_name"), "en")


def _tabs(event: Event) -> Part:
    return {"extensions": present({TOTAL_ITEMS: event.number("tab_count")})}


def _between(start: float | None, end: object) -> Part:
    return present({STARTING_POSITION: start, ENDING_POINT: end})


def _to_tab(event: Event) -> Part:
    return _between(event.number("current_tab"), event.number("target_tab"))


def _to_next(event: Event) -> Part:
    return _between(event.number("current_tab"), "next unit")


def _to_previous(event: Event) -> Part:
    return _between(event.number("current_tab"), "previous unit")


def _moved(event: Event) -> Part:
    return _between(event.number("old"), event.number("new"))


def _tool(event: Event) -> Part:
    return {"extensions": present({TYPE: event.words("tool_name")})}


OUTLINE = Rule(NAVIGATED, MODULE, target, _title, published=True)
LEGACY = Rule(NAVIGATED, RESOURCE, block("id"), extensions=_moved)

EVENTS = {
    "edx.ui.lms.link_clicked": Rule(NAVIGATED, LINK, target, published=True),
    "edx.ui.lms.outline.selected": OUTLINE,
    "edx.ui.lms.sequence.outline.selected": OUTLINE,
    "edx.ui.lms.sequence.tab_selected": Rule(NAVIGATED, RESOURCE, block("id"), _tabs, extensions=_to_tab, published=True),
    "edx.ui.lms.sequence.next_selected": Rule(NAVIGATED, RESOURCE, block("id"), _tabs, extensions=_to_next, published=True),
    "edx.ui.lms.sequence.previous_selected": Rule(NAVIGATED, RESOURCE, block("id"), _tabs, extensions=_to_previous, published=True),
    "seq_goto": LEGACY,
    "seq_next": LEGACY,
    "seq_prev": LEGACY,
    "page_close": Rule(TERMINATED, PAGE, page),
    "edx.course.home.resume_course.clicked": Rule(INITIALIZED, COURSE, course, parent=False),
    "edx.course.tool.accessed": Rule(NAVIGATED, COURSE, course, _tool, parent=False),
}
