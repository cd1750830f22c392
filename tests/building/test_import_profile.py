"""The tree of an app's imports, and what would shorten it, from what the interpreter wrote."""

from __future__ import annotations

import json

import pytest

from ferryman.building.import_profile import read_import_times

TIMES = """\
import time: self [us] | cumulative | imported package
import time:       900 |        900 | site
import time:       100 |        100 |     numpy.core
import time:      9000 |       9100 |   numpy
import time:      2000 |       2000 |     boto3
import time:       500 |       2500 |   shop.store
import time:       300 |        300 |   json
import time:      1000 |      12900 | shop.app
what the app prints to standard error
import time:        10 |         10 | late
"""

SOURCES = {
    "shop.app": "import numpy.core as n\n\ndef app():\n    return n.array()\n",
    "shop.store": "from boto3 import client\n\ndef store():\n    return client\n",
}


def test_the_tree_shows_the_dearest_first_and_leaves_out_what_is_cheap() -> None:
    profile = read_import_times(TIMES, "shop.app", SOURCES)
    assert profile
    shown = profile.to_text().splitlines()
    assert shown[1:5] == [
        "    12.9     1.0  shop.app",
        "     9.1     9.0    numpy",
        "     2.5     0.5    shop.store",
        "     2.0     2.0      boto3",
    ]


def test_the_fixes_name_what_to_move_and_where_from() -> None:
    profile = read_import_times(TIMES, "shop.app", SOURCES)
    assert profile
    assert [(fix.saves, fix.advice) for fix in profile.fixes] == [
        (9.1, "import numpy in the function that uses it, and not at the top of shop.app"),
        (2.0, "import boto3 in the function that uses it, and not at the top of shop.store"),
    ]


def test_a_package_above_the_module_counts_in() -> None:
    above = TIMES.replace("| site", "| shop")
    profile = read_import_times(above, "shop.app", SOURCES)
    assert profile
    assert profile.root.total == pytest.approx(13.8)


def test_the_json_holds_the_same() -> None:
    profile = read_import_times(TIMES, "shop.app", SOURCES)
    assert profile
    read = json.loads(profile.to_json())
    assert read["root"]["imports"][0]["name"] == "numpy"
    assert len(read["fixes"]) == 2


def test_a_module_that_was_not_imported_has_none() -> None:
    assert read_import_times(TIMES, "ship.app", SOURCES) is None


def fixes(store: str) -> list[tuple[float, str]]:
    profile = read_import_times(TIMES, "shop.app", SOURCES | {"shop.store": store})
    assert profile
    return [(fix.saves, fix.advice) for fix in profile.fixes]


def test_every_module_that_imports_it_must_be_changed() -> None:
    both = "import numpy\nimport boto3\n\ndef store():\n    return numpy, boto3\n"
    assert fixes(both)[0] == (
        9.1,
        "import numpy in the functions that use it, and not at the top of shop.app and shop.store",
    )


@pytest.mark.parametrize(
    "store",
    [
        "import boto3\nCLIENT = boto3.client()\n",
        "from boto3 import Session\nclass Own(Session): ...\n",
        "from boto3 import traced\n@traced\ndef store(): ...\n",
        "from boto3 import Session\ndef store(session: Session): ...\n",
        "from boto3 import *\n",
        "try:\n    import boto3\nexcept ImportError:\n    boto3 = None\nHAS = boto3 is not None\n",
    ],
)
def test_what_is_needed_at_once_is_no_fix(store: str) -> None:
    assert [advice for _, advice in fixes(store) if "boto3" in advice] == []


@pytest.mark.parametrize(
    "store",
    [
        "from __future__ import annotations\nfrom boto3 import S\ndef store(session: S): ...\n",
        "import boto3.session, os\nHERE = os.getcwd()\ndef store():\n    return boto3\n",
        "try:\n    import boto3\nexcept ImportError: ...\ndef store():\n    return boto3\n",
    ],
)
def test_what_a_function_alone_uses_is_one(store: str) -> None:
    assert fixes(store)[1] == (
        2.0,
        "import boto3 in the function that uses it, and not at the top of shop.store",
    )
