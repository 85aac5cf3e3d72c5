"""The scenes as gymnasium environments."""

import gymnasium

from mile_desktop.scenes.catalogue import SceneInfo, scenes


def register_scenes() -> None:
    """Register every usable scene; ``catalogue.broken_scenes`` lists the others with their errors."""
    for info in scenes():
        register_scene(info)


def register_scene(info: SceneInfo) -> None:
    """Make ``gymnasium.make(info.env_id)`` work; does nothing for a registered scene."""
    # Gymnasium warns when an id is registered again, and a scene is registered at the import and when it is opened.
    if info.env_id not in gymnasium.registry:
        gymnasium.register(
            id=info.env_id,
            entry_point="mile_desktop.scenes.environment:open_scene",
            kwargs={"scene": info.name},
            max_episode_steps=info.max_steps,
        )
