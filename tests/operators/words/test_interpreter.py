import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.operators.words.interpreter import Interpreter
from mile_desktop.operators.words.segment import MAX_MOVE_M, MAX_MOVE_S, MAX_SEGMENTS, Segment, Understanding
from mile_desktop.operators.words.vocabulary import Vocabulary, VocabularyError, languages

TARGETS = {"socket": "hole", "peg": "handle"}


def interpreter(language: str = "en", frame: str = "camera") -> Interpreter:
    return Interpreter(Vocabulary(language, targets=TARGETS, phrases={"turn it off": "close, down"}), frame=frame)


@pytest.mark.parametrize(
    ("line", "segments"),
    [
        ("left a bit", [Segment("left", 0.02, "m", "camera")]),
        ("Please move 3 cm UP", [Segment("up", 0.03, "m")]),
        ("up 35mm", [Segment("up", 0.035, "m")]),
        ("right for half a second", [Segment("right", 0.5, "s", "camera")]),
        ("open", [Segment("open", 1.0, "times")]),
        ("let go", [Segment("open", 1.0, "times")]),
        ("slower", [Segment("slower", 1.0, "times")]),
        ("towards the socket", [Segment("towards", 0.05, "m", target="hole")]),
        ("10 cm to the peg", [Segment("towards", 0.10, "m", target="handle")]),
        ("down until it touches", [Segment("down", 0.20, "m", until_touch=True)]),
        ("left 2 cm seen by the robot", [Segment("left", 0.02, "m", "robot")]),
        ("turn it off", [Segment("close", 1.0, "times"), Segment("down", 0.02, "m")]),
        ("up 1 cm, then left 2 cm and open", [
            Segment("up", 0.01, "m"), Segment("left", 0.02, "m", "camera"), Segment("open", 1.0, "times"),
        ]),
        ("what a STOP, nonsense \u0007", [Segment("stop", 1.0, "times")]),
        ("stpo", [Segment("stop", 1.0, "times")]),
        ("left 3 cm st0p", [Segment("stop", 1.0, "times")]),
        ("0.125 m up", [Segment("up", 0.125, "m")]),
        (".5 cm up", [Segment("up", 0.005, "m")]),
        ("a bit to the left", [Segment("left", 0.02, "m", "camera")]),
        ("move 5 cm further to the right", [Segment("right", 0.05, "m", "camera")]),
        ("down a bit more", [Segment("down", 0.02, "m")]),
        ("left 2 cm, again", [Segment("left", 0.02, "m", "camera")] * 2),
        ("left 2 cm, undo", [Segment("left", 0.02, "m", "camera"), Segment("right", 0.02, "m", "camera")]),
        ("left 2 cm seen by the robot, up, right", [
            Segment("left", 0.02, "m", "robot"), Segment("up", 0.02, "m"), Segment("right", 0.02, "m", "robot"),
        ]),
    ],
)  # fmt: skip
def test_a_line_is_understood(line: str, segments: list[Segment]) -> None:
    understood = interpreter().interpret(line)
    assert list(understood.segments) == segments, understood.text()
    assert understood.text()


def test_a_second_language_has_the_same_grammar() -> None:
    german = interpreter("de")
    assert german.interpret("3,5 cm hoch, dann ein bisschen links").segments == (
        Segment("up", 0.035, "m"),
        Segment("left", 0.02, "m", "camera"),
    )
    assert german.interpret("nach unten bis es berührt").segments[0].until_touch
    assert german.interpret("STOPP!").segments[0].direction == "stop"
    assert german.interpret("zur Buchse").segments == (Segment("towards", 0.05, "m", target="hole"),)
    # The scene's phrases stand for English lines, and the names of its bodies are English.
    for line in ("schalt es aus", "turn it off"):
        assert [each.direction for each in german.interpret(line).segments] == ["close", "down"]
    with pytest.raises(VocabularyError, match="expected one of de, en"):
        Vocabulary("fr")


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "left 2 cm, then down"),
        ("en", "13 cm up, 3 left"),
        ("en", "\uff13 up"),
        ("en", "up, 2 cm back 3 cm"),
        ("de", "ein bisschen nach links"),
        ("de", "2 hoch, dann zurück"),
    ],
)
def test_a_question_can_be_answered_to_its_end(language: str, line: str) -> None:
    person = interpreter(language, frame="")
    person.accept(person.interpret("3 cm hoch" if language == "de" else "3 cm up"))
    for _ in range(4):
        understood = person.interpret(line)
        if understood.understood:
            break
        assert all(not person.interpret(choice).refused for choice in understood.ask)
        assert understood.ask
        line = understood.ask[0]
    assert understood.understood, line


