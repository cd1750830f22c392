"""Price lists in AWS's own format, served over HTTP on this machine."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ferryman.cli.cost import command
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.cost.prices.book import load_book
from ferryman.cost.prices.offers import edge_group, rate_id
from ferryman.cost.prices.overlay import read_overlay, with_overlay
from ferryman.cost.prices.update import drift, fetch_rates

VERSION = "20260919002359"
SAVINGS_CSV = f"/savingsPlan/v1.0/aws/AWSComputeSavingsPlan/{VERSION}/eu-west-1/index.csv"
FIRST = ["SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate",
         "StartingRange", "EndingRange", "Unit", "PricePerUnit", "Currency"]  # fmt: skip


def price_list(
    offer: str, columns: list[str], rows: list[list[str]], version: str = VERSION
) -> str:
    """A CSV as AWS writes one: five lines about itself, the header, the rows."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["FormatVersion", "v1.0"])
    writer.writerow(["Disclaimer", "This pricing list is for informational purposes only."])
    writer.writerow(["Publication Date", "2026-09-19T00:23:59Z"])
    writer.writerow(["Version", version])
    writer.writerow(["OfferCode", offer])
    writer.writerow([*FIRST, *columns])
    for number, row in enumerate(rows):
        sku = f"SKU{number:013}"
        begin, end, unit, price, *rest = row
        terms = [sku, "JRTCKXETXF", f"{sku}.JRTCKXETXF.6YS6EN2CT7", "OnDemand", "", "2026-09-01"]
        writer.writerow([*terms, begin, end, unit, price, "USD", *rest])
    return out.getvalue()


LAMBDA_COLUMNS = ["Product Family", "serviceCode", "Location", "Region Code", "Group", "usageType"]


def lambda_list(duration: str = "0.0000166667") -> str:
    here = ["Serverless", "AWSLambda", "EU (Ireland)", "eu-west-1"]
    anywhere = ["Serverless", "AWSLambda", "Any", ""]
    group, usage = "AWS-Lambda-Duration", "EU-Lambda-GB-Second"
    arm = ["AWS-Lambda-Requests-ARM", "EU-Request-ARM"]
    return price_list("AWSLambda", LAMBDA_COLUMNS, [
        ["0", "Inf", "Requests", "0.0000002000", *here, "AWS-Lambda-Requests", "EU-Request"],
        ["0", "Inf", "Requests", "0.0000002000", *here, *arm],
        ["15000000000", "Inf", "GB-Second", "0.0000133334", *here, group, usage],
        ["0", "6000000000", "GB-Second", duration, *here, group, usage],
        ["6000000000", "15000000000", "GB-Second", "0.0000150000", *here, group, usage],
        ["0", "400000", "seconds", "0.0000000000", *anywhere, group, "Global-Lambda-GB-Second"],
        ["0", "Inf", "GB-Second", "0.0000500100", *here, "AWS-Lambda-Edge-Duration",
         "EU-Lambda-Edge-GB-Second"],
        ["0", "Inf", "Request", "0.0000006000", *here, "AWS-Lambda-Edge-Requests",
         "EU-Lambda-Edge-Request"],
    ])  # fmt: skip


