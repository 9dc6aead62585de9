"""Settings: what is given arrives, what is not known is refused."""

import inspect
from pathlib import Path

import pytest

from mindseye.planner.config import KEYS, Config, load_config, merge
from mindseye.tools.errors import BadInput


def test_later_sources_win_and_option_tables_merge(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("seed: 1\nsamples: 3\nmodel_options: {temperature: 0.5, top_p: 0.9}\n")
    config = load_config(
        file, ["seed=2", "model_options.temperature=0", "world_options.light.hue=0.1"], {"seed": 3}
    )
    assert (config.seed, config.samples) == (3, 3)
    assert config.model_options == {"temperature": 0, "top_p": 0.9}
    assert config.world_options == {"light": {"hue": 0.1}}
    assert load_config(None, (), {"seed": None}) == Config()


def test_the_json_form_is_read_back_equal() -> None:
    config = load_config(None, ["tools=physics", "budget=2.5"], {"objects": ("red cube",)})
    assert merge(Config(), config.to_json()) == config


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("sede=3", "Did you mean 'seed'"),
        ("zzz=3", "Valid: model, model_options"),
        ("seed", "key=value"),
        ("=3", "key=value"),
        ("seed=-1", "greater than or equal to 0"),
        ("seed=abc", "valid integer"),
        ("search=mtcs", "'greedy', 'beam', 'mcts' or 'cem'"),
        ("search_options.width=3", "greedy has no option 'width'; valid: none"),
        ("clips=0", "greater than or equal to 1"),
        ("budget=0", "greater than 0"),
        ("model_options=3", "valid dictionary"),
        ("model_options=[", "not YAML"),
    ],
)
def test_wrong_settings_are_one_line_that_says_what_is_right(assignment: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_config(None, [assignment])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"), [("- a\n", "key: value"), ("a: [", "not YAML"), ("sedd: 1", "'seed'")]
)
def test_wrong_files_are_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(BadInput) as caught:
        load_config(file)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_setting_is_explained() -> None:
    body = inspect.getsource(Config).partition("def to_json")[0]
    for key in KEYS:
        after = body[body.index(f"\n    {key}:") :]
        assert '"""' in after.split("\n", 3)[2], key
