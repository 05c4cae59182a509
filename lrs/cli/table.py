"""Rows for people on a terminal, and for programs in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import click


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table that fits the terminal; into a pipe, a header and rows with tabs between."""
    if not sys.stdout.isatty():
        for row in (columns, *rows):
            click.echo("\t".join(str(cell).replace("\t", " ").replace("\n", " ") for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    Console().print(table)
