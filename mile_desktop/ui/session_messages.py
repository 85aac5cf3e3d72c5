"""What the window says about an episode that has ended and about a new policy, with Undo while that is possible."""

from collections.abc import Callable
from functools import partial

from mile_desktop.rollout import messages as m
from mile_desktop.ui.clients.rollout_client import RolloutClient
from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.shell.message_line import MessageAction

_DISCARD, _POLICY = "discard", "policy"
"""Topics of what can be undone."""


class SessionMessages:
    """Shows the messages and withdraws an Undo that has no effect any more; window's thread only.

    Parameters
    ----------
    use_policy
        Lets the policy with an id drive from the next episode on.
    """

    def __init__(self, window: MainWindow, worker: RolloutClient, *, use_policy: Callable[[str], None]) -> None:
        self._window = window
        self._worker = worker
        self._use_policy = use_policy
        self._discarded = ""

    def begin_scene(self) -> None:
        """Withdraw the way back to the policy before: it belongs to another scene."""
        self._window.messages.withdraw(_POLICY)

    def begin_session(self) -> None:
        """Withdraw the way back to a discarded episode: only the worker that discarded it brings it back."""
        self._window.messages.withdraw(_DISCARD)

    def show_policy(self, name: str, before: str) -> None:
        """Say that the policy called ``name`` drives now; ``before``: id of the one that Undo returns to."""
        undo = MessageAction("Undo", partial(self._use_policy, before), _POLICY)
        self._window.say("success", f"{name} drives from the next episode on.", undo)

    def show_episode(self, episode: m.EpisodeClosed) -> None:
        """Say how an episode has ended."""
        if episode.discarded:
            self._discarded = episode.episode_id
            undo = MessageAction("Undo", partial(self._worker.send, m.UndoDiscard()), _DISCARD)
            self._window.say("info", f"The episode of {episode.steps} steps was discarded.", undo)
            return
        if episode.episode_id == self._discarded:
            self._window.messages.withdraw(_DISCARD)  # it was brought back, by whichever button
        takeovers = "1 takeover" if episode.takeovers == 1 else f"{episode.takeovers} takeovers"
        text = f"{episode.outcome.capitalize()} after {episode.steps} steps with {takeovers}; recorded."
        self._window.say("success" if episode.outcome == "success" else "info", text)
