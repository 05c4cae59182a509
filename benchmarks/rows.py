"""What is measured, and what is to be reached: the table that `./dev bench` fills. A new measurement is a line here."""

from __future__ import annotations

from benchmarks.row import Goal, Row

EMBEDDED = ("lrs", "floor")
KNOWN = "people known"
STREAM = Goal("rate", 0.75, "stream/floor")

ROWS = (
    Row(
        name="checking",
        title="checking a statement, one core",
        module="checking",
        case="",
        rivals=("lrs", "floor", "ralph"),
        goals=(Goal("rate", 0.5, "floor"),),
    ),
    Row(name="stream", title="a stream of batches of 1,000, people known", module="embedded", case=KNOWN, rivals=EMBEDDED, goals=(STREAM,)),
    Row(name="stream-new", title="the same stream, all people new", module="embedded", case="people new", rivals=("lrs",)),
    Row(
        name="stream-filled",
        title="the same stream, people known, into a filled store",
        module="embedded",
        case=KNOWN,
        rivals=("lrs",),
        goals=(STREAM,),
        filled=True,
    ),
    Row(
        name="acknowledged",
        title="each batch of 1,000 acknowledged before the next",
        module="embedded",
        case="acknowledged",
        rivals=EMBEDDED,
        goals=(Goal("rate", 0.6, "floor"),),
    ),
    Row(
        name="replay",
        title="the stream a second time",
        module="embedded",
        case="replayed",
        rivals=("lrs",),
        goals=(Goal("rate", 1.0, "stream/lrs"),),
    ),
    Row(
        name="replay-filled",
        title="the stream a second time, into a filled store",
        module="embedded",
        case="replayed",
        rivals=("lrs",),
        goals=(Goal("rate", 1.0, "stream-filled/lrs"),),
        filled=True,
    ),
    Row(
        name="batches",
        title="POST, batches of 100, 8 connections",
        module="http",
        case="batches of 100, 8 connections",
        rivals=("lrs", "ralph_null", "ralph_clickhouse", "echo"),
        goals=(Goal("rate", 1.5, "ralph_null"), Goal("rate", 5.0, "ralph_clickhouse")),
    ),
    Row(
        name="singles",
        title="POST, single statements, 256 connections",
        module="http",
        case="single statements, 256 connections",
        rivals=("lrs", "answering", "ralph_null", "echo"),
        goals=(Goal("rate", 0.3, "answering"), Goal("rate", 4000), Goal("p99", 100)),
    ),
    Row(
        name="memory",
        title="memory of the server under full load",
        module="http",
        case="under load",
        rivals=("lrs",),
        goals=(Goal("memory", 1500), Goal("growth", 1.05)),
        shows="memory",
    ),
    Row(
        name="import",
        title="import lrs",
        module="starting",
        case="",
        rivals=EMBEDDED,
        goals=(Goal("seconds", 80, "floor", beyond=True),),
        shows="seconds",
    ),
)
