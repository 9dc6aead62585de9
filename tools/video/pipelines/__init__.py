"""Large pretrained pipelines of `diffusers` as video generators."""
