"""Sections of a document that a command writes, between two comments; the text around them is left as it is."""

import os
from pathlib import Path

from mile_desktop.errors import UserError


class DocumentError(UserError, ValueError):
    """The document does not have the section; the message names the missing comments."""


def fill_section(document: Path, section: str, text: str) -> None:
    """Replace the lines between ``<!-- begin SECTION -->`` and ``<!-- end SECTION -->`` by ``text``.

    Raises
    ------
    DocumentError
        When the document does not have exactly these two lines in this order.
    OSError
        When it cannot be read or written.
    """
    begin, end = f"<!-- begin {section} -->", f"<!-- end {section} -->"
    before = document.read_text("utf-8")
    # Exactly once: between two sections of one name text would be lost.
    if before.count(begin) != 1 or before.count(end) != 1 or before.index(begin) > before.index(end):
        raise DocumentError(f"{document} has no section {section}; add the lines {begin} and {end} where it belongs.")
    head, rest = before.split(begin)
    tail = rest.split(end)[1]
    document.write_text(f"{head}{begin}\n\n{text.strip()}\n\n{end}{tail}", "utf-8")


def picture(path: Path, alternative: str, document: Path) -> str:
    """Return a Markdown picture of ``path``; the link is relative to the folder of ``document``."""
    return f"![{alternative}]({Path(os.path.relpath(path, document.parent)).as_posix()})"
