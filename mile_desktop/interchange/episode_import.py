"""Makes what was read from a data set episodes or demonstrations of a scene, after comparing it with the scene."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from mile_desktop import __version__
from mile_desktop.arrays import BoolArray, Float32Array
from mile_desktop.interchange.errors import DifferenceError, InterchangeCancelledError, InterchangeError
from mile_desktop.interchange.features import (
    ACTION,
    CLOCK,
    FEATURES,
    HUMAN_ACTION,
    INTERVENTION,
    PHASE,
    POLICY_ACTION,
    POLICY_MEAN,
    POLICY_STD,
    REWARD,
    SCENE_STATE,
    STATE,
    SUCCESS,
)
from mile_desktop.interchange.foreign_dataset import ForeignDataset, ForeignEpisode
from mile_desktop.interchange.recorded_episodes import Progress, operator_kind
from mile_desktop.interchange.scene_entries import Entry, SceneEntries
from mile_desktop.storage.adoption import add_episodes
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.columns import COLUMNS, Kind
from mile_desktop.storage.ids import new_episode_id, now
from mile_desktop.storage.records import Episode, EpisodeRecord, EpisodeStart
from mile_desktop.storage.steps import counted
from mile_desktop.storage.workspace import Workspace

Use = Literal["auto", "demonstrations", "episodes"]
Difference = Literal["names", "rate"]

IMPORTED = "imported"
"""Key of ``EpisodeStart.extra`` with the origin of an imported episode; and its policy's id."""
_DEMONSTRATION_STD = 0.1
"""As the demonstrations that ship have it: their action is the mean, without a policy that could say how sure it is."""
# As much as an export rounds a rate (``lerobot_writer._NEAR_WHOLE``): what was exported must be accepted again.
_RATE_TOLERANCE = 0.01
_ROUNDING = 1e-5
"""Actions of other programs reach the ends of [−1, 1] after conversions between float types."""
_FILE_NAMES = {feature.column: feature.name for feature in FEATURES if feature.column}
_CHECK_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the person decided about an import."""

    use: Use = "auto"
    """``auto``: an episode with interventions and the policy's proposals stays one; everything else demonstrates."""
    accept: Collection[Difference] = ()
    """Differences to the scene that the person has looked at."""
    skip_broken: bool = False
    """Leave out episodes that cannot be used, and say which; otherwise one of them refuses the whole import."""
    check_only: bool = False
    """Change nothing."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Result of an import."""

    episodes: int
    demonstrations: int
    steps: int
    unknown: int
    """Episodes whose outcome the data set does not say."""
    known: int
    """Episodes that were there already and were not taken again."""
    skipped: tuple[str, ...]
    """One sentence for each episode that was left out because it cannot be used."""


@dataclass(slots=True)
class _Plan:
    """What the first pass found: numbers of the episodes to take, and the totals."""

    taken: set[int] = field(default_factory=set)
    digests: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    skipped: list[str] = field(default_factory=list)


