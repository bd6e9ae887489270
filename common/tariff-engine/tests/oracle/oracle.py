"""What a neutral tariff costs, a second time: RATING sections 1 and 3 sentence by sentence, with fractions and a loop over intervals
and minutes, as plainly as possible and as slowly as that is. It shares nothing with the engine: not the language, not the arithmetic,
not the time zones (`zoneinfo`), not the reading of files (it is handed the objects that the files were written from).
"""

import decimal
import functools
import zoneinfo
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_NAMES = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def minute_of(instant):
    return (instant - EPOCH) // MINUTE


@functools.cache
def first_instant(zone, day):
    """1.4: 00:00 of a date, or where there is none the first instant of it: found by walking."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    while at.astimezone(zone).date() != day:
        at += MINUTE
    return at


def days_between(first, end):
    return [first + n * DAY for n in range((end - first).days)]


def rounded(value, mode, places):
    """3.1"""
    scaled = abs(value) * 10**places
    whole, rest = divmod(scaled, 1)
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and (mode == "half_up" or whole % 2 == 1))
    return (1 if value >= 0 else -1) * Fraction(whole + up, 10**places)


def clock(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


class Interval:
    def __init__(self, zone, start, minutes, energies, estimated=False):
        self.start, self.minutes, self.energies, self.estimated = start, minutes, energies, estimated
        self.local = start.astimezone(zone)


class Oracle:
    """A tariff, and what its charges carry from cycle to cycle."""

    def __init__(self, tariff, case):
        self.tariff = tariff
        hours = tariff.get("utc_offset_hours")
        self.zone = zoneinfo.ZoneInfo(tariff["timezone"]) if hours is None else timezone(timedelta(hours=hours))
        self.holidays = {date.fromisoformat(day) for day in tariff.get("holidays", [])}
        self.prices = case.get("price_rows")
        self.events = case.get("events", [])
        self.values = case.get("values", {})
        self.peaks = defaultdict(list)
        for charge, peaks in case.get("history_kw", {}).items():
            self.peaks[charge] = [(int(peak["month"][5:]), Fraction(peak["kw"])) for peak in peaks]
        self.lots = defaultdict(list)
        for charge, lots in case.get("opening_bank", {}).items():
            self.lots[charge] = [[lot["cycles_ago"], Fraction(lot["kwh"])] for lot in lots]

    # 3.2

    def rule_holds(self, rule, local):
        day, minute = local.date(), local.hour * 60 + local.minute
        name = "hol" if day in self.holidays else DAY_NAMES[day.weekday()]
        if "months" in rule and day.month not in rule["months"]:
            return False
        if "days" in rule and name not in rule["days"]:
            return False
        if "event" in rule and not any(event["name"] == rule["event"] and self.event_holds(event, local) for event in self.events):
            return False
        begin, end = clock(rule.get("from", "00:00")), clock(rule.get("to", "24:00"))
        return begin <= minute < end if begin < end else minute >= begin or minute < end

    # 3.13

    def event_holds(self, event, local, day=None):
        """Whether a local time lies inside an event, or inside its clock window as if it were on another day; it may pass midnight."""
        begin, end, day = clock(event["from"]), clock(event["to"]), day or date.fromisoformat(event["date"])
        minute = local.hour * 60 + local.minute + 1440 * (local.date() - day).days
        return begin <= minute < (end if begin < end else end + 1440)

    def event_rebate(self, charge):
        saved = Fraction(0)
        mine = [event for event in self.events if event["name"] == charge["event"]]
        event_days = {date.fromisoformat(event["date"]) for event in mine}
        for event in mine:
            day = date.fromisoformat(event["date"])
            if day not in self.days:
                continue
            used = lambda day: sum((interval.energies["import"] for interval in self.intervals if self.event_holds(event, interval.local, day)), Fraction(0))
            like, before = [], day - DAY
            while len(like) < charge["lookback_days"]:
                if before.weekday() < 5 and before not in self.holidays | event_days:
                    like.append(used(before))
                before -= DAY
            highest = sorted(like, reverse=True)[: charge["highest"]]
            saved += max(Fraction(0), sum(highest) / len(highest) - used(day))
        return [(charge["id"], -Fraction(charge["rate"]) * saved)]

    # 3.17

    def value(self, name, day):
        value = self.values[name]
        if not isinstance(value, list):
            return value
        return [dated["value"] for dated in value if date.fromisoformat(dated["from"]) <= day][-1]

    def filled(self, node, day):
        """A charge with the values of a day."""
        match node:
            case {"param": name}:
                return self.value(name, day)
            case dict():
                return {key: self.filled(value, day) for key, value in node.items()}
            case list():
                return [self.filled(item, day) for item in node]
        return node

    def cuts(self, first, end):
        """The cycle cut where a value changes inside it."""
        lists = [value for value in self.values.values() if isinstance(value, list)]
        changes = {date.fromisoformat(dated["from"]) for value in lists for dated in value}
        edges = [first, *sorted(day for day in changes if first < day < end), end]
        return list(zip(edges, edges[1:]))

    def when_holds(self, when, local):
        return any(self.rule_holds(rule, local) for rule in when)

    def band_of(self, charge, local):
        for band in charge["bands"]:
            if self.when_holds(band["when"], local):
                return band
        return charge["otherwise"]

    # Bills

    def bill(self, first, end, rows):
        """One cycle; `rows` are the intervals that exist when it is billed."""
        self.cycle = (first, end)
        self.intervals = [Interval(self.zone, *row) for row in rows]
        self.round_line = lambda value: value
        rounding = self.tariff["rounding"]
        if rounding["scope"] == "line":
            self.round_line = lambda value: rounded(value, rounding["mode"], rounding["places"])
        self.measured = {}
        lines = []
        pieces = self.cuts(first, end)
        parts = [(piece, version) for piece in pieces for version in self.tariff.get("versions") or [self.tariff]]
        self.banked = defaultdict(Fraction)
        for (from_day, to_day), version in parts:
            begin = max(from_day, date.fromisoformat(version.get("valid_from", "0001-01-01")))
            stop = min(to_day, date.fromisoformat(version.get("valid_to", "9999-12-31")))
            if begin >= stop:
                continue
            self.is_last = stop == end
            self.days = days_between(begin, stop)
            self.start, self.stop = first_instant(self.zone, begin), first_instant(self.zone, stop)
            self.part = [interval for interval in self.intervals if self.start <= interval.start < self.stop]
            for charge in self.filled(version["charges"], begin):
                for name, exact in getattr(self, charge["type"])(charge):
                    if "versions" in self.tariff or len(pieces) > 1:
                        name += f"@{begin}"
                    lines.append((name, self.round_line(exact)))
        for charge in self.tariff.get("bill_charges", []):
            lines.append((charge["id"], self.round_line(self.bill_charge(charge, lines))))
        self.end_cycle()
        total = sum((amount for _, amount in lines), Fraction(0))
        if rounding["scope"] == "total":
            total = rounded(total, rounding["mode"], rounding["places"])
        return lines, total

    def end_cycle(self):
        for charge in {*self.peaks, *self.measured}:
            self.peaks[charge].append((self.cycle[0].month, self.measured.get(charge, Fraction(0))))
        for lots in self.lots.values():
            for lot in lots:
                lot[0] += 1
        for charge, kwh in self.banked.items():
            self.lots[charge].append([1, kwh])

    def kwh(self, charge, interval):
        energy = interval.energies[charge.get("register", "import")]
        if "interval_kwh_rounding" in charge:
            how = charge["interval_kwh_rounding"]
            energy = rounded(energy, how["mode"], how["places"])
        return energy

    def quantity(self, charge, intervals):
        return sum((self.kwh(charge, interval) for interval in intervals), Fraction(0))

    # 3.3

    def energy(self, charge):
        sign = int(charge.get("sign", "1"))
        if "rate" in charge:
            return [(charge["id"], self.quantity(charge, self.part) * Fraction(charge["rate"]) * sign)]
        lines = []
        for band in [*charge["bands"], charge["otherwise"]]:
            inside = [interval for interval in self.part if self.band_of(charge, interval.local) is band]
            if inside:
                name = f"{charge['id']}.{band['name']}"
                lines.append((name, self.quantity(charge, inside) * Fraction(band["rate"]) * sign))
        return lines

    # 3.4

    def indexed(self, charge):
        total = Fraction(0)
        multiplier, adder = Fraction(charge.get("multiplier", "1")), Fraction(charge.get("adder", "0"))
        for interval in self.part:
            first = minute_of(interval.start)
            minutes = [self.prices[minute] for minute in range(first, first + interval.minutes)]
            mean = sum(minutes, Fraction(0)) / len(minutes)
            total += self.kwh(charge, interval) * (mean / 1000 * multiplier + adder)
        return [(charge["id"], total * int(charge.get("sign", "1")))]

    # 3.5

    def tiered(self, charge):
        if "tiers" in charge:
            return [(charge["id"], self.in_tiers(charge, charge["tiers"], self.part, len(self.days)))]
        lines = []
        for season in charge["seasons"]:
            inside = [interval for interval in self.part if interval.local.month in season["months"]]
            days = sum(day.month in season["months"] for day in self.days)
            if days:
                name = f"{charge['id']}.{season['name']}"
                lines.append((name, self.in_tiers(charge, season["tiers"], inside, days)))
        return lines

    def in_tiers(self, charge, tiers, intervals, days):
        quantity = self.quantity(charge, intervals)
        times = {"cycle": Fraction(1), "per_30_days": Fraction(days, 30), "per_day": Fraction(days)}
        times = times[charge.get("allowance", "cycle")]
        amount, below = Fraction(0), Fraction(0)
        for tier in tiers:
            rate = Fraction(tier["rate"]) * int(charge.get("sign", "1"))
            limit = None if tier["up_to"] is None else Fraction(tier["up_to"]) * times
            reached = limit is None or quantity <= limit
            if charge.get("mode", "graduated") == "volume":
                if reached:
                    return quantity * rate
            else:
                amount += ((quantity if reached else limit) - below) * rate
                below = limit
                if reached:
                    return amount
        raise AssertionError("the last tier is open")

    def package(self, charge):
        quantity, size = self.quantity(charge, self.part), Fraction(charge["size"])
        return [(charge["id"], max(0, -(-quantity // size)) * Fraction(charge["price"]))]

    def stairstep(self, charge):
        quantity = self.quantity(charge, self.part)
        for step in charge["steps"]:
            if step["up_to"] is None or quantity <= Fraction(step["up_to"]):
                return [(charge["id"], Fraction(step["fee"]))]
        raise AssertionError("the last step is open")

    # 3.6

    def daily(self, charge):
        return [(charge["id"], len(self.days) * Fraction(charge["amount"]))]

    def monthly(self, charge):
        def of_month(day):
            next_month = (day.replace(day=1) + 32 * DAY).replace(day=1)
            return (next_month - day.replace(day=1)).days

        return [(charge["id"], sum(Fraction(charge["amount"]) / of_month(day) for day in self.days))]

    def years(self):
        return sum(Fraction(1, 366 if (date(day.year, 12, 31) - date(day.year, 1, 1)).days == 365 else 365) for day in self.days)

    def annual(self, charge):
        return [(charge["id"], Fraction(charge["amount"]) * self.years())]

    # 3.7

    def windows(self, charge):
        """Start and mean kW of every window that lies inside and holds no estimate, minute by minute."""
        begin, stop = minute_of(self.start), minute_of(self.stop)
        units = [0] * (stop - begin)  # 10^-6 kWh / 1440
        estimated = [False] * (stop - begin)
        for interval in self.intervals:
            per_minute = interval.energies["import"] * 10**6 * 1440 / interval.minutes
            assert per_minute.denominator == 1
            for minute in range(interval.minutes):
                index = minute_of(interval.start) + minute - begin
                if 0 <= index < len(units):
                    units[index] = int(per_minute)
                    estimated[index] = interval.estimated
        length, slide = charge["window_minutes"], charge.get("slide_minutes", charge["window_minutes"])
        for at in range(-(-begin // slide) * slide, stop - length + 1, slide):
            if any(estimated[at - begin : at - begin + length]):
                continue
            kwh = Fraction(sum(units[at - begin : at - begin + length]), 10**6 * 1440)
            local = (EPOCH + at * MINUTE).astimezone(self.zone)
            yield local, kwh * 60 / length

    def demand(self, charge):
        windows = [(at, kw) for at, kw in self.windows(charge) if "when" not in charge or self.when_holds(charge["when"], at)]
        if charge.get("aggregation") == "top_days_mean":
            daily = defaultdict(Fraction)
            for at, kw in windows:
                daily[at.date()] = max(daily[at.date()], kw)
            highest = sorted(daily.values(), reverse=True)[: charge["top_n"]]
            kw = sum(highest, Fraction(0)) / max(1, len(highest))
        else:
            kw = max((kw for _, kw in windows), default=Fraction(0))
        if "power_factor" in charge:
            active, reactive = (self.quantity({"register": register}, self.part) for register in ("import", "reactive"))
            if active or reactive:
                factor = rounded(active / Fraction(root(active**2 + reactive**2)), "half_up", 4)
                reference = Fraction(charge["power_factor"]["reference"])
                if factor < reference:
                    kw = kw * reference / factor
        self.measured[charge["id"]] = max(self.measured.get(charge["id"], Fraction(0)), kw)
        least = Fraction(charge.get("minimum_kw", "0"))
        billed = max(kw, least)
        if "ratchet" in charge:
            ratchet = charge["ratchet"]
            for month, before in list(reversed(self.peaks[charge["id"]]))[: ratchet["cycles_back"]]:
                if month in ratchet.get("months", range(1, 13)):
                    billed = max(billed, before * Fraction(ratchet["percent"]) / 100)
        if "rolling_mean_with_kw" in charge:
            all_kw = [billed, *(max(Fraction(other), least) for other in charge["rolling_mean_with_kw"])]
            billed = sum(all_kw) / len(all_kw)
        if "steps" in charge:
            for step in charge["steps"]:
                if step["up_to"] is None or billed < Fraction(step["up_to"]):
                    return [(charge["id"], Fraction(step["fee"]))]
        amount = billed * Fraction(charge["rate"])
        return [(charge["id"], amount * self.years() if charge.get("rate_per") == "year" else amount)]

    # 3.8

    def coincident(self, charge):
        starts = {datetime.fromisoformat(text) for text in charge["intervals_utc"]}
        powers = [interval.energies["import"] * 60 / interval.minutes for interval in self.part if interval.start in starts]
        return [(charge["id"], sum(powers) / len(powers) * Fraction(charge["rate"]))]

    def reactive_excess(self, charge):
        active, reactive = (self.quantity({"register": register}, self.part) for register in ("import", "reactive"))
        return [(charge["id"], max(Fraction(0), reactive - Fraction(charge["free_share"]) * active) * Fraction(charge["rate"]))]

    # 3.9

    def contracted_power(self, charge):
        lines, excesses = [], []
        windows = list(self.windows(charge))
        for band in [*charge["bands"], charge["otherwise"]]:
            powers = [kw for at, kw in windows if self.band_of(charge, at) is band]
            agreed, rate = Fraction(band["contracted_kw"]), Fraction(band["rate_per_kw_day"])
            if charge["rule"] == "band":
                most = max(powers, default=Fraction(0))
                low, high = (agreed * Fraction(charge[key]) / 100 for key in ("low_percent", "high_percent"))
                billed = low if most < low else most if most <= high else most + Fraction(charge["excess_factor"]) * (most - high)
            else:
                billed = agreed
                squares = sum(((kw - agreed) ** 2 for kw in powers if kw > agreed), Fraction(0))
                excesses.append((f"{charge['excess_id']}.{band['name']}", Fraction(charge["excess_rate"]) * Fraction(root(squares))))
            lines.append((f"{charge['id']}.{band['name']}", billed * rate * len(self.days)))
        return lines + excesses

    # 3.10

    def net_energy(self, charge):
        sums = {register: self.quantity({"register": register}, self.part) for register in ("import", "export")}
        net = sums["import"] - sums["export"]
        lots = self.lots[charge["id"]]
        for lot in lots:
            used = min(lot[1], max(net, Fraction(0)))
            lot[1] -= used
            net -= used
        expired = Fraction(0)
        if self.is_last:
            expired = sum((lot[1] for lot in lots if lot[0] >= charge["expiry_cycles"]), Fraction(0))
            self.lots[charge["id"]] = [lot for lot in lots if lot[0] < charge["expiry_cycles"]]
        self.banked[charge["id"]] += max(-net, Fraction(0))
        return [
            (charge["id"], max(net, Fraction(0)) * Fraction(charge["rate"])),
            (f"{charge['id']}.expired", -expired * Fraction(charge["expired_rate"])),
        ]

    # 3.12

    def bill_charge(self, charge, lines):
        def named(line):
            return any(line == name or line.startswith((name + ".", name + "@")) for name in charge["of"])

        amounts = [amount for name, amount in lines if "of" not in charge or named(name)]
        total = sum(amounts, Fraction(0))
        match charge["type"]:
            case "percent" if charge.get("per_line"):
                return sum((self.round_line(amount * Fraction(charge["rate"])) for amount in amounts), Fraction(0))
            case "percent":
                return total * Fraction(charge["rate"])
            case "minimum":
                return max(Fraction(0), Fraction(charge["amount"]) - total)
            case "maximum":
                return -max(Fraction(0), total - Fraction(charge["amount"]))
            case "max_per_kwh":
                first, end = (first_instant(self.zone, day) for day in self.cycle)
                inside = [interval for interval in self.intervals if first <= interval.start < end]
                return -max(Fraction(0), total - Fraction(charge["rate"]) * self.quantity(charge, inside))


def root(square):
    """1.1: 28 significant digits."""
    with decimal.localcontext(prec=60):
        exact = decimal.Decimal(square.numerator) / decimal.Decimal(square.denominator)
    with decimal.localcontext(prec=28):
        return exact.sqrt()
