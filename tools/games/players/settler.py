"""The scripted player of `crafter`."""

import heapq
from collections.abc import Callable, Iterator
from typing import Any, final

import numpy as np

from mindseye.tools.errors import BadInput
from mindseye.tools.games.game import Game
from mindseye.tools.games.survival import SPEC, Survival
from mindseye.tools.values import Frames

Cell = tuple[int, int]
"""Column and row."""
Fits = Callable[[Any, Any], bool]
"""Of the material of a cell and what stands on it."""

SIDES: dict[Cell, str] = {
    (-1, 0): "move_left", (1, 0): "move_right", (0, -1): "move_up", (0, 1): "move_down",
}  # fmt: skip
FAR = 40
"""Cost of a way beyond which nothing is looked for; a step costs 1, a stone in it 2 more."""
NEAR = 12
"""A table so many steps away is gone to, else another is built."""
LOW = 3
"""Drink or food so low is seen to at once; the most is 9."""
WEARY = 3
"""Energy so low is seen to at once."""
LADDER = (
    "collect_wood", "place_table", "make_wood_pickaxe", "make_wood_sword", "collect_sapling",
    "place_plant", "eat_cow", "collect_drink", "collect_stone", "place_stone", "make_stone_pickaxe",
    "make_stone_sword", "collect_coal", "place_furnace", "wake_up", "collect_iron",
    "make_iron_pickaxe", "make_iron_sword", "collect_diamond", "defeat_zombie",
    "defeat_skeleton", "eat_plant",
)  # fmt: skip
"""What is wanted when nothing else is, in this order."""
SOURCE = {
    "wood": "tree", "stone": "stone", "coal": "coal", "iron": "iron", "diamond": "diamond",
    "drink": "water", "sapling": "grass",
}  # fmt: skip
"""Item -> material that gives it."""
CREATURE = {"eat_cow": "Cow", "defeat_zombie": "Zombie", "defeat_skeleton": "Skeleton",
            "eat_plant": "Plant"}  # fmt: skip


def _is(wanted: str) -> Fits:
    return lambda material, held: material == wanted and held is None


