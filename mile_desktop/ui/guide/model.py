"""The steps of the guided start: what to do, and what shows that it was done. No Qt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mile_desktop.learning.progress import AnyRunEvent, Cancelled, Failed, Finished, Progress
from mile_desktop.operators.controls import control_label
from mile_desktop.operators.profile import PadButtons
from mile_desktop.rollout.messages import ActionChoice, EpisodeClosed, PolicyAccepted, Status, StepTaken
from mile_desktop.rollout.phases import IN_EPISODE, Phase
from mile_desktop.ui.shell.shortcuts import binding
from mile_desktop.ui.viewport.phase_style import DEVICES, REWOUND, driving_hint, style_of

_WATCHED, _DRIVEN = 40, 10
"""Control steps: two seconds of watching, half a second of driving. Less could be an accident."""
_PAD = PadButtons()
"""The controls of a pad as they are shipped: who has changed them is no newcomer."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a step's text depends on."""

    status: Status | None = None
    choices: tuple[ActionChoice, ...] = ()
    entries: tuple[ActionChoice, ...] = ()
    training: str = ""
    """How far the training is, or why there is none; empty before one was started."""

    @property
    def in_episode(self) -> bool:
        """Whether an episode is open."""
        return self.status is not None and self.status.phase in IN_EPISODE

    def key(self, name: str) -> str:
        """Return what does ``name`` on the device in use: a control of the pad, else the keys of the window."""
        return control_label(getattr(_PAD, name)) if self.with_pad else binding(name).keys_text.removeprefix("hold ")

    @property
    def with_pad(self) -> bool:
        """Whether a pad is the device in use."""
        return self.status is not None and self.status.operator == "gamepad"

    @property
    def hold_key(self) -> str:
        """How to take over with the device in use, e.g. ``hold Space``."""
        return (self.status.instruction if self.status else "") or "hold Space"


@dataclass(frozen=True, slots=True)
class GuideStep:
    """One thing to do."""

    name: str
    title: str
    text: Callable[[Situation], str]
    in_episode: bool = True
    """Whether it needs an open episode: without one the text says how to start it."""


def _watch(_: Situation) -> str:
    return "The policy drives. Watch it for two seconds: p at the upper right is how likely it is that you take over."


def _take_over(now: Situation) -> str:
    keys = driving_hint(now.status, now.choices, now.entries) if now.status else ""
    return f"{now.hold_key[0].upper()}{now.hold_key[1:]} and drive. {keys}".strip()


def _hand_back(now: Situation) -> str:
    if now.status is not None and now.status.phase is Phase.TAKEOVER:
        return "Let go: the policy goes on from here."
    return f"{now.hold_key[0].upper()}{now.hold_key[1:]}, then let go: the policy goes on from there."


def _rewind(now: Situation) -> str:
    return f"Hold {now.key('rewind')} for a second: the scene runs backwards, and you can take over earlier."


def _save(now: Situation) -> str:
    holds = now.status is not None and now.status.phase is Phase.HOLD
    first = f"Press {now.key('hold')} to go on" if holds else "Bring the episode to its end"
    marks = f"{now.key('success')} success, {now.key('failure')} failure"
    return f"{first}. The scene notices success; or mark it: {marks}."


def _retrain(now: Situation) -> str:
    # How long it takes is not said: two minutes on one computer, ten on another. The panel shows the time left.
    return now.training or (
        f"Press Retrain in the Learn panel ({binding('retrain').keys_text}). To try it, one takeover is enough."
    )


def _use(_: Situation) -> str:
    return "The card in the Learn panel compares both policies on the same starts. Press one of Use and Keep."


STEPS: tuple[GuideStep, ...] = (
    GuideStep("watch", "Watch", _watch),
    GuideStep("take over", "Take over", _take_over),
    GuideStep("hand back", "Hand back", _hand_back),
    GuideStep("rewind", "Rewind", _rewind),
    GuideStep("save", "Save an episode", _save),
    GuideStep("retrain", "Retrain", _retrain, in_episode=False),
    GuideStep("use", "Use the better policy", _use, in_episode=False),
)


