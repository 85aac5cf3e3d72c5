import os
import signal
import sys
from pathlib import Path

import pytest

from mile_desktop.errors import Interruption
from mile_desktop.processor_time import ProcessorTime
from mile_desktop.scenes import scene_code
from mile_desktop.scenes.scene_code import (
    SceneCode,
    SceneModuleError,
    checked_flag,
    checked_number,
    checked_values,
    module_failed,
)

MODULE = Path(__file__)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("raise KeyError('lever')", r"line 1: reward: found KeyError \('lever'\), expected none"),
        ("x = 1\nassert x == 2", r"line 2: reward: found AssertionError"),
        ("import sys\nsys.exit(3)", r"line 2: reward: found SystemExit \(3\)"),
        ("import os\nos._exit(0)", r"line 2: reward: found os\._exit\(0\)"),
        ("while True: pass", r"line 1: reward: found no answer in 0 s"),
        ("while True:\n try:\n  while True: pass\n except Exception: pass", r"reward: found no answer"),
    ],
)
def test_every_failure_names_file_line_and_method(code: str, sentence: str) -> None:
    compiled = compile(code, str(MODULE), "exec")
    with pytest.raises(SceneModuleError, match=rf"test_scene_code\.py.*{sentence}"), SceneCode(MODULE, "reward", 0.05):
        exec(compiled, {})


def test_a_method_that_only_waits_for_a_processor_gets_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    alarms: list[float] = []

    def starved(_: int) -> ProcessorTime:
        alarms.append(float(len(alarms)))
        return ProcessorTime(ran=0.0, waited=alarms[-1])  # a second more at each alarm

    monkeypatch.setattr(scene_code, "processor_time", starved)
    with SceneCode(MODULE, "reward", 0.05):
        while len(alarms) < 6:
            pass
    with pytest.raises(SceneModuleError, match="no answer"), SceneCode(MODULE, "reward", 0.05):
        exec("while True: pass")  # starved or not, there is an end


def test_the_timer_and_its_handler_are_put_back() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with SceneCode(MODULE, "measure"), SceneCode(MODULE, "reward"):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0.0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_output_of_a_scene_goes_to_the_error_stream(capsys: pytest.CaptureFixture[str]) -> None:
    with SceneCode(MODULE, "measure"):
        sys.stdout.write("hello\n")
    assert capsys.readouterr() == ("", "hello\n")


def test_a_copy_of_the_process_that_a_scene_makes_ends_there(tmp_path: Path) -> None:
    with SceneCode(MODULE, "step"):
        child = os.fork()
    if child == 0:  # would be a second program, which records the same episode
        (tmp_path / "second").touch()
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not (tmp_path / "second").exists()


def test_ctrl_c_is_no_error_of_the_scene() -> None:
    with pytest.raises(KeyboardInterrupt), SceneCode(MODULE, "measure"):
        raise KeyboardInterrupt


def test_outside_of_a_scene_a_process_can_end_itself() -> None:
    child = os.fork()
    if child == 0:
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([1.0], r"found an array of shape \(1,\), expected \(2,\)"),
        (None, r"found an array of shape \(\), expected|found None"),
        (["a", 1.0], r"found \['a', 1.0\], expected 2 numbers"),
        ([1.0, float("nan")], r"found nan for 'lever angle', expected a finite number"),
    ],
)
def test_a_measurement_that_is_wrong_is_named(values: object, sentence: str) -> None:
    with pytest.raises(SceneModuleError, match=sentence):
        checked_values(MODULE, "measure", values, ("hand x", "lever angle"))


def test_a_list_of_numbers_is_a_measurement() -> None:
    assert checked_values(MODULE, "measure", [1, 2.5], ("a", "b")).tolist() == [1.0, 2.5]


def test_success_is_true_or_false_and_a_reward_is_a_number() -> None:
    assert checked_flag(MODULE, "is_done", True) is True
    assert checked_number(MODULE, "reward", 2) == 2.0
    with pytest.raises(SceneModuleError, match="is_done: found None, expected True or False"):
        checked_flag(MODULE, "is_done", None)
    for wrong in (None, "much", float("inf")):
        with pytest.raises(SceneModuleError, match=r"reward: found .+, expected a"):
            checked_number(MODULE, "reward", wrong)


def test_a_syntax_error_names_its_line() -> None:
    error = SyntaxError("invalid syntax", (str(MODULE), 12, 1, "x ="))
    assert "line 12: found SyntaxError (invalid syntax)" in str(module_failed(MODULE, "", error))


def test_a_signal_that_ends_the_command_is_no_fault_of_the_scene(tmp_path: Path) -> None:
    with pytest.raises(Interruption), SceneCode(tmp_path / "scene.py", "reward"):
        raise Interruption
