"""``mile-desktop words``: what a line of words is understood as; nothing moves."""

import argparse
from dataclasses import replace

from mile_desktop.commands.command import CommandError, Report
from mile_desktop.operators.words.interpreter import Interpreter
from mile_desktop.operators.words.operator import DrivenBody, WordsOperator
from mile_desktop.operators.words.segment import Understanding
from mile_desktop.operators.words.vocabulary import Vocabulary
from mile_desktop.scenes.catalogue import SceneInfo, scene_info
from mile_desktop.scenes.scene_file import read_words


def run(options: argparse.Namespace, report: Report) -> None:
    """Report the segments; raise ``CommandError`` where the line is refused or would be asked back."""
    info = scene_info(options.scene)
    own = read_words(info.folder)
    vocabulary = Vocabulary(options.language, targets=own.targets, phrases=own.phrases)
    frame = "" if options.frame == "ask" else options.frame
    understood = Interpreter(vocabulary, frame=frame).interpret(" ".join(options.text))
    if problem := _problem(info, understood):
        understood = replace(understood, segments=(), refused=problem)
    if not (understood.understood or understood.ask or understood.refused):
        # While a person types, a line without a command is no mistake; here nobody types on, so the JSON says why.
        understood = replace(understood, refused="The line has no command. Type for example: left a bit.")
    if understood.understood:
        report.say(understood.to_json(), understood.text())
        return
    report.say(understood.to_json(), "")
    raise CommandError(understood.text())


def _problem(info: SceneInfo, understood: Understanding) -> str:
    """Return why the worker would refuse to drive this in the scene; empty if it would not.

    What an arm's scene measures is known only once it is simulated, so there the worker alone can say more.
    """
    moves = [each for each in understood.segments if each.direction != "stop"]
    if not moves or info.kind == "panda":
        return ""
    operator = WordsOperator()
    pushes = [each.push for each in info.choices]
    operator.begin_session(DrivenBody(info.rate_hz, 0.0, (), pushes) if pushes else None)
    return operator.problem(moves)
