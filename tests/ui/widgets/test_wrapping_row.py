from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.ui.widgets.elided_label import ElidedLabel
from mile_desktop.ui.widgets.wrapping_row import WrappingRow


def _button(width: int) -> QWidget:
    button = QWidget()
    button.setFixedSize(width, 30)
    return button


@settings(max_examples=25, deadline=None)
@given(widths=st.lists(st.integers(20, 120), min_size=1, max_size=8), room=st.integers(120, 900))
def test_no_items_cover_each_other_and_none_is_outside(qapp: QApplication, widths: list[int], room: int) -> None:
    holder = QWidget()
    row = WrappingRow(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    buttons = [_button(width) for width in widths]
    for number, button in enumerate(buttons):
        if number == len(buttons) - 1:
            row.addStretch()
        row.addWidget(button)
    holder.resize(room, 30)
    for _ in range(2):  # the first time, the row learns how many lines it needs
        row.activate()
        holder.resize(room, row.minimumSize().height())
        row.setGeometry(holder.rect())
    for number, button in enumerate(buttons):
        assert holder.rect().contains(button.geometry())
        assert not any(button.geometry().intersects(other.geometry()) for other in buttons[number + 1 :])
    holder.deleteLater()


def test_a_wide_row_has_one_line_and_pushes_what_follows_a_stretch_to_the_right(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    row = WrappingRow(holder)
    row.setContentsMargins(4, 0, 4, 0)
    row.setSpacing(8)
    first, last = _button(60), _button(60)
    row.addWidget(first)
    row.addStretch()
    row.addWidget(last)
    holder.resize(400, 30)
    holder.show()
    assert first.y() == last.y()
    assert last.geometry().right() == 400 - 4 - 1
    assert row.one_line_width() <= 400


def test_the_parts_below_move_down_when_a_row_needs_another_line(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    row = WrappingRow(holder)
    text = ElidedLabel()
    text.set_full_text("a long text that is shortened first")
    row.addWidget(_button(100))
    row.addWidget(text, 1)
    row.addWidget(_button(100))
    holder.resize(400, 30)
    holder.show()
    assert text.width() > 100
    one_line = row.minimumSize().height()
    holder.resize(220, 30)
    QCoreApplication.processEvents()
    assert row.minimumSize().height() > one_line
    assert holder.minimumSizeHint().height() == row.minimumSize().height()


def test_hidden_widgets_take_no_room_and_items_can_be_taken_out(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    row = WrappingRow(holder)
    buttons = [_button(100) for _ in range(3)]
    for button in buttons:
        row.addWidget(button)
    wide = row.one_line_width()
    buttons[1].hide()
    assert row.one_line_width() < wide
    assert row.count() == 3
    taken = row.takeAt(1)
    assert taken is not None
    assert taken.widget() is buttons[1]
    assert row.count() == 2
    assert row.takeAt(5) is None
    assert row.itemAt(5) is None