def other_lists() -> dict[str, str]:
    """One list each, every one with rows that look like the one that is meant."""
    columns = ["Location", "Region Code", "usageType", "operation"]
    here = ["EU (Ireland)", "eu-west-1"]

    def rows(*usages: tuple[str, str, str]) -> list[list[str]]:
        return [["0", "Inf", "Hrs", price, *here, usage, op] for usage, op, price in usages]

    lists = {
        "AmazonECS": rows(
            ("EU-ECS-EC2-vCPU-Hours", "", "0.0"),
            ("EU-Fargate-vCPU-Hours:perCPU", "", "0.0404800000"),
            ("EU-Fargate-GB-Hours", "", "0.0044450000"),
            ("EU-Fargate-ARM-vCPU-Hours:perCPU", "", "0.0323800000"),
            ("EU-Fargate-ARM-GB-Hours", "", "0.0035600000"),
            ("EU-Fargate-Windows-vCPU-Hours:perCPU", "", "0.0465520000"),
        ),
        "AWSELB": rows(
            ("EU-LoadBalancerUsage", "LoadBalancing", "0.0280000000"),
            ("EU-LoadBalancerUsage", "LoadBalancing:Network", "0.0252000000"),
            ("EU-LoadBalancerUsage", "LoadBalancing:Application", "0.0252000000"),
            ("EU-LCUUsage", "LoadBalancing:Network", "0.0060000000"),
            ("EU-LCUUsage", "LoadBalancing:Application", "0.0080000000"),
        ),
        "AmazonVPC": rows(("EU-PublicIPv4:InUseAddress", "", "0.0050000000")),
        "AmazonApiGateway": rows(("EU-ApiGatewayHttpRequest", "", "0.0000011100")),
        "AmazonCloudWatch": rows(
            ("EU-DataProcessing-Bytes", "", "0.5700000000"),
            ("EU-VendedLog-Bytes-WAFLogs", "", "0.5000000000"),
        ),
        "AmazonEKS": rows(("EU-AmazonEKS-Hours:perCluster", "", "0.1000000000")),
    }
    found = {offer: price_list(offer, columns, entries) for offer, entries in lists.items()}
    found |= database_lists() | {"AmazonCloudFront": cloudfront_list()}
    out = ["0", "10240", "GB", "0.0900000000", *here, "EU-DataTransfer-Out-Bytes", ""]
    rest = ["10240", "Inf", "GB", "0.0850000000", *here, "EU-DataTransfer-Out-Bytes", ""]
    inner = ["0", "Inf", "GB", "0.0200000000", *here, "EU-DataTransfer-Out-Bytes", ""]
    zones = ["0", "Inf", "GB", "0.0100000000", *here, "EU-DataTransfer-Regional-Bytes", ""]
    found["AWSDataTransfer"] = price_list("AWSDataTransfer", [*columns, "To Location"], [
        [*out, "External"], [*rest, "External"], [*inner, "US East (Ohio)"],
        [*zones, "EU (Ireland)"], [*zones, "EU (Ireland)"],
    ])  # fmt: skip
    found["AmazonEC2"] = ec2_list()
    return found


def database_lists() -> dict[str, str]:
    here = ["EU (Ireland)", "eu-west-1"]

    def row(price: str, usage: str, *more: str, end: str = "Inf", start: str = "0") -> list[str]:
        return [start, end, "Hrs", price, *here, usage, *more]

    columns = ["Location", "Region Code", "usageType"]
    micro, storage = "EU-InstanceUsage:db.t4g.micro", "EU-RDS:GP3-Storage"
    return {
        "AmazonRDS": price_list("AmazonRDS", [*columns, "Database Engine", "Deployment Option"], [
            row("0.0170000000", micro, "MySQL", "Single-AZ"),
            row("0.0180000000", micro, "PostgreSQL", "Single-AZ"),
            row("0.0360000000", "EU-Multi-AZUsage:db.t4g.micro", "PostgreSQL", "Multi-AZ"),
            row("0.0500000000", "EU-InstanceUsage:db.x9.large", "PostgreSQL", "Single-AZ"),
            row("0.0600000000", "EU-InstanceUsage:db.x9.large", "PostgreSQL", "Single-AZ"),
            row("0.1270000000", storage, "PostgreSQL", "Single-AZ"),
            row("0.2540000000", "EU-RDS:Multi-AZ-GP3-Storage", "PostgreSQL", "Multi-AZ"),
            row("0.1000000000", "EU-RDS:ChargedBackupUsage", "PostgreSQL", ""),
        ]),
        "AmazonElastiCache": price_list("AmazonElastiCache", [*columns, "Cache Engine"], [
            row("0.0180000000", "EU-NodeUsage:cache.t4g.micro", "Redis"),
            row("0.0144000000", "EU-NodeUsage:cache.t4g.micro", "Valkey"),
            row("0.0190000000", "EU-NodeUsage:cache.t4g.micro", "Memcached"),
            row("0.0500000000", "EU-ExtendedSupportYr1:cache.t4g.micro", "Redis"),
        ]),
        "AmazonDynamoDB": price_list("AmazonDynamoDB", [*columns, "Group"], [
            row("0.0000001410", "EU-ReadRequestUnits", "DDB-ReadUnits"),
            row("0.0000007050", "EU-WriteRequestUnits", "DDB-WriteUnits"),
            row("0.0000007050", "EU-ReplWriteRequestUnits", "DDB-ReplicatedWriteUnits"),
            row("0.0000001750", "IA-ReadRequestUnits", "DDB-ReadUnitsIA"),
            row("0.0000000000", "EU-TimedStorage-ByteHrs", "", end="25"),
            row("0.2830000000", "EU-TimedStorage-ByteHrs", "", start="25"),
            row("0.1130000000", "EU-IA-TimedStorage-ByteHrs", ""),
        ]),
    }  # fmt: skip


