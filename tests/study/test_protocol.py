import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mile_desktop.paths import DOCUMENTS
from mile_desktop.study.names import StudyFileError
from mile_desktop.study.plan import progress_text, session_plan
from mile_desktop.study.protocol import Protocol, decode_protocol, find_protocol, read_protocol, shipped_protocols
from tests.study.conftest import SHIPPED, SHORT

FILE = Path("p.toml")


def protocol(text: str = SHORT) -> Protocol:
    return decode_protocol(text.encode(), FILE)


def test_the_shipped_protocols_can_be_used() -> None:
    assert "takeover-prediction" in shipped_protocols()
    for name in shipped_protocols():
        read = read_protocol(find_protocol(name))
        assert read.name == name
        assert {step.kind for step in session_plan(read, 0)} >= {"consent", "practice", "episode", "debriefing"}


@pytest.mark.parametrize(
    ("old", "new", "key", "found", "expected"),
    [
        ("format = 1", "format = 2", "format", "2", "1"),
        ("format = 1", "", "format", "nothing", "a value"),
        ("show_p = false", 'show_p = "no"', "conditions[0].show_p", "'no'", "bool"),
        ("[1000, 1001,", "[-3, 1001,", "blocks[0].starts[0]", "-3", "int >= 0"),
        ("[1000, 1001,", "[1000, 1000,", "blocks[0].starts", "[1000, 1000, 1002, 1003]", "each start once"),
        ("at_most = 6", "at_mst = 6", "practice.at_mst", "this key", f"only the keys of {DOCUMENTS / 'study.md'}"),
        ("at_most = 6", "at_most = 1", "practice.successes", "2", "at most practice.within and practice.at_most"),
        ('"plain", "strip"]', '"plain", "stripp"]', "planned[0].conditions", "'stripp'", "one of calls, plain"),
        ('"plain", "strip"]', '"plain", "plain"]', "planned[0].conditions", "['plain', 'plain']", "two different"),
        ("after_block = 2", "after_block = 4", "breaks[0].after_block", "4", "a number from 1 to 3"),
        ('name = "calls"', 'name = "strip"', "conditions.name", "'strip' twice", "a name of its own"),
        ('name = "calls"', 'name = "Calls"', "conditions[2].name", "'Calls'", "str matching regex"),
        (
            'measure = "tlx"',
            'measure = "fun"',
            "planned[2].measure",
            "'fun'",
            "'human_steps' or 'human_steps_last_round' or",
        ),
        ('name = "calls"', 'name = "calls"\nmethod = "magic"', "conditions[2].method", "'magic'", "one of mile, bc"),
        (
            'scene = "peg-insertion"\nstarts = [1000',
            'scene = "tea"\nstarts = [1000',
            "blocks[0].scene",
            "'tea'",
            "one of button-press",
        ),
        (
            'measure = "tlx"',
            'measure = "success_last_round"',
            "planned[2].measure",
            "'success_last_round'",
            "a measure of the whole block",
        ),
        ("starts = [1000", "rounds = 3\nstarts = [1000", "blocks[0].rounds", "3", "a divisor of the number of starts"),
        ("[texts]", "[texts", "", "something that is not TOML", "a TOML file"),
    ],
)
def test_an_error_names_file_key_found_and_expected(old: str, new: str, key: str, found: str, expected: str) -> None:
    changed = SHIPPED.replace(old, new, 1)
    assert changed != SHIPPED
    with pytest.raises(StudyFileError) as raised:
        protocol(changed)
    text = str(raised.value)
    assert text.startswith(f"p.toml: {key}: found {found}" if key else f"p.toml: found {found}")
    assert f", expected {expected}" in text


def test_blocks_that_cannot_be_balanced_are_refused() -> None:
    one_less = SHIPPED.replace('[[blocks]]\nscene = "peg-insertion"\nstarts = [1030, 1031, 1032, 1033]\n', "")
    with pytest.raises(StudyFileError, match=r"blocks: found 3 blocks, expected as many as there are conditions \(4\)"):
        protocol(one_less)


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyFileError, match="the name of one that ships"):
        find_protocol("nothing")
    (tmp_path / "p.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(StudyFileError, match="not TOML"):
        read_protocol(tmp_path / "p.toml")
    with pytest.raises(StudyFileError, match="no readable file"):
        read_protocol(tmp_path)


def test_the_plan_has_every_part_in_order_and_keys_of_its_own() -> None:
    plan = session_plan(protocol(), 1)
    keys = [step.key for step in plan]
    assert keys == [
        *("consent", "instructions", "practice", "b1-e1", "b1-e2", "b1-workload", "b1-break"),
        *("b2-e1", "b2-e2", "b2-workload", "end-end", "debriefing"),
    ]
    assert [step.condition for step in plan if step.kind == "episode"] == ["on", "on", "off", "off"]
    assert [step.start for step in plan if step.kind == "episode"] == [11, 12, 21, 22]


def test_a_method_trains_between_the_rounds_of_its_condition_only() -> None:
    text = SHORT.replace('name = "on"', 'name = "on"\nmethod = "mile"').replace(
        "starts = [11,", "rounds = 2\nstarts = [11,"
    )
    keys = {row: [step.key for step in session_plan(protocol(text), row)] for row in (0, 1)}
    assert "b1-t1" not in keys[0]
    assert keys[1].index("b1-t1") == keys[1].index("b1-e2") - 1


def test_progress_names_block_and_episode_and_no_condition() -> None:
    read = protocol()
    texts = [progress_text(read, step) for step in session_plan(read, 0)]
    assert "Block 2 of 2 · episode 1 of 2" in texts
    assert not [text for text in texts if "on" in text.split() or "off" in text.split()]


def places(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of every value, of lists of tables only in the first one."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from places(value, (*path, key))
    elif isinstance(node, list) and isinstance(node[0], dict):
        yield from places(node[0], (*path, 0))
    else:
        yield path


def written(table: dict[str, Any], prefix: str = "") -> str:
    """Return a table as TOML; values have the same form in JSON."""
    lines, after = [], []
    for key, value in table.items():
        rows = [value] if isinstance(value, dict) else value
        if isinstance(rows, list) and rows and all(isinstance(row, dict) and row for row in rows):
            head = f"[{prefix}{key}]" if isinstance(value, dict) else f"[[{prefix}{key}]]"
            after += [f"{head}\n{written(row, f'{prefix}{key}.')}" for row in rows]
        else:
            lines.append(f"{key} = {json.dumps(value)}")
    return "\n".join((*lines, *after))


PLACES = tuple(places(msgspec.toml.decode(SHIPPED)))


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_every_key_that_is_wrong_is_named(path: tuple[str | int, ...]) -> None:
    values: tuple[object, ...] = ([{}], -7, "\u00a7")
    for wrong in values:
        table = msgspec.toml.decode(SHIPPED)
        node: Any = table
        for part in path[:-1]:
            node = node[part]
        if isinstance(wrong, type(node[path[-1]])):
            continue
        node[path[-1]] = wrong
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        with pytest.raises(StudyFileError, match=rf"^p\.toml: {re.escape(key)}.*: found .*, expected "):
            protocol(written(table))
