"""Random tariffs and loads over cycles in which clocks change, and what the oracle makes of them."""

import copy
import random
import zoneinfo
from datetime import date, timedelta, timezone
from fractions import Fraction

import gaps
import oracle

DAY = timedelta(days=1)
# Zones and dates around which their clocks change: at night, at midnight (there is no 00:00, or 23:00 comes twice), by half an hour.
ZONES = {
    "UTC": ["2024-02-26"],
    "Europe/Berlin": ["2024-03-31", "2024-10-27", "2023-12-31"],
    "America/New_York": ["2024-03-10", "2024-11-03"],
    "America/St_Johns": ["2024-03-10", "2023-11-05"],
    "America/Santiago": ["2024-09-08", "2024-04-07"],
    "America/Havana": ["2024-03-10", "2023-11-05"],
    "Africa/Cairo": ["2024-04-26", "2023-10-27"],
    "Asia/Beirut": ["2024-03-31", "2022-10-30"],
    "Asia/Kathmandu": ["2023-06-30"],
    "Australia/Lord_Howe": ["2024-04-07", "2023-10-01"],
    "Pacific/Chatham": ["2024-04-07", "2024-09-29"],
}
# Tariffs may say hours instead of a zone.
OFFSETS = [-8, 5]


class World:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.zone_name = self.random.choice([*ZONES, *OFFSETS])
        self.clock = {"timezone": self.zone_name} if self.zone_name in ZONES else {"utc_offset_hours": self.zone_name}
        self.zone = zoneinfo.ZoneInfo(self.zone_name) if self.zone_name in ZONES else timezone(timedelta(hours=self.zone_name))
        around = date.fromisoformat(self.random.choice(ZONES.get(self.zone_name, ZONES["UTC"])))
        first = around - self.random.randint(0, 6) * DAY
        self.days = [first]
        for _ in range(self.random.choice([1, 1, 2, 3])):
            self.days.append(self.days[-1] + self.random.choice([1, 2, 5, 8, 30]) * DAY)
        self.rounding = self.random.choice(
            [{"scope": scope, "mode": mode, "places": places} for scope in ("line", "line", "total") for mode in ("half_up", "half_even") for places in (2, 2, 0, 3)]
            + [{"scope": "none"}]
        )
        self.case = {"id": str(seed), "load": "load.csv", "cycles": []}
        self.has_gaps, self.has_events = self.maybe(0.2), self.maybe(0.2)
        if self.has_events:
            self.make_events()
        self.make_load()
        self.tariff = self.make_tariff()
        if self.maybe(0.3):
            self.make_values()

    def maybe(self, chance=0.5):
        return self.random.random() < chance

    def number(self, low, high, places=None):
        """Few digits make ties, which is where rounding goes wrong."""
        places = self.random.choice([0, 1, 2, 4]) if places is None else places
        number = Fraction(self.random.randint(low * 10**places, high * 10**places), 10**places)
        return f"{float(number):.{places}f}"

    def shuffled(self, items):
        return self.random.sample(items, len(items))

    # Loads

    def make_load(self):
        """Intervals from before the first cycle to after the last, on the grid of UTC or of the local midnight."""
        begin = oracle.first_instant(self.zone, self.days[0])
        if self.maybe(0.4) and not self.has_gaps:
            begin = begin.replace(hour=0, minute=0)
        begin -= (45 if self.has_events or self.has_gaps else self.random.randint(1, 3)) * DAY
        end = oracle.first_instant(self.zone, self.days[-1]) + (30 if self.has_gaps else 1) * DAY
        lengths = [self.random.choice([5, 15, 15, 30, 30, 60, 60, 1440 if self.maybe(0.1) else 120])]
        if self.has_events or self.has_gaps:
            lengths = [self.random.choice([30, 60])]
        elif self.maybe(0.2):
            lengths.append(self.random.choice([15, 30]))
        places = self.random.choice([0, 1, 3, 6])
        rows, at = [], begin
        while at < end:
            minutes = lengths[0] if at < begin + (end - begin) // 2 else lengths[-1]
            energies = {"import": self.number(0, 3, places), "export": self.number(0, 2, 2), "reactive": self.number(0, 2, 1)}
            rows.append([at, minutes, {name: Fraction(kwh) for name, kwh in energies.items()}])
            at += minutes * oracle.MINUTE
        self.rows = rows
        if self.has_gaps:
            gaps.make(self, lengths[0], oracle.first_instant(self.zone, self.days[0]), oracle.first_instant(self.zone, self.days[-1]))
        else:
            self.deliver()

    def deliver(self):
        """1.5: rows may come late and again, as seen by cycles that are billed at different times."""
        stamp = lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")
        again = self.maybe(0.3)
        deliveries = [(row, row[0] + DAY) for row in self.rows]
        if again:
            for row in self.random.sample(self.rows, len(self.rows) // 10):
                energies = dict(row[2], **{"import": row[2]["import"] + Fraction(self.random.randint(0, 9), 10)})
                deliveries.append(([row[0], row[1], energies], row[0] + self.random.choice([1, 3, 9]) * DAY))
            deliveries = self.shuffled(deliveries) if self.maybe() else sorted(deliveries, key=lambda one: one[0][0])
        self.views = []
        for first, last in zip(self.days, self.days[1:]):
            cycle = {"from": str(first), "to": str(last)}
            as_of = None
            if again and self.maybe():
                as_of = oracle.first_instant(self.zone, last) + self.random.choice([1, 2, 4]) * DAY
                cycle["as_of"] = stamp(as_of)
            self.case["cycles"].append(cycle)
            counted = {}
            for row, received in sorted(deliveries, key=lambda one: one[1]):
                if as_of is None or received <= as_of:
                    counted[row[0]] = row
            self.views.append([counted[at] for at in sorted(counted)])
        head = "start_utc,import_kwh,minutes,export_kwh,reactive_kvarh" + (",received_utc" if again else "")
        text = [head]
        for (at, minutes, energies), received in deliveries:
            row = [stamp(at), decimal(energies["import"]), str(minutes), decimal(energies["export"]), decimal(energies["reactive"])]
            text.append(",".join(row + ([stamp(received)] if again else [])))
        self.load = "\n".join(text) + "\n"

    def make_events(self):
        """Some called-out hours, one of them on a day before the first cycle, which is no like day then."""
        span = (self.days[-1] - self.days[0]).days
        days = {self.days[0] + self.random.randrange(-5, span) * DAY for _ in range(self.random.randint(1, 4))}
        """Times that do not ascend pass midnight."""
        def hours():
            times = self.random.sample(["00:30", "02:00", "03:00", "12:00", "16:00", "19:30"], 2)
            times = times if self.maybe(0.3) else sorted(times)
            return {"from": times[0], "to": "24:00" if self.maybe(0.2) else times[1]}

        self.case["events"] = [{"name": self.random.choice(["hot", "cold"]), "date": str(day), **hours()} for day in sorted(days)]

    def make_values(self):
        """Some numbers of charges come by name, and one of them changes."""
        charges = [charge for version in self.tariff.get("versions", [self.tariff]) for charge in version["charges"]]
        if {"net_energy", "coincident"} & {charge["type"] for charge in charges}:
            return  # they are about whole cycles
        places = [(charge, key) for charge in charges for key in ("rate", "amount", "minimum_kw", "price") if isinstance(charge.get(key), str)]
        self.case["values"] = {}
        for charge, key in self.random.sample(places, min(len(places), 2)):
            name = f"v{len(self.case['values'])}"
            change = str(self.days[0] + self.random.randint(0, 4) * DAY)
            before = {"from": "2020-01-01", "value": charge[key]}
            is_dated = self.maybe()
            self.case["values"][name] = [before, {"from": change, "value": self.number(1, 9)}] if is_dated else charge[key]
            charge[key] = {"param": name}

    # Tariffs

    def make_tariff(self):
        tariff = {"currency": "EUR", **self.clock, "rounding": self.rounding}
        span = (self.days[-1] - self.days[0]).days
        tariff["holidays"] = [str(self.days[0] + self.random.randrange(span) * DAY) for _ in range(self.random.choice([0, 1, 2]))]
        ids = [f"c{n}" for n in range(self.random.randint(1, 5))]
        banks = len(self.days) > 2 and self.maybe(0.5)
        kept = [self.bank("bank"), self.ratchet("peak")] if banks else []
        if self.maybe(0.3):
            cuts = [self.days[0] - 40 * DAY, self.days[0] + self.random.randint(1, max(1, span - 1)) * DAY, None]
            pairs = [(cuts[0], cuts[1]), (cuts[1], cuts[2])]
            tariff["versions"] = [
                {"valid_from": str(begin), **({"valid_to": str(end)} if end else {}), "charges": [self.charge(name) for name in ids] + copy.deepcopy(kept)}
                for begin, end in pairs
            ]
            if kept and self.maybe(0.2):
                tariff["versions"][-1]["charges"].pop()  # a ratchet that ends
        else:
            tariff["charges"] = [self.charge(name) for name in ids] + kept
        names = list(ids)
        tariff["bill_charges"] = []
        for number in range(self.random.choice([0, 1, 1, 2, 3])):
            tariff["bill_charges"].append(self.bill_charge(f"b{number}", names))
            names.append(f"b{number}")
        return tariff

    def rule(self):
        rule = {}
        if self.maybe(0.3):
            rule["months"] = sorted({self.days[0].month, self.random.randint(1, 12)})
        if self.maybe(0.6):
            rule["days"] = self.random.choice(
                [["mon", "tue", "wed", "thu", "fri"], ["sat", "sun"], ["sat", "sun", "hol"], ["hol"], ["sun", "mon"]]
            )
        if self.has_events and self.maybe(0.3):
            rule["event"] = self.random.choice(["hot", "cold"])
        if self.maybe(0.7):
            times = ["00:00", "00:30", "01:00", "02:00", "02:15", "03:00", "06:00", "16:00", "21:00", "23:00", "23:30"]
            rule["from"], rule["to"] = self.random.sample(times, 2)
            if self.maybe(0.2):
                rule.pop(self.random.choice(["from", "to"]))
                if rule.get("to") == "00:00" or rule.get("from") == "24:00":
                    del rule["to"]
        return rule

    def when(self):
        return [self.rule() for _ in range(self.random.choice([1, 1, 2]))]

    def measure(self):
        keys = {}
        if self.maybe(0.2):
            keys["register"] = self.random.choice(["import", "export"])
        if self.maybe(0.2):
            keys["interval_kwh_rounding"] = {"mode": self.random.choice(["half_up", "half_even"]), "places": self.random.choice([0, 1, 2])}
        if self.maybe(0.1):
            keys["sign"] = self.random.choice(["1", "-1"])
        return keys

    def charge(self, name):
        kinds = [self.energy] * 3 + [self.tiers] * 3 + [self.fee] * 2 + [self.demand] * 3
        kinds += [self.indexed, self.package, self.stairstep, self.coincident, self.reactive, self.contracted]
        kinds += [self.rebate] * 4 if self.has_events else []
        if self.has_gaps:
            kinds.remove(self.coincident)
        return {"id": name, **self.random.choice(kinds)()}

    def energy(self):
        charge = {"type": "energy", **self.measure()}
        if self.maybe(0.2):
            return charge | {"rate": self.number(-1, 2)}
        names = self.random.sample(["peak", "night", "summer", "low"], self.random.randint(1, 4))
        bands = [{"name": name, "rate": self.number(-1, 2), "when": self.when()} for name in names]
        return charge | {"bands": bands, "otherwise": {"name": "rest", "rate": self.number(0, 2)}}

    def steps_up(self, most, exact=None):
        """Limits; some are what is used `exact`ly, which belongs to one side of them."""
        limits = {Fraction(self.random.randint(1, most)) for _ in range(self.random.randint(0, 3))}
        if exact and self.maybe(0.7):
            limits.add(exact)
        return [*map(decimal, sorted(limits)), None]

    def used(self):
        """The import of the first cycle."""
        begin, end = (oracle.first_instant(self.zone, day) for day in self.days[:2])
        return sum(row[2]["import"] for row in self.rows if begin <= row[0] < end)

    def peak(self):
        """The highest power of an interval in the first cycle."""
        begin, end = (oracle.first_instant(self.zone, day) for day in self.days[:2])
        return max(row[2]["import"] * 60 / row[1] for row in self.rows if begin <= row[0] < end)

    def tiers(self):
        allowance = self.random.choice(["cycle", "cycle", "per_30_days", "per_day", None])
        most = {"per_day": 200, "cycle": 4000}.get(allowance, 4000)
        exact = self.used() if allowance in ("cycle", None) else None
        table = lambda: [{"up_to": limit, "rate": self.number(-1, 2)} for limit in self.steps_up(most, exact)]
        charge = {"type": "tiered", **self.measure()}
        if allowance:
            charge["allowance"] = allowance
        if self.maybe(0.9):
            charge["mode"] = self.random.choice(["graduated", "volume"])
        if self.maybe(0.6):
            return charge | {"tiers": table()}
        months = self.shuffled(list(range(1, 13)))
        cut = self.random.randint(1, 11)
        seasons = [("one", months[:cut]), ("two", months[cut:])]
        return charge | {"seasons": [{"name": name, "months": some, "tiers": table()} for name, some in seasons]}

    def fee(self):
        return {"type": self.random.choice(["daily", "monthly", "annual"]), "amount": self.number(-2, 40)}

    def demand(self):
        charge = {"type": "demand", "window_minutes": self.random.choice([15, 30, 60, 20])}
        if self.maybe(0.3):
            charge["slide_minutes"] = self.random.choice([5, 15, 30])
        if self.maybe(0.4):
            charge["when"] = self.when()
        if self.maybe(0.3):
            charge |= {"aggregation": "top_days_mean", "top_n": self.random.randint(1, 5)}
        if self.maybe(0.2):
            charge["power_factor"] = {"reference": self.random.choice(["0.9", "0.95", "1"])}
        if self.maybe(0.3):
            charge["minimum_kw"] = self.number(0, 20)
        if self.maybe(0.2):
            charge["rolling_mean_with_kw"] = [self.number(0, 20) for _ in range(self.random.randint(1, 3))]
        if self.maybe(0.2):
            charge["window_minutes"] = charge["slide_minutes"] = self.rows[0][1] if self.rows[0][1] < 1440 else 60
            return charge | {"steps": [{"up_to": limit, "fee": self.number(0, 90)} for limit in self.steps_up(30, self.peak())]}
        if self.maybe(0.2):
            charge["rate_per"] = "year"
        return charge | {"rate": self.number(0, 9)}

    def ratchet(self, name):
        charge = self.demand() | {"id": name, "ratchet": {"percent": self.number(20, 100), "cycles_back": self.random.randint(0, 4)}}
        if self.maybe(0.4):
            charge["ratchet"]["months"] = self.random.sample(range(1, 13), 8)
        if self.maybe():
            months = [self.days[0].replace(day=1) - 28 * DAY * n for n in range(self.random.randint(1, 4), 0, -1)]
            self.case["history_kw"] = {name: [{"month": str(month)[:7], "kw": self.number(0, 20)} for month in months]}
        return charge

    def bank(self, name):
        if self.maybe():
            ages = range(self.random.randint(1, 4), 0, -1)
            self.case["opening_bank"] = {name: [{"cycles_ago": age, "kwh": self.number(1, 200)} for age in ages]}
        keys = {"expiry_cycles": self.random.randint(4, 6), "expired_rate": self.number(0, 1)}
        return {"id": name, "type": "net_energy", "rate": self.number(0, 2), **keys}

    def indexed(self):
        charge = {"type": "indexed", **self.measure()}
        if self.maybe():
            charge["multiplier"] = self.number(0, 2)
        if self.maybe():
            charge["adder"] = self.number(-1, 1)
        if "prices" not in self.case:
            self.make_prices()
        return charge

    def make_prices(self):
        step = self.random.choice([15, 30, 60])
        at, end = self.rows[0][0].replace(minute=0, hour=0) - DAY, self.rows[-1][0] + 2 * DAY
        rows, by_minute = ["start_utc,price_per_mwh"], {}
        while at < end:
            price = self.number(-20, 300, 2)
            rows.append(f"{at.strftime('%Y-%m-%dT%H:%M:%SZ')},{price}")
            for minute in range(step):
                by_minute[oracle.minute_of(at) + minute] = Fraction(price)
            at += step * oracle.MINUTE
        self.case["prices"] = "prices.csv"
        self.prices, self.price_rows = "\n".join(rows) + "\n", by_minute

    def package(self):
        keys = {key: value for key, value in self.measure().items() if key == "register"}
        return {"type": "package", **keys, "size": self.number(1, 50), "price": self.number(0, 5)}

    def stairstep(self):
        return {"type": "stairstep", "steps": [{"up_to": limit, "fee": self.number(0, 90)} for limit in self.steps_up(3000, self.used())]}

    def coincident(self):
        """Some intervals of every cycle; versions are not asked for it, as a part without any has no mean."""
        starts = []
        for first, last in zip(self.days, self.days[1:]):
            for day in oracle.days_between(first, last):
                begin, end = (oracle.first_instant(self.zone, day + n * DAY) for n in (0, 1))
                inside = [row[0] for row in self.rows if begin <= row[0] < end]
                starts += self.random.sample(inside, min(len(inside), 2))
        return {"type": "coincident", "intervals_utc": [at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in starts], "rate": self.number(0, 9)}

    def reactive(self):
        return {"type": "reactive_excess", "free_share": self.number(0, 1), "rate": self.number(0, 2)}

    def rebate(self):
        lookback = self.random.randint(1, 10)
        return {"type": "event_rebate", "event": self.random.choice(["hot", "cold"]), "rate": self.number(0, 2), "lookback_days": lookback, "highest": self.random.randint(1, lookback)}

    def contracted(self):
        band = lambda name: {"name": name, "contracted_kw": self.number(1, 20), "rate_per_kw_day": self.number(0, 1)}
        bands = [band(name) | {"when": self.when()} for name in self.random.sample(["p1", "p2", "p3"], self.random.randint(1, 3))]
        charge = {"type": "contracted_power", "window_minutes": self.random.choice([15, 30, 60]), "bands": bands, "otherwise": band("p9")}
        if self.maybe():
            return charge | {"rule": "band", "low_percent": "85", "high_percent": "105", "excess_factor": self.number(1, 3)}
        return charge | {"rule": "root_sum_square", "excess_id": f"x{self.random.randrange(10**6)}", "excess_rate": self.number(0, 2)}

    def bill_charge(self, name, names):
        kind = self.random.choice(["percent", "percent", "percent", "minimum", "maximum", "max_per_kwh"])
        charge = {"id": name, "type": kind}
        if self.maybe():
            charge["of"] = self.random.sample(names, self.random.randint(1, len(names)))
        if kind == "percent":
            charge["rate"] = self.number(-1, 1)
            if self.rounding["scope"] == "line" and self.maybe(0.3):
                charge["per_line"] = True
        elif kind == "max_per_kwh":
            charge["rate"] = self.number(0, 1)
        else:
            charge["amount"] = self.number(0, 300)
        return charge

    def expected(self, shown):
        price_rows = getattr(self, "price_rows", None)
        person = oracle.Oracle(self.tariff, self.case | {"price_rows": price_rows})
        if self.has_gaps:
            self.views = [self.fill(person.holidays)] * len(self.case["cycles"])
        for (first, last), rows in zip(zip(self.days, self.days[1:]), self.views):
            lines, total = person.bill(first, last, rows)
            yield {"lines": {name: shown(amount) for name, amount in lines}, "total": shown(total)}


def decimal(value):
    digits = f"{int(value * 10**6):07}"
    return f"{digits[:-6]}.{digits[-6:]}"
