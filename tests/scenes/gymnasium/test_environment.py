import signal
import sys
import time

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from mile_desktop.scenes import scene_code
from mile_desktop.scenes.catalogue import broken_scenes, scene_info
from mile_desktop.scenes.description import SceneDescriptionError
from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.gymnasium.environment import GymnasiumEnv, NoSnapshotsError
from mile_desktop.scenes.gymnasium.inner import Probe
from mile_desktop.scenes.snapshots import UnknownSnapshotError
from tests.scenes.gymnasium.conftest import PENDULUM, WALK, AddScene, OpenScene

# each has another way back: its attributes, MuJoCo's state, the same episode again, the same in a new environment
ANYTHING = Probe(saves_state=True, repeats=True, always_new=False, draws_state=True)
IDS = {"Pendulum-v1": -1, "Ant-v5": -8, "LunarLander-v3": 4, "BipedalWalker-v3": -4, "FrozenLake-v1": 4}
"""Environment → number of its discrete actions, or minus the size of its action."""


def text_for(env_id: str) -> str:
    count = IDS[env_id]
    tables = [
        f'[[choices]]\nlabel = "{n}"\ntitle = "action {n}"\npush = "none"'
        if count > 0
        else f'[[actions]]\nlabel = "{n}"'
        for n in range(abs(count))
    ]
    return f'kind = "gymnasium"\nid = "{env_id}"\ntitle = "{env_id}"\n' + "\n".join(tables)


def random_action(env: GymnasiumEnv, rng: np.random.Generator) -> np.ndarray | int:
    if isinstance(env.action_space, gymnasium.spaces.Discrete):
        return int(rng.integers(env.action_space.n))
    return rng.uniform(-1.0, 1.0, env.action_space.shape).astype(np.float32)


def test_it_is_an_environment_of_gymnasium_with_its_description(opened: OpenScene) -> None:
    env = opened(PENDULUM)
    check_env(env, skip_render_check=True)
    info = scene_info("foreign")
    assert (info.kind, info.env_id, info.action_labels) == ("gymnasium", "mile/Foreign-v0", ("torque",))
    assert (info.max_steps, info.rate_hz, info.entries[0].drive) == (50, 20.0, "right")
    assert env.observation_labels == ("observation 0", "observation 1", "observation 2")


def test_full_actions_are_the_bounds_and_the_episode_is_the_environments(opened: OpenScene) -> None:
    env, published = opened(PENDULUM), gymnasium.make("Pendulum-v1")
    mine, _ = env.reset(seed=4)
    theirs, _ = published.reset(seed=4)
    for action in (1.0, -1.0, 0.25):
        np.testing.assert_array_equal(mine, theirs)
        mine, reward, *_ = env.step(np.array([action], np.float32))
        theirs, their_reward, *_ = published.step(np.array([2 * action], np.float32))
        assert reward == pytest.approx(float(their_reward))
    published.close()


def test_frames_are_stacked_oldest_first(opened: OpenScene) -> None:
    env = opened(PENDULUM + "\n[observation]\nframes = 3\nnames = ['cosine', 'sine', 'speed (rad/s)']\n")
    observation, _ = env.reset(seed=0)
    assert env.observation_labels[:4] == ("cosine @ t-2", "sine @ t-2", "speed (rad/s) @ t-2", "cosine @ t-1")
    np.testing.assert_array_equal(observation[:3], observation[6:])
    later = env.step(np.array([1.0], np.float32))[0]
    np.testing.assert_array_equal(later[:6], observation[3:])
    assert env.observation_space.contains(later)


@pytest.mark.parametrize("env_id", IDS)
def test_going_back_repeats_every_environment_to_the_bit(opened: OpenScene, env_id: str) -> None:
    env = opened(text_for(env_id))
    rng = np.random.default_rng(5)
    for seed in (3, 4):  # a second episode: Box2D keeps traces of the first one
        env.reset(seed=seed)
        for _ in range(2 if env_id == "FrozenLake-v1" else 6):  # its third step may fall into a hole
            before = env.step(random_action(env, rng))
        token, state = env.snapshot(), env.scene_state()
        actions = [random_action(env, rng) for _ in range(15)]
        first = [env.step(action) for action in actions]
        np.testing.assert_array_equal(env.restore(token), before[0])
        np.testing.assert_array_equal(env.scene_state(), state)
        for action, (observation, reward, *_, info) in zip(actions, first, strict=True):
            again = env.step(action)
            np.testing.assert_array_equal(again[0], observation)
            assert (again[1], again[4]["step"]) == (reward, info["step"])
    env.release(token)
    with pytest.raises(UnknownSnapshotError):
        env.restore(token)


