"""Computes the cases of metrics.ts with scikit-learn and NumPy and compares."""

import numpy as np
from checks import cases, check
from sklearn import metrics

# Float64 sums in another order.
LIMIT = 1e-12
_, given = cases()
LABELS = range(len(given["classes"]))


def difference(got, wanted):
    """None is what scikit-learn calls NaN: no beat to count."""
    if got is None or np.isnan(wanted):
        return 0 if got is None and np.isnan(wanted) else np.inf
    return abs(got - wanted)


def classification_errors(case):
    truth, predicted, report = case["truth"], case["predicted"], case["report"]
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        truth, predicted, labels=LABELS, zero_division=np.nan
    )
    yield difference(report["accuracy"], metrics.accuracy_score(truth, predicted))
    yield difference(report["macroF1"], f1[support > 0].mean())
    yield difference(report["meanSensitivity"], recall[support > 0].mean())
    for i, name in enumerate(given["classes"]):
        figures = report["classes"][name]
        yield abs(figures["support"] - support[i])
        yield difference(figures["sensitivity"], recall[i])
        yield difference(figures["positivePredictivity"], precision[i])
        yield difference(figures["f1"], f1[i])


def latency_errors(case):
    samples, statistics = np.asarray(case["samplesMs"]), case["statistics"]
    yield difference(statistics["mean"], samples.mean())
    yield difference(statistics["median"], np.median(samples))
    yield difference(statistics["p90"], np.percentile(samples, 90))
    yield difference(statistics["p99"], np.percentile(samples, 99))
    yield difference(statistics["standardDeviation"], samples.std())


matrices = [
    np.abs(metrics.confusion_matrix(case["truth"], case["predicted"], labels=LABELS).ravel() - case["matrix"]).sum()
    for case in given["classifications"]
]
check(f"{len(matrices)} confusion matrices", "entries that differ", sum(matrices), 0)
errors = [error for case in given["classifications"] for error in classification_errors(case)]
check(f"{len(errors)} figures of classes", "max error", max(errors), LIMIT)
errors = [error for case in given["latencies"] for error in latency_errors(case)]
check(f"{len(errors)} figures of latencies", "max error", max(errors), LIMIT)
