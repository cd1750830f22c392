from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from ferryman.cli.config import command as config
from ferryman.cli.cost import command
from ferryman.core.errors import ConfigError, FerrymanError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_without_flags_it_answers_and_says_that_the_durations_are_assumed() -> None:
    result = run()
    assert result.exit_code == 0
    assert "the durations are assumed" in result.stderr
    first = result.stdout.splitlines()[0]
    assert first.startswith("Stay on Lambda arm64, Function URL: ")
    assert " USD a month at 10 M requests. EC2 arm64 becomes cheaper above" in first
    assert "Assumed: requests 10,000,000, wall time 100 ms, CPU time 10 ms" in result.stdout
    assert "USD in us-east-1;" in result.stdout
    assert "becomes cheaper than Lambda arm64, Function URL above" in result.stdout


def test_what_is_given_is_not_called_assumed() -> None:
    result = run("-C", "/", "--wall-ms", "80", "--cpu-ms", "8", "--assumptions")
    assert result.stderr == ""
    assert re.search(r"CPU time\s+given\s+8 ms", result.stdout)


def test_the_order_is_decision_levels_crossovers_assumptions() -> None:
    out = run("--requests", "5M", "--at", "2.5k", "--at", "1e6", "--assumptions").stdout
    titles = ("Stay on", "USD a month; *", "Cheapest platform,", "Crossovers", "Assumptions")
    places = [out.index(text) for text in titles]
    assert places == sorted(places)
    header = next(line for line in out.splitlines() if "HA" in line)
    assert re.split(r"\s{2,}", header)[-4:] == [
        *("2.5 k requests", "1 M requests", "5 M requests"),
        "a year at 5 M",
    ]


def test_the_bills_are_printed_on_request() -> None:
    assert "Public IPv4 of the tasks" not in run().stdout
    assert "Public IPv4 of the tasks" in run("--lines").stdout


def test_hours_of_work_are_on_the_bill_of_what_they_are_for() -> None:
    work = ("--ops-hours", "server=2,lambda=0.5", "--hourly", "$80")
    platforms = ("--platform", "lambda-url", "--platform", "ec2+lambda", "--platform", "eks")
    found = []
    for more in ((), work):
        bills = json.loads(run("--json", *platforms, *more).stdout)["levels"][0]["bills"]
        found.append([Decimal(bill["usd"]) for bill in bills])
    assert [after - before for before, after in zip(*found, strict=True)] == [40, 200, 0]


def test_a_web_function_is_billed_at_the_rates_that_are_given() -> None:
    wanted = ("--platform", "lambda-url", "--web-function", "0.2/0.1/0.01", "--log-bytes", "0")
    result = run("--json", *wanted, "--memory", "1024", "--at", "20G")
    last = [level["bills"][-1] for level in json.loads(result.stdout)["levels"]]
    lines = [{x["item"]: Decimal(x["usd"]) for x in bill["lines"]} for bill in last]
    parts = [[line[f"Web Function {x}"] for x in ("requests", "CPU", "memory")] for line in lines]
    # An environment all month, and at 20 G requests 64 at once in each.
    assert parts[0] == [2, pytest.approx(Decimal(100) / 36, abs=Decimal("1e-5")), Decimal("7.3")]
    assert parts[1][2] == pytest.approx(Decimal(2 * 10**9) / 3600 / 64 / 100, abs=Decimal("1e-5"))
    assert "AWS has published none" in result.stdout


def test_bills_are_given_in_another_currency_and_with_tax() -> None:
    result = run("--json", "--currency", "eur=0.9", "--tax", "20%")
    data = json.loads(result.stdout)
    own = next(x for x in data["levels"] if x["requests"] == "10000000")["bills"]
    totals = {bill["platform"]: Decimal(bill["usd"]) * Decimal("1.08") for bill in own}
    assert data["money"]["currency"] == "EUR"
    for name, total in data["money"]["totals"].items():
        assert Decimal(total) == pytest.approx(totals[name], abs=Decimal("0.00001"))
    assert (
        "in EUR at 0.9 a USD, with 20 % tax" in run("--currency", "eur=0.9", "--tax", "0.2").stdout
    )


def test_json_is_all_there_is_on_standard_output() -> None:
    result = run("--json", "--wall-ms", "80", "--cpu-ms", "8", "--requests", "10M")
    data = json.loads(result.stdout)
    assert [level["requests"] for level in data["levels"]] == ["1000000", "10000000", "100000000"]
    assert Decimal(data["crossovers"][0]["changes"][0]["requests"]) > 10_000_000


