import msgspec
import pytest

from mile_desktop.operators.words.interpreter import Interpreter
from mile_desktop.operators.words.segment import Understanding
from mile_desktop.operators.words.vocabulary import FOLDER, Vocabulary, languages

TARGETS = {"socket": "hole", "peg": "handle"}
PHRASES = {"turn it off": "close, down", "press": "close, down"}
Words = dict[str, dict[str, list[str]]]


def slips(word: str) -> set[str]:
    """Return ``word`` with each letter missing, doubled, and swapped with the next one."""
    found = set()
    for at in range(len(word)):
        before, letter, after = word[:at], word[at], word[at + 1 :]
        found |= {before + after, before + letter + letter + after, before + after[:1] + letter + after[1:]}
    return found - {word, ""}


def lines_of(language: str) -> list[tuple[str, str]]:
    """Return each entry of a language's file with a line in which it makes sense; ``{}`` is its place."""
    file: Words = {
        name: table
        for name, table in msgspec.toml.decode((FOLDER / f"{language}.toml").read_bytes()).items()
        if isinstance(table, dict)
    }
    up, left = file["directions"]["up"][0], file["directions"]["left"][0]
    towards = file["tokens"]["TOWARDS"][0]
    in_a_line = {"TOWARDS": "{} socket", "UNTIL": f"{up} {{}}", "BIT": f"{{}} {up}", "LOT": f"{{}} {up}"}
    in_a_line["THEN"] = f"{up} {{}} {up}"
    found = [("{} 2 cm", each) for words in file["directions"].values() for each in words]
    found += [(in_a_line.get(kind, "{}"), each) for kind, words in file["tokens"].items() for each in words]
    found += [(f"{left} 2 cm {{}}", each) for words in file["frames"].values() for each in words]
    found += [(f"0.2 {{}} {up}", each) for words in file["units"].values() for each in words if words[0] != "mm"]
    found += [(f"2 {{}} {up}", each) for each in file["units"]["mm"]]
    found += [(f"{{}} cm {up}", each) for words in file["numbers"].values() for each in words]
    found += [(f"{{}} {up}", each) for each in file["ignored"]["words"]]
    names, phrases = file.get("names", {}), file.get("phrases", {})
    found += [(f"{towards} {{}}", each) for name in TARGETS for each in (name, *names.get(name, []))]
    return found + [("{}", each) for name in PHRASES for each in (name, *phrases.get(name, []))]


@pytest.mark.parametrize("language", languages())
def test_a_word_with_one_slip_is_understood_or_asked_back(language: str) -> None:
    person = Interpreter(Vocabulary(language, targets=TARGETS, phrases=PHRASES), frame="camera")
    person.accept(person.interpret("up 2 cm"))  # so that again, more and undo have something before them
    checked = 0
    for line, entry in lines_of(language):
        meant = person.interpret(line.format(entry))
        assert meant.makes_sense, (line, entry, meant.refused)
        words = entry.split()
        for at, word in enumerate(words):
            for slip in slips(word.casefold()):
                typed = line.format(" ".join((*words[:at], slip, *words[at + 1 :])))
                check(person, typed, meant)
                checked += 1
    assert checked > 2000


def check(person: Interpreter, typed: str, meant: Understanding) -> None:
    """Check that ``typed`` moves nothing but what was meant, shown as a correction, or leads to it by a question."""
    found = person.interpret(typed)
    if found.refused:
        # The slip is a word with a meaning of its own, which is too much: 0.2 mm without an m, 2 m instead of 2 mm.
        assert not found.unfit, (typed, found.refused)
        assert "is not possible" in found.refused, (typed, found.refused)
    elif found.ask:
        assert len(found.ask) <= 3, typed
        assert all(person.interpret(each).makes_sense for each in found.ask), typed
    elif found.segments != meant.segments:
        # Nothing was corrected: “slower” without its first letter is another command, which the line shows.
        assert not found.corrected, (typed, found.text())


@pytest.mark.parametrize(
    ("language", "line", "choices"),
    [
        ("en", "lft a bit", {"left a bit", "lift a bit"}),
        ("en", "let 2 cm", {"left 2 cm"}),
        ("en", "3 c up", {"3 cm up"}),
        ("en", "p", {"up"}),
        ("en", "tsop", {"stop"}),
        ("de", "3 cm hoc", set()),
        ("de", "nach vor 2 cm", {"nach vorn 2 cm", "nach von 2 cm"}),
    ],
)
def test_what_a_slip_may_be_is_offered(language: str, line: str, choices: set[str]) -> None:
    understood = Interpreter(Vocabulary(language, targets=TARGETS), frame="camera").interpret(line)
    assert set(understood.ask) <= choices
    assert bool(understood.ask) == bool(choices)
    assert understood.makes_sense


@pytest.mark.parametrize("language", languages())
def test_a_slip_of_stop_stops_at_once(language: str) -> None:
    person = Interpreter(Vocabulary(language))
    for line in ("stp", "sstop", "stopp", "stpo", "left 3 cm, sotp"):
        assert [each.direction for each in person.interpret(line).segments] == ["stop"], line
    for beginning in ("s", "st", "sto"):
        assert not person.interpret(beginning).segments


def test_a_line_full_of_unclear_words_is_answered_at_once() -> None:
    """Every reading of fifty unclear words would take longer than a life."""
    refused = Interpreter(Vocabulary(), frame="camera").interpret("lft " * 49)
    assert "each may be several words" in refused.refused
