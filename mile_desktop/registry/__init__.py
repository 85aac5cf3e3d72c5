"""Policies and intervention models by name: find, load, adopt, check, promote, roll back."""
