"""What the transformer is told of a clip: a token is one thing over two frames.

The generator does not paint things anew, it says where each of them goes; the
latents of a clip are the ways of its things, `[B, N, T, 3]`, relative to where they
are in the anchor frame. A space-time patch follows a thing: its token holds the
thing's way in two frames (noisy, or given), what the thing is, what is near it, and
where the pusher passes by it. `LTXVideoTransformer3DModel` takes a place and a noise
level for each token, so any frames may be given and things may stand anywhere.
"""

from dataclasses import dataclass, fields

import torch

from mindseye.tools.goals import COLOURS, SHAPES, TABLE_HALF

MAX_OBJECTS = 6
THINGS = MAX_OBJECTS + 1
"""Slots of a clip: the objects, then the pusher."""
PUSHER = MAX_OBJECTS
FRAMES = 8
PATCH_T = 2
"""Frames in one token."""
GROUPS = FRAMES // PATCH_T
SUB = 6
"""Points of the pusher's path between two frames."""
PATH = SUB * (FRAMES - 1) + 1
UNIT = 0.1
"""Metres that are 1 inside the network."""
KINDS = len(COLOURS) + len(SHAPES) + 1
"""Colour, shape, whether it is the pusher: one-hot each."""
NEAREST = 3
"""Neighbours that a token is told of directly; attention tells of the others."""
REACH = 0.05
"""Spread of the mark that the lowered pusher leaves beside its path, metres."""
LOWERED = 0.09
"""Below this height the pusher touches things, metres."""
STATIC = KINDS + 3 + 2 + 9 + 5 + 3 * NEAREST + 1
TOUCH = 9
LOCAL = 4 * (PATCH_T * SUB)
DYNAMIC = 4 * PATCH_T
TIMES = 2 * PATCH_T + GROUPS
INSET = 0.06
"""How far into a third of the table its middle reaches, metres."""
GUIDES = 15
"""Ways that an answer may follow by a share of their length; see `guides`."""
OUTPUTS = 3 + GUIDES + 1
"""Numbers that the network says of each thing in each frame; the last is its doubt."""
CHANNELS = STATIC + TOUCH + 4 * PATH + LOCAL + DYNAMIC + TIMES


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """What is known of a clip before it is imagined; the batch is the first axis everywhere."""

    kinds: torch.Tensor
    """`[B, N, KINDS]` one-hot colours and shapes; all zero where a slot is empty."""
    places: torch.Tensor
    """`[B, N, 3]` where things are in the anchor frame, metres; the pusher comes last."""
    patches: torch.Tensor
    """`[B, P, 5]` ice and sticky discs: x, y, radius (metres), is ice, is sticky; else zero."""
    roles: torch.Tensor
    """`[B, N, 2]`: is what the words move; is what they move it relative to."""
    target: torch.Tensor
    """`[B, 2]` where it is pushed to, metres; NaN where that is not said."""
    path: torch.Tensor
    """`[B, PATH, 3]` where the pusher is sent, metres; NaN where that is not said."""
    seconds: torch.Tensor
    """`[B, T - 1]` between frames; NaN where that is not said."""
    known: torch.Tensor
    """`[B, N, T] bool`: whether a frame shows where the thing is; the anchor frame always does."""
    ways: torch.Tensor
    """`[B, N, T, 3]` from the place in the anchor frame, metres, where `known`; else zero."""

    @property
    def valid(self) -> torch.Tensor:
        """`[B, N] bool`: slots that hold a thing."""
        return self.kinds.any(dim=-1)

    def to(self, device: torch.device | str) -> "Told":
        """Return the same on another device."""
        return Told(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})

    def __len__(self) -> int:
        return len(self.kinds)


def join(parts: list[Told]) -> Told:
    """Return one batch of several."""
    return Told(**{f.name: torch.cat([getattr(p, f.name) for p in parts]) for f in fields(Told)})


def _neighbours(told: Told) -> torch.Tensor:
    """Return `[B, N, 3 * NEAREST]`: ways to the nearest other objects, and whether there are."""
    at, valid = told.places[..., :2], told.valid
    gaps = at[:, None, :, :] - at[:, :, None, :]
    far = gaps.norm(dim=-1)
    n = far.shape[1]
    other = valid[:, None, :] & ~torch.eye(n, dtype=torch.bool, device=far.device)
    other = other & (torch.arange(n, device=far.device) != PUSHER)
    far = far.masked_fill(~other, torch.inf)
    distance, index = far.topk(NEAREST, dim=-1, largest=False)
    there = distance.isfinite().unsqueeze(-1)
    chosen = gaps.gather(2, index[..., None].expand(-1, -1, -1, 2))
    told_of = torch.cat([(chosen / UNIT).clamp(-3, 3), torch.ones_like(distance)[..., None]], -1)
    return torch.where(there, told_of, 0.0).flatten(2)


