"""The settings of one training, or of two side by side."""

from collections.abc import Sequence

from PySide6.QtCore import Qt

from mile_desktop.ui.policies.model import SettingRow
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.tables import Column, RowsModel, RowsTable


def _name(row: SettingRow) -> str:
    return f"≠ {row.info.title}" if row.differs else row.info.title


def _tip(row: SettingRow) -> str:
    return f"{row.info.meaning} ({row.name})" if row.info.meaning else row.name


def _emphasis(row: SettingRow) -> str:
    return "takeover" if row.differs else "secondary"


_COLUMNS = (
    Column("Setting", _name, tip=_tip, colour=_emphasis),
    Column[SettingRow]("", lambda row: row.first),
    Column[SettingRow]("", lambda row: row.second),
)


class SettingsTable(RowsTable):
    """A column of values for each policy; differing ones come first, marked with ≠. As high as its rows.

    Parameters
    ----------
    policies
        1 or 2.
    """

    def __init__(self, policies: int) -> None:
        self._rows = RowsModel(_COLUMNS[: 1 + policies], lambda row: row.name)
        super().__init__(self._rows, "Settings")
        # The panel around it scrolls; a second scroll bar inside would catch the wheel.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        theme.signals().changed.connect(self._fit)

    def show_settings(self, rows: Sequence[SettingRow], *names: str) -> None:
        """Show settings; ``names``: the policies' names, for the column headings."""
        self._rows.set_titles("Setting", *names)
        self._rows.show_rows(rows)
        self._fit()

    def _fit(self) -> None:
        rows = len(self._rows.rows) * self.verticalHeader().defaultSectionSize()
        # With room for the horizontal bar, which would otherwise cover the last row.
        self.setFixedHeight(rows + self.horizontalHeader().sizeHint().height() + self.horizontalScrollBar().height())
