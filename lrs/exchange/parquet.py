"""Rows as a Parquet file, through pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO
from uuid import UUID

from lrs.errors import MissingExtra
from lrs.exchange.rows import Columns, Row

SUFFIX = ".parquet"
_GROUP = 10_000
"""Rows that are held until they make a row group."""


class Parquet:
    """A Parquet file that is being written: compressed with zstd, a row group for every ten thousand rows.

    Raises :class:`lrs.errors.MissingExtra` where pyarrow is not installed.
    """

    def __init__(self, file: BinaryIO, columns: Columns) -> None:
        try:
            import pyarrow as pa  # type: ignore[import-untyped]
            from pyarrow.parquet import ParquetWriter  # type: ignore[import-untyped]
        except ModuleNotFoundError:
            raise MissingExtra("Parquet", "parquet") from None
        moment = pa.timestamp("us", tz="UTC")
        text, identifier = pa.string(), pa.uuid()
        schemas: dict[Columns, tuple[dict[str, Any], Callable[[Row], tuple[Any, ...]]]] = {
            Columns.STATEMENTS: (
                {"id": identifier, "stored": moment, "timestamp": moment, "verb": text, "object": text, "statement": text},
                _statement,
            ),
            Columns.RALPH: ({"event_id": identifier, "emission_time": moment, "event": text}, _event),
        }
        fields, self._values = schemas[columns]
        self._schema = pa.schema([pa.field(name, kind, nullable=name == "object") for name, kind in fields.items()])
        self._writer = ParquetWriter(file, self._schema, compression="zstd", use_dictionary=["verb", "object"])
        self._batch = pa.RecordBatch
        self._array = pa.array
        self._rows: list[Row] = []

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        self._rows += rows
        while len(self._rows) >= _GROUP:
            self._write(self._rows[:_GROUP])
            del self._rows[:_GROUP]

    def close(self) -> None:
        """Write what is held back and the end of the file; the file that was given stays open."""
        if self._rows:
            self._write(self._rows)
            self._rows = []
        self._writer.close()

    def _write(self, rows: Sequence[Row]) -> None:
        columns = zip(*map(self._values, rows), strict=True)
        arrays = [self._array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._writer.write_batch(self._batch.from_arrays(arrays, schema=self._schema))


def _statement(row: Row) -> tuple[Any, ...]:
    return UUID(row.id).bytes, row.stored, row.timestamp, row.verb, row.object, row.body.decode()


def _event(row: Row) -> tuple[Any, ...]:
    return UUID(row.id).bytes, row.timestamp, row.body.decode()