def import_dataset(
    workspace: Workspace,
    dataset: ForeignDataset,
    entries: SceneEntries,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Check every episode, then add all of them to the scene, or none.

    Raises
    ------
    InterchangeError
        The data set does not fit the scene, or one of its episodes cannot be used.
    InterchangeCancelledError
        ``progress.cancelled`` was true; nothing was added.
    WorkspaceError
        The workspace cannot be written.
    """
    options, progress = options or ImportOptions(), progress or Progress()
    # First: names and rate stand in the description, while the check below reads every step of the data set.
    expect_fit(dataset, entries, options.accept)
    for note in dataset.notes:
        progress.note(note)
    plan = _check(workspace, dataset, entries, options, progress)
    if not options.check_only:
        add_episodes(workspace, _made(dataset, entries, options, plan, progress))
    counts = plan.counts
    return ImportReport(
        episodes=counts["episodes"],
        demonstrations=counts["demonstrations"],
        steps=counts["steps"],
        unknown=counts["unknown"],
        known=counts["known"],
        skipped=tuple(plan.skipped),
    )


def expect_fit(dataset: ForeignDataset, entries: SceneEntries, accept: Collection[Difference]) -> None:
    """Raise ``InterchangeError`` where names or rate differ from the scene's and the difference was not accepted."""
    if "names" not in accept:
        _expect_names("observation", dataset.state_names, entries.state, entries.scene)
        _expect_names("action", dataset.action_names, entries.action, entries.scene)
    rate = dataset.rate_hz
    if "rate" not in accept and (rate is None or abs(rate - entries.rate_hz) > _RATE_TOLERANCE * entries.rate_hz):
        found = "does not say its rate" if rate is None else f"has {rate:g} steps a second"
        raise DifferenceError(
            "rate",
            f"The data set {found}, {entries.scene} has {entries.rate_hz:g}: a policy that learns from it would move "
            "at another speed.",
            "Add --accept rate to import it all the same.",
        )


def _expect_names(what: str, found: tuple[str, ...], expected: tuple[Entry, ...], scene: str) -> None:
    if not found:
        raise DifferenceError(
            "names",
            f"The data set does not name the entries of its {what}, so they cannot be compared with those of {scene}.",
            "Add --accept names if you know that they are the same in the same order.",
        )
    if len(found) != len(expected):
        raise InterchangeError(
            f"The data set has {len(found)} {what} entries, {scene} has {len(expected)}; choose another scene."
        )
    for number, (name, entry) in enumerate(zip(found, expected, strict=True)):
        if name not in {entry.label, entry.name}:
            raise DifferenceError(
                "names",
                f"Entry {number} of the {what} is {name!r} in the data set and {entry.label!r} in {scene}.",
                "Choose another scene, or add --accept names if they mean the same.",
            )


def _check(
    workspace: Workspace, dataset: ForeignDataset, entries: SceneEntries, options: ImportOptions, progress: Progress
) -> _Plan:
    plan = _Plan()
    here = Catalogue(workspace).episodes(entries.scene, include_deleted=True)
    ids = {each.episode_id for each in here}
    # A set that is imported twice would count its episodes twice in every training.
    plan.digests |= {str(origin.get("digest")) for each in here if (origin := _imported(each.start))}
    for number, foreign in enumerate(dataset.read()):
        _go_on(progress, _CHECK_SHARE * number / dataset.episodes, f"Checking {foreign.name} of {dataset.episodes}")
        problem = _problem(foreign, entries, options.use)
        if problem and not options.skip_broken:
            remedy = "Correct the data set, or add --skip-broken to leave such episodes out."
            raise DifferenceError("skip-broken", problem, remedy)
        if problem:
            plan.skipped.append(problem)
            continue
        digest = _digest(foreign)
        # By content and by id: an episode that was edited here after its export has another content, and one from
        # another program has no id.
        if digest in plan.digests or (foreign.origin is not None and foreign.origin.episode_id in ids):
            plan.counts["known"] += 1
            continue
        # Also found a second time within the same data set.
        plan.digests.add(digest)
        plan.taken.add(number)
        plan.counts["demonstrations" if _demonstrates(foreign, options.use) else "episodes"] += 1
        plan.counts["steps"] += len(foreign.columns[ACTION])
        plan.counts["unknown"] += foreign.outcome == "unknown"
    return plan


def _imported(start: EpisodeStart) -> dict[str, Any] | None:
    found = start.extra.get(IMPORTED)
    return found if isinstance(found, dict) else None


def _go_on(progress: Progress, share: float, text: str) -> None:
    if progress.cancelled():
        raise InterchangeCancelledError
    progress.report(share, text)


def _problem(foreign: ForeignEpisode, entries: SceneEntries, use: Use) -> str:
    """Return why the episode cannot be used, as a sentence; empty if it can."""
    lengths = {len(values) for values in foreign.columns.values()}
    if len(lengths) != 1 or 0 in lengths:
        return (
            f"{foreign.name} has columns of {', '.join(map(str, sorted(lengths)))} steps; expected one length above 0."
        )
    for what, name, expected in (("observation", STATE, entries.state), ("action", ACTION, entries.action)):
        values = _matrix(foreign.columns[name])
        if values.shape[1] != len(expected):
            return f"{foreign.name} has {values.shape[1]} {what} entries, {entries.scene} has {len(expected)}."
        broken = np.argwhere(~np.isfinite(values))
        if len(broken):
            step, entry = broken[0].tolist()
            return f"{foreign.name} has {values[step, entry]} in entry {entry} of the {what} at step {step}."
    largest = float(np.abs(_matrix(foreign.columns[ACTION])).max())
    if largest > 1.0 + _ROUNDING:
        return f"{foreign.name} has an action of {largest:g}; actions of a scene are in [-1, 1], so scale them first."
    if use == "episodes" and not {INTERVENTION, POLICY_ACTION} <= foreign.columns.keys():
        return (
            f"{foreign.name} does not say when a person intervened and what the policy proposed ({INTERVENTION}, "
            f"{POLICY_ACTION}); it can only be a demonstration."
        )
    return ""


def _matrix(values: object) -> Float32Array:
    table = np.asarray(values, dtype=np.float32)
    return table.reshape(len(table), -1)


def _digest(foreign: ForeignEpisode) -> str:
    digest = hashlib.sha256()
    for name in (STATE, ACTION):
        digest.update(np.ascontiguousarray(_matrix(foreign.columns[name])).tobytes())
    return digest.hexdigest()


def _demonstrates(foreign: ForeignEpisode, use: Use) -> bool:
    if use != "auto":
        return use == "demonstrations"
    if foreign.origin is not None:
        return operator_kind(foreign.origin.operator) == "demonstration"
    return not {INTERVENTION, POLICY_ACTION} <= foreign.columns.keys()


def _made(
    dataset: ForeignDataset, entries: SceneEntries, options: ImportOptions, plan: _Plan, progress: Progress
) -> Iterator[Episode]:
    """Yield the episodes that the plan takes; the data set is read again, so that they need not fit the memory."""
    for number, foreign in enumerate(dataset.read()):
        share = _CHECK_SHARE + (1.0 - _CHECK_SHARE) * number / dataset.episodes
        _go_on(progress, share, f"Importing {foreign.name} of {dataset.episodes}")
        # The two passes agree by number, because ``read`` yields the episodes in the same order each time.
        if number in plan.taken:
            yield as_episode(foreign, dataset, entries, demonstration=_demonstrates(foreign, options.use))


def as_episode(
    foreign: ForeignEpisode, dataset: ForeignDataset, entries: SceneEntries, *, demonstration: bool
) -> Episode:
    """Return ``foreign``, which was checked, as an episode of the scene with a new id.

    What a data set does not say gets the value that stands for "not recorded": NaN for p and the scene's state, 0 for
    rewards. Actions that left [−1, 1] by rounding are clipped.
    """
    columns = foreign.columns
    length = len(columns[ACTION])
    action = np.clip(_matrix(columns[ACTION]), -1.0, 1.0)
    intervention = (
        np.full(length, fill_value=True) if demonstration else np.asarray(columns[INTERVENTION]).astype(np.bool_)
    )
    proposed = action if demonstration else _matrix(columns[POLICY_ACTION])
    spread = np.full_like(action, _DEMONSTRATION_STD)
    human = action if demonstration else _matrix(columns.get(HUMAN_ACTION, action))
    special: dict[str, Any] = {
        "timestamp": np.asarray(
            columns.get(CLOCK, np.arange(length) / (dataset.rate_hz or entries.rate_hz)), np.float64
        ),
        "observation": _matrix(columns[STATE]),
        "action": action,
        "policy_action": proposed,
        "policy_mean": action if demonstration else _matrix(columns.get(POLICY_MEAN, proposed)),
        "policy_std": spread if demonstration else _matrix(columns.get(POLICY_STD, spread)),
        "human_action": np.where(intervention[:, None], human, np.float32(np.nan)).astype(np.float32),
        "intervention": intervention,
        "control_phase": columns.get(PHASE, tuple(np.where(intervention, "takeover", "autonomous").tolist())),
        "reward": np.asarray(columns.get(REWARD, np.zeros(length)), np.float32),
        "success": np.asarray(columns.get(SUCCESS, np.zeros(length))).astype(np.bool_),
        "scene_state": _matrix(columns.get(SCENE_STATE, np.full(length, np.nan))),
        "operator": _operators(foreign, intervention, demonstration=demonstration),
    }
    rest = {column.name: _column(column.name, column.kind, column.default, foreign, length)
            for column in COLUMNS if column.name not in special}  # fmt: skip
    start = _start(foreign, dataset, entries, demonstration=demonstration)
    # Counts of zero at first; ``counted`` below fills them from the columns, as it does for recorded episodes.
    tags = tuple(sorted(foreign.tags))
    record = EpisodeRecord(start, foreign.outcome, length, 0, 0, None, recovered=False, tags=tags)
    made = Episode(record=record, **special, **rest)
    return replace(made, record=counted(record, made.intervention, made.intervention_prob, made.operator))


def _operators(foreign: ForeignEpisode, intervention: BoolArray, *, demonstration: bool) -> tuple[str, ...]:
    given = foreign.columns.get(_FILE_NAMES["operator"])
    if isinstance(given, tuple):
        return given
    who = "demonstration" if demonstration else IMPORTED
    return tuple(who if each else "" for each in intervention.tolist())


def _column(name: str, kind: Kind, default: object, foreign: ForeignEpisode, length: int) -> Any:  # noqa: ANN401 - by kind
    given = foreign.columns.get(_FILE_NAMES.get(name, ""))
    if kind is Kind.TEXT:
        return given if given is not None else (default,) * length
    if given is None:
        return np.full(length, default if kind is Kind.ROW else np.nan, kind.value)
    return np.asarray(given).astype(kind.value)


def _start(
    foreign: ForeignEpisode, dataset: ForeignDataset, entries: SceneEntries, *, demonstration: bool
) -> EpisodeStart:
    origin: dict[str, object] = {
        "source": dataset.source.name,
        "format": dataset.format,
        "name": foreign.name,
        "digest": _digest(foreign),
    }
    if foreign.origin is not None:
        origin["episode_id"] = foreign.origin.episode_id
        # A new id for every import: the old one may be that of another episode in this workspace.
        return replace(
            foreign.origin,
            episode_id=new_episode_id(),
            scene=entries.scene,
            operator="demonstration" if demonstration else foreign.origin.operator,
            extra={**foreign.origin.extra, IMPORTED: origin},
        )
    return EpisodeStart(
        episode_id=new_episode_id(),
        scene=entries.scene,
        seed=0,
        policy_id=IMPORTED,
        operator="demonstration" if demonstration else IMPORTED,
        device=dataset.source.name,
        rate_hz=entries.rate_hz,
        started_at=now(),
        software_version=__version__,
        extra={IMPORTED: origin},
    )
