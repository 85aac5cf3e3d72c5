"""The Devices page: the gamepad, its bindings and its response.

Views: ``page`` with ``live_pad_view``, ``bindings_grid``, ``response_panel`` and its ``curve_preview``. Model:
``model`` has the rules of bindings, without Qt; ``profile_store`` holds the edited profile, with undo, and saves it.
"""
