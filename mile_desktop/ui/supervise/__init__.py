"""The Supervise page: what the robot does, how likely a takeover is, and every way to take over.

Views: ``page`` puts together ``scene_view``, ``strips_panel`` (with ``alert_bar``), ``episode_controls``,
``picture_menu`` and ``screen_pad`` (of ``stick_widget``). Model: ``model``; the data of the strips is
``plots/strip_model``. Controllers end in ``_controller``.
"""
