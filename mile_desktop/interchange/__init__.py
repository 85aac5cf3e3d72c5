"""Recorded episodes in the files of other programs, in both directions.

``export_folder`` and ``lerobot_writer`` write a LeRobot data set, ``lerobot_reader`` reads one, and ``episode_import``
makes what was read episodes of a scene. ``docs/formats.md`` describes every field.
"""