def test_a_word_that_begins_another_one_does_not_stop() -> None:
    # Each line is read at every key.
    german = interpreter("de")
    line = "einen halben cm hoch"
    shown = [german.interpret(line[: end + 1]) for end in range(len(line))]
    assert not [each for each in shown if any(segment.direction == "stop" for segment in each.segments)]
    assert shown[-1].segments == (Segment("up", 0.005, "m"),)


def test_no_choice_is_offered_that_would_be_refused() -> None:
    assert interpreter().interpret("40 up").ask == ("40 mm up",)
    assert "is not possible" in interpreter().interpret("400 up").refused


def test_a_word_that_is_like_a_stop_is_asked_about() -> None:
    assert interpreter("de").interpret("hatl").ask == ("halt",)


def test_a_correction_that_makes_no_sense_is_not_proposed() -> None:
    german = interpreter("de")
    assert german.interpret("zur buchsse").corrected == (("buchsse", "buchse"),)
    assert "“hock” was read as “hoch”, which does not fit" in german.interpret("auf hock").refused


def test_a_typing_error_is_corrected_and_said() -> None:
    understood = interpreter().interpret("rigth a bit")
    assert understood.segments == (Segment("right", 0.02, "m", "camera"),)
    assert understood.corrected == (("rigth", "right"),)
    assert "“rigth” read as “right”" in understood.text()


def test_a_typing_error_of_two_words_is_asked_back() -> None:
    between = Interpreter(Vocabulary(targets={"grab": "a", "drab": "b"}), frame="camera").interpret("towards crab")
    assert set(between.ask) == {"towards grab", "towards drab"}


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        ("3 up", ("3 mm up", "3 cm up", "3 s up")),
        ("2 cm up 3 cm", ("2 cm up", "up 3 cm")),
    ],
)
def test_what_has_several_meanings_is_asked_back_with_complete_lines(line: str, choices: tuple[str, ...]) -> None:
    asked = interpreter().interpret(line)
    assert asked.ask == choices
    assert all(interpreter().interpret(each).understood for each in asked.ask)


def test_who_sees_left_is_asked_once() -> None:
    person = interpreter(frame="")
    asked = person.interpret("left a bit")
    assert asked.ask == ("left a bit seen by the camera", "left a bit seen by the robot")
    person.accept(person.interpret(asked.ask[1]))
    assert person.interpret("right").segments == (Segment("right", 0.02, "m", "robot"),)


def test_again_more_and_undo_refer_to_the_last_command() -> None:
    person = interpreter()
    assert "no command yet" in person.interpret("again").refused
    assert person.interpret("back").segments, "nothing to undo, so it has one meaning"
    person.accept(person.interpret("up 3 cm, open"))
    assert person.interpret("again").segments == person.last
    assert person.interpret("more 1 cm").segments == (Segment("up", 0.01, "m"), Segment("open", 1.0, "times"))
    assert person.interpret("undo").segments == (Segment("close", 1.0, "times"), Segment("down", 0.03, "m"))
    assert person.interpret("back").ask == ("back 2 cm", "undo")
    person.accept(person.interpret("slower"))
    assert person.last[0].direction == "up", "a change of speed is no movement"
    person.accept(person.interpret("down until it touches"))
    assert "cannot be undone" in person.interpret("undo").refused


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1e9 m up", "1e9 m is not possible"),
        ("0 cm up", "0 cm is not possible"),
        ("31 cm up", "at most 30 cm"),
        ("4 s up", "at most 3 s"),
        ("xyzzy", "“xyzzy” is not a word I know"),
        ("влево", "“влево” is not a word I know"),
        ("up\u202e", "U+202E"),
        ("up " * 100, "300 characters"),
        ("up left", "“left” does not fit"),
        ("3 cm", "is not complete"),
        (", ".join(["up"] * 9), "9 movements"),
        ("towards the moon", "“moon” is not a word I know"),
        ("towards the drawer", "There is no “drawer” in this scene"),
        ("1,000 mm up", "“1,000” may be 1 or 1 thousand; type it without the comma"),
        ("2.500 cm up", "“2.500” may be 2 or 2 thousand; type it without the point"),
        ("1² cm up", "“²” is no digit that is read"),
        ("½ cm up", "“½” is no digit that is read"),
        ("down until", "“until” is known only in “until it touches” or “until contact”"),
    ],
)
def test_a_refusal_says_what_and_why(line: str, reason: str) -> None:
    refused = interpreter().interpret(line)
    assert reason in refused.refused
    assert not refused.segments
    assert not refused.ask


