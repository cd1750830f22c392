"""A measurement of an application: the values that `ferryman measure` finds.

The cost model and the k8s target calculate with them. This module knows the figures and values
derived from them, not how they are measured or stored.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = (
    "Arrivals",
    "Cost",
    "Estimate",
    "Load",
    "Machine",
    "Measurement",
    "Route",
    "Scaling",
    "TargetFigures",
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the interval in which it lies, with a confidence of 95 %.

    Attributes:
        value: The best single figure.
        low: The lower end.
        high: The upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that the figures were taken on.

    Attributes:
        cpus: Processors that the measurement could use.
        model: The processor's name.
        python: Version of the interpreter.
        load: Share of the machine that other programs took meanwhile, 0 to 1.
    """

    cpus: int
    model: str
    python: str
    load: float


@dataclass(frozen=True, slots=True)
class Cost:
    """The mean cost of one request.

    Attributes:
        requests: Requests sent.
        errors: Requests answered with 500 or more, or not answered.
        cpu_ms: CPU time that the application's processes took for a request, milliseconds.
        wall_ms: Time from a request to the end of its response, one at a time, milliseconds.
        request_bytes: Mean size of a request's body.
        response_bytes: Mean size of a response's body.
        p50_ms: Half of the requests took no longer, milliseconds, one at a time.
        p95_ms: 95 % took no longer.
        p99_ms: 99 % took no longer.
    """

    requests: int
    errors: int
    cpu_ms: Estimate
    wall_ms: Estimate
    request_bytes: float
    response_bytes: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Route:
    """One request of the scenario.

    Attributes:
        method: The request method.
        path: Path and query that were sent.
        share: Its share of the scenario's requests, 0 to 1.
        cost: Its mean cost.
    """

    method: str
    path: str
    share: float
    cost: Cost


@dataclass(frozen=True, slots=True)
class Load:
    """One point of the throughput curve.

    Attributes:
        concurrency: Requests in flight at once.
        requests_per_second: Responses a second.
        in_flight: Requests a second times mean latency: by Little's law the concurrency.
        vcpus: vCPUs that the process kept busy.
        peak_mib: The peak memory up to then, MiB.
        p50_ms: Latency, milliseconds, as in `Cost`.
        p95_ms: As above.
        p99_ms: As above.
    """

    concurrency: int
    requests_per_second: float
    in_flight: float
    vcpus: float
    peak_mib: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Latency of requests that do not wait for each other, like those of many visitors.

    Attributes:
        share: Their rate, as a share of the greatest throughput of the curve.
        requests_per_second: The rate.
        errors: Requests answered with 500 or more, or not answered.
        p50_ms: Latency, milliseconds, as in `Cost`.
        p95_ms: As above.
        p99_ms: As above.
    """

    share: float
    requests_per_second: float
    errors: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Scaling:
    """Two laws fitted to the throughput curve.

    Linear is X(N) = rate N. The universal scalability law is
    X(N) = usl_lambda N / (1 + usl_sigma (N - 1) + usl_kappa N (N - 1)).

    Each parameter is estimated from the curves of the single repeats, which gives its range.

    Source: N. J. Gunther, "Guerrilla Capacity Planning", Springer 2007, chapters 4 and 5.

    Attributes:
        linear_rate: Requests a second for each request in flight, by the linear law.
        linear_error: Root mean square of its error, requests a second.
        usl_lambda: Requests a second of one request at a time.
        usl_sigma: Contention: the share of the work that is done one at a time.
        usl_kappa: Coherency: the cost of each pair in flight to the others.
        usl_error: Root mean square of the law's error, requests a second.
    """

    linear_rate: Estimate
    linear_error: float
    usl_lambda: Estimate
    usl_sigma: Estimate
    usl_kappa: Estimate
    usl_error: float

    def throughput(self, concurrency: float) -> float:
        """Return the requests a second that the universal scalability law expects."""
        n = concurrency
        rate, sigma, kappa = (x.value for x in (self.usl_lambda, self.usl_sigma, self.usl_kappa))
        return rate * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))


@dataclass(frozen=True, slots=True)
class TargetFigures:
    """The figures of one target.

    Attributes:
        total: The scenario as a whole.
        routes: Each of its requests.
        init_ms: From the start of the process until it can serve, milliseconds; on Lambda the
            Init Duration of the REPORT line.
        memory_rest_mib: Memory of the process before its first request, MiB.
        memory_load_mib: Most memory that it had under load, MiB.
        loads: The throughput curve, by rising concurrency; empty on Lambda, where an
            environment serves one request at a time.
        arrivals: Latency at shares of the greatest throughput; empty on Lambda.
        capacity: Requests a second of one vCPU at the knee of that curve, or None.
        scaling: The laws fitted to it, or None.
    """

    total: Cost
    routes: tuple[Route, ...]
    init_ms: Estimate
    memory_rest_mib: Estimate
    memory_load_mib: Estimate
    loads: tuple[Load, ...] = ()
    arrivals: tuple[Arrivals, ...] = ()
    capacity: Estimate | None = None
    scaling: Scaling | None = None

    @property
    def in_flight_mib(self) -> float:
        """The most memory that each further request in flight took, MiB.

        Beyond the knee waiting requests hold little memory, so the largest concurrency does not
        show it; at a small one it is lost in the process's own memory.
        """
        if len(self.loads) < 2:
            return 0.0
        first, *others = self.loads
        many = [load for load in others if load.concurrency >= 8] or others
        each = ((x.peak_mib - first.peak_mib) / (x.concurrency - first.concurrency) for x in many)
        return max(0.0, *each)

    @property
    def full_cpu_ms(self) -> Estimate:
        """CPU time of a request on a vCPU that is full, milliseconds.

        It is one over the capacity; without a capacity, the CPU time of one request at a time.
        """
        rate = self.capacity
        if rate is None or not rate.low:
            return self.total.cpu_ms
        return Estimate(1000 / rate.value, 1000 / rate.high, 1000 / rate.low)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measurement of an application.

    Attributes:
        ferryman: Version of ferryman that measured.
        app: The application's reference.
        taken: The time, as ISO 8601 with the offset from UTC.
        machine: The machine.
        scenario: The source of the requests: a file's name, or how they were found.
        targets: The figures of `server` and of `lambda`, whichever were measured.
        doubts: Why the figures are doubtful; empty unless --force was given.
        notes: Further notes on the figures.
    """

    ferryman: str
    app: str
    taken: str
    machine: Machine
    scenario: str
    targets: dict[str, TargetFigures]
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
