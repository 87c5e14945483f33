"""The sites of OsPenScreen's Table 1: who comes to each, by sex, age and DXA class, and which X-ray systems it has.

The names are ours, since nobody here is a patient of those hospitals. People of a site are chosen by the class of their
lowest reading, as the paper's sets were, so that a site's ages, too, follow in part from its classes.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass

KIND = "ospenscreen"
BLOCK = 1_000_000  # patients of a site: the first number of the next site's

CLASSES = ("normal", "mild", "moderate", "advanced", "osteoporosis")
LIMITS = (1.05, 1.45, 1.95, 2.45)  # of minus a reading of one decimal, between `CLASSES`


@dataclass(frozen=True)
class Site:
    """One set of the paper's.

    Parameters
    ----------
    letter : str
        Begins its patients' numbers.
    women : float
        Share of women.
    ages : mapping
        By sex, mean and SD in years of a gamma distribution from 50 on, before anybody is chosen by class.
    oldest : float
        Age at which it is cut.
    classes : mapping
        By sex, how many of each of `CLASSES`, as counts or percentages.
    systems : mapping
        Key of `detector.SYSTEMS` → share of films.
    tells : {"t_score", "class", "nothing"}
        What the site hands over of a DXA.
    """

    letter: str
    women: float
    ages: Mapping[str, tuple[float, float]]
    oldest: float
    classes: Mapping[str, tuple[float, ...]]
    systems: Mapping[str, float]
    tells: str = "t_score"

    def system(self, place: float) -> str:
        """The X-ray system of a film, from a number drawn evenly between 0 and 1."""
        for name, share in self.systems.items():
            place -= share
            if place < 0:
                return name
        return name

    def shares(self, sex: str) -> list[float]:
        """Share of each of `CLASSES` among patients of a sex."""
        counts = self.classes[sex]
        return [count / sum(counts) for count in counts]


# Women, ages, classes and manufacturers are Table 1's; osteoporosis is left out there, and follows from the counts of
# excluded films in the text (assumed: its split by sex). AMC's mean age is less than people of 50 and over can have
# with that SD, so the SD is smaller. assumed: three even severities where the paper has no T-scores (veterans, abroad),
# and among women and men of NIH and CheXpert the classes that its model gave them.
SITES: dict[str, Site] = {
    "screening": Site(  # AMC, training, tuning and internal test: 2,732 films with osteoporosis left out
        "A",
        0.527,
        {"F": (53.4, 3.9), "M": (57.0, 7.1)},
        90,
        {"F": (50.6, 19.1, 17.2, 13.1, 8.0), "M": (75.3, 11.4, 8.9, 4.4, 2.0)},
        {"site_a": 1.0},
    ),
    "clinic": Site(  # AMC external: the osteoporosis clinic, 318 of 749 left out; 93.57 % of films by one manufacturer
        "C",
        0.879,
        {"F": (56.7, 6.2), "M": (58.9, 7.1)},
        90,
        {"F": (348, 30, 121, 179, 280), "M": (45, 5, 21, 22, 38)},
        {"site_a": 0.936, "site_c": 0.050, "site_b": 0.014},
    ),
    "town": Site(  # SCH: one manufacturer, another than AMC's; 205 left out
        "T",
        0.544,
        {"F": (59.5, 7.6), "M": (59.5, 7.7)},
        87,
        {"F": (867, 317, 285, 234, 165), "M": (1068, 172, 122, 68, 40)},
        {"site_c": 1.0},
    ),
    "veterans": Site(  # VHSMC: old, mostly men; 233 left out
        "V",
        0.356,
        {"F": (70.5, 7.6), "M": (74.0, 5.0)},
        98,
        {"F": (47, 68, 68, 68, 167), "M": (225, 77, 76, 76, 66)},
        {"site_d": 0.503, "site_a": 0.418, "site_c": 0.079},
        "class",
    ),
    "abroad": Site(  # GH: many manufacturers; 200 of 987 left out
        "G",
        0.956,
        {"F": (67.5, 9.4), "M": (69.5, 8.4)},
        98,
        {"F": (229, 175, 174, 174, 191), "M": (11, 8, 8, 8, 9)},
        {"site_e": 0.318, "site_b": 0.230, "site_c": 0.169, "site_d": 0.150, "site_a": 0.133},
        "class",
    ),
    "unlabelled": Site(  # NIH and CheXpert: no DXA, other systems
        "U",
        0.404,
        {"F": (62.5, 9.1), "M": (63.0, 8.9)},
        98,
        {"F": (32.8, 25, 23, 19.2, 10), "M": (71.5, 12, 9, 7.5, 4)},
        {"site_b": 0.4, "site_e": 0.35, "site_a": 0.25},
        "nothing",
    ),
}


def site_of(index: int) -> str:
    """Name of the site to which the patient of a number comes."""
    return list(SITES)[index // BLOCK]


def numbers(site: str, patients: int, first: int = 0) -> range:
    """Numbers of so many patients of a site, from its `first` on."""
    start = list(SITES).index(site) * BLOCK + first
    return range(start, start + patients)


def class_of(lowest: float) -> str:
    """One of `CLASSES`, of the lowest reading of a DXA."""
    return CLASSES[bisect(LIMITS, -lowest)]
