"""Vision on held-out frames: position error and detection, by size and occlusion."""

from typing import Any

from mindseye.tools.contracts import VisionModel, load_backend
from mindseye.tools.vision.measure import as_row, vision_figures


def vision_accuracy(
    n: int = 300, seed: int = 1_000_000, vision: VisionModel | None = None
) -> dict[str, Any]:
    """Measure how well vision reads frames of varied light, hue, table and camera.

    Args:
      n: frames of each condition.
      seed: of the frames; none of them were in training.
      vision: what reads them; by default the shipped model.

    Returns:
      Suite and conditions; `score` is the F1 of detections that are of the right class and
      within 25 mm, `median_mm` and `p90_mm` are position errors of objects whose class was found.
    """
    reader = vision or load_backend("vision", "segformer-tabletop")
    figures = vision_figures(reader, n, seed)
    return {
        "suite": "vision",
        "conditions": {name: as_row(f) for name, f in figures.items()},
        "run": "",
    }