def test_the_platforms_follow_the_flags() -> None:
    out = run(
        *("--platform", "lambda-http-api", "--platform", "fargate", "--platform", "ec2"),
        *("--architecture", "x86_64", "--instance", "t3.small"),
        *("--task", "1/2", "--minimum", "1", "--region", "eu-west-1"),
    ).stdout
    rows = [line.split("  ")[1] for line in out.splitlines() if "yes" in line or " no " in line]
    assert rows == ["Lambda x86_64, HTTP API", "Fargate x86_64 1 vCPU 2 GB", "EC2 t3.small"]
    assert "USD in eu-west-1;" in out


def test_the_free_tier_can_be_left_out() -> None:
    with_it, without = (
        json.loads(run("--json", flag).stdout)["levels"][0]["bills"][0]["usd"]
        for flag in ("--no-free-tier=none", "--no-free-tier")
    )
    assert Decimal(with_it) < Decimal("0.05") < 1 < Decimal(without)


def test_a_rate_that_is_not_verified_is_said_on_standard_error() -> None:
    result = run("--region", "eu-central-1", "--platform", "lambda-url", "--platform", "ec2")
    assert "note: the rate egress in eu-central-1 is unverified" in result.stderr
    assert "note:" not in result.stdout


def test_what_nobody_named_and_the_book_cannot_price_is_left_out() -> None:
    result = run("--region", "sa-east-1", "--draws", "0", "--all")
    assert result.exit_code == 0
    assert "CloudFront is left out: no price for cloudfront.requests" in result.stderr
    assert "Lambda arm64, CloudFront  " not in result.stdout
    assert "Fargate" in result.stdout


def test_a_cpu_time_that_is_assumed_does_not_lengthen_what_lambda_bills() -> None:
    """5 ms at 128 MiB stay 5 ms, whatever is usual."""
    flags = ("--wall-ms", "5", "--memory", "128", "--cold-starts", "0", "--no-free-tier")
    data = json.loads(run(*flags, "--requests", "1M", "--at", "1M", "--json").stdout)
    lines = {line["item"]: line for line in data["levels"][0]["bills"][0]["lines"]}
    assert lines["Lambda duration"]["quantity"] == "625"
    assert data["workload"]["cpu_ms"] == "0.361"


def test_so_little_traffic_that_most_of_it_starts_cold_is_said() -> None:
    rare = run("--requests", "5k", "--draws", "0")
    assert "at 0.0019 requests a second some 31.9% start cold, not the assumed 0.13%" in rare.stderr
    for flags in (("--requests", "5k", "--cold-starts", "0.32"), ("--requests", "10M"),
                  ("--requests", "5k", "--platform", "fargate")):  # fmt: skip
        assert "start cold" not in run(*flags, "--draws", "0").stderr


def bill(*flags: str) -> dict[str, str]:
    """The lines of the first platform's bill at 1 M requests, in USD by their names."""
    data = json.loads(run("--requests", "1M", "--at", "1M", "--json", *flags).stdout)
    return {line["item"]: line["usd"] for line in data["levels"][0]["bills"][0]["lines"]}


@pytest.mark.parametrize(
    ("platform", "flags", "item", "usd"),
    [
        # 2 x 730 h / 12 of them, at 5 minutes begun; 0.5 GB
        ("lambda-url", ("--provisioned", "2", "--provisioned-hours", "10.01"),
         "Lambda provisioned concurrency", Decimal(2) * 36300 / 2 * Decimal("0.0000033334")),
        ("lambda-url", ("--lambda-nat", "2"), "NAT gateways", Decimal("65.7")),
        ("lambda-url", ("--architecture", "x86_64", "--lambda-savings", "1y", "--no-free-tier",
                        "--cold-starts", "0"), "Lambda duration", Decimal("0.735")),
        ("ec2", ("--disk", "100/6000/250"), "EBS gp3", Decimal(16)),
        ("ec2", ("--disk", "100/6000/250"), "EBS gp3 IOPS", Decimal(30)),
        ("ec2", ("--disk", "100/6000/250"), "EBS gp3 throughput", Decimal(15)),
        # 10 GB above 20, two tasks
        ("fargate", ("--task-disk", "30"), "Fargate ephemeral storage",
         2 * 730 * 36000 * Decimal("0.0000000308")),
        ("eks", ("--extended-support",), "Kubernetes control plane", Decimal(438)),
        ("gke", ("--gke-machine", "e2-medium"), "GCE e2-medium", Decimal("48.91")),
        # a million connections of 120 s, 1,500 of them an LCU
        ("ec2", ("--connection-requests", "1", "--mutual-tls"), "Load balancer capacity",
         Decimal(10**6) * 120 / 1500 / 3600 * Decimal("0.008")),
        ("ec2", ("--connection-requests", "0.5"), "Load balancer capacity",
         Decimal(10**6) * 2 / 25 / 3600 * Decimal("0.008")),
        ("ec2", ("--rules", "110"), "Load balancer capacity",
         Decimal(10**6) * 100 / 1000 / 3600 * Decimal("0.008")),
        ("ec2", ("--zones", "3"), "Public IPv4 of the load balancer", Decimal("10.95")),
    ],
)  # fmt: skip
def test_what_is_bought_is_on_the_bill(
    platform: str, flags: tuple[str, ...], item: str, usd: Decimal
) -> None:
    assert Decimal(bill("--platform", platform, *flags)[item]) == pytest.approx(
        usd, abs=Decimal("1e-6")
    )


