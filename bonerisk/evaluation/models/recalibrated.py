"""Film models recalibrated on tuning, beside the originals: what a site gains if it adapts the probabilities.

Their ranking is the same; error, calibration, thresholds and net benefit are not.
"""

from __future__ import annotations

from bonerisk.errors import DataError
from bonerisk.evaluation.metrics.calibration.recalibration import Kind
from bonerisk.evaluation.models.comparators import Compared, Comparison


def add_recalibrated(comparison: Comparison, how: Kind) -> None:
    """Add ``<film> (recalibrated)`` for each film model.

    Parameters
    ----------
    comparison : Comparison
    how : {"baseline", "slope"}
        A shift that makes as many events expected as observed, or a slope besides.
    """
    for film in comparison.films:
        name = f"{film} (recalibrated)"
        notes = [f"recalibrated on the tuning split ({how})"]
        sample = comparison.tuning_sample(film)
        maps = {}
        if not len(sample):
            notes = ["not recalibrated: the model gives no risk on tuning"]
        for horizon, fit in comparison.kind.recalibrations(sample, how).items() if len(sample) else ():
            try:
                maps[horizon] = fit()
            except DataError as error:
                at = "" if horizon is None else f" at {horizon:g} years"
                notes.append(f"not recalibrated{at}: {error.what}")
        for which in ("test", "tuning"):
            wide = getattr(comparison, which)
            risk, predicted = wide.risks[film].to_numpy(), wide.probabilities(film)
            if None in maps:
                risk = maps[None].apply(risk)
            changed = {
                horizon: maps[horizon].apply(of.to_numpy()) for horizon, of in predicted.items() if horizon in maps
            }
            setattr(comparison, which, wide.add(name, risk, changed))
        comparison.models[name] = Compared("recalibrated", film, note="; ".join(notes))
