"""What patients have besides their bones: conditions in their records and findings on their films.

Vocabulary. A *sign* is something that a patient or a film has or hasn't. It is present if a standard normal liability
lies under a limit that depends on age and sex. Part of the liability is the patient's *frailty* (standard normal, high
is frail), the rest is the sign's own. So every prevalence is exact. assumed: signs are independent given frailty, which
makes the oracles' integrals one-dimensional.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Array = npt.NDArray[Any]
Numbers = float | Array  # of one patient, or of many


@dataclass(frozen=True)
class Sign:
    """How common a sign is, and how well it is recorded.

    Parameters
    ----------
    share : float
        Prevalence in women of 60.
    per_decade, male : float
        Change of the liability's limit, in standard deviations, per ten years and for men.
    frailty : float
        How strongly frailty favours the sign: minus its correlation with the liability.
    sensitivity, specificity : float
        Of the record or report that names it.
    log_hazard : float
        Added to the logarithm of the fracture hazard.
    """

    share: float
    per_decade: float
    frailty: float
    male: float = 0.0
    sensitivity: float = 0.85
    specificity: float = 0.99
    log_hazard: float = 0.0


# assumed: prevalences, their slopes and the part of frailty, as in a hospital's adult patients; hazard ratios, round
# values within those of published cohorts. None acts through density: its effect on bone is part of its log hazard.
CONDITIONS = {
    "diabetes": Sign(0.20, 0.20, 0.15, 0.1, log_hazard=0.15),
    "hypertension": Sign(0.38, 0.35, 0.10, 0.1),
    "chronic_kidney_disease": Sign(0.08, 0.25, 0.25, 0.1, log_hazard=0.25),
    "hyperlipidaemia": Sign(0.25, 0.15, 0.0),
    "rheumatoid_arthritis": Sign(0.015, 0.05, 0.10, -0.4, log_hazard=0.35),
    "hyperparathyroidism": Sign(0.006, 0.05, 0.10, log_hazard=0.40),
    "thyrotoxicosis": Sign(0.02, -0.05, 0.0, -0.4, log_hazard=0.20),
    "cushings": Sign(0.003, 0.0, 0.10, log_hazard=0.50),
    "coeliac": Sign(0.001, 0.0, 0.0, specificity=0.9995, log_hazard=0.25),
    "steroids": Sign(0.05, 0.10, 0.20, sensitivity=0.80, log_hazard=0.60),
    "stroke": Sign(0.06, 0.35, 0.40, 0.1, log_hazard=0.20),
    "dementia": Sign(0.01, 0.60, 0.45, log_hazard=0.35),
    "parkinsons": Sign(0.008, 0.35, 0.30, log_hazard=0.35),
    "falls": Sign(0.15, 0.30, 0.45, -0.2, sensitivity=0.35, log_hazard=0.50),
}

# AI-CXR's 31 findings. assumed: prevalences; sensitivity and specificity of a routine report, high for devices.
# `fracture`, `vertebroplasty` and `osteoporosis` follow from the bones (`WEDGES`, `OSTEOPOROSIS`).
_DEVICE = {"sensitivity": 0.95, "specificity": 0.999}
FINDINGS = {
    "consolidation": Sign(0.04, 0.20, 0.40, 0.1, 0.70, 0.98),
    "pneumonia": Sign(0.03, 0.20, 0.40, 0.1, 0.60, 0.98),
    "emphysematous_change": Sign(0.03, 0.25, 0.20, 0.5, 0.60, 0.99),
    "pneumothorax": Sign(0.004, 0.0, 0.15, 0.4, 0.85, 0.999),
    "atelectasis": Sign(0.03, 0.20, 0.35, 0.0, 0.60, 0.98),
    "scalloping_of_the_diaphragm": Sign(0.02, 0.10, 0.0, 0.0, 0.50, 0.99),
    "costophrenic_angle_blunting": Sign(0.06, 0.30, 0.45, 0.1, 0.75, 0.98),
    "pleural_effusion": Sign(0.04, 0.30, 0.45, 0.1, 0.80, 0.99),
    "atherosclerosis": Sign(0.18, 0.55, 0.15, 0.1, 0.70, 0.96),
    "cardiomegaly": Sign(0.12, 0.35, 0.30, -0.1, 0.75, 0.95),
    "prominence_of_hilar_shadow": Sign(0.05, 0.15, 0.20, 0.0, 0.50, 0.97),
    "pulmonary_edema": Sign(0.015, 0.25, 0.45, 0.0, 0.70, 0.99),
    "aneurysm": Sign(0.004, 0.25, 0.05, 0.3, 0.60, 0.998),
    "degenerative_joint_disease": Sign(0.15, 0.50, 0.05, 0.0, 0.50, 0.95),
    "fracture": Sign(0.02, 0.0, 0.0, 0.0, 0.50, 0.995),
    "spondylosis": Sign(0.20, 0.50, 0.0, 0.1, 0.60, 0.95),
    "osteophyte_formation": Sign(0.15, 0.50, 0.0, 0.1, 0.50, 0.96),
    "osteoporosis": Sign(0.06, 0.0, 0.0, 0.0, 0.15, 0.995),
    "osteoarthritis": Sign(0.05, 0.40, 0.05, -0.1, 0.40, 0.98),
    "widening_of_the_mediastinum": Sign(0.03, 0.30, 0.10, 0.0, 0.50, 0.98),
    "malignancy": Sign(0.03, 0.25, 0.30, 0.1, 0.65, 0.99),
    "inflammatory": Sign(0.05, 0.15, 0.20, 0.0, 0.50, 0.97),
    "pigtail_or_drainage": Sign(0.008, 0.10, 0.50, 0.0, **_DEVICE),
    "sternotomy": Sign(0.012, 0.20, 0.25, 0.3, **_DEVICE),
    "port_a": Sign(0.02, 0.10, 0.30, 0.0, **_DEVICE),
    "perm_catheter": Sign(0.008, 0.10, 0.40, 0.0, **_DEVICE),
    "pacemaker": Sign(0.007, 0.40, 0.25, 0.1, **_DEVICE),
    "tracheostomy": Sign(0.004, 0.20, 0.60, 0.1, **_DEVICE),
    "vertebroplasty": Sign(0.003, 0.0, 0.0, 0.0, 0.85, 0.9995),
    "endotracheal_tube": Sign(0.015, 0.15, 0.60, 0.1, **_DEVICE),
    "nasogastric_tube": Sign(0.025, 0.20, 0.60, 0.1, **_DEVICE),
}
LASTING = (  # present on every later film too
    *("emphysematous_change", "scalloping_of_the_diaphragm", "atherosclerosis", "cardiomegaly", "aneurysm"),
    *("degenerative_joint_disease", "fracture", "spondylosis", "osteophyte_formation", "osteoporosis"),
    *("osteoarthritis", "widening_of_the_mediastinum", "sternotomy", "pacemaker", "vertebroplasty"),
)
# Findings that the projector draws and that do not depend on bones; `WEDGES` are drawn too.
DRAWN = (
    *("cardiomegaly", "pleural_effusion", "costophrenic_angle_blunting", "atherosclerosis", "consolidation"),
    *("emphysematous_change", "spondylosis", "sternotomy", "port_a", "pacemaker"),
    *("nasogastric_tube", "endotracheal_tube"),
)
# Drawn in screening. assumed: people at a health check have no devices or disease (AMC's set was cleaned of them).
DRAWN_AT_SCREENING = ("atherosclerosis", "spondylosis")

# Probability of a drawn sign without and with an earlier vertebral fracture. assumed: most fractures leave a wedge, a
# few get cement; some wedges come without a known fracture.
WEDGES = {"fracture": (0.02, 0.70), "vertebroplasty": (0.0005, 0.12)}
OSTEOPOROSIS = -2.5  # the finding "osteoporosis" is present if the lowest true T-score is at or below it

AP = Sign(0.10, 0.12, 0.60)  # portable films; assumed: a tenth, mostly of frail patients


class Signs:
    """A list of signs as arrays, for one patient or for many.

    Parameters
    ----------
    signs : iterable of Sign
    """

    def __init__(self, signs: Iterable[Sign]) -> None:
        listed = list(signs)
        self.limit = ndtri([sign.share for sign in listed])
        self.per_decade = np.array([sign.per_decade for sign in listed])
        self.male = np.array([sign.male for sign in listed])
        self.frailty = np.array([sign.frailty for sign in listed])
        self.own = np.sqrt(1 - self.frailty**2)
        self.sensitivity = np.array([sign.sensitivity for sign in listed])
        self.false = 1 - np.array([sign.specificity for sign in listed])
        self.log_hazard = np.array([sign.log_hazard for sign in listed])

    def limits(self, age: Numbers, male: Numbers) -> Array:
        """Return the liability's limit, shape (…, signs), at ages in years of shape (…, 1)."""
        return self.limit + self.per_decade * (age - 60) / 10 + self.male * male

    def there(self, age: float, male: bool, frailty: float, own: Array) -> Array:
        """Return which signs are present; `own` is the liability's own part, standard normal (signs,)."""
        found: Array = self.limits(age, male) + self.frailty * frailty > self.own * own
        return found

    def written(self, there: Array, uniform: Array) -> Array:
        """Return which signs a record or report names."""
        return np.where(there, uniform < self.sensitivity, uniform < self.false)

    def chance(self, limits: Array, frailty: Array) -> Array:
        """Return the probability of each sign, given frailty (shapes broadcast)."""
        return np.asarray(ndtr((limits + self.frailty * frailty) / self.own))
