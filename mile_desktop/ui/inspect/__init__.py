"""The Inspect page: all episodes, the steps and p of the chosen one, its edits, and the scorecard of a selection.

Modules named page, view, bar, panel, table or plot are widgets; model is plain data without Qt; table_model is Qt's
model of a table; controller connects them with the workspace and the processes.
"""