def cloudfront_list() -> str:
    """The list for all regions: rows by groups of edge locations, not by regions."""

    def row(begin: str, end: str, price: str, usage: str, place: str) -> list[str]:
        return [begin, end, "GB", price, place, "", usage]

    europe, states = "Europe", "United States"
    return price_list("AmazonCloudFront", ["Location", "Region Code", "usageType"], [
        row("0", "10240", "0.0850000000", "EU-DataTransfer-Out-Bytes", europe),
        row("10240", "Inf", "0.0800000000", "EU-DataTransfer-Out-Bytes", europe),
        row("0", "Inf", "0.0200000000", "EU-DataTransfer-Out-OBytes", europe),
        row("0", "Inf", "0.0000009000", "EU-Requests-Tier1", europe),
        row("0", "Inf", "0.0000012000", "EU-Requests-Tier2-HTTPS", europe),
        row("0", "Inf", "0.0000010000", "US-Requests-Tier2-HTTPS", states),
    ])  # fmt: skip


SAVINGS_COLUMNS = [
    "SKU", "RateCode", "Unit", "EffectiveDate", "DiscountedRate", "Currency", "DiscountedSKU",
    "DiscountedServiceCode", "DiscountedUsageType", "DiscountedOperation", "PurchaseOption",
    "LeaseContractLength", "LeaseContractLengthUnit", "Product Family", "DiscountedRegionCode",
]  # fmt: skip


