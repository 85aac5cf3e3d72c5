import pytest

from mile_desktop.rollout import chime
from mile_desktop.rollout.chime import Chime


def test_the_sound_that_ships_can_be_played() -> None:
    sound = Chime()
    assert sound.audible
    sound.play()


def test_without_its_file_it_is_silent(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(chime, "RESOURCES", tmp_path)
    silent = Chime()
    assert not silent.audible
    silent.play()
