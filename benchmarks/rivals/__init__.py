"""Who is measured, one module each, with the same names: TITLE, ready, python, and what it takes part in. See ../README.md."""
