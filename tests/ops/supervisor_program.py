"""Runs a supervisor over simulated children, for the site named on the command line."""

from __future__ import annotations

import asyncio
import sys

from config.settings import Logging
from gateway import logs
from gateway.ledger.queries import SqlTransfers
from gateway.ledger.record import SqlLedger
from gateway.site import Site
from gateway.supervisor import Supervisor


def main() -> None:
    site = Site.open(sys.argv[1])
    logs.configure(Logging(format="json", level="info"), "supervisor")
    database = site.database()
    programs = {"edge": "simulated_child", "worker": "simulated_child"}

    async def serve() -> None:
        ledger, transfers = SqlLedger(database), SqlTransfers(database)
        await Supervisor(site, database, ledger, transfers, programs).run()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
