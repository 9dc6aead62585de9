"""Video pipelines of the real classes, tiny and randomly initialised: they test the path only."""

import string
from collections.abc import Callable
from typing import Any

import diffusers as d
import torch
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    CLIPVisionModel,
    CLIPVisionModelWithProjection,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
    UMT5Config,
    UMT5EncoderModel,
)

_LETTERS = [(f"▁{c}", -2.0) for c in string.ascii_lowercase]
_LETTERS += [(c, -1.0) for c in ("▁", *string.ascii_lowercase)]


def _reader(config: type[Any] = T5Config, encoder: type[Any] = T5EncoderModel) -> dict[str, Any]:
    """Return a text encoder of width 32 that spells."""
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *_LETTERS]
    small = config(vocab_size=160, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4)
    tokenizer = T5Tokenizer(vocab=vocab, extra_ids=4)
    return {"text_encoder": encoder(small).eval(), "tokenizer": tokenizer}


def _viewer(kind: type[Any], width: int, side: int) -> Any:
    config = CLIPVisionConfig(
        hidden_size=width, projection_dim=width, num_hidden_layers=2, num_attention_heads=2,
        image_size=side, intermediate_size=16, patch_size=side // 4,
    )  # fmt: skip
    return kind(config).eval()


def _ltx(kind: type[Any]) -> Any:
    vae = d.AutoencoderKLLTXVideo(
        latent_channels=8, block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8),
        layers_per_block=(1, 1, 1, 1, 1), decoder_layers_per_block=(1, 1, 1, 1, 1),
        spatio_temporal_scaling=(True, True, True, False),
        decoder_spatio_temporal_scaling=(True, True, True, False),
        decoder_inject_noise=(False,) * 5, upsample_residual=(False,) * 4,
        upsample_factor=(1, 1, 1, 1), timestep_conditioning=False, patch_size=4, patch_size_t=1,
        encoder_causal=True, decoder_causal=False,
    )  # fmt: skip
    transformer = d.LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, num_attention_heads=4, attention_head_dim=8,
        cross_attention_dim=32, num_layers=1, caption_channels=32,
    )  # fmt: skip
    scheduler = d.FlowMatchEulerDiscreteScheduler()
    return kind(scheduler=scheduler, vae=vae, transformer=transformer, **_reader())


def _wan_parts(channels: int, **more: Any) -> dict[str, Any]:
    vae = d.AutoencoderKLWan(
        base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
        temperal_downsample=[False, True, True],
    )  # fmt: skip
    transformer = d.WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=channels,
        out_channels=16, text_dim=32, freq_dim=256, ffn_dim=32, num_layers=2, cross_attn_norm=True,
        qk_norm="rms_norm_across_heads", rope_max_seq_len=32, **more,
    )  # fmt: skip
    scheduler = d.FlowMatchEulerDiscreteScheduler(shift=7.0)
    reader = _reader(UMT5Config, UMT5EncoderModel)
    return {"vae": vae, "transformer": transformer, "scheduler": scheduler, **reader}


def wan_image(seen: int = 0) -> Any:
    """Return an image-to-video pipeline: of Wan 2.2, or of 2.1 which looks at one or two pictures.

    Args:
      seen: pictures that its image encoder looks at; 0 for none, as in Wan 2.2.
    """
    if not seen:
        return d.WanImageToVideoPipeline(**_wan_parts(36))
    places = 2 * 17 if seen == 2 else None
    return d.WanImageToVideoPipeline(
        **_wan_parts(36, image_dim=4, pos_embed_seq_len=places),
        image_encoder=_viewer(CLIPVisionModel, 4, 32),
        image_processor=CLIPImageProcessor(crop_size=32, size=32),
    )  # fmt: skip


def _cog(kind: type[Any], channels: int) -> Any:
    vae = d.AutoencoderKLCogVideoX(
        down_block_types=("CogVideoXDownBlock3D",) * 4, up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8), latent_channels=4, layers_per_block=1, norm_num_groups=2,
        temporal_compression_ratio=4,
    )  # fmt: skip
    transformer = d.CogVideoXTransformer3DModel(
        num_attention_heads=2, attention_head_dim=16, in_channels=channels, out_channels=4,
        time_embed_dim=2, text_embed_dim=32, num_layers=1, sample_width=8, sample_height=8,
        sample_frames=9, patch_size=2, temporal_compression_ratio=4, max_text_seq_length=226,
        use_rotary_positional_embeddings=True,
    )  # fmt: skip
    return kind(scheduler=d.DDIMScheduler(), vae=vae, transformer=transformer, **_reader())


def _svd() -> Any:
    unet = d.UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64), layers_per_block=1, sample_size=32, in_channels=8,
        out_channels=4, down_block_types=("CrossAttnDownBlockSpatioTemporal",
                                          "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=32, num_attention_heads=8, projection_class_embeddings_input_dim=96,
        addition_time_embed_dim=32,
    )  # fmt: skip
    scheduler = d.EulerDiscreteScheduler(
        interpolation_type="linear", prediction_type="v_prediction", sigma_max=700.0,
        sigma_min=0.002, timestep_type="continuous", use_karras_sigmas=True,
    )  # fmt: skip
    vae = d.AutoencoderKLTemporalDecoder(
        block_out_channels=[32, 64], down_block_types=["DownEncoderBlock2D"] * 2, latent_channels=4
    )
    return d.StableVideoDiffusionPipeline(
        vae=vae, unet=unet, scheduler=scheduler,
        image_encoder=_viewer(CLIPVisionModelWithProjection, 32, 224),
        feature_extractor=CLIPImageProcessor(crop_size=32, size=32),
    )  # fmt: skip


MAKERS: dict[str, Callable[[], Any]] = {
    "LTXPipeline": lambda: _ltx(d.LTXPipeline),
    "LTXImageToVideoPipeline": lambda: _ltx(d.LTXImageToVideoPipeline),
    "LTXConditionPipeline": lambda: _ltx(d.LTXConditionPipeline),
    "WanPipeline": lambda: d.WanPipeline(**_wan_parts(16)),
    "WanImageToVideoPipeline": lambda: wan_image(),
    "CogVideoXPipeline": lambda: _cog(d.CogVideoXPipeline, 4),
    "CogVideoXImageToVideoPipeline": lambda: _cog(d.CogVideoXImageToVideoPipeline, 8),
    "StableVideoDiffusionPipeline": _svd,
}
"""Class of `diffusers` -> what makes one."""


def tiny(kind: str) -> Any:
    """Return a tiny pipeline of a class, the same each time."""
    state = torch.get_rng_state()
    torch.manual_seed(0)
    try:
        return MAKERS[kind]()
    finally:
        torch.set_rng_state(state)
