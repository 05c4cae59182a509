"""Numbers of a running store, as Prometheus reads them (text format 0.0.4): counts, queues and times, of nobody in particular.

Labels are words of ours alone: outcomes, resources, methods, codes. Nothing that a client chose ever becomes one.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator

Labels = tuple[str, ...]
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
_STATEMENTS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0)


class Counter:
    """A number that rises, for each combination of labels. Thread-safe."""

    kind = "counter"

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        self.name = name
        self.meaning = meaning
        self._labels = labels
        self._lock = threading.Lock()
        self._values: dict[Labels, int] = {} if labels else {(): 0}

    def add(self, *labels: str, number: int = 1) -> None:
        """Count."""
        with self._lock:
            self._values[labels] = self._values.get(labels, 0) + number

    def lines(self) -> Iterator[str]:
        """Give the lines of the text format."""
        with self._lock:
            values = list(self._values.items())
        for labels, value in values:
            yield f"{self.name}{_braces(self._labels, labels)} {value}"


class Gauge:
    """A number that is looked up when it is asked for."""

    kind = "gauge"

    def __init__(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        self.name = name
        self.meaning = meaning
        self._value = value

    def lines(self) -> Iterator[str]:
        """Give the line of the text format."""
        yield f"{self.name} {self._value()}"


class Histogram:
    """How often a value lay below each of some bounds, for each combination of labels. Thread-safe."""

    kind = "histogram"

    def __init__(self, name: str, meaning: str, bounds: tuple[float, ...], *labels: str) -> None:
        self.name = name
        self.meaning = meaning
        self._bounds = bounds
        self._labels = labels
        self._lock = threading.Lock()
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, value: float, *labels: str) -> None:
        """Count a value."""
        with self._lock:
            if labels not in self._counts:
                self._counts[labels], self._sums[labels] = [0] * (len(self._bounds) + 1), 0.0
            self._counts[labels][bisect_left(self._bounds, value)] += 1
            self._sums[labels] += value

    def lines(self) -> Iterator[str]:
        """Give the lines of the text format: bounds count what lies below them, smaller bounds included."""
        with self._lock:
            found = [(labels, list(counts), self._sums[labels]) for labels, counts in self._counts.items()]
        for labels, counts, total in found:
            number = 0
            for bound, count in zip((*map(str, self._bounds), "+Inf"), counts, strict=True):
                number += count
                yield f"{self.name}_bucket{_braces((*self._labels, 'le'), (*labels, bound))} {number}"
            yield f"{self.name}_sum{_braces(self._labels, labels)} {total:.6f}"
            yield f"{self.name}_count{_braces(self._labels, labels)} {number}"


class Metrics:
    """All numbers of one store."""

    def __init__(
        self,
        *,
        waiting_statements: Callable[[], int],
        waiting_batches: Callable[[], int],
        spooled_statements: Callable[[], int],
        spooled_bytes: Callable[[], int],
        spool_unreadable: Callable[[], int],
    ) -> None:
        self.statements = Counter(
            "lrs_statements_total", "Statements sent: stored, replayed (stored before) or refused (conflicts).", "outcome"
        )
        self.read = Counter("lrs_statements_read_total", "Statements on pages that were read.")
        self.groups = Histogram("lrs_group_statements", "New statements of one insert.", _STATEMENTS)
        self.storing = Histogram("lrs_store_seconds", "Time in which a group was stored, to the disk.", _SECONDS)
        self.requests = Histogram("lrs_request_seconds", "Time in which a request was answered.", _SECONDS, "resource", "method")
        self.answers = Counter("lrs_answers_total", "Answers by their status.", "resource", "method", "status")
        self.errors = Counter("lrs_errors_total", "Requests that failed or were refused, by the code of the error.", "code")
        self.handled = Counter("lrs_handled_total", "Statements that were repaired, or did not keep to a profile, by which.", "what")
        self._all = (
            self.statements,
            self.handled,
            self.read,
            self.groups,
            self.storing,
            self.requests,
            self.answers,
            self.errors,
            Gauge("lrs_queue_statements", "Statements that wait for their insert.", waiting_statements),
            Gauge("lrs_queue_batches", "Batches that wait for their insert.", waiting_batches),
            Gauge("lrs_spool_statements", "Statements that were acknowledged and wait for a warehouse that is away.", spooled_statements),
            Gauge("lrs_spool_bytes", "Bytes on the disk of what waits for a warehouse that is away.", spooled_bytes),
            Gauge("lrs_spool_unreadable_files", "Files of the spool that can't be used, and were put aside.", spool_unreadable),
        )

    def text(self) -> str:
        """Give all of them in the text format."""
        return "".join(
            f"# HELP {each.name} {each.meaning}\n# TYPE {each.name} {each.kind}\n" + "".join(line + "\n" for line in each.lines())
            for each in self._all
        )

    @property
    def names(self) -> list[str]:
        """Name them."""
        return [each.name for each in self._all]


def _braces(names: Labels, values: Labels) -> str:
    inside = ",".join(f'{name}="{value}"' for name, value in zip(names, values, strict=True))
    return f"{{{inside}}}" if inside else ""
