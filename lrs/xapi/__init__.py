"""The standard: what a statement is, how it is checked, compared and rendered. Pure: no I/O, no keys, no SQL."""
