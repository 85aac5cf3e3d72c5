from dataclasses import replace

from pytestqt.qtbot import QtBot

from mile_desktop.learning.method_info import METHODS, method_info
from mile_desktop.learning.settings import SETTINGS, TrainingSettings
from mile_desktop.ui.learn.advanced import AdvancedSettings
from mile_desktop.ui.learn.model import RetrainRequest


def _enabled(form: AdvancedSettings) -> dict[str, bool]:
    return {name: field.isEnabled() for name, field in form._fields.items()}


def test_a_setting_without_effect_beside_another_one_is_disabled_and_says_so(qtbot: QtBot) -> None:
    form = AdvancedSettings()
    qtbot.addWidget(form)
    for method in METHODS:
        form.show_method(method)
        for silence_rule in ("fixed", "weighed"):
            settings = replace(TrainingSettings(), silence_rule=silence_rule)
            form.show_request(RetrainRequest(settings=settings))
            for name, enabled in _enabled(form).items():
                other, value = SETTINGS[name].unless or ("", "")
                replaced = bool(other) and getattr(settings, other) == value
                assert enabled is (method.uses(name) and not replaced), (method.name, silence_rule, name)
                assert ("No effect while" in form._fields[name].toolTip()) is (method.uses(name) and replaced)


def test_the_weights_of_silence_come_back_with_their_values(qtbot: QtBot) -> None:
    form = AdvancedSettings()
    qtbot.addWidget(form)
    form.show_method(method_info("mile"))
    form._fields["calm"].setValue(0.4)
    rule = form._fields["silence_rule"]
    rule.setCurrentIndex(rule.findData("weighed"))
    assert not form._fields["calm"].isEnabled()
    assert not form._fields["silence"].isEnabled()
    assert form._fields["calm"].toolTip().endswith("No effect while Silence is “weighed by who knows better”")
    rule.setCurrentIndex(rule.findData("fixed"))
    assert form._fields["calm"].isEnabled()
    assert form.request("mile").settings.calm == 0.4
