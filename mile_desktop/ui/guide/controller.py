"""Runs the guided start: offers it once, follows worker and trainer, shows the step to do."""

from enum import Enum, auto

from PySide6.QtCore import QObject, Signal

from mile_desktop.learning.progress import AnyRunEvent
from mile_desktop.rollout import messages as m
from mile_desktop.ui.application import Application
from mile_desktop.ui.guide.bar import GuideBar
from mile_desktop.ui.guide.model import GuideModel, GuideStep

_OFFER = "Watch, take over, hand back, rewind, save, retrain, use: two minutes and a training. You can leave any time."
_END = "That is all you need. ? lists every key and repeats this; Inspect shows what was recorded."


class _State(Enum):
    HIDDEN = auto()
    OFFERED = auto()
    RUNNING = auto()
    ENDED = auto()


class GuideController(QObject):
    """Owns the bar; everything runs on the window's thread.

    Other pages report by ``follow_training`` and ``follow_choice``, which the composition connects.
    """

    step_changed = Signal(str)
    """Name of the step that is to do now; empty after the last one."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self._model = GuideModel()
        self._state = _State.HIDDEN
        self._shown = ""
        self._paused = False
        self.bar = GuideBar()
        application.window.add_above_pages(self.bar)
        self.bar.primary_pressed.connect(self._primary)
        self.bar.secondary_pressed.connect(self.end)
        application.window.guide_asked.connect(self.begin)
        application.window.install_actions({"guide": self.begin})
        worker = application.worker
        worker.session_loaded.connect(self._start_session)
        worker.status_changed.connect(self._follow_status)
        worker.step_taken.connect(self._follow_step)
        worker.episode_closed.connect(self._follow_episode)
        worker.policy_accepted.connect(self.follow_choice)

    @property
    def step(self) -> GuideStep | None:
        """The step to do now; None while the guide is not running."""
        return self._model.step if self._state is _State.RUNNING else None

    def offer(self) -> None:
        """Offer the guide, unless a person has answered before."""
        if self._application.preferences.value.guide == "offer":
            self._state = _State.OFFERED
        self._show_offer()

    def _show_offer(self) -> None:
        if self._state is _State.OFFERED and not self._paused:
            self.bar.show_texts("", "New here?", _OFFER, primary="Guided start", secondary="Not now")

    def begin(self) -> None:
        """Begin with the first step."""
        worker = self._application.worker
        self._model, self._state, self._shown = GuideModel(), _State.RUNNING, ""
        if worker.session is not None:
            self._start_session(worker.session)
        if worker.status is not None:
            self._model.follow_status(worker.status)
        self._application.window.show_page("supervise")
        self._remember()
        self._refresh()

    def end(self) -> None:
        """Leave the guide; it can begin again from the list of keys."""
        self._state = _State.HIDDEN
        self.bar.hide()
        self._remember()

    def pause(self, paused: bool) -> None:
        """Hide the guide while a participant of a study sits there: its buttons lead to what the condition hides."""
        self._paused = paused
        if paused:
            self.bar.hide()
        else:
            self._show_offer()
            self._refresh()

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────────────────

    def follow_training(self, event: AnyRunEvent) -> None:
        """Follow a training."""
        self._model.follow_training(event)
        self._refresh()

    def follow_running(self, running: bool) -> None:
        """Notice that a training begins."""
        self._model.follow_running(running)
        self._refresh()

    def follow_choice(self, _: object = None) -> None:
        """Follow the choice of a policy: another one drives now, or the person kept the old one."""
        self._model.follow_choice()
        self._refresh()

    def _start_session(self, session: m.SessionLoaded) -> None:
        self._model.set_actions(session.choices, session.entries)

    def _follow_status(self, status: m.Status) -> None:
        self._model.follow_status(status)
        self._refresh()

    def _follow_step(self, taken: m.StepTaken) -> None:
        # No refresh: a status follows soon, and twenty new texts a second would not be read.
        self._model.follow_step(taken)

    def _follow_episode(self, closed: m.EpisodeClosed) -> None:
        self._model.follow_episode(closed)
        self._refresh()

    # ── the bar ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _primary(self) -> None:
        if self._state is _State.OFFERED:
            self.begin()
        elif self._state is _State.RUNNING:
            self._model.skip()
            self._refresh()

    def _refresh(self) -> None:
        # A step that is done in a session must turn no page: the participant may be reading another one.
        if self._paused or self._state is not _State.RUNNING:
            return
        step = self._model.step
        if step is None:
            self._state = _State.ENDED
            self.bar.show_texts("", "Done", _END, primary="", secondary="Close")
        else:
            number = f"{self._model.number} of {self._model.count}"
            self.bar.show_texts(number, step.title, self._model.text, primary="Skip", secondary="End the guide")
        name = step.name if step else ""
        if name != self._shown:
            self._shown = name
            # A person who has hidden the panel could not find its buttons.
            if step is not None and not step.in_episode:
                self._application.window.show_panel()
            self.step_changed.emit(name)

    def _remember(self) -> None:
        self._application.preferences.change(guide="answered")
