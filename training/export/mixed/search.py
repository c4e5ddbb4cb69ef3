"""Searches the plan of least bytes, or of least time, whose drop in accuracy is within a budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bundle.normalizer import FloatArray
from bundle.runtimes.base import Runtime
from training.evaluation.scoring import predict_all
from training.export.mixed.choice import Offer, Step, after, furthest, steps, taken_besides
from training.export.mixed.harm import Drop, Reference
from training.export.mixed.making import Maker
from training.export.mixed.recipe import Objective, OperationRecipe, Recipe
from training.export.mixed.settings import BY_NAME, EIGHT, SETTINGS, Setting

_RANKING_ROWS = 256  # of how far answers diverge, as many tell enough
_MORE_TRIES = 6


@dataclass(frozen=True)
class Wish:
    """What is asked for."""

    max_accuracy_drop: float
    objective: Objective = "bytes"


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
    y: npt.NDArray[np.integer]  # (n,)
    wish: Wish
    on_step: Callable[[str], None] = lambda note: None
    _tried: dict[tuple[Setting, ...], Tried] = field(default_factory=dict)
    _made: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError where there is nothing to choose for."""
        operations = self.maker.graph.operations
        if not operations:
            raise ValueError("the graph has no operation with float weights")
        weights = sum(one.count for one in operations)
        self._settings = [[one for one in SETTINGS if one.suits(of, weights)] for of in operations]
        self._base = (EIGHT,) * len(operations)
        answers = predict_all(self.open(self.maker.graph.content), self.rows)
        self._reference = Reference(answers, self.y)

    @property
    def steps(self) -> int:
        """How often `on_step` is called, at most."""
        offers = 1 + sum(len(of) - 1 for of in self._settings)
        longest = sum(len(of) - 1 for of in self._settings)
        return offers + longest.bit_length() + _MORE_TRIES

    def run(self) -> tuple[bytes, Recipe]:
        """Return the cheapest graph that holds the budget, or else the nearest, and how it was made."""
        order = steps(self._offers())
        reached = furthest(len(order), lambda count: self._holds(order[:count]))
        taken_besides(order[:reached], order[reached + 1 :], self._holds, _MORE_TRIES)
        held = [one for one in self._tried.values() if self._within(one.drop)]
        if held:
            best = min(held, key=lambda one: (len(one.content), one.drop.divergence))
        else:
            best = min(self._tried.values(), key=lambda one: (one.drop.bound, len(one.content)))
        return best.content, self._recipe(best)

    def _offers(self) -> list[list[Offer]]:
        """Return what each setting of each operation costs and harms, where all else has 8 bits."""
        base = self._offer(self._base)
        found = []
        for place, settings in enumerate(self._settings):
            of = []
            for setting in settings:
                plan = (*self._base[:place], setting, *self._base[place + 1 :])
                of.append(base if plan == self._base else self._offer(plan))
            found.append(of)
        return found

    def _offer(self, plan: Sequence[Setting]) -> Offer:
        content = self.maker.roughly(plan)
        answers = predict_all(self.open(content), self.rows[:_RANKING_ROWS])
        offer = Offer(len(content), self._reference.divergence(answers))
        self._note(f"{offer.cost:,.0f} bytes, divergence {offer.harm:.4f}")
        return offer

    def _holds(self, taken: Sequence[Step]) -> bool:
        first = [0] * len(self._settings)
        numbers = after(first, taken)
        plan = tuple(of[number] for of, number in zip(self._settings, numbers, strict=True))
        if plan not in self._tried:
            content = self.maker.make(plan)
            drop = self._reference.drop(predict_all(self.open(content), self.rows))
            self._tried[plan] = Tried(plan, content, drop)
            self._note(f"{len(content):,} bytes, drop {drop.seen:.4f}, at most {drop.expected_high:.4f}")
        return self._within(self._tried[plan].drop)

    def _within(self, drop: Drop) -> bool:
        return drop.is_within(self.wish.max_accuracy_drop)

    def _note(self, note: str) -> None:
        self._made += 1
        self.on_step(note)

    def _recipe(self, best: Tried) -> Recipe:
        drop = best.drop
        return Recipe(
            max_accuracy_drop=self.wish.max_accuracy_drop,
            objective=self.wish.objective,
            held=self._within(drop),
            validation_rows=len(self._reference),
            drop=drop.seen,
            expected_drop=drop.expected,
            expected_drop_high=drop.expected_high,
            divergence=drop.divergence,
            tried=self._made,
            operations=tuple(
                OperationRecipe(name=of.names[0], kind=of.kind, weights=of.count, setting=setting.name)
                for of, setting in zip(self.maker.graph.operations, best.plan, strict=True)
            ),
        )


def make_again(maker: Maker, recipe: Recipe) -> bytes:
    """Make the graph of a recipe: of the same float graph and the same calibration rows, the same bytes."""
    return maker.make([BY_NAME[one.setting] for one in recipe.operations])