@final
class Settler:
    """Does what its goal says, then what else there is to do, and stays alive.

    What is wanted is traced back to what it takes (a stone pickaxe to a table nearby, wood and
    stone; stone to a wooden pickaxe; ...) by Crafter's own table of recipes, until something can
    be done at once. It fights zombies beside it, drinks, eats and sleeps in time, and digs
    through stone where that is the shortest way. It builds no shelter: most of its episodes end
    with a zombie that finds it asleep. It knows the map beyond what is in sight.
    """

    def begin(self, game: Game, seed: int) -> None:
        """See `Player.begin`."""
        if not isinstance(game, Survival):
            raise BadInput(f"this player plays crafter, not {game.spec_of.name}")
        from crafter import constants

        self._recipes = constants
        self._world, self._me = game.world._world, game.world._player
        self._rng = np.random.default_rng([seed, 3])
        self._goal = game.goal.fact

    def act(self, frame: Frames) -> int:
        """See `Player.act`."""
        return SPEC.keys.index(self._key())

    def _key(self) -> str:
        if self._me.sleeping:
            return "sleep"
        for wanted in self._wants():
            if key := self._pursue(wanted, ()):
                return key
        return str(self._rng.choice(list(SIDES.values())))

    def _wants(self) -> Iterator[str]:
        """Yield what is wanted, the most urgent first."""
        if any(type(self._at(side)[1]).__name__ == "Zombie" for side in SIDES):
            yield "defeat_zombie"
        have, done = self._me.inventory, self._me.achievements
        if have["drink"] <= LOW:
            yield "collect_drink"
        if have["food"] <= LOW:
            yield "eat_cow"
        if have["energy"] <= WEARY:
            yield "wake_up"
        yield from (n for n in (self._goal, *LADDER) if not done[n])

    def _pursue(self, name: str, above: tuple[str, ...]) -> str | None:
        """Return the next key towards an achievement, or None where there is no way."""
        if name in above:
            return None
        verb, _, thing = name.partition("_")
        if name in CREATURE:
            return self._use(lambda _, held: type(held).__name__ == CREATURE[name])
        if verb == "collect":
            return self._collect(name, thing, above)
        if verb == "place":
            return self._place(name, thing, above)
        if verb == "make":
            return self._make(name, thing, above)
        return "sleep" if self._me.inventory["energy"] < 9 else None

    def _lacking(self, needed: dict[str, int], above: tuple[str, ...]) -> str | None:
        """Return a key towards the first thing that is lacking, "" where nothing is."""
        for item, many in needed.items():
            if self._me.inventory[item] < many:
                by = f"collect_{item}" if item in SOURCE else f"make_{item}"
                return self._pursue(by, above)
        return ""

    def _collect(self, name: str, item: str, above: tuple[str, ...]) -> str | None:
        tool = self._lacking(self._recipes.collect[SOURCE[item]]["require"], (*above, name))
        if tool != "":
            return tool
        return self._use(_is(SOURCE[item]))

    def _place(self, name: str, thing: str, above: tuple[str, ...]) -> str | None:
        recipe = self._recipes.place[thing]
        missing = self._lacking(recipe["uses"], (*above, name))
        if missing != "":
            return missing
        material, held = self._at(tuple(self._me.facing))
        # A stone is no use in the way; grass, sand and water are good places for it.
        if held is None and material in recipe["where"]:
            return name
        return self._turn(lambda m, h: h is None and m in recipe["where"])

    def _make(self, name: str, thing: str, above: tuple[str, ...]) -> str | None:
        recipe = self._recipes.make[thing]
        missing = self._lacking(recipe["uses"], (*above, name))
        if missing != "":
            return missing
        around, _ = self._world.nearby(self._me.pos, 1)
        for bench in recipe["nearby"]:
            if bench not in around:
                there = self._use(_is(bench), NEAR)
                return there or self._pursue(f"place_{bench}", (*above, name))
        return name

    def _turn(self, fits: Fits) -> str | None:
        """Return the key that faces something that fits, or makes a step where nothing does."""
        for side, key in SIDES.items():
            if fits(*self._at(side)):
                return key
        return self._use(fits)

    def _at(self, side: Cell) -> tuple[Any, Any]:
        """Return material and creature of a cell beside the player."""
        material, held = self._world[self._me.pos + np.array(side)]
        return material, held

    def _use(self, fits: Fits, far: int = FAR) -> str | None:
        """Return the next key to use the nearest thing that fits, or None where there is none.

        Dijkstra's way over free cells, and through stone where a pickaxe is there.
        """
        start: Cell = (int(self._me.pos[0]), int(self._me.pos[1]))
        if fits(*self._at(tuple(self._me.facing))):
            return "do"
        waiting: list[tuple[int, Cell, str]] = [(0, start, "")]
        best = {start: 0}
        while waiting:
            cost, cell, first = heapq.heappop(waiting)
            if cost > best[cell] or cost > far:
                continue
            for (dx, dy), key in SIDES.items():
                there = cell[0] + dx, cell[1] + dy
                material, held = self._world[there]
                if material is not None and fits(material, held):
                    # Beside the player the key turns to it, or makes a step onto it.
                    return first or key
                price = self._price(material, held)
                if price and cost + price < best.get(there, FAR):
                    best[there] = cost + price
                    lead = first or ("do" if price > 1 and self._faces((dx, dy)) else key)
                    heapq.heappush(waiting, (cost + price, there, lead))
        return None

    def _faces(self, side: Cell) -> bool:
        return tuple(self._me.facing) == side

    def _price(self, material: Any, held: Any) -> int:
        """Return what a step onto a cell costs; 0 where none can be made."""
        if held is not None:
            return 0
        if material in self._recipes.walkable:
            return 1
        return 3 if material == "stone" and self._me.inventory["wood_pickaxe"] else 0
