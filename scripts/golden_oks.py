"""Write tests/golden/oks.json: COCO's own average precision and OKS of random keypoints.

Usage: python scripts/golden_oks.py       pycocotools must be importable; the tests do not need it
"""

import contextlib
import io
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "oks.json"
POINTS, SIGMA = 5, 0.05


def case(seed: int, images: int, most: int, ties: bool) -> dict[str, object]:
    """Random annotations and detections, and what pycocotools makes of them."""
    rng = np.random.default_rng(seed)
    annotations: list[dict[str, object]] = []
    detections: list[dict[str, object]] = []
    for image in range(1, images + 1):
        for _ in range(rng.integers(1, most + 1)):
            start, step = rng.uniform(100, 900, 2), rng.uniform([-40, 60], [40, 160])
            true = start + np.arange(POINTS)[:, None] * step + rng.normal(0, 5, (POINTS, 2))
            seen = rng.choice([0, 1, 2], POINTS, p=[0.1, 0.2, 0.7])
            seen[0] = 2
            scale = 0.5 * np.linalg.norm(true[-1] - true[0])
            annotations.append({
                "id": len(annotations) + 1, "image_id": image, "category_id": 1, "iscrowd": 0, "ignore": 0,
                "num_keypoints": int((seen > 0).sum()), "area": float(scale**2), "bbox": [0, 0, 1, 1],
                "keypoints": np.column_stack([true, seen]).ravel().tolist(),
            })  # fmt: skip
            for _ in range(rng.choice([0, 1, 1, 1, 2])):
                found = true + rng.normal(0, rng.choice([2, 10, 20, 40]), (POINTS, 2))
                score = float(rng.uniform())
                detections.append({
                    "image_id": image, "category_id": 1, "score": round(score, 1) if ties else score,
                    "keypoints": np.column_stack([found, np.ones(POINTS)]).ravel().tolist(),
                })  # fmt: skip
    truth = {"images": [{"id": image} for image in range(1, images + 1)], "annotations": annotations}
    truth["categories"] = [{"id": 1, "name": "spine"}]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        found = COCOeval(coco, coco.loadRes([dict(one) for one in detections]), "keypoints")
        found.params.kpt_oks_sigmas = np.full(POINTS, SIGMA)
        found.params.areaRng, found.params.areaRngLbl = [[0, 1e10]], ["all"]
        found.evaluate()
        found.accumulate()
    ap = found.eval["precision"][:, :, 0, 0, 0].mean(1).tolist()
    oks = {str(image): np.asarray(found.ious[image, 1]).tolist() for image in range(1, images + 1)}
    keep = ("image_id", "score", "keypoints", "area")
    shorter = [[{key: one[key] for key in keep if key in one} for one in of] for of in (annotations, detections)]
    return {"annotations": shorter[0], "detections": shorter[1], "ap": ap, "oks": oks}


def main() -> None:
    """Write the cases, with their origin."""
    origin = {"made by": "scripts/golden_oks.py", "pycocotools": version("pycocotools"), "numpy": np.__version__}
    cases = {"one": case(0, 12, 1, False), "several": case(1, 8, 3, False), "ties": case(2, 12, 2, True)}
    rounded = json.loads(json.dumps(cases), parse_float=lambda text: round(float(text), 12))
    GOLDEN.write_text(json.dumps({"origin": origin | {"sigma": SIGMA}, "cases": rounded}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
