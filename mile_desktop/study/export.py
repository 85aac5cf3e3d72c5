"""Writes the tables of a study as CSV and Parquet, with a data dictionary; nothing in them names a person."""

import csv
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import mile_desktop
from mile_desktop.arrays import Float32Array
from mile_desktop.errors import UserError
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.records import Episode
from mile_desktop.storage.workspace import Workspace
from mile_desktop.study.columns import TABLES, VECTORS, Column
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.tables import Row, StudyEpisodeRow, StudyTables

DICTIONARY = "dictionary.csv"
_PART = ".part"
_TYPES = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64(), "flag": pa.bool_()}


class StudyExportError(UserError):
    """The target cannot be written to, or the study holds nothing yet."""


@dataclass(frozen=True, slots=True)
class ExportWish:
    """What else is exported."""

    clock_times: bool = False
    free_text: bool = False

    def takes(self, column: Column) -> bool:
        """Whether a column is written."""
        return {"": True, "clock": self.clock_times, "free": self.free_text}[column.only]


def export_study(
    study: StudyFolder,
    workspace: Workspace,
    target: Path,
    wish: ExportWish,
    *,
    force: bool = False,
    report: Callable[[float, str], None] = lambda _share, _text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, int]:
    """Write every table and return its number of rows.

    The folder appears when all of it is written; a cancelled or failed export leaves nothing.

    Raises
    ------
    StudyExportError
        The target is taken, or nobody has consented yet.
    WorkspaceError
        An episode cannot be read.
    """
    tables = StudyTables(study, workspace)
    if not tables.people:
        raise StudyExportError("Nobody has taken part yet, so there is nothing to export; run a session first.")
    target = target.expanduser().absolute()
    _expect_free(target, force=force)
    part = target.with_name(target.name + _PART)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        counts = _write_all(tables, workspace, part, wish, report, cancelled)
        _write_dictionary(part, tables, workspace, wish)
        if target.exists():
            shutil.rmtree(target)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return counts


def _expect_free(target: Path, *, force: bool) -> None:
    if not target.exists():
        return
    if not (target / DICTIONARY).is_file():
        raise StudyExportError(f"{target} exists and is no export of a study; choose another folder.")
    if not force:
        raise StudyExportError(f"{target} holds an earlier export; add --force to replace it.")


def _write_all(  # noqa: PLR0917 - what an export needs
    tables: StudyTables,
    workspace: Workspace,
    folder: Path,
    wish: ExportWish,
    report: Callable[[float, str], None],
    cancelled: Callable[[], bool],
) -> dict[str, int]:
    counts = {}
    rows: dict[str, Iterable[Row]] = {
        "participants": tables.participants(),
        "blocks": tables.blocks(),
        "episodes": tables.episodes(),
        "questionnaires": _answers(tables, wish),
        "remarks": tables.remarks(),
        "versions": [
            *tables.versions(),
            {"what": "exported by", "name": "mile-desktop", "version": mile_desktop.__version__},
        ],
    }
    for name, found in rows.items():
        columns = [each for each in TABLES[name] if wish.takes(each)]
        counts[name] = _write_table(folder / name, columns, [list(found)])
    sizes = _vector_sizes(tables, workspace)
    columns = [*TABLES["steps"], *_vector_columns(sizes)]
    counts["steps"] = _write_table(folder / "steps", columns, _steps(tables, workspace, sizes, report, cancelled))
    return counts


def _answers(tables: StudyTables, wish: ExportWish) -> Iterator[Row]:
    # Without free text a row for it would only say that something was written.
    return (row for row in tables.questionnaires() if wish.free_text or row["text"] is None)


