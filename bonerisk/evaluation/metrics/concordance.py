"""How well risk ranks films followed up: Harrell's and Uno's C, and the AUC at a horizon.

A pair is comparable where one film has the event and the other outlives it; at equal times a censoring is later, and
two events are not comparable. C is the share of comparable pairs in which the film with the event has the higher risk,
equal risks counting one half. Nothing is flipped.

A competing event ends the follow-up like a censoring, as in ``survival::concordance(Surv(time, status == 1) ~ risk)``:
C then says how the cause-specific hazard is ranked, among those still alive. Wolbers et al. instead keep the dead in
every later comparison, as films that never have the event. The AUC at a horizon does that, too, by the probability of
the event, and is the one to read where deaths are many.

References
----------
Harrell et al. 1996, Stat Med 15:361; Uno et al. 2011, Stat Med 30:1105; Wolbers et al. 2014, Biostatistics 15:526;
Therneau & Watson 2015, Mayo Clinic technical report 85 (the conventions of R's ``survival``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bonerisk.evaluation.metrics.catalogue import About, described
from bonerisk.evaluation.metrics.discrimination import auc
from bonerisk.evaluation.metrics.metric import Values, divide
from bonerisk.evaluation.metrics.pairs import cause_specific, lower, pairs_of
from bonerisk.evaluation.samples.followed import DrawnFollowUp

Array = np.ndarray


@described(
    About(
        "Harrell's C-index",
        "ranking",
        lower=0,
        upper=1,
        higher_is_better=True,
        meaning="C-index: how often, of two films whose order is known, the one with the earlier event got the higher "
        "risk; 0.5 is chance.",
    )
)
def c_index(drawn: DrawnFollowUp) -> Values:
    """Harrell's C: every comparable pair counts the same.

    As ``survival::concordance(reverse = TRUE)``, ``Hmisc::rcorr.cens`` and lifelines; scikit-survival takes risks
    within 1e-8 of each other as equal. Its expectation depends on the censoring: Uno's does not.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.followed import Followed
    >>> films = Followed.of(risk=[2.0, 1.5, 0.3, 0.9, -0.5], time=[1.0, 2.0, 3.0, 4.0, 5.0], status=[1, 0, 1, 2, 0])
    >>> c_index(films.drawn()).value.round(3)
    array([0.833])
    """
    films = cause_specific(drawn)
    return Values(_share(films, films.weights[:, pairs_of(films.sample).event]), "no event is outlived by another film")


@described(
    About(
        "Uno's C",
        "ranking",
        lower=0,
        upper=1,
        higher_is_better=True,
        meaning="Uno's C: the C-index of events by the horizon, weighed so that it does not depend on the censoring; "
        "0.5 is chance.",
    )
)
def uno_c(drawn: DrawnFollowUp, horizon: float) -> Values:
    """Uno's C for events up to `horizon` years: a pair counts 1/G(T−)², T being the time of its event.

    As ``survival::concordance(timewt = "n/G2", ymax = horizon, reverse = TRUE)``: an event at the horizon counts, and
    where an event and a censoring tie, the event is first, in G as well. survAUC and scikit-survival treat such ties
    otherwise, and scikit-survival leaves out an event at the horizon. On seven films, one censored with the first
    event and the last event at the horizon, survival gives 0.5088 (0.3137 for a horizon just before), survAUC 0.4129
    and scikit-survival 0.3743; without such ties all agree. A horizon beyond the last event limits nothing, and the
    last events then weigh the more the fewer films are left.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.followed import Followed
    >>> films = Followed.of(risk=[2.0, 1.5, 0.3, 0.9, -0.5], time=[1.0, 2.0, 3.0, 4.0, 5.0], status=[1, 0, 1, 2, 0])
    >>> uno_c(films.drawn(), horizon=3.5).value.round(3)
    array([0.765])
    """
    films = cause_specific(drawn)
    return Values(_share(films, inverse(films, horizon)), f"no event by {horizon:g} years is outlived by another film")


@described(
    About(
        "AUC",
        "ranking",
        lower=0,
        upper=1,
        higher_is_better=True,
        meaning="AUC at a horizon: how often a film with the event by then gets a higher probability of it than one "
        "without.",
    )
)
def auc_t(drawn: DrawnFollowUp, horizon: float) -> Values:
    """Cumulative/dynamic AUC: films with the event by `horizon` years against those without, by inverse censoring.

    Films are ranked by the predicted probability of the event by the horizon; by risk, as a note says, where the model
    gives none. The two differ where another event competes: the risk of a Cox model is its cause-specific hazard, and
    who has a high one, but dies first, has a low probability.

    As ``riskRegression::Score(metrics = "auc", cens.model = "km")`` of a ``CSC`` model and ``timeROC(weighting =
    "marginal")`` of its probabilities. Who had a competing event by then is without the event (timeROC's AUC_2).
    Without a value where the last film under observation is censored by `horizon`.

    References
    ----------
    Blanche et al. 2013, Stat Med 32:5381; Blanche, Kattan & Gerds 2019, Biostatistics 20:347 (why the probability).

    Examples
    --------
    The film of highest risk dies at a year, and was likely to; two of the three others outrank it by probability:

    >>> from bonerisk.evaluation.samples.followed import Followed
    >>> risk, predicted = [2.0, 1.5, 0.3, -0.5], {4: [0.2, 0.5, 0.4, 0.1]}
    >>> films = Followed.of(risk, time=[1.0, 2.0, 3.0, 5.0], status=[2, 1, 1, 0], predicted=predicted)
    >>> auc_t(films.drawn(), horizon=4).value, auc_t_risk(films.drawn(), horizon=4).value
    (array([1.]), array([0.5]))
    """
    graded = horizon in drawn.sample.predicted
    note = "" if graded else f"films are ranked by risk: the model gives no probability at {horizon:g} years"
    return replace(_auc(drawn, horizon, predicted=graded), note=note)


@described(
    About(
        "AUC by risk",
        "ranking",
        lower=0,
        upper=1,
        higher_is_better=True,
        if_competing=True,
        meaning="AUC by risk: the same by the risk itself, for a Cox model the hazard of the event among those still "
        "alive; it differs from the AUC where deaths are many.",
    )
)
def auc_t_risk(drawn: DrawnFollowUp, horizon: float) -> Values:
    """As `auc_t`, but always by risk: for a Cox model the linear predictor, as ``Score`` of a numeric marker.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.followed import Followed
    >>> films = Followed.of(risk=[2.0, 1.5, 0.3, 0.9, -0.5], time=[1.0, 2.0, 3.0, 4.0, 5.0], status=[1, 0, 1, 2, 0])
    >>> auc_t_risk(films.drawn(), horizon=3.5).value.round(3)
    array([0.714])
    """
    return _auc(drawn, horizon, predicted=False)


def _auc(drawn: DrawnFollowUp, horizon: float, predicted: bool) -> Values:
    value = np.where(drawn.followed_to(horizon), auc(drawn.at(horizon, predicted)).value, np.nan)
    return Values(value, f"the AUC needs films with the event by {horizon:g} years and films followed up for longer")


def inverse(films: DrawnFollowUp, horizon: float) -> Array:
    """Weights (draws, events) of Uno's C: 1/G(T−)² times the draws' own, 0 after the horizon."""
    event = pairs_of(films.sample).event
    weights = np.where(films.sample.time[event] <= horizon, films.weights[:, event], 0.0)
    return np.divide(weights, films.censoring[:, event] ** 2, out=np.zeros_like(weights), where=weights > 0)


def _share(films: DrawnFollowUp, events: Array) -> Array:
    """Concordant share (draws,) of the pairs, each counting as much as its event in `events` (draws, events)."""
    outlived = films.at_risk[:, pairs_of(films.sample).after]
    return divide(np.einsum("ij,ij->i", events, lower(films)), np.einsum("ij,ij->i", events, outlived))