@pytest.mark.parametrize("platform", ["managed-instances", "eks", "eks-fargate", "ec2", "box"])
def test_without_free_tiers_the_first_byte_costs_money(platform: str) -> None:
    free, paid = (
        bill("--platform", platform, "--draws", "0", flag)
        for flag in ("--no-free-tier=none", "--no-free-tier")
    )
    for item in ("Egress to the internet", "Logs"):
        assert Decimal(free[item]) == 0
        assert Decimal(paid[item]) > 0


def test_one_free_tier_can_be_used_up_and_others_not() -> None:
    free, paid = (bill(flag) for flag in ("--no-free-tier=none", "--no-free-tier=egress,logs"))
    assert Decimal(free["Egress to the internet"]) == Decimal(free["Logs"]) == 0
    assert Decimal(paid["Egress to the internet"]) > 0
    assert Decimal(paid["Logs"]) > 0
    assert paid["Lambda duration"] == free["Lambda duration"] == "0"


def test_a_picture_is_drawn_as_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "cost.svg"
    result = run("--plot", str(path))
    assert f"wrote {path}" in result.stderr
    picture = ElementTree.parse(path).getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    text = path.read_text()
    assert ">EC2 arm64<" in text
    assert "--paper: #ffffff" in text
    assert "prefers-color-scheme: dark" in text
    again = tmp_path / "again.svg"
    run("--plot", str(again))
    assert again.read_bytes() == path.read_bytes()


