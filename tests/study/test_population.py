from pathlib import Path

import numpy as np
import pytest

from mile_desktop.study.names import StudyFileError
from mile_desktop.study.population import POPULATION, draw_person, read_population
from mile_desktop.study.protocol import Condition
from mile_desktop.study.questionnaires import Questionnaire

CALLS = Condition(name="calls", show_p=False, calls=True)


def test_persons_differ_and_are_the_same_again() -> None:
    population = read_population(POPULATION)
    persons = [draw_person(population, number) for number in range(30)]
    assert persons == [draw_person(population, number) for number in range(30)]
    for trait in ("cost", "delay", "skill", "patience"):
        values = [getattr(person, trait) for person in persons]
        bounds = getattr(population.traits, trait)
        assert len(set(values)) > 20
        assert bounds.least <= min(values) <= max(values) <= bounds.most


def test_traits_become_settings_of_the_supervisor(tmp_path: Path) -> None:
    text = POPULATION.read_text().replace("delay_with_calls = 1.0", "delay_with_calls = 0.5")
    (tmp_path / "p.toml").write_text(text)
    person = draw_person(read_population(tmp_path / "p.toml"), 3)
    usual, called = person.settings(None, 20.0), person.settings(CALLS, 20.0)
    assert usual.disagreement == person.cost
    assert called.reaction_steps < usual.reaction_steps
    assert usual.tremor == pytest.approx(0.15 * (1 - person.skill))


def test_answers_fit_the_questionnaire() -> None:
    asked = Questionnaire(name="q", title="Q", tlx=True)
    person = draw_person(read_population(POPULATION), 0)
    given = person.answers(asked, CALLS, 0.5, np.random.default_rng(0))
    assert asked.checked(dict(given)) == given


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("mean = 0.40\nsd = 0.07", "mean = 4.0\nsd = 0.07", "traits.cost: found least 0.28, mean 4, most 0.6"),
        ("most = 0.98", "most = 1.5", "traits.skill: found least 0.2, most 1.5, expected values from 0 to 1"),
        ("sd = 12", "sd = -12", "traits.workload.sd: found -12, expected float >= 0"),
        ("[traits.skill]", "[traits.skil]", "traits.skil: found this key"),
    ],
)
def test_errors_name_file_key_found_and_expected(tmp_path: Path, old: str, new: str, text: str) -> None:
    changed = POPULATION.read_text().replace(old, new, 1)
    path = tmp_path / "population.toml"
    path.write_text(changed)
    with pytest.raises(StudyFileError) as raised:
        read_population(path)
    assert f"{path}: {text}" in str(raised.value)
