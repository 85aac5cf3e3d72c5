"""What the table of the Inspect page lists: episodes of the workspace, recorded, generated or both."""

from mile_desktop.scenes.catalogue import SceneInfo, UnknownSceneError, scene_info
from mile_desktop.storage.browse import EpisodeFilter, driving_policies, operator_names, tags_in_use
from mile_desktop.storage.generated_episodes import list_episodes, listed_scenes
from mile_desktop.storage.generated_sets import generated_sets
from mile_desktop.storage.workspace import Workspace
from mile_desktop.ui.inspect.episode_filters import FilterOptions
from mile_desktop.ui.inspect.episodes_table import EpisodesTable


def fill_table(table: EpisodesTable, workspace: Workspace) -> None:
    """List the episodes that the table's filter asks for. Raises ``WorkspaceError``."""
    column, descending = table.order
    # Before the list changes: afterwards the old row is not known any more.
    row = max(table.model.row_of(table.current), 0)
    # Before the filter is read: when the last set is removed, the table asks for recorded episodes again.
    table.filters.show_generated(sum(each.episodes for each in generated_sets(workspace)))
    table.filters.show_options(_options(workspace, table.filters.choice.scene))
    wanted = table.filter
    ids = list_episodes(workspace, wanted, column, descending=descending)
    everything = EpisodeFilter(source=wanted.source)
    # without a filter the second query would only count the same ids again
    total = len(ids) if wanted == everything else len(list_episodes(workspace, everything))
    table.show_episodes(ids, total)
    if ids and not table.current:
        table.choose(ids[min(row, len(ids) - 1)])  # the neighbour of an episode that was deleted


def _options(workspace: Workspace, scene: str) -> FilterOptions:
    scenes = listed_scenes(workspace)
    drove = driving_policies(workspace, scene)
    # v1 of one scene is another policy than v1 of the next.
    policies = [(each.policy_id, each.name if scene or len(scenes) < 2 else f"{each.name} · {each.scene}")
                for each in drove]  # fmt: skip
    return FilterOptions(
        scenes=[(name, _title(name)) for name in scenes],
        policies=policies,
        operators=operator_names(workspace),
        tags=tags_in_use(workspace),
    )


def installed_scene(scene: str) -> SceneInfo | None:
    """Return the scene's description; None where it is not installed."""
    try:
        return scene_info(scene)
    except UnknownSceneError:
        return None


def _title(scene: str) -> str:
    info = installed_scene(scene)
    return info.title if info else scene
