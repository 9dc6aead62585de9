"""What `DiffusionPipeline.from_pretrained(folder, custom_pipeline=folder)` loads."""

from mindseye.tools.video.pipeline import TabletopVideoPipeline

__all__ = ["TabletopVideoPipeline"]
