"""The models of a config: loaded when first needed, once, for whoever shares them."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from langchain_core.language_models import BaseChatModel

from mindseye.planner.agent import Agent, load_tool, set_threads
from mindseye.planner.ask.session import load_model
from mindseye.planner.config import Config
from mindseye.planner.context import Mind
from mindseye.planner.language.mind import LanguageMind
from mindseye.planner.picture import Eye
from mindseye.tools.contracts import PhysicsEngine, VideoGenerator, VisionModel

Model = TypeVar("Model")


class Models:
    """Loads what a config names; a back-end that fails to load is tried again next time."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._loaded: dict[str, Any] = {}
        self._locks = {
            k: threading.Lock() for k in ("language", "questions", "vision", "physics", "video")
        }

    def _once(self, kind: str, load: Callable[[], Model]) -> Model:
        # A lock for each, so that `look` does not wait until the language model is there.
        with self._locks[kind]:
            if kind not in self._loaded:
                set_threads(self.config.threads)
                self._loaded[kind] = load()
            return cast(Model, self._loaded[kind])

    @property
    def mind(self) -> LanguageMind:
        """The language model."""
        return self._once("language", lambda: LanguageMind.from_config(self.config))

    @property
    def answerer(self) -> BaseChatModel:
        """The language model for questions that are not about a table."""
        return self._once("questions", lambda: load_model(self.config))

    @property
    def vision(self) -> VisionModel:
        """What reads frames."""
        return self._once("vision", lambda: cast(VisionModel, load_tool(self.config, "vision")))

    @property
    def physics(self) -> PhysicsEngine:
        """What simulates."""
        return self._once("physics", lambda: cast(PhysicsEngine, load_tool(self.config, "physics")))

    @property
    def video(self) -> VideoGenerator:
        """What imagines."""
        return self._once("video", lambda: cast(VideoGenerator, load_tool(self.config, "video")))

    def agent(self, config: Config, mind: Mind | None = None) -> Agent:
        """Return an agent of these models, with the tools that `config` allows it.

        Args:
          config: its settings.
          mind: stands where the language model stands; None takes the language model.
        """
        eye = Eye(
            vision=self.vision,
            physics=self.physics if config.tools in ("physics", "both") else None,
            video=self.video if config.tools in ("video", "both") else None,
            samples=config.samples,
        )
        return Agent(config, mind or self.mind, eye, load_tool(config, "decoder"))
