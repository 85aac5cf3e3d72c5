from PySide6.QtWidgets import QApplication

from mile_desktop.inspection import messages as i
from mile_desktop.ui.clients.inspection_client import InspectionClient


def test_jobs_end_with_a_problem_when_the_process_dies(themed: QApplication) -> None:
    client = InspectionClient(print)
    ended: list[i.JobEnded] = []
    client.ended.connect(ended.append)
    client._open.add(4)
    client._ended("The inspection was killed by SIGKILL.")
    (job,) = ended
    assert job.job == 4
    assert job.problem.startswith("The inspection was killed by SIGKILL.")
    assert "try again" in job.problem
