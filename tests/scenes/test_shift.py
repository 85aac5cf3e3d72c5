"""Shift files: what they may say, what is drawn from them, and the sentences of their errors."""

from pathlib import Path

import numpy as np
import pytest

from mile_desktop.paths import RESOURCES
from mile_desktop.scenes.shift import DrawnShift, ShiftError, read_shift, shipped_shifts


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "worn.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", ["mild", "strong", "delayed"])
def test_what_ships_can_be_read_by_its_name(name: str) -> None:
    assert name in shipped_shifts()
    assert read_shift(name).draw(0) != DrawnShift()


def test_a_fixed_value_is_the_same_in_every_episode_and_a_range_is_drawn_by_the_seed(tmp_path: Path) -> None:
    shift = read_shift(
        written(tmp_path, "[physics]\nmass = 2\nfriction = [0.5, 0.9]\n[actions]\ndelay_steps = [1, 3]\n")
    )
    drawn = [shift.draw(seed) for seed in range(40)]
    assert {each.mass for each in drawn} == {2.0}
    assert len({each.friction for each in drawn}) == 40
    assert all(0.5 <= each.friction <= 0.9 for each in drawn)
    assert {each.delay_steps for each in drawn} == {1, 2, 3}
    assert drawn[7] == shift.draw(7)


def test_a_bias_belongs_to_one_robot_where_it_is_fixed_and_to_the_episode_where_it_is_a_range(tmp_path: Path) -> None:
    fixed = read_shift(written(tmp_path, "[sensors]\nbias = 0.01\n"))
    assert np.array_equal(fixed.draw_bias(1, 6), fixed.draw_bias(2, 6))
    assert 0.0 < np.abs(fixed.draw_bias(1, 6)).max() <= 0.01
    drawn = read_shift(written(tmp_path, "[sensors]\nbias = [0.01, 0.02]\n"))
    assert not np.array_equal(drawn.draw_bias(1, 6), drawn.draw_bias(2, 6))
    assert ((drawn.draw_bias(3, 6) >= 0.01) & (drawn.draw_bias(3, 6) <= 0.02)).all()


def test_the_label_changes_with_the_values(tmp_path: Path) -> None:
    before = read_shift(written(tmp_path, "[physics]\nmass = 2\n"))
    after = read_shift(written(tmp_path, "[physics]\nmass = 3\n"))
    assert before.name == after.name == "worn"
    assert before.label != after.label
    assert after.ranges == {"mass": (3.0, 3.0)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[physics]\nfriction = -1\n", "physics.friction: found -1, expected a number from 0.05 to 20"),
        ("[physics]\nfriction = [0.9, 0.5]\n", "physics.friction: found [0.9, 0.5], expected"),
        ("[physics]\nfriction = [0.5, 0.6, 0.7]\n", "physics.friction: found [0.5, 0.6, 0.7], expected"),
        ("[physics]\nfriction = true\n", "physics.friction: found True, expected"),
        ("[physics]\nmass = nan\n", "physics.mass: found nan, expected"),
        ("[actions]\ndelay_steps = 1.5\n", "actions.delay_steps: found 1.5, expected a whole number from 0 to 20"),
        ("[actions]\nfriction = 0.5\n", "actions.friction: found 0.5, expected one of the keys delay_steps, dead_band"),
        ("[physics]\nfrictoin = 0.5\n", "physics.frictoin: found 0.5, expected one of the keys friction, mass, gains"),
        ("[phsics]\nfriction = 0.5\n", "phsics: found {'friction': 0.5}, expected title or one of the tables actions"),
        ("title = 3\n[physics]\nmass = 2\n", "title: found 3, expected a text"),
        ("title = 'Empty'\n", "found no value that changes anything, expected one of friction"),
        ("[physics\n", "found no readable TOML"),
    ],
)
def test_an_error_names_file_key_found_and_expected(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ShiftError) as caught:
        read_shift(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


def test_a_name_that_does_not_exist_lists_what_ships() -> None:
    with pytest.raises(ShiftError, match="heavy: found no such file, expected a shift in TOML or one of delayed, mild"):
        read_shift("heavy")


def test_what_changes_nothing_in_a_scene_is_named() -> None:
    strong = read_shift("strong")
    idle = strong.without_effect(panda=False, discrete=True, pictures=False)
    assert {"friction", "mass", "gains", "dead_band", "light"} <= set(idle)
    assert "delay_steps" not in idle
    assert strong.without_effect(panda=True, discrete=False, pictures=True) == ()


def test_generation_draws_from_ranges_of_its_own_and_from_no_shift_that_ships() -> None:
    usual = read_shift(str(RESOURCES / "randomisation" / "usual.toml"))
    assert usual.digest not in {read_shift(name).digest for name in shipped_shifts()}
    # The delays that ship to be tested on are longer than any that generation draws.
    assert usual.ranges["delay_steps"][1] < read_shift("delayed").ranges["delay_steps"][0]
    assert usual.ranges["dead_band"][1] < read_shift("strong").ranges["dead_band"][0]
