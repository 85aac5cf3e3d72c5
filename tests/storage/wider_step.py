"""Records, trims and reads an episode with one more column than the program has; and reads a file from before.

    python -m tests.storage.wider_step FOLDER OLD_EPISODE.parquet

The new column is one line in a copy of ``records.py``: nothing else in the program is changed.
"""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

NEW_COLUMN = '''    wind: NumberT = field(default=cast("NumberT", 0.5))
    """Speed of the wind, m/s."""
'''
MODULE = "mile_desktop.storage.records"


def load_with_one_more_line(folder: Path) -> None:
    """Put a copy of ``records.py`` with the new column in the place of the module."""
    spec = importlib.util.find_spec(MODULE)
    assert isinstance(spec, ModuleSpec)
    assert spec.origin
    source = Path(spec.origin).read_text("utf-8")
    columns, end, rest = source.partition(
        "\n\n@dataclass(frozen=True, slots=True, eq=False, kw_only=True)\nclass Step("
    )
    assert end
    copy = folder / "records.py"
    copy.write_text(columns + NEW_COLUMN + end + rest, "utf-8")
    wider = importlib.util.spec_from_file_location(MODULE, copy)
    assert wider
    assert wider.loader
    module = importlib.util.module_from_spec(wider)
    sys.modules[MODULE] = module
    wider.loader.exec_module(module)


def main() -> None:
    folder, old = Path(sys.argv[1]), Path(sys.argv[2])
    load_with_one_more_line(folder)

    from dataclasses import replace  # noqa: PLC0415 - everything of the program after the module was replaced

    from mile_desktop.storage.edits import Edit, EditHistory, Trim, edited  # noqa: PLC0415
    from mile_desktop.storage.episodes import read_episode, read_episode_file  # noqa: PLC0415
    from mile_desktop.storage.journal import EpisodeJournal  # noqa: PLC0415
    from mile_desktop.storage.workspace import Workspace  # noqa: PLC0415
    from tests.storage.samples import a_start, some_steps  # noqa: PLC0415

    with Workspace.open(folder / "workspace") as workspace:
        journal = EpisodeJournal(workspace)
        journal.begin(a_start("ep-1"))
        for index, step in enumerate(some_steps([False, True, True, False])):
            journal.append(replace(step, wind=float(index)))
        journal.close("success")
        episode = read_episode(workspace, "ep-1")
    assert episode.wind.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert episode.wind.dtype == "float32"
    trimmed = edited(episode, EditHistory("ep-1", (Edit(1, "", Trim(1, 2)),)))
    assert trimmed.wind.tolist() == [1.0, 2.0]
    before = read_episode_file(old)
    assert before.wind.tolist() == [0.5] * len(before)


if __name__ == "__main__":
    main()
