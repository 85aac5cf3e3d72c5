"""The formats of data sets: written by name, recognised by their files."""

from pathlib import Path

from mile_desktop.interchange.dataset_export import DatasetWriter
from mile_desktop.interchange.dictionary_reader import is_dictionary, read_dictionary
from mile_desktop.interchange.episode_files import write_mcap, write_rerun
from mile_desktop.interchange.errors import InterchangeError
from mile_desktop.interchange.foreign_dataset import ForeignDataset
from mile_desktop.interchange.lerobot_reader import is_lerobot, read_lerobot
from mile_desktop.interchange.lerobot_writer import write_lerobot
from mile_desktop.interchange.robomimic_reader import is_robomimic, read_robomimic
from mile_desktop.interchange.robomimic_writer import write_robomimic
from mile_desktop.interchange.table_writer import write_csv, write_parquet

WRITERS: dict[str, DatasetWriter] = {
    "lerobot": write_lerobot,
    "robomimic": write_robomimic,
    "csv": write_csv,
    "parquet": write_parquet,
    "mcap": write_mcap,
    "rerun": write_rerun,
}
"""Name on the command line → writer; ``commands.arguments`` lists the names."""


def open_dataset(source: Path) -> ForeignDataset:
    """Open the data set at ``source``; raises ``InterchangeError`` where it is none that can be read."""
    place = source.expanduser()
    if not place.exists():
        raise InterchangeError(f"There is nothing at {place}; check the path.")
    # These look at names and signatures only: the content of a foreign file is opened by the reader that checks it.
    if is_lerobot(place):
        return read_lerobot(place)
    if is_robomimic(place):
        return read_robomimic(place)
    if is_dictionary(place):
        return read_dictionary(place)
    raise InterchangeError(
        f"{place} is not a data set that can be read; expected the folder of a LeRobot data set, robomimic's HDF5, or "
        "the dictionary of the MILE research code as .pkl, .npz or .json."
    )
