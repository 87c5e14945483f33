from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from bonerisk.audit.audit import all_checks, audit
from bonerisk.audit.read import of_metrics, read
from bonerisk.errors import ConfigError, DataError
from bonerisk.reporting.sections.published import printed_by

DOCS = Path(__file__).parents[2] / "docs" / "audit.md"
KNOWN = {  # of each paper, what is known to be wrong: check, part of where, printed
    "ospenscreen": [
        ("matrix", "AMC internal: sensitivity", "0.92 (0.90–0.94)"),
        ("matrix", "VHSMC external: specificity", "0.70 (0.59–0.70)"),
        ("percentages", "AMC internal, 55–59", "207 (38.9%)"),
        ("percentages", "SCH external: TP", "989 (27.4%)"),
        ("subgroup_as_total", "AMC internal", "0.92 (0.90–0.94)"),
        ("same", "Films of training", "68,811"),
        ("sums", "amc internal", "559 and 767"),
        ("sums", "sch, sum by age", "1,198 and 1,929"),
    ],
    "aicxr": [
        ("outside", "Hazard ratio", "Inf (10.84–26.28)"),
        ("sums", "Database, Patients", "178,639"),
        ("sums", "External validation", "36,767"),
    ],
    "spine_deepsurv": [
        ("outside", "Model 3, DeepSurv without images", "0.433 (0.510 to 0.579)"),
        ("narrow", "Model 1, CoxPH", "0.552 (0.550 to 0.554)"),
        ("flow", "No lateral X-ray", "2,147"),
        ("shares", "L1-L5 without masks: sensitivity", "0.6957"),
        ("together", "L1-L5 patches without masks", "0.7171"),
    ],
}


@pytest.mark.parametrize("paper", KNOWN)
def test_what_is_wrong_in_the_papers_is_found(paper: str) -> None:
    findings, _ = audit(read(printed_by(paper)))
    for check, where, printed in KNOWN[paper]:
        of = findings[findings["check"] == check]
        assert any(where in row.where and printed in row.printed for row in of.itertuples()), (check, where, printed)


def test_of_gradient_health_nothing_is_found_but_the_table_of_sexes() -> None:
    findings, _ = audit(read(printed_by("ospenscreen")))
    assert not findings["where"].str.startswith("GH external").any()  # its column of Table 2 agrees with itself


def test_every_check_has_a_title_and_a_place_in_the_docs() -> None:
    sections = DOCS.read_text(encoding="utf-8").split("\n### ")
    explained = {section.partition("\n")[0]: section.partition("\n")[2] for section in sections[1:]}
    assert explained.keys() == all_checks().keys()
    for name, check in all_checks().items():
        assert explained[name].strip().startswith(check.TITLE), name


def test_a_check_with_nothing_to_compare_does_not_apply() -> None:
    _, applied = audit(read(printed_by("aicxr")))
    assert applied.set_index("check").loc["matrix", "outcome"] == "not applicable"


METRICS = pd.DataFrame(
    {
        "dataset": "d", "split": "test", "model": "m", "reference": "", "subgroup": "all",
        "metric": ["sensitivity", "specificity", "ppv"], "threshold": "0.5", "horizon_years": [None] * 3,
        "estimate": [0.8, 0.9, 0.8], "lower": [0.66, 0.82, 0.66], "upper": [0.89, 0.95, 0.89], "n": 150, "n_events": 50,
    }
)  # fmt: skip


def test_a_metrics_table_is_read_and_passes() -> None:
    findings, applied = audit(of_metrics(METRICS))
    assert findings.empty
    assert applied["compared"].sum() > 5


def test_a_forged_metric_is_found() -> None:
    forged = METRICS.assign(estimate=[0.8, 0.9, 0.87])
    assert "together" in set(audit(of_metrics(forged))[0]["check"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n", "no rows"),
        ("a,b\n1,2,3\n", "3 cells"),
        ("", "no rows"),
    ],
)
def test_a_table_that_is_none_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read(tmp_path / "t.csv")


def test_a_document_without_tables_or_with_a_short_row_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text("a: 1\n", encoding="utf-8")
    with pytest.raises(DataError, match="no list 'tables'"):
        read(path)
    path.write_text("tables: [{number: T, title: t, columns: [a, b], rows: [['1']]}]", encoding="utf-8")
    with pytest.raises(DataError, match="1 cells, the head 2"):
        read(path)
    path.write_text("tables: [{number: T, columns: [a]}]", encoding="utf-8")
    with pytest.raises(DataError, match="missing"):
        read(path)


def test_a_paper_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="no paper 'chexnet'"):
        printed_by("chexnet")


def test_semicolons_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("\ufeffModel;AUC (95% CI)\nFilm;0.90 (0.92–0.95)\n", encoding="utf-8")
    assert audit(read(tmp_path / "t.csv"))[0]["check"].tolist() == ["outside"]


def test_decimal_commas_and_commas_in_heads_are_read(tmp_path: Path) -> None:
    text = "Model;Sensitivity (%);PPV, %;AUROC [95% CI]\nCNN;69,6 (48,0–86,0);18,4;0,62 [0,70–0,85]\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    [finding] = audit(read(tmp_path / "t.csv"))[0].itertuples()
    assert (finding.check, finding.printed) == ("outside", "0.62 [0.70–0.85]")


def test_the_command_writes_what_it_found(tmp_path: Path, typed: Callable[..., tuple[int, list[str], str]]) -> None:
    code, printed, said = typed(tmp_path, "audit", "table=published/aicxr")
    assert code == 0
    run = tmp_path / printed[-1]
    assert "Inf (10.84–26.28)" in said
    assert "178,639" in set(pd.read_csv(run / "findings.csv")["printed"])
    assert "not applicable" in set(pd.read_csv(run / "checks.csv")["outcome"])
    assert typed(tmp_path, "audit", "table=nothing.csv")[0] == 3
