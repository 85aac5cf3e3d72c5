"""The Settings page.

``page`` is a form for one object, the preferences: it shows them and writes each change to their store. The model is
that store, ``shell/preferences``, so this folder has none of its own.
"""
