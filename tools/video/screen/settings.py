"""How the generator of screens is trained: its settings."""

from dataclasses import dataclass

from mindseye.tools.video.training import VideoTraining


@dataclass(frozen=True, kw_only=True)
class ScreenTraining(VideoTraining):
    """Settings of a training run; each is a key of the YAML file that `--config` names.

    A network for each game: what it costs to play grows with the network, and four small ones,
    each as good at its own game, cost no more to keep than one that is four times as large.
    """

    width: int = 144
    layers: int = 5
    batch: int = 32
    """Windows a step."""
    codec_width: int = 64
    codec_share: float = 0.25
    """Share of the time that the codec learns; the rest is the transformer's."""
    codec_batch: int = 6
    """Pairs of frames a step: many small steps teach a convolution sooner than few large ones."""
    codec_rate: float = 0.002
    """Highest learning rate of the codec under AdamW."""
    frames: int = 100_000
    """Frames that are read at most, which bounds the memory: 17 kB each."""
    held_out_share: float = 0.1
    """Share of episodes that are not trained on: the last ones."""
    tested: int = 96
    """Held-out moments at which the next action is asked for, and frames that are coded."""
    shorter: float = 0.5
    """Share of batches whose windows are shorter than they may be, which cost less: a length is
    drawn the rarer the longer it is."""
    context: int = 6
    """Known frames that a window begins with, at most. What was done shows in how things move:
    where an action goes on for long, a network that sees several frames learns to go on, too,
    and not where to (copycats: Wen et al., 2020). Then 1 is better."""
    keys_kept: float = 0.5
    keys_away: float = 0.25
    """Shares of windows whose known frames show the keys as they were, and none; else any."""
    steps: int = 2
    """Of sampling, in tests and in play. A game in which anything may be done next takes more:
    two steps show a keyboard with no key clearly down."""
    threads: int = 1
    compile: bool | None = False
    """Windows differ in length, and each length is compiled anew."""