def _ground(told: Told) -> torch.Tensor:
    """Return `[B, N, 5]`: way to the patch whose rim is nearest, its radius, and its kind."""
    at = told.places[..., None, :2]
    gap = told.patches[:, None, :, :2] - at
    there = told.patches[..., 2] > 0
    rim = gap.norm(dim=-1) - told.patches[:, None, :, 2]
    rim = rim.masked_fill(~there[:, None], torch.inf)
    index = rim.argmin(dim=-1)
    one = told.patches.gather(1, index[..., None].expand(-1, -1, 5))
    way = one[..., :2] - told.places[..., :2]
    found = torch.cat([(way / UNIT).clamp(-4, 4), one[..., 2:3] / UNIT, one[..., 3:]], dim=-1)
    return torch.where(there.any(dim=-1)[:, None, None], found, 0.0)


def _ways_to(told: Told, place: torch.Tensor) -> torch.Tensor:
    """Return `[B, N, 3]`: from each thing to `[B, 2]` metres, and whether that is known."""
    way = torch.nan_to_num(place)[:, None] - told.places[..., :2]
    way = torch.cat([(way / UNIT).clamp(-6, 6), torch.ones_like(way[..., :1])], dim=-1)
    return torch.where(place.isnan().any(dim=-1)[:, None, None], 0.0, way)


def _meant(told: Told) -> list[torch.Tensor]:
    """Return `[B, N, 3]` ways to the place pushed to, the reference object, and what is moved."""
    found = [_ways_to(told, told.target)]
    for role in (1, 0):
        index = told.roles[..., role].argmax(dim=1)
        place = told.places[torch.arange(len(index), device=index.device), index, :2]
        spoken_of = told.roles[..., role].any(dim=1)
        found.append(_ways_to(told, place.masked_fill(~spoken_of[:, None], torch.nan)))
    return found


def static_channels(told: Told) -> torch.Tensor:
    """Return `[B, N, STATIC]`: what a thing is, where it stands, what is near, what it is for."""
    place = told.places / torch.tensor([TABLE_HALF, TABLE_HALF, UNIT], device=told.places.device)
    valid = told.valid[..., None]
    parts = [told.kinds, place, told.roles, *_meant(told), _ground(told), _neighbours(told), valid]
    return torch.cat([p.to(told.places.dtype) for p in parts], dim=-1) * valid


def _passing(told: Told) -> torch.Tensor:
    """Return how the path passes each thing, `[B, N, PATH, 4]`; zero where it is not said."""
    said = ~told.path.isnan().flatten(1).any(dim=1)
    path = torch.nan_to_num(told.path)
    gap = path[:, None, :, :2] - told.places[:, :, None, :2]
    down = (path[..., 2] < LOWERED).to(gap.dtype)[:, None].expand(gap.shape[:-1])
    mark = torch.exp(-gap.square().sum(dim=-1) / (2 * REACH**2)) * down
    passing = torch.cat([(gap / (2 * UNIT)).clamp(-3, 3), down[..., None], mark[..., None]], dim=-1)
    return passing * said[:, None, None, None]


def _touch(told: Told) -> torch.Tensor:
    """Return `[B, N, TOUCH]`: ways to where the lowered pusher comes nearest, first and last."""
    path = torch.nan_to_num(told.path)
    down = (path[..., 2] < LOWERED) & ~told.path.isnan().flatten(1).any(dim=1)[:, None]
    gap = path[:, None, :, :2] - told.places[:, :, None, :2]
    far = gap.norm(dim=-1).masked_fill(~down[:, None], torch.inf)
    count = torch.arange(down.shape[1], device=down.device)
    first = torch.where(down, count, len(count)).argmin(dim=1)
    last = torch.where(down, count, -1).argmax(dim=1)
    n = gap.shape[1]
    ends = [index[:, None].expand(-1, n) for index in (first, last)]
    found = []
    for index in (far.argmin(dim=-1), *ends):
        way = gap.gather(2, index[..., None, None].expand(-1, -1, 1, 2))[:, :, 0]
        found.append((way / UNIT).clamp(-6, 6))
    near = far.amin(dim=-1, keepdim=True).clamp(max=6 * UNIT) / UNIT
    flag = torch.ones_like(near)
    touched = torch.cat([found[0], near, found[1], flag, found[2], flag], dim=-1)
    return torch.where(down.any(dim=1)[:, None, None], touched, 0.0)


