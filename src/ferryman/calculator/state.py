"""The settings of the page, as the query of its address: parsed, checked and written.

The address holds all of it, so a link restores what was seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from ferryman.core.errors import ConfigError
from ferryman.cost.memory import SIZES
from ferryman.cost.number_format import plain
from ferryman.cost.platforms.front_door import DOOR_NAMES
from ferryman.cost.traffic.shape import HOURS, Shape, preset, preset_names
from ferryman.cost.workload import LAMBDA_MIB_PER_VCPU

__all__ = (
    "CHOICES",
    "CHOSEN",
    "MORE",
    "MOST_LETTERS",
    "PLATFORMS",
    "SLIDERS",
    "SWITCHES",
    "Slider",
    "State",
    "busy_ms",
    "read_choice",
    "read_state",
    "typed",
    "with_week",
)


@dataclass(frozen=True, slots=True)
class Slider:
    """A number that can be dragged, or typed beside the slider.

    Args:
        name: Its name in the address.
        label: What the page calls it.
        unit: Behind the number.
        low: The left end of the slider; a typed number may lie beyond.
        high: The right end.
        steps: The values it stops at, where it does not run evenly in ratios.
    """

    name: str
    label: str
    unit: str
    low: Decimal
    high: Decimal
    steps: tuple[int, ...] = ()


SLIDERS = (
    Slider("requests", "Traffic", "requests a month", Decimal(10**4), Decimal(10**10)),
    Slider("cpu", "CPU time", "ms a request", Decimal("0.1"), Decimal(1000)),
    Slider("wait", "Wait", "ms a request", Decimal(1), Decimal(10_000)),
    Slider("memory", "Lambda memory", "MiB", Decimal(SIZES[0]), Decimal(SIZES[-1]), SIZES),
)

MOST = 10**13
"""No number of the page is larger; what each may be, the workload knows."""

MOST_LETTERS = 300
"""Of a name or a doubt."""

_BUSY_HOUR = "busy-hour"
_LOG = "log"

CHOICES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "door": (
        "Front door of Lambda",
        {door.removeprefix("function-"): name for door, name in DOOR_NAMES.items()},
    ),
    "region": (
        "Region",
        {
            "us-east-1": "us-east-1, N. Virginia",
            "us-west-2": "us-west-2, Oregon",
            "eu-west-1": "eu-west-1, Ireland",
            "eu-central-1": "eu-central-1, Frankfurt",
            "ap-northeast-1": "ap-northeast-1, Tokyo",
            "ap-northeast-2": "ap-northeast-2, Seoul",
        },
    ),
    "purchase": (
        "Commitment for servers",
        {
            "on-demand": "none, on demand",
            "savings-1y": "savings plan, 1 year",
            "savings-3y": "savings plan, 3 years",
            "spot": "none, spot",
        },
    ),
    "architecture": ("Architecture", {"arm64": "arm64", "x86_64": "x86_64"}),
    "shape": ("The week", {name: name for name in preset_names()} | {_BUSY_HOUR: "unknown"}),
}
"""Name in the address: label, and what may be chosen. The first is the default."""

PLATFORMS: Mapping[str, str] = {
    "fargate": "Fargate",
    "fargate+lambda": "Fargate + Lambda",
    "ec2": "EC2",
    "ec2+lambda": "EC2 + Lambda",
    "eks": "EKS",
    "gke": "GKE",
    "managed-instances": "Managed Instances",
    "box": "one box",
}

CHOSEN = "chosen"
"""What is not ticked is not sent: this tells nothing ticked from nothing said. Each platform
has a name of its own, for not every balancer carries a name twice."""

MORE = (
    *("peak_to_mean", "burst", "response_bytes", "request_bytes"),
    *("cold_start_share", "init_ms", "log_bytes", "resident_mib", "in_flight_mib"),
)
"""Fields of the workload that an address may have, and a log may give."""

SWITCHES: Mapping[str, str] = {
    "autoscale": "Servers follow the hour",
    "no-free-tier": "The free tier is used up",
}


@dataclass(frozen=True, slots=True)
class State:
    """What the page is set to.

    Args:
        requests: Requests a month.
        cpu: CPU time of a request on one vCPU, ms.
        wait: What a request waits besides, ms.
        memory: Memory of the Lambda function, MiB.
        door: The function's front door.
        region: An AWS region.
        purchase: How servers are bought.
        architecture: Of Lambda and the servers.
        shape: The name of a week; ``busy-hour`` for none, ``log`` for that of ``week``.
        against: What Lambda is compared with.
        autoscale: Whether servers follow the hour.
        free_tier: Whether the account's free tier is left for the application.
        week: 168 weights of a week that was read from a log, in two digits each.
        more: Further fields of the workload, which have no control.
        doubt: Why the figures may not be trusted, where they were measured with --force.
    """

    requests: Decimal = Decimal(20_000_000)
    cpu: Decimal = Decimal(10)
    wait: Decimal = Decimal(90)
    memory: Decimal = Decimal(512)
    door: str = "url"
    region: str = "us-east-1"
    purchase: str = "on-demand"
    architecture: str = "arm64"
    shape: str = "consumer"
    against: tuple[str, ...] = ("fargate", "ec2")
    autoscale: bool = False
    free_tier: bool = True
    week: str = ""
    more: tuple[tuple[str, Decimal], ...] = ()
    doubt: str = ""

    def chosen_shape(self) -> Shape | None:
        """Return the week, if it is known."""
        if self.shape == _LOG:
            return _unpack(self.week)
        return None if self.shape == _BUSY_HOUR else preset(self.shape)

    def query(self) -> str:
        """Return the state as the query of an address."""
        pairs = [(slider.name, typed(getattr(self, slider.name))) for slider in SLIDERS]
        pairs += [(name, getattr(self, name)) for name in CHOICES]
        pairs += [(CHOSEN, "yes"), *((name, "on") for name in self.against)]
        pairs += [("autoscale", "on")] if self.autoscale else []
        pairs += [] if self.free_tier else [("no-free-tier", "on")]
        pairs += [(name, typed(value)) for name, value in self.more]
        pairs += [("week", self.week)] if self.week else []
        pairs += [("doubt", self.doubt)] if self.doubt else []
        return urlencode(pairs)


def typed(value: Decimal) -> str:
    """Return a number as it is typed: ``20M``, ``250k``, ``512``."""
    for power, letter in ((9, "G"), (6, "M"), (3, "k")):
        if value >= max(10**power, 10**5) and not value % 10 ** (power - 2):
            return f"{typed(value.scaleb(-power))}{letter}"
    return plain(value).replace(",", "")


def read_state(query: Mapping[str, Sequence[str]]) -> State:
    """Return the state that an address asks for; what it does not name is the default.

    Args:
        query: Every value of each name. Names that are unknown are left alone.

    Raises:
        ConfigError: A value is not one of those that its name allows.
    """
    found: dict[str, object] = {}
    for slider in SLIDERS:
        if slider.name in query:
            found[slider.name] = _number(slider.label, query[slider.name][-1])
    for name in CHOICES:
        if name in query:
            found[name] = read_choice(name, query[name][-1])
    if CHOSEN in query:
        found["against"] = tuple(name for name in PLATFORMS if name in query)
    given = (name for name in MORE if name in query)
    found["more"] = tuple((name, _number(name, query[name][-1])) for name in given)
    found["autoscale"] = "autoscale" in query
    found["free_tier"] = "no-free-tier" not in query
    found["doubt"] = query.get("doubt", ("",))[-1][:MOST_LETTERS]
    return _with_shape(State(**found), query)  # type: ignore[arg-type]


def _with_shape(state: State, query: Mapping[str, Sequence[str]]) -> State:
    week = query.get("week", ("",))[-1]
    if state.shape == _LOG and not week:
        raise ConfigError(
            "The week: no log was uploaded to take it from", hint="choose another shape"
        )
    return replace(state, week=week)


def busy_ms(cpu: Decimal, memory: Decimal) -> Decimal:
    """Return how long Lambda takes for so much CPU time: its memory decides on its CPU.

    Args:
        cpu: CPU time on one vCPU, ms.
        memory: Memory of the function, MiB.
    """
    return round(cpu * max(Decimal(1), LAMBDA_MIB_PER_VCPU / max(memory, Decimal(1))), 3)


def _number(label: str, text: str) -> Decimal:
    power = {"k": 3, "m": 6, "g": 9}.get(text.strip()[-1:].lower(), 0)
    try:
        number = Decimal(text.strip().replace(",", "")[: -1 if power else None]).scaleb(power)
    except InvalidOperation:
        raise ConfigError(
            f"{label}: {text!r} is not a number", hint="write it like 10M, 2.5k or 80"
        ) from None
    if not (number.is_finite() and 0 <= number <= MOST):
        raise ConfigError(f"{label}: {text!r} is out of range", hint="give a number from 0 up")
    return number


def read_choice(name: str, text: str) -> str:
    """Return what an address says of a choice.

    Raises:
        ConfigError: It is not one of those that there are.
    """
    label, values = CHOICES[name]
    if text not in values and not (name == "shape" and text == _LOG):
        raise ConfigError(f"{label}: there is no {text!r}", hint=f"there is {', '.join(values)}")
    return text


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_FINEST = len(_DIGITS) ** 2 - 1


def with_week(state: State, shape: Shape) -> State:
    """Return the state with a week of its own, its weights rounded to a part in 1,295."""
    most = max(shape.weights)
    weights = [round(weight / most * _FINEST) for weight in shape.weights]
    week = "".join(_DIGITS[w // len(_DIGITS)] + _DIGITS[w % len(_DIGITS)] for w in weights)
    return replace(state, shape=_LOG, week=week)


def _unpack(week: str) -> Shape:
    pairs = [week[place : place + 2] for place in range(0, len(week), 2)]
    if len(week) != 2 * HOURS or not all(set(pair) <= set(_DIGITS) for pair in pairs):
        raise ConfigError("The week: that of the address is not whole", hint="read the log again")
    return Shape.of("your log", [int(pair, len(_DIGITS)) for pair in pairs], "a log")
