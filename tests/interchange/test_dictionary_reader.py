"""Data sets as ``collect_synthetic_interventions.py`` of the MILE research code writes them."""

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mile_desktop.interchange.dataset_formats import open_dataset
from mile_desktop.interchange.episode_import import ImportOptions, ImportReport, import_dataset
from mile_desktop.interchange.errors import DifferenceError, InterchangeError
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.workspace import Workspace
from tests.interchange.conftest import ENTRIES, PEG

STATES, ACTIONS = len(ENTRIES.state), len(ENTRIES.action)
ACCEPTED = ImportOptions(accept=("names", "rate"))


def collected(lengths: tuple[int, ...], *, done: bool = False) -> dict[str, list[object]]:
    """Collect episodes; ``done``: they end at their time limit, else at a success, which only the states show."""
    random = np.random.default_rng(1)
    names = ["state", "rollout_action", "action", "intervention_prob", "intervention", "reward", "next_state", "done"]
    data: dict[str, list[object]] = {name: [] for name in names}
    for length in lengths:
        states = random.normal(size=(length + 1, STATES))
        for step in range(length):
            person = int(step % 3 == 2)
            proposed = random.uniform(-0.9, 0.9, ACTIONS).astype(np.float32)
            row = (states[step], proposed, -proposed if person else proposed, np.float64(0.3), person,
                   0.1 * step, states[step + 1], done and step == length - 1)  # fmt: skip
            for name, value in zip(data, row, strict=True):
                data[name].append(value)
    return data


def written(path: Path, data: object) -> Path:
    match path.suffix:
        case ".npz":
            np.savez_compressed(path, **data)  # type: ignore[arg-type]
        case ".json":
            path.write_text(json.dumps(data, default=lambda value: value.tolist()))
        case _:
            path.write_bytes(pickle.dumps(data))
    return path


def bring_in(workspace: Workspace, path: Path, options: ImportOptions = ACCEPTED) -> ImportReport:
    return import_dataset(workspace, open_dataset(path), ENTRIES, options)


@pytest.mark.parametrize("name", ["set.pkl", "набор данных.npz", "set.json"])
@pytest.mark.parametrize("done", [False, True])
def test_steps_become_episodes_with_interventions(workspace: Workspace, tmp_path: Path, name: str, done: bool) -> None:
    data = collected((6, 1, 4), done=done)
    report = bring_in(workspace, written(tmp_path / name, data))
    assert (report.episodes, report.demonstrations, report.steps, report.unknown) == (3, 0, 11, 3)
    records = sorted(Catalogue(workspace).episodes(PEG), key=lambda each: -each.steps)
    assert [each.steps for each in records] == [6, 4, 1]
    made = read_episode(workspace, records[0].episode_id)
    assert made.intervention.tolist() == [False, False, True, False, False, True]
    np.testing.assert_allclose(made.observation, np.array(data["state"][:6], np.float32))
    np.testing.assert_allclose(made.policy_action, np.array(data["rollout_action"][:6]))
    np.testing.assert_allclose(made.action, np.array(data["action"][:6]))
    np.testing.assert_allclose(made.human_action[2], made.action[2])
    assert np.isnan(made.human_action[0]).all()
    assert np.isnan(made.intervention_prob).all(), "no person saw the probability of the simulated supervisor"
    np.testing.assert_allclose(made.reward, 0.1 * np.arange(6), atol=1e-6)


def test_names_and_rate_must_be_accepted(workspace: Workspace, tmp_path: Path) -> None:
    path = written(tmp_path / "set.pkl", collected((5,)))
    with pytest.raises(DifferenceError, match="does not name the entries of its observation"):
        bring_in(workspace, path, ImportOptions())
    with pytest.raises(DifferenceError, match="does not say its rate"):
        bring_in(workspace, path, ImportOptions(accept=("names",)))


def test_actions_beyond_their_limits_are_limited_as_they_were_executed(workspace: Workspace, tmp_path: Path) -> None:
    data = collected((5,))
    data["rollout_action"][3] = data["action"][3] = np.full(ACTIONS, 2.5)
    dataset = open_dataset(written(tmp_path / "set.pkl", data))
    assert "2 actions outside [-1, 1] are limited, as Meta-World limits them." in dataset.notes
    assert import_dataset(workspace, dataset, ENTRIES, ACCEPTED).steps == 5


