"""Takes pictures of every page in both themes, while the window works: ``make screenshots``."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.channels.shared import Frame
from mile_desktop.learning.progress import AnyRunEvent, Progress
from mile_desktop.paths import SIM_SCENES
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.scenes.catalogue import scenes
from mile_desktop.storage.generated_episodes import is_generated
from mile_desktop.ui.automation.guide_script import GuideScript
from mile_desktop.ui.automation.scripted_run import Condition, ScriptedRun
from mile_desktop.ui.composition import Composition
from mile_desktop.ui.learn.generation_part import ALL
from mile_desktop.ui.learn.model import RetrainRequest
from mile_desktop.ui.viewport.frame_canvas import as_image
from mile_desktop.ui.viewport.tile_layout import Layout
from mile_desktop.ui.widgets.policy_results import EpisodeRow
from mile_desktop.viewer.messages import ViewerReady

_LIMIT_S = 600.0
_LISTED_S = 30.0
_SETTLE_S = 0.8
_EPISODES = 3
_THEMES = ("dark", "light")
_TAKEN_OVER = 20
"""A takeover is pictured after so many steps of the person in a row."""
# As often as the window itself repeats held keys (``keyboard_controller.REPEAT_MS``): the loop ends a takeover after
# half a second without input.
_UNDER_WAY = 0.35
_STARTS = 30
_WATCHED_S = 5.0
_BEFORE = 20
"""The policies' roll forward begins so many steps before a takeover."""
_AT_WORK = 14
"""Step at which a scene is pictured."""
_AT_WORK_PHASES = frozenset({Phase.AUTONOMOUS, Phase.HOLD})
_LATE = 16
"""A frame that is more steps behind is too old for a picture."""
_SCENE_WIDTH = 720
_DIALOG = (1180, 640)
"""Size of the dialogs: the offscreen screen is too small for their own."""
_TRIALS = 5
_GENERATING = "Episode 2"
"""Generation is pictured when the first episode has been made."""
_SMALL_VIEWS = frozenset({0, 1})
"""Numbers of the small views that every scene has."""
_FILMED = "pick-place"
"""The scene whose frames serve as the pictures of a camera."""
_UNREACHABLE = "rtsp://127.0.0.1:8554/door"


