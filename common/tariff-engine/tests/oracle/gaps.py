"""Loads with gaps, and how the oracle fills them (RATING 3.15), interval by interval."""

from datetime import datetime, timedelta
from fractions import Fraction

import oracle


def kind_of(day, holidays):
    return "sunday" if day in holidays or day.weekday() == 6 else "saturday" if day.weekday() == 5 else "working"


def fill(measured, begin, end, how, zone, holidays):
    """The rows of `measured` {start: energies} and, from `begin` to `end`, an estimate for every interval that is missing."""
    step = how["interval_minutes"] * oracle.MINUTE
    rounded = lambda value: oracle.rounded(value, "half_up", how["places"])
    filled, at = {}, begin
    while at < end:
        run = []
        while at < end and at not in measured:
            run.append(at)
            at += step
        at += step
        if not run:
            continue
        before, after = measured.get(run[0] - step), measured.get(run[-1] + step)
        is_short = len(run) * how["interval_minutes"] <= how["linear_max_minutes"]
        for k, missing in enumerate(run, start=1):
            if is_short and before and after:
                filled[missing] = {name: rounded(before[name] + (after[name] - before[name]) * Fraction(k, len(run) + 1)) for name in before}
            else:
                like = like_days(measured, missing, how, zone, holidays)
                filled[missing] = {name: rounded(sum(values[name] for values in like) / len(like)) for name in like[0]}
    rows = [(at, how["interval_minutes"], energies, False) for at, energies in measured.items()]
    rows += [(at, how["interval_minutes"], energies, True) for at, energies in filled.items()]
    return sorted(rows, key=lambda row: row[0])


def like_days(measured, missing, how, zone, holidays):
    """What was measured at the same clock time on the nearest days of the same kind, backwards and then forwards."""
    local = missing.astimezone(zone)
    found = []
    for direction in (-1, 1):
        for distance in range(1, how["search_days"] + 1):
            day = local.date() + direction * distance * timedelta(days=1)
            clock = datetime.combine(day, local.time().replace(fold=0), tzinfo=zone)
            start = clock.astimezone(oracle.UTC)
            exists = start.astimezone(zone).replace(tzinfo=None) == clock.replace(tzinfo=None)
            is_like = kind_of(day, holidays) == kind_of(local.date(), holidays)
            if is_like and exists and start in measured and len(found) < how["like_days"]:
                found.append(measured[start])
    return found


def make(world, minutes, begin, end):
    """Takes rows out of a world's load: short runs, long ones, at the edges of cycles too; some are empty, some are not there."""
    random = world.random
    inside = [index for index, row in enumerate(world.rows) if begin <= row[0] < end]
    missing = set()
    for _ in range(random.randint(1, 5)):
        first = random.choice([inside[0], inside[-1], *random.sample(inside, min(3, len(inside)))])
        missing |= {index for index in range(first, first + random.choice([1, 2, 3, 4, 5, 9, 30])) if index in range(inside[0], inside[-1] + 1)}
    # The grid of a gap is that of the rows around it, so it must begin with the cycle.
    text = ["start_utc,import_kwh,minutes,export_kwh,reactive_kvarh"]
    measured = {}
    for index, (at, _, energies) in enumerate(world.rows):
        start = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        if index not in missing:
            measured[at] = energies
            text.append(f"{start},{float(energies['import']):.6f},{minutes},{float(energies['export']):.6f},{float(energies['reactive']):.6f}")
        elif random.random() < 0.5:
            text.append(f"{start},,{minutes},,")
    world.load = "\n".join(text) + "\n"
    world.case["estimation"] = how = {
        "interval_minutes": minutes,
        "linear_max_minutes": random.choice([0, 60, 120, 240]),
        "like_days": random.randint(1, 4),
        "search_days": random.choice([14, 28]),
        "places": random.choice([1, 3]),
    }
    world.case["cycles"] = [{"from": str(first), "to": str(last)} for first, last in zip(world.days, world.days[1:])]
    world.fill = lambda holidays: fill(measured, world.rows[inside[0]][0], end, how, world.zone, holidays)
