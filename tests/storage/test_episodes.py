from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mile_desktop.storage.catalogue import delete_episode
from mile_desktop.storage.episodes import (
    read_episode,
    read_episode_file,
    read_episodes,
    read_record,
    write_episode_file,
    write_recording,
)
from mile_desktop.storage.errors import EpisodeFileError, UnknownEpisodeError
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.records import Episode
from mile_desktop.storage.steps import stack, summarise
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_start, a_step, some_steps


def assert_same(first: Episode, second: Episode) -> None:
    for each in fields(Episode):
        one, other = getattr(first, each.name), getattr(second, each.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other, strict=True)
        else:
            assert one == other


@pytest.fixture
def file(tmp_path: Path) -> tuple[Path, Episode]:
    """A bundled demonstration of 40 steps, and what it holds."""
    steps = some_steps([index % 5 == 0 for index in range(40)])
    record = summarise(a_start("demo-1"), steps, "success")
    write_episode_file(tmp_path / "demo-1.parquet", record, steps)
    return tmp_path / "demo-1.parquet", stack(record, steps)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(human=st.lists(st.booleans(), min_size=1, max_size=25))
def test_an_episode_comes_back_from_its_file_exactly(tmp_path: Path, human: list[bool]) -> None:
    steps = some_steps(human)
    record = summarise(a_start(), steps, "failure", recovered=True)
    write_episode_file(tmp_path / "episode.parquet", record, steps)
    episode = read_episode_file(tmp_path / "episode.parquet")
    assert_same(episode, stack(record, steps))
    assert np.isnan(episode.human_action).all(axis=1).tolist() == [not each for each in human]
    assert [each.name for each in tmp_path.iterdir()] == ["episode.parquet"]


def test_values_that_are_not_finite_come_back_too(tmp_path: Path) -> None:
    steps = [replace(a_step(0), policy_std=np.array([np.nan, np.inf, -np.inf, 0], np.float32), forecast=np.nan)]
    record = summarise(a_start(), steps, "aborted")
    write_episode_file(tmp_path / "episode.parquet", record, steps)
    assert_same(read_episode_file(tmp_path / "episode.parquet"), stack(record, steps))


def test_a_small_file_holds_the_same_and_is_smaller(file: tuple[Path, Episode], tmp_path: Path) -> None:
    path, episode = file
    small = tmp_path / "small.parquet"
    write_recording(small, episode, small=True)
    assert_same(read_episode_file(small), episode)
    assert small.stat().st_size < path.stat().st_size


def test_arrays_that_were_read_may_be_written_to(file: tuple[Path, Episode]) -> None:
    episode = read_episode_file(file[0])
    arrays = [value for each in fields(Episode) if isinstance(value := getattr(episode, each.name), np.ndarray)]
    assert all(array.flags.writeable for array in arrays)


def test_columns_are_what_other_tools_expect(file: tuple[Path, Episode]) -> None:
    schema = pq.read_schema(file[0])
    assert sorted(schema.names) == sorted(
        [
            "timestamp",
            "operator",
            "observation.state",
            "policy_action",
            "policy_mean",
            "policy_std",
            "human_action",
            "action",
            "intervention",
            "intervention_prob",
            "intervention_prob_low",
            "intervention_prob_high",
            "forecast",
            "control_phase",
            "reward",
            "next.success",
            "scene_state",
            "starts_at_row",
            "reasons",
            "call_mark",
            "words",
        ]
    )
    assert schema.field("observation.state").type == pa.list_(pa.float32(), 12)
    assert schema.field("timestamp").type == pa.float64()
    assert schema.field("intervention").type == pa.bool_()
    nulls = pq.read_table(file[0])["human_action"].is_null().to_pylist()
    assert nulls == [not each for each in file[1].intervention]


def test_the_record_alone_can_be_read(file: tuple[Path, Episode]) -> None:
    assert read_record(file[0]) == file[1].record


@pytest.mark.parametrize("kept", [0, 3, 4, 100, 0.5, 0.999])
def test_a_truncated_file_is_said_in_words(file: tuple[Path, Episode], kept: float) -> None:
    content = file[0].read_bytes()
    file[0].write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    with pytest.raises(EpisodeFileError, match="cannot be read as an episode"):
        read_episode_file(file[0])
    with pytest.raises(EpisodeFileError, match="cannot be read as an episode"):
        read_record(file[0])


