"""Live robots in the window: remembered, tested, armed and watched.

Robots have no page: they are set up in a dialog beside the window while the scene stays visible, so the views are
``dialog`` and ``robot_bar``, the line on the Supervise page. Model: ``robot_store`` and ``status_text``. ``probe``
tests a connection in a thread; ``controller`` connects all of them with the worker.
"""
