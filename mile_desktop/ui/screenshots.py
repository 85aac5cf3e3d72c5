"""Pictures of every page in both themes, taken of the window at work: ``make screenshots``."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject

from mile_desktop.learning.progress import AnyRunEvent, Progress
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.desk import Desk
from mile_desktop.ui.evaluate.results import EpisodeRow
from mile_desktop.ui.evaluating import Evaluating
from mile_desktop.ui.inspect.inspecting import Inspecting
from mile_desktop.ui.learn.model import Settings
from mile_desktop.ui.policies.keeping import PolicyKeeping
from mile_desktop.ui.retraining import Retraining
from mile_desktop.ui.visit import Condition, Visit

PartT = TypeVar("PartT", bound=QObject)
_LIMIT_S = 400.0
_SETTLE_S = 0.8
_EPISODES = 3
_THEMES = ("dark", "light")
_TAKEN_OVER = 12
_UNDER_WAY = 0.35
_STARTS = 30
_WATCHED_S = 5.0
_BEFORE = 20
"""So many steps before a takeover the policies part from the recording."""


def take_screenshots(into: Path) -> Callable[[Desk, Retraining, Path, Callable[[int], None]], None]:
    """Return who sits at the desk and takes the pictures."""

    def sit_down(desk: Desk, retraining: Retraining, _folder: Path, finish: Callable[[int], None]) -> None:
        Photographer(desk, retraining, into, finish).start()

    return sit_down


class Photographer(Visit):
    """Lets a simulated supervisor work, retrains once, and pictures every page; ends with 0 when all are taken."""

    def __init__(self, desk: Desk, retraining: Retraining, folder: Path, finish: Callable[[int], None]) -> None:
        super().__init__(desk, folder, limit_s=_LIMIT_S)
        self._retraining = retraining
        self._evaluating = _part(desk, Evaluating)
        self._keeping = _part(desk, PolicyKeeping)
        self._inspecting = _part(desk, Inspecting)
        self._finish = finish
        self._closed = 0
        self._human_steps = 0
        self._learned = 0.0
        desk.worker.episode_closed.connect(self._count)
        desk.worker.step_taken.connect(self._watch)
        retraining.trainer.event_read.connect(self._follow)

    def _script(self) -> Iterator[Condition]:
        worker = self._desk.worker
        worker.send(m.StartEpisodes(episodes=_EPISODES))
        yield self._in_takeover
        self._shoot("supervise-takeover-dark")
        yield self._collected
        self._retraining.retrain(Settings(evaluation_episodes=10).as_dict())
        yield self._well_under_way
        self._shoot("supervise-training-dark")
        yield self._trained
        yield from self._evaluate_all()
        for name in _THEMES:
            yield from self._picture_pages(name)
        self._desk.window.show_page("supervise")
        self._desk.window.show_shortcuts()
        yield self._after(_SETTLE_S)
        self._shoot("shortcuts-light")

    def _picture_pages(self, name: str) -> Iterator[Condition]:
        self._desk.preferences.change(theme=name)
        for page in self._desk.window.pages:
            self._desk.window.show_page(page)
            if page == "inspect":
                yield from self._look_into_an_episode()
            yield self._after(_SETTLE_S)
            self._shoot(f"{page}-{name}")
            if page == "evaluate":
                yield from self._picture_an_episode(name)
            elif page == "policies":
                yield from self._picture_two_policies(name)

    def _look_into_an_episode(self) -> Iterator[Condition]:
        """Turn to the first takeover there is, ask what two policies would have done, and watch the second one."""
        inspecting = self._inspecting
        inspecting.land_on_takeover()
        yield inspecting.is_shown
        inspecting.playing.step(-_BEFORE)
        inspecting.branching.roll()
        yield inspecting.branching.is_answered
        inspecting.branching.choose(1)
        inspecting.playing.step(_BEFORE)

    def _evaluate_all(self) -> Iterator[Condition]:
        """Evaluate every policy there is and the expert, on more starts than the retraining did."""
        page = self._evaluating.page
        self._desk.window.show_page("evaluate")
        page.setup.tick_all(_STARTS)
        self._evaluating.start(page.setup.order)
        yield self._evaluated

    def _picture_an_episode(self, name: str) -> Iterator[Condition]:
        page = self._evaluating.page
        page.show_episodes_of("")
        page.episodes.table.choose(_is_success)
        page.episodes.watch_chosen()
        yield self._after(_WATCHED_S)
        self._shoot(f"evaluate-episodes-{name}")
        page.episodes.stop_asked.emit()
        page.turn_to_results()

    def _picture_two_policies(self, name: str) -> Iterator[Condition]:
        page = self._keeping.page
        page.turn_to_comparison()
        yield self._after(_SETTLE_S)
        self._shoot(f"policies-compare-{name}")
        page.turn_to_about()

    def _ended(self) -> None:
        for text in self.problems:
            self._say(f"Problem: {text}")
        self._say(f"{len(self.pictures)} pictures in {self._folder}.")
        self._finish(1 if self.problems else 0)

    def _count(self, _: m.EpisodeClosed) -> None:
        self._closed += 1

    def _watch(self, step: m.StepTaken) -> None:
        self._human_steps = self._human_steps + 1 if step.intervention else 0

    def _follow(self, event: AnyRunEvent) -> None:
        if isinstance(event, Progress):
            self._learned = event.fraction

    def _in_takeover(self) -> bool:
        return self._human_steps >= _TAKEN_OVER or self._collected()

    def _well_under_way(self) -> bool:
        return self._learned >= _UNDER_WAY or self._trained()

    def _collected(self) -> bool:
        status = self._desk.worker.status
        return self._closed >= _EPISODES and status is not None and status.phase is Phase.IDLE

    def _trained(self) -> bool:
        return not self._retraining.trainer.running

    def _evaluated(self) -> bool:
        return not self._evaluating.running


def _part(desk: Desk, kind: type[PartT]) -> PartT:
    """Return the part of the window that is of this kind; parts belong to the desk."""
    found = desk.findChild(kind)
    if found is None:
        raise LookupError(f"The window has no {kind.__name__}; the pictures are taken of a whole one.")
    return found


def _is_success(row: EpisodeRow) -> bool:
    return row.state == "success"