def test_one_flipped_bit_in_the_steps_is_noticed(file: tuple[Path, Episode]) -> None:
    content = file[0].read_bytes()
    footer = int.from_bytes(content[-8:-4], "little") + 8
    noticed = 0
    places = range(200, len(content) - footer, (len(content) - footer) // 60)
    for place in places:
        file[0].write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        try:
            assert_same(read_episode_file(file[0]), file[1])
        except EpisodeFileError:
            noticed += 1
    assert noticed > 0.8 * len(places)  # some bits are in unused page headers; none may change what is read


def test_a_missing_file_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(EpisodeFileError, match="does not exist"):
        read_episode_file(tmp_path / "nothing.parquet")


def test_a_parquet_file_of_others_is_no_episode(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "x.parquet")
    with pytest.raises(EpisodeFileError, match="no episode of MILE Desktop"):
        read_episode_file(tmp_path / "x.parquet")


def altered(path: Path, table: pa.Table, metadata: dict[bytes, bytes] | None = None) -> None:
    pq.write_table(table.replace_schema_metadata(metadata or table.schema.metadata), path)


def test_a_newer_format_is_refused_in_words(file: tuple[Path, Episode]) -> None:
    table = pq.read_table(file[0])
    inside = table.schema.metadata[b"mile_desktop.episode"].replace(b'"format":1', b'"format":2')
    altered(file[0], table, {b"mile_desktop.episode": inside})
    with pytest.raises(EpisodeFileError, match=r"has format 2, .* update the program"):
        read_episode_file(file[0])


def test_a_missing_column_is_named(file: tuple[Path, Episode]) -> None:
    altered(file[0], pq.read_table(file[0]).drop_columns(["action", "next.success"]))
    with pytest.raises(EpisodeFileError, match=r"lacks the columns action, next\.success"):
        read_episode_file(file[0])


def test_a_column_of_another_type_is_named(file: tuple[Path, Episode]) -> None:
    table = pq.read_table(file[0])
    place = table.schema.get_field_index("action")
    altered(file[0], table.set_column(place, "action", table["action"].cast(pa.list_(pa.float32()))))
    with pytest.raises(EpisodeFileError, match="column action is list"):
        read_episode_file(file[0])


def test_lost_rows_are_noticed(file: tuple[Path, Episode]) -> None:
    altered(file[0], pq.read_table(file[0]).slice(0, 39))
    with pytest.raises(EpisodeFileError, match="has 39 steps but says 40"):
        read_episode_file(file[0])


def test_many_episodes_come_in_the_order_asked_for_and_from_the_bin(workspace: Workspace) -> None:
    journal = EpisodeJournal(workspace)
    for index in range(5):
        journal.begin(a_start(f"ep-{index}"))
        for step in some_steps([False] * (index + 1)):
            journal.append(step)
        journal.close("success")
    delete_episode(workspace, "ep-3")
    episodes = read_episodes(workspace, ["ep-4", "ep-0", "ep-3"])
    assert [len(each) for each in episodes] == [5, 1, 4]
    assert [each.record.deleted for each in episodes] == [False, False, True]
    assert_same(episodes[0], read_episode(workspace, "ep-4"))
    assert read_episodes(workspace, []) == ()


def test_a_file_that_holds_another_episode_is_refused(workspace: Workspace) -> None:
    """Swapped by hand, or by a program that synchronises folders."""
    for name in ("ep-1", "ep-2"):
        steps = some_steps([False] * 3)
        write_episode_file(workspace.episode_path(name), summarise(a_start(name), steps, "success"), steps)
    workspace.episode_path("ep-1").write_bytes(workspace.episode_path("ep-2").read_bytes())
    with pytest.raises(EpisodeFileError, match="holds episode ep-2; restore ep-1 from a backup"):
        read_episode(workspace, "ep-1")
    assert read_episode(workspace, "ep-2").record.episode_id == "ep-2"


def test_an_unknown_episode_is_said_in_words(workspace: Workspace) -> None:
    with pytest.raises(UnknownEpisodeError, match="no file of episode ep-x"):
        read_episodes(workspace, ["ep-x"])
    with pytest.raises(ValueError, match="is not an id"):
        read_episode(workspace, "../ep-x")
