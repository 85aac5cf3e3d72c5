"""The Robots dialog: add a robot by address and key, test the connection, read the robot's description."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QKeySequence
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.robots.address import checked_address
from mile_desktop.robots.driver import RobotError
from mile_desktop.robots.keys import WINDOW, make_keys, window_keys_folder
from mile_desktop.robots.remembered import RememberedRobot
from mile_desktop.ui.robots import status_text
from mile_desktop.ui.robots.probe import Probe, ProbeResult
from mile_desktop.ui.robots.robot_store import RobotStore
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.form_rows import rows
from mile_desktop.ui.widgets.page_frame import ColumnScroll, Panel
from mile_desktop.ui.widgets.side_dialog import SideDialog

_SIZE = (980, 620)
_LIST_WIDTH = 220
_ADDRESS = Qt.ItemDataRole.UserRole
_NEW = (
    "A robot has an address like tcp://HOST:PORT. A robot on this computer needs no key. For any other one, enter its "
    "public key, and authorise this window on the robot with this window's key."
)


class RobotsDialog(SideDialog):
    """Not modal, because a robot may move meanwhile. A test never drives. Lives on the window's thread.

    Parameters
    ----------
    store
        The robots that are edited here.
    """

    use_requested = Signal(str)
    """Address of the robot to drive."""

    def __init__(self, store: RobotStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._probed: ProbeResult | None = None
        self.probe = Probe(self)
        self._list = QListWidget()
        self.address = QLineEdit()
        self.key = QLineEdit()
        self._own_key = QLineEdit()
        self._copy = QPushButton("Copy")
        self.test = QPushButton("Test connection")
        self.add = QPushButton("Add robot")
        self.use = QPushButton("Use this robot")
        self._forget = QToolButton()
        self._message = QLabel(_NEW)
        self._facts = QGridLayout()
        self._prepare()
        self._lay_out()
        self._connect()
        self._fill()

    @property
    def message(self) -> str:
        """The message about the newest test."""
        return self._message.text()

    # ── layout ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _prepare(self) -> None:
        self.setWindowTitle("Robots")
        self.setModal(False)
        self.take_size(*_SIZE)
        self.address.setPlaceholderText("tcp://127.0.0.1:5870")
        self.key.setPlaceholderText("not needed on this computer")
        self._own_key.setReadOnly(True)
        self._own_key.setAccessibleName("This window's key")
        for button in (self.test, self.add, self.use, self._copy):
            # Enter tests the connection; it must never use or remove a robot.
            button.setAutoDefault(False)
        self.test.setDefault(True)
        self.test.setToolTip("Test whether a robot answers at this address; nothing moves")
        self.add.setToolTip("Remember this robot and offer it in the scene menu")
        self.use.setToolTip("Connect to this robot and show its cameras; it does not move before it is armed")
        theme.set_role(self.use, "primary")
        theme.set_icon(self._forget, "mdi6.trash-can-outline", "secondary")
        self._forget.setToolTip("Remove the robot; its episodes and policies stay (Alt + Delete)")
        self._forget.setAccessibleName("Remove the robot")
        # Not Delete alone, which edits the text in the address field.
        self._forget.setShortcut(QKeySequence("Alt+Del"))
        self._message.setWordWrap(True)
        theme.bound(self._list, width=_LIST_WIDTH)
        self._list.setAccessibleName("Remembered robots")
        theme.space(self._facts, spacing=8)
        self._facts.setColumnStretch(1, 1)

    def _lay_out(self) -> None:
        left = Panel("Robots")
        left.body.addWidget(self._list, 1)
        left.body.addWidget(self._forget, 0, Qt.AlignmentFlag.AlignLeft)
        connection = Panel("Connection")
        own = QHBoxLayout()
        theme.space(own, spacing=8)
        own.addWidget(self._own_key, 1)
        own.addWidget(self._copy)
        connection.body.addLayout(
            rows(
                ("Address", self.address, ""),
                ("Robot's public key", self.key, ""),
                ("This window's key", _holder(own), ""),
            )
        )
        buttons = QHBoxLayout()
        theme.space(buttons, spacing=8)
        for button in (self.test, self.add):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.use)
        connection.body.addLayout(buttons)
        facts = Panel("Reported by the robot")
        content = QWidget()
        inner = QVBoxLayout(content)
        theme.space(inner, spacing=8)
        inner.addWidget(self._message)
        inner.addLayout(self._facts)
        inner.addStretch(1)
        facts.body.addWidget(ColumnScroll(content, "Reported by the robot"), 1)
        right = QVBoxLayout()
        theme.space(right, spacing=8)
        right.addWidget(connection)
        right.addWidget(facts, 1)
        row = QHBoxLayout(self)
        theme.space(row, (16, 16, 16, 16), 8)
        row.addWidget(left)
        row.addLayout(right, 1)

    def _connect(self) -> None:
        self.test.clicked.connect(self.start_test)
        self.add.clicked.connect(self._remember)
        self.use.clicked.connect(self._use)
        self._copy.clicked.connect(self._copy_own_key)
        self._forget.clicked.connect(self._forget_selected)
        self._list.currentRowChanged.connect(self._selected)
        self.address.textEdited.connect(self._edited)
        self.key.textEdited.connect(self._edited)
        self.address.returnPressed.connect(self.start_test)
        self.key.returnPressed.connect(self.start_test)
        self.probe.done.connect(self._tested)
        self._store.changed.connect(self._fill)

    # ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────

    def open_for_new(self) -> None:
        """Show the dialog ready for a new robot."""
        self._show_own_key()
        # The first robot of most people is the stand-in on this computer. Later the address is another one each time.
        if not self._store.robots:
            self.address.setText(self.address.text() or "tcp://127.0.0.1:5870")
        self.show()
        self.raise_()
        self.activateWindow()
        self.address.setFocus()
        # Typing replaces the address that was tested last.
        self.address.selectAll()
        self._update_buttons()

    def start_test(self) -> None:
        """Test the connection at the typed address."""
        try:
            address = checked_address(self.address.text())
        except RobotError as error:
            self._show_message("error", str(error))
            return
        # The old result must not be added under the new address while the test runs.
        self._probed = None
        self._update_buttons()
        self._show_facts([])
        self._show_message("quiet", f"Connecting to {address} …")
        self.probe.start(address, self.key.text().strip())

    def _tested(self, probed: ProbeResult) -> None:
        report = probed.report
        if probed.description is None or report is None:
            self._show_message("error", probed.problem)
            return
        self._probed = probed
        driver = f" {report.driver} drives it now; this window can watch." if report.driver else " No window drives it."
        self._show_message("success", f"{probed.description.name} answers.{driver}")
        figures = (
            f"round trip {status_text.milliseconds(1e3 * report.round_trip_s)} (median), "
            f"{probed.answers_a_second:.0f} answers a second, "
            f"clocks aligned to ±{status_text.milliseconds(1e3 * report.clock_error_s)}"
        )
        self._show_facts([("Link", figures), *status_text.described(probed.description)])
        self._update_buttons()

    def _remember(self) -> None:
        if self._probed is None or self._probed.description is None:
            return
        found = self._probed.description
        self._store.remember(
            RememberedRobot(
                name=found.name,
                address=self._probed.address,
                key=self._probed.key,
                task=found.task,
                summary=found.summary,
                scene=found.scene,
            )
        )
        self._select(self._probed.address)

    def _use(self) -> None:
        # A robot that is used is remembered, so that its name stands in the menu from then on.
        self._remember()
        if robot := self._store.robot(_checked(self.address.text())):
            self.use_requested.emit(robot.address)
            self.hide()

    def _forget_selected(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            self._store.forget(item.data(_ADDRESS))

    def _copy_own_key(self) -> None:
        QGuiApplication.clipboard().setText(self._own_key.text())

    def _edited(self, _: str) -> None:
        # A result for the old address must not enable "Add robot" for the new one.
        self.probe.cancel()
        self._probed = None
        self._list.clearSelection()
        self._update_buttons()

    # ── display ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _fill(self) -> None:
        # The row is found again by its address: its number may have changed.
        shown = self.address.text()
        self._list.blockSignals(True)
        self._list.clear()
        for robot in self._store.robots:
            item = QListWidgetItem(theme.icon("mdi6.robot-industrial", "secondary"), robot.name)
            item.setData(_ADDRESS, robot.address)
            item.setToolTip(f"{robot.address}\n{robot.summary}")
            self._list.addItem(item)
        self._list.blockSignals(False)
        self._select(_checked(shown))
        self._update_buttons()

    def _select(self, address: str) -> None:
        for row in range(self._list.count()):
            if self._list.item(row).data(_ADDRESS) == address:
                self._list.blockSignals(True)
                self._list.setCurrentRow(row)
                self._list.blockSignals(False)

    def _selected(self, row: int) -> None:
        item = self._list.item(row)
        robot = self._store.robot(item.data(_ADDRESS)) if item is not None else None
        if robot is None:
            return
        self.probe.cancel()
        self._probed = None
        self.address.setText(robot.address)
        self.key.setText(robot.key)
        self._show_facts([("Task", f"{robot.task}. {robot.summary}".strip())])
        self._show_message(
            "quiet", f"{robot.name} as described when it was added. Test the connection for its present state."
        )
        self._update_buttons()

    def _update_buttons(self) -> None:
        known = self._store.robot(_checked(self.address.text())) is not None
        self.add.setEnabled(self._probed is not None)
        self.add.setText("Update robot" if known else "Add robot")
        self.use.setEnabled(known or self._probed is not None)
        self._forget.setEnabled(self._list.currentItem() is not None)

    def _show_message(self, role: str, text: str) -> None:
        theme.set_role(self._message, role)
        self._message.setText(text)

    def _show_facts(self, facts: list[tuple[str, str]]) -> None:
        while (item := self._facts.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for row, (caption, text) in enumerate(facts):
            label, value = QLabel(caption), QLabel(text)
            theme.set_role(label, "secondary")
            value.setWordWrap(True)
            # The text comes from the robot, so it is never read as HTML.
            value.setTextFormat(Qt.TextFormat.PlainText)
            self._facts.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            self._facts.addWidget(value, row, 1)

    def _show_own_key(self) -> None:
        try:
            self._own_key.setText(make_keys(window_keys_folder(), WINDOW).public.decode("ascii"))
        except (OSError, RobotError) as error:
            # A robot on this computer needs no key: the dialog works without one.
            self._show_message("error", f"This window's keys could not be made: {error}")

    def hideEvent(self, event: QHideEvent) -> None:
        """Ignore the answer of a running test."""
        super().hideEvent(event)
        self.probe.cancel()


def _checked(text: str) -> str:
    """Return the address in its canonical form, or ``text`` itself if it is no address."""
    try:
        return checked_address(text)
    except RobotError:
        return text


def _holder(layout: QHBoxLayout) -> QWidget:
    holder = QWidget()
    holder.setLayout(layout)
    return holder