class Screenshots(ScriptedRun):
    """Pictures every scene and every page while a simulated supervisor works; the exit status is 0 when all are taken.

    Parameters
    ----------
    parts
        The whole window.
    folder
        Where the pictures are written.
    finish
        Called with the exit status at the end.
    film
        A folder, empty or not made yet, for the pictures that a simulated camera shows.
    """

    def __init__(self, parts: Composition, folder: Path, finish: Callable[[int], None], film: Path) -> None:
        super().__init__(parts.application, folder, limit_s=_LIMIT_S)
        self._parts = parts
        self._finish = finish
        self._film = film
        self._filmed = 0
        self._wanted = 0
        self._closed = 0
        self._human_steps = 0
        self._learning_pictured = False
        self._drawn = ""
        self._frame_step = -1
        self._small_views: set[int] = set()
        application = parts.application
        application.viewer.thumbnail_ready.connect(self._keep_small_view)
        application.viewer.ready.connect(self._viewer_ready)
        application.worker.episode_closed.connect(self._count)
        application.worker.step_taken.connect(self._watch)
        application.viewer.frame_ready.connect(self._keep_frame)
        parts.retrain.trainer.event_read.connect(self._follow)
        parts.retrain.trainer.niceness = 0  # as in an unattended run: nothing is supervised while it trains

    def _script(self) -> Iterator[Condition]:
        yield from self._picture_scenes()
        # The simulated supervisor records those for Inspect.
        self._begin(_EPISODES)
        yield self._collected
        yield from self._follow_the_guide()
        yield from self._generate_data()
        yield from self._evaluate_all()
        for name in _THEMES:
            yield from self._picture_pages(name)
        self._application.window.show_page("supervise")
        self._application.window.show_shortcuts()
        yield self._after(_SETTLE_S)
        self._shoot("shortcuts-light")

    def _picture_scenes(self) -> Iterator[Condition]:
        """Picture every scene that ships; the one that was loaded comes last and stays."""
        application = self._application
        loaded = application.scene
        # A person's own scenes must not appear in pictures for the documents.
        shipped = [
            info.name
            for info in scenes()
            if info.kind != "gymnasium" and info.folder.is_relative_to(SIM_SCENES) and info.name != loaded
        ]
        for name in (*shipped, loaded):
            application.load_scene(name)
            yield partial(self._has_loaded, name)
            yield from self._picture_at_work(name)

    def _picture_at_work(self, name: str) -> Iterator[Condition]:
        """Picture a scene in the middle of an episode, on hold, so that a busy machine has time to draw it."""
        application = self._application
        for _ in range(_TRIALS):
            self._begin(1)
            yield self._is_at_work
            application.worker.send(m.ToggleHold())
            yield self._is_held
            yield self._after(_SETTLE_S)
            if self._phase() is Phase.HOLD:
                self._shoot(f"scene-{name}-dark", self._parts.supervise.page.view, _SCENE_WIDTH)
                application.worker.send(m.EndEpisode("discard"))
                yield self._collected
                return
        self.problem(f"{_TRIALS} episodes of {name} ended before they could be pictured.")

    def _follow_the_guide(self) -> Iterator[Condition]:
        """Do what the guided start asks for, with the keyboard; picture the takeover and the training."""
        # A small comparison: the picture needs intervals, not a decision.
        request = RetrainRequest(evaluation_episodes=10, evaluation_at_most=10)
        retrain = partial(self._parts.retrain.retrain, request)
        yield from GuideScript(
            self._parts, retrain=retrain, ready=self._can_be_pictured, noticed=self._picture_step
        ).run()
        if not {"supervise-takeover-dark.png", "supervise-training-dark.png"} <= set(self.pictures):
            self.problem("The guided start ended without a picture of a takeover or of a training.")
        self._parts.guide.end()
        yield self._trained

    def _generate_data(self) -> Iterator[Condition]:
        """Picture *Generate data* while it runs, and the generated episodes in Inspect; remove them again."""
        generation, inspecting = self._parts.generation, self._parts.inspect
        self._application.window.show_page("supervise")
        generation.generate()
        yield lambda: generation.part.text.text().startswith(_GENERATING) or not generation.running
        self._parts.retrain.panel.ensureWidgetVisible(generation.part)
        yield self._after(_SETTLE_S)
        if generation.running:
            self._shoot("generate-running-dark")
        # Not of the process: what it said last is read after it has ended.
        yield lambda: not generation.part.running
        # The sets are listed by another process, which a busy machine starts seconds later.
        too_late = self._after(_LISTED_S)
        yield lambda: generation.part.sets.isVisible() or too_late()
        if not generation.part.sets.isVisible():
            self.problem(f"No data was generated: {generation.part.note.text()}")
            return
        self._application.window.show_page("inspect")
        inspecting.page.episodes.filters.show_source("all")
        inspecting.page.episodes.choose(next(filter(is_generated, inspecting.page.episodes.model.ids)))
        yield inspecting.is_shown
        yield self._after(_SETTLE_S)
        self._shoot("inspect-generated-dark")
        # The other pictures show a workspace without generated data, as most have none.
        inspecting.page.episodes.filters.show_source("recorded")
        generation.part.remove_requested.emit(ALL)

    def _can_be_pictured(self, step: str) -> bool:
        return step != "take over" or (self._human_steps >= _TAKEN_OVER and self._is_of_now())

    def _picture_step(self, step: str) -> None:
        if step == "take over" and self._phase() is Phase.TAKEOVER:
            self._shoot("supervise-takeover-dark")

    def _picture_pages(self, name: str) -> Iterator[Condition]:
        self._application.preferences.change(theme=name)
        for page in self._application.window.pages:
            self._application.window.show_page(page)
            if page == "inspect":
                yield from self._look_into_an_episode()
            yield self._after(_SETTLE_S)
            self._shoot(f"{page}-{name}")
            if page == "inspect":
                yield from self._picture_the_scorecard(name)
            elif page == "evaluate":
                yield from self._picture_an_episode(name)
            elif page == "policies":
                yield from self._picture_two_policies(name)
        yield from self._picture_cameras(name)
        yield from self._picture_robots(name)

    def _picture_cameras(self, name: str) -> Iterator[Condition]:
        """Picture two cameras beside the scene, one of them not reachable, and the Cameras dialog."""
        cameras, view = self._parts.cameras, self._parts.supervise.page.view
        self._application.window.show_page("supervise")
        cameras.store.set_cameras(
            (CameraSettings(name="Table", address=str(self._film)), CameraSettings(name="Door", address=_UNREACHABLE))
        )
        yield partial(self._sees, "Table")
        for layout, words in ((Layout.INSET, ""), (Layout.GRID, "grid-")):
            view.set_arrangement(layout, "")
            yield self._after(_SETTLE_S)
            self._shoot(f"supervise-cameras-{words}{name}")
        view.set_arrangement(Layout.INSET, "")
        cameras.open_dialog()
        cameras.dialog.select("Table")
        cameras.dialog.resize(*_DIALOG)
        yield self._after(_SETTLE_S)
        self._shoot(f"cameras-{name}", cameras.dialog)
        cameras.dialog.hide()
        # The next pages are pictured without cameras, as a person sees them at first.
        cameras.store.set_cameras(())

    def _picture_robots(self, name: str) -> Iterator[Condition]:
        dialog = self._parts.robots.dialog
        self._parts.robots.open_dialog()
        dialog.resize(*_DIALOG)
        yield self._after(_SETTLE_S)
        self._shoot(f"robots-{name}", dialog)
        dialog.hide()

    def _picture_the_scorecard(self, name: str) -> Iterator[Condition]:
        page, scorecard = self._parts.inspect.page, self._parts.inspect.scorecard
        page.next_tab()
        if scorecard.shown is None:
            scorecard.score()
            yield self._after(_SETTLE_S)
            yield self._scored
        if scorecard.shown is None:
            self.problem("The episodes could not be scored: there is no picture of a scorecard.")
        yield self._after(_SETTLE_S)
        self._shoot(f"inspect-scorecard-{name}")
        page.show_episode_tab()

    def _look_into_an_episode(self) -> Iterator[Condition]:
        """Show the first takeover, roll two policies forward from before it, and watch the second one."""
        inspecting = self._parts.inspect
        inspecting.go_to_takeover()
        yield inspecting.is_shown
        inspecting.playback.step(-_BEFORE)
        inspecting.roll_forward.roll()
        yield inspecting.roll_forward.is_idle
        inspecting.roll_forward.choose(1)
        inspecting.playback.step(_BEFORE)

    def _evaluate_all(self) -> Iterator[Condition]:
        """Evaluate every policy and the expert, on more starts than the retraining did."""
        page = self._parts.evaluate.page
        self._application.window.show_page("evaluate")
        page.setup.tick_all(_STARTS)
        self._parts.evaluate.start(page.setup.order)
        yield self._evaluated

    def _picture_an_episode(self, name: str) -> Iterator[Condition]:
        page = self._parts.evaluate.page
        page.show_episodes_of("")
        page.episodes.table.choose(_is_success)
        page.episodes.watch_chosen()
        yield self._after(_WATCHED_S)
        self._shoot(f"evaluate-episodes-{name}")
        page.episodes.stop_requested.emit()
        page.show_history_of("")
        yield self._after(_SETTLE_S)
        self._shoot(f"evaluate-history-{name}")
        page.show_results_tab()

    def _picture_two_policies(self, name: str) -> Iterator[Condition]:
        page = self._parts.policies.page
        page.show_comparison_tab()
        yield self._after(_SETTLE_S)
        self._shoot(f"policies-compare-{name}")
        page.show_about_tab()

    def _ended(self) -> None:
        for text in self.problems:
            self._say(f"Problem: {text}")
        self._say(f"{len(self.pictures)} pictures in {self._folder}.")
        self._finish(1 if self.problems else 0)

    def _begin(self, episodes: int) -> None:
        """Start so many episodes; ``_collected`` is true when all have ended."""
        # Before the command is sent, because ``_collected`` is asked before the worker answers.
        self._wanted, self._closed = episodes, 0
        self._application.worker.send(m.StartEpisodes(episodes=episodes))

    def _count(self, _: m.EpisodeClosed) -> None:
        self._closed += 1

    def _watch(self, step: m.StepTaken) -> None:
        self._human_steps = self._human_steps + 1 if step.intervention else 0

    def _keep_small_view(self, number: int, _: Frame) -> None:
        self._small_views.add(number)

    def _keep_frame(self, frame: Frame) -> None:
        """Note the age of the frame; save the frames of one scene for the simulated camera."""
        self._frame_step = frame.step
        # A frame of step -1 belongs to no step of an episode.
        if self._application.scene == _FILMED and self._phase() in _AT_WORK_PHASES and frame.step >= 0:
            self._film.mkdir(exist_ok=True)
            self._filmed += 1
            as_image(frame).save(str(self._film / f"{self._filmed:04}.png"))

    def _viewer_ready(self, ready: ViewerReady) -> None:
        self._drawn = ready.scene
        # Those that were kept are of the scene before.
        self._small_views.clear()

    def _follow(self, event: AnyRunEvent) -> None:
        if isinstance(event, Progress) and event.fraction >= _UNDER_WAY and not self._learning_pictured:
            self._learning_pictured = True
            self._shoot("supervise-training-dark")

    def _phase(self) -> Phase | None:
        status = self._application.worker.status
        return status.phase if status is not None else None

    def _has_loaded(self, scene: str) -> bool:
        session = self._application.worker.session
        loaded = session is not None and session.scene == scene and self._phase() is Phase.IDLE
        return loaded and self._drawn == scene

    def _is_at_work(self) -> bool:
        status = self._application.worker.status
        driving = status is not None and status.phase is Phase.AUTONOMOUS and status.step >= _AT_WORK
        # An episode can end before this step is reached; the caller then tries the next one. Without it the script
        # would wait until its limit. The same holds for the condition below.
        return driving or self._collected()

    def _is_held(self) -> bool:
        seen = self._is_of_now() and self._small_views.issuperset(_SMALL_VIEWS)
        return (self._phase() is Phase.HOLD and seen) or self._collected()

    def _is_of_now(self) -> bool:
        """Whether the frame shows the present pose of the robot."""
        status = self._application.worker.status
        return status is not None and 0 <= status.step - self._frame_step <= _LATE

    def _sees(self, camera: str) -> bool:
        client = self._parts.cameras.live.client(camera)
        age_s = client.age_s() if client is not None else None
        return age_s is not None and age_s < _SETTLE_S

    def _collected(self) -> bool:
        return self._closed >= self._wanted and self._phase() is Phase.IDLE

    def _trained(self) -> bool:
        return not self._parts.retrain.trainer.running

    def _scored(self) -> bool:
        return self._parts.inspect.scorecard.shown is not None or self._parts.inspect.scorecard.bar.can_score

    def _evaluated(self) -> bool:
        return not self._parts.evaluate.running


def _is_success(row: EpisodeRow) -> bool:
    return row.state == "success"