def test_an_empty_line_means_nothing() -> None:
    assert interpreter().interpret(" please ") == Understanding()
    assert "is not complete" in interpreter().interpret(",").refused
    assert not interpreter().interpret("").text()


WORDS = (
    *("left", "right", "up", "3", "1e9", "cm", "m", "s", "open", "again", "more", "undo", "back", "then", ",", "a bit"),
    *("towards", "socket", "until it touches", "slower", "robot", "-", "nan", "inf", "lft", "ünïcode"),
)


@given(st.one_of(st.text(max_size=250), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)))
def test_whatever_is_typed_nothing_leaves_the_limits(line: str) -> None:
    person = interpreter(frame="")
    person.accept(person.interpret("up 2 cm, left 2 cm seen by the robot"))
    understood = person.interpret(line)
    assert sum(map(bool, (understood.segments, understood.ask, understood.refused))) <= 1
    assert len(understood.segments) <= MAX_SEGMENTS
    assert len(understood.ask) <= 3
    assert not [choice for choice in understood.ask if person.interpret(choice).refused], "no answer to a question"
    for each in understood.segments:
        most = {"m": MAX_MOVE_M, "s": MAX_MOVE_S, "times": 1.0}[each.unit]
        assert 0.0 < each.amount <= most


def test_a_thing_of_another_scene_is_no_typing_error() -> None:
    """“loch” (hole) is one letter from “hoch” (up): the robot would rise in a scene without a hole."""
    for language in languages():
        words = Vocabulary(language, targets={"button": "button"})
        for name in ("loch", "hole", "griff", "handle", "block", "kiste", "box", "klotz", "drawer", "schublade"):
            understood = Interpreter(words, frame="camera").interpret(f"{words.first('TOWARDS')} {name}")
            assert not understood.segments, name
            assert not understood.ask, name


HOSTILE_SEED = 17
HOSTILE_PIECES = (
    *("left", "up", "hoch", "3", "1e9", "-2", "1,000", "0", "9" * 40, "cm", "m", "s", "again", "undo", "stop", "until"),
    *("\0", "\x1b[2J", "\u202e", "\ufeff", "\ud800", "🤖", "左", "لأعلى", "вверх", "½", "²", "٣", "ｕｐ", "lft", "u p"),
    *(
        "; rm -rf /",
        "../..",
        "{0}",
        "%n",
        "<b>",
        "'; --",
        "\n",
        "\t",
        ",",
        "…",
        "don't",
        "nicht",
        "nan",
        "∞",
        "x" * 300,
    ),
)


def hostile_lines(count: int = 200) -> list[str]:
    """Return always the same lines: pieces that no careful person types, alone, together, and very many."""
    draw = random.Random(HOSTILE_SEED)
    lines = ["", " ", "🤖", "x" * 10_000, "left " * 2_000]
    while len(lines) < count:
        lines.append(draw.choice(("", " ")).join(draw.choices(HOSTILE_PIECES, k=draw.randint(1, 9))))
    return lines


def test_of_two_hundred_hostile_lines_only_what_was_understood_moves() -> None:
    readers = [interpreter(language) for language in languages()]
    lines = hostile_lines()
    moved = 0
    for line in lines:
        for reader in readers:
            understood = reader.interpret(line)
            answers = (understood.segments, understood.ask, understood.refused)
            assert sum(map(bool, answers)) == 1 or not line.strip(), repr(line)
            assert all(each.direction == "stop" or each.within_limits() for each in understood.segments), repr(line)
            assert len(understood.segments) <= MAX_SEGMENTS
            # What moves is what the person reads.
            moves = [each for each in understood.segments if each.direction != "stop"]
            assert all(each.text() in understood.text() for each in moves), repr(line)
            moved += bool(moves)
    assert 0 < moved < len(lines) / 4, "a few of them are harmless"
