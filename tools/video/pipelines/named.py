"""Pipelines by short name: which weights of the hub, loaded as what, at which size.

Each takes the settings of `DiffusersVideo`, which overrule what stands here: `model` to take a
folder on this machine, `size`, `frames`, `offload`.
"""

from functools import partial

from mindseye.tools.video.pipelines.generator import DiffusersVideo

ltx_video = partial(
    DiffusersVideo, model="Lightricks/LTX-Video-0.9.5", kind="LTXConditionPipeline", size=512,
    frames=49,
)  # fmt: skip
"""2 B parameters; words, first, last and other frames."""
wan_text = partial(
    DiffusersVideo, model="Wan-AI/Wan2.1-T2V-1.3B-Diffusers", size=(480, 832), frames=49
)
"""1.3 B parameters; words alone."""
wan_image = partial(
    DiffusersVideo, model="Wan-AI/Wan2.2-TI2V-5B-Diffusers", kind="WanImageToVideoPipeline",
    size=(704, 1280), frames=49, fps=24.0,
)  # fmt: skip
"""5 B parameters; words and a first frame."""
wan_first_last = partial(
    DiffusersVideo, model="Wan-AI/Wan2.1-FLF2V-14B-720P-diffusers", size=(480, 832), frames=49
)
"""14 B parameters; words, first and last frame."""
cogvideox_text = partial(DiffusersVideo, model="zai-org/CogVideoX-2b", size=(480, 720))
"""2 B parameters; words alone."""
cogvideox_image = partial(DiffusersVideo, model="zai-org/CogVideoX-5b-I2V", size=(480, 720))
"""5 B parameters; words and a first frame."""
stable_video = partial(
    DiffusersVideo, model="stabilityai/stable-video-diffusion-img2vid-xt", size=(576, 1024),
    variant="fp16",
)  # fmt: skip
"""1.5 B parameters; a first frame, no words."""