def test_discrete_actions_become_one_hot(tmp_path: Path) -> None:
    count = 4
    data = {
        "state": list(np.arange(18.0).reshape(6, 3)),
        "rollout_action": [np.int64(each) for each in (0, 1, 2, 3, 0, 1)],
        "intervention": [0, 1, 0, 1, 0, 0],
        "human_action": [0, 3, 4, 0, 0, 4],  # 4: do not intervene
        "human_action_prob": [np.full(count + 1, 0.2, np.float32)] * 6,
        "next_state": list(np.arange(3.0, 21.0).reshape(6, 3)),
        "reward": [1.0] * 6,
        "done": [False] * 5 + [True],
    }
    (episode,) = open_dataset(written(tmp_path / "set.pkl", data)).read()
    assert np.argmax(episode.columns["action"], axis=1).tolist() == [0, 3, 2, 0, 0, 1]
    assert np.argmax(episode.columns["complementary_info.policy_action"], axis=1).tolist() == [0, 1, 2, 3, 0, 1]
    data["rollout_action"][2] = np.int64(9)
    with pytest.raises(InterchangeError, match="rollout_action has 9; expected one of 4 actions"):
        open_dataset(written(tmp_path / "set.pkl", data))


def test_a_shuffled_data_set_is_noticed(tmp_path: Path) -> None:
    data = collected((30, 30))
    order = np.random.default_rng(0).permutation(60)
    shuffled = {name: [values[index] for index in order] for name, values in data.items()}
    with pytest.raises(InterchangeError, match="before it was shuffled"):
        open_dataset(written(tmp_path / "set.pkl", shuffled))


def without(name: str) -> dict[str, list[object]]:
    return {key: values for key, values in collected((5,)).items() if key != name}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (without("state"), "has no state; a data set of the MILE research code has state, rollout_action"),
        (without("rollout_action"), "has no rollout_action"),
        (collected((5,)) | {"action": [np.zeros(4)] * 3}, "unequal length"),
        (collected((5,)) | {"state": [np.zeros(4)] * 4 + [np.zeros(5)]}, "state is not one row of numbers"),
        (collected((5,)) | {"state": "text"}, "state is not one row of numbers"),
        (collected((5,)) | {"action": [["a"]] * 5}, "action is not one row of numbers"),
        (collected(()), "without steps"),
        ([1, 2], "holds a list; expected a dictionary"),
        ({"state": Path("x")}, r"is a pickle with pathlib.*numpy.savez"),
    ],
)
def test_what_is_no_such_data_set_is_one_sentence(tmp_path: Path, data: object, sentence: str) -> None:
    with pytest.raises(InterchangeError, match=sentence):
        open_dataset(written(tmp_path / "set.pkl", data))


def test_neither_done_nor_next_state_says_no_episodes(tmp_path: Path) -> None:
    data = {name: values for name, values in collected((5,)).items() if name not in {"done", "next_state"}}
    with pytest.raises(InterchangeError, match="neither done nor next_state"):
        open_dataset(written(tmp_path / "set.pkl", data))


def test_a_nan_is_refused_and_named(workspace: Workspace, tmp_path: Path) -> None:
    data = collected((5, 5))
    data["state"][7] = np.full(STATES, np.nan)
    data["next_state"][6] = np.full(STATES, np.nan)
    with pytest.raises(DifferenceError, match="episode 1 has nan in entry 0 of the observation at step 2"):
        bring_in(workspace, written(tmp_path / "set.pkl", data))


def test_a_small_file_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mile_desktop.interchange.dictionary_reader._MOST_BYTES", 200_000)
    one = np.zeros(1000)
    with pytest.raises(InterchangeError, match="state would unpack to more than"):
        open_dataset(written(tmp_path / "set.pkl", collected((5,)) | {"state": [one] * 5000}))
    with pytest.raises(InterchangeError, match="would unpack to"):
        open_dataset(written(tmp_path / "set.npz", {"state": np.zeros((500, 100))}))


def test_an_archive_of_very_many_arrays_is_refused_before_they_are_looked_at(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        for number in range(1001):
            archive.writestr(f"{number}.npy", b"")
    with pytest.raises(InterchangeError, match="holds 1001 arrays; a data set has about ten"):
        open_dataset(tmp_path / "set.npz")


def test_an_archive_with_objects_or_cut_short_is_refused(tmp_path: Path) -> None:
    objects = tmp_path / "objects.npz"
    np.savez(objects, state=np.array([{}], object))
    whole = written(tmp_path / "set.npz", collected((5,))).read_bytes()
    (tmp_path / "short.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "short.pkl").write_bytes(pickle.dumps(collected((5,)))[:700])
    (tmp_path / "short.json").write_text('{"state": [[1.0')
    for name in ("objects.npz", "short.npz", "short.pkl", "short.json"):
        with pytest.raises(InterchangeError, match=r"damaged or no data set|a pickle with damaged instructions"):
            open_dataset(tmp_path / name)
