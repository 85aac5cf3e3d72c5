"""Scenes of kind ``gymnasium``: any registered environment, described by ``scene.toml`` alone."""
