"""Faults that are caused on purpose, and the long run; not part of the installed program.

``python -m faults`` injects every row of ``rows.toml`` and writes the table of ``docs/reliability.md``;
``python -m faults.soak`` supervises for a long time and measures what grows.
"""
