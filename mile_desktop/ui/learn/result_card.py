"""What came out: before and after on the same seeds, a suggestion, and the person's word."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from mile_desktop.evaluation.run import Tally
from mile_desktop.learning.progress import Compared
from mile_desktop.ui.learn.model import difference_text, share_text, verdict
from mile_desktop.ui.plots.interval_plot import IntervalPlot
from mile_desktop.ui.theme import theme

_BARS_HEIGHT = 120
_MORE = "Compare on more seeds to narrow the intervals"
_NOT_YET = "Not compared yet: press Evaluate more, and keep the old one until then."
_CANNOT = "It cannot be compared here."
_NOT_SIMULATED = (
    "This is a robot's task without a simulation, so nothing can be compared on fixed starts. Use the new policy and "
    "watch how it does; the way back is one click."
)
_LONGEST_NAME = 12
"""Characters of a policy's name on a button; the title above has the whole name."""


class ResultCard(QFrame):
    """Shown when a run has made a policy; asks whether to use it."""

    use = Signal()
    keep = Signal()
    evaluate_more = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "raised")
        self._title = _label("heading")
        self._bars = IntervalPlot("Success before and after")
        theme.bound(self._bars, height=_BARS_HEIGHT)
        self._shares = _label("secondary")
        self._difference = _label("secondary")
        self._verdict = _label("heading")
        self._use = _button("Use", "mdi6.check", "The new policy runs from the next episode on")
        self._keep = _button(
            "Keep", "mdi6.shield-outline", "The old policy keeps driving; the new one is under Policies"
        )
        self._more = _button("Evaluate more", "mdi6.plus", _MORE)
        self._lay_out()
        self._use.clicked.connect(self.use)
        self._keep.clicked.connect(self.keep)
        self._more.clicked.connect(self.evaluate_more)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        theme.space(column, (12, 12, 12, 12), 8)
        for widget in (self._title, self._bars, self._shares, self._difference, self._verdict):
            column.addWidget(widget)
        row = QHBoxLayout()
        theme.space(row, (0, 0, 0, 0), 8)
        row.addWidget(self._use)
        row.addWidget(self._keep)
        column.addLayout(row)
        column.addWidget(self._more)

    def show_result(self, before: str, after: str, compared: Compared | None, *, simulated: bool = True) -> None:
        """Show the comparison of the policies called ``before`` and ``after``; None where none was made.

        ``simulated``: whether one can be made at all.
        """
        # "Keep" alone means the old one here and may mean the new one elsewhere.
        self._use.setText(f"Use {_short(after)}")
        self._keep.setText(f"Keep {_short(before)}" if before else "Keep the old one")
        self._title.setText(f"{after} is ready" if not before else f"{before} → {after}")
        for widget in (self._bars, self._shares, self._difference):
            widget.setVisible(compared is not None)
        self._more.setEnabled(simulated)
        self._more.setToolTip(_MORE if simulated else _NOT_SIMULATED)
        # Without a comparison nothing speaks for the new policy, so Keep is the main button.
        suggested = compared is not None and compared.suggestion == "use"
        theme.set_role(self._use, "primary" if suggested else "plain")
        theme.set_icon(self._use, "mdi6.check", "on_accent" if suggested else "text")
        theme.set_role(self._keep, "plain" if suggested else "primary")
        theme.set_icon(self._keep, "mdi6.shield-outline", "text" if suggested else "on_accent")
        if compared is None:
            self._verdict.setText(_NOT_YET if simulated else _CANNOT)
            self._difference.setText("" if simulated else _NOT_SIMULATED)
            self._difference.setVisible(not simulated)
            return
        self._bars.show_tallies(
            [
                (before or "before", _tally(compared, compared.before_successes)),
                (after, _tally(compared, compared.after_successes)),
            ]
        )
        old = share_text(compared.before_successes, compared.episodes, compared.before_interval)
        new = share_text(compared.after_successes, compared.episodes, compared.after_interval)
        self._shares.setText(f"{old}  →  {new}")
        self._difference.setText(difference_text(compared))
        self._verdict.setText(verdict(compared))

    def verdict_text(self) -> str:
        """Return the suggestion as it is shown."""
        return self._verdict.text()

    @property
    def use_button(self) -> QPushButton:
        """The button that promotes the new policy."""
        return self._use

    @property
    def keep_button(self) -> QPushButton:
        """The button that leaves the old policy in place."""
        return self._keep

    @property
    def more_button(self) -> QPushButton:
        """The button that asks for more evaluation."""
        return self._more


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _tally(compared: Compared, successes: int) -> Tally:
    # Crashed starts are already left out of these numbers.
    return Tally(successes, compared.episodes, crashes=0, planned=compared.episodes)


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    theme.set_role(label, role)
    return label


def _button(word: str, icon: str, tip: str) -> QPushButton:
    button = QPushButton(word)
    button.setToolTip(tip)
    theme.set_icon(button, icon)
    return button
