"""Generated episodes in the list of Inspect: found and read beside recorded ones, counted with none of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mile_desktop.storage.browse import Column, EpisodeFilter, find_episodes
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.errors import UnknownEpisodeError, UnknownRecordError
from mile_desktop.storage.generated_episodes import (
    is_generated,
    lineage_of,
    list_episodes,
    listed_history,
    listed_scenes,
    read_listed,
    rows_of,
    set_of,
)
from mile_desktop.storage.generated_sets import (
    erase_removed_sets,
    generated_sets,
    put_set_aside,
    put_set_back,
    set_folder,
)
from mile_desktop.storage.insights import stale_insights
from mile_desktop.storage.journal import EpisodeJournal
from mile_desktop.storage.workspace import Workspace
from tests.storage.generated_examples import RANGES, write_example
from tests.storage.samples import a_policy, a_start, some_steps

FIRST, SECOND = "generated/run-1/0000", "generated/run-1/0001"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Two recorded episodes, one before and one after the set run-1."""
    with Workspace.open(tmp_path_factory.mktemp("listed") / "workspace") as opened:
        catalogue, journal = Catalogue(opened), EpisodeJournal(opened)
        catalogue.add_policy(a_policy("p1", name="v1"))
        catalogue.add_policy(a_policy("p2", name="v2", settings={"learned": {"generated_sets": ["run-1"]}}))
        for name, day, human in (("ep-1", "01", [False] * 5), ("ep-2", "09", [True, False])):
            journal.begin(a_start(name, policy_id="p2", started_at=f"2026-01-{day}T10:00:00+00:00"))
            for step in some_steps(human):
                journal.append(step)
            journal.close("failure" if name == "ep-1" else "success")
        write_example(opened)
        yield opened


def test_recorded_generated_or_both_are_listed_by_date(workspace: Workspace) -> None:
    assert list_episodes(workspace, EpisodeFilter()) == ("ep-2", "ep-1")
    assert set(list_episodes(workspace, EpisodeFilter(source="generated"))) == {FIRST, SECOND}
    listed = list_episodes(workspace, EpisodeFilter(source="all"))
    assert (listed[0], listed[-1], set(listed[1:3])) == ("ep-2", "ep-1", {FIRST, SECOND})
    assert list_episodes(workspace, EpisodeFilter(source="all"), descending=False)[0] == "ep-1"


@pytest.mark.parametrize(
    ("order", "first"),
    [("steps", "ep-1"), ("takeovers", "ep-2"), ("policy", "ep-2"), ("outcome", "ep-2"), ("mean_p", "ep-2"),
     ("note", FIRST), ("brier", "ep-2")],
)  # fmt: skip
def test_both_together_are_sorted_by_every_column(workspace: Workspace, order: Column, first: str) -> None:
    listed = list_episodes(workspace, EpisodeFilter(source="all"), order, descending=True)
    assert len(listed) == 4
    rows = rows_of(workspace, listed)
    assert getattr(rows[listed[0]], order) == getattr(rows[first], order)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (EpisodeFilter(has_takeover=True), [FIRST]),
        (EpisodeFilter(outcome="success"), [FIRST, SECOND]),
        (EpisodeFilter(outcome="failure"), []),
        (EpisodeFilter(scene="pick-place"), []),
        (EpisodeFilter(text="RUN-1 learned v1"), [FIRST, SECOND]),
        (EpisodeFilter(text="run-2"), []),
        (EpisodeFilter(text="learned-by:p2"), [FIRST, SECOND]),
        (EpisodeFilter(text="learned-by:p1"), []),
        (EpisodeFilter(text="learned-by:gone"), []),
        # Nobody watched and nobody typed, and a set does not go to the bin of episodes.
        (EpisodeFilter(has_false_alarm=True), []),
        (EpisodeFilter(has_miss=True), []),
        (EpisodeFilter(has_words=True), []),
        (EpisodeFilter(reason="stall"), []),
        (EpisodeFilter(deleted=True), []),
    ],
)
def test_every_filter_knows_generated_episodes(workspace: Workspace, wanted: EpisodeFilter, found: list[str]) -> None:
    wanted = EpisodeFilter(**{name: getattr(wanted, name) for name in wanted.__slots__} | {"source": "generated"})
    assert sorted(list_episodes(workspace, wanted)) == found