def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    result = run("--plot", str(tmp_path / "nowhere" / "cost.svg"))
    assert isinstance(result.exception, FerrymanError)
    assert "cannot be written" in result.exception.message
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--requests", "10X"), "--requests: '10X' is not a number"),
        (("--requests", "M"), "--requests: 'M' is not a number"),
        (("--requests", "-5"), "requests: -5 is out of range"),
        (("--at", "many"), "--at: 'many' is not a number"),
        (("--at", "-1"), "--at: -1 is out of range"),
        (("--task", "1"), "--task: '1' is not a size"),
        (("--task", "1/x"), "--task: 'x' is not a number"),
        (("--task", "1/100"), "Fargate has no tasks of 1 vCPU with 100 GB"),
        (("--cpu-ms", "200"), "--cpu-ms: 200 ms of CPU do not fit into 100 ms of wall time"),
        (("--memory", "64"), "--memory: 64 is out of range"),
        (("--region", "mars-1"), "no prices for the region 'mars-1'"),
        (
            ("--region", "sa-east-1", "--platform", "lambda-cloudfront"),
            "no price for cloudfront.requests in sa-east-1",
        ),
        (("--disk", "100/x"), "--disk: 'x' is not a number"),
        (("--disk", "1/2/3/4"), "--disk: '1/2/3/4' is not a volume"),
        (("--disk", "8/100"), "disk: AWS does not sell 100 iops"),
        (("--task-disk", "300"), "Fargate has no tasks with 300 GB of ephemeral storage"),
        (("--connection-requests", "0"), "--connection-requests: 0 is out of range"),
        (("--zones", "0"), "zones: 0 is below 1"),
        (("--provisioned", "-1"), "provisioned: -1 is below 0"),
        (("--lambda-nat", "-1"), "--lambda-nat: -1 is below 0"),
        (("--wall-ms", "NaN"), "--wall-ms: 'NaN' is not a number"),
        (("--requests", "inf"), "--requests: 'inf' is not a number"),
        (("--at", "NaN"), "--at: 'NaN' is not a number"),
        (("--fail-above", "NaN"), "--fail-above: 'NaN' is not a number"),
        (("--task-runs", "10min"), "--task-runs: '10min' is not RUNSxTIME"),
        (("--task-runs", "30x0s"), "--task-runs: 0s is not a number above 0"),
        (
            ("--provisioned", "1", "--provisioned-hours", "900"),
            "--provisioned-hours: 900 is out of range",
        ),
        (
            ("--provisioned", "1", "--provisioned-share", "2"),
            "--provisioned-share: 2 is not a share",
        ),
        (("--ephemeral-mib", "100"), "--ephemeral-mib: 100 is out of range"),
        (("--platform", "gke", "--gke-machine", "e9"), "no prices for the machine type 'e9'"),
        (("--store", "mysql"), "--store: 'mysql' is not a store"),
        (("--hourly", "80"), "--ops-hours and --hourly belong together"),
        (("--ops-hours", "x=2", "--hourly", "80"), "--ops-hours: 'x=2' is not KIND=HOURS"),
        (("--ops-hours", "server=-1", "--hourly", "80"), "--ops-hours: -1 is out of range"),
        (("--currency", "EURO=1"), "--currency: 'EURO=1' is not CODE=RATE"),
        (("--currency", "EUR=0"), "--currency: 0 is out of range"),
        (("--tax", "-1"), "--tax: -1 is out of range"),
        (("--web-function", "1/2"), "--web-function: '1/2' is not three prices"),
        (("--instance", "m9.huge"), "no prices for the instance type 'm9.huge'"),
        (("--box", "hetzner"), "no prices for the instance type 'hetzner'"),
        (("--task", "0.3/7"), "Fargate has no tasks of 0.3 vCPU"),
        (("--size", "m9.huge"), "no prices for the instance type 'm9.huge'"),
        (("--workers", "-1"), "workers: -1 is below 0"),
        (("--imbalance", "0.5"), "imbalance: 0.5 is out of range"),
        (("--minimum", "0"), "minimum: 0 servers cannot answer"),
        (("--platform", "fargat"), "there is no platform 'fargat'"),
        (("--shape", "ofice"), "there is no traffic shape 'ofice'"),
        (("--autoscale",), "scaling every hour needs the shape of the week"),
        (("--range", "wall-ms"), "--range: 'wall-ms' is not NAME=RANGE"),
        (("--range", "speed=1:2:3"), "there is no input 'speed'"),
        (("--range", "wall-ms=3:2:1"), "wall_ms: '3:2:1' is out of range"),
        (("--flat", "mine"), "--flat: 'mine' is not a host"),
        (("--flat", "mine=0/1/1"), "mine: usd must be above 0"),
        (("--over", "colour"), "there is no input 'colour'"),
        (("--logs", "nowhere.log"), "nowhere.log: the log cannot be read"),
        (("--prices", "nowhere.json"), "nowhere.json cannot be read as a price book"),
        (("--compare", "nowhere.json"), "nowhere.json cannot be read as output"),
        (("--growth", "0.1", "--current", "Heroku"), "'Heroku' is not compared"),
        (("--horizon", "0"), "horizon: 0 is out of range"),
        (("--plot", "cost.gif"), "cost.gif is not the name of an SVG file"),
        (("--no-free-tier", "lambda,s3"), "there is no free tier 's3'"),
        (("--cpu-ms", "50", "--range", "cpu-ms=1:5:20"), "--cpu-ms: 50 lies outside its range"),
        (("--requests", "5/fortnight"), "--requests: '5/fortnight' is not a number"),
        (("--requests", "2,5"), "--requests: '2,5' is not a number"),
        (("--memory", "512.5"), "Lambda has no functions of 512.5 MiB"),
        (("--pod", "0/1", "--platform", "eks"), "pod: 0 vCPU and 1024 MiB are too little"),
        (("--pod", "-1/1", "--platform", "eks"), "pod: -1 vCPU and 1024 MiB are too little"),
        (("--minimum", "20000"), "20,000 servers are too many"),
        (("--fail-above", "-1"), "--fail-above: -1 USD is below 0"),
        (("--json", "--csv"), "--json and --csv exclude each other"),
        (("--reconcile", "x.log", "--html", "x.html"), "--reconcile and --html exclude each other"),
        (("--reconcile", "x.log", "--csv"), "--reconcile and --csv exclude each other"),
        (("cold-starts", "--requests", "1e13"), "environments would be busy at once"),
        (("cold-starts", "--requests", "1e11", "--simulate"), "a simulation would take"),
        (("prices", "show", "lambda.reqests"), "no rate begins with 'lambda.reqests'"),
    ],
)
def test_bad_input_is_a_configuration_error(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, ConfigError)
    assert result.exception.exit_code == 2
    assert message in result.exception.message
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--draws", "-1"),
        ("--draws", "500000000"),  # which no memory would hold
        ("--months", "0", "--growth", "0.1"),
        ("serve", "--port", "99999"),
        ("serve", "--port", "-1"),
    ],
)
def test_a_number_beyond_all_sense_is_a_mistake_of_use(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "is not in the range" in result.output


def test_googles_name_of_a_region_is_told_from_awss() -> None:
    result = run("--region", "us-east1")
    assert isinstance(result.exception, ConfigError)
    assert (result.exception.hint or "").startswith("did you mean us-east-1?")


def test_a_crossover_has_a_band_and_what_moves_it() -> None:
    out = run("--wall-ms", "100", "--cpu-ms", "10").stdout
    assert "Nine draws in ten lie between" in out
    assert "What moves the crossover of Lambda arm64, Function URL and Fargate" in out
    assert "Nine draws" not in run("--draws", "0").stdout


def test_a_given_range_is_the_only_uncertainty() -> None:
    data = json.loads(run("--json", "--range", "wall-ms=99:100:101").stdout)
    first = data["bands"][0]
    assert first["high"] / first["low"] < 1.05
    middle = Decimal(data["crossovers"][0]["changes"][0]["requests"])
    assert first["low"] < middle < first["high"]


def test_csv_has_every_line_of_every_bill() -> None:
    lines = run("--csv", "--at", "1M", "--requests", "1M").stdout.splitlines()
    assert lines[0] == "requests,platform,item,quantity,unit,usd,rate,confidence"
    assert any(line.startswith("1000000,EC2 arm64,EC2 t4g.") for line in lines)
    data = json.loads(run("--json", "--at", "1M", "--requests", "1M").stdout)
    assert len(lines) == 1 + sum(len(bill["lines"]) for bill in data["levels"][0]["bills"])


def test_a_budget_for_more_than_anything_carries_fails_with_the_reason() -> None:
    failed = run("--platform", "box", "--requests", "5G", "--fail-above", "10")
    assert failed.exit_code == 1
    assert "no platform carries 5,000 M requests a month" in str(failed.exception)


def test_a_budget_that_is_kept_and_one_that_is_not() -> None:
    assert run("--fail-above", "100").exit_code == 0
    failed = run("--fail-above", "1")
    assert isinstance(failed.exception, FerrymanError)
    assert failed.exception.exit_code == 1
    assert "costs 3.84 USD a month, more than 1.00" in failed.exception.message


def test_a_pull_request_is_told_what_changed(tmp_path: Path) -> None:
    base = tmp_path / "base.json"
    base.write_text(run("--json").stdout)
    same = run("--compare", str(base)).stdout
    assert same.count("no change") == 4
    slower = run("--compare", str(base), "--wall-ms", "200").stdout
    row = next(line for line in slower.splitlines() if "Function URL" in line)
    assert row.split("|")[2].strip() == "3.84"
    assert "+" in row
    assert re.search(r"EC2 arm64 \| 3\d\.\d\d \| 3\d\.\d\d \| no change", slower)


def test_an_answer_of_another_version_is_refused(tmp_path: Path) -> None:
    base = tmp_path / "base.json"
    base.write_text('{"schema": 1}')
    result = run("--compare", str(base))
    assert isinstance(result.exception, ConfigError)
    assert "has schema 1, not 2" in result.exception.message


def test_growth_says_when_to_move() -> None:
    out = run("--requests", "40M", "--growth", "0.1").stdout
    move = r"Move from Lambda arm64, Function URL to EC2 arm64 in [A-Z][a-z]+ 20\d\d, at"
    assert re.search(move, out)
    assert re.search(
        r"EC2 arm64 becomes cheaper above 4\d.*; with your growth, in [A-Z][a-z]+ 20\d\d\.", out
    )
    months = out[out.index("Growth, month by month") :].splitlines()[2:38]
    assert all(re.search(r"20\d\d +[\d,.]+ M +\S", month) for month in months)
    assert re.search(r"staying for 36 months costs [\d,.]+ USD more", out)


def test_memory_advice_names_the_cheapest_and_the_fastest() -> None:
    out = run("--advise-memory").stdout
    rows = [line.split() for line in out.splitlines() if re.match(r"\s+\d.*(cheap|fast)est$", line)]
    assert [row[-1] for row in rows] == ["cheapest", "fastest"]
    assert rows[1][0] == "1769"


def test_crossovers_over_another_input() -> None:
    out = run(
        "--requests", "60M", "--over", "memory", "--platform", "lambda-url", "--platform", "fargate"
    ).stdout
    assert re.search(r"is cheaper at first; Fargate .* is cheaper above 5\d\d\.", out)


def test_one_of_each() -> None:
    out = run("--all", "--draws", "0", "--at", "10M").stdout
    for name in ("REST API", "CloudFront", "Managed Instances", "EKS", "GKE", "One box"):
        assert name in out


def test_a_host_of_the_user_stands_beside_the_others() -> None:
    out = run("--flat", "mine=4.5/2/4", "--minimum", "1").stdout
    assert re.search(r"mine\s+no\s+1 server\s+4\.50", out)


def test_a_week_makes_autoscaling_cheaper_than_a_fixed_fleet() -> None:
    def ec2(*more: str) -> Decimal:
        flags = ("--platform", "ec2", "--requests", "900M", "--shape", "office", "--at", "900M",
                 "--size", "m7g.large")  # fmt: skip
        data = json.loads(run(*flags, *more, "--json").stdout)
        return Decimal(data["levels"][0]["bills"][0]["usd"])

    assert ec2("--autoscale") < ec2() * Decimal("0.9")


def test_a_log_gives_requests_and_the_busy_hour(tmp_path: Path) -> None:
    log = tmp_path / "traffic.log"
    log.write_text("\n".join(f"{1_704_067_200 + 10 * n},25.5" for n in range(1000)))
    out = run("--logs", str(log), "--assumptions").stdout
    assert re.search(r"wall time\s+logs\s+26 ms", out)
    assert re.search(r"requests\s+logs\s+26[23],", out)


def test_flags_may_stand_in_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.ferryman.cost]\nwall_ms = 80\ncpu_ms = 8.5\nplatform = ["lambda-url", "ec2"]\n'
    )
    out = run("-C", str(tmp_path), "--assumptions").stdout
    assert re.search(r"wall time\s+given\s+80 ms", out)
    assert re.search(r"CPU time\s+given\s+8.5 ms", out)
    assert "Fargate" not in out
    assert re.search(
        r"wall time\s+given\s+90 ms",
        run("-C", str(tmp_path), "--wall-ms", "90", "--assumptions").stdout,
    )


