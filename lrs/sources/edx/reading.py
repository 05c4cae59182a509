"""Textbooks and what pages show, bookmarks and notes: which pages, never what was searched or noted."""

from __future__ import annotations

from lrs.sources.edx.event import Event
from lrs.sources.edx.rule import Part, Rule, block, course, present
from lrs.sources.edx.vocabulary import (
    BOOKMARKED,
    CHAPTER,
    COURSE,
    CREATED,
    DELETED,
    EDITED,
    INTERACTED,
    NAVIGATED,
    NOTE,
    POSITION,
    REMOVED,
    RESOURCE,
    SEARCHED,
    VIEWED,
)


def chapter(event: Event) -> str:
    """Name a chapter of a textbook: `HOME/CHAPTER`."""
    return event.address(event.platform.home + "/" + event.needed("chapter").lstrip("/"), "event.chapter")


def embedded(event: Event) -> str:
    """Name a document of somebody else that a page shows: `URL`."""
    return event.address(event.needed("url"), "event.url")


def textbook(event: Event) -> str:
    """Name the scanned textbook of a course: `HOME/course/COURSE/book`."""
    return f"{course(event)}/book"


def bookmarks(event: Event) -> str:
    """Name the bookmarks of a course: `HOME/course/COURSE/bookmarks`."""
    return f"{course(event)}/bookmarks"


def notes(event: Event) -> str:
    """Name the notes of a course: `HOME/course/COURSE/edxnotes`."""
    return f"{course(event)}/edxnotes"


def _page(event: Event) -> Part:
    return present({POSITION: event.number("page", "new")})


_PDF = {
    "chapter.navigated": NAVIGATED,
    "page.navigated": NAVIGATED,
    "page.scrolled": NAVIGATED,
    "thumbnail.navigated": NAVIGATED,
    "thumbnails.toggled": INTERACTED,
    "outline.toggled": INTERACTED,
    "zoom.buttons.changed": INTERACTED,
    "zoom.menu.changed": INTERACTED,
    "display.scaled": INTERACTED,
    "search.executed": SEARCHED,
    "search.navigatednext": SEARCHED,
    "search.highlight.toggled": INTERACTED,
    "search.casesensitivity.toggled": INTERACTED,
    "searchcasesensitivity.toggled": INTERACTED,
}
UNIT = block("component_usage_id")
EMBEDDED = Rule(VIEWED, RESOURCE, embedded)

EVENTS = {
    "book": Rule(NAVIGATED, RESOURCE, textbook, extensions=_page),
    **{f"textbook.pdf.{done}": Rule(verb, CHAPTER, chapter, extensions=_page) for done, verb in _PDF.items()},
    "edx.googlecomponent.calendar.displayed": EMBEDDED,
    "edx.googlecomponent.document.displayed": EMBEDDED,
    "xblock.split_test.child_render": Rule(VIEWED, RESOURCE, block("child_id")),
    "edx.bookmark.added": Rule(BOOKMARKED, RESOURCE, UNIT),
    "edx.bookmark.removed": Rule(REMOVED, RESOURCE, UNIT),
    "edx.bookmark.accessed": Rule(VIEWED, RESOURCE, UNIT),
    "edx.bookmark.listed": Rule(VIEWED, COURSE, bookmarks),
    "edx.course.student_notes.added": Rule(CREATED, NOTE, UNIT),
    "edx.course.student_notes.edited": Rule(EDITED, NOTE, UNIT),
    "edx.course.student_notes.deleted": Rule(DELETED, NOTE, UNIT),
    "edx.course.student_notes.used_unit_link": Rule(NAVIGATED, NOTE, UNIT),
    "edx.course.student_notes.notes_page_viewed": Rule(VIEWED, NOTE, notes),
    "edx.course.student_notes.viewed": Rule(VIEWED, NOTE, notes),
    "edx.course.student_notes.searched": Rule(SEARCHED, NOTE, notes),
}