@pytest.mark.parametrize("env_id", IDS)
def test_the_same_seed_is_the_same_episode_in_every_copy_and_later(opened: OpenScene, env_id: str) -> None:
    paths = []
    for name in ("first", "second"):
        env = opened(text_for(env_id), name)
        rng = np.random.default_rng(2)
        env.reset(seed=1)
        if name == "second":
            env.step(random_action(env, np.random.default_rng(0)))
        start, _ = env.reset(seed=9)
        paths.append([start.tolist(), *(env.step(random_action(env, rng))[0].tolist() for _ in range(8))])
    assert paths[0] == paths[1]


def test_an_environment_that_does_not_repeat_is_not_rewound_and_says_so(opened: OpenScene) -> None:
    env = opened(WALK.replace("max_steps", "kwargs = {fault = 'unrepeatable'}\nmax_steps"))
    env.reset(seed=0)
    assert not env.can_rewind
    assert env.problems[0] == (
        "Walk cannot be rewound or rolled forward: the same seed and actions lead to another episode each time."
    )
    with pytest.raises(NoSnapshotsError, match="cannot be rewound"):
        env.snapshot()


def test_what_the_policy_does_not_see_is_said(opened: OpenScene) -> None:
    env = opened(WALK)
    assert env.problems == ("Walk: the policy does not see camera 48 × 64 × 3; it gets numbers only.",)
    assert env.observation_labels == ("gear = 1", "gear = 2", "gear = 3", "place 0", "place 1")


def test_success_by_info_ends_the_episode(opened: OpenScene) -> None:
    env = opened(WALK)
    env.reset(seed=0)
    results = [env.step(np.array([1.0, 0.0], np.float32)) for _ in range(8)]
    over = [terminated for _, _, terminated, _, _ in results]
    assert True in over
    assert results[over.index(True)][4]["success"] is True
    assert not any(info["success"] for _, _, _, _, info in results[: over.index(True)])


@pytest.mark.parametrize(("threshold", "success"), [(-1e6, True), (0.0, False)])
def test_success_by_return_is_known_at_the_end(opened: OpenScene, threshold: float, success: bool) -> None:
    env = opened(PENDULUM.replace("-250.0", str(threshold)))
    env.reset(seed=0)
    results = [env.step(np.zeros(1, np.float32)) for _ in range(50)]
    assert [info["success"] for *_, info in results] == [False] * 49 + [success]
    assert [truncated for _, _, _, truncated, _ in results] == [False] * 49 + [True]


def test_the_environments_own_time_limit_does_not_cut_off_a_rescue(opened: OpenScene) -> None:
    env = opened(PENDULUM.replace("max_steps = 50", "max_steps = 500"))  # registered with 200
    env.reset(seed=0)
    assert not any(env.step(np.zeros(1, np.float32))[3] for _ in range(250))


@pytest.mark.parametrize("action", [np.zeros(3, np.float32), np.array([np.nan, 0.0], np.float32), [0.0]])
def test_actions_that_are_none_are_refused_and_nothing_moves(opened: OpenScene, action: object) -> None:
    env = opened(WALK)
    env.reset(seed=0)
    before = env.scene_state()
    with pytest.raises(ValueError, match="expected 2 finite values"):
        env.step(action)  # type: ignore[arg-type]
    np.testing.assert_array_equal(env.scene_state(), before)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("raises", r"odd_environments.py, line \d+: step: found KeyError \('gripper'\), expected none"),
        ("exits", r"odd_environments.py, line \d+: step: found os._exit\(0\), expected none"),
        ("loops", r"odd_environments.py, line \d+: step: found no answer in 1 s, expected one; is there a loop"),
        ("nan", r"odd_environments.py: step: found nan for 'place 0', expected a finite number"),
        ("interrupts", r"odd_environments.py, line \d+: step: found KeyboardInterrupt \(\), expected none"),
        ("no info", r"odd_environments.py: step: found None as info, expected a dictionary"),
        ("text as success", r"step: found 'maybe' for info\['is_success'\], expected True or False"),
        ("two rewards", r"step: reward: found array\(\[0.5, 1. \]\), expected a number"),
        ("nan reward", r"step: reward: found nan, expected a finite number"),
        ("masked", r"step: found an observation that its observation_space does not have \(masked entries\), expected"),
        ("complex", r"\(complex numbers\), expected one of Dict"),
        ("longer", r"\(3 values in place of the 2 from 'place 0' on\)"),
        ("no key", r"\('gear'\), expected one of Dict"),
    ],
)
def test_faults_of_its_code_are_said_with_file_line_and_method(
    opened: OpenScene, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, fault: str, error: str
) -> None:
    monkeypatch.setattr("mile_desktop.scenes.gymnasium.inner.CALL_S", 1.0)
    monkeypatch.setattr("mile_desktop.scenes.gymnasium.environment.probed", lambda _: ANYTHING)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the worker
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    began = time.monotonic()

    def drive() -> None:
        env = opened(WALK.replace("max_steps", f"kwargs = {{fault = '{fault}'}}\nmax_steps"))
        env.reset(seed=0)
        for _ in range(4):
            env.step(np.zeros(2, np.float32))

    with pytest.raises(scene_code.SceneModuleError, match=error):
        drive()
    assert time.monotonic() - began < 30.0


