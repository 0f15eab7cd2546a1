"""The figures that eval and report give equal scikit-learn's for the same predictions. metrics_test.py DIGITREC"""
import csv
import json
import re
import sys

from scratch import folder, run

try:
    import numpy as np
    from sklearn import calibration, metrics
except ImportError:
    print("scikit-learn is missing: skipped")
    sys.exit(77)


def calibration_error(truth, probabilities):
    """Naeini et al. 2015 by scikit-learn's own bins: the mean over rows of |share right - mean confidence| of their bin."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    shares, means = calibration.calibration_curve(right, confidence, n_bins=15, strategy="uniform")
    counts = np.histogram(confidence, bins=np.linspace(0, 1, 16))[0]
    return float(np.sum(np.abs(shares - means) * counts[counts > 0]) / len(truth))


run("data", "synth", "--out", "data", "--train", "3000", "--test", "1500")
run("train", "--model", "mlp-128", "--epochs", "2", "--out", "run")
run("predict", "--checkpoint", "run", "--out", "s.csv", "--probabilities", "p.csv")
ours = json.loads(run("eval", "--checkpoint", "run", "--json"))

truth = np.array([int(row["Label"]) for row in csv.DictReader(open(folder / "data/test_labels.csv"))])
table = np.array([[float(v) for v in row[2:]] for row in list(csv.reader(open(folder / "p.csv")))[1:]])
table /= table.sum(axis=1, keepdims=True)  # six digits each: not quite 1
answers = table.argmax(axis=1)
precision, recall, f1, support = metrics.precision_recall_fscore_support(truth, answers, labels=range(10), zero_division=0)

# The probabilities went through a text file of six digits.
assert ours["rows"] == len(truth)
assert abs(ours["accuracy"] - metrics.accuracy_score(truth, answers)) < 1e-12
assert abs(ours["loss"] - metrics.log_loss(truth, table, labels=range(10))) < 1e-4
assert abs(ours["calibration_error"] - calibration_error(truth, table)) < 1e-4
assert np.array_equal(ours["confusion"], metrics.confusion_matrix(truth, answers, labels=range(10)))
for c, row in enumerate(ours["classes"]):
    assert row["support"] == support[c]
    for key, theirs in (("precision", precision), ("recall", recall), ("f1", f1)):
        assert abs(row[key] - theirs[c]) < 1e-12, (c, key)

# The report tells of the held-out rows what eval --held-out tells, and its page holds nothing else.
held_out = json.loads(run("eval", "--checkpoint", "run", "--held-out", "--json"))
run("report", "run", "run", "--out", "page")
page = (folder / "page/report.html").read_text()
shown = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.S).group(1))
reported = shown["runs"][0]["metrics"]
for key in ("rows", "correct", "accuracy", "wilson_95", "loss", "calibration_error", "classes", "confusion"):
    assert reported[key] == held_out[key], key
print("as scikit-learn's")
