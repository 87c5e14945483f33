"""`bonerisk pseudolabel`: labels for films without one, from a trained model that is sure of them."""

from __future__ import annotations

from pathlib import Path

from bonerisk.cohort.recorded import log_counts, record_source, write_cohort
from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.models import known_films, proxy_labels
from bonerisk.models.components import check_contracts, component
from bonerisk.models.several import note_inputs
from bonerisk.parts import Dataset


def pseudolabel(order: Order) -> Path:
    """Write the films that reach a class's cut-off, with that class; and how far the teacher's confidence is true.

    The teacher's cohort is looked at to refuse its patients and copies of its films, whatever their split. Of its
    labels, those of the tuning split alone are read.
    """
    config, data = order.config, Path(order.config.paths.data)
    teacher = proxy_labels.teacher_of(config.run, Path(config.paths.outputs))
    cutoffs = proxy_labels.cutoffs_of(config.cutoffs, teacher.target)
    with run_folder(order, order.choices["dataset"]) as run:
        check_contracts(config)
        note_inputs([teacher], run)
        loaded = record_source(component(config.dataset, Dataset, "dataset").load(data), run)
        cohort = proxy_labels.without_label(loaded)
        known = known_films.refuse_patients(cohort, teacher, data)
        rows = teacher.predictable(cohort, data, run)
        known_films.refuse_copies(rows, teacher.predictable(known, data), data, run)
        reliability = proxy_labels.judged(teacher, cutoffs, run)
        with run.writes("reliability", "reliability.csv") as path:
            reliability.to_csv(path, index=False)
        probability = proxy_labels.probabilities(teacher.predict(rows), teacher.target)
        cohort = proxy_labels.labelled(rows.cohort, probability, cutoffs, run)
        proxy_labels.note_again(cohort, teacher, run)
        write_cohort(cohort, run)
        log_counts(cohort)
    return run.folder