def token_channels(told: Told, noisy: torch.Tensor) -> torch.Tensor:
    """Return the tokens `[B, GROUPS * N, CHANNELS]`, group by group.

    Args:
      told: what is known.
      noisy: `[B, N, T, 3]` ways in units of the network; where `told.known`, the given ones.
    """
    b, n = noisy.shape[:2]
    static = static_channels(told)
    passing = _passing(told)
    # The path that leads to a frame is its own.
    ends = torch.nn.functional.pad(passing, (0, 0, SUB - 1, 0))
    local = ends.reshape(b, n, GROUPS, PATCH_T * SUB, 4).flatten(3)
    known = told.known[..., None].to(noisy.dtype)
    dynamic = torch.cat([noisy, known], dim=-1).reshape(b, n, GROUPS, DYNAMIC)
    timed = ~told.seconds.isnan().any(dim=-1)
    logs = torch.nan_to_num(told.seconds, nan=1.0).clamp_min(1e-2).log()
    logs = torch.nn.functional.pad(logs, (1, 0)) * timed[:, None]
    flags = timed[:, None].expand(-1, FRAMES).to(logs.dtype)
    times = torch.stack([logs, flags], dim=-1).reshape(b, 1, GROUPS, 2 * PATCH_T)
    which = torch.eye(GROUPS, device=noisy.device).expand(b, n, -1, -1)
    whole = torch.cat([static, _touch(told), passing.flatten(2)], dim=-1)[:, :, None].expand(
        -1, -1, GROUPS, -1
    )
    parts = [whole, local, dynamic, times.expand(-1, n, -1, -1), which]
    tokens = torch.cat([p.to(noisy.dtype) for p in parts], dim=-1)
    return tokens.transpose(1, 2).reshape(b, GROUPS * n, -1)


