"""Searches the plan of least bytes, or of least time, whose drop in accuracy is within a budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf, isfinite

import numpy as np
import numpy.typing as npt

from bundle.normalizer import FloatArray
from bundle.runtimes.base import Runtime
from evidence.estimate import ALIKE
from evidence.trimmed import trimmed_ratio
from training.evaluation.scoring import predict_all
from training.evaluation.timing import TIMED_BATCHES, interleave
from training.export.mixed.choice import Offer, Step, after, as_cheap, furthest, steps, taken_besides
from training.export.mixed.harm import Drop, Reference
from training.export.mixed.making import Maker
from training.export.mixed.recipe import OperationRecipe, Recipe, Wish
from training.export.mixed.settings import BY_NAME, DYNAMIC, SETTINGS, STATIC, Setting

_RANKING_ROWS = 256  # of how far answers diverge, as many tell enough
_GUESSING_ROWS = 768  # of whether a plan may hold
_MORE_TRIES = 5
_TIMED_S = 0.15


@dataclass(frozen=True)
class Tried:
    """A plan, the graph that was made by it, and what that one lost."""

    plan: tuple[Setting, ...]
    content: bytes
    drop: Drop


@dataclass
class Search:
    """One search, on validation rows that the float graph was not fitted to."""

    maker: Maker
    open: Callable[[bytes], Runtime]
    rows: FloatArray  # (n, features)
    y: (
        npt.NDArray[np.integer] | None
    )  # (n,); None where labels are not known, and what float32 answers is right
    wish: Wish
    on_step: Callable[[str, float], None] = lambda note, share: None
    """Hears of each graph that was made, and of the share of the search that is done."""
    _tried: dict[tuple[Setting, ...], Tried] = field(default_factory=dict)
    _made: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError where there is nothing to choose for."""
        operations = self.maker.graph.operations
        if not operations:
            raise ValueError("it has no operation whose weights are floats in the file")
        weights = sum(one.count for one in operations)
        known = SETTINGS[self.wish.objective]
        if self.maker.shown.tokens:  # ranges are not taken where there are whole numbers among the rows
            known = tuple(one for one in known if one != STATIC)
        self._settings = [[one for one in known if one.suits(of, weights)] for of in operations]
        self._base = (STATIC if STATIC in known else DYNAMIC,) * len(operations)
        answers = predict_all(self.open(self.maker.graph.content), self.rows)
        self._reference = Reference(answers, answers.argmax(axis=1) if self.y is None else self.y)

    @property
    def _made_at_most(self) -> int:
        others = sum(len(of) - 1 for of in self._settings)
        return 2 + others + 2 * others.bit_length() + len(self._uniform) + _MORE_TRIES

    def run(self) -> tuple[bytes, Recipe]:
        """Return the cheapest graph that holds the budget, or else the nearest, and how it was made.

        Raises ValueError where no operation costs less in fewer bits.
        """
        order = steps(self._offers())
        if not order:
            raise ValueError(f"none of its operations takes less {self.wish.objective} in fewer bits")
        for plan in self._uniform:
            self._plan_holds(plan)
        reached = self._reach(order)
        taken_besides(order[:reached], order[reached:], self._holds, _MORE_TRIES)
        held = [one for one in self._tried.values() if self._is_near_enough(one.drop)]
        if held:
            best = self._cheapest(held)
        else:
            best = min(self._tried.values(), key=lambda one: (one.drop.bound, len(one.content)))
        return best.content, self._recipe(best)

    def _reach(self, order: Sequence[Step]) -> int:
        """Return how many steps can be taken: as many as seem so where they are made roughly, or fewer."""
        seems = furthest(len(order), lambda count: self._seems_to_hold(order[:count]))
        if seems and self._holds(order[:seems]):
            return seems
        return furthest(max(seems - 1, 1), lambda count: self._holds(order[:count]))

    @property
    def _uniform(self) -> list[tuple[Setting, ...]]:
        """The plans to be beaten: what a mixture costs in time is not the sum of its parts."""
        if self.wish.objective == "bytes":
            return []
        count = len(self._settings)
        return [self._base] if self._base[0] == DYNAMIC else [self._base, (DYNAMIC,) * count]

    def _offers(self) -> list[list[Offer]]:
        """Return what each setting of each operation costs and harms, all else being as in the base."""
        base = self.maker.roughly(self._base)
        harm = self._divergence(base)
        self._note(f"all in {self._base[0].name}: divergence {harm:.4f}")
        found = []
        for place, settings in enumerate(self._settings):
            plans = [(*self._base[:place], setting, *self._base[place + 1 :]) for setting in settings]
            others = {plan: self.maker.roughly(plan) for plan in plans if plan != self._base}
            graphs = {self._base: base} | others
            costs = self._costs(graphs)
            of = []
            for plan in plans:
                harmed = harm if plan == self._base else self._divergence(graphs[plan])
                of.append(Offer(costs[plan], harmed))
                if plan != self._base:
                    self._note(
                        f"{self.maker.graph.operations[place].kind} in {plan[place].name}: {harmed:.4f}"
                    )
            found.append(of)
        return found

    def _divergence(self, content: bytes) -> float:
        answers = predict_all(self.open(content), self.rows[:_RANKING_ROWS])
        found = self._reference.divergence(answers)
        return found if isfinite(found) else inf

    def _costs(self, graphs: Mapping[tuple[Setting, ...], bytes]) -> Mapping[tuple[Setting, ...], float]:
        """Return what each graph costs: its bytes, or how many times the time of the first one it takes.

        Graphs are timed in turns, so that whatever else the machine does hits all alike; of calls with few
        rows and with many, each counts alike.
        """
        if self.wish.objective == "bytes":
            return {plan: len(content) for plan, content in graphs.items()}
        runtimes = {str(number): self.open(content) for number, content in enumerate(graphs.values())}
        products = dict.fromkeys(runtimes, 1.0)
        for batch in TIMED_BATCHES:
            rows = np.resize(self.rows, (batch, self.rows.shape[1]))
            calls = {name: partial(runtime.predict, rows) for name, runtime in runtimes.items()}
            seconds = interleave(calls, budget_s=_TIMED_S)
            for name, of in seconds.items():
                products[name] *= trimmed_ratio(of, seconds["0"]).value
        found = (product ** (1 / len(TIMED_BATCHES)) for product in products.values())
        return dict(zip(graphs, found, strict=True))

    def _cheapest(self, held: Sequence[Tried]) -> Tried:
        """Return the smallest; of least time, the smallest of those that are as fast as the fastest.

        Which of those is the fastest is chance, and would be another the next time.
        """
        costs = self._costs({one.plan: one.content for one in held})
        places = as_cheap([costs[one.plan] for one in held], ALIKE if self.wish.objective == "time" else 1)
        return min((held[place] for place in places), key=lambda one: (len(one.content), one.drop.divergence))

    def _plan(self, taken: Sequence[Step]) -> tuple[Setting, ...]:
        numbers = after([0] * len(self._settings), taken)
        return tuple(of[number] for of, number in zip(self._settings, numbers, strict=True))

    def _seems_to_hold(self, taken: Sequence[Step]) -> bool:
        content = self.maker.roughly(self._plan(taken))
        drop = self._reference.drop(predict_all(self.open(content), self.rows[:_GUESSING_ROWS]))
        self._note(f"{len(content):,} bytes, roughly: drop {drop.expected:.4f}")
        return drop.expected <= self.wish.max_accuracy_drop

    def _holds(self, taken: Sequence[Step]) -> bool:
        return self._plan_holds(self._plan(taken))

    def _plan_holds(self, plan: tuple[Setting, ...]) -> bool:
        if plan not in self._tried:
            content = self.maker.make(plan)
            drop = self._drop(self.open(content))
            self._tried[plan] = Tried(plan, content, drop)
            self._note(f"{len(content):,} bytes, drop {drop.seen:.4f}, at most {drop.expected_high:.4f}")
        return self._is_near_enough(self._tried[plan].drop)

    def _drop(self, runtime: Runtime) -> Drop:
        """Return what a graph loses on all rows; on some, where those show already that it is too much."""
        some = predict_all(runtime, self.rows[:_GUESSING_ROWS])
        drop = self._reference.drop(some)
        if drop.expected_low > self.wish.max_accuracy_drop or len(some) == len(self.rows):
            return drop
        return self._reference.drop(np.concatenate([some, predict_all(runtime, self.rows[len(some) :])]))

    def _is_near_enough(self, drop: Drop) -> bool:
        """Tell whether no less can be shown to hold: of few rows, that there is no drop to be seen."""
        most = self.wish.max_accuracy_drop
        return max(drop.seen, drop.expected) <= most and drop.expected_high <= max(
            most, self._reference.least_bound()
        )

    def _note(self, note: str) -> None:
        self._made += 1
        self.on_step(note, self._made / self._made_at_most)

    def _recipe(self, best: Tried) -> Recipe:
        drop = best.drop
        return Recipe(
            wish=self.wish,
            held=drop.bound <= self.wish.max_accuracy_drop,
            validation_rows=drop.rows,
            drop=drop.seen,
            expected_drop=drop.expected,
            expected_drop_high=drop.expected_high,
            divergence=drop.divergence,
            tried=self._made,
            operations=tuple(
                OperationRecipe(
                    name=of.names[0],
                    kind=of.kind,
                    weights=of.count,
                    setting=setting.name,
                    bits=setting.bits,
                )
                for of, setting in zip(self.maker.graph.operations, best.plan, strict=True)
            ),
        )


def make_again(maker: Maker, recipe: Recipe) -> bytes:
    """Make the graph of a recipe: of the same float graph and the same calibration rows, the same bytes."""
    return maker.make([BY_NAME[one.setting] for one in recipe.operations])
