"""Prepayment (RATING 3.16): random accounts, and the oracle that walks through their intervals."""

import random
from datetime import date
from fractions import Fraction

import oracle
import worlds

DAY = oracle.DAY


class World(worlds.World):
    """The load and the bands of a usual world, but paid as it is used."""

    def make_tariff(self):
        self.has_gaps = self.has_events = False
        tariff = {"currency": "EUR", **self.clock, "rounding": {"scope": "line", "mode": "half_up", "places": 2}}
        tariff["charges"] = [{"id": "e", **self.energy()}, {"id": "s", "type": "daily", "amount": self.number(0, 3)}]
        tariff["charges"][0].pop("interval_kwh_rounding", None)
        return tariff

    def make_load(self):
        self.has_gaps = self.has_events = False
        self.case.pop("events", None)
        super().make_load()
        stamp = lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")
        begin, end = (oracle.first_instant(self.zone, self.days[index]) for index in (0, -1))
        times = [begin + self.random.randrange(int((end - begin) / oracle.MINUTE)) * oracle.MINUTE for _ in range(3)]
        times.append(oracle.first_instant(self.zone, self.days[0] + DAY))
        self.topups = [(at, Fraction(self.random.randint(1, 80))) for at in times]
        opening, credit = self.random.randint(0, 60), self.random.choice([0, 5, 10])
        self.case |= {"kind": "prepayment", "opening_balance": str(opening), "emergency_credit": str(credit)}
        self.case["topups"] = [{"utc": stamp(at), "amount": str(amount)} for at, amount in self.topups]

    def make_values(self):
        """Prepayment has none here."""

    def expected(self, shown):
        person = oracle.Oracle(self.tariff, self.case)
        energy, fee = self.tariff["charges"]
        balance, limit = Fraction(self.case["opening_balance"]), -Fraction(self.case["emergency_credit"])
        waiting = sorted(self.topups, key=lambda topup: topup[0])
        for (first, last), rows in zip(zip(self.days, self.days[1:]), self.views):
            opening, added, cost, standing = balance, Fraction(0), Fraction(0), Fraction(0)
            midnights = [oracle.first_instant(self.zone, day) for day in oracle.days_between(first, last)]
            below, at_limit, seen = None, None, []
            begin, end = midnights[0], oracle.first_instant(self.zone, last)
            for at, minutes, energies in rows:
                if not begin <= at < end:
                    continue
                while waiting and waiting[0][0] <= at:
                    added += waiting[0][1]
                    balance += waiting.pop(0)[1]
                while midnights and midnights[0] <= at:
                    balance -= Fraction(fee["amount"])
                    standing += Fraction(fee["amount"])
                    seen.append(shown(balance))
                    midnights.pop(0)
                local = at.astimezone(self.zone)
                rate = Fraction(energy["rate"] if "rate" in energy else person.band_of(energy, local)["rate"]) * int(energy.get("sign", "1"))
                price = energies[energy.get("register", "import")] * rate
                cost += price
                balance -= price
                if balance < 0:
                    below = below or at + minutes * oracle.MINUTE
                if balance <= limit:
                    at_limit = at_limit or at + minutes * oracle.MINUTE
            stamp = lambda at: at and at.strftime("%Y-%m-%dT%H:%M:%SZ")
            facts = {"opening": shown(opening), "topups": shown(added), "closing": shown(balance)}
            facts |= {"first_below_zero": stamp(below), "first_at_or_below_limit": stamp(at_limit), "at_local_midnight": seen}
            yield {"lines": {"energy": shown(cost), "standing": shown(standing)}, "total": shown(cost + standing), "balance": facts}