def from_tokens(tokens: torch.Tensor, n: int) -> torch.Tensor:
    """Return `[B, N, T, C]` of the network's output `[B, GROUPS * N, C * PATCH_T]`."""
    b, _, c = tokens.shape
    cut = tokens.reshape(b, GROUPS, n, PATCH_T, c // PATCH_T).permute(0, 2, 1, 3, 4)
    return cut.reshape(b, n, FRAMES, c // PATCH_T)


def guides(told: Told, noisy: torch.Tensor) -> torch.Tensor:
    """Return ways that an answer may follow, `[B, N, T, GUIDES, 3]`, in units of the network.

    A network with normalised layers says a direction easily and a length hardly, but the
    length is mostly there to be copied: to the place pushed to, to the reference object, to
    where the pusher is sent and where it was lowered last, to where the next given frame shows the
    thing, back to where the past showed it, and where the noisy frame has it. Words also speak
    of the thirds of the table across and along, and of the line of the others; and a unit
    towards the reference object lets an answer keep a distance from it.
    """
    aim, beside = (_flat(w) for w in _meant(told)[:2])
    toward = beside / beside.norm(dim=-1, keepdim=True).clamp_min(1e-3)
    fixed = torch.stack([aim, beside, toward, _to_line(told), *_to_thirds(told)], dim=-2)
    at, low = _pusher_from(told)
    known = told.known[..., None]
    ways = told.ways * known / UNIT
    count = torch.arange(FRAMES, device=noisy.device)
    later = torch.where(told.known, count, FRAMES).flip(-1).cummin(dim=-1).values.flip(-1)
    there = (later < FRAMES)[..., None]
    index = later.clamp(max=FRAMES - 1)[..., None].expand(-1, -1, -1, 3)
    following = torch.where(there, ways.gather(2, index), 0.0)
    gone = torch.where(told.known & (told.ways != 0).any(dim=-1), count, FRAMES).argmin(dim=-1)
    before = ways.gather(2, gone[:, :, None, None].expand(-1, -1, FRAMES, 3))
    fixed = fixed[:, :, None].expand(-1, -1, FRAMES, -1, -1)
    return torch.cat([fixed, torch.stack([at, low, following, before, noisy], dim=3)], dim=3)


def _to_thirds(told: Told) -> list[torch.Tensor]:
    """Return six ways `[B, N, 3]` to the nearest place within each third, across then along."""
    found = []
    for axis in (0, 1):
        at = told.places[..., axis]
        for middle in (-2 * TABLE_HALF / 3, 0.0, 2 * TABLE_HALF / 3):
            way = torch.zeros_like(told.places)
            way[..., axis] = at.clamp(middle - INSET, middle + INSET) - at
            found.append(way / UNIT * told.valid[..., None])
    return found


def _to_line(told: Told) -> torch.Tensor:
    """Return `[B, N, 3]`: each thing's way to the line of the other objects, where there is one."""
    at, valid = told.places[..., :2], told.valid.to(told.places.dtype)
    n = at.shape[1]
    other = valid[:, None, :] * (1 - torch.eye(n, device=at.device))
    other = other * (torch.arange(n, device=at.device) != PUSHER)
    count = other.sum(dim=-1, keepdim=True)
    centre = (other @ at) / count.clamp_min(1.0)
    gap = (at[:, None] - centre[:, :, None]) * other[..., None]
    across, along = gap[..., 0], gap[..., 1]
    # The first principal axis of points in a plane, in closed form.
    turn = torch.atan2(2 * (across * along).sum(-1), (across**2 - along**2).sum(-1))
    normal = torch.stack([-(turn / 2).sin(), (turn / 2).cos()], dim=-1)
    way = ((centre - at) * normal).sum(dim=-1, keepdim=True) * normal
    return _flat(way / UNIT) * (count > 1) * valid[..., None]


def _flat(way: torch.Tensor) -> torch.Tensor:
    """Return `[..., 3]` ways over the table of `[..., >= 2]` (right, away)."""
    return torch.cat([way[..., :2], torch.zeros_like(way[..., :1])], dim=-1)


def _pusher_from(told: Told) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ways from each thing to where the pusher is sent by each frame, `[B, N, T, 3]`.

    And to where it was lowered last until then; zero where that is not said, or never was.
    """
    said = ~told.path.isnan().flatten(1).any(dim=1)
    path = torch.nan_to_num(told.path)
    down = path[..., 2] < LOWERED
    count = torch.arange(path.shape[1], device=path.device)
    last = torch.where(down, count, -1).cummax(dim=1).values[:, ::SUB]
    where = path.gather(1, last.clamp_min(0)[..., None].expand(-1, -1, 3))
    gaps = [p[:, None] - told.places[:, :, None] for p in (path[:, ::SUB], where)]
    at = torch.where(said[:, None, None, None], gaps[0] / UNIT, 0.0)
    low = torch.where((said[:, None] & (last >= 0))[:, None, :, None], _flat(gaps[1] / UNIT), 0.0)
    # To a thing the pusher's height says nothing of its way; to the pusher itself it does.
    rows = torch.arange(at.shape[1], device=at.device) == PUSHER
    return torch.where(rows[None, :, None, None], at, _flat(at)).clamp(-8, 8), low.clamp(-8, 8)


def token_levels(told: Told, t: torch.Tensor) -> torch.Tensor:
    """Return `[B, GROUPS * N]` noise levels: zero where all frames of a token are given.

    Args:
      told: what is known.
      t: `[B]` noise level of what is not, in [0, 1].
    """
    b, n, _ = told.known.shape
    free = ~told.known.reshape(b, n, GROUPS, PATCH_T).all(dim=-1)
    return (free.to(t.dtype) * t[:, None, None]).transpose(1, 2).reshape(b, GROUPS * n)


def token_places(told: Told) -> torch.Tensor:
    """Return `[B, 3, GROUPS * N]` (time, away, right) for the rotary embedding.

    The embedding's wavelengths then go from a centimetre to the whole table.
    """
    b, n = told.places.shape[:2]
    when = torch.arange(GROUPS, device=told.places.device) / GROUPS * 0.1
    when = when[None, :, None].expand(b, -1, n)
    at = (told.places[..., [1, 0]].clamp(-0.5, 0.5) + 0.5) * 40.0
    away, right = (at[..., i][:, None].expand(-1, GROUPS, -1) for i in (0, 1))
    return torch.stack([when, away, right], dim=1).flatten(2)
