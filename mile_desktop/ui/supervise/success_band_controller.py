"""Makes the band of a policy that nobody has corrected yet, so that the first minutes after a promotion are watched."""

from PySide6.QtCore import QObject

from mile_desktop.rollout import messages as m
from mile_desktop.ui.application import Application
from mile_desktop.ui.clients.command_client import CommandClient

_BEGUN = "Watch the new policy yourself at first: it calls only when its own successes are known, which are run now."


class SuccessBandController(QObject):
    """Runs ``mile-desktop band`` once for each new policy, when the worker wants a band; on the window's thread.

    In a process of its own and at the lowest priority: it runs up to 24 episodes. The worker uses the band from the
    next episode on. After a refit the command ``forecast`` itself makes the band again.
    """

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self._job = CommandClient(self)
        self._tried = ""
        """The policy for which the command was started last: a policy with too few successes is not tried again."""
        self._job.said.connect(self._found)
        self._job.failed.connect(self._failed)
        application.worker.status_changed.connect(self._follow)
        application.workspace_opened.connect(self._stop)
        application.window.closing.connect(self._job.close)

    @property
    def running(self) -> bool:
        """Whether a band is being made."""
        return self._job.running

    def _follow(self, status: m.Status) -> None:
        workspace = self._application.workspace
        # A robot's successes cannot be run again.
        if not status.wants_band or status.policy_id == self._tried or workspace is None or self._application.robot:
            return
        if not self._job.running:
            self._tried = status.policy_id
            common = ["--workspace", str(workspace.folder), "--scene", self._application.scene, "--background"]
            self._job.start("band", *common, "--policy", status.policy_id)
            # It takes minutes, and nothing in the strip shows that its alarm is missing.
            self._application.window.say("info", _BEGUN)

    def _found(self, fields: dict[str, object]) -> None:
        if fields.get("changed"):
            self._application.worker.send(m.ReloadInterventionModel())
            text = (
                f"The new policy is watched: it calls where its {fields['successes']} successes did not look like this."
            )
            self._application.window.say("info", text)
            return
        status = self._application.worker.status
        reason = fields.get("reason")
        # Asked of the worker: the person may have gone back to the old policy meanwhile, which calls as before.
        if reason and status is not None and status.wants_band:
            self._failed(str(reason))

    def _failed(self, text: str) -> None:
        self._application.window.say("warning", f"The new policy does not call in its first episodes: {text}")

    def _stop(self, _: object) -> None:
        self._tried = ""
        self._job.cancel()
