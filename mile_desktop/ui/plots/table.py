"""The numbers behind a plot; no Qt."""

import csv
import io
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and rows of the same length."""

    columns: tuple[str, ...]
    """Names, with the unit where there is one."""
    rows: tuple[tuple[object, ...], ...]

    def as_csv(self, delimiter: str = ",") -> str:
        """Return the table as comma-separated text with its header, or with another ``delimiter``."""
        text = io.StringIO()
        # The module quotes cells that contain the delimiter, as notes may.
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue()
