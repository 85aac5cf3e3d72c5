"""Pages of the documentation site that are not in ``docs/``: made from the README, the command line and the docstrings.

MkDocs calls the two functions ``on_…`` (``mkdocs.yml``, hooks). ``make docs`` builds the site.
"""

import argparse
import os
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": "tour.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Documents at the top of the repository → where they are on the site."""
FIGURES = "experiments/results"
LINK = re.compile(r"(!?\[[^\]]*\]\()(?!https?:|#|mailto:)([^)#\s]+)")
MODULES = {
    "Scenes": ("scenes.environment", "scenes.catalogue", "scenes.task"),
    "Policies": ("policies.policy", "policies.checkpoint", "policies.networks", "policies.torch_policy"),
    "Interventions": ("intervention.estimate", "intervention.model", "intervention.fit", "intervention.calibration"),
    "Learning": ("learning.settings", "learning.methods", "learning.trainer.trainer"),
    "Evaluation": ("evaluation.evaluate", "evaluation.statistics"),
    "Workspace": ("storage.workspace", "storage.catalogue", "storage.episodes", "storage.records"),
    "Exchange": ("interchange.dataset_formats", "interchange.policy_export", "interchange.sb3_policy"),
    "Robots": ("robots.driver", "robots.description"),
}
"""Heading → modules whose docstrings are shown."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made here, and the figures of the reports."""
    made = {place: (ROOT / source).read_text("utf-8") for source, place in PAGES.items()}
    made |= {"reference/commands.md": commands_page(), "reference/api.md": api_page()}
    for place, text in made.items():
        files.append(File.generated(config, place, content=text))
    for figure in sorted((ROOT / FIGURES).rglob("*.svg")):
        place = f"figures/{figure.relative_to(ROOT / FIGURES).as_posix()}"
        files.append(File.generated(config, place, abs_src_path=str(figure)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - as MkDocs calls it
    """Let links that are right in the repository lead to the same things on the site."""
    return LINK.sub(lambda found: found[1] + site_link(found[2], page.file.src_uri), markdown)


def site_link(link: str, place: str) -> str:
    """Return ``link`` of the page ``place`` as it is on the site, relative to that page."""
    source = next((name for name, made in PAGES.items() if made == place), f"docs/{place}")
    if place.startswith("reference/"):
        return link
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    if target in PAGES:
        wanted = PAGES[target]
    elif target.startswith(f"{FIGURES}/"):
        wanted = f"figures/{target.removeprefix(FIGURES + '/')}"
    else:
        wanted = target.removeprefix("docs/")
    return posixpath.relpath(wanted, posixpath.dirname(place) or ".")


def commands_page() -> str:
    """Return the help of every command, as ``--help`` prints it."""
    from mile_desktop.cli import COMMANDS  # noqa: PLC0415 - MkDocs reads this module for every page that changes

    os.environ["COLUMNS"] = "110"  # argparse fits its lines to the terminal
    intro = (
        "# Command line\n\n`mile-desktop` opens the window. The same engine without a window has the commands below. "
        "`--json` writes one JSON object a line; the exit status is 0 after success, 1 after an error, 2 after wrong "
        "usage and 130 when cancelled.\n"
    )
    parts = [intro]
    for command in COMMANDS:
        parser = argparse.ArgumentParser(prog=f"mile-desktop {command.name}", description=f"{command.help}.")
        command.add_arguments(parser)
        text = parser.format_help().replace(str(Path.home()), "~").rstrip()
        parts.append(f"## {command.name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def api_page() -> str:
    """Return the page whose docstrings mkdocstrings fills in."""
    parts = [
        "# Python\n\nThe modules that scripts, scenes and robots import. The window itself is no public interface.\n"
    ]
    for heading, modules in MODULES.items():
        parts.append(f"## {heading}\n")
        parts += [f"::: mile_desktop.{name}\n" for name in modules]
    return "\n".join(parts)
