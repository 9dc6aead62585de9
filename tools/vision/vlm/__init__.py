"""Vision-language models as the vision model."""
