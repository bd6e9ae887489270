"""Bills of register reads (RATING 3.14): random meters, and the oracle that bills them day by day."""

import random
from collections import defaultdict
from datetime import date
from fractions import Fraction

import oracle

DAY = oracle.DAY
ENERGY = ("energy", "tiered", "package", "stairstep", "net_energy")


def use_by_day(case, kinds):
    """What every register used on every day, from the reads of some kinds."""
    used = defaultdict(lambda: defaultdict(Fraction))
    meters = {meter["id"]: meter for meter in case["meters"]}
    series = defaultdict(list)
    for read in case["reads"]:
        if read["kind"] in kinds:
            series[read["meter"], read["register"]].append(read)
    for (meter, register), reads in series.items():
        reads.sort(key=lambda read: read["date"])
        for earlier, later in zip(reads, reads[1:]):
            full = 10 ** meters[meter]["dials"]
            difference = Fraction(later["value"]) - Fraction(earlier["value"])
            is_correction = earlier["kind"] == "estimated" and -difference <= Fraction(full, 2)
            if difference < 0 and not is_correction:
                difference += full
            days = oracle.days_between(date.fromisoformat(earlier["date"]), date.fromisoformat(later["date"]))
            for day in days:
                used[register][day] += difference * Fraction(meters[meter]["multiplier"]) / len(days)
    return used


class Oracle(oracle.Oracle):
    def __init__(self, tariff, case):
        super().__init__(tariff, case)
        self.all = use_by_day(case, ("actual", "initial", "final", "estimated"))
        self.actual = use_by_day(case, ("actual", "initial", "final"))
        self.kind_on = {date.fromisoformat(read["date"]): read["kind"] for read in case["reads"]}
        self.trues_up = "trueup" in (case.get("estimated_reads"), tariff.get("estimated_reads"))
        self.since, self.billed = None, Fraction(0)

    def quantity(self, charge, _):
        used = self.used[charge.get("register", "import")]
        return sum((used[day] for day in self.days), Fraction(0))

    def tiered(self, charge):
        """Seasons have the use of their days."""
        if "tiers" in charge:
            return super().tiered(charge)
        lines, days = [], self.days
        for season in charge["seasons"]:
            self.days = [day for day in days if day.month in season["months"]]
            if self.days:
                lines.append((f"{charge['id']}.{season['name']}", self.in_tiers(charge, season["tiers"], [], len(self.days))))
        self.days = days
        return lines

    def charges(self, first, end, wanted):
        lines = []
        for version in self.tariff.get("versions") or [self.tariff]:
            begin = max(first, date.fromisoformat(version.get("valid_from", "0001-01-01")))
            stop = min(end, date.fromisoformat(version.get("valid_to", "9999-12-31")))
            if begin < stop:
                self.days, self.part, self.is_last = oracle.days_between(begin, stop), [], stop == end
                suffix = f"@{begin}" if "versions" in self.tariff or first < self.cycle[0] else ""
                for charge in version["charges"]:
                    if (charge["type"] in ENERGY) == wanted:
                        lines += [(name + suffix, self.round_line(exact)) for name, exact in getattr(self, charge["type"])(charge)]
        return lines

    def bill(self, first, end):
        rounding = self.tariff["rounding"]
        is_line = rounding["scope"] == "line"
        self.round_line = (lambda value: oracle.rounded(value, rounding["mode"], rounding["places"])) if is_line else lambda value: value
        self.cycle, self.intervals, self.banked, self.measured = (first, end), [], defaultdict(Fraction), {}
        fees = self.charges(first, end, False)
        settles = self.trues_up and self.since and self.kind_on[end] != "estimated"
        self.used = self.actual if settles else self.all
        energy = self.charges(self.since if settles else first, end, True)
        if settles:
            energy.append(("previously_billed", -self.billed))
            self.since, self.billed = None, Fraction(0)
        elif self.trues_up and self.kind_on[end] == "estimated":
            self.since = self.since or first
            self.billed += sum(amount for _, amount in energy)
        lines = energy + fees
        self.days = oracle.days_between(first, end)
        for charge in self.tariff["bill_charges"]:
            lines.append((charge["id"], self.round_line(self.bill_charge(charge, lines))))
        total = sum((amount for _, amount in lines), Fraction(0))
        self.end_cycle()
        if rounding["scope"] == "total":
            total = oracle.rounded(total, rounding["mode"], rounding["places"])
        return lines, total


