"""How well a score ranks what happened above what did not: scikit-learn's figures, imported on first use.

scikit-learn brings pandas and scipy's statistics along. The rollout worker loads this package's models but computes no
score, and would start a second later for them.
"""

from mile_desktop.arrays import BoolArray, Float64Array


def auroc(happened: BoolArray, score: Float64Array) -> float:
    """Return the area under the ROC curve of ``score`` (float64[n]); ``happened`` (bool[n]) must hold both values."""
    from sklearn import metrics  # noqa: PLC0415 - see above

    return float(metrics.roc_auc_score(happened, score))


def average_precision(happened: BoolArray, score: Float64Array) -> float:
    """Return the area under the precision–recall curve of ``score`` (float64[n])."""
    from sklearn import metrics  # noqa: PLC0415 - see above

    return float(metrics.average_precision_score(happened, score))