def test_a_generated_episode_is_read_with_its_lineage_and_has_no_edits(workspace: Workspace) -> None:
    episode = read_listed(workspace, FIRST)
    assert (episode.record.episode_id, episode.record.start.seed, len(episode)) == (FIRST, 5_000_000, 4)
    assert listed_history(workspace, FIRST).edits == ()
    lineage = lineage_of(workspace, episode.record)
    assert lineage is not None
    assert (lineage.set_id, lineage.policy, lineage.policy_id, lineage.model_id) == ("run-1", "v1", "p1", "im-7")
    assert (lineage.seed, lineage.randomisation, lineage.ranges) == (5_000_000, "usual 00", RANGES)
    row = rows_of(workspace, [FIRST])[FIRST]
    assert (row.generated, row.policy, row.operator, row.takeovers) == ("run-1", "v1", "learned human", 1)
    assert lineage_of(workspace, read_listed(workspace, "ep-1").record) is None
    assert (is_generated(FIRST), set_of(FIRST), is_generated("ep-1")) == (True, "run-1", False)
    with pytest.raises(UnknownEpisodeError, match="was removed with its set; generate it again"):
        read_listed(workspace, "generated/run-9/0000")


def test_no_count_and_no_query_changes_by_generated_episodes(workspace: Workspace) -> None:
    def counts() -> tuple[object, ...]:
        catalogue = Catalogue(workspace)
        return (
            catalogue.episodes(include_deleted=True), catalogue.learning_summary("peg-insertion"),
            find_episodes(workspace, EpisodeFilter(source="all")), stale_insights(workspace, 0.7),
            catalogue.policies(), catalogue.intervention_models("peg-insertion"),
        )  # fmt: skip

    before = counts()
    write_example(workspace, "run-more")
    assert counts() == before
    put_set_aside(workspace, "run-more")


def test_a_set_is_removed_and_put_back_as_a_whole(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w") as workspace:
        write_example(workspace)
        put_set_aside(workspace, "run-1")
        assert list_episodes(workspace, EpisodeFilter(source="all")) == ()
        assert rows_of(workspace, [FIRST]) == {}
        put_set_back(workspace, "run-1")
        assert len(list_episodes(workspace, EpisodeFilter(source="all"))) == 2
        put_set_aside(workspace, "run-1")
        erase_removed_sets(workspace)
        assert not list((workspace.folder / "generated").iterdir())
        with pytest.raises(UnknownRecordError, match="were erased meanwhile; generate them again"):
            put_set_back(workspace, "run-1")
        # A new set with the same name: its episodes are listed, and not those that were kept in memory.
        write_example(workspace, created_at="2026-02-01T10:00:00+00:00", seed=6_000_000)
        assert {row.seed for row in rows_of(workspace, [FIRST, SECOND]).values()} == {6_000_000, 6_000_001}


def test_an_undo_does_not_overwrite_a_newer_set_of_the_same_name(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w") as workspace:
        write_example(workspace)
        put_set_aside(workspace, "run-1")
        write_example(workspace, created_at="2026-02-01T10:00:00+00:00")
        with pytest.raises(UnknownRecordError, match="newer generated episodes with the name run-1"):
            put_set_back(workspace, "run-1")
        assert [each.created_at for each in generated_sets(workspace)] == ["2026-02-01T10:00:00+00:00"]


def test_a_damaged_file_is_one_row_that_says_so(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w") as workspace:
        write_example(workspace)
        (set_folder(workspace, "run-1") / "0001.parquet").write_bytes(b"no")
        rows = rows_of(workspace, list_episodes(workspace, EpisodeFilter(source="generated")))
        assert [rows[each].note for each in (FIRST, SECOND)] == ["", "This file cannot be read."]
        assert listed_scenes(workspace) == ("peg-insertion",)
