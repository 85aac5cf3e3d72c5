"""``mile-desktop words``: what a line of words is understood as; nothing moves."""

import argparse

from mile_desktop.commands.command import CommandError, Report
from mile_desktop.operators.words.interpreter import Interpreter
from mile_desktop.operators.words.vocabulary import Vocabulary
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.scene_file import read_words


def run(options: argparse.Namespace, report: Report) -> None:
    """Report the segments; raise ``CommandError`` where the line is refused or would be asked back."""
    own = read_words(scene_info(options.scene).folder)
    vocabulary = Vocabulary(options.language, targets=own.targets, phrases=own.phrases)
    frame = "" if options.frame == "ask" else options.frame
    understood = Interpreter(vocabulary, frame=frame).interpret(" ".join(options.text))
    if understood.understood:
        report.say(understood.to_json(), understood.text())
        return
    report.say(understood.to_json(), "")
    raise CommandError(understood.text() or "The line is empty. Type for example: left a bit.")