def test_keys_in_pyproject_are_called_as_the_flags(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.ferryman.cost]\nmemory = 1024\npeak = 2.5\nplatform = ["ec2"]\n'
        'range = ["cpu-ms=1:2:3"]\n'
    )
    out = run("-C", str(tmp_path), "--assumptions").stdout
    assert re.search(r"Lambda memory\s+given\s+1,024 MiB", out)
    assert re.search(r"busiest hour\s+given\s+2.5 times", out)
    assert "EC2 arm64" in out
    assert "Fargate" not in out


def test_a_file_that_a_project_names_stands_beside_it(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ferryman.cost]\nprices = "mine.json"\n')
    result = run("-C", str(tmp_path))
    assert isinstance(result.exception, ConfigError)
    assert f"{tmp_path}/mine.json cannot be read as a price book" in result.exception.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.ferryman.cost]\nwal_ms = 80\n", "there is no setting 'cost.wal_ms'"),
        ("[tool.ferryman]\ncost = 3\n", "is not a table"),
        ("[tool.ferryman.cost\n", "is not valid TOML"),
    ],
)
def test_a_mistake_in_pyproject_is_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    result = run("-C", str(tmp_path))
    assert isinstance(result.exception, ConfigError)
    assert message in result.exception.message
    if "wal_ms" in text:
        assert "did you mean 'cost.wall_ms'?" in (result.exception.hint or "")


