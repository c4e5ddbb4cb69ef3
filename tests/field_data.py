"""Small data sets with more than numbers in them, made from a seed: loans, codes, and tones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

JOBS = {"nurse": 1.0, "teacher": 0.6, "carpenter": 0.2, "driver": -0.4, "student": -1.2}
GOOD = ("pays back early", "long standing customer", "steady savings", "no debts at all")
BAD = ("missed two payments", "account overdrawn", "court order pending", "debts elsewhere")
PLAIN = ("wants a new roof", "asks for a car loan", "moved house last year", "plans a workshop")

LOAN = {"age": 41, "income": 2900.5, "job": "nurse", "note": "Pays back early. Wants a new roof!"}

WORDS = 400  # more than an int8 has values


def write_loans(path: Path, rows: int = 600, seed: int = 3) -> Path:
    """Write decisions on loans, which follow from age, income, job and note together."""
    random = np.random.default_rng(seed)
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["age", "income", "job", "note", "decision"])
        for _ in range(rows):
            age, income = int(random.integers(18, 80)), round(float(random.normal(2500, 700)), 2)
            job = str(random.choice(list(JOBS)))
            verdict = random.choice([-1, 0, 1])
            phrases = {-1: BAD, 0: PLAIN, 1: GOOD}[int(verdict)]
            note = f"{random.choice(PLAIN)}; {random.choice(phrases)}."
            score = JOBS[job] + 2.5 * verdict + (income - 2500) / 700 + (0.5 if 30 < age < 60 else -0.5)
            held = "" if random.random() < 0.1 else age
            table.writerow([held, income, job, note, "granted" if score > 0 else "refused"])
    return path


def write_codes(path: Path, copies: int = 8) -> Path:
    """Write texts of a word each; the vocabulary numbers the words in order, and neighbours differ in label.

    So an id that is rounded to the next one gives the wrong answer.
    """
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["parity", "code", "part"])
        for copy in range(copies):
            for word in range(WORDS):
                part = "test" if copy == copies - 1 else "train"
                table.writerow([("even", "odd")[word % 2], f"w{word:04}", part])
    return path


def write_tones(path: Path, rows: int = 240, seed: int = 5) -> Path:
    """Write sequences of 2 to 8 steps of two numbers, far from zero; what follows their end is no number."""
    random = np.random.default_rng(seed)
    lengths = random.integers(2, 9, rows)
    y = random.integers(0, 2, rows)
    x = np.full((rows, 8, 2), np.nan, np.float32)
    for row, (length, label) in enumerate(zip(lengths, y, strict=True)):
        x[row, :length, 0] = 50 + random.normal(size=length) + 3 * label
        x[row, :length, 1] = random.normal(size=length) - 20
    np.savez(path, x=x, y=y, length=lengths)
    return path
