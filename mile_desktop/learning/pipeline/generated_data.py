"""The generated episodes that a run learns from, beside those of a person."""

from collections.abc import Mapping, Sequence

from mile_desktop.learning.progress import Warned
from mile_desktop.learning.result import Report
from mile_desktop.storage.errors import ONE_EPISODE, UnknownRecordError
from mile_desktop.storage.generated_sets import read_set
from mile_desktop.storage.records import Episode
from mile_desktop.storage.scene_versions import version_of
from mile_desktop.storage.workspace import Workspace


def read_generated(
    workspace: Workspace, set_ids: Sequence[str], version: Mapping[str, str], report: Report
) -> list[Episode]:
    """Read the episodes of these sets; a set that is gone, damaged or of another version of the scene is left out.

    Parameters
    ----------
    version
        Of the scene, as the newest recorded episode says it; empty where none says one.
    report
        Gets a ``Warned`` for each set that is left out.
    """
    kept: list[Episode] = []
    for set_id in set_ids:
        try:
            episodes = read_set(workspace, set_id)
        except (UnknownRecordError, *ONE_EPISODE) as error:
            # One set that is gone must not stop a training of a person's own episodes.
            report(Warned(text=f"The generated episodes of {set_id} are left out: {error}"))
            continue
        meanings = {version_of(each.record).get("meaning") for each in episodes}
        if version.get("meaning") and meanings - {version["meaning"]}:
            text = "they were generated in another version of the scene, so their numbers mean something else."
            report(Warned(text=f"The generated episodes of {set_id} are left out: {text}"))
            continue
        kept.extend(episodes)
    return kept


def generated_text(episodes: Sequence[Episode]) -> str:
    """Return what was generated, for the policy's details; empty where nothing was."""
    if not episodes:
        return ""
    steps = sum(each.record.steps for each in episodes)
    human = sum(each.record.human_steps for each in episodes)
    return f"{len(episodes)} episodes, {steps} steps, {human} of them by the learned human"