def test_an_infracost_usage_file_gives_what_it_shares(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    usage = tmp_path / "usage.yml"
    usage.write_text(
        "version: 0.1\n"
        "resource_usage:\n"
        "  aws_lambda_function.api:\n    monthly_requests: 3000000\n    request_duration_ms: 100\n"
        "  module.x.aws_lambda_function.jobs[0]:\n    monthly_requests: 1000000\n"
        "    request_duration_ms: 500\n"
        "  aws_data_transfer.out:\n    monthly_outbound_internet_gb: 4\n"
        "  aws_apigatewayv2_api.front:\n    monthly_requests: 4000000\n"
        "    average_request_size: 3\n"
    )
    out = run("--usage-file", str(usage), "--assumptions").stdout
    assert re.search(r"requests\s+given\s+4,000,000", out)
    assert re.search(r"wall time\s+given\s+200 ms", out)
    assert re.search(r"response\s+given\s+1,073.742 bytes", out)
    assert re.search(r"request\s+given\s+3,072 bytes", out)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a: 1", "resource_usage: {aws_x.y: {z: 1}}", "[", "x: ["),
        "resource_usage: {aws_lambda_function.a: {monthly_requests: many}}",
        "resource_usage: {aws_lambda_function.a: {monthly_requests: -5}}",
        "resource_usage: {aws_lambda_function.a: {monthly_requests: .inf}}",
    ],
)
def test_a_usage_file_without_usage_is_refused(tmp_path: Path, text: str) -> None:
    pytest.importorskip("yaml")
    usage = tmp_path / "usage.yml"
    usage.write_text(text)
    assert isinstance(run("--usage-file", str(usage)).exception, ConfigError)


def test_the_selfcheck_is_all_equal_and_lists_the_errors_of_aws() -> None:
    result = run("selfcheck")
    assert result.exit_code == 0
    assert result.stdout.count("  equal  ") == 10
    assert "DIFFERENT" not in result.stdout
    assert "it counts its requests in two ways" in result.stdout
    assert all(x["equal"] for x in json.loads(run("selfcheck", "--json").stdout)["examples"])


def test_cold_starts_have_a_band() -> None:
    asked = ("cold-starts", "--requests", "2.63M", "--wall-ms", "2000")
    out = run(*asked).stdout
    rows = [line.split() for line in out.splitlines() if "closed" in line]
    assert [row[2] for row in rows] == ["300", "600", "3600"]
    assert float(rows[1][-1]) == pytest.approx(8.4, rel=0.05)
    data = json.loads(
        run("cold-starts", "--requests", "2.63M", "--wall-ms", "2000", "--json").stdout
    )
    assert data[1]["environments"] == pytest.approx(8.4, rel=0.05)


def test_prices_are_shown_with_their_source() -> None:
    out = run("prices", "show", "fargate.vcpu", "--region", "us-east-1").stdout
    assert "0.03238" in out
    assert "https://aws.amazon.com/fargate/pricing/" in out
    (rate,) = json.loads(run("prices", "show", "egress", "--region", "us-east-1", "--json").stdout)
    assert rate["tiers"][1] == ["10240", "0.085"]
    assert isinstance(run("prices", "show", "nothing").exception, FerrymanError)


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (("--requests", "100/s"), "requests", "262800000"),
        (("--requests", "5k/day"), "requests", "152083.333333"),
        (("--requests", "3,000,000"), "requests", "3000000"),
        (("--requests", "3 M a month"), "requests", "3000000"),
        (("--wall-ms", "200ms"), "wall_ms", "200"),
        (("--wall-ms", "1.5s"), "wall_ms", "1500"),
        (("--memory", "0.5GB"), "memory_mib", "512"),
        (("--response-bytes", "20KB"), "response_bytes", "20480"),
        (("--growth", "10%"), "growth", "0.1"),
        (("--cold-starts", "0.5 %"), "cold_start_share", "0.005"),
        (("--range", "wall-ms=80ms:0.1s:150"), "wall_ms", "100"),
    ],
)
def test_numbers_may_have_units(arguments: tuple[str, ...], field: str, value: str) -> None:
    result = run(*arguments, "--json", "--draws", "0")
    assert json.loads(result.stdout)["workload"][field] == value


