"""Live cameras in the window: their processes, their dialog, and their recordings.

Cameras have no page: they are set up in a dialog beside the window while the scene stays visible, so the main view is
``dialog`` (with ``camera_form`` and ``camera_preview``). Model: ``camera_store`` and ``status_text``. Controllers end
in ``controller``; ``capture_controller`` runs the capture processes.
"""
