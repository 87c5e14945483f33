"""What only the simulation knows of a lumbar film, in pixels of the written film and millimetres of the patient."""

from __future__ import annotations

from bonerisk.phantom.lumbar.posture import POINTS
from bonerisk.phantom.lumbar.projection import Scene
from bonerisk.phantom.people.clinic import MEASURED, SpineFilm, SpinePatient

CENTRE = "centre"  # mean of the four corners


def of_film(patient: SpinePatient, film: SpineFilm, drawn: Scene) -> dict[str, object]:
    """Return the truth of a film, ready for JSON.

    Returns
    -------
    dict
        ``points``: level (T12 to L5, S1) to point (`posture.POINTS` and ``centre``; of S1 the upper ones) to column and
        row, where the centre of the first pixel is (0, 0). ``patient_mm_per_px``: at the spine; the file's
        ImagerPixelSpacing is this times ``magnification``. ``heights_mm``: of the patient, in front, in the middle and
        behind. ``lost``: share of each that a fracture has taken. Besides: ``density`` by level, ``shown_quality``,
        ``quality``, ``t_true`` at baseline, ``linear_predictor`` of the hazard at baseline, ``fracture_years``.
    """
    shown = patient.shown(film)
    return {
        "image_id": film.image_id,
        "patient_id": patient.patient_id,
        "visit": film.number,
        "faces_right": drawn.posture.right,
        "magnification": drawn.posture.magnification,
        "patient_mm_per_px": drawn.spacing_mm,
        "transitional_l5": patient.transitional,
        "points": points(drawn),
        "heights_mm": {level: list(drawn.build.vertebrae[level].heights) for level in MEASURED},
        "deformity": {level: one.kind for level, one in shown.items()},
        "lost": {level: list(one.lost) for level, one in shown.items()},
        "density": film.density,
        "shown_quality": film.shown_quality,
        "quality": patient.quality,
        "t_true": patient.t_true,
        "linear_predictor": patient.predictor,
        "fracture_years": patient.fracture_years,
    }


def points(drawn: Scene) -> dict[str, dict[str, list[float]]]:
    """Return column and row of every point by level and name."""
    found = {}
    for level in (*MEASURED, "s1"):
        body = drawn.placed[level]
        known = dict(zip(POINTS, drawn.pixels(body.points).tolist(), strict=True))
        if level == "s1":
            known = {name: place for name, place in known.items() if name.endswith("superior")}
        else:
            known[CENTRE] = drawn.pixels(body.centre[None])[0].tolist()
        found[level] = known
    return found
