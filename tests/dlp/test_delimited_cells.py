"""Cells as spreadsheets and practices write them."""

from __future__ import annotations

import pytest

from config.contracts import Action
from tests.support.inspecting import Inspected


@pytest.mark.parametrize(
    "table",
    [
        'id,ssn\n1,="012458714"\n2,="236458715"\n',
        "id,ssn\n1,'012458714\n2,'236458715\n",
        "id,ssn\n1,12458714\n2,13458715\n",
        "id,Last 4 SSN\n1,8714\n2,8715\n",
        "id,ssn4\n1,8714\n2,8715\n",
        "id,dob\n1,620314\n2,710501\n",
        "id,dob\n1,031462\n2,050171\n",
        "id,Contact Phone\n1,312-555-0188\n2,312-555-0189\n",
        "plan,address\nA,4821 Maplewood Ave\nB,12 Oak Ln\n",
    ],
)
def test_a_value_is_found_however_it_is_written(inspected: Inspected, table: str) -> None:
    assert inspected(table.encode(), "totals", name="a.csv")[1].action is Action.HOLD


@pytest.mark.parametrize(
    "table",
    [
        (
            "NPI,Provider Last Name,Provider First Name,Office Phone,Office Address,Zip\n"
            "1234567893,Mbekiwe,Eleni,312-555-0188,4821 Maplewood Ave,62704\n"
            "1245319599,Okafor,Tom,312-555-0189,12 Oak Ln,60601\n"
        ),
        (
            "Site,Address,City,State,ZIP,Visits\nNorth Clinic,12 Oak Ln,Chicago,IL,60601,33\n"
            "South Clinic,77 Birch St,Chicago,IL,60602,12\n"
        ),
        (
            "Payer ID,Payer Name,Phone,Address\n60054,Aetna,800-555-0100,151 Farmington Ave\n"
            "87726,United Healthcare,800-555-0101,PO Box 740800\n"
        ),
        "id,ssn_count\n1,8714\n2,8715\n",
    ],
)
def test_what_offices_and_sites_have_is_nobodys(inspected: Inspected, table: str) -> None:
    assert inspected(table.encode(), "no-phi", name="a.csv")[1].action is Action.RELEASE


def test_more_addresses_than_sites_are_somebodys(inspected: Inspected) -> None:
    rows = "".join(f"North,{i} Oak Ln\n" for i in range(1, 9))
    table = f"Site,Address\n{rows}".encode()
    assert inspected(table, "totals", name="a.csv")[1].action is Action.HOLD
