"""Rate records over a year (RATING section 2): random ones, and the oracle that prices them month by month."""

import calendar
import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import oracle

YEAR = 2023
MODES = ["none", "net_metering_kwh", "net_metering_usd", "net_billing", "net_billing_carry", "buy_all_sell_all"]
ZERO = Fraction(0)


def graduated(tiers, quantity, limit, key):
    """Each part of a quantity at the price of its tier."""
    cost, below = ZERO, ZERO
    for tier in tiers:
        top = limit(tier)
        part = (quantity if top is None else min(top, quantity)) - below
        if part > 0:
            cost += part * price(tier, key)
            below += part
    return cost


def price(tier, key):
    if key == "sell":
        return Fraction(str(tier.get("sell", 0)))
    return Fraction(str(tier.get("rate", 0))) + Fraction(str(tier.get("adj", 0)))


class Oracle:
    def __init__(self, world):
        record, options, rows, offset = world.tariff, world.options, world.rows, world.offset
        self.record, self.options, self.offset = record, options, offset
        self.prices, self.step = world.price_rows, world.price_step
        self.mode = options.get("export_mode", "none")
        self.banks, self.year_bank, self.dollars, self.base = {}, ZERO, ZERO, ZERO
        ratchet = options.get("ratchet", {})
        self.peaks = [(month, Fraction(kw)) for month, kw in enumerate(ratchet.get("prior_year_peaks_kw", []))]
        self.months = [[] for _ in range(12)]
        for start, minutes, bought, sold in rows:
            local = start + timedelta(hours=offset)
            if local.year == YEAR:
                self.months[local.month - 1].append((local, Fraction(minutes, 60), bought, sold))

    def period(self, kind, local):
        week = "weekend" if local.weekday() >= 5 else "weekday"
        return int(self.record[f"{kind}{week}schedule"][local.month - 1][local.hour])

    def bills(self):
        return [self.bill(month) for month in range(12)]

    def bill(self, month):
        rows, self.days = self.months[month], calendar.monthrange(YEAR, month + 1)[1]
        alone = self.mode == "buy_all_sell_all"
        powers = [(local, max(ZERO, (bought - (0 if alone else sold)) / hours)) for local, hours, bought, sold in rows]
        peak = max(kw for _, kw in powers)
        self.kw = self.billed(month, peak)
        energy, credit = self.energy(rows)
        flat = tou = ZERO
        if "flatdemandstructure" in self.record:
            flat = graduated(self.record["flatdemandstructure"][self.record["flatdemandmonths"][month]], self.kw, self.limit, "rate")
        if "demandratestructure" in self.record:
            for number, tiers in enumerate(self.record["demandratestructure"]):
                inside = [kw for local, kw in powers if self.period("demand", local) == number]
                tou += graduated(tiers, max(inside, default=ZERO), self.limit, "rate")
        fixed = self.per(self.record.get("fixedchargefirstmeter", "0"), self.record.get("fixedchargeunits", "$/month"))
        total = max(ZERO, energy - credit + flat + tou + fixed)
        self.base += total
        minimum = ZERO
        for amount, unit in self.minimums():
            if unit != "$/year":
                minimum += max(ZERO, self.per(amount, unit) - total)
            elif month == 11:
                minimum += max(ZERO, Fraction(amount) - self.base)
        bought, sold = (sum((row[column] for row in rows), ZERO) for column in (2, 3))
        self.year_bank = max(ZERO, self.year_bank + sold - bought)
        payout = ZERO
        if month == 11:
            banked = self.year_bank if self.mode == "net_metering_kwh" else ZERO
            payout = banked * Fraction(self.options.get("yearend_kwh_rate", "0")) + self.dollars
        lines = {"energy": energy, "export_credit": -credit, "demand_flat": flat, "demand_tou": tou}
        return lines | {"fixed": fixed, "minimum": minimum, "yearend_payout": -payout}

    def per(self, amount, unit):
        return Fraction(amount) * {"$/month": 1, "$/day": self.days, "$/year": Fraction(1, 12)}[unit]

    def minimums(self):
        own = [(self.record["mincharge"], self.record.get("minchargeunits", "$/month"))] if "mincharge" in self.record else []
        names = {"minmonthlycharge": "$/month", "annualmincharge": "$/year"}
        return own + [(self.record[name], unit) for name, unit in names.items() if name in self.record]

    # 2.7

    def billed(self, month, peak):
        kw = [peak]
        if ratchet := self.options.get("ratchet"):
            kw.append(Fraction(ratchet.get("minimum_kw", "0")))
            before = list(reversed(self.peaks))[: ratchet["months_back"]]
            kw += [measured * Fraction(ratchet["percent_by_month"][at]) / 100 for at, measured in before]
        self.peaks.append((month, peak))
        return max(kw)

    # 2.2, 2.3, 2.6

    def limit(self, tier):
        if Fraction(str(tier.get("max", "1e38"))) >= 10**30:
            return None
        unit = tier.get("unit", "kWh")
        times = (self.days if "daily" in unit else 1) * (self.kw if "/kW" in unit else 1)
        return Fraction(str(tier["max"])) * times

    def energy(self, rows):
        """The charge before credits, and the credit that counts."""
        if self.prices:
            bought, sold = (sum((self.mean(row, side) * row[2 + side] for row in rows), ZERO) for side in (0, 1))
            return bought, self.credit(bought, ZERO if self.mode == "none" else sold)
        structure = self.record["energyratestructure"]
        inside = [(self.period("energy", local), bought, sold) for local, _, bought, sold in rows]
        in_order = self.mode in ("net_billing", "net_billing_carry", "buy_all_sell_all")
        in_order |= self.mode == "none" and self.options.get("tier_mode") == "chronological"
        if in_order:
            cost = self.in_time_order([(period, bought) for period, bought, _ in inside], "rate")
            earned = self.in_time_order([(period, sold) for period, _, sold in inside], "sell")
        else:
            sums = {period: [ZERO, ZERO] for period, _, _ in inside}
            for period, bought, sold in inside:
                sums[period][0] += bought
                sums[period][1] += sold
            net = {period: bought - (sold if self.mode != "none" else 0) for period, (bought, sold) in sums.items()}
            if self.mode == "net_metering_kwh":
                only = len(net) == 1
                net = {period: kwh - (sum(self.banks.values()) if only else self.banks.get(period, ZERO)) for period, kwh in net.items()}
                self.banks = {period: max(ZERO, -kwh) for period, kwh in net.items()}
            cost = self.pro_rata(structure, {period: max(ZERO, kwh) for period, kwh in net.items()}, "rate")
            earned = self.pro_rata(structure, {period: max(ZERO, -kwh) for period, kwh in net.items()}, "sell")
        return cost, self.credit(cost, earned)

    def mean(self, row, side):
        """The mean price of an interval, minute by minute."""
        first, minutes = oracle.minute_of(row[0]) - 60 * self.offset, int(row[1] * 60)
        return sum((self.prices[minute // self.step][side] for minute in range(first, first + minutes)), ZERO) / minutes

    def credit(self, cost, earned):
        match self.mode:
            case "none" | "net_metering_kwh":
                return ZERO
            case "net_billing" | "buy_all_sell_all":
                return earned
        at_once = self.mode == "net_metering_usd" or self.options.get("apply_credit_in_month", True)
        usable = self.dollars + (earned if at_once else 0)
        used = min(usable, cost)
        self.dollars += earned - used
        return used

    def pro_rata(self, structure, use, key):
        total = sum(use.values(), ZERO)
        return sum((graduated(structure[period], total, self.limit, key) * kwh / total for period, kwh in use.items() if kwh), ZERO)

    def in_time_order(self, energies, key):
        """Every interval from where the counter stands to where it then stands, at the prices of its own period."""
        cost, filled = ZERO, ZERO
        for period, kwh in energies:
            tiers = self.record["energyratestructure"][period]
            cost += graduated(tiers, filled + kwh, self.limit, key) - graduated(tiers, filled, self.limit, key)
            filled += kwh
        return cost


class World:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.offset = self.random.choice([-8, -5, 0, 3])
        self.minutes = self.random.choice([60, 120, 180])
        self.options = self.make_options()
        self.rows, text = [], ["start_utc,import_kwh,export_kwh"]
        at = datetime(YEAR, 1, 1, tzinfo=UTC) - timedelta(hours=self.offset)
        end = datetime(YEAR + 1, 1, 1, tzinfo=UTC) - timedelta(hours=self.offset)
        sun = self.random.choice([1, 2, 6])
        while at < end:
            bought = self.random.randint(0, 4000)
            sold = self.random.randint(0, 2000 * sun) if 15 <= at.hour <= 21 else 0
            self.rows.append((at, self.minutes, Fraction(bought, 1000), Fraction(sold, 1000)))
            text.append(f"{at.strftime('%Y-%m-%dT%H:%M:%SZ')},{bought / 1000:.3f},{sold / 1000:.3f}")
            at += self.minutes * oracle.MINUTE
        self.load = "\n".join(text) + "\n"
        self.tariff = self.make_record()
        self.written = self.respelt(self.tariff)
        self.price_rows, self.price_step = {}, 60
        if self.options.get("export_mode") not in ("net_metering_kwh", "net_metering_usd") and self.maybe(0.3):
            self.make_prices(at)
        self.case = {"id": str(seed), "load": "load.csv", "utc_offset_hours": self.offset, "year": YEAR, "options": self.options}

    def make_prices(self, end):
        self.price_step, self.options["price_file"] = self.random.choice([30, 60]), "prices.csv"
        at, text = self.rows[0][0], ["start_utc,buy_usd_per_kwh,sell_usd_per_kwh"]
        while at < end:
            pair = [Fraction(self.random.randint(-2000, 60000), 10**5) for _ in range(2)]
            self.price_rows[oracle.minute_of(at) // self.price_step] = pair
            text.append(f"{at.strftime('%Y-%m-%dT%H:%M:%SZ')},{float(pair[0]):.5f},{float(pair[1]):.5f}")
            at += self.price_step * oracle.MINUTE
        self.prices = "\n".join(text) + "\n"

    def respelt(self, record):
        """2.1: names of other versions of the database, and keys in other capitals."""
        record = dict(record)
        if record.get("fixedchargeunits") == "$/month" and self.maybe():
            record["fixedmonthlycharge"] = record.pop("fixedchargefirstmeter")
            del record["fixedchargeunits"]
        if record.get("minchargeunits") in ("$/month", "$/year") and self.maybe():
            name = {"$/month": "minmonthlycharge", "$/year": "annualmincharge"}[record.pop("minchargeunits")]
            record[name] = record.pop("mincharge")
        record |= {"demandReactPwrCharge": [1], "flatDemandUnits": "kW", "demandrateunit": "kW", "dgRules": "text", "demandwindow": 30}
        if self.maybe():
            record = {key.replace("structure", "Structure").replace("rate", "Rate").replace("demand", "Demand"): value for key, value in record.items()}
        return record

    def number(self, most, places=2):
        return f"{self.random.randint(0, most * 10**places) / 10**places:.{places}f}"

    def maybe(self, chance=0.5):
        return self.random.random() < chance

    def make_options(self):
        options = {"export_mode": self.random.choice(MODES), "yearend_kwh_rate": self.number(1), "apply_credit_in_month": self.maybe()}
        if self.maybe():
            options["tier_mode"] = self.random.choice(["prorata", "chronological"])
        if self.maybe(0.4):
            options["ratchet"] = {
                "percent_by_month": [self.random.choice([0, 50, 80, 100]) for _ in range(12)],
                "months_back": self.random.randint(0, 12),
                "minimum_kw": self.number(4),
            }
            if self.maybe():
                options["ratchet"]["prior_year_peaks_kw"] = [self.number(6) for _ in range(12)]
        return options

    def tiers(self, most, units):
        unit = self.random.choice(units)
        scale = {"kWh daily": 30, "kWh/kW": 4, "kWh/kW daily": 120}.get(unit, 1)
        limits = sorted({max(1, self.random.randint(1, most) // scale) for _ in range(self.random.randint(0, 2))})
        rates = lambda: {key: float(self.number(1, 4)) for key in ("rate", "adj", "sell") if self.maybe(0.8)}
        tiers = [{"max": limit, "unit": unit, **rates()} for limit in limits] + [{"unit": unit, **rates()}]
        if self.maybe(0.2):
            tiers[-1]["max"] = 1e38
        return tiers

    def schedule(self, periods):
        if self.maybe(0.3):
            row = [self.random.randrange(periods)] * 24
            return [row] * 12
        rows = [[self.random.randrange(periods) if hour % 6 == 0 else None for hour in range(24)] for _ in range(2)]
        for row in rows:
            for hour in range(1, 24):
                row[hour] = row[hour - 1] if row[hour] is None else row[hour]
        return [[float(period) for period in rows[5 <= month < 9]] for month in range(12)]

    def make_record(self):
        periods = self.random.randint(1, 3)
        record = {"energyratestructure": [self.tiers(2500, ["kWh", "kWh", "kWh daily", "kWh/kW", "kWh/kW daily"]) for _ in range(periods)]}
        record |= {f"energy{week}schedule": self.schedule(periods) for week in ("weekday", "weekend")}
        if self.maybe():
            structures = self.random.randint(1, 2)
            record["flatdemandstructure"] = [self.tiers(4, ["kW"]) for _ in range(structures)]
            record["flatdemandmonths"] = [self.random.randrange(structures) for _ in range(12)]
        if self.maybe():
            periods = self.random.randint(1, 3)
            record["demandratestructure"] = [self.tiers(4, ["kW"]) for _ in range(periods)]
            record |= {f"demand{week}schedule": self.schedule(periods) for week in ("weekday", "weekend")}
        if self.maybe(0.8):
            record |= {"fixedchargefirstmeter": self.number(20), "fixedchargeunits": self.random.choice(["$/month", "$/day", "$/year"])}
        if self.maybe(0.4):
            record |= {"mincharge": self.number(900), "minchargeunits": self.random.choice(["$/month", "$/day", "$/year"])}
        elif self.maybe(0.4):
            record |= {"minmonthlycharge": self.number(900), "annualmincharge": self.number(9000)}
        return record

    def expected(self, shown):
        for lines in Oracle(self).bills():
            yield {"lines": {name: shown(amount) for name, amount in lines.items()}, "total": shown(sum(lines.values()))}
