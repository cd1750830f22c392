"""A dozen questions whose answers were worked out on paper, from AWS's prices alone.

Each stands beside its arithmetic, line by line, in USD of us-east-1 unless it says otherwise.
Nothing here is rounded but at the sixth decimal, as the JSON is.
"""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from click.testing import CliRunner

from ferryman.cli.cost import command

BARE = (
    *("--response-bytes", "0", "--request-bytes", "0", "--log-bytes", "0", "--cold-starts", "0"),
    *("--no-platform-logs", "--cpu-ms", "0", "--wait-ms", "0", "--draws", "0"),
)
"""Nothing but what a question names."""

D = Decimal
M, GB, KB, MB = 10**6, 2**30, 2**10, 2**20
MONTH = 730

QUESTIONS = {
    "a job of minutes fills two tiers of duration on x86": (
        "lambda-url --architecture x86_64 --requests 200M --wall-ms 50000 --memory 1024",
        # 10 G GB-s, 400,000 of them free: 6 G at the first price, the rest at the second
        199 * D("0.2") + 6000 * M * D("0.0000166667") + D(3_999_600_000) * D("0.000015"),
    ),
    "and all three on arm, where tiers are wider": (
        "lambda-url --requests 400M --wall-ms 50000 --memory 1024 --no-free-tier",
        400 * D("0.2")
        + 7500 * M * D("0.0000133334")
        + 11250 * M * D("0.0000120001")
        + 1250 * M * D("0.0000106667"),
    ),
    "a dear region has its own price of requests and of duration": (
        "lambda-url --region af-south-1 --architecture x86_64 --requests 10M --wall-ms 100"
        " --memory 512 --no-free-tier",
        10 * D("0.27") + D(10 * M) / 10 / 2 * D("0.0000221"),
    ),
    "a large /tmp in Frankfurt": (
        "lambda-url --region eu-central-1 --architecture x86_64 --requests 5M --wall-ms 2000"
        " --memory 2048 --ephemeral-mib 10240 --no-free-tier",
        5 * D("0.2") + D(10 * M) * 2 * D("0.0000166667") + D(10 * M) * D("9.5") * D("0.0000000367"),
    ),
    "four hours a day of provisioned concurrency, more than is used": (
        "lambda-url --architecture x86_64 --requests 1M --wall-ms 200 --memory 1024"
        " --provisioned 50 --provisioned-hours 120 --no-free-tier",
        1 * D("0.2")
        + 50 * 120 * 3600 * D("0.0000041667")
        # 120 of 730 hours, and as large a part of 200,000 GB-s
        + D(200_000) * 120 / 730 * D("0.0000097222")
        + D(200_000) * 610 / 730 * D("0.0000166667"),
    ),
    "more than provisioned concurrency can serve runs on demand, in tiers": (
        "lambda-url --architecture x86_64 --requests 10000M --wall-ms 1000 --memory 1024"
        " --provisioned 500 --provisioned-hours 365 --provisioned-share 0.9 --no-free-tier",
        10000 * D("0.2")
        + 500 * 365 * 3600 * (D("0.0000041667") + D("0.0000097222"))
        # of 9 G GB-s in those hours 657 M are served so; the other 9,343 M run on demand
        + 6000 * M * D("0.0000166667")
        + 3343 * M * D("0.000015"),
    ),
    "an HTTP API meters 1.2 MB as three": (
        "lambda-http-api --requests 150M --wall-ms 100 --memory 128 --no-free-tier"
        f" --response-bytes {1200 * KB}",
        150 * D("0.2")
        + D(150 * M) / 10 / 8 * D("0.0000133334")
        + 300 * D("1.00")
        + 150 * D("0.90")
        # 171,661.38 GB out: 10, 40 and 100 TB at three prices, the rest at the fourth
        + 10240 * D("0.09")
        + 40960 * D("0.085")
        + 102400 * D("0.07")
        + (D(150 * M) * 1200 * KB / GB - 153600) * D("0.05"),
    ),
    "a REST API of 1.5 G requests": (
        "lambda-rest-api --requests 1500M --wall-ms 10 --memory 128",
        1499 * D("0.2")
        + (D(1500 * M) / 100 / 8 - 400_000) * D("0.0000133334")
        + 333 * D("3.50")
        + 667 * D("2.80")
        + 500 * D("2.38"),
    ),
    "streamed responses of 10 MB leave through a Function URL": (
        f"lambda-url --requests 1M --wall-ms 1000 --memory 256 --streaming"
        f" --response-bytes {10 * MB}",
        (D(M) / 4 - 400_000 if M / 4 > 400_000 else D(0)) * D("0.0000133334")
        + (D(M) * 4 * MB / GB - 100) * D("0.008")
        + (D(M) * 10 * MB / GB - 100) * D("0.09"),
    ),
    "an ALB before Lambda is billed by bytes sooner": (
        f"lambda-alb --requests 100M --wall-ms 20 --memory 128 --response-bytes {20 * KB}"
        " --no-free-tier --connection-requests 10",
        100 * D("0.2")
        + D(100 * M) / 50 / 8 * D("0.0000133334")
        + MONTH * D("0.0225")
        + D(100 * M) * 20 * KB / (4 * 10**8) * D("0.008")
        + 2 * MONTH * D("0.005")
        + D(100 * M) * 20 * KB / GB * D("0.09"),
    ),
    "CloudFront takes the place of egress": (
        f"lambda-cloudfront --requests 50M --wall-ms 100 --memory 512 --response-bytes {100 * KB}",
        49 * D("0.2")
        + (D(50 * M) / 10 / 2 - 400_000) * D("0.0000133334")
        + 40 * D("1.00")
        + (D(50 * M) * 100 * KB / GB - 1024) * D("0.085"),
    ),
    "a SnapStart version and a restore for one start in fifty": (
        "lambda-url --architecture x86_64 --requests 2M --wall-ms 100 --memory 1024 --snapstart"
        " --cold-starts 0.02 --no-free-tier",
        2 * D("0.2")
        + D(200_000) * D("0.0000166667")
        + MONTH * 3600 * D("0.0000015046")
        + 40_000 * D("0.0001397998"),
    ),
    "three private tasks in Tokyo, NAT and traffic between zones": (
        "fargate --region ap-northeast-1 --architecture x86_64 --task 1/2 --minimum 3 --private"
        " --requests 10M --nat-bytes 10240 --cross-zone-bytes 2048 --connection-requests 1",
        3 * MONTH * (D("0.05056") + 2 * D("0.00553"))
        + 2 * MONTH * D("0.062")
        + 2 * MONTH * D("0.005")
        + D(10 * M) * 10240 / GB * D("0.062")
        + MONTH * D("0.0243")
        + D(10 * M) / 25 / 3600 * D("0.008")
        + 2 * MONTH * D("0.005")
        + D(10 * M) * 2 * 2048 / GB * D("0.01"),
    ),
    "small burstable instances pay for what exceeds their baseline": (
        "ec2 --instance t3.small --requests 300M --cpu-ms 20 --minimum 2 --utilisation 1"
        " --peak 1 --disk 30/4000/200 --connection-requests 100",
        # 1.6667 M CPU-s; 2.28 vCPU on the mean of two instances with 0.2 x 2 each
        2 * MONTH * D("0.0208")
        + (D(300 * M) * 20 / 1000 / 3600 - 2 * 2 * D("0.2") * MONTH) * D("0.05")
        + 2 * (30 * D("0.08") + 1000 * D("0.005") + 75 * D("0.06"))
        + 2 * MONTH * D("0.005")
        + MONTH * D("0.0225")
        # 120 s on 3,000 open connections outweigh 25 new ones a second
        + D(300 * M) / 100 * 120 / 3000 / 3600 * D("0.008")
        + 2 * MONTH * D("0.005"),
    ),
    "an old cluster of committed nodes": (
        "eks-savings-3y --instance m7g.large --minimum 4 --requests 1M --extended-support"
        " --connection-requests 1",
        MONTH * D("0.60")
        + 4 * MONTH * D("0.0414")
        + 4 * 20 * D("0.08")
        + 4 * MONTH * D("0.005")
        + MONTH * D("0.0225")
        + D(M) / 25 / 3600 * D("0.008")
        + 2 * MONTH * D("0.005"),
    ),
    "Managed Instances pay a fee on the list price, whatever the plan": (
        "managed-instances-savings-1y --instance m7g.large --requests 50M",
        50 * D("0.2") + 3 * MONTH * (D("0.0599") + D("0.15") * D("0.0816")),
    ),
    "private Managed Instances reach AWS through three NAT gateways": (
        "managed-instances --instance m7g.xlarge --requests 50M --private --zones 3"
        " --nat-bytes 2048",
        50 * D("0.2")
        + 3 * MONTH * D("1.15") * D("0.1632")
        + 3 * MONTH * (D("0.045") + D("0.005"))
        + D(50 * M) * 2048 / GB * D("0.045"),
    ),
    "20 TB of logs of Lambda reach the second tier": (
        f"lambda-url --requests 20M --wall-ms 10 --memory 128 --log-bytes {MB}",
        19 * D("0.2")
        + (D(20 * M) / 1024 - 5 - 10240) * D("0.25")
        + 10240 * D("0.50")
        + D(20 * M) / 1024 * D("0.03"),
    ),
    "a database in two zones, a cache and a table are on the bill": (
        "lambda-url --requests 1M --wall-ms 10 --memory 128 --store rds-multi-az:db.t4g.micro/50"
        " --store elasticache:valkey.t4g.micro --store dynamodb:3/1/40",
        2 * (MONTH * D("0.016") + 50 * D("0.115"))
        + MONTH * D("0.0128")
        + 3 * D("0.125")
        + 1 * D("0.625")
        + 15 * D("0.25"),
    ),
    "tasks that end by themselves are billed for a minute at least": (
        "lambda-url --requests 1M --wall-ms 10 --memory 128 --architecture x86_64 --task 1/2"
        " --task-disk 30 --task-runs 300x20s",
        5 * (D("0.04048") + 2 * D("0.004445") + D("0.005")) + 300 * 60 * 10 * D("0.0000000308"),
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_answer_is_the_one_on_paper(question: str) -> None:
    asked, paper = QUESTIONS[question]
    platform, *flags = asked.split()
    result = CliRunner().invoke(command, [*BARE, "--platform", platform, *flags, "--json"])
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    own = next(x for x in data["levels"] if x["requests"] == data["workload"]["requests"])
    (bill,) = own["bills"]
    parts = "\n".join(f"{x['item']}: {x['quantity']} -> {x['usd']}" for x in bill["lines"])
    assert Decimal(bill["usd"]) == pytest.approx(paper, abs=Decimal("0.000001")), parts
