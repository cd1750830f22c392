"""The settings of the page, as the query of its address: parsed, checked and written.

The address has all settings, so a link restores the same page.
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
    """A number with a slider, which can also be typed.

    Args:
        name: Its name in the address.
        label: Its label.
        unit: Its unit, which follows the number.
        low: The left end of the slider; a typed number may be lower.
        high: The right end of the slider; a typed number may be higher.
        steps: The values of the slider; without them it is logarithmic.
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
    Slider("wait", "Waiting", "ms a request", Decimal(1), Decimal(10_000)),
    Slider("memory", "Lambda memory", "MiB", Decimal(SIZES[0]), Decimal(SIZES[-1]), SIZES),
)

MOST = 10**13
"""The largest number that the page accepts; the workload has further limits."""

MOST_LETTERS = 300
"""The greatest length of a name or a doubt; longer ones are cut."""

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
"""By the name in the address: the label, and the options with their texts."""

PLATFORMS: Mapping[str, str] = {
    "fargate": "Fargate",
    "fargate+lambda": "Fargate + Lambda",
    "ec2": "EC2",
    "ec2+lambda": "EC2 + Lambda",
    "eks": "EKS",
    "gke": "GKE",
    "managed-instances": "Managed Instances",
    "box": "Single machine",
}

CHOSEN = "chosen"
"""In an address, this name says that platforms were chosen, even if none was: browsers do not send
unchecked boxes. Each platform has its own name because some load balancers drop repeated names."""

MORE = (
    *("peak_to_mean", "burst", "response_bytes", "request_bytes"),
    *("cold_start_share", "init_ms", "log_bytes", "resident_mib", "in_flight_mib"),
)
"""Fields of the workload without a control; an address may have them, and a log may set them."""

SWITCHES: Mapping[str, str] = {
    "autoscale": "Servers scale every hour",
    "no-free-tier": "The free tier is used up",
}


@dataclass(frozen=True, slots=True)
class State:
    """The settings of the page.

    Args:
        requests: Requests a month.
        cpu: CPU time of a request on one vCPU, ms.
        wait: The time that a request waits without using CPU, ms.
        memory: Memory of the Lambda function, MiB.
        door: The function's front door.
        region: An AWS region.
        purchase: How servers are bought.
        architecture: The architecture of Lambda and the servers.
        shape: The name of a week; ``busy-hour`` for none, ``log`` for the one in ``week``.
        against: The platforms that Lambda is compared with.
        autoscale: Whether the number of servers follows the hours of the week.
        free_tier: Whether the application has the account's free tier.
        week: The 168 weights of a week from a log, in two digits each.
        more: Further fields of the workload, which have no control.
        doubt: The reason to doubt the figures if they were measured with --force.
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
        """Return the week; None if only the busiest hour is known."""
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
    """Return a number in short: ``20M``, ``250k``, ``512``."""
    for power, letter in ((9, "G"), (6, "M"), (3, "k")):
        if value >= max(10**power, 10**5) and not value % 10 ** (power - 2):
            return f"{typed(value.scaleb(-power))}{letter}"
    return plain(value).replace(",", "")


def read_state(query: Mapping[str, Sequence[str]]) -> State:
    """Return the state in an address; missing names have their defaults.

    Args:
        query: All values of each name. Unknown names are ignored.

    Raises:
        ConfigError: A value is not allowed.
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
            "The week: the address has no week from a log", hint="choose another shape"
        )
    return replace(state, week=week)


def busy_ms(cpu: Decimal, memory: Decimal) -> Decimal:
    """Return the duration of CPU time on Lambda, whose CPU grows with its memory.

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
    """Return the value of a choice.

    Raises:
        ConfigError: The value is not one of its options.
    """
    label, values = CHOICES[name]
    if text not in values and not (name == "shape" and text == _LOG):
        raise ConfigError(
            f"{label}: there is no {text!r}", hint=f"the options are {', '.join(values)}"
        )
    return text


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_FINEST = len(_DIGITS) ** 2 - 1


def with_week(state: State, shape: Shape) -> State:
    """Return the state with a week from a log, its weights rounded to 1/1,295 of the largest."""
    most = max(shape.weights)
    weights = [round(weight / most * _FINEST) for weight in shape.weights]
    week = "".join(_DIGITS[w // len(_DIGITS)] + _DIGITS[w % len(_DIGITS)] for w in weights)
    return replace(state, shape=_LOG, week=week)


def _unpack(week: str) -> Shape:
    pairs = [week[place : place + 2] for place in range(0, len(week), 2)]
    if len(week) != 2 * HOURS or not all(set(pair) <= set(_DIGITS) for pair in pairs):
        raise ConfigError(
            "The week: the week in the address is incomplete", hint="read the log again"
        )
    return Shape.of("your log", [int(pair, len(_DIGITS)) for pair in pairs], "a log")
