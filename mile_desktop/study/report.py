"""The report of a study in one HTML file: what was planned, what was looked at afterwards, and the figures."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from mile_desktop.study.comparisons import Compared, Estimate
from mile_desktop.study.participants import participants_text
from mile_desktop.study.results import MEASURE_TITLES, AnalysisResult, PredictionResult

_STYLE = """
body { font-family: Inter, "Segoe UI", sans-serif; color: #1a2129; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
line-height: 1.5 }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #d5dbe2 }
th:first-child, td:first-child { text-align: left }
.note { background: #eef1f4; padding: .6rem 1rem; border-radius: .5rem }
figure { margin: 1rem 0 } figcaption { color: #5b6875 }
"""
_SCORES = {
    "auroc": "AUROC",
    "phase_matched_auroc": "AUROC, phase-matched",
    "brier": "Brier score",
    "log_likelihood": "log-likelihood",
}


_PLANNED = (
    "These comparisons are in the protocol, which was fixed before the first participant. Holm\u2019s correction holds "
    "the error of each family of comparisons below "
)
_AFTERWARDS = (
    "Nobody decided before the study to test these. They may suggest a next study; they show nothing by themselves. "
    "Holm\u2019s correction is over all of them."
)


def report_html(result: AnalysisResult, figures: Mapping[str, str]) -> str:
    """Return the report; the figures are in it, so that the file can be sent alone."""
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(result.title)}</title>',
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{escape(result.title)}</h1>",
        f"<p>{escape(result.question)}</p>",
        f"<p>{_who_took_part(result)}</p>",
        *(f'<p class="note">{escape(note)}</p>' for note in _notes(result)),
        "<h2>Planned</h2>",
        f"<p>{_PLANNED}{result.alpha:g}.</p>",
        *(part for each in result.prediction for part in _prediction(each)),
        "<h3>Conditions</h3>",
        _comparisons(result.planned),
        "<h2>Looked at afterwards</h2>",
        f"<p>{_AFTERWARDS}</p>",
        *(_scores(each) for each in result.prediction),
        *_conditions(result),
        _comparisons([each for each in result.comparisons if not each.planned]),
        "<h2>Figures</h2>",
        *(f"<figure>{svg}<figcaption>{escape(name)}</figcaption></figure>" for name, svg in figures.items()),
        f"<p>Made by MILE Desktop {escape(result.software_version)}.</p>",
        "</body></html>",
        "",
    ]
    return "\n".join(parts)


def _who_took_part(result: AnalysisResult) -> str:
    withdrew = "nobody withdrew" if not result.withdrawn else f"{result.withdrawn} withdrew and are erased"
    return (
        f"{participants_text(result.participants)} ({result.finished} finished, {withdrew}), "
        f"{result.episodes} episodes. "
        "Intervals are t intervals over participants."
    )


def _notes(result: AnalysisResult) -> Iterable[str]:
    if result.simulated:
        yield (
            f"{result.simulated} of the participants are simulated supervisors. Their answers and their reaction to "
            "the display are what the population file assumes; nothing here is a finding about people."
        )
    yield from result.notes
    for each in result.prediction:
        yield from (f"{each.scene}, {each.held_out}: {note}" for note in each.notes)


def _prediction(each: PredictionResult) -> Iterable[str]:
    yield f"<h3>Prediction of takeovers: {escape(each.scene)}, {escape(each.held_out)}</h3>"
    rows = [(e.name, _number(e.mean), _interval(e.low, e.high), str(e.participants)) for e in each.estimates["auroc"]]
    yield _table(("predictor", "AUROC", "interval", "participants"), rows)
    yield _comparisons(each.comparisons)


def _scores(each: PredictionResult) -> str:
    names = [estimate.name for estimate in each.estimates["auroc"]]
    by_score = {score: {e.name: e for e in found} for score, found in each.estimates.items()}
    rows = [(name, *(_number(by_score[score][name].mean) for score in _SCORES)) for name in names]
    heading = f"<h3>All scores: {escape(each.scene)}, {escape(each.held_out)}</h3>"
    return heading + _table(("predictor", *_SCORES.values()), rows)


def _conditions(result: AnalysisResult) -> Iterable[str]:
    yield "<h3>Every measure by condition</h3>"
    names = [each.name for each in next(iter(result.conditions.values()))]
    rows = [
        (MEASURE_TITLES[measure], *(_with_interval(each) for each in found))
        for measure, found in result.conditions.items()
    ]
    yield _table(("measure", *names), rows)


def _with_interval(each: Estimate) -> str:
    return f"{_number(each.mean)} {_interval(each.low, each.high)}"


def _comparisons(found: Sequence[Compared]) -> str:
    if not found:
        return "<p>None.</p>"
    rows = [
        (
            MEASURE_TITLES.get(each.measure, _SCORES.get(each.measure, each.measure)),
            f"{each.second} \u2212 {each.first}",
            _number(each.difference),
            _interval(each.low, each.high),
            _p(each.p),
            _p(each.p_holm),
            str(each.participants),
            "yes" if each.significant else "no" if each.p is not None else "not tested",
        )
        for each in found
    ]
    heads = ("measure", "comparison", "difference", "interval", "p", "p, Holm", "participants", "different")
    return _table(heads, rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(each)}</td>" for each in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _number(value: float | None) -> str:
    return "\u2013" if value is None else f"{value:.3g}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{low:.3g}, {high:.3g}]"


def _p(value: float | None) -> str:
    if value is None:
        return "\u2013"
    return "< .001" if value < 0.001 else f"{value:.3f}"
