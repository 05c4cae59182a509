"""Python's garbage collector, kept out of the way while a batch is worked on.

Thousands of statements that live for a moment make it run again and again through all of them and find nothing: a fifth of the time of
an ingestion went there. What a batch leaves behind is freed by reference counting; the collector runs between batches.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (100_000, 50, 1000)
_MANY = 1_000_000
"""Objects, more than there were when it ran last, at which the collector runs while statements are stored: what is under way has fewer."""

_lock = threading.Lock()
_pausing = 0
_storing = 0
_usual = gc.get_threshold()


def collect_seldom() -> None:
    """Have the collector run a hundred times less often, and never look at what is there already: for a process that does nothing but serve."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SELDOM)


@contextmanager
def paused_collection() -> Iterator[None]:
    """Pause automatic collection in this process while the block runs, in however many threads; leave it off where it was off."""
    global _pausing  # noqa: PLW0603 -- the collector is the process's, and so is this count
    if not gc.isenabled() and not _pausing:
        yield
        return
    with _lock:
        _pausing += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _pausing -= 1
            if not _pausing:
                gc.enable()


@contextmanager
def rare_collection() -> Iterator[None]:
    """Have the collector of this process wait for a million objects while a program stores statements, in however many threads.

    Some batches are always under way then: it would go through all of them whenever no thread pauses it, 4 µs a statement. What a program leaves behind
    while it makes a stream is collected still. Where the program has switched it off it stays off.
    """
    global _storing, _usual  # noqa: PLW0603 -- as above
    with _lock:
        if not _storing:
            _usual = gc.get_threshold()
            gc.set_threshold(_usual[0] and max(_MANY, _usual[0]), *_usual[1:])
        _storing += 1
    try:
        yield
    finally:
        with _lock:
            _storing -= 1
            if not _storing:
                gc.set_threshold(*_usual)
