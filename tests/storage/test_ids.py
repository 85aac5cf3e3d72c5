import re
import threading

import pytest

from mile_desktop.storage import ids


def test_ids_sort_in_the_order_they_were_made() -> None:
    made = [ids.new_episode_id() for _ in range(500)]
    assert made == sorted(made)
    assert len(set(made)) == 500


def test_ids_keep_their_order_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ids.new_id("run")
    monkeypatch.setattr(ids.time, "time_ns", lambda: 0)
    assert ids.new_id("run") > before


def test_ids_from_many_threads_are_all_different() -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.extend(ids.new_id("x") for _ in range(200))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.rpartition("-")[0] for each in made}) == 800


def test_an_id_reads_as_prefix_date_time_and_random() -> None:
    assert re.fullmatch(r"run-\d{8}-\d{6}-\d{6}-[0-9a-f]{4}", ids.new_id("run"))


@pytest.mark.parametrize("bad", ["", "..", "../x", "a/b", "a\\b", ".hidden", "a b", "x" * 121])
def test_what_could_not_be_a_file_name_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="is not an id"):
        ids.checked_id(bad)