def test_a_range_moves_the_value_that_was_not_given() -> None:
    data = json.loads(run("--json", "--range", "cpu-ms=1:5:20").stdout)
    assert data["workload"]["cpu_ms"] == "5"
    assert data["origins"]["cpu_ms"] == "given"


def test_a_bill_adds_up_before_the_reader() -> None:
    """Each row multiplies to its amount, and the rows add up to the total, to the cent."""
    out = run("--lines", "--requests", "40M", "--platform", "lambda-url").stdout
    table = out[out.index("Function URL at 40 M") :].splitlines()[2:]
    rows = [re.split(r"\s{2,}", row.strip()) for row in table[: table.index("")]]
    assert any(
        row[:4] == ["Lambda requests", "40,000,000", "1,000,000", "39,000,000"] for row in rows
    )
    total = Decimal(0)
    for row in rows[:-1]:
        place = next(i for i, cell in enumerate(row) if re.match(r"[\d.]+ a ", cell))
        price, _, unit = row[place].partition(" a ")
        units = Decimal(row[place - 1].replace(",", ""))
        amount = Decimal(row[place + 1].replace(",", ""))
        factor = Decimal(10**6) if unit.startswith("million") else 1
        assert abs(units * Decimal(price) / factor - amount) < Decimal("0.01")
        total += amount
    assert total == Decimal(rows[-1][-1].replace(",", ""))


def test_growth_beyond_what_servers_reach_is_answered_until_there() -> None:
    result = run("--requests", "1G", "--growth", "50%", "--months", "60", "--platform", "fargate")
    assert result.exit_code == 0
    assert "none can serve it" in result.stdout


def test_a_simulation_says_how_sure_it_is() -> None:
    flags = ("--requests", "100k", "--wall-ms", "200ms", "--cold-ms", "1s", "--simulate", "--json")
    drawn = json.loads(run("cold-starts", *flags).stdout)[-1]
    assert drawn["by"] == "simulation"
    assert 0 < drawn["standard_error"] <= 0.02 * drawn["share"]


PROJECT = """\ufeff[tool.ferryman.cost]
wall_ms = 80
platform = ["lambda-url", "ec2"]

[tool.ferryman.env.prod.cost]
wall_ms = "90ms"
"""


