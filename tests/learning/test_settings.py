from dataclasses import fields

import pytest

from mile_desktop.learning.method_info import METHODS, UnknownMethodError, method_info
from mile_desktop.learning.methods import methods
from mile_desktop.learning.objectives import OBJECTIVES
from mile_desktop.learning.settings import (
    EVALUATION_SETTING,
    SETTINGS,
    SettingsError,
    TrainingSettings,
    setting_info,
    settings_from_json,
    settings_to_json,
)


def test_every_setting_has_a_title_of_its_own_and_a_meaning() -> None:
    infos = [*SETTINGS.values(), EVALUATION_SETTING]
    assert [each.name for each in fields(TrainingSettings)] == list(SETTINGS)
    assert all(info.meaning for info in infos)
    assert len({info.title for info in infos}) == len(infos)
    assert setting_info("learned.loss").title == "Loss"
    assert setting_info("learned.new_thing").title == "New thing"


@pytest.mark.parametrize("name", [name for name, info in SETTINGS.items() if info.low is not None])
def test_a_number_out_of_range_is_refused_with_the_range(name: str) -> None:
    info = SETTINGS[name]
    assert info.low is not None
    assert info.high is not None
    with pytest.raises(SettingsError, match=f"{name} is .*between {info.low:g} and"):
        settings_from_json({name: info.low - 1})
    with pytest.raises(SettingsError, match=name):
        settings_from_json({name: info.high * 2 + 1})


@pytest.mark.parametrize("name", ["schedule", "mental_model"])
def test_a_word_that_is_no_choice_is_refused_with_the_choices(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is 'other'; it is one of {SETTINGS[name].choices[0][0]}, "):
        settings_from_json({name: "other"})


def test_settings_survive_json() -> None:
    settings = TrainingSettings(method="iwr", hidden=(32, 16), cost=2.5)
    assert settings_from_json(settings_to_json(settings)) == settings
    with pytest.raises(SettingsError, match="Unknown settings speed"):
        settings_from_json({"speed": 3})


def test_every_method_has_an_objective_or_is_rlif() -> None:
    assert [each.name for each in methods()] == [*OBJECTIVES, "rlif"]
    with pytest.raises(UnknownMethodError, match="'magic'; the methods are mile, bc"):
        method_info("magic")


def test_methods_use_the_settings_that_mean_something_to_them() -> None:
    used = {each.name: {name for name in SETTINGS if each.uses(name)} for each in METHODS}
    assert used["mile"] == set(SETTINGS)
    assert set(SETTINGS) - used["mile-iwr"] == {
        "silence",
        "follow_through",
        "calm",
        "silence_rule",
        "takeovers",
        "takeover_trial",
    }
    ignored_by_imitation = {
        "silence",
        "follow_through",
        "calm",
        "silence_rule",
        "mental_model",
        "mental_anchor",
        "balance",
        "warm_up",
        "takeovers",
        "takeover_trial",
    }
    assert set(SETTINGS) - used["bc"] == ignored_by_imitation | {"cost", "cdf_scale"}
    assert "warm_up" in used["rlif"]
    assert not {"schedule", "held_out", "tripwire", "balance"} & used["rlif"]
