import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.population import POPULATION, draw_person, read_population
from mile_desktop.study.protocol import PROTOCOLS
from mile_desktop.study.rehearsal import rehearse

SHIPPED = (PROTOCOLS / "takeover-prediction.toml").read_text("utf-8")
SHORT = """
format = 1
name = "short"
title = "A short study"
question = "Does it work?"
[texts]
consent = "# Consent"
instructions = "# Instructions"
debriefing = "# Thanks"
[practice]
scene = "button-press"
starts = [7]
successes = 1
within = 2
at_most = 2
[[conditions]]
name = "off"
show_p = false
calls = false
[[conditions]]
name = "on"
show_p = true
calls = true
device = "keyboard"
[[blocks]]
scene = "button-press"
starts = [11, 12]
[[blocks]]
scene = "button-press"
starts = [21, 22]
[[breaks]]
after_block = 1
minutes = 1
[[questionnaires]]
name = "workload"
title = "This block"
tlx = true
[[questionnaires.items]]
name = "trust"
text = "I knew when."
[[questionnaires]]
name = "end"
title = "At the end"
when = "end"
[[questionnaires.items]]
name = "remarks"
kind = "text"
text = "Anything else?"
required = false
[[planned]]
measure = "success_per_minute"
conditions = ["off", "on"]
"""

ROUNDS = SHORT.replace("starts = [11,", "rounds = 2\nstarts = [11,")
"""Its first block has two rounds of one episode."""

MakeStudy = Callable[[str], StudyFolder]


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    def make(protocol: str) -> StudyFolder:
        path = tmp_path / "protocol.toml"
        path.write_text(protocol, encoding="utf-8")
        return StudyFolder.create(tmp_path / "study", str(path))

    return make


@pytest.fixture
def study(make_study: MakeStudy) -> StudyFolder:
    return make_study(SHORT)


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a short study with two simulated participants; only for reading."""
    folder = tmp_path_factory.mktemp("rehearsed")
    (folder / "protocol.toml").write_text(ROUNDS, encoding="utf-8")
    study = StudyFolder.create(folder / "study", str(folder / "protocol.toml"))
    population = read_population(POPULATION)
    for number in range(2):
        code = study.add_participant(simulated=True).code
        rehearse(study, code, draw_person(population, number))
    return study.folder


@pytest.fixture
def copied(rehearsed: Path, tmp_path: Path) -> Path:
    """Return a copy of that study, for changes."""
    return Path(shutil.copytree(rehearsed, tmp_path / "copied"))
