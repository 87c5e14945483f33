"""What each patient adds to an estimate (infinitesimal jackknife): Σ influence² estimates its variance.

The influence of a film is the derivative of the statistic by the film's weight; that of a patient is the sum over the
patient's films, which makes the variance one of independent patients. The variance of a paired difference is that of
the influences' difference. Influences are (patients,), in the columns of the draws; None if the statistic has no
value, or too few patients for a variance.

References
----------
Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 21; DeLong et al. 1988, Biometrics 44:837; Obuchowski
1997, Biometrics 53:567 (films within patients); Therneau & Watson 2015, Mayo Clinic technical report 85.
"""

from __future__ import annotations

import numpy as np

from bonerisk.evaluation.metrics import concordance
from bonerisk.evaluation.metrics.pairs import cause_specific, lower, pairs_of
from bonerisk.evaluation.samples.followed import DrawnFollowUp, Followed
from bonerisk.evaluation.samples.sample import Sample

Array = np.ndarray


def auc(sample: Sample, n_patients: int) -> Array | None:
    """Influence on the AUC, with DeLong's small-sample factors.

    With one film each, Σ influence² is DeLong's variance exactly, and that of a difference DeLong's for paired curves
    (``pROC::roc.test(method = "delong", paired = TRUE)``). With several, it is Obuchowski's, I/(I − 1) of its
    covariance term replaced by √(I₁/(I₁ − 1) · I₀/(I₀ − 1)), where I₁, I₀ and I count the patients with a film with
    the outcome, with one without, and all: the same where every patient has both.

    Parameters
    ----------
    sample : Sample
    n_patients : int
        Columns of the draws.

    Examples
    --------
    The standard error of an AUC by DeLong:

    >>> from bonerisk.evaluation.samples.sample import Sample
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> float(np.sqrt(np.sum(auc(sample, 6) ** 2)).round(3))
    0.157
    """
    if min(sample.patients_with(1), sample.patients_with(0)) < 2:
        return None
    tp, fp = (row[0] for row in sample.drawn().cumulated)
    step = np.searchsorted(sample.last_of_ties, np.arange(len(sample)))
    higher_cases, higher_controls = ((sums[step] + sums[step + 1]) / 2 for sums in (tp, fp))  # equal risk: one half
    case = sample.label == 1
    placement = np.where(case, 1 - higher_controls / fp[-1], higher_cases / tp[-1])
    share = np.where(case, _small(sample, 1) / tp[-1], _small(sample, 0) / fp[-1])
    return _by_patient((placement - placement[case].mean()) * share, sample.patient, n_patients)


def c_index(films: Followed, n_patients: int) -> Array | None:
    """Influence on Harrell's C, as ``dfbeta`` of ``survival::concordance(cluster = patient, influence = 1)``.

    Parameters
    ----------
    films : Followed
    n_patients : int
        Columns of the draws.
    """
    drawn = cause_specific(films.drawn())
    return _of_pairs(drawn, np.ones(len(pairs_of(drawn.sample).event)), n_patients)


def uno_c(films: Followed, horizon: float, n_patients: int) -> Array | None:
    """Influence on Uno's C up to `horizon` years; G is taken as known, as ``survival::concordance`` does.

    The bootstrap estimates G anew in each draw; on 600 to 1,500 simulated patients the two standard errors agree to
    1.5 %.

    Parameters
    ----------
    films : Followed
    horizon : float
    n_patients : int
        Columns of the draws.
    """
    drawn = cause_specific(films.drawn())
    return _of_pairs(drawn, concordance.inverse(drawn, horizon)[0], n_patients)


def _of_pairs(drawn: DrawnFollowUp, weights: Array, n_patients: int) -> Array | None:
    """(Concordant − C · comparable pairs of a film) / all pairs, a pair counting as much as its event in `weights`."""
    films, pairs = drawn.sample, pairs_of(drawn.sample)
    outlived = len(films) - pairs.after
    total = weights @ outlived
    if total == 0:
        return None
    concordant = pairs.higher(weights, len(films))
    comparable = np.cumsum(np.bincount(pairs.after, weights, len(films) + 1))[:-1]
    concordant[pairs.event] += weights * lower(drawn)[0]
    comparable[pairs.event] += weights * outlived
    share = weights @ lower(drawn)[0] / total
    return _by_patient((concordant - share * comparable) / total, films.patient, n_patients)


def _small(sample: Sample, label: int) -> float:
    """√(m / (m − 1)) of the m patients who have a film with that label."""
    patients = sample.patients_with(label)
    return float(np.sqrt(patients / (patients - 1)))


def _by_patient(influence: Array, patient: Array, n_patients: int) -> Array:
    return np.bincount(patient, influence, n_patients)
