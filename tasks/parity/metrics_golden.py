"""Golden figures for pipeline/lib/metrics from scikit-learn and numpy.

Requires: pip install scikit-learn==1.9.1 numpy==2.4.6
Run from the project's root: python3 tasks/parity/metrics_golden.py
"""

import json
import math
from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics

ROOT = Path("pipeline/lib/metrics/testdata")
CLASSES = "NSVFQ"
PROPORTIONS = [  # of the truth, of what a classifier that is wrong calls
    ([0.2, 0.2, 0.2, 0.2, 0.2], [0.2, 0.2, 0.2, 0.2, 0.2]),
    ([0.89, 0.03, 0.07, 0.008, 0.002], [0.5, 0.2, 0.2, 0.1, 0]),
    ([0.7, 0, 0.3, 0, 0], [0.5, 0, 0.5, 0, 0]),
    ([0.7, 0.2, 0.1, 0, 0], [0.5, 0, 0.2, 0, 0.3]),
    ([0.5, 0.3, 0, 0, 0.2], [0.2, 0.2, 0.2, 0.2, 0.2]),
    ([0.02, 0, 0, 0, 0.98], [0.5, 0, 0, 0, 0.5]),
]


def number(value):
    return None if math.isnan(value) else float(value)


def report(truth, predicted, labels):
    """Figures over the beats given and the labels given; NaN where scikit-learn would warn of a division by zero."""
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        truth, predicted, labels=labels, zero_division=np.nan
    )
    present = support > 0
    return {
        "support": int(len(truth)),
        "accuracy": number(metrics.accuracy_score(truth, predicted)),
        "classes": {
            CLASSES[label]: {
                "support": int(support[i]),
                "sensitivity": number(recall[i]),
                "positivePredictivity": number(precision[i]),
                "f1": number(f1[i]),
            }
            for i, label in enumerate(labels)
        },
        "macroF1": number(f1[present].mean()),
        "meanSensitivity": number(recall[present].mean()),
    }


def classification(rng, truth_proportions, wrong_proportions):
    truth = rng.choice(5, 400, p=truth_proportions)
    wrong = rng.choice(5, 400, p=wrong_proportions)
    predicted = np.where(rng.random(400) < 0.7, truth, wrong)
    counted = truth != 4
    return {
        "truth": "".join(map(str, truth)),
        "predicted": "".join(map(str, predicted)),
        "matrix": metrics.confusion_matrix(truth, predicted, labels=range(5)).ravel().tolist(),
        "fiveClasses": report(truth, predicted, [0, 1, 2, 3, 4]),
        "fourClasses": report(truth[counted], predicted[counted], [0, 1, 2, 3]),
    }


def latency(samples):
    return {
        "samplesMs": samples.tolist(),
        "statistics": {
            "count": len(samples),
            "mean": samples.mean(),
            "median": np.median(samples),
            "p90": np.percentile(samples, 90),
            "p99": np.percentile(samples, 99),
            "min": samples.min(),
            "max": samples.max(),
            "standardDeviation": samples.std(),
        },
    }


def main():
    rng = np.random.default_rng(57)
    ROOT.mkdir(exist_ok=True)
    made_by = f"tasks/parity/metrics_golden.py, scikit-learn {sklearn.__version__}, numpy {np.__version__}"
    classifications = [classification(rng, *proportions) for proportions in PROPORTIONS]
    latencies = [latency(np.round(rng.lognormal(-1, 0.5, n), 6)) for n in (1, 2, 3, 10, 11, 100, 257)]
    for name, cases in (("classification", classifications), ("latency", latencies)):
        (ROOT / f"{name}.json").write_text(json.dumps({"madeBy": made_by, "cases": cases}, indent=1) + "\n")


main()
