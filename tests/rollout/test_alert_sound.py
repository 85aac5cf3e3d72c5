import pytest

from mile_desktop.rollout import alert_sound
from mile_desktop.rollout.alert_sound import AlertSound


def test_the_sound_that_ships_can_be_played() -> None:
    sound = AlertSound()
    assert sound.audible
    sound.play()


def test_without_its_file_it_is_silent(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(alert_sound, "RESOURCES", tmp_path)
    silent = AlertSound()
    assert not silent.audible
    silent.play()