class World:
    load = None

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.days = [date(2023, 1, 1) + self.random.randrange(700) * DAY]
        for _ in range(self.random.randint(1, 5)):
            self.days.append(self.days[-1] + self.random.choice([7, 28, 30, 31, 61]) * DAY)
        cycles = [{"from": str(first), "to": str(last)} for first, last in zip(self.days, self.days[1:])]
        self.registers = self.random.choice([["import"], ["day", "night"], ["import", "export"]])
        self.case = {"id": str(seed), "kind": "registers", "cycles": cycles, "meters": [], "reads": []}
        self.read_meters()
        self.tariff = self.make_tariff()

    def read_meters(self):
        """A read on every edge, some between; perhaps another meter from some day on."""
        first, last = self.days[0], self.days[-1]
        edges = {day: "actual" for day in self.days}
        for day in self.days[1:]:
            if self.random.random() < 0.4:
                edges[day] = "estimated"
        for _ in range(self.random.randint(0, 2)):
            edges.setdefault(first + self.random.randrange((last - first).days) * DAY, "actual")
        exchange = self.random.choice([day for day in edges if first < day < last] or [None])
        if exchange is None or edges[exchange] == "estimated" or self.random.random() < 0.6:
            return self.read_meter("m1", edges)
        self.read_meter("m1", {day: kind for day, kind in edges.items() if day < exchange} | {exchange: "final"})
        self.read_meter("m2", {day: kind for day, kind in edges.items() if day > exchange} | {exchange: "initial"})

    def read_meter(self, meter, kinds):
        dials = self.random.randint(4, 6)
        self.case["meters"].append({"id": meter, "dials": dials, "multiplier": self.random.choice(["1", "20", "0.5"])})
        for register in self.registers:
            value = self.random.choice([0, 10**dials - 50, self.random.randrange(10**dials)])
            for day, kind in sorted(kinds.items()):
                value += self.random.randint(0, 300)
                shown = value + (self.random.randint(-50, 400) if kind == "estimated" else 0)
                read = {"date": str(day), "meter": meter, "register": register, "value": str(shown % 10**dials), "kind": kind}
                self.case["reads"].append(read)

    def make_tariff(self):
        number = lambda most: f"{self.random.randint(0, most * 100) / 100:.2f}"

        def charge(name):
            register = {"register": self.random.choice(self.registers)}
            mode = {"mode": self.random.choice(["graduated", "volume"]), "sign": self.random.choice(["1", "1", "-1"])}
            tiers = [{"up_to": str(limit), "rate": number(2)} for limit in sorted({self.random.randint(1, 900) for _ in range(2)})]
            return {"id": name} | self.random.choice(
                [
                    {"type": "energy", "rate": number(2), **register},
                    {"type": "stairstep", "steps": [{"up_to": "500", "fee": number(9)}, {"up_to": None, "fee": number(40)}], **register},
                    {"type": "tiered", "seasons": [{"name": name, "months": months, "tiers": [*tiers, {"up_to": None, "rate": number(2)}]} for name, months in seasons], **mode, **register},
                    {"type": "tiered", "tiers": [*tiers, {"up_to": None, "rate": number(2)}], "allowance": self.random.choice(["cycle", "per_day", "per_30_days"]), **register},
                    {"type": "package", "size": "40", "price": number(9), **register},
                    {"type": self.random.choice(["daily", "monthly", "annual"]), "amount": number(50)},
                ]
            )

        cut = self.random.randint(1, 11)
        seasons = [("early", [*range(1, cut + 1)]), ("late", [*range(cut + 1, 13)])]
        how = self.random.choice(["difference", "trueup"])
        names = [f"c{n}" for n in range(self.random.randint(1, 4))]
        scope = self.random.choice(["line", "line", "total", "none"])
        tariff = {"currency": "EUR", "timezone": "Europe/Berlin", "rounding": {"scope": scope, "mode": "half_up", "places": 2}}
        if self.random.random() < 0.5:
            cut = str(self.days[0] + self.random.randint(1, 40) * DAY)
            edges = [{"valid_from": "2020-01-01", "valid_to": cut}, {"valid_from": cut}]
            tariff["versions"] = [edge | {"charges": [charge(name) for name in names]} for edge in edges]
        else:
            tariff["charges"] = [charge(name) for name in names]
        (tariff if self.random.random() < 0.5 else self.case)["estimated_reads"] = how
        tariff["bill_charges"] = [{"id": "vat", "type": "percent", "rate": "0.19"}]
        if how == "difference":  # what settles estimates says nothing about banks, and a cap is about the cycle's own energy
            net = {"id": "net", "type": "net_energy", "rate": number(2), "expiry_cycles": self.random.randint(1, 3), "expired_rate": number(1)}
            for version in tariff.get("versions", [tariff]) if "export" in self.registers else []:
                version["charges"].append(net)
            cap = {"id": "cap", "type": "max_per_kwh", "rate": number(1), "register": self.random.choice(self.registers)}
            tariff["bill_charges"].insert(0, self.random.choice([cap, {"id": "least", "type": "minimum", "amount": number(900)}]))
        return tariff

    def expected(self, shown):
        person = Oracle(self.tariff, self.case)
        for first, last in zip(self.days, self.days[1:]):
            lines, total = person.bill(first, last)
            yield {"lines": {name: shown(amount) for name, amount in lines}, "total": shown(total)}