def _write_table(path: Path, columns: Sequence[Column], parts: Iterable[Sequence[Row]]) -> int:
    """Write ``path`` with both suffixes, part by part: the steps of a whole study need not fit into memory."""
    schema = pa.schema([pa.field(each.name, _TYPES[each.kind]) for each in columns])
    count = 0
    with (
        path.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file,
        pq.ParquetWriter(path.with_suffix(".parquet"), schema, compression="snappy") as parquet,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([each.name for each in columns])
        for rows in parts:
            count += len(rows)
            writer.writerows([_text(row.get(each.name)) for each in columns] for row in rows)
            arrays = [pa.array([row.get(each.name) for row in rows], _TYPES[each.kind]) for each in columns]
            parquet.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return count


def _text(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return ""
    return f"{value:.7g}" if isinstance(value, float) else value


# ── steps ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _vector_sizes(tables: StudyTables, workspace: Workspace) -> dict[str, int]:
    """Return the number of entries of each vector: the largest of the study's scenes."""
    sizes = dict.fromkeys((name for name, _ in VECTORS), 0)
    seen: set[str] = set()
    for each in tables.recorded:
        if each.record.start.scene in seen:
            continue
        seen.add(each.record.start.scene)
        episode = read_episode(workspace, each.record.episode_id)
        for name in sizes:
            sizes[name] = max(sizes[name], getattr(episode, name).shape[1])
    return sizes


def _vector_columns(sizes: dict[str, int]) -> list[Column]:
    return [
        Column(f"{name}_{entry}", "number", meaning.format(entry))
        for name, meaning in VECTORS
        for entry in range(sizes[name])
    ]


def _steps(
    tables: StudyTables,
    workspace: Workspace,
    sizes: dict[str, int],
    report: Callable[[float, str], None],
    cancelled: Callable[[], bool],
) -> Iterator[list[Row]]:
    for number, each in enumerate(tables.recorded):
        if cancelled():
            raise KeyboardInterrupt
        report(number / len(tables.recorded), f"Episode {number + 1} of {len(tables.recorded)}")
        yield _rows_of(each, read_episode(workspace, each.record.episode_id), sizes)


def _rows_of(each: StudyEpisodeRow, episode: Episode, sizes: dict[str, int]) -> list[Row]:
    vectors = {name: getattr(episode, name) for name in sizes}
    rate_hz = each.record.start.rate_hz
    rows: list[Row] = []
    for step in range(len(episode)):
        row: Row = {
            "participant": each.who,
            "episode": each.key,
            "step": step,
            # From the number of the step: the clock's own time would tell how busy the computer was, not the robot.
            "seconds": step / rate_hz,
            "intervention": bool(episode.intervention[step]),
            "p": _known(episode.intervention_prob[step]),
            "p_low": _known(episode.intervention_prob_low[step]),
            "p_high": _known(episode.intervention_prob_high[step]),
            "forecast": _known(episode.forecast[step]),
            "phase": episode.control_phase[step],
            "operator": episode.operator[step],
            "reward": float(episode.reward[step]),
            "success": bool(episode.success[step]),
        }
        for name, values in vectors.items():
            row |= _entries(name, values[step])
        rows.append(row)
    return rows


def _entries(name: str, values: Float32Array) -> Row:
    return {f"{name}_{entry}": _known(value) for entry, value in enumerate(values.tolist())}


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _write_dictionary(folder: Path, tables: StudyTables, workspace: Workspace, wish: ExportWish) -> None:
    """Write what every column means; questions and protocol come along, so that the tables can be read alone."""
    vectors = _vector_columns(_vector_sizes(tables, workspace))
    with (folder / DICTIONARY).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["table", "column", "type", "unit", "meaning"])
        for name, columns in TABLES.items():
            for each in (*columns, *(vectors if name == "steps" else ())):
                if wish.takes(each):
                    writer.writerow([name, each.name, each.kind, each.unit, each.meaning])
        for asked in tables.study.protocol.questionnaires:
            for item in asked.asked:
                meaning = f"{item.text} (lowest: {item.low or '–'}, highest: {item.high or '–'})"
                writer.writerow(["questionnaires", f"item {item.name}", item.kind, "", meaning])
    protocol = tables.study.folder / "study.toml"
    shutil.copyfile(protocol, folder / "protocol.toml")