def savings_list(price: str = "0.0690000000", currency: str = "USD") -> str:
    """A CSV as AWS writes one for savings plans: rates that discount rows of other lists."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["FormatVersion", "v1.0"])
    writer.writerow(["Disclaimer", "This pricing list is for informational purposes only."])
    writer.writerow(["Publication Date", "2026-09-19T00:23:59Z"])
    writer.writerow(["Version", VERSION])
    writer.writerow(["OfferCode", "AWSComputeSavingsPlan"])
    writer.writerow(SAVINGS_COLUMNS)
    ec2, box, linux = "AmazonEC2", "EU-BoxUsage:m7g.large", "RunInstances"
    plan, none, here = "ComputeSavingsPlans", "No Upfront", "eu-west-1"
    for number, (usd, service, usage, operation, option, years, family, region) in enumerate([
        ("0.0500000000", ec2, box, linux, "All Upfront", "1", plan, here),
        (price, ec2, box, linux, none, "1", plan, here),
        ("0.0470000000", ec2, box, linux, none, "3", plan, here),
        ("0.0600000000", ec2, box, linux, none, "1", "EC2InstanceSavingsPlans", here),
        ("0.1400000000", ec2, box, "RunInstances:0002", none, "1", plan, here),
        ("0.0800000000", ec2, "EU-DedicatedUsage:m7g.large", linux, none, "1", plan, here),
        ("0.0600000000", ec2, "BoxUsage:m7g.large", linux, none, "1", plan, "us-east-1"),
        ("0.0323840000", "AmazonECS", "EU-Fargate-vCPU-Hours:perCPU", "", none, "1", plan, here),
        ("0.0323840000", "AmazonEKS", "EU-Fargate-vCPU-Hours:perCPU", "", none, "1", plan, here),
        ("0.0000147000", "AWSLambda", "EU-Lambda-GB-Second", "", none, "1", plan, here),
        ("0.0000002000", "AWSLambda", "EU-Request", "", none, "1", plan, here),
    ]):  # fmt: skip
        sku = f"PLAN{number:012}"
        writer.writerow([
            sku, f"{sku}.ITEM{number:012}", "Hrs", "2026-09-19", usd, currency,
            f"ITEM{number:012}", service, usage, operation, option, years, "year", family, region,
        ])  # fmt: skip
    return out.getvalue()


def ec2_list() -> str:
    shape = ["Instance Type", "Tenancy", "Operating System", "License Model"]
    columns = ["Location", "Region Code", "usageType", "operation", *shape]
    columns += ["Pre Installed S/W", "CapacityStatus"]
    here = ["EU (Ireland)", "eu-west-1"]
    plain = ["m7g.large", "Shared", "Linux", "No License required", "NA", "Used"]

    def row(price: str, usage: str, *attributes: str) -> list[str]:
        return ["0", "Inf", "Hrs", price, *here, usage, "RunInstances", *attributes]

    return price_list("AmazonEC2", columns, [
        row("0.0910000000", "EU-BoxUsage:m7g.large", *plain),
        row("0.0990000000", "EU-DedicatedUsage:m7g.large", plain[0], "Dedicated", *plain[2:]),
        row("0.1830000000", "EU-BoxUsage:m7g.large", *plain[:2], "Windows", *plain[3:]),
        row("0.0000000000", "EU-UnusedBox:m7g.large", *plain[:5], "UnusedCapacityReservation"),
        row("9.0000000000", "EU-BoxUsage:u-6tb1.metal", "u-6tb1.metal", *plain[1:]),
        row("0.0480000000", "EU-NatGateway-Hours", *[""] * 6),
        row("0.0480000000", "EU-RegionalNatGateway-Hours", *[""] * 6),
        row("0.0880000000", "EU-EBS:VolumeUsage.gp3", *[""] * 6),
    ])  # fmt: skip


@pytest.fixture
def pages() -> dict[str, str]:
    """What the server has, by path."""
    lists = {"AWSLambda": lambda_list(), **other_lists()}
    found = {}
    for offer, text in lists.items():
        base = f"/offers/v1.0/aws/{offer}"
        url = f"{base}/{VERSION}/eu-west-1/index.json"
        region = {"regionCode": "eu-west-1", "currentVersionUrl": url}
        found[f"{base}/current/region_index.json"] = json.dumps({"regions": {"eu-west-1": region}})
        found[f"{base}/{VERSION}/eu-west-1/index.csv"] = text
    found["/offers/v1.0/aws/AmazonCloudFront/current/index.csv"] = lists["AmazonCloudFront"]
    root = "/savingsPlan/v1.0/aws/AWSComputeSavingsPlan"
    region = {
        "regionCode": "eu-west-1",
        "versionUrl": f"{root}/{VERSION}/eu-west-1/index.json",
    }
    found[f"{root}/current/region_index.json"] = json.dumps({"regions": [region]})
    found[SAVINGS_CSV] = savings_list()
    return found


@pytest.fixture
def announced() -> dict[str, int]:
    """Lengths that the server announces in place of the true ones, by path."""
    return {}


@pytest.fixture
def aws(pages: dict[str, str], announced: dict[str, int]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(announced.get(self.path, len(body))))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["prices", *arguments])


LAMBDA_CSV = f"/offers/v1.0/aws/AWSLambda/{VERSION}/eu-west-1/index.csv"


def test_every_list_is_read_and_look_alikes_are_left(aws: str) -> None:
    rates = {rate.id: rate for rate in fetch_rates(aws, "eu-west-1", say=lambda _: None)}
    values = {id: str(rate.value.normalize()) for id, rate in rates.items()}
    assert values == {
        "lambda.requests.x86_64": "2E-7",
        "lambda.requests.arm64": "2E-7",
        "lambda_edge.requests": "6E-7",
        "lambda_edge.duration": "0.00005001",
        "lambda.duration.x86_64": "0.0000166667",
        "fargate.vcpu.x86_64": "0.04048",
        "fargate.memory.x86_64": "0.004445",
        "fargate.vcpu.arm64": "0.03238",
        "fargate.memory.arm64": "0.00356",
        "alb.hours": "0.0252",
        "alb.lcu": "0.008",
        "ipv4.hours": "0.005",
        "http_api.requests": "0.00000111",
        "cloudfront.egress": "0.085",
        "cloudfront.requests": "0.0000012",
        "egress": "0.09",
        "cross_zone": "0.01",
        "logs.ingest": "0.57",
        "eks.cluster": "0.1",
        "rds.db.t4g.micro": "0.018",
        "rds-multi-az.db.t4g.micro": "0.036",
        "rds.gp3": "0.127",
        "elasticache.t4g.micro": "0.018",
        "elasticache.valkey.t4g.micro": "0.0144",
        "dynamodb.read": "1.41E-7",
        "dynamodb.write": "7.05E-7",
        "dynamodb.storage": "0",
        "savings.1y.ec2.m7g.large": "0.069",
        "savings.3y.ec2.m7g.large": "0.047",
        "savings.1y.fargate.vcpu.x86_64": "0.032384",
        "savings.1y.lambda.duration.x86_64": "0.0000147",
        "ec2.m7g.large": "0.091",
        "nat.hours": "0.048",
        "ebs.gp3": "0.088",
    }
    duration = rates["lambda.duration.x86_64"]
    assert [(int(t.start), str(t.price)) for t in duration.tiers] == [
        (0, "0.0000166667"),
        (6_000_000_000, "0.0000150000"),
        (15_000_000_000, "0.0000133334"),
    ]
    assert duration.seen == "2026-09-19"
    assert duration.source == aws + LAMBDA_CSV
    assert duration.code.startswith("SKU0000000000003.")
    assert len(rates["egress"].tiers) == 2


@pytest.mark.parametrize(
    ("usage", "rate"),
    [
        ("Lambda-SnapStart-Cached-GB-S", "lambda.snapstart.cache"),
        ("APN1-Lambda-Provisioned-GB-Second-ARM", "lambda.provisioned_duration.arm64"),
        ("USE1-Request", "lambda.requests.x86_64"),
        ("Global-Request", None),
        ("Lambda-Edge-Request", "lambda_edge.requests"),
        ("APN1-Lambda-Edge-GB-Second", "lambda_edge.duration"),
    ],
)
def test_usage_types_are_known_in_every_region(usage: str, rate: str | None) -> None:
    row = {"termtype": "OnDemand", "location": "somewhere", "usagetype": usage}
    assert rate_id("AWSLambda", row, "us-east-1", ()) == rate


@pytest.mark.parametrize(
    ("region", "group"),
    [("us-east-1", "US"), ("eu-west-1", "EU"), ("ap-northeast-1", "JP"), ("ap-northeast-2", "AP"),
     ("ap-south-1", "IN"), ("sa-east-1", "SA"), ("ap-southeast-2", "AU")],
)  # fmt: skip
def test_cloudfront_is_priced_by_the_edge_locations_near_a_region(region: str, group: str) -> None:
    row = {"termtype": "OnDemand", "usagetype": f"{group}-DataTransfer-Out-Bytes"}
    assert rate_id("AmazonCloudFront", row, region, ()) == "cloudfront.egress"
    assert edge_group(region) == group


def test_an_update_is_written_and_used(aws: str, tmp_path: Path) -> None:
    book = tmp_path / "prices.json"
    result = run("update", "--from", aws, "--region", "eu-west-1", "--to", str(book))
    assert result.exit_code == 0, result.exception
    fresh = with_overlay(load_book(), book)
    assert fresh.rate("alb.hours", "eu-west-1").confidence == "list"
    assert load_book().rate("alb.hours", "eu-west-1").confidence == "unverified"
    assert fresh.rate("alb.hours", "us-east-1") == load_book().rate("alb.hours", "us-east-1")
    bill = CliRunner().invoke(
        command, ["--region", "eu-west-1", "--platform", "ec2", "--prices", str(book)]
    )
    assert "alb.hours in eu-west-1 is unverified" not in bill.stderr
    assert "nat.hours" in run("show", "nat", "--prices", str(book)).stdout


def test_a_second_update_keeps_what_it_does_not_read(aws: str, tmp_path: Path) -> None:
    book = tmp_path / "prices.json"
    for offer in ("AWSLambda", "AWSELB"):
        done = run("update", "--from", aws, "--region", "eu-west-1", "--offer", offer,
                   "--to", str(book))  # fmt: skip
        assert done.exit_code == 0
    assert {rate.id.partition(".")[0] for rate in read_overlay(book).rates} == {
        "lambda",
        "lambda_edge",
        "alb",
    }


def test_a_version_can_be_pinned(aws: str, pages: dict[str, str]) -> None:
    del pages["/offers/v1.0/aws/AWSLambda/current/region_index.json"]
    pinned = [f"AWSLambda@{VERSION}"]
    assert len(fetch_rates(aws, "eu-west-1", pinned, lambda _: None)) == 5


def test_check_prints_what_has_drifted(aws: str, pages: dict[str, str]) -> None:
    pages[LAMBDA_CSV] = lambda_list("0.0000200000")
    result = run("check", "--from", aws, "--region", "eu-west-1", "--offer", "AWSLambda")
    assert isinstance(result.exception, FerrymanError)
    assert result.exception.exit_code == 1
    assert "1 of 5 rates differ from AWS's price list" in result.exception.message
    row = next(line for line in result.stdout.splitlines() if "lambda.duration" in line).split()
    assert row[2:4] == ["0.0000166667", "0.00002"]


def test_check_is_content_when_nothing_has_drifted(aws: str) -> None:
    result = run("check", "--from", aws, "--region", "eu-west-1", "--offer", "AWSLambda")
    assert result.exit_code == 0
    assert "all 5 rates agree" in result.stdout
    rates = fetch_rates(aws, "eu-west-1", ["AWSLambda"], lambda _: None)
    assert drift(load_book(), rates) == []


def damage(change: Callable[[str], str]) -> str:
    return change(lambda_list())


def swap(old: str, new: str) -> str:
    return damage(lambda text: text.replace(old, new))


DAMAGED = {
    "cut within a row": (damage(lambda t: t[:-40]), "is truncated or damaged in line 14"),
    "cut before the rows": (damage(lambda t: t.split('"SKU"')[0]), "is not a price list"),
    "empty": ("\n", "is not a price list"),
    "a page of HTML": ("<html>\n<body>\n</body>\n</html>\n\n\n", "is not a price list"),
    "in euros": (swap('"USD"', '"EUR"'), "is in EUR, not in USD"),
    "another list": (swap('"OfferCode","AWSLambda"', '"OfferCode","AmazonS3"'),
                     "is not the requested list"),
    "a price of a tenth": (lambda_list("0.0000016667"), "cannot be right"),
    "a price of ten times": (lambda_list("0.0001666670"), "cannot be right"),
    "a negative price": (lambda_list("-0.0000166667"), "has a price of -0.0000166667"),
    "no number": (lambda_list("free"), "has no price"),
    "not a number": (lambda_list("NaN"), "has a price of NaN"),
    "a tier missing": (swap('"6000000000","15000000000"', '"7000000000","15000000000"'),
                       "have gaps or overlap"),
    "a rate code of another": (swap("SKU0000000000003.J", "SKU0000000000009.J"),
                               "does not belong to it"),
    "none of the rates": (swap("EU-", "Global-"), "has no rate of the price book"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_what_cannot_be_believed_is_refused_and_the_old_book_kept(
    aws: str, pages: dict[str, str], tmp_path: Path, name: str
) -> None:
    book = tmp_path / "prices.json"
    update = ("update", "--from", aws, "--region", "eu-west-1", "--to", str(book))
    assert run(*update, "--offer", "AWSELB").exit_code == 0
    before = book.read_bytes()
    pages[LAMBDA_CSV], message = DAMAGED[name]
    result = run(*update, "--offer", "AWSLambda")
    assert isinstance(result.exception, ConfigError)
    assert result.exception.exit_code == 2
    assert message in result.exception.message
    assert book.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["prices.json"]


def test_the_other_lists_are_kept_where_one_cannot_be_believed(
    aws: str, pages: dict[str, str], tmp_path: Path
) -> None:
    book = tmp_path / "prices.json"
    pages[LAMBDA_CSV] = lambda_list("free")
    result = run("update", "--from", aws, "--region", "eu-west-1", "--to", str(book))
    assert isinstance(result.exception, ConfigError)
    assert "has no price; the others are kept" in result.exception.message
    kinds = {rate.id.partition(".")[0] for rate in read_overlay(book).rates}
    assert "lambda" not in kinds
    assert {"alb", "ec2", "fargate", "savings"} <= kinds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (savings_list(price="0.0069000000"), "savings.1y.ec2.m7g.large at 0.0069"),
        (savings_list(currency="CNY"), "is in CNY, not in USD"),
        (savings_list().replace("PLAN000000000001.I", "PLAN000000000002.I"), "does not belong"),
        (savings_list().replace("No Upfront", "All Upfront"), "has no rate of the price book"),
        (savings_list()[:-20], "is truncated or damaged in line 17"),
    ],
)
def test_savings_plans_that_cannot_be_believed_are_refused(
    aws: str, pages: dict[str, str], tmp_path: Path, text: str, message: str
) -> None:
    book = tmp_path / "prices.json"
    pages[SAVINGS_CSV] = text
    offer = ("--offer", "AWSComputeSavingsPlan")
    result = run("update", "--from", aws, "--region", "eu-west-1", "--to", str(book), *offer)
    assert isinstance(result.exception, ConfigError)
    assert message in result.exception.message
    assert not book.exists()


def test_a_list_that_ends_before_its_announced_length_is_refused(
    aws: str, pages: dict[str, str], announced: dict[str, int], tmp_path: Path
) -> None:
    """Cut between two rows, where nothing else would show it."""
    whole = pages[LAMBDA_CSV]
    pages[LAMBDA_CSV] = "\n".join(whole.splitlines()[:-1]) + "\n"
    announced[LAMBDA_CSV] = len(whole)
    book = tmp_path / "prices.json"
    asked = ("update", "--from", aws, "--region", "eu-west-1", "--to", str(book))
    alone = run(*asked, "--offer", "AWSLambda")
    assert isinstance(alone.exception, ConfigError)
    assert "ends early" in str(alone.exception) or "cannot be read" in str(alone.exception)
    assert "nothing was written" in alone.exception.message
    assert not book.exists()
    among_others = run(*asked)
    assert isinstance(among_others.exception, ConfigError)
    assert "the others are kept" in among_others.exception.message
    written = {rate["id"] for rate in json.loads(book.read_text())["rates"]}
    assert written
    assert not [id for id in written if id.startswith("lambda.")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--region", "mars-1"), "AWSLambda has no prices for 'mars-1'"),
        (("--offer", "AmazonS3"), "there is no price list 'AmazonS3'"),
        (("--offer", "AWSLambda@19990101"), "cannot be read"),
        (("--from", "file:///etc"), "is not a web address"),
    ],
)
def test_what_is_not_there_is_told(aws: str, arguments: tuple[str, ...], message: str) -> None:
    result = run("check", "--from", aws, "--region", "eu-west-1", *arguments)
    assert isinstance(result.exception, ConfigError)
    assert message in result.exception.message


def test_a_server_that_is_not_there_is_told() -> None:
    result = run("check", "--from", "http://127.0.0.1:9", "--offer", "AWSLambda")
    assert isinstance(result.exception, ConfigError)
    assert "cannot be read" in result.exception.message


@pytest.mark.parametrize(
    ("old", "new"),
    [('"0.0000166667"', '"0.0000166668"'), ('"schema": 1', '"schema": 9'), ("{", "")],
)
def test_a_book_that_was_changed_by_hand_is_refused(
    aws: str, tmp_path: Path, old: str, new: str
) -> None:
    book = tmp_path / "prices.json"
    run("update", "--from", aws, "--region", "eu-west-1", "--offer", "AWSLambda", "--to", str(book))
    text = book.read_text()
    assert old in text
    book.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError):
        read_overlay(book)
    with pytest.raises(ConfigError):
        with_overlay(load_book(), book)


def test_prices_are_decimals_to_the_last_digit(aws: str) -> None:
    rates = fetch_rates(aws, "eu-west-1", ["AWSLambda"], lambda _: None)
    assert next(r for r in rates if r.id == "lambda.duration.x86_64").value == Decimal(
        "0.0000166667"
    )


def as_json(text: str) -> str:
    """The same list as AWS writes it in JSON: products, and terms that name them."""
    lines = list(csv.reader(io.StringIO(text)))
    about = {row[0].replace(" ", ""): row[1] for row in lines[:5]}
    products: dict[str, object] = {}
    terms: dict[str, object] = {}
    for row in lines[6:]:
        cells = dict(zip(lines[5], row, strict=True))
        sku, code = cells["SKU"], cells["RateCode"]
        names = {"Region Code": "regionCode", "Location": "location", "Group": "group"}
        attributes = {names.get(name, name): cells[name] for name in lines[5][len(FIRST) :]}
        products[sku] = {"sku": sku, "productFamily": "", "attributes": attributes}
        price = {
            "rateCode": code, "unit": cells["Unit"], "beginRange": cells["StartingRange"],
            "endRange": cells["EndingRange"], "pricePerUnit": {"USD": cells["PricePerUnit"]},
        }  # fmt: skip
        term = {"offerTermCode": "JRTCKXETXF", "priceDimensions": {code: price}}
        terms[sku] = {f"{sku}.JRTCKXETXF": term}
    return json.dumps(
        {
            "offerCode": about["OfferCode"],
            "version": about["Version"],
            "publicationDate": about["PublicationDate"],
            "products": products,
            "terms": {"OnDemand": terms},
        }
    )


def test_a_list_of_json_has_the_same_rates_as_one_of_csv(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(lambda_list())
    (tmp_path / "b.json").write_text(as_json(lambda_list()))
    found = [
        fetch_rates(str(tmp_path / name), "eu-west-1", (), lambda _: None)
        for name in ("a.csv", "b.json")
    ]
    one, two = ([(x.id, x.tiers, x.seen, x.code) for x in rates] for rates in found)
    assert one == two
    assert len(one) == 5


def test_a_folder_is_read_whole_and_what_is_no_list_passed_over(tmp_path: Path) -> None:
    lists = tmp_path / "offers" / "v1.0"
    lists.mkdir(parents=True)
    (lists / "index.csv").write_text(lambda_list())
    (tmp_path / "elb.csv").write_text(other_lists()["AWSELB"])
    (tmp_path / "notes.json").write_text("{}")
    book = tmp_path / "book" / "prices.json"
    book.parent.mkdir()
    done = run("update", "--from", str(tmp_path), "--region", "eu-west-1", "--to", str(book))
    assert done.exit_code == 0, done.exception
    assert {rate.id.partition(".")[0] for rate in read_overlay(book).rates} == {
        "lambda",
        "lambda_edge",
        "alb",
    }


@pytest.mark.parametrize("place", ["nowhere", "empty"])
def test_a_place_without_lists_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    result = run("update", "--from", str(tmp_path / place), "--to", str(tmp_path / "p.json"))
    assert isinstance(result.exception, ConfigError)
    assert not (tmp_path / "p.json").exists()


def test_a_type_that_the_book_lacks_is_learned_and_compared(tmp_path: Path) -> None:
    columns = ["Location", "Region Code", "usageType", "operation", "Instance Type", "vCPU",
               "Memory", "Physical Processor", "Operating System", "Tenancy", "Pre Installed S/W",
               "CapacityStatus", "License Model"]  # fmt: skip
    plain = ["Linux", "Shared", "NA", "Used", "No License required"]
    rows = [
        ["0", "Inf", "Hrs", price, "EU (Ireland)", "eu-west-1", f"EU-BoxUsage:{name}",
         "RunInstances", name, vcpu, memory, processor, *plain]
        for name, vcpu, memory, processor, price in (
            ("m10g.large", "2", "8 GiB", "AWS Graviton5 Processor", "0.0500000000"),
            ("c9i-flex.large", "2", "4 GiB", "Intel Xeon 6", "0.0400000000"),
            ("u-6tb1.metal", "448", "6,144 GiB", "Intel Xeon", "54.0000000000"),
        )
    ]  # fmt: skip
    (tmp_path / "ec2.csv").write_text(price_list("AmazonEC2", columns, rows))
    book = tmp_path / "prices.json"
    done = run("update", "--from", str(tmp_path / "ec2.csv"), "--region", "eu-west-1",
               "--to", str(book))  # fmt: skip
    assert done.exit_code == 0, done.exception
    assert "2 new instance types" in done.stderr
    fresh = with_overlay(load_book(), book)
    assert fresh.instance("m10g.large").architecture == "arm64"
    assert fresh.instance("c9i-flex.large").memory_mib == 4096
    assert "u-6tb1.metal" not in fresh.instances
    arguments = ["-C", "/", "--draws", "0", "--region", "eu-west-1", "--prices", str(book)]
    arguments += ["--platform", "ec2", "--size", "m10g.large"]
    assert "EC2 m10g.large" in CliRunner().invoke(command, arguments).stdout


def test_a_negotiated_rate_is_on_the_bill_with_its_reason(tmp_path: Path) -> None:
    book = tmp_path / "prices.json"
    reason = ("--reason", "agreement of May", "--to", str(book))
    assert run("set", "ec2.t4g.", "--discount", "12%", *reason).exit_code == 0
    assert run("set", "alb.hours", "0.01", *reason).exit_code == 0
    fresh = with_overlay(load_book(), book)
    assert fresh.rate("ec2.t4g.nano", "us-east-1").value == Decimal("0.0042") * Decimal("0.88")
    assert fresh.rate("alb.hours", "us-east-1").value == Decimal("0.01")
    arguments = ["-C", "/", "--draws", "0", "--platform", "ec2", "--prices", str(book)]
    answer = CliRunner().invoke(command, arguments)
    assert "alb.hours is set by hand: agreement of May (20" in answer.stderr
    assert "12 % off 0.0042" in answer.stderr


def test_a_second_discount_says_that_the_rates_are_set_by_hand(tmp_path: Path) -> None:
    book = tmp_path / "prices.json"
    arguments = ("set", "ec2.t4g.", "--discount", "12%", "--reason", "agreed", "--to", str(book))
    assert run(*arguments).exit_code == 0
    again = run(*arguments).exception
    assert isinstance(again, ConfigError)
    assert "was set by hand before" in again.message


@pytest.mark.parametrize(
    "arguments",
    [("alb.hours",), ("alb.hours", "1", "--discount", "5%"), ("alb.huors", "1"),
     ("alb.", "--discount", "200%"), ("nothing.", "--discount", "5%"), ("alb.hours", "x")],
)  # fmt: skip
def test_a_rate_that_cannot_be_set_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run("set", *arguments, "--reason", "none", "--to", str(tmp_path / "p.json"))
    assert isinstance(result.exception, ConfigError)
    assert not (tmp_path / "p.json").exists()