def test_what_it_prints_does_not_reach_standard_output(opened: OpenScene, capsys: pytest.CaptureFixture[str]) -> None:
    env = opened(WALK.replace("max_steps", "kwargs = {fault = 'prints'}\nmax_steps"))
    env.reset(seed=0)
    for _ in range(4):
        env.step(np.zeros(2, np.float32))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "three steps done" in captured.err
    assert sys.stdout is not sys.stderr


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            PENDULUM.replace("Pendulum-v1", "Pendulums-v1"),
            r"scene.toml: gymnasium.make\('Pendulums-v1'\): .*NameNot",
        ),
        (PENDULUM.replace("Pendulum-v1", "no_such_package:A-v1"), r"No module named 'no_such_package'"),
        (PENDULUM + '\n[kwargs]\ncolour = "red"\n', r"gymnasium.make\('Pendulum-v1'\): .*colour"),
        (PENDULUM + '\n[[actions]]\nlabel = "more"\n', r"scene.toml: actions: found 2, expected 1, one for each entry"),
        (PENDULUM + "\n[observation]\nnames = ['a']\n", r"observation.names: found 1, expected 3: observation 0"),
        (WALK.replace("odd/Walk", "odd/OnlyPictures"), r"observation: found only the picture 96 × 96 × 3"),
        (
            WALK.replace("max_steps", "kwargs = {bounds = inf}\nmax_steps"),
            r"bounds -inf and inf of entry 0, expected finite",
        ),
    ],
)
def test_descriptions_that_do_not_fit_are_said_by_file_and_key(add: AddScene, text: str, error: str) -> None:
    add(text)
    with pytest.raises(SceneDescriptionError, match=error):
        make_scene("foreign")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (PENDULUM.replace("[[actions]]", "[[acts]]"), r"unknown field `acts`"),
        (PENDULUM.partition("[[")[0], r"found actions and choices, or neither; expected one of them"),
        (PENDULUM.replace('"right"', '"sideways"'), r"Invalid enum value 'sideways' - at `\$.actions\[0\].drive`"),
        (PENDULUM.replace("[success]", '[success]\ninfo = ["success"]'), r"info and return_at_least, expected one"),
        (PENDULUM + '\n[[actions]]\nlabel = "torque"\n', r"expected each once"),
        (
            PENDULUM.replace('kind = "gymnasium"', 'kind = "gym"'),
            r"kind: found 'gym', expected 'panda', 'gymnasium'",
        ),
    ],
)
def test_mistakes_in_the_file_are_found_without_the_environment(add: AddScene, text: str, error: str) -> None:
    add(text)
    (broken,) = broken_scenes()
    with pytest.raises(SceneDescriptionError, match=error):
        raise SceneDescriptionError(broken.error)


def test_a_missing_extra_is_named_with_its_command(add: AddScene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    add(PENDULUM.replace('title = "Pendulum"', 'title = "Pendulum"\nextra = "metaworld"'))
    with pytest.raises(
        SceneDescriptionError,
        match=r"found no package metaworld and no mujoco, which Pendulum-v1 needs; install it with "
        r"`pip install 'mile-desktop\[metaworld\]'` and load the scene again",
    ):
        make_scene("foreign")
