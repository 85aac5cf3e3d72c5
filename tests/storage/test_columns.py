import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from mile_desktop.storage.column_meanings import MEANINGS
from mile_desktop.storage.columns import COLUMNS, Column, Kind, of_kind
from mile_desktop.storage.episodes import read_episode_file, write_episode_file
from mile_desktop.storage.errors import EpisodeFileError
from mile_desktop.storage.records import Episode, Step
from mile_desktop.storage.steps import decode, encode, stack, summarise
from tests.storage.samples import a_start, a_step, some_steps

FIRST_BUILD = 16
"""So many columns a journal had before any was added; their order and number never change."""


def test_the_table_lists_every_field_of_a_step_in_its_order() -> None:
    assert [column.name for column in COLUMNS] == [each.name for each in fields(Step)]


def test_columns_that_were_added_later_come_last_and_have_a_default() -> None:
    assert [column.is_required for column in COLUMNS] == [index < FIRST_BUILD for index in range(len(COLUMNS))]
    assert COLUMNS[FIRST_BUILD - 1].name == "scene_state"


def test_every_column_says_in_the_file_what_it_means(tmp_path: Path) -> None:
    assert set(MEANINGS) == {column.name for column in COLUMNS}
    steps = some_steps([False, True, False])
    record = summarise(a_start(), steps, "success", recovered=False, deleted=False)
    write_episode_file(tmp_path / "e.parquet", record, steps, b'{"scene": "x"}')
    schema = pq.read_schema(tmp_path / "e.parquet")
    assert {column.file_name: schema.field(column.file_name).metadata for column in COLUMNS} == {
        column.file_name: {b"meaning": MEANINGS[column.name].encode()} for column in COLUMNS
    }
    assert schema.metadata[b"mile_desktop.scene"] == b'{"scene": "x"}'


def test_names_in_files_are_unique() -> None:
    assert len({column.file_name for column in COLUMNS}) == len(COLUMNS)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_an_episode_holds_each_column_as_one_row_a_step(column: Column) -> None:
    steps = some_steps([False, True, False])
    episode = stack(summarise(a_start(), steps, "success"), steps)
    values = getattr(episode, column.name)

    assert len(values) == 3
    if column.is_vector:
        assert values.dtype == np.float32
        assert values.ndim == 2
    elif column.kind is Kind.TEXT:
        assert all(isinstance(value, str) for value in values)
    else:
        assert values.dtype == column.kind.value


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_a_file_without_a_column_is_damaged_or_read_with_its_default(column: Column, tmp_path: Path) -> None:
    steps = some_steps([False, True, False])
    path = tmp_path / "episode.parquet"
    write_episode_file(path, summarise(a_start(), steps, "success"), steps)
    table = pq.read_table(path)
    pq.write_table(table.drop_columns([column.file_name]), path)

    if column.is_required:
        with pytest.raises(EpisodeFileError, match=f"lacks the columns {column.file_name}"):
            read_episode_file(path)
    else:
        assert list(getattr(read_episode_file(path), column.name)) == [column.default] * 3


def test_a_journal_from_before_the_later_columns_is_read_with_their_defaults() -> None:
    old = msgspec.msgpack.encode(msgspec.msgpack.decode(encode(a_step(3, human=True)))[:FIRST_BUILD])
    step = decode(old)

    assert step.timestamp == a_step(3).timestamp
    assert all(getattr(step, column.name) == column.default for column in COLUMNS if column.default is not MISSING)


def test_trimming_moves_row_numbers_only() -> None:
    assert [column.name for column in of_kind(Kind.ROW)] == ["starts_at_row"]


def test_a_new_column_is_one_line(tmp_path: Path) -> None:
    steps = some_steps([False, True])
    old = tmp_path / "old.parquet"
    write_episode_file(old, summarise(a_start(), steps, "success"), steps)

    command = [sys.executable, "-m", "tests.storage.wider_step", str(tmp_path), str(old)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)

    assert done.returncode == 0, done.stderr


def test_an_episode_has_no_column_of_its_own() -> None:
    own = {each.name for each in fields(Episode)} - {column.name for column in COLUMNS}
    assert own == {"record", "first_row"}
