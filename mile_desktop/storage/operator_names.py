"""The name or code of the person who operates, as it is recorded and searched for. Imports nothing."""

LONGEST_NAME = 40
"""Letters."""
NO_NAME = "-"
"""Stands for episodes without a name, in filters and commands; a name has a letter or a digit."""

NO_PERSON = ("none", "demonstration")
"""``EpisodeStart.operator`` of episodes without takeovers of a person: a choice of people does not leave them out."""


def operator_name_of(text: str) -> str:
    """Return a name or code as it is recorded: on one line, not too long; empty where no letter or digit is in it."""
    name = " ".join(text.split())[:LONGEST_NAME].strip()
    return name if any(each.isalnum() for each in name) else ""