class GuideModel:
    """Where the guided start is; fed with the events of worker and trainer, which alone decide that a step was done.

    A step can be done before it is asked for: who takes over in the first second need not do it again. So every event
    counts for every step, and the guide shows the first one that is not done.
    """

    def __init__(self, steps: Sequence[GuideStep] = STEPS) -> None:
        self._steps = tuple(steps)
        self._done: set[str] = set()
        self._situation = Situation()
        self._watched = self._driven = 0

    @property
    def step(self) -> GuideStep | None:
        """The step to do now; None when all are done."""
        return next((each for each in self._steps if each.name not in self._done), None)

    @property
    def number(self) -> int:
        """Number of the step to do now, from 1."""
        step = self.step
        return self._steps.index(step) + 1 if step else len(self._steps)

    @property
    def count(self) -> int:
        """Number of steps."""
        return len(self._steps)

    @property
    def text(self) -> str:
        """What to do now."""
        step, now = self.step, self._situation
        if step is None:
            return ""
        if not step.in_episode or now.in_episode:
            return step.text(now)
        if now.status is not None and now.status.phase is Phase.STOPPED:
            return f"The robot is stopped. Press Reset ({binding('reset').keys_text})."
        again = "The episode has ended. " if self._watched else ""
        keys = binding("start").keys_text
        return f"{again}Press Start ({f'on the pad, or {keys}' if now.with_pad else keys})."

    def skip(self) -> None:
        """Count the present step as done."""
        if self.step is not None:
            self._done.add(self.step.name)

    def set_actions(self, choices: tuple[ActionChoice, ...], entries: tuple[ActionChoice, ...]) -> None:
        """Set the actions of the loaded scene, see ``SessionLoaded``."""
        self._situation = Situation(self._situation.status, choices, entries, self._situation.training)

    # ── events ───────────────────────────────────────────────────────────────────────────────────────────────────

    def follow_status(self, status: Status) -> None:
        """Notice a takeover that ended and a rewind."""
        before, now = self._situation.status, self._situation
        self._situation = Situation(status, now.choices, now.entries, now.training)
        was_driving = before is not None and before.phase is Phase.TAKEOVER and before.operator in DEVICES
        # Only after real driving: a tap on the key is no takeover.
        if was_driving and status.phase in {Phase.AUTONOMOUS, Phase.HOLD} and "take over" in self._done:
            self._done.add("hand back")
        if style_of(status) is REWOUND:
            self._done.add("rewind")

    def follow_step(self, taken: StepTaken) -> None:
        """Count what was watched and what was driven."""
        status = self._situation.status
        if taken.intervention and status is not None and status.operator in DEVICES:
            self._driven += 1  # steps of a simulated supervisor are no practice for the person
        elif not taken.intervention:
            self._watched += 1
        if self._watched >= _WATCHED:
            self._done.add("watch")
        if self._driven >= _DRIVEN:
            self._done |= {"watch", "take over"}

    def follow_episode(self, closed: EpisodeClosed) -> None:
        """Notice an episode that is kept."""
        # The first success may come while the person still reads: it is no reason to call the later steps done.
        if not closed.discarded and self._follows("rewind"):
            self._done.add("save")

    def follow_training(self, event: AnyRunEvent) -> None:
        """Show how far a training is, and notice its end."""
        match event:
            case Progress(fraction=fraction):
                share = f"{fraction:.0%}".replace("%", " %")
                text = f"Training: {share}. You can go on supervising meanwhile."
            case Finished():
                self._done.add("retrain")
                text = ""
            case Failed() | Cancelled():
                text = "The training has ended without a policy. Press Retrain again, or skip this step."
            case _:
                return
        now = self._situation
        self._situation = Situation(now.status, now.choices, now.entries, text)

    def follow_running(self, running: bool) -> None:
        """Notice that a training was started: its first report takes some seconds."""
        if running:
            now = self._situation
            self._situation = Situation(now.status, now.choices, now.entries, "The training begins …")

    def follow_choice(self, _: PolicyAccepted | None = None) -> None:
        """Notice that a policy was chosen after the training: the new one, or the old one again."""
        if "retrain" in self._done:
            self._done.add("use")

    def _follows(self, name: str) -> bool:
        """Return whether the step ``name`` and all before it are done."""
        names = [each.name for each in self._steps]
        return set(names[: names.index(name) + 1]) <= self._done
