"""What a row's or column's label says that its numbers are."""

from __future__ import annotations

import re

# By name, what labels of it look like; the first that fits counts.
LABELS = {
    "tp": r"tp|true[ -]positives?",
    "tn": r"tn|true[ -]negatives?",
    "fp": r"fp|false[ -]positives?",
    "fn": r"fn|false[ -]negatives?",
    "average_precision": r"auprc|pr[ -]?auc|average precision|area under the precision.*",
    "auc": r"auc|auroc|roc[ -]?auc|c[ -]?statistic|area under the (receiver|roc|curve).*",
    "c_index": r"(harrell.?s |uno.?s )?(c|concordance)[ -]?ind(ex|ices)|concordance",
    "sensitivity": r"sensitivity|sens\.?|recall|true[ -]positive rate|tpr",
    "specificity": r"specificity|spec\.?|true[ -]negative rate|tnr",
    "ppv": r"ppv|precision|positive predictive value",
    "npv": r"npv|negative predictive value",
    "accuracy": r"accuracy|acc\.?",
    "f1": r"f1([ -]?(score|measure))?|f[ -](score|measure)",
    "brier": r"brier( score)?",
    "hazard_ratio": r"(adjusted |unadjusted |crude )?(hazard ratios?|a?hr)",
    "odds_ratio": r"(adjusted |unadjusted |crude )?(odds ratios?|a?or)",
    "risk_ratio": r"(adjusted |unadjusted |crude )?(risk ratios?|relative risks?|a?rr)",
    "p_value": r"p|p[ -]?values?",
    "n": r"n|no\.?|number|patients|participants|subjects|total|n patients|number of patients",
    "events": r"n events|events|cases with events?|fractures?|fracture events.*|number of events",
    "negatives": r"(normal|controls?|negatives?|healthy|no (event|fracture|disease)|without .*)(, n)?",
    "positives": r"(low bone mass|osteoporosis|cases?|positives?|diseased|with .*)(, n)?",
}
RATES = ("sensitivity", "specificity", "ppv", "npv", "accuracy", "f1")
RANKINGS = ("auc", "c_index")
RATIOS = ("hazard_ratio", "odds_ratio", "risk_ratio")
SHARES = (*RATES, *RANKINGS, "average_precision", "brier")  # between 0 and 1
PATTERNS = {name: re.compile(pattern) for name, pattern in LABELS.items()}
COUNTS = re.compile(r"\bn,? ?\(?%\)?|\(%\)")
UNITS = re.compile(r"\((?:95\s?%[^)]*|n|%|n\s*\(?%\)?|n, %)\)?|\[[^\]]*ci[^\]]*\]|, ?(n ?\(%\)?|n|%|95\s?%.*)$")


def measure(label: str) -> str:
    """The measure that a label names; "count" if it only says that it counts; "" if it says nothing of the kind."""
    plain = UNITS.sub("", label.strip().lower().replace("’", "'")).strip(" ,:").removesuffix(" score")
    plain = plain or label.strip().lower()
    counts = "count" if COUNTS.search(label) else ""
    return next((name for name, pattern in PATTERNS.items() if pattern.fullmatch(plain)), counts)
