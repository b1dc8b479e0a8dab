"""Facts to be drawn from a text as JSON, and arguments of a tool to be drawn from a wish."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from crossroute.profiler.questions.checkers import json_value
from crossroute.profiler.questions.graded_query import GradedQuery

A_LEVEL = 5
_FIRST = ("Mara", "Tom", "Yusuf", "Ines", "Lars", "Priya", "Otto", "Wei")
_LAST = ("Lindqvist", "Okafor", "Brandt", "Silva", "Novak", "Tanaka", "Hughes", "Rossi")
_CITIES = ("Lisbon", "Oslo", "Vienna", "Porto", "Dublin", "Riga", "Turin", "Gdansk")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October")
_GOODS = ("desk lamp", "notebook", "water filter", "headset", "bicycle pump", "kettle", "backpack")


def extraction() -> Iterator[GradedQuery]:
    """Yield texts with the fields that are asked for."""
    random = Random("extraction")
    for level, draw in enumerate((_contact, _order, _log, _invoice), start=1):
        for _ in range(A_LEVEL):
            text, fields = draw(random)
            keys = ", ".join(f'"{key}"' for key in fields)
            ask = f"Extract from the text a JSON object with the keys {keys}. Give the JSON only."
            yield _query("extraction", level, f"{ask} {_HINTS[level]}\n\nText: {text}", fields)


_HINTS = {
    1: "All values are strings.",
    2: "The quantity is a number; all other values are strings.",
    3: "The counts are numbers; the code is a string.",
    4: 'The dates are strings such as "2026-03-09"; the amounts are numbers; "items" is a list of strings.',
}


def _query(skill: str, level: int, text: str, fields: dict[str, Any]) -> GradedQuery:
    return GradedQuery(skill, level, text, fields, json_value, json.dumps(fields))


def _contact(random: Random) -> tuple[str, dict[str, Any]]:
    first, last, city = random.choice(_FIRST), random.choice(_LAST), random.choice(_CITIES)
    email = f"{first.lower()}.{last.lower()}@example.com"
    text = f"Hello, I am {first} {last} and I live in {city}. Write to me at {email}, please."
    return text, {"name": f"{first} {last}", "city": city, "email": email}


def _order(random: Random) -> tuple[str, dict[str, Any]]:
    first, last, city = random.choice(_FIRST), random.choice(_LAST), random.choice(_CITIES)
    goods, quantity, number = random.choice(_GOODS), random.randrange(2, 30), random.randrange(10000, 99999)
    text = (
        f"Order {number} has not come. It was {quantity} of the {goods}, sent to {city} for {first} {last}, "
        f"though the parcel says {random.randrange(31, 60)}, and the courier, {random.choice(_FIRST)}, blames us."
    )
    return text, {"order": str(number), "quantity": quantity, "product": goods, "customer": f"{first} {last}"}


def _log(random: Random) -> tuple[str, dict[str, Any]]:
    levels = [random.choice(("INFO", "WARN", "ERROR")) for _ in range(9)]
    code, at = f"E{random.randrange(100, 999)}", random.randrange(9)
    levels[at] = "ERROR"
    last = max(i for i, level in enumerate(levels) if level == "ERROR")
    lines = [
        f"10:{20 + i} {level} worker-{random.randrange(1, 4)}: "
        + (
            f"failed with {code if i == last else f'E{random.randrange(100, 999)}'}"
            if level == "ERROR"
            else "done"
        )
        for i, level in enumerate(levels)
    ]
    fields = {"errors": levels.count("ERROR"), "warnings": levels.count("WARN"), "code_of_last_error": code}
    return "\n" + "\n".join(lines), fields


def _invoice(random: Random) -> tuple[str, dict[str, Any]]:
    issued = date(2026, random.randrange(1, 11), random.randrange(1, 28))
    days = random.choice((7, 10, 14))
    goods = random.sample(_GOODS, 3)
    prices = [random.randrange(15, 90) for _ in goods]
    listed = "; ".join(f"{name} at {price} euros" for name, price in zip(goods, prices, strict=True))
    text = (
        f"Invoice to {random.choice(_FIRST)} {random.choice(_LAST)}, issued on {issued.day} "
        f"{_MONTHS[issued.month - 1]} 2026, payable within {days} days: {listed}. The {goods[1]} was returned and "
        "is not charged. Shipping: 6 euros."
    )
    fields = {
        "issued": issued.isoformat(),
        "due": (issued + timedelta(days=days)).isoformat(),
        "items": [goods[0], goods[2]],
        "total": prices[0] + prices[2] + 6,
    }
    return text, fields


def tool_arguments() -> Iterator[GradedQuery]:
    """Yield a tool, a wish, and the arguments that the call must have."""
    random = Random("tool arguments")
    for level, draw in enumerate((_weather, _flight, _meeting, _search), start=1):
        for _ in range(A_LEVEL):
            tool, wish, arguments = draw(random)
            text = (
                f"You can call one tool:\n{tool}\n\nToday is Wednesday, 2026-03-11. The user says: {wish}\n\n"
                "Give the arguments of the call as a JSON object, and nothing else. Leave out optional arguments "
                "that the user does not ask for."
            )
            yield _query("tool-arguments", level, text, arguments)


def _weather(random: Random) -> tuple[str, str, dict[str, Any]]:
    city, days = random.choice(_CITIES), random.randrange(2, 8)
    tool = "forecast(city: string, days: integer)"
    return (
        tool,
        f"What will the weather be like in {city} for the next {days} days?",
        {"city": city, "days": days},
    )


def _flight(random: Random) -> tuple[str, str, dict[str, Any]]:
    start, end = random.sample(_CITIES, 2)
    adults, day = random.randrange(2, 5), random.randrange(12, 29)
    tool = (
        'find_flights(origin: string, destination: string, date: "YYYY-MM-DD", adults: integer, '
        'cabin?: "economy" | "business")'
    )
    business = random.random() < 0.5
    wish = (
        f"I need to get to {end} on {day} March, from {start}, with "
        f"{('my wife', 'two friends', 'three colleagues')[adults - 2]}{', in business class' if business else ''}."
    )
    fields = {"origin": start, "destination": end, "date": f"2026-03-{day}", "adults": adults}
    return tool, wish, {**fields, "cabin": "business"} if business else fields


def _meeting(random: Random) -> tuple[str, str, dict[str, Any]]:
    people = random.sample(_FIRST, 2)
    weekday, ahead = random.choice((("Friday", 2), ("Monday", 5), ("Thursday", 1), ("Saturday", 3)))
    hour, minutes = random.randrange(1, 7), random.choice((30, 45, 90))
    tool = (
        'schedule(title: string, attendees: list of strings, start: "YYYY-MM-DDTHH:MM", '
        "duration_minutes: integer, online?: boolean)"
    )
    length = {30: "half an hour", 45: "three quarters of an hour", 90: "an hour and a half"}[minutes]
    wish = (
        f'Set up "Budget" with {people[0]} and {people[1]} this coming {weekday} at {hour} in the afternoon, '
        f"{length}, as a video call."
    )
    day = date(2026, 3, 11) + timedelta(days=ahead)
    return (
        tool,
        wish,
        {
            "title": "Budget",
            "attendees": people,
            "start": f"{day.isoformat()}T{hour + 12}:00",
            "duration_minutes": minutes,
            "online": True,
        },
    )


def _search(random: Random) -> tuple[str, str, dict[str, Any]]:
    goods, low = random.choice(_GOODS), random.randrange(10, 40)
    high, stars = low + random.randrange(20, 60), random.choice((3, 4))
    maker = random.choice(_LAST)
    tool = (
        "search_products(query: string, filters: {price: {min?: number, max?: number}, rating?: {min: number}, "
        'exclude_brands?: list of strings}, sort?: {by: "price" | "rating", order: "asc" | "desc"}, '
        "limit?: integer)"
    )
    wish = (
        f"Show me the 5 cheapest offers for a {goods} between {low} and {high} euros, cheapest first, at least "
        f"{stars} stars, but nothing from {maker}."
    )
    filters = {"price": {"min": low, "max": high}, "rating": {"min": stars}, "exclude_brands": [maker]}
    return (
        tool,
        wish,
        {"query": goods, "filters": filters, "sort": {"by": "price", "order": "asc"}, "limit": 5},
    )
