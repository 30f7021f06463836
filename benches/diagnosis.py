"""How often known mistakes are recognized: each one put into the reference, noise added, and the answers diagnosed.

python benches/diagnosis.py [seeds per variant, 20] [trials without a mistake, 1000] [pairs, 300] [unknown faults, 300]
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from yttria.conformance import cases, diagnose
from yttria.conformance.diagnosis import Answers, injected
from yttria.conformance.known_errors import KNOWN_ERRORS

sys.path.append(str(Path(__file__).resolve().parent.parent / "tools" / "conformance"))
from trials import noisy, spoiled

NOISE = 1e-3


def main() -> None:
    seeds, sound, pairs, unknown = (int(a) for a in (sys.argv[1:] + ["20", "1000", "300", "300"][len(sys.argv) - 1 :]))
    ids = [case.id for case in cases()]
    start = time.perf_counter()

    print(f"{len(ids)} cases, {len(KNOWN_ERRORS)} variants, noise {NOISE:g}")
    right, confused = Counter[str](), Counter[tuple[str, str]]()
    for name in KNOWN_ERRORS:
        answers = injected([name], ids)
        for seed in range(seeds):
            found = diagnose(noisy(answers, NOISE, seed), noise=NOISE)
            if [f.variants for f in found] == [(name,)] and not found[0].ambiguous:
                right[name] += 1
            else:
                said = "; ".join(" or ".join([f.name, *map(" + ".join, f.alternatives)]) for f in found) or "nothing"
                confused[name, said] += 1
    total = seeds * len(KNOWN_ERRORS)
    print(f"one mistake: {sum(right.values())} of {total} named and nothing else ({sum(right.values()) / total:.2%})")
    for (name, said), n in confused.most_common():
        print(f"  {name}: {n} of {seeds} taken for {said}")

    correct = injected([], ids)
    accused = Counter(f.name for seed in range(sound) for f in diagnose(noisy(correct, NOISE, seed), noise=NOISE))
    print(f"no mistake: {sum(accused.values())} accusations in {sound} trials {dict(accused) or ''}")

    print_few(ids, seeds)
    print_pairs(ids, pairs)
    print_unknown(correct, unknown)
    print(f"{time.perf_counter() - start:.0f} s")


def print_few(ids: list[str], seeds: int) -> None:
    """One mistake, and a third of the cases answered."""
    outcome, wrong = Counter[str](), Counter[tuple[str, str]]()
    for name in KNOWN_ERRORS:
        answers = injected([name], ids)
        for seed in range(seeds):
            chosen = np.random.default_rng(seed).choice(ids, len(ids) // 3, replace=False)
            found = diagnose(noisy({each: answers[each] for each in chosen}, NOISE, seed), noise=NOISE)
            hypotheses = {n for f in found for h in (f.variants, *f.alternatives) for n in h}
            if not found:
                outcome["nothing named"] += 1
            elif name not in hypotheses:
                outcome["something else named"] += 1
                wrong[name, found[0].name] += 1
            else:
                outcome["among the candidates" if found[0].ambiguous or len(found) > 1 else "named"] += 1
    print(f"one mistake, a third of the cases answered: {dict(outcome)} of {seeds * len(KNOWN_ERRORS)}")
    for (name, said), n in wrong.most_common():
        print(f"  {name}: {n} taken for {said}")


def print_pairs(ids: list[str], trials: int) -> None:
    """Two mistakes at once, drawn at random."""
    rng = np.random.default_rng(1)
    outcome, examples = Counter[str](), []
    for seed in range(trials):
        two = tuple(rng.choice(list(KNOWN_ERRORS), 2, replace=False).tolist())
        found = diagnose(noisy(injected(two, ids), NOISE, seed), noise=NOISE)
        said = {name for f in found for name in f.variants}
        if said == set(two):
            outcome["ambiguous, both among the candidates" if any(f.ambiguous for f in found) else "both named"] += 1
        elif said < set(two):
            outcome["one named, nothing wrong"] += 1
        else:
            outcome["something else named"] += 1
            examples.append((two, sorted(said)))
    print(f"two mistakes: {dict(outcome)} of {trials}")
    for two, said in examples[:12]:
        print(f"  {' + '.join(two)}: taken for {', '.join(said)}")


def print_unknown(correct: Answers, trials: int) -> None:
    """An unknown mistake, which is a random factor on every number of some cases."""
    named = Counter[str]()
    for seed in range(trials):
        named.update(f.name for f in diagnose(noisy(spoiled(correct, seed), NOISE, seed), noise=NOISE))
    print(f"unknown faults: {sum(named.values())} wrongly named in {trials} trials {dict(named) or ''}")


if __name__ == "__main__":
    main()