@pytest.mark.parametrize(
    ("flags", "environment", "wall_ms"),
    [
        ((), {}, "80"),
        (("--env", "prod"), {}, "90"),
        ((), {"FERRYMAN_ENV": "prod"}, "90"),
        (("--env", "prod"), {"FERRYMAN_COST__WALL_MS": "0.1s"}, "100"),
        (("--env", "prod", "--wall-ms", "70"), {"FERRYMAN_COST__WALL_MS": "100"}, "70"),
    ],
)
def test_flags_are_stronger_than_variables_than_the_overlay_than_the_section(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flags: tuple[str, ...],
    environment: dict[str, str],
    wall_ms: str,
) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    data = json.loads(run("-C", str(tmp_path), "--json", "--draws", "0", *flags).stdout)
    assert data["workload"]["wall_ms"] == wall_ms
    assert data["origins"]["wall_ms"] == "given"
    assert len(data["assumptions"]) == 2


def test_config_shows_the_section_with_its_origins(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    shown = CliRunner().invoke(config, ["show", "-C", str(tmp_path), "--env", "prod", "--origin"])
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert 'cost.wall_ms = "90ms"  # pyproject.toml [tool.ferryman.env.prod.cost] wall_ms' in lines
    assert 'cost.cpu_ms = "10"  # default' in lines
    keys = CliRunner().invoke(config, ["keys"]).stdout
    assert "Mean CPU time of a request, ms." in keys


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("FERRYMAN_COST__WAL_MS", "1", "there is no setting 'cost.wal_ms'"),
        ("FERRYMAN_COST__WALL_MS", "abc", "FERRYMAN_COST__WALL_MS: 'abc' is not a number"),
        ("FERRYMAN_COST__PLATFORM", "ec2", "FERRYMAN_COST__PLATFORM is not valid"),
    ],
)
def test_a_mistake_in_a_variable_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    result = run()
    assert isinstance(result.exception, ConfigError)
    assert message in result.exception.message
    assert CliRunner().invoke(config, ["show"]).exit_code != 0


def test_the_size_is_a_part_of_the_answer() -> None:
    """Each level has the cheapest of the sizes, and no size that is fixed is cheaper."""
    flags = ("--platform", "ec2", "--draws", "0", "--at", "1M", "--at", "300M", "--json")
    best = json.loads(run(*flags).stdout)["levels"]
    assert best[0]["bills"][0]["size"] == "t4g.nano"
    for size in ("t4g.nano", "t4g.small", "m7g.large", "c8g.xlarge"):
        fixed = json.loads(run(*flags, "--size", size).stdout)["levels"]
        for one, other in zip(best, fixed, strict=True):
            assert other["bills"][0]["size"] is None
            assert Decimal(one["bills"][0]["usd"]) <= Decimal(other["bills"][0]["usd"])


def test_the_workers_of_the_server_are_those_that_are_priced(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ferryman.server]\nworkers = 2\n")
    flags = ("--platform", "fargate", "--size", "2/4", "--requests", "900M", "--draws", "0")
    by_project, by_flag, one = (
        json.loads(run(*more, *flags, "--json").stdout)["levels"][-1]["bills"][0]["servers"]
        for more in (("-C", str(tmp_path)), ("--workers", "2"), ())
    )
    assert by_project == by_flag < one


@pytest.mark.parametrize(
    ("typed", "flags"),
    [
        (("--profile", "prod"), "--profile has no effect without --log-group"),
        (("--since", "2d"), "--since has no effect without --log-group"),
        (("--log-format", "alb"), "--log-format has no effect without --logs or --reconcile"),
        (("--provisioned-share", "0.5"), "--provisioned-share has no effect without --provisioned"),
        (("--wait-ms", "0", "--wait-share", "0.9"), "--wait-share has no effect without --wait-ms"),
        (("--months", "12"), "--months has no effect without --growth or --range"),
        (("cold-starts", "--cold-ms", "1s"), "--cold-ms has no effect without --simulate"),
    ],
)
def test_an_option_without_effect_is_refused(typed: tuple[str, ...], flags: str) -> None:
    assert flags in str(run(*typed).exception)


def test_an_option_has_its_effect_through_another_however_that_is_given(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.ferryman.cost]\ngrowth = '10%'\nprofile = 'prod'\n")
    result = run("-C", str(tmp_path), "--months", "12")
    assert result.exit_code == 0, result.exception
    assert "12 months" in result.stdout


def test_two_sizes_of_one_kind_are_refused() -> None:
    error = str(run("--size", "m7g.large", "--size", "c7g.large").exception)
    assert "--size: m7g.large and c7g.large are two sizes of one kind" in error
    assert run("--size", "m7g.large", "--size", "0.5/1").exit_code == 0
