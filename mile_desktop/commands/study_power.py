"""``mile-desktop study power``: the chance that a study finds a difference of a given size."""

import argparse

import msgspec

from mile_desktop.commands.command import Report
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.population import POPULATION, read_population
from mile_desktop.study.power import PowerRow, pilot_persons, simulate_persons, study_power
from mile_desktop.study.protocol import find_protocol, read_protocol


def run(options: argparse.Namespace, report: Report) -> None:
    """Simulate persons, draw studies and report the power of every planned comparison."""
    if options.pilot:
        protocol = StudyFolder(options.pilot).protocol
        persons, source = pilot_persons(options.pilot), str(options.pilot)
    else:
        protocol = read_protocol(find_protocol(options.protocol))
        population = read_population(options.population or POPULATION)
        persons = simulate_persons(options.protocol, population, options.persons, report=report.progress)
        source = population.name
    rows = study_power(
        protocol,
        persons,
        options.participants,
        [each / 100.0 for each in options.sizes],
        studies=options.studies,
        seed=options.seed,
        report=report.progress,
    )
    shared = {"protocol": protocol.name, "population": source, "persons": len(persons)}
    for each in rows:
        report.say({**shared, "studies": options.studies, **msgspec.to_builtins(each)}, "")
    report.say({"text": "The power is computed.", "rows": len(rows)}, _text(rows, options.studies))


def _text(rows: tuple[PowerRow, ...], studies: int) -> str:
    lines = [f"Chance of finding a difference, from {studies} simulated studies; 0 %: false alarms"]
    for measure, first, second in dict.fromkeys((each.measure, each.first, each.second) for each in rows):
        mine = [each for each in rows if (each.measure, each.first, each.second) == (measure, first, second)]
        sizes = dict.fromkeys(each.share for each in mine)
        lines.append(f"{measure}: {second} − {first}")
        lines.append("  participants" + "".join(f"{share:>8.0%}" for share in sizes))
        for count in dict.fromkeys(each.participants for each in mine):
            found = [each.found for each in mine if each.participants == count]
            lines.append(f"  {count:12}" + "".join(f"{value:8.2f}" for value in found))
    return "\n".join(lines)


ACTIONS = {"power": run}
